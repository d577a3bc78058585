//! What primitives say to the detector, and what users call: with the feature, or in no bytes without it.

#[cfg(any(model, not(feature = "deadlock-detection")))]
pub(crate) mod disabled;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod identity;
pub(crate) mod name;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod semaphore_identity;

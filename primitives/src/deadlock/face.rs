//! The calls of the primitives and of users to the detector; without the feature they take no
//! bytes.

#[cfg(any(model, not(feature = "deadlock-detection")))]
pub(crate) mod disabled;
#[cfg(all(feature = "deadlock-detection", target_os = "linux", not(model)))]
mod fork;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod identity;
pub(crate) mod name;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod semaphore_identity;

//! The detector's conclusions, and their reports.

pub(crate) mod detector;
pub(crate) mod report;
mod system;

#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod held;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod hook;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod lock_order;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod polling;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod reentry;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod sleep;

//! The Locksmith book: the [`listings`] that its chapters show, and the program that builds it
//! (`builder`, a feature that is on by default).

#[cfg(test)]
use watchdog as _;

#[cfg(feature = "builder")]
pub mod builder;
pub mod listings;
#[cfg(all(explore, feature = "explorer"))]
pub mod scenarios;

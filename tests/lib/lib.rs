//! Shared by several checks: threads that cannot hang a run, the kinds of queue, and accounted
//! items.

#[cfg(model)]
pub mod model;
#[cfg(not(model))]
pub mod properties;

// The models need none of this, and their runner has no time limit, so no watchdog.
#[cfg(not(model))]
mod kind;
#[cfg(not(model))]
mod ledger;
#[cfg(not(model))]
mod linear;
#[cfg(not(model))]
mod patience;
#[cfg(not(model))]
mod watched;

#[cfg(not(model))]
pub use self::{
    kind::Kind,
    ledger::{Item, Ledger},
    linear::{Event, Moments, NotLinearizable, Sequential, linearize},
    patience::patience,
    watched::{Crew, Test, leak, watched},
};
#[cfg(not(model))]
use watchdog as _;

//! What several checks share: threads that cannot hang a run, the kinds of queue, items that are accounted for.

mod kind;
mod ledger;
mod linear;
#[cfg(model)]
pub mod model;
mod patience;
#[cfg(not(model))]
pub mod properties;
mod watched;

pub use kind::Kind;
pub use ledger::{Item, Ledger};
pub use linear::{Event, Moments, NotLinearizable, Sequential, linearize};
pub use patience::patience;
pub use watched::{Crew, Test, leak, watched};

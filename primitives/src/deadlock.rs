//! Deadlocks that name themselves.

mod label;
mod name;

// The graph and the steps around it are compiled for the models as well, which explore them; what connects
// them to the primitives is there with the feature alone.
#[cfg(any(model, feature = "deadlock-detection"))]
#[allow(unreachable_pub, reason = "the models reach it")]
pub(crate) mod detector;
#[cfg(any(model, feature = "deadlock-detection"))]
#[allow(unreachable_pub, reason = "the models reach it")]
pub(crate) mod gate;
#[cfg(any(model, feature = "deadlock-detection"))]
#[allow(unreachable_pub, reason = "the models reach it")]
pub(crate) mod graph;
#[cfg(any(model, feature = "deadlock-detection"))]
#[allow(unreachable_pub, reason = "the models reach it")]
mod pool;
#[cfg(any(model, feature = "deadlock-detection"))]
mod report;
#[cfg(any(model, feature = "deadlock-detection"))]
mod system;

#[cfg(all(feature = "deadlock-detection", not(model)))]
mod hook;
#[cfg(all(feature = "deadlock-detection", not(model)))]
mod identity;
#[cfg(all(feature = "deadlock-detection", not(model)))]
mod inversion;
#[cfg(all(feature = "deadlock-detection", not(model)))]
mod local;
#[cfg(any(model, not(feature = "deadlock-detection")))]
mod off;
#[cfg(all(feature = "deadlock-detection", not(model)))]
mod seats;

pub use self::label::{Kind, Label};
pub use self::name::name;

#[cfg(all(feature = "deadlock-detection", not(model)))]
pub use self::hook::{set_backtraces, set_hook};
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub use self::report::{Hold, Report, ThreadReport, Verdict, Want};

#[cfg(any(model, not(feature = "deadlock-detection")))]
#[doc(hidden)]
pub use self::off::{Identity, Waiting};
#[cfg(all(feature = "deadlock-detection", not(model)))]
#[doc(hidden)]
pub use self::{identity::Identity, local::Waiting};

#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) use self::local::{falls_asleep, joins, quiet, refused, thread_begins, waits_for_raw};
#[cfg(any(model, not(feature = "deadlock-detection")))]
pub(crate) use self::off::*;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) use self::seats::Seats;

/// The one of this program.
#[cfg(all(feature = "deadlock-detection", not(model)))]
static DETECTOR: detector::Detector = detector::Detector::new();

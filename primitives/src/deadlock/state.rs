//! The detector's knowledge of one thread: what it holds, and what it waits for.

pub(crate) mod door;
#[cfg(any(model, feature = "deadlock-detection"))]
pub(crate) mod held_locks;
#[cfg(any(model, feature = "deadlock-detection"))]
pub(crate) mod ids;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod inside;
pub(crate) mod label;
#[cfg(any(model, feature = "deadlock-detection"))]
pub(crate) mod need;
#[cfg(any(model, feature = "deadlock-detection"))]
pub(crate) mod permits;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod wait_target;

pub(crate) use self::door::Door;
#[cfg(any(model, feature = "deadlock-detection"))]
pub(crate) use self::held_locks::Held;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) use self::held_locks::{Entry, HeldLocks};
#[cfg(any(model, feature = "deadlock-detection"))]
pub(crate) use self::ids::{Place, ResourceId, ScopeId, ThreadId};
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) use self::inside::Inside;
pub(crate) use self::label::Kind;
#[cfg(any(model, feature = "deadlock-detection"))]
pub(crate) use self::label::Label;
#[cfg(any(model, feature = "deadlock-detection"))]
pub(crate) use self::need::{Need, Wanted};
#[cfg(any(model, feature = "deadlock-detection"))]
pub(crate) use self::permits::Permits;

//! The detector's knowledge of all threads: the wait-for graph, the numbers of resources, and the
//! lock around both.

#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) mod resources;
pub(crate) mod unwatched_lock;
pub(crate) mod wait_for;

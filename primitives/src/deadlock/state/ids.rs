//! The detector's identifiers of threads, resources, scopes and places.

use std::panic::Location;

/// A place in the program: `file:line:column`.
pub type Place = &'static Location<'static>;

/// A thread's number: [`thread::id`](crate::sync::thread::id).
pub type ThreadId = u64;

/// The number of something that can be held. None is 0.
pub type ResourceId = u64;

/// A scope of threads: its address, for as long as it lives.
pub type ScopeId = usize;

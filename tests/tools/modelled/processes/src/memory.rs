//! What the files that ship name of `queues/processes/src/memory.rs`.

use std::fmt;

pub(crate) const HEADER: usize = 128;

/// Why a handle was not taken.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// It is of something else.
    Kind,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a handle of something else")
    }
}

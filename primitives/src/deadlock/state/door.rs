//! [`Door`]: what keeps a reader out of a readers-writer lock.

/// What keeps a reader out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Nothing.
    Open,
    /// A writer is inside.
    Writing,
    /// A writer waits; it may be that it gives up.
    KeptForAWriter,
}

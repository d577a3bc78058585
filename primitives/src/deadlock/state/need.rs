//! What a wait is for, and which threads could end it: a thread states it before it waits, and the
//! graph keeps it.

use super::door::Door;
use super::ids::{ResourceId, ScopeId, ThreadId};
use super::label::{Kind, Label};
use super::permits::Permits;

/// Which threads could end a wait.
#[derive(Clone, Copy)]
pub enum Need {
    /// The thread that holds this resource, and no other.
    Owner(ResourceId),
    /// All threads that hold this resource: those that read under a lock, or the one that writes.
    Holders(ResourceId),
    /// The thread that writes under this lock, or one that waits to write under it. The function
    /// says of the word that the reader sleeps on which of them keeps it out.
    Writer(ResourceId, fn(u32) -> Door),
    /// Any of the threads that hold this resource: one of these permits.
    Holder(ResourceId, *const Permits),
    /// The thread that runs this task; any thread, before one has begun it.
    Runner(ResourceId),
    /// The end of this thread.
    End(ThreadId),
    /// The ends of all threads of this scope.
    Scope(ScopeId),
    /// Any thread at all.
    Anyone,
}

/// What a thread waits for.
#[derive(Clone, Copy)]
pub enum Wanted {
    /// An object with a known place of origin.
    Resource(Label),
    /// An object without a known place of origin.
    Nameless(Kind),
    /// The end of a thread.
    End(ThreadId),
    /// The ends of the threads of a scope.
    Scope,
}

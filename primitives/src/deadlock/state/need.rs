//! What a wait is for, and who could end it: what a thread says before it waits, and what the graph keeps.

use super::ids::{ResourceId, ScopeId, ThreadId};
use super::label::{Kind, Label};
use super::permits::Permits;

/// Who could end a wait.
#[derive(Clone, Copy)]
pub enum Need {
    /// The thread that holds this resource, and no other.
    Owner(ResourceId),
    /// Any of the threads that hold this resource: one of these permits.
    Holder(ResourceId, *const Permits),
    /// The thread that runs this task; before one has begun it, any.
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
    /// Something that was made somewhere.
    Resource(Label),
    /// Something that does not know where it was made.
    Nameless(Kind),
    /// The end of a thread.
    End(ThreadId),
    /// The ends of the threads of a scope.
    Scope,
}

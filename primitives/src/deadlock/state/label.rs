//! [`Label`]: the name of an awaited resource in a report.

use std::fmt;
use std::panic::Location;

/// What kind of resource it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A [`Lock`](crate::Lock).
    Lock,
    /// An [`RLock`](crate::RLock) or a [`RawRLock`](crate::raw::RawRLock).
    RLock,
    /// A [`RawLock`](crate::raw::RawLock), which any thread may release.
    RawLock,
    /// A [`RwLock`](crate::RwLock).
    RwLock,
    /// A [`Semaphore`](crate::Semaphore) or a [`BoundedSemaphore`](crate::BoundedSemaphore).
    Semaphore,
    /// A [`Condition`](crate::Condition).
    Condition,
    /// An [`Event`](crate::Event).
    Event,
    /// A [`Latch`](crate::Latch) or a [`WaitGroup`](crate::WaitGroup).
    Latch,
    /// A [`Once`](crate::Once), or a type made of one.
    Once,
    /// A [`Barrier`](crate::Barrier).
    Barrier,
    /// The end of a thread.
    Thread,
    /// A blocking queue.
    Queue,
    /// The end of a task.
    Task,
    /// A word that a thread sleeps on by [`park::wait`](crate::park::wait).
    Word,
}

impl Kind {
    /// Each, in the order of the declaration.
    #[cfg(all(feature = "deadlock-detection", not(model)))]
    pub(crate) const ALL: [Self; 14] = [
        Self::Lock,
        Self::RLock,
        Self::RawLock,
        Self::RwLock,
        Self::Semaphore,
        Self::Condition,
        Self::Event,
        Self::Latch,
        Self::Once,
        Self::Barrier,
        Self::Thread,
        Self::Queue,
        Self::Task,
        Self::Word,
    ];

    /// The word for it in reports.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::RLock => "rlock",
            Self::RawLock => "raw lock",
            Self::RwLock => "rwlock",
            Self::Semaphore => "semaphore",
            Self::Condition => "condition",
            Self::Event => "event",
            Self::Latch => "latch",
            Self::Once => "once",
            Self::Barrier => "barrier",
            Self::Thread => "end of thread",
            Self::Queue => "queue",
            Self::Task => "task",
            Self::Word => "word",
        }
    }
}

/// A resource that threads wait for: by its name, or by the place where it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    kind: Kind,
    name: &'static str,
    made: &'static Location<'static>,
}

impl Label {
    #[cfg(any(all(test, feature = "deadlock-detection"), model))]
    #[track_caller]
    pub(crate) const fn new(kind: Kind, name: &'static str) -> Self {
        Self { kind, name, made: Location::caller() }
    }

    #[cfg(all(feature = "deadlock-detection", not(model)))]
    pub(crate) const fn made_at(
        kind: Kind,
        name: &'static str,
        made: &'static Location<'static>,
    ) -> Self {
        Self { kind, name, made }
    }

    /// What kind of resource it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Its name, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        (!self.name.is_empty()).then_some(self.name)
    }

    /// Where it was made: `file:line:column`.
    #[must_use]
    pub fn made(&self) -> &'static Location<'static> {
        self.made
    }
}

/// `lock "account 7"`, or `lock made at src/main.rs:3:17`.
impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = self.kind.noun();
        match self.name() {
            Some(name) => write!(f, "{noun} \"{name}\""),
            None => write!(f, "{noun} made at {}", self.made),
        }
    }
}

//! How an execution can fail.

use crate::world::{self, At};

/// What went wrong, as far as the place of the failure knows.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Threads sleep, and no thread is left to wake them.
    LostWakeUp {
        sleepers: Vec<Sleeper>,
        /// Which thread waits for the end of which.
        joining: Vec<(usize, usize, At)>,
    },
    /// The mutant does not fit the place where it was put: a mistake in the request.
    BadMutant { error: String },
}

/// A thread that sleeps.
#[derive(Clone, Debug)]
pub(crate) struct Sleeper {
    pub(crate) thread: usize,
    /// The word that it sleeps on.
    pub(crate) object: usize,
    pub(crate) at: At,
}

/// Ends the execution. The first failure counts.
pub(crate) fn fail(failure: Failure) -> ! {
    world::with(|w| {
        w.failure.get_or_insert(failure);
    });
    // This bypasses the panic hook: there is nothing to print here.
    std::panic::resume_unwind(Box::new("the execution failed"))
}

//! [`Pool`]: who holds the permits of a semaphore.
//!
//! A permit is a value that may go to another thread, may be used up, and may be made from nothing. So who
//! took one is in general no evidence of who could give one back: anybody could. Only of a semaphore that
//! was declared [`thread_bound`](crate::Semaphore::thread_bound) are the holders known, and only until something
//! happens that contradicts the declaration.

use super::gate::Gate;
use super::graph::ThreadId;

/// The holders of permits, one entry a permit.
pub struct Pool {
    /// How many permits there are.
    #[cfg(not(model))]
    permits: usize,
    /// Whether they are said to stay with the threads that take them.
    #[cfg(not(model))]
    thread_bound: bool,
    holders: Gate<Holders>,
}

struct Holders {
    threads: Vec<ThreadId>,
    /// A permit went where it should not have gone.
    contradicted: bool,
}

impl Pool {
    /// Who holds a permit, if all of them are held by somebody who is known.
    #[cfg(not(model))]
    pub(super) fn all_holders(&self) -> Option<Vec<ThreadId>> {
        if !self.thread_bound {
            return None;
        }
        self.holders.with(|holders| {
            let all = self.permits > 0 && self.permits == holders.threads.len();
            let mut threads = holders.threads.clone();
            threads.sort_unstable();
            threads.dedup();
            (all && !holders.contradicted).then_some(threads)
        })
    }

    /// In a model there are no semaphores on the graph.
    #[cfg(model)]
    pub(super) fn all_holders(&self) -> Option<Vec<ThreadId>> {
        self.holders.with(|holders| (!holders.contradicted).then(|| holders.threads.clone()))
    }
}

#[cfg(not(model))]
impl Pool {
    pub(super) const fn new(permits: usize) -> Self {
        let holders = Holders { threads: Vec::new(), contradicted: false };
        Self { permits, thread_bound: false, holders: Gate::new(holders) }
    }

    /// From the declaration on; before it nobody can have acquired.
    pub(super) const fn bind(&mut self) {
        self.thread_bound = true;
    }

    pub(super) fn is_thread_bound(&self) -> bool {
        self.thread_bound
    }

    /// Anybody could give a permit back, as it turns out.
    pub(super) fn contradict(&self) {
        if self.thread_bound {
            self.holders.with(|holders| holders.contradicted = true);
        }
    }

    pub(super) fn took(&self, thread: ThreadId) {
        self.holders.with(|holders| holders.threads.push(thread));
    }

    /// A permit is about to go back. It should be one that this thread took.
    pub(super) fn gives_back(&self, thread: ThreadId) {
        self.holders.with(|holders| {
            match holders.threads.iter().rposition(|holder| *holder == thread) {
                Some(place) => _ = holders.threads.swap_remove(place),
                None => holders.contradicted = true,
            }
        });
    }
}

//! What the clients share, whether they are coroutines or threads.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use primitives::deadlock::Report as Knot;
use primitives::{Latch, Lock, Permit, Semaphore};

use super::get::Get;
use crate::interrupt::interrupted;
use crate::timeline::level;

/// The clients, and what they want.
pub(super) struct Crowd {
    pub(super) clients: usize,
    pub(super) get: Arc<Get>,
    /// What each must get.
    page: Arc<[u8]>,
    pub(super) permits: Semaphore,
    /// How many permits there are once all clients are here. Zero: they were there from the start.
    given_later: usize,
    /// Whether a client blocks its thread until it has a permit.
    pub(super) blocks: bool,
    /// Opens when each client is about to wait for a permit.
    pub(super) all_here: Latch,
    /// Clients that have a permit now, and the most that there were.
    inside: AtomicUsize,
    most: AtomicUsize,
    fetched: AtomicUsize,
    error: Lock<Option<String>>,
    /// Of the first client that would have blocked without end.
    knot: Lock<Option<Box<Knot>>>,
}

/// What came of it.
pub(super) struct Done {
    pub(super) clients: usize,
    /// How long it took until all of them waited.
    pub(super) started: Duration,
    /// In bytes, what came on top when they waited.
    pub(super) memory: Option<usize>,
    /// From the first permit to the last page.
    pub(super) elapsed: Duration,
    pub(super) fetched: usize,
    pub(super) most: usize,
    pub(super) error: Option<String>,
}

impl Crowd {
    /// Clients that wait, all of them, until the [`start`](Self::start).
    pub(super) fn of(clients: usize, permits: usize, get: &Arc<Get>, page: &[u8]) -> Arc<Self> {
        Arc::new(Self::new(clients, Semaphore::new(0), permits, get, page))
    }

    /// Clients that call what blocks their thread.
    pub(super) fn that_blocks(
        clients: usize,
        permits: usize,
        get: &Arc<Get>,
        page: &[u8],
    ) -> Arc<Self> {
        let bound = Semaphore::named("permits", permits).thread_bound();
        Arc::new(Self { blocks: true, ..Self::new(clients, bound, 0, get, page) })
    }

    fn new(
        clients: usize,
        permits: Semaphore,
        given_later: usize,
        get: &Arc<Get>,
        page: &[u8],
    ) -> Self {
        Self {
            clients,
            get: Arc::clone(get),
            page: page.into(),
            permits,
            given_later,
            blocks: false,
            all_here: Latch::new(clients),
            inside: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            fetched: AtomicUsize::new(0),
            error: Lock::new(None),
            knot: Lock::new(None),
        }
    }

    /// Lets the first ones fetch.
    pub(super) fn start(&self) {
        if self.given_later > 0 {
            self.permits.release(self.given_later);
        }
    }

    /// Whether a client should leave at once.
    pub(super) fn is_over(&self) -> bool {
        interrupted() || self.knot.lock().is_some()
    }

    /// A client has a permit; until the result is dropped, before the permit is.
    pub(super) fn inside(&self) -> Inside<'_> {
        // Relaxed, here and below: counts, which are read when all have ended.
        let inside = 1 + self.inside.fetch_add(1, Relaxed);
        self.most.fetch_max(inside, Relaxed);
        level!("fetching", inside);
        Inside(self)
    }

    /// A client got this.
    pub(super) fn got(&self, answer: io::Result<Vec<u8>>) {
        match answer {
            Ok(body) if *body == *self.page => drop(self.fetched.fetch_add(1, Relaxed)),
            Ok(body) => self.fails(format!("{} bytes of {}", body.len(), self.page.len())),
            // After Ctrl-C the server may be gone before its clients.
            Err(error) => self.fails(error.to_string()),
        }
    }

    fn fails(&self, error: String) {
        self.error.lock().get_or_insert(error);
    }

    /// Takes a permit, and blocks the thread until there is one. `None` if there would never be
    /// one.
    #[track_caller]
    pub(super) fn permit_by_blocking(&self) -> Option<Permit<'_>> {
        let taken = self.permits.acquire_checked();
        taken.map_err(|knot| _ = self.knot.lock().get_or_insert(knot)).ok()
    }

    /// Of the first client that would have blocked without end.
    pub(super) fn knot(&self) -> Option<Box<Knot>> {
        self.knot.lock().clone()
    }

    /// How many have fetched.
    pub(super) fn fetched(&self) -> usize {
        self.fetched.load(Relaxed)
    }

    /// For so many clients, who have all ended.
    pub(super) fn done(
        &self,
        clients: usize,
        started: Duration,
        memory: Option<usize>,
        elapsed: Duration,
    ) -> Done {
        let most = self.most.load(Relaxed);
        let error = self.error.lock().clone();
        Done { clients, started, memory, elapsed, fetched: self.fetched(), most, error }
    }
}

/// See [`Crowd::inside`].
pub(super) struct Inside<'a>(&'a Crowd);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let left = self.0.inside.fetch_sub(1, Relaxed) - 1;
        level!("fetching", left);
    }
}

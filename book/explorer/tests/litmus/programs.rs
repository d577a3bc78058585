//! The classic litmus tests, compiled once against the explorer and once against loom.

use std::sync::atomic::AtomicU32 as Register;

use super::rt::{AtomicU32, fence};
use std::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

/// Three words, and what the threads found in them; the registers are no part of the model.
pub(super) struct Shared {
    x: AtomicU32,
    y: AtomicU32,
    found: [Register; 4],
}

impl Shared {
    pub(super) fn new() -> Self {
        let found = [const { Register::new(0) }; 4];
        Self { x: AtomicU32::new(0), y: AtomicU32::new(0), found }
    }

    fn find(&self, register: usize, value: u32) {
        self.found[register].store(value, Relaxed);
    }

    /// What was found.
    pub(super) fn found(&self) -> [u32; 4] {
        [0, 1, 2, 3].map(|register| self.found[register].load(Relaxed))
    }
}

type Body = Box<dyn Fn(&Shared) + Send + Sync>;

/// A program by its name, a body a thread.
pub(super) type Program = (&'static str, Vec<Body>);

fn body(body: impl Fn(&Shared) + Send + Sync + 'static) -> Body {
    Box::new(body)
}

/// Each thread writes its own word and reads the other's.
fn store_buffering(store: Ordering, load: Ordering, between: Option<Ordering>) -> Vec<Body> {
    let side =
        move |mine: fn(&Shared) -> &AtomicU32, other: fn(&Shared) -> &AtomicU32, register| {
            body(move |s: &Shared| {
                mine(s).store(1, store);
                if let Some(order) = between {
                    fence(order);
                }
                s.find(register, other(s).load(load));
            })
        };
    vec![side(|s| &s.x, |s| &s.y, 0), side(|s| &s.y, |s| &s.x, 1)]
}

/// One thread writes a letter and raises a flag; the other looks at the flag and reads the letter.
fn message_passing(store: Ordering, load: Ordering, fenced: bool) -> Vec<Body> {
    vec![
        body(move |s| {
            s.x.store(1, Relaxed);
            if fenced {
                fence(Release);
            }
            s.y.store(1, store);
        }),
        body(move |s| {
            s.find(0, s.y.load(load));
            if fenced {
                fence(Acquire);
            }
            s.find(1, s.x.load(Relaxed));
        }),
    ]
}

/// Each thread reads one word and then writes the other: none may read what comes out of itself.
fn load_buffering() -> Vec<Body> {
    vec![
        body(|s| {
            s.find(0, s.x.load(Relaxed));
            s.y.store(1, Relaxed);
        }),
        body(|s| {
            s.find(1, s.y.load(Relaxed));
            s.x.store(1, Relaxed);
        }),
    ]
}

/// Two threads write, two read in opposite orders: do they agree on who was first?
fn independent_reads(store: Ordering, load: Ordering, between: Option<Ordering>) -> Vec<Body> {
    let reader = move |first: fn(&Shared) -> &AtomicU32, second: fn(&Shared) -> &AtomicU32, at| {
        body(move |s: &Shared| {
            s.find(at, first(s).load(load));
            if let Some(order) = between {
                fence(order);
            }
            s.find(at + 1, second(s).load(load));
        })
    };
    vec![
        body(move |s| s.x.store(1, store)),
        body(move |s| s.y.store(1, store)),
        reader(|s| &s.x, |s| &s.y, 0),
        reader(|s| &s.y, |s| &s.x, 2),
    ]
}

/// A thread that has seen a newer value never sees an older one again.
fn coherence() -> Vec<Body> {
    vec![
        body(|s| {
            s.x.store(1, Relaxed);
            s.x.store(2, Relaxed);
        }),
        body(|s| {
            s.find(0, s.x.load(Relaxed));
            s.find(1, s.x.load(Relaxed));
        }),
    ]
}

/// A thread that has written sees its own value or a later one.
fn own_write() -> Vec<Body> {
    let side = |value, register| {
        body(move |s: &Shared| {
            s.x.store(value, Relaxed);
            s.find(register, s.x.load(Relaxed));
        })
    };
    vec![side(1, 0), side(2, 1)]
}

/// What is passed on by two releases is seen at the end of the chain.
fn causality(order: (Ordering, Ordering)) -> Vec<Body> {
    vec![
        body(|s| s.x.store(1, Relaxed)),
        body(move |s| {
            s.find(0, s.x.load(order.1));
            s.y.store(1, order.0);
        }),
        body(move |s| {
            s.find(1, s.y.load(order.1));
            s.find(2, s.x.load(Relaxed));
        }),
    ]
}

/// A relaxed update keeps the order that a release before it began.
fn release_sequence(update: Ordering) -> Vec<Body> {
    vec![
        body(|s| {
            s.x.store(1, Relaxed);
            s.y.store(1, Release);
        }),
        body(move |s| {
            s.find(0, s.y.fetch_add(1, update));
        }),
        body(|s| {
            s.find(1, s.y.load(Acquire));
            s.find(2, s.x.load(Relaxed));
        }),
    ]
}

/// A compare-exchange reads the newest value and publishes.
fn hand_over() -> Vec<Body> {
    let side = |register| {
        body(move |s: &Shared| match s.y.compare_exchange(0, 1, AcqRel, Acquire) {
            Ok(_) => s.x.store(1, Relaxed),
            Err(_) => s.find(register, 1 + s.x.load(Relaxed)),
        })
    };
    vec![side(0), side(1)]
}

pub(super) fn programs() -> Vec<Program> {
    vec![
        ("store buffering", store_buffering(Relaxed, Relaxed, None)),
        ("store buffering, release and acquire", store_buffering(Release, Acquire, None)),
        ("store buffering, SeqCst fences", store_buffering(Relaxed, Relaxed, Some(SeqCst))),
        ("store buffering, AcqRel fences", store_buffering(Relaxed, Relaxed, Some(AcqRel))),
        ("message passing", message_passing(Relaxed, Relaxed, false)),
        ("message passing, release alone", message_passing(Release, Relaxed, false)),
        ("message passing, acquire alone", message_passing(Relaxed, Acquire, false)),
        ("message passing, release and acquire", message_passing(Release, Acquire, false)),
        ("message passing, fences", message_passing(Relaxed, Relaxed, true)),
        ("load buffering", load_buffering()),
        ("independent reads, release and acquire", independent_reads(Release, Acquire, None)),
        ("independent reads, SeqCst fences", independent_reads(Relaxed, Relaxed, Some(SeqCst))),
        ("coherence", coherence()),
        ("own write", own_write()),
        ("causality", causality((Relaxed, Relaxed))),
        ("causality, release and acquire", causality((Release, Acquire))),
        ("release sequence", release_sequence(Relaxed)),
        ("compare-exchange", hand_over()),
    ]
}

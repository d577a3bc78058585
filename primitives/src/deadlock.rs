//! Deadlocks that name themselves: which thread waits for which, for what, and where.
//!
//! A _deadlock_ is a set of threads of which each waits for something that only another of them
//! could give. It needs four conditions at once, and a program that breaks one of them is safe:
//!
//! | condition         | says                                             | broken by                                  |
//! | ----------------- | ------------------------------------------------ | ------------------------------------------ |
//! | mutual exclusion  | a resource has one owner at a time                  | not sharing it                             |
//! | hold and wait     | a waiter keeps what it holds                     | taking everything at once, or nothing      |
//! | no preemption     | no thread can take it away                       | [`lock_checked`], [`lock_timeout`]: backing off |
//! | circular wait     | the waits form a ring                            | taking locks in one order everywhere       |
//!
//! With the feature `deadlock-detection` every blocking call of this crate keeps a _wait-for
//! graph_: an edge from a thread that sleeps to each thread that could wake it. The graph is looked
//! at when a thread is about to sleep, which is when the last edge of a ring is drawn, so a
//! deadlock is reported microseconds after it has come about, by the thread that closed it. Nothing
//! polls, with one exception: a thread that wants what a thread took along that is ending looks
//! again, after longer and longer times, until that one has really gone. (A destructor of a
//! thread-local may be slow, and may still release it.) Without the feature there is nothing: no
//! field, no instruction; names are accepted and dropped.
//!
//! # Four verdicts
//!
//! | verdict                          | is                                                              | what happens                                |
//! | -------------------------------- | --------------------------------------------------------------- | ------------------------------------------- |
//! | [cycle]          | threads wait for each other, now                                | the one that would close it panics with the report, or gets it from [`lock_checked`] |
//! | [stuck]          | every thread sleeps, or the owner ended while it held the lock | the report goes to the [hook], and the thread sleeps; [`lock_checked`] returns it |
//! | [inversion]  | several threads took locks in opposite orders: it has not happened yet | the report goes to the [hook], once for each pair |
//! | [reentry]      | a worker waits for a task with an `RLock` in its hands, runs the task itself, and the lock lets it in | the report goes to the [hook], once for each pair of places |
//!
//! The hook prints to the standard error stream until [`set_hook`] says otherwise.
//!
//! A panic is the default for a cycle because it can resolve one: it unwinds, guards on the way
//! release what they hold, and the others go on. Three threads report and do not panic: one that is
//! unwinding already; one that takes its lock back after a wait for a condition, because its guard
//! is alive; and one at the end of a scope, which must wait for its threads in any case.
//!
//! # What a report says
//!
#![cfg_attr(feature = "deadlock-detection", doc = "```")]
#![cfg_attr(not(feature = "deadlock-detection"), doc = "```ignore")]
//! use primitives::{Barrier, Lock, threads};
//!
//! static ANNS: Lock<i64> = Lock::named("ann's account", 100);
//! static BOBS: Lock<i64> = Lock::named("bob's account", 100);
//!
//! let both_have_one = Barrier::new(2);
//! let transfer = |from: &'static Lock<i64>, to: &'static Lock<i64>| {
//!     let mut from = from.lock();
//!     both_have_one.wait().unwrap(); // so that it goes wrong each time, and not now and then
//!     match to.lock_checked() {
//!         Ok(mut to) => {
//!             *from -= 1;
//!             *to += 1;
//!             None
//!         }
//!         Err(report) => Some(report), // backs off: `from` is released here
//!     }
//! };
//! let reports = threads::scope(|s| {
//!     let one = s.spawn(|| transfer(&ANNS, &BOBS));
//!     let other = s.spawn(|| transfer(&BOBS, &ANNS));
//!     [one.join().unwrap(), other.join().unwrap()]
//! });
//! let report = reports.iter().flatten().next().expect("one of the two is told");
//! println!("{report}\n{}\n{}", report.to_mermaid(), report.to_json());
//! # assert_eq!(reports.iter().flatten().count(), 1);
//! ```
//!
//! # What counts as an edge
//!
//! | a thread that waits for                      | could be woken by                      | found as       |
//! | -------------------------------------------- | -------------------------------------- | -------------- |
//! | a `Lock`, an `RLock`, a `RawRLock`, a `WatchedLock` | its owner                              | cycle, stuck   |
//! | a `Once`, and what is made of it             | the thread whose closure runs          | cycle, stuck   |
//! | a `RwLock`, to write                         | all threads that are inside, each of which must leave | cycle, stuck |
//! | a `RwLock`, to read                          | the writer inside, or one that waits without a deadline | cycle, stuck |
//! | the end of a thread ([`join`](crate::threads::JoinHandle::join)) | that thread         | cycle, stuck   |
//! | the end of a [`scope`](crate::threads::scope) | all threads of the scope, each of which must end | cycle, stuck |
//! | the end of an executor's task                | the worker that runs it; before, any thread | cycle, stuck |
//! | a semaphore that is [`thread_bound`](crate::Semaphore::thread_bound) | any holder of a permit | cycle, stuck |
//! | any other semaphore                          | any thread: a permit may move to another thread, and `release` makes new ones | stuck |
//! | a `RawLock`, a `RawRwLock`                   | any thread: any may release it         | stuck          |
//! | a `Condition`, an `Event`, a `Barrier`, a queue | any thread                          | stuck          |
//! | anything, with a deadline                    | the clock                              | never          |
//!
//! **What it reports is true.** A signalled thread that has not run yet does not count as asleep. A
//! thread that woke up leaves the graph before it tries again. A `try_lock` waits for no thread.
//! What is not known for certain counts as harmless (the page of the graph's source says why that
//! suffices). The detector says "every thread sleeps" only if the system lists the same threads as
//! the graph: if one more thread runs, or sleeps in foreign code, it does not say so. (It reads the
//! list in `/proc`; on systems other than Linux it never says so.) It does not count a signal
//! handler or another process. A child of a `fork` begins with an empty graph.
//!
//! # Coroutines
//!
//! A coroutine that blocks takes its thread along, and every coroutine that only this thread polls.
//! What a coroutine holds counts as held by its thread: the guard of a lock, which cannot leave the
//! thread, and the permit of a [`thread_bound`](crate::Semaphore::thread_bound) semaphore. (Its
//! promise includes that the coroutines which take permits stay on one thread: on an executor with
//! several threads do not make it.) So a coroutine that blocks for what another one of its thread
//! holds is a thread that waits for itself: a cycle, with the call and its place. The report says
//! that it was in a poll, if the executor polls by [`polling`], as [`block_on`](crate::block_on)
//! does. A coroutine that blocks for an event or a queue, which any thread could serve, is found
//! when every thread sleeps. A coroutine that _awaits_ is not watched: it holds no thread.
//!
//! # What is not seen
//!
//! Threads that wait in foreign code: std's `Mutex`, a read from a socket, std's own `join` and
//! `scope`. A _livelock_, in which threads run and get nowhere. Inversions of resources that are
//! not locks; of locks that are taken by a try or with a deadline; and of more than 16 locks. Of
//! more than 16 different nestings of the same two locks, it forgets the oldest.
//!
//! # How
//!
//! The graph is under its own small lock, on the bare futex, whose sleep the detector does not see.
//! A thread that finds a lock free does not touch the graph, except for its first lock and for
//! locks that it nests for the first time. It notes the lock and the place in its own list, which
//! no other thread reads, and copies that list to the graph when it falls asleep. The names of
//! [`thread`](crate::threads)s are in the reports; other threads have std's name or a number.
//! `cargo model deadlock` explores graph, lock and protocol.
//!
//! The detector takes its memory from the system and not from the program's allocator. So a lock
//! may be used in a `#[global_allocator]`, and is watched there as elsewhere.
//!
//! Source: the graph is Holt's, [_Some Deadlock Properties of Computer
//! Systems_](https://doi.org/10.1145/356603.356607); the four conditions are those of Coffman,
//! Elphick and Shoshani, [_System Deadlocks_](https://doi.org/10.1145/356586.356588).
//!
//! [`lock_timeout`]: crate::Lock::lock_timeout
// What the feature brings can be linked only with the feature. Without it, the words lead to the
// table of features.
#![cfg_attr(
    all(feature = "deadlock-detection", not(model)),
    doc = "[`lock_checked`]: crate::Lock::lock_checked\n\
        [`set_hook`]: set_hook\n\
        [hook]: set_hook\n\
        [cycle]: Verdict::Cycle\n\
        [stuck]: Verdict::Stuck\n\
        [inversion]: Verdict::Inversion\n\
        [reentry]: Verdict::Reentry"
)]
#![cfg_attr(
    any(model, not(feature = "deadlock-detection")),
    doc = "[`lock_checked`]: crate#features\n\
        [`set_hook`]: crate#features\n\
        [hook]: crate#features\n\
        [cycle]: crate#features\n\
        [stuck]: crate#features\n\
        [inversion]: crate#features\n\
        [reentry]: crate#features"
)]

// The four parts, each of which uses only those before it. State, graph and verdict are also
// compiled for the models, which explore them; the connection to the primitives exists only with
// the feature.
#[cfg(any(model, feature = "deadlock-detection"))]
#[allow(unreachable_pub, reason = "the models reach it")]
mod memory;

#[allow(unreachable_pub, reason = "the models reach it")]
mod state;

#[cfg(any(model, feature = "deadlock-detection"))]
#[allow(unreachable_pub, reason = "the models reach it")]
mod graph;

#[cfg(any(model, feature = "deadlock-detection"))]
#[allow(unreachable_pub, reason = "the models reach it")]
mod verdict;

mod face;

pub use self::face::name::name;
pub(crate) use self::state::Door;
pub use self::state::label::{Kind, Label};

#[cfg(all(feature = "deadlock-detection", not(model)))]
pub use self::verdict::hook::{set_backtraces, set_hook};
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub use self::verdict::polling::polling;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub use self::verdict::report::{Hold, Report, ThreadReport, Verdict, Want};

#[cfg(any(model, not(feature = "deadlock-detection")))]
pub use self::face::disabled::polling;
#[cfg(any(model, not(feature = "deadlock-detection")))]
#[doc(hidden)]
pub use self::face::disabled::{Identity, WaitTarget, helping};
#[cfg(all(feature = "deadlock-detection", not(model)))]
#[doc(hidden)]
pub use self::{
    face::identity::Identity, state::wait_target::WaitTarget, verdict::reentry::helping,
};

#[cfg(any(model, not(feature = "deadlock-detection")))]
pub(crate) use self::face::disabled::*;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) use self::face::semaphore_identity::SemaphoreIdentity;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) use self::state::Permits as KnownPermits;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) use self::verdict::held::thread_begins;
#[cfg(all(feature = "deadlock-detection", not(model)))]
pub(crate) use self::verdict::sleep::{
    Asleep, Scoped, awaits_scope, joins, joins_checked, refused, sleep,
};

#[cfg(model)]
#[doc(hidden)]
pub use self::{
    graph::wait_for::Wait,
    memory::List,
    state::{
        held_locks::HeldLocks,
        ids::{ResourceId, ThreadId},
        need::{Need, Wanted},
        permits::Permits,
    },
    verdict::detector::{Detector, OnGraph},
    verdict::report::{Report, Verdict},
};

//! Models of [`threads`]: the end of a thread, the list of threads, the panic hook.
//!
//! The models contain all shared state of threads: the outcome and its waiters, the list, the count
//! of hooks. They leave out panics, because a panic ends a model, and scopes, which are std's.

use std::sync::Arc;
use std::time::Duration;

use model::Reach::{Named, Slept, TimedOut, Woken};
use model::{Group, Scenario, reached};
use primitives::Lock;
use primitives::sync::cell::UnsafeCell;
use primitives::threads::unwind::{hooks_set, set_hook};
use primitives::threads::{self, JoinHandle, Thread};

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    hook(list(ends(Group::new("threads"))))
}

fn ends(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "join",
                "A thread that has joined another sees all that it did, and not it.",
                || (),
            )
            .role("starts, joins", |()| {
                let (desk, worker) = start();
                assert_eq!(worker.thread().name(), "Thread-1");
                if worker.is_finished() {
                    reached("saw the end");
                }
                desk.is_done(worker);
            })
            .starts("works")
            .reaches([Named("saw the end")]),
        )
        .scenario(
            Scenario::new(
                "join-gives-up",
                "A join with a limit ends in each way, and what it says is so.",
                || (),
            )
            .role("starts, joins", |()| {
                let (desk, worker) = start();
                if worker.join_timeout(A_WHILE) {
                    assert!(worker.is_finished() && !worker.thread().is_alive());
                    reached("saw the end");
                } else {
                    reached("gave up");
                }
                desk.is_done(worker);
            })
            .starts("works")
            .reaches([Slept, Woken, TimedOut, Named("saw the end"), Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "two-wait",
                "Two wait for the end of one thread, and both hear of it.",
                Lobby::default,
            )
            .role("starts, waits", |lobby| {
                let (desk, worker) = start();
                let worker = Arc::new(worker);
                *lobby.worker.lock() = Some(Arc::clone(&worker));
                if !worker.join_timeout(A_WHILE) {
                    reached("gave up");
                    assert!(worker.join_timeout(Duration::MAX));
                }
                desk.is_written();
            })
            .role("waits", |lobby| {
                let worker = lobby.worker.lock().clone();
                if let Some(worker) = worker {
                    assert!(worker.join_timeout(Duration::MAX));
                    assert!(worker.is_finished());
                    reached("saw the end");
                }
            })
            .starts("works")
            .bound(Some(2))
            .reaches([Slept, Woken, TimedOut, Named("saw the end"), Named("gave up")]),
        )
}

fn list(group: Group) -> Group {
    group.scenario(
        Scenario::new("list", "A thread is on the list from its start to its end.", Lobby::default)
            .role("starts, joins", |lobby| {
                let (desk, worker) = start();
                *lobby.who.lock() = Some(worker.thread().clone());
                assert!(threads::active_count() >= 1);
                desk.is_done(worker);
                *lobby.is_gone.lock() = true;
            })
            .role("looks", |lobby| {
                let was_gone = *lobby.is_gone.lock();
                let listed = threads::enumerate();
                assert!(listed.contains(&threads::current()));
                if let Some(who) = lobby.who.lock().clone() {
                    let is_listed = listed.contains(&who);
                    assert!(!(was_gone && is_listed), "joined, and still on the list");
                    reached(if is_listed { "saw it" } else { "saw it no more" });
                }
            })
            .starts("works")
            .bound(Some(2))
            .spurious(0)
            .reaches([Named("saw it"), Named("saw it no more")]),
    )
}

fn hook(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-hook", "Two threads that catch panics put one hook in front.", || ())
                .roles(2, "catches", |()| threads::catch_panic(|| ()).unwrap())
                .check(|()| assert_eq!(hooks_set(), 1)),
        )
        .scenario(
            Scenario::new(
                "hook-comes-back",
                "The program replaces the hook: the next to catch a panic puts ours in front again.",
                || threads::catch_panic(|| ()).unwrap(),
            )
            .role("replaces it", |()| set_hook(Box::new(|_| ())))
            .role("catches", |()| threads::catch_panic(|| ()).unwrap())
            .check(|()| {
                let before = hooks_set();
                threads::catch_panic(|| ()).unwrap();
                let now = hooks_set();
                // Our hook, the program's, and ours again, here or before; never a second one of
                // ours.
                assert_eq!(now, 3, "{before} before");
                if before == 3 {
                    reached("came back at once");
                }
            })
            .reaches([Named("came back at once")]),
        )
}

/// The data of a thread.
struct Desk(UnsafeCell<bool>);

// SAFETY: the working thread writes it, and a thread that has waited for its end reads it; loom
// checks that.
unsafe impl Sync for Desk {}

#[derive(Default)]
struct Lobby {
    worker: Lock<Option<Arc<JoinHandle<u32>>>>,
    who: Lock<Option<Thread>>,
    is_gone: Lock<bool>,
}

/// Starts a thread that writes something and returns 42.
fn start() -> (Arc<Desk>, JoinHandle<u32>) {
    let desk = Arc::new(Desk(UnsafeCell::new(false)));
    let worker = threads::spawn({
        let desk = Arc::clone(&desk);
        move || {
            // SAFETY: no thread reads it before this one has ended.
            desk.0.with_mut(|written| unsafe { *written = true });
            42
        }
    });
    (desk, worker)
}

impl Desk {
    /// Joins the thread: it has written, and is not on the list.
    fn is_done(&self, worker: JoinHandle<u32>) {
        let who = worker.thread().clone();
        assert_eq!(worker.join().unwrap(), 42);
        self.is_written();
        assert!(!who.is_alive());
    }

    fn is_written(&self) {
        // SAFETY: the thread that writes has ended.
        assert!(self.0.with(|written| unsafe { *written }));
    }
}

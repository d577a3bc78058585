//! Models of [`Timer`]: its function is called or dropped, once, and every caller learns which.
//!
//! All of a `Timer` is here: the thread that `start` starts, its place on the list of threads, the
//! function under its lock, the outcome that `join` waits for. The only part of the system is the
//! futex. The decision of the sleep has [its own models](crate::cancellable_sleep::models), where
//! main takes each part in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use model::Reach::{Named, Slept, TimedOut, Woken};
use model::{Group, Scenario, reached};
use primitives::Timer;
use primitives::sync::cell::UnsafeCell;
use primitives::timer::{JoinError, StartError};

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    calls(cancelled(Group::new("timer")))
}

fn cancelled(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "fire-or-cancel",
                "It is started and cancelled at once: it fires or `cancel` says that it will not.",
                Tea::new,
            )
            .role("starts, joins", |tea| {
                tea.start();
                tea.join();
            })
            .role("cancels", Tea::cancel)
            .starts("timer")
            .check(Tea::is_settled)
            .reaches([Slept, Woken, TimedOut])
            .reaches([Named("fired"), Named("was cancelled"), Named("came too late")]),
        )
        .scenario(
            Scenario::new(
                "cancel-ends-the-thread",
                "Cancelled after its start, its thread ends whenever it hears of it.",
                Tea::new,
            )
            .role("starts, cancels, joins", |tea| {
                tea.start();
                tea.cancel();
                tea.join();
            })
            .starts("timer")
            .bound(Some(3))
            .check(Tea::is_settled)
            .reaches([Slept, Woken, TimedOut])
            .reaches([Named("fired"), Named("was cancelled"), Named("came too late")]),
        )
        .scenario(
            Scenario::new(
                "cancelled-before-it-starts",
                "Then it starts in vain: no thread, and nothing to wait for.",
                Tea::new,
            )
            .role("cancels, starts, joins", |tea| {
                tea.cancel();
                tea.start();
                tea.join();
                assert!(matches!(tea.timer.start(), Err(StartError::AlreadyStarted)));
            })
            .check(Tea::is_settled)
            .reaches([Named("was cancelled")]),
        )
        .scenario(
            Scenario::new("two-cancel", "Of two that cancel one is told that it did.", Tea::new)
                .roles(2, "cancels", Tea::cancel)
                .check(|tea| {
                    tea.is_settled();
                    assert_eq!(tea.cancelled.load(SeqCst), 1);
                })
                .reaches([Named("was cancelled"), Named("came too late")]),
        )
}

fn calls(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("fires", "Started and joined, it has fired, and stays so.", Tea::new)
                .role("starts, joins", |tea| {
                    tea.start();
                    tea.join();
                    assert!(tea.timer.is_finished() && !tea.timer.cancel());
                    tea.join();
                })
                .starts("timer")
                .check(Tea::is_settled)
                .reaches([Slept, TimedOut, Named("fired")]),
        )
        .scenario(
            Scenario::new(
                "two-start",
                "Of two that start it one does, the other is refused; both may wait for it.",
                Tea::new,
            )
            .roles(2, "starts, joins", |tea| {
                match tea.timer.start() {
                    Ok(()) => _ = tea.started.fetch_add(1, SeqCst),
                    Err(error) => assert!(matches!(error, StartError::AlreadyStarted)),
                }
                tea.join();
            })
            .starts("timer")
            .bound(Some(2))
            .check(|tea| {
                assert_eq!(tea.started.load(SeqCst), 1);
                tea.is_settled();
            })
            .reaches([Slept, Woken, TimedOut, Named("fired")]),
        )
        .scenario(
            Scenario::new(
                "join-before-start",
                "A thread that joins too early is told so; one that does not sees what the function did.",
                Tea::new,
            )
            .role("starts, joins", |tea| {
                tea.start();
                tea.join();
            })
            .role("joins", |tea| match tea.timer.join() {
                Err(JoinError::NotStarted) => reached("was too early"),
                joined => tea.look(joined),
            })
            .starts("timer")
            .bound(Some(2))
            .check(Tea::is_settled)
            .reaches([Slept, Woken, TimedOut, Named("fired"), Named("was too early")]),
        )
}

/// A timer, and the fate of its function.
struct Tea {
    timer: Timer,
    cup: Arc<Cup>,
    /// How many calls ran it. std's and not the model's, because it is not explored.
    started: AtomicU32,
    cancelled: AtomicU32,
}

struct Cup {
    /// The function writes it, and a joiner reads it.
    full: UnsafeCell<bool>,
    called: AtomicU32,
    dropped: AtomicU32,
}

// SAFETY: the one call of the function writes `full`, and threads read it after `join` tells them
// that it has returned; loom checks that the accesses are ordered.
unsafe impl Sync for Cup {}

/// What the function owns.
struct Tray(Arc<Cup>);

impl Drop for Tray {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, SeqCst);
    }
}

impl Tea {
    fn new() -> Self {
        let full = UnsafeCell::new(false);
        let cup = Cup { full, called: AtomicU32::new(0), dropped: AtomicU32::new(0) };
        let cup = Arc::new(cup);
        let tray = Tray(Arc::clone(&cup));
        let timer = Timer::new(A_WHILE, move || {
            let cup = &tray.0;
            // SAFETY: no thread reads it before this has returned, and no other writes it.
            cup.full.with_mut(|full| unsafe { *full = true });
            cup.called.fetch_add(1, SeqCst);
        });
        Self { timer, cup, started: AtomicU32::new(0), cancelled: AtomicU32::new(0) }
    }

    fn start(&self) {
        self.timer.start().expect("no other thread starts it");
    }

    fn cancel(&self) {
        if self.timer.cancel() {
            assert_eq!(self.cup.dropped.load(SeqCst), 1, "the function is gone");
            self.cancelled.fetch_add(1, SeqCst);
            reached("was cancelled");
        } else {
            reached("came too late");
        }
    }

    fn join(&self) {
        self.look(self.timer.join());
    }

    fn look(&self, joined: Result<(), JoinError>) {
        joined.expect("it was started, and the function does not panic");
        assert!(self.timer.is_finished());
        if self.cup.called.load(SeqCst) > 0 {
            // SAFETY: joined, so the function has returned and no thread writes any more.
            assert!(self.cup.full.with(|full| unsafe { *full }));
            reached("fired");
        }
    }

    /// When all threads have ended, the function was called or cancelled, and dropped in either
    /// case.
    fn is_settled(&self) {
        let called = self.cup.called.load(SeqCst);
        assert_eq!(called + self.cancelled.load(SeqCst), 1, "it fires or is cancelled");
        assert_eq!(self.cup.dropped.load(SeqCst), 1);
        assert!(self.timer.is_finished());
    }
}

//! Models of [`Timers`]: between threads that set and cancel, and the thread that sleeps until the
//! earliest deadline.
//!
//! All of it is here: the schedule, the lock and the condition around it, the jobs. In all but one
//! scenario a role does what the thread does, so that main takes its part too. Time passes where a
//! wait reaches its deadline, so a lost wake-up shows as a timer that is late, or never comes.
//!
//! A panicking callback is left out, because a panic ends a model.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken};
use model::{Group, Scenario, reached};
use primitives::sync::cell::UnsafeCell;
use primitives::{Event, Lock, TimerHandle, Timers, park};

const SOON: Duration = Duration::from_secs(60);
const LATER: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    periodic(ended(set(Group::new("timers"))))
}

fn set(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "set-wakes",
                "The thread sleeps without a limit; the first timer that is set wakes it.",
                Alarms::new,
            )
            .role("sets", |alarms| drop(alarms.set(SOON)))
            .role("serves one", |alarms| assert!(alarms.timers.serve_one()))
            .bound(Some(3))
            .check(|alarms| assert_eq!(alarms.rung(), [SOON]))
            .reaches([Slept, Woken, TimedOut, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "earlier-wakes",
                "The thread sleeps until a late deadline; an earlier one that is set cuts that short.",
                || Alarms::with(LATER),
            )
            .role("sets an earlier one", |alarms| drop(alarms.set(SOON)))
            .role("serves two", |alarms| {
                assert!(alarms.timers.serve_one() && alarms.timers.serve_one());
            })
            // Once, time passes although the other could still run: the moment after a first timer
            // is over, and the thread sleeps until the late one.
            .timeouts(1)
            .spurious(0)
            .check(|alarms| assert_eq!(alarms.rung(), [SOON, LATER]))
            .reaches([Slept, Woken, TimedOut]),
        )
        .scenario(
            Scenario::new(
                "later-does-not-wake",
                "One that is later than the earliest need not wake the thread, and still comes.",
                || Alarms::with(SOON),
            )
            .role("sets a later one", |alarms| drop(alarms.set(LATER)))
            .role("serves two", |alarms| {
                assert!(alarms.timers.serve_one() && alarms.timers.serve_one());
            })
            .bound(Some(3))
            .check(|alarms| assert_eq!(alarms.rung(), [SOON, LATER]))
            .reaches([Slept, TimedOut]),
        )
        .scenario(
            Scenario::new("two-set", "Two threads set one each: both come, in order.", Alarms::new)
                .role("sets a late one", |alarms| drop(alarms.set(LATER)))
                .role("sets an early one", |alarms| drop(alarms.set(SOON)))
                .role("serves two", |alarms| {
                    assert!(alarms.timers.serve_one() && alarms.timers.serve_one());
                })
                .timeouts(0)
                .spurious(0)
                .check(|alarms| assert_eq!(alarms.rung(), [SOON, LATER]))
                .reaches([Slept, Woken, TimedOut]),
        )
}

fn ended(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "fire-or-cancel",
                "A timer that is due and cancelled at once is called, or `cancel` says that it is not.",
                || Alarms::with(SOON),
            )
            .role("cancels, shuts down", |alarms| {
                alarms.cancel(0);
                assert_eq!(alarms.timers.close(), 0, "called or cancelled");
            })
            .role("serves", |alarms| while alarms.timers.serve_one() {})
            .bound(Some(3))
            .check(Alarms::are_settled)
            .timeouts(2) // the first ends the moment after a timer was set
            .reaches([Slept, Woken, TimedOut])
            .reaches([Named("rang"), Named("was cancelled"), Named("came too late")]),
        )
        .scenario(
            Scenario::new("two-cancel", "Of two that cancel one is told that it did.", || {
                Alarms::with(SOON)
            })
            .roles(2, "cancels", |alarms| alarms.cancel(0))
            .check(|alarms| {
                assert_eq!(alarms.cancelled.load(SeqCst), 1);
                alarms.are_settled();
            })
            .reaches([Named("was cancelled"), Named("came too late")]),
        )
        .scenario(
            Scenario::new("shutdown", "What is pending is called or discarded.", || {
                Alarms::with(SOON)
            })
            .role("shuts down", |alarms| {
                let discarded = alarms.timers.close();
                alarms.cancelled.fetch_add(discarded as u32, SeqCst);
                reached(if discarded == 1 { "was discarded" } else { "came too late" });
            })
            .role("serves", |alarms| while alarms.timers.serve_one() {})
            .bound(Some(3))
            .check(Alarms::are_settled)
            .timeouts(2) // the first ends the moment after a timer was set
            .reaches([Slept, Woken, TimedOut])
            .reaches([Named("rang"), Named("was discarded"), Named("came too late")]),
        )
        .scenario(
            Scenario::new(
                "with-a-thread",
                "Its own thread: `shutdown` comes back when it is gone, and all it did is visible.",
                || (),
            )
            .role("sets, waits, shuts down", |()| {
                let timers = Timers::new();
                let bell = Arc::new((Event::new(), Note(UnsafeCell::new(false))));
                timers.after(SOON, {
                    let bell = Arc::clone(&bell);
                    move || {
                        bell.0.set();
                        // SAFETY: it is read when the thread is gone, and no other thread writes
                        // it.
                        bell.1.0.with_mut(|note| unsafe { *note = true });
                    }
                });
                bell.0.wait();
                assert_eq!(timers.shutdown(), 0);
                // SAFETY: the thread is gone.
                assert!(bell.1.0.with(|note| unsafe { *note }));
            })
            .starts("timers")
            .bound(Some(3))
            .reaches([Slept, Woken, TimedOut]),
        )
}

fn periodic(group: Group) -> Group {
    group.scenario(
        Scenario::new(
            "periodic-cancelled",
            "Cancelled before, during or after a call, it is pending no more and called no more.",
            || {
                let alarms = Alarms::new();
                let handle = alarms.timers.every(SOON, alarms.ring(SOON));
                alarms.handles.lock().push(handle);
                alarms
            },
        )
        .role("cancels, shuts down", |alarms| {
            alarms.cancel(0);
            let handle = alarms.handles.lock()[0].clone();
            assert!(!handle.cancel() && !handle.is_pending());
            assert_eq!(alarms.timers.close(), 0);
        })
        .role("serves one", |alarms| {
            if alarms.timers.serve_one() {
                reached("called");
            }
        })
        .bound(Some(3))
        .check(|alarms| {
            assert_eq!(alarms.cancelled.load(SeqCst), 1, "it is pending until it is cancelled");
            assert_eq!(alarms.timers.pending(), 0);
            assert_eq!(alarms.dropped.load(SeqCst), 1);
        })
        .timeouts(2) // the first ends the moment after a timer was set
        .reaches([Slept, Woken, TimedOut, Named("called"), Named("was cancelled")]),
    )
}

/// Read by one thread when another has written it.
struct Note(UnsafeCell<bool>);

// SAFETY: a reader has waited for the thread that writes it; loom checks that.
unsafe impl Sync for Note {}

/// Timers that a role serves, and their fate.
struct Alarms {
    timers: Timers,
    start: Instant,
    handles: Lock<Vec<TimerHandle>>,
    /// The called timers, in order, by their time after the start. std's and not the model's, as
    /// the next two.
    rung: Arc<std::sync::Mutex<Vec<Duration>>>,
    cancelled: AtomicU32,
    dropped: Arc<AtomicU32>,
}

/// What a callback owns.
struct Tray(Arc<AtomicU32>);

impl Drop for Tray {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Alarms {
    fn new() -> Self {
        Self {
            timers: Timers::unserved(),
            start: park::now(),
            handles: Lock::new(Vec::new()),
            rung: Arc::default(),
            cancelled: AtomicU32::new(0),
            dropped: Arc::default(),
        }
    }

    /// With a timer that is already set.
    fn with(time: Duration) -> Self {
        let alarms = Self::new();
        let handle = alarms.set(time);
        alarms.handles.lock().push(handle);
        alarms
    }

    fn set(&self, time: Duration) -> TimerHandle {
        self.timers.at(self.start + time, self.ring(time))
    }

    /// A callback that notes its call, and asserts that it is in time.
    fn ring(&self, time: Duration) -> impl FnMut() + Send + 'static {
        let (rung, start) = (Arc::clone(&self.rung), self.start);
        let tray = Tray(Arc::clone(&self.dropped));
        move || {
            let _ = &tray;
            assert_eq!(park::now() - start, time, "neither early nor late");
            rung.lock().unwrap().push(time);
            reached("rang");
        }
    }

    fn rung(&self) -> Vec<Duration> {
        self.rung.lock().unwrap().clone()
    }

    fn cancel(&self, which: usize) {
        let handle = self.handles.lock()[which].clone();
        if handle.cancel() {
            self.cancelled.fetch_add(1, SeqCst);
            reached("was cancelled");
        } else {
            reached("came too late");
        }
    }

    /// When all threads have ended: the single timer was called or cancelled, and its callback
    /// dropped.
    fn are_settled(&self) {
        let called = self.rung().len() as u32;
        assert_eq!(called + self.cancelled.load(SeqCst), 1, "it is called or cancelled");
        assert_eq!(self.dropped.load(SeqCst), 1);
        assert_eq!(self.timers.pending(), 0);
    }
}

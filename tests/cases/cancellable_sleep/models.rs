//! Models of [`CancellableSleep`]: it fires or is cancelled, and exactly one call learns that it
//! won.
//!
//! This is the decision and the sleep of a `Timer`. The rest of a `Timer` is a thread, and a
//! function under a lock.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::Lock;
use primitives::raw::CancellableSleep;
use primitives::sync::cell::UnsafeCell;

pub(crate) fn group() -> Group {
    Group::new("cancellable_sleep")
        .scenario(
            Scenario::new(
                "fire-or-cancel",
                "The deadline and a cancellation: one of them wins, and a waiter that was called off sees why.",
                Alarm::new,
            )
            .role("waits", Alarm::wait_with_deadline)
            .role("cancels", Alarm::cancel)
            .check(Alarm::one_has_won)
            .reaches([Slept, Woken, WordChanged, TimedOut])
            .reaches([Named("fired"), Named("was called off"), Named("came too late")]),
        )
        .scenario(
            Scenario::new(
                "cancel-wakes",
                "Without a deadline only the cancellation ends the sleep: it is never missed.",
                Alarm::new,
            )
            .role("waits", Alarm::wait_for_ever)
            .role("cancels", Alarm::cancel)
            .check(Alarm::one_has_won)
            .reaches([Slept, Woken, WordChanged, SpuriousWakeUp, Named("was called off")]),
        )
        .scenario(
            Scenario::new("cancel-wakes-all", "One cancellation ends every sleep.", Alarm::new)
                .roles(2, "waits", Alarm::wait_for_ever)
                .role("cancels", Alarm::cancel)
                .check(Alarm::one_has_won)
                .reaches([Slept, Woken, WordChanged, Named("was called off")]),
        )
        .scenario(
            Scenario::new(
                "two-wait-one-cancels",
                "Two deadlines and a cancellation at once: still only one of them wins.",
                Alarm::new,
            )
            .roles(2, "waits", Alarm::wait_with_deadline)
            .role("cancels", Alarm::cancel)
            .check(Alarm::one_has_won)
            .reaches([Slept, Woken, TimedOut, Named("fired"), Named("came too late")]),
        )
        .scenario(
            Scenario::new(
                "fire-wakes-all",
                "One deadline ends every wait, also one without a deadline: no thread will cancel it any more.",
                Alarm::new,
            )
            .roles(2, "waits without end", Alarm::wait_for_ever)
            .role("waits", Alarm::wait_with_deadline)
            .check(|alarm| {
                alarm.one_has_won();
                assert!(alarm.sleep.has_fired());
            })
            .reaches([Slept, Woken, WordChanged, TimedOut, Named("fired")]),
        )
        .scenario(
            Scenario::new("two-cancel", "Of two cancellations one is told that it won.", Alarm::new)
                .roles(2, "cancels", |alarm| {
                    alarm.winners.fetch_add(alarm.sleep.cancel().into(), SeqCst);
                })
                .check(|alarm| {
                    alarm.one_has_won();
                    assert!(alarm.sleep.is_cancelled());
                }),
        )
        .scenario(
            Scenario::new(
                "winner-takes",
                "The winner takes the function, to call or to drop it, and no other thread comes for it.",
                || (CancellableSleep::new(), Lock::new(Some("the function"))),
            )
            .role("waits", |(sleep, function)| {
                if sleep.wait(Some(Instant::now() + A_WHILE)) {
                    assert!(function.lock().take().is_some());
                    reached("called");
                }
            })
            .role("cancels", |(sleep, function)| {
                if sleep.cancel() {
                    assert!(function.lock().take().is_some());
                    reached("dropped");
                }
            })
            .check(|(_, function)| assert!(function.lock().is_none()))
            .reaches([Named("called"), Named("dropped")]),
        )
}

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

struct Alarm {
    sleep: CancellableSleep,
    /// The reason of the cancellation: written before the cancellation, read after.
    reason: UnsafeCell<&'static str>,
    /// How many calls reported that they won. std's and not the model's, because it is not
    /// explored.
    winners: AtomicU32,
}

// SAFETY: the cancelling thread writes the reason before it cancels, and threads read it after the
// sleep tells them of the cancellation; loom checks that the accesses are ordered.
unsafe impl Sync for Alarm {}

impl Alarm {
    fn new() -> Self {
        Self {
            sleep: CancellableSleep::new(),
            reason: UnsafeCell::new("none"),
            winners: AtomicU32::new(0),
        }
    }

    fn wait_with_deadline(&self) {
        self.wait(Some(Instant::now() + A_WHILE));
    }

    fn wait_for_ever(&self) {
        self.wait(None);
    }

    fn wait(&self, deadline: Option<Instant>) {
        if self.sleep.wait(deadline) {
            self.winners.fetch_add(1, SeqCst);
            reached("fired");
        } else if !self.sleep.has_fired() {
            // SAFETY: cancelled, so the canceller has written it, and no thread will again.
            let reason = self.reason.with(|reason| unsafe { *reason });
            assert_eq!(reason, "another was faster");
            reached("was called off");
        }
    }

    fn cancel(&self) {
        // SAFETY: no thread reads it before the sleep says that it was cancelled.
        self.reason.with_mut(|reason| unsafe { *reason = "another was faster" });
        if self.sleep.cancel() {
            self.winners.fetch_add(1, SeqCst);
        } else {
            reached("came too late");
        }
    }

    fn one_has_won(&self) {
        assert_eq!(self.winners.load(SeqCst), 1);
        assert_ne!(self.sleep.has_fired(), self.sleep.is_cancelled());
        let state = if self.sleep.has_fired() { "fired" } else { "cancelled" };
        assert_eq!(format!("{:?}", self.sleep), format!("CancellableSleep {{ state: {state} }}"));
    }
}

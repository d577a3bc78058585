//! The line itself, on the modelled futex: what stands between `park` and the kernel. (All other
//! scenarios have coroutines in the modelled futex's own list.)

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32 as Count, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, chance, reached};
use primitives::block_on;
use primitives::park::line::{self, Place};
use primitives::park::{Seat, Wait, deadline_after};
use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::run_or_drop;

/// So many may pass, each takes one off.
struct Gate(AtomicU32);

impl Gate {
    fn new(open: u32) -> Self {
        Self(AtomicU32::new(open))
    }

    /// Lets one more pass.
    fn let_one_pass(&self) {
        self.0.fetch_add(1, Release);
        line::wake_one(&raw const self.0);
    }

    /// Lets two more pass.
    fn let_two_pass(&self) {
        self.0.fetch_add(2, Release);
        line::wake_all(&raw const self.0);
    }

    fn takes(&self) -> bool {
        let mut open = self.0.load(Relaxed);
        while open > 0 {
            match self.0.compare_exchange(open, open - 1, Acquire, Relaxed) {
                Ok(_) => return true,
                Err(now) => open = now,
            }
        }
        false
    }

    fn pass_as_thread(&self) {
        while !self.takes() {
            line::wait(&self.0, 0, None);
        }
    }

    /// Whether it got through before its time was up.
    fn pass_in_time(&self) -> bool {
        let deadline = deadline_after(Duration::from_secs(3600));
        loop {
            if self.takes() {
                return true;
            }
            if line::wait(&self.0, 0, deadline) == Wait::TimedOut {
                return false;
            }
        }
    }

    async fn pass(&self) {
        let place = pin!(Place::new());
        let passing = Passing { gate: self, place: place.as_ref() };
        poll_fn(|cx| {
            loop {
                if passing.place.look(cx.waker()) == Seat::Asleep {
                    return Poll::Pending;
                }
                if self.takes() {
                    return Poll::Ready(());
                }
                if passing.place.sleep(&self.0, 0, cx.waker()) {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }
}

/// Passes a wake-up on when it is dropped.
struct Passing<'a> {
    gate: &'a Gate,
    place: Pin<&'a Place>,
}

impl Drop for Passing<'_> {
    fn drop(&mut self) {
        if !primitives::sync::model_failed() && self.place.leave() {
            line::wake_one(&raw const self.gate.0);
        }
    }
}

/// A waker that counts its calls.
struct Counts(Count);

impl Wake for Counts {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

pub(super) fn scenarios(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("line", "A wake reaches a coroutine.", || Gate::new(0))
                .role("awaits", |gate| block_on(gate.pass()))
                .role("lets one pass", Gate::let_one_pass)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("line-thread", "A wake reaches a thread in the kernel.", || Gate::new(0))
                .role("waits", Gate::pass_as_thread)
                .role("lets one pass", Gate::let_one_pass)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "line-both",
                "Two wakes reach a thread and a coroutine, whichever came first.",
                || Gate::new(0),
            )
            .role("awaits", |gate| block_on(gate.pass()))
            .role("waits", Gate::pass_as_thread)
            .role("lets two pass", |gate| {
                gate.let_one_pass();
                gate.let_one_pass();
            })
            .spurious(0)
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "line-all",
                "A wake for all reaches a thread and a coroutine, whichever came first.",
                || Gate::new(0),
            )
            .role("awaits", |gate| block_on(gate.pass()))
            .role("waits", Gate::pass_as_thread)
            .role("lets two pass at once", Gate::let_two_pass)
            .spurious(0)
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("line-all-threads", "A wake for all reaches two threads.", || {
                Gate::new(0)
            })
            .roles(2, "waits", Gate::pass_as_thread)
            .role("lets two pass at once", Gate::let_two_pass)
            .spurious(0)
            .bound(Some(2))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "line-dropped",
                "A coroutine that is dropped leaves a wake to the thread behind it.",
                || Gate::new(0),
            )
            .role("may be dropped", |gate| {
                if run_or_drop(gate.pass()).is_some() {
                    gate.let_one_pass();
                }
            })
            .role("waits", |gate| {
                gate.pass_as_thread();
                gate.let_one_pass();
            })
            .role("lets one pass", Gate::let_one_pass)
            .spurious(0)
            .bound(Some(2))
            .reaches([
                Slept,
                Woken,
                Named("dropped before a poll"),
                Named("dropped after a poll"),
            ]),
        )
        .scenario(
            Scenario::new(
                "line-timed",
                "A thread in the line whose time is up takes no wake with it.",
                || Gate::new(0),
            )
            .role("awaits", |gate| {
                block_on(gate.pass());
                gate.let_one_pass();
            })
            .role("waits for a while", |gate| {
                if gate.pass_in_time() {
                    gate.let_one_pass();
                } else {
                    reached("gave up");
                }
            })
            .role("lets one pass", Gate::let_one_pass)
            .spurious(0)
            .bound(Some(2))
            .reaches([Slept, Woken, Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "line-another-waker",
                "The waker of the last look is called, and no other.",
                || (Gate::new(0), Arc::new(Counts(Count::new(0)))),
            )
            .role("awaits by two wakers", |(gate, counts)| {
                let first = Waker::from(Arc::clone(counts));
                let mut pass = Box::pin(gate.pass());
                let mut cx = std::task::Context::from_waker(&first);
                if pass.as_mut().poll(&mut cx).is_pending() {
                    block_on(pass);
                }
            })
            .role("lets one pass", |(gate, _)| gate.let_one_pass())
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "line-one-each",
                "Of two coroutines in line a wake for one calls one, once.",
                || (Gate::new(0), Arc::new(Counts(Count::new(0)))),
            )
            .roles(2, "stands in line", |(gate, counts)| {
                let place = Box::pin(Place::new());
                if place.as_ref().sleep(&gate.0, 0, &Waker::from(Arc::clone(counts))) {
                    std::mem::forget(place); // it stays, in memory that is not reused
                }
            })
            .role("wakes one", |(gate, counts)| {
                if line::wake_one(&raw const gate.0) {
                    reached("woke one");
                    assert_eq!(counts.0.load(SeqCst), 1);
                }
            })
            .check(|(_, counts)| assert!(counts.0.load(SeqCst) <= 1))
            .bound(Some(2))
            .reaches([Named("woke one")]),
        )
        .scenario(
            Scenario::new(
                "line-wake-all",
                "A wake for all calls each coroutine once, also one that is dropped.",
                || (Gate::new(0), Arc::new(Counts(Count::new(0))), Mutex::new(0)),
            )
            .roles(2, "stands in line", |(gate, counts, stood)| {
                let place = Box::pin(Place::new());
                let waker = Waker::from(Arc::clone(counts));
                if !place.as_ref().sleep(&gate.0, 0, &waker) {
                    return;
                }
                if chance() {
                    drop(place);
                    reached("dropped");
                    return;
                }
                *stood.lock().unwrap() += 1;
                std::mem::forget(place); // it stays, in memory that is not reused
            })
            .role("wakes all", |(gate, ..)| {
                gate.0.store(1, Release);
                line::wake_all(&raw const gate.0);
            })
            .check(|(_, counts, stood)| {
                // Each that stayed was called once; one that was dropped, once or not at all.
                let (called, stood) = (counts.0.load(SeqCst), *stood.lock().unwrap());
                assert!(stood <= called && called <= 2, "{called} calls for {stood}");
            })
            .bound(Some(2))
            .reaches([Named("dropped")]),
        )
}

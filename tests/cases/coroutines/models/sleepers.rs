//! `block_on`, the semaphore, the event, and a task's handle.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use primitives::{Event, Semaphore, block_on};

use super::{run_after_another_waker, run_or_drop};
use tests::model::Watched;

pub(super) fn scenarios(group: Group) -> Group {
    events(semaphores(group))
}

/// A number that only a holder of a permit may touch.
struct Guarded {
    permits: Semaphore,
    number: Watched,
}

impl Guarded {
    fn new(permits: usize) -> Self {
        Self { permits: Semaphore::new(permits), number: Watched::new(0) }
    }

    async fn add(&self) {
        let _permit = self.permits.acquire_async().await;
        self.number.add(1);
    }

    /// As a thread does.
    fn blocks_and_adds(&self) {
        let _permit = self.permits.acquire();
        self.number.add(1);
    }
}

fn semaphores(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("permit", "One permit excludes a thread and a coroutine.", || {
                Guarded::new(1)
            })
            .role("coroutine adds", |guarded| block_on(guarded.add()))
            .role("adds", Guarded::blocks_and_adds)
            .check(|guarded| {
                assert_eq!(guarded.number.get(), 2);
                assert_eq!(guarded.permits.available(), 1);
            })
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "permit-dropped",
                "A coroutine that is dropped passes the permit on to a thread.",
                || Guarded::new(0),
            )
            .role("may be dropped", |guarded| _ = run_or_drop(guarded.add()))
            .role("adds", Guarded::blocks_and_adds)
            .role("releases", |guarded| guarded.permits.release(1))
            .check(|guarded| assert_eq!(guarded.permits.available(), 1))
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
                "permits-dropped",
                "Two permits come, and one of the two coroutines is dropped.",
                || Guarded::new(0),
            )
            .role("may be dropped", |guarded| _ = run_or_drop(guarded.permits.acquire_async()))
            .role("coroutine adds", |guarded| {
                block_on(async { drop(guarded.permits.acquire_async().await) })
            })
            .role("releases twice", |guarded| {
                guarded.permits.release(1);
                guarded.permits.release(1);
            })
            .check(|guarded| assert_eq!(guarded.permits.available(), 2))
            .bound(Some(2))
            .reaches([Slept, Woken, Named("dropped before a poll")]),
        )
        .scenario(
            Scenario::new("permit-another-waker", "The waker of the last poll is called.", || {
                Guarded::new(0)
            })
            .role("moves", |guarded| run_after_another_waker(guarded.add()))
            .role("releases", |guarded| guarded.permits.release(1))
            .check(|guarded| assert_eq!(guarded.number.get(), 1))
            .reaches([Slept, Woken, Named("moved")]),
        )
}

/// An event, and what is done before it is set.
struct Told {
    event: Event,
    number: Watched,
}

impl Told {
    fn new() -> Self {
        Self { event: Event::new(), number: Watched::new(0) }
    }

    fn tell(&self) {
        self.number.add(1);
        self.event.set();
    }

    async fn hear(&self) {
        self.event.wait_async().await;
        assert_eq!(self.number.get(), 1);
    }
}

fn events(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("event", "A set reaches each coroutine.", Told::new)
                .role("sets", Told::tell)
                .roles(2, "awaits", |told| block_on(told.hear()))
                .bound(Some(2))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "event-dropped",
                "A coroutine is dropped, and a thread that waits beside it wakes up.",
                Told::new,
            )
            .role("sets", Told::tell)
            .role("may be dropped", |told| {
                if run_or_drop(told.hear()).is_some() {
                    reached("heard");
                }
            })
            .role("waits", |told| {
                told.event.wait();
                assert_eq!(told.number.get(), 1);
            })
            .bound(Some(2))
            .reaches([Slept, Woken, Named("heard"), Named("dropped after a poll")]),
        )
        .scenario(
            Scenario::new(
                "event-cleared",
                "A set that is cleared at once reaches a coroutine that waits.",
                || Arc::new((Event::new(), Event::new())),
            )
            .role("awaits", |events| {
                let (event, waits) = &**events;
                let mut wait = Box::pin(event.wait_async());
                let polled = block_on(poll_fn(|cx| Poll::Ready(wait.as_mut().poll(cx).is_ready())));
                waits.set();
                if !polled {
                    block_on(wait);
                }
            })
            .role("sets and clears", |events| {
                let (event, waits) = &**events;
                waits.wait();
                event.set();
                event.clear();
            })
            .bound(Some(3))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
}

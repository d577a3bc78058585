//! Models of [`Once`] and [`OnceLock`]: one thread runs it, all see it, and after a panic another
//! thread tries.

use std::time::Duration;

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::{Once, OnceLock};
use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    failing(values(calls(Group::new("once"))))
}

/// A value that is set up once, and a count of how often it was.
struct SetUp {
    once: Once,
    /// Without a lock: only the `Once` can order a read after the call.
    times: Watched,
}

impl SetUp {
    fn new() -> Self {
        Self { once: Once::new(), times: Watched::new(0) }
    }

    fn call(&self) {
        self.once.call_once(|| self.times.add(1));
        assert!(matches!(self.times.get(), 1 | 11), "it goes on before it is done");
    }

    fn was_done_once(&self) {
        assert_eq!(self.times.get(), 1);
    }
}

fn calls(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "two-call",
                "Two threads call: one does it, both go on after.",
                SetUp::new,
            )
            .roles(2, "calls", SetUp::call)
            .check(SetUp::was_done_once)
            .bound(Some(4))
            .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("two-call-spinning", "With a look before sleeping.", SetUp::new)
                .roles(2, "calls", SetUp::call)
                .check(SetUp::was_done_once)
                .spinning()
                .bound(Some(3))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("three-call", "Three threads call: no sleeper is forgotten.", SetUp::new)
                .roles(3, "calls", SetUp::call)
                .check(SetUp::was_done_once)
                .bound(Some(2))
                .spurious(0)
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "waits",
                "A thread that only waits sleeps until another has done it.",
                SetUp::new,
            )
            .role("calls", SetUp::call)
            .role("waits", |set_up| {
                set_up.once.wait();
                set_up.was_done_once();
            })
            .bound(Some(4))
            .reaches([Slept, Woken, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("gives-up", "A wait with a limit ends, in each way.", SetUp::new)
                .role("calls", SetUp::call)
                .role("may give up", |set_up| {
                    if set_up.once.wait_timeout(A_WHILE) {
                        set_up.was_done_once();
                    } else {
                        reached("gave up");
                    }
                })
                .check(SetUp::was_done_once)
                .bound(Some(4))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}

fn values(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("get", "A reader sees the whole value or none.", OnceLock::new)
                .role("makes", |place: &OnceLock<u32>| {
                    assert_eq!(place.get_or_init(|| 1), &1);
                })
                .role("looks", |place| match place.get() {
                    Some(value) => assert_eq!(value, &1),
                    None => reached("nothing there"),
                })
                .check(|place| assert_eq!(place.get(), Some(&1)))
                .reaches([Named("nothing there")]),
        )
        .scenario(
            Scenario::new(
                "two-make",
                "Of two values one is there, and both threads get it.",
                OnceLock::new,
            )
            .role("makes 1", |place: &OnceLock<u32>| {
                if place.get_or_init(|| 1) != &1 {
                    reached("2 is there");
                }
            })
            .role("makes 2", |place| {
                if place.set(2).is_err() {
                    reached("1 is there");
                }
            })
            .check(|place| assert!(matches!(place.get(), Some(1 | 2))))
            .bound(Some(4))
            .reaches([Slept, Woken, Named("1 is there"), Named("2 is there")]),
        )
}

fn failing(group: Group) -> Group {
    group.scenario(
        Scenario::new("fails", "After an attempt that failed the next one is made.", SetUp::new)
            .role("fails", |set_up| {
                let failed = set_up.once.try_call_once(|| {
                    set_up.times.add(10);
                    Err(())
                });
                if failed.is_ok() {
                    reached("the other was first");
                }
            })
            .role("calls", SetUp::call)
            .check(|set_up| {
                assert!(set_up.once.is_completed());
                assert!(matches!(set_up.times.get(), 1 | 11));
            })
            .bound(Some(4))
            .reaches([Slept, Woken, Named("the other was first")]),
    )
}

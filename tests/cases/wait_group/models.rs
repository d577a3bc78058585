//! Models of [`WaitGroup`]: its handles are counted, whatever happens to them.

use std::time::Duration;

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken};
use model::{Group, Scenario, reached};
use primitives::{Lock, WaitGroup};

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    Group::new("wait_group")
        .scenario(
            Scenario::new(
                "waits-for-a-member",
                "It goes on when the member is dropped.",
                Members::two,
            )
            .role("drops", Members::drop_one)
            .role("waits", |members| members.take().wait())
            .check(Members::all_gone)
            .reaches([Slept, Woken, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "two-wait",
                "Each has given up its own, and waits for the other.",
                Members::two,
            )
            .roles(2, "waits", |members| members.take().wait())
            .check(Members::all_gone)
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "grows",
                "A member that is cloned meanwhile is waited for too.",
                Members::two,
            )
            .role("clones and drops both", |members| {
                let member = members.take();
                let second = member.clone();
                drop(member);
                drop(second);
            })
            .role("waits", |members| members.take().wait())
            .check(Members::all_gone)
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "gives-up",
                "A wait that gives up counts again, or all are gone.",
                Members::two,
            )
            .role("waits", |members| members.take().wait())
            .role("may give up", |members| match members.take().wait_timeout(A_WHILE) {
                Ok(()) => {}
                Err(member) => {
                    reached("gave up");
                    drop(member);
                }
            })
            .check(Members::all_gone)
            .bound(Some(3))
            .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}

/// Handles for two threads.
struct Members(Lock<Vec<WaitGroup>>);

impl Members {
    fn two() -> Self {
        let group = WaitGroup::new();
        Self(Lock::new(vec![group.clone(), group]))
    }

    fn take(&self) -> WaitGroup {
        self.0.lock().pop().expect("one for each thread")
    }

    fn drop_one(&self) {
        drop(self.take());
    }

    fn all_gone(&self) {
        assert!(self.0.lock().is_empty());
    }
}

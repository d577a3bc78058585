//! Models of [`Barrier`]: no thread goes on before all have arrived, and each learns how its round
//! ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32 as Count, Ordering::SeqCst};
use std::time::Duration;

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::Barrier;

use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    given_up(acting(tripped(Group::new("barrier"))))
}

/// Threads that write before a barrier, and read what the others wrote after it.
struct Rounds {
    barrier: Barrier,
    /// One number for each thread, and a set of them for each round, so that a round need not wait
    /// for the readers of the last.
    written: [[Watched; 3]; 2],
    /// Which thread has which part. (std's atomic, which the model does not see: it orders
    /// nothing.)
    parts: Count,
}

impl Rounds {
    fn new(parties: usize) -> Self {
        let round = || [Watched::new(0), Watched::new(0), Watched::new(0)];
        Self { barrier: Barrier::new(parties), written: [round(), round()], parts: Count::new(0) }
    }

    fn run(&self, rounds: usize) {
        let part = self.parts.fetch_add(1, SeqCst) as usize;
        for written in &self.written[..rounds] {
            written[part].set(1);
            let result = self.barrier.wait().expect("no thread gives up");
            assert_eq!(result.is_leader(), result.index() + 1 == self.barrier.parties());
            let all = &written[..self.barrier.parties()];
            assert_eq!(all.iter().map(Watched::get).sum::<u32>() as usize, all.len());
        }
    }
}

fn tripped(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("two", "Each sees what the other did before.", || Rounds::new(2))
                .roles(2, "writes, waits, reads", |rounds| rounds.run(1))
                .check(|rounds| assert_eq!(rounds.barrier.n_waiting(), 0))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("two-spinning", "A look before sleeping.", || Rounds::new(2))
                .roles(2, "writes, waits, reads", |rounds| rounds.run(1))
                .spinning()
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-rounds", "Two rounds, one after the other.", || Rounds::new(2))
                .roles(2, "two rounds", |rounds| rounds.run(2))
                .check(|rounds| assert_eq!(rounds.barrier.n_waiting(), 0))
                .bound(Some(3))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("three", "Each sees what the two others did.", || Rounds::new(3))
                .roles(3, "writes, waits, reads", |rounds| rounds.run(1))
                .spurious(0)
                .reaches([Slept, Woken, WordChanged]),
        )
        .scenario(
            Scenario::new("three-awake", "The same with spurious wake-ups.", || Rounds::new(3))
                .roles(3, "writes, waits, reads", |rounds| rounds.run(1))
                .bound(Some(2))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "in-groups",
                "More threads than parties: a late waker learns that its round was tripped.",
                || (Barrier::new(2), Count::new(0)),
            )
            .roles(4, "waits", |(barrier, leaders)| {
                if barrier.wait().expect("no thread gives up").is_leader() {
                    leaders.fetch_add(1, SeqCst);
                }
            })
            .check(|(_, leaders)| assert_eq!(leaders.load(SeqCst), 2))
            .bound(Some(1))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
}

/// A barrier whose action adds up what the threads wrote.
struct Summed {
    barrier: Barrier<Box<dyn FnMut() + Send>>,
    shared: Arc<[Watched; 3]>,
    parts: Count,
}

impl Summed {
    fn new() -> Self {
        let shared = Arc::new([Watched::new(0), Watched::new(0), Watched::new(0)]);
        let [one, other, sum] = [0, 1, 2];
        let written = Arc::clone(&shared);
        let action = move || written[sum].set(written[one].get() + written[other].get());
        let barrier = Barrier::new(2).with_action(Box::new(action) as Box<dyn FnMut() + Send>);
        Self { barrier, shared, parts: Count::new(0) }
    }

    fn run(&self) {
        let part = self.parts.fetch_add(1, SeqCst) as usize;
        self.shared[part].set(1);
        self.barrier.wait().expect("no thread gives up");
        assert_eq!(self.shared[2].get(), 2);
    }
}

/// A barrier for one, whose action must not run twice at a time.
fn one_at_a_time() -> Barrier<Box<dyn FnMut() + Send>> {
    let runs = Watched::new(0);
    Barrier::new(1).with_action(Box::new(move || runs.add(1)))
}

fn acting(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "action",
                "The action sees what both did, and both see what it did.",
                Summed::new,
            )
            .roles(2, "writes, waits, reads", Summed::run)
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "at-the-door",
                "A thread that comes while an action runs waits until it is done.",
                one_at_a_time,
            )
            .roles(2, "goes alone", |barrier| {
                assert!(barrier.wait().expect("no thread gives up").is_leader());
            })
            .check(|barrier| assert_eq!(barrier.n_waiting(), 0))
            .bound(Some(3))
            .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("at-the-door-spinning", "A look before sleeping.", one_at_a_time)
                .roles(2, "goes alone", |barrier| {
                    assert!(barrier.wait().expect("no thread gives up").is_leader());
                })
                .bound(Some(3))
                .spinning()
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "action-and-time",
                "No thread gives up while the action runs: both go, or both fail.",
                Ends::acting,
            )
            .roles(2, "may give up", |ends| ends.note(&ends.barrier.wait_timeout(A_WHILE)))
            .check(|ends| {
                ends.are_alike();
                assert_eq!(ends.acted.load(SeqCst) == 1, ends.went.load(SeqCst) == 2);
            })
            .bound(Some(3))
            .reaches([Slept, Woken, TimedOut, Named("went"), Named("failed")]),
        )
        .scenario(
            Scenario::new(
                "action-and-abort",
                "An abort before, during or after the action: no thread waits without end.",
                Ends::acting,
            )
            .roles(2, "waits", |ends| ends.note(&ends.barrier.wait()))
            .role("aborts", |ends| ends.barrier.abort())
            .check(Ends::are_alike)
            .spurious(0)
            .reaches([Slept, Woken, Named("went"), Named("failed")]),
        )
        .scenario(
            Scenario::new(
                "action-and-reset",
                "A reset before, during or after the action: no thread waits without end.",
                Ends::acting,
            )
            .roles(2, "may give up", |ends| ends.note(&ends.barrier.wait_timeout(A_WHILE)))
            .role("resets", |ends| ends.barrier.reset())
            .check(Ends::are_alike)
            .bound(Some(2))
            .reaches([Slept, Woken, Named("went"), Named("failed")]),
        )
}

/// How one round of two threads ended for each of them.
struct Ends<A = fn()> {
    barrier: Barrier<A>,
    went: Count,
    failed: Count,
    /// How often the action ran, if there is one.
    acted: Arc<Count>,
}

impl Ends {
    fn plain() -> Self {
        let barrier = Barrier::new(2);
        Self { barrier, went: Count::new(0), failed: Count::new(0), acted: Arc::default() }
    }
}

impl Ends<Box<dyn FnMut() + Send>> {
    fn acting() -> Self {
        let plain = Ends::plain();
        let acted = Arc::clone(&plain.acted);
        let action: Box<dyn FnMut() + Send> = Box::new(move || _ = acted.fetch_add(1, SeqCst));
        let Ends { barrier, went, failed, acted } = plain;
        Self { barrier: barrier.with_action(action), went, failed, acted }
    }
}

impl<A: FnMut()> Ends<A> {
    fn note<T, E>(&self, result: &Result<T, E>) {
        if result.is_ok() {
            reached("went");
            self.went.fetch_add(1, SeqCst);
        } else {
            reached("failed");
            self.failed.fetch_add(1, SeqCst);
        }
    }

    /// Either the round was tripped, and both went on, or it was not, and both failed.
    fn are_alike(&self) {
        let ends = (self.went.load(SeqCst), self.failed.load(SeqCst));
        assert!(matches!(ends, (2, 0) | (0, 2)), "(went, failed): {ends:?}");
        assert_eq!(self.barrier.n_waiting(), 0);
    }
}

fn given_up(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("time", "A timeout fails both, or comes too late.", Ends::plain)
                .role("waits", |ends| ends.note(&ends.barrier.wait()))
                .role("may give up", |ends| ends.note(&ends.barrier.wait_timeout(A_WHILE)))
                .check(|ends| {
                    ends.are_alike();
                    assert_eq!(ends.barrier.is_broken(), ends.failed.load(SeqCst) == 2);
                })
                .reaches([Slept, Woken, WordChanged, TimedOut, Named("went"), Named("failed")]),
        )
        .scenario(
            Scenario::new("abort", "An abort fails both, or comes too late.", Ends::plain)
                .roles(2, "waits", |ends| ends.note(&ends.barrier.wait()))
                .role("aborts", |ends| ends.barrier.abort())
                .check(|ends| {
                    ends.are_alike();
                    assert!(ends.barrier.is_broken());
                })
                .reaches([Slept, Woken, Named("went"), Named("failed")]),
        )
        .scenario(
            Scenario::new(
                "reset",
                "A reset fails who is inside; it never fails a late waker of a tripped round.",
                Ends::plain,
            )
            .roles(2, "may give up", |ends| ends.note(&ends.barrier.wait_timeout(A_WHILE)))
            .role("resets", |ends| ends.barrier.reset())
            .check(Ends::are_alike)
            .spurious(0)
            .timeouts(0)
            .reaches([Slept, Woken, TimedOut, Named("went"), Named("failed")]),
        )
        .scenario(
            Scenario::new(
                "reset-and-go",
                "A thread that fails by a reset comes again, and then both go.",
                Ends::plain,
            )
            .roles(2, "waits until it goes", |ends| {
                while ends.barrier.wait().is_err() {
                    reached("failed");
                }
                ends.note(&Ok::<_, ()>(()));
            })
            .role("resets", |ends| ends.barrier.reset())
            .check(Ends::are_alike)
            .bound(Some(2))
            .spurious(0)
            .reaches([Slept, Woken, Named("failed")]),
        )
        .scenario(
            Scenario::new(
                "abort-and-reset",
                "Broken and mended: all threads return, and the barrier is as at first.",
                Ends::plain,
            )
            .roles(2, "may give up", |ends| ends.note(&ends.barrier.wait_timeout(A_WHILE)))
            .role("aborts and resets", |ends| {
                ends.barrier.abort();
                ends.barrier.reset();
            })
            .check(Ends::are_alike)
            .bound(Some(2))
            .reaches([Slept, Woken, Named("went"), Named("failed")]),
        )
}

//! The listings in which two threads compete and one word decides: timers, stacks, tasks.

use std::time::Instant;

use book::listings::bare_top::BareStack;
use book::listings::lockers::{Lockers, take_two_give_one_back};
use book::listings::naive_timer::NaiveTimer;
use book::listings::sent_twice::{self, Server};
use book::listings::small_pool::{SmallPool, halves};
use book::listings::tagged_lockers::{self, TaggedLockers};
use book::listings::tea::Tea;
use book::listings::{run_once, run_twice};
use model::Reach::{Named, Slept, TimedOut, Woken};
use model::report::Kind;
use model::{Group, Scenario, reached};
use primitives::sync::atomic::Ordering::Relaxed;

pub(super) fn add(group: Group) -> Group {
    machines(pools(tasks(stacks(timers(group)))))
}

fn timers(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "naive-timer",
                "It was not called off, and then it was: it rings all the same.",
                NaiveTimer::new,
            )
            .role("rings", NaiveTimer::ring)
            .role("calls it off", |timer| _ = timer.cancel())
            .check(|timer| assert!(!timer.did_both(), "called off, and it rang"))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("tea", "Ready or called off, and never both.", Tea::new)
                .role("serves", |tea| tea.serve(Instant::now()))
                .role("calls it off", Tea::call_off)
                .check(|tea| {
                    assert_ne!(tea.served.load(Relaxed), tea.called_off.load(Relaxed));
                })
                .reaches([Slept, Woken, TimedOut]),
        )
}

fn stacks(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "lockers",
                "The locker on top is the same again, and what lies below it is not.",
                Lockers::new,
            )
            .role("takes one", |lockers| _ = lockers.take())
            .role("takes two, gives one back", take_two_give_one_back)
            .check(|lockers| assert_eq!(lockers.free(), 1, "two of three are taken"))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new(
                "tagged-lockers",
                "The top that came back is another number, and the exchange fails.",
                TaggedLockers::new,
            )
            .role("takes one", |lockers| _ = lockers.take())
            .role("takes two, gives one back", tagged_lockers::take_two_give_one_back)
            .check(|lockers| assert_eq!(lockers.free(), 1)),
        )
        .scenario(
            Scenario::new(
                "bare-top",
                "The top has moved, and the item is not there yet.",
                BareStack::new,
            )
            .role("pushes", |stack| stack.push(7))
            .role("pops", |stack| _ = stack.pop())
            .must_fail(Kind::Panic),
        )
}

fn tasks(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "run-twice",
                "Both find that no thread has begun it.",
                run_twice::NaiveTask::new,
            )
            .roles(2, "runs it", run_twice::NaiveTask::run)
            .check(|task| assert_eq!(task.runs(), 1, "it was run twice"))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new(
                "run-once",
                "Claimed in one step, and the result is there when it is over.",
                run_once::Task::new,
            )
            .role("runs it", run_once::Task::run)
            .role("helps", |task| {
                task.run();
                match task.result() {
                    Some(result) => assert_eq!(result, 42),
                    None => reached("it is being run"),
                }
            })
            .reaches([Named("it is being run")]),
        )
}

fn machines(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("sent-twice", "A slow worker is taken for dead.", Server::new)
                .roles(2, "works", sent_twice::worker)
                .role("gives back", Server::give_back)
                .check(|server| assert!(server.letters() < 2, "the letter was sent twice"))
                .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("sent-once", "The letter has a number.", Server::new)
                .roles(2, "works", sent_twice::idempotent_worker)
                .role("gives back", Server::give_back)
                .check(|server| assert!(server.letters() < 2, "the letter was sent twice")),
        )
}

fn pools(group: Group) -> Group {
    fn with_halves() -> SmallPool {
        let pool = SmallPool::new();
        pool.submit(|pool| {
            halves(pool);
            pool.close();
        });
        pool
    }
    group
        .scenario(
            Scenario::new(
                "small-pool",
                "The only worker waits for a task that only it could run.",
                with_halves,
            )
            .role("works", SmallPool::work)
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new("pool-of-two", "With one worker more it goes well.", with_halves)
                .roles(2, "works", SmallPool::work)
                .spurious(0)
                .bound(Some(2))
                .reaches([Slept]),
        )
}

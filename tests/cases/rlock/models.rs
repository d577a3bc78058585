//! Models of [`RLock`] and [`RawRLock`]: one thread at a time, and that thread as often as it
//! likes.

use std::time::{Duration, Instant};

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::raw::RawRLock;
use primitives::{Condition, RLock};

use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    waiting(raw(exclusion(Group::new("rlock"))))
}

fn number() -> RLock<Watched> {
    RLock::new(Watched::new(0))
}

fn add(number: &RLock<Watched>) {
    number.lock().add(1);
}

/// Takes it twice, and drops the outer guard first.
fn add_nested(number: &RLock<Watched>) {
    let outer = number.lock();
    let inner = number.lock();
    outer.add(1);
    drop(outer);
    assert_eq!(number.recursion_count(), 1);
    inner.add(1);
}

fn exclusion(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("nested", "Two threads lock twice: nothing is lost.", number)
                .roles(2, "adds two", add_nested)
                .check(|number| assert_eq!(number.lock().get(), 4))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("again", "One thread lets go and comes again.", number)
                .bound(Some(3))
                .role("adds", add)
                .role("adds, and adds two", |number| {
                    add(number);
                    add_nested(number);
                })
                .check(|number| assert_eq!(number.lock().get(), 4))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("three", "Three threads, one of them nested.", number)
                .roles(2, "adds", add)
                .role("adds two", add_nested)
                .check(|number| assert_eq!(number.lock().get(), 4))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("try", "A try takes the lock whole or not at all.", number)
                .role("adds two", add_nested)
                .role("tries", |number| match number.try_lock() {
                    Some(outer) => {
                        let inner = number.try_lock().expect("this thread has it");
                        drop(outer);
                        inner.add(1);
                        reached("got it");
                    }
                    None => reached("another has it"),
                })
                .check(|number| assert!(matches!(number.lock().get(), 2 | 3)))
                .bound(Some(3))
                .reaches([Named("got it"), Named("another has it")]),
        )
        .scenario(
            Scenario::new("one-gives-up", "A waiter that gives up strands no other.", number)
                .roles(2, "adds", add)
                .role("may give up", |number| match number.lock_timeout(A_WHILE) {
                    Some(outer) => {
                        let inner = number.lock_timeout(A_WHILE).expect("this thread has it");
                        drop(outer);
                        inner.add(1);
                    }
                    None => reached("gave up"),
                })
                .check(|number| assert!(matches!(number.lock().get(), 2 | 3)))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new("deadline", "A deadline does what a timeout does.", number)
                .role("adds", add)
                .role("may give up", |number| match number.lock_deadline(Instant::now()) {
                    Some(number) => number.add(1),
                    None => reached("gave up"),
                })
                .check(|number| assert!(matches!(number.lock().get(), 1 | 2)))
                .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
}

/// A raw lock, and data that it guards by convention.
struct Raw {
    lock: RawRLock,
    ready: Watched,
    changed: Condition,
}

impl Raw {
    fn new() -> Self {
        Self { lock: RawRLock::new(), ready: Watched::new(0), changed: Condition::new() }
    }

    /// Waits with the lock held twice.
    fn wait(&self) {
        self.lock.acquire();
        self.lock.acquire();
        self.changed.wait_raw_while(&self.lock, || self.ready.get() == 0);
        assert_eq!(self.lock.recursion_count(), 2);
        self.ready.add(1);
        self.lock.release();
        self.lock.release();
        assert!(!self.lock.is_owned());
    }

    fn wait_or_give_up(&self) {
        self.lock.acquire();
        self.lock.acquire();
        let unready = || self.ready.get() == 0;
        if self.changed.wait_raw_timeout_while(&self.lock, A_WHILE, unready).timed_out() {
            reached("gave up");
        } else {
            self.ready.add(1);
        }
        assert_eq!(self.lock.recursion_count(), 2);
        self.lock.release();
        self.lock.release();
    }

    fn make_ready(&self) {
        self.lock.acquire();
        self.ready.set(1);
        self.lock.release();
        self.changed.notify_one();
    }
}

fn raw(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("stranger", "A stranger has no part in it.", Raw::new)
                .role("acquires twice, releases twice", |raw| {
                    raw.lock.acquire();
                    raw.lock.acquire();
                    raw.lock.release();
                    raw.ready.add(1);
                    raw.lock.release();
                })
                .role("asks, and would release", |raw| {
                    assert!(!raw.lock.is_owned());
                    assert_eq!(raw.lock.recursion_count(), 0);
                    assert!(!raw.lock.try_release());
                    reached(match format!("{:?}", raw.lock).as_str() {
                        "RawRLock { locked: false }" => "free",
                        "RawRLock { locked: true, count: 2 }" => "held twice",
                        _ => "held once, or on the way in or out",
                    });
                })
                .check(|raw| assert!(!raw.lock.is_locked() && raw.ready.get() == 1))
                .reaches([
                    Named("free"),
                    Named("held twice"),
                    Named("held once, or on the way in or out"),
                ]),
        )
        .scenario(
            Scenario::new("own", "Its owner is told so, and how often.", Raw::new)
                .roles(2, "acquires in every way", |raw| {
                    raw.lock.acquire();
                    assert!(raw.lock.try_acquire());
                    assert!(raw.lock.acquire_timeout(A_WHILE));
                    assert!(raw.lock.is_owned() && raw.lock.is_locked());
                    for count in (1..=3).rev() {
                        assert_eq!(raw.lock.recursion_count(), count);
                        raw.ready.add(1);
                        assert!(raw.lock.try_release());
                    }
                    assert_eq!(raw.lock.recursion_count(), 0);
                })
                .check(|raw| assert_eq!(raw.ready.get(), 6))
                .bound(Some(3))
                .reaches([Slept, Woken]),
        )
}

fn waiting(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "condition-gives-up",
                "When time ends the wait, the lock is held again, as often as before.",
                Raw::new,
            )
            .role("waits nested", Raw::wait_or_give_up)
            .role("makes ready", Raw::make_ready)
            .check(|raw| assert!(matches!(raw.ready.get(), 1 | 2)))
            .bound(Some(3))
            .reaches([Slept, Woken, TimedOut, Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "condition-nested",
                "A condition lets go of it entirely, and takes it again as often.",
                Raw::new,
            )
            .role("waits nested", Raw::wait)
            .role("makes ready", Raw::make_ready)
            .check(|raw| assert_eq!(raw.ready.get(), 2))
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
}

//! Models of [`RwLock`] and [`RawRwLock`](primitives::raw::RawRwLock): readers together, a writer
//! alone, and no sleeper is forgotten.

use std::sync::Arc;
use std::time::Duration;

use model::Reach::{Named, Slept, SpuriousWakeUp, TimedOut, Woken, WordChanged};
use model::{Group, Scenario, reached};
use primitives::raw::RawRwLock;
use primitives::{Event, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tests::model::Watched;

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

pub(crate) fn group() -> Group {
    guards(sleepers(timed(turns(raw(exclusion(Group::new("rwlock")))))))
}

fn pair() -> RwLock<(u32, u32)> {
    RwLock::new((0, 0))
}

/// Adds one to both numbers, in two steps.
fn write(pair: &RwLock<(u32, u32)>) {
    let mut pair = pair.write();
    pair.0 += 1;
    pair.1 += 1;
}

/// Sees both numbers equal.
fn read(pair: &RwLock<(u32, u32)>) {
    let pair = pair.read();
    assert_eq!(pair.0, pair.1, "a reader saw half of a change");
}

fn read_twice(pair: &RwLock<(u32, u32)>) {
    read(pair);
    read(pair);
}

fn write_or_give_up(pair: &RwLock<(u32, u32)>) {
    match pair.write_timeout(A_WHILE) {
        Some(mut pair) => {
            pair.0 += 1;
            pair.1 += 1;
        }
        None => reached("gave up writing"),
    }
}

fn read_or_give_up(pair: &RwLock<(u32, u32)>) {
    match pair.read_timeout(A_WHILE) {
        Some(pair) => assert_eq!(pair.0, pair.1),
        None => reached("gave up reading"),
    }
}

fn written(times: u32) -> impl Fn(&RwLock<(u32, u32)>) + Send + Sync + 'static {
    move |pair| {
        assert_eq!(*pair.try_read().expect("all have left, and no note lies"), (times, times));
    }
}

fn exclusion(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("two-write", "Two threads write: nothing is lost.", pair)
                .roles(2, "writes", write)
                .check(written(2))
                .reaches([Slept, Woken, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("reads-and-writes", "A reader sees all of a change or nothing.", pair)
                .role("writes", write)
                .role("reads", read)
                .check(written(1))
                .bound(Some(4))
                .reaches([Slept, Woken, WordChanged, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("spinning", "The same with a look before sleeping.", pair)
                .role("writes", write)
                .role("reads", read)
                .check(written(1))
                .spinning()
                .bound(Some(3))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "two-read-one-writes",
                "The last of two readers wakes the writer, and that wakes the readers.",
                pair,
            )
            .roles(2, "reads", read)
            .role("writes", write)
            .check(written(1))
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "one-reads-two-write",
                "A writer, a reader and another writer: no sleeper of either kind is forgotten.",
                pair,
            )
            .role("reads", read)
            .roles(2, "writes", write)
            .check(written(2))
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
}

/// The lock without data, and a number that loom watches.
struct Raw {
    lock: RawRwLock,
    number: Watched,
}

impl Raw {
    fn new() -> Self {
        Self { lock: RawRwLock::new(), number: Watched::new(0) }
    }

    fn read(&self) {
        self.lock.acquire_shared();
        if self.lock.reader_count() == 2 {
            reached("both read");
        }
        let _ = self.number.get();
        self.lock.release_shared();
    }

    fn write(&self) {
        self.lock.acquire_exclusive();
        assert!(self.lock.is_locked_exclusive());
        self.number.add(1);
        self.lock.release_exclusive();
    }
}

fn raw(group: Group) -> Group {
    group.scenario(
        Scenario::new("raw", "The calls without guards: two read, and one writes.", Raw::new)
            .roles(2, "reads", Raw::read)
            .role("writes", Raw::write)
            .check(|raw| {
                assert!(!raw.lock.is_locked());
                assert_eq!(raw.number.get(), 1);
            })
            .bound(Some(2))
            .reaches([Slept, Woken, Named("both read")]),
    )
}

fn turns(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "downgrade",
                "A writer that goes on as a reader lets no writer between.",
                pair,
            )
            .role("writes and reads", |pair| {
                let mut writer = pair.write();
                writer.0 += 1;
                writer.1 += 1;
                let now = writer.0;
                let reader = RwLockWriteGuard::downgrade(writer);
                assert_eq!(*reader, (now, now), "a writer got between");
            })
            .role("writes", write)
            .check(written(2))
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("downgrade-wakes", "A downgrade lets the readers in that sleep.", pair)
                .role("writes and reads", |pair| {
                    let mut writer = pair.write();
                    writer.0 += 1;
                    writer.1 += 1;
                    drop(RwLockWriteGuard::downgrade(writer));
                })
                .roles(2, "reads", read)
                .check(written(1))
                .bound(Some(2))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "recursive",
                "A reader that reads again does not wait for the writer that waits for it.",
                pair,
            )
            .role("reads, and again", |pair| {
                let outer = pair.read();
                assert_eq!(*outer, *pair.read_recursive());
            })
            .role("writes", write)
            .check(written(1))
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("try", "A try takes the lock whole or not at all.", pair)
                .role("writes", write)
                .role("tries", |pair| {
                    match pair.try_read() {
                        Some(pair) => assert_eq!(pair.0, pair.1),
                        None => reached("found it locked to read"),
                    }
                    match pair.try_write() {
                        Some(mut pair) => pair.1 += 0,
                        None => reached("found it locked to write"),
                    }
                })
                .check(written(1))
                .bound(Some(3))
                .reaches([Named("found it locked to read"), Named("found it locked to write")]),
        )
}

fn timed(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("a-writer-gives-up", "A writer that gives up keeps no reader out.", pair)
                .role("may give up", write_or_give_up)
                .role("reads twice", read_twice)
                .check(|pair| assert!(pair.try_read().is_some()))
                .bound(Some(3))
                .reaches([Slept, Woken, TimedOut, Named("gave up writing")]),
        )
        .scenario(
            Scenario::new("a-reader-gives-up", "A reader that gives up strands no other thread.", pair)
                .role("may give up", read_or_give_up)
                .role("writes", write)
                .check(|pair| assert!(pair.try_write().is_some()))
                .bound(Some(3))
                .reaches([Slept, Woken, TimedOut, Named("gave up reading")]),
        )
        .scenario(
            Scenario::new(
                "one-of-two-writers-gives-up",
                "The other writer has its turn all the same.",
                pair,
            )
            .role("writes", write)
            .role("may give up", write_or_give_up)
            .role("reads", read)
            .check(|pair| assert!(pair.try_write().is_some_and(|pair| pair.0 >= 1)))
            .bound(Some(2))
            .reaches([Slept, Woken, TimedOut, Named("gave up writing")]),
        )
        .scenario(
            Scenario::new(
                "a-writer-leaves-two-readers",
                "Two readers that a writer kept out go in when it gives up.",
                pair,
            )
            .roles(2, "reads", read)
            .role("may give up", write_or_give_up)
            .check(|pair| assert!(pair.try_write().is_some()))
            .bound(Some(2))
            .reaches([Slept, Woken, TimedOut, Named("gave up writing")]),
        )
        .scenario(
            Scenario::new(
                "readers-meet",
                "A reader that waits inside for another one does so no longer than a writer has patience.",
                || (pair(), Event::new()),
            )
            .role("reads and waits inside", |(pair, second_was_inside)| {
                let _inside = pair.read();
                second_was_inside.wait();
            })
            .role("reads", |(pair, second_was_inside)| {
                read(pair);
                second_was_inside.set();
            })
            .role("may give up", |(pair, _)| write_or_give_up(pair))
            .check(|(pair, _)| assert!(pair.try_write().is_some()))
            .bound(Some(2))
            .reaches([Slept, Woken, TimedOut, Named("gave up writing")]),
        )
}

/// A lock with a reader inside, which a role lets out.
fn read_locked() -> RawRwLock {
    let lock = RawRwLock::new();
    lock.acquire_shared();
    lock
}

fn pass_through(lock: &RawRwLock) {
    lock.acquire_shared();
    lock.release_shared();
}

/// Two readers sleep, and one call has to wake both.
fn sleepers(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "gives-up-before-two-sleepers",
                "A writer that gives up wakes all readers that it kept out.",
                read_locked,
            )
            .roles(2, "reads", pass_through)
            .role("gives up, then lets the first reader out", |lock| {
                assert!(!lock.acquire_exclusive_timeout(A_WHILE), "a reader is inside");
                lock.release_shared();
            })
            .check(|lock| assert!(!lock.is_locked()))
            .bound(Some(2))
            .reaches([Slept, Woken, TimedOut]),
        )
        .scenario(
            Scenario::new(
                "leaves-two-sleepers",
                "The last reader wakes all readers where no writer sleeps.",
                read_locked,
            )
            .roles(2, "reads", pass_through)
            .role("writes", |lock| {
                lock.acquire_exclusive();
                lock.release_exclusive();
            })
            .role("lets the first reader out", RawRwLock::release_shared)
            .check(|lock| assert!(!lock.is_locked()))
            .bound(Some(1))
            .spurious(0)
            .reaches([Slept, Woken]),
        )
}

/// Two numbers that loom watches: a guard of a part reaches its data by a pointer, which loom does
/// not watch.
type Watches = RwLock<(Watched, Watched)>;

fn watched_pair() -> Watches {
    RwLock::new((Watched::new(0), Watched::new(0)))
}

fn add_to_both(pair: &Watches) {
    let pair = pair.write();
    pair.0.add(1);
    pair.1.add(1);
}

/// Guards of a part, and guards that own.
fn guards(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("mapped", "A guard of a part keeps the whole locked.", watched_pair)
                .role("adds by a part, then reads by a part", |pair| {
                    let part = RwLockWriteGuard::map(pair.write(), |pair| &mut pair.1);
                    part.add(1);
                    drop(part);
                    let part = RwLockReadGuard::map(pair.read(), |pair| &pair.1);
                    assert!(part.get() > 0);
                })
                .role("adds to both", add_to_both)
                .check(|pair| assert_eq!(pair.try_read().expect("all have left").1.get(), 2))
                .bound(Some(4))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("owned", "A guard that owns is a reader or a writer as any.", || {
                Arc::new(watched_pair())
            })
            .role("writes, and reads on", |pair| {
                let guard = pair.write_owned();
                guard.0.add(1);
                guard.1.add(1);
                let guard = OwnedRwLockWriteGuard::downgrade(guard);
                assert_eq!(guard.0.get(), guard.1.get());
            })
            .role("adds to both", |pair| add_to_both(pair))
            .check(|pair| assert_eq!(pair.try_write().expect("all have left").1.get(), 2))
            .bound(Some(4))
            .reaches([Slept, Woken]),
        )
}

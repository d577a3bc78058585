//! Correct programs, which must cause no report; and as many deadlocks, each of which must be found
//! once.
//!
//! `LOCKSMITH_HUNT=5000000` sets the number of sections, which is small in an ordinary run;
//! `LOCKSMITH_KNOTS=20000` sets the number of deadlocks of each kind.

use std::env;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use primitives::deadlock::Verdict;
use primitives::{Barrier, Condition, Event, Lock, RLock, Semaphore, threads};

use super::{REPORTS, keep_reports};

fn number(variable: &str, otherwise: usize) -> usize {
    env::var(variable).map_or(otherwise, |text| text.parse().expect("a number"))
}

/// A pseudo-random number: Marsaglia's xorshift.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    (*state >> 16) as usize
}

/// What the threads of the hunt share.
struct World {
    locks: [Lock<usize>; 4],
    rlock: RLock<()>,
    /// Two threads may be inside; permits stay with their threads.
    seats: Semaphore,
    /// Some threads produce its permits and others consume them.
    signal: Semaphore,
    mail: Lock<usize>,
    came: Condition,
    sections: AtomicUsize,
}

impl World {
    fn section(&self, dice: &mut u64) {
        let (a, b) = (next(dice) % 4, next(dice) % 4);
        let (a, b) = (a.min(b), a.max(b));
        let _seat = (next(dice).is_multiple_of(8)).then(|| self.seats.acquire());
        let _r = (next(dice).is_multiple_of(8)).then(|| self.rlock.lock());
        let mut first = self.locks[a].lock();
        if next(dice).is_multiple_of(4) {
            threads::yield_now(); // while the others fall asleep
        }
        if a != b {
            *self.locks[b].lock() += 1;
        } else if let Some(mut any) = self.locks[next(dice) % 4].try_lock() {
            *any += 1; // in any order, for a try gives up
        }
        *first += 1;
        self.sections.fetch_add(1, Relaxed);
    }
}

#[test]
fn of_correct_programs_nothing_is_said() {
    const THREADS: usize = 8;
    keep_reports();
    let each = number("LOCKSMITH_HUNT", 4_000) / THREADS;
    let world = World {
        locks: [const { Lock::new(0) }; 4],
        rlock: RLock::new(()),
        seats: Semaphore::named("seats", 2).thread_bound(),
        signal: Semaphore::new(1),
        mail: Lock::new(0),
        came: Condition::new(),
        sections: AtomicUsize::new(0),
    };
    threads::scope(|s| {
        let world = &world;
        for me in 0..THREADS {
            s.spawn(move || {
                let mut dice = 0x9E37_79B9_7F4A_7C15 + me as u64;
                for turn in 0..each {
                    world.section(&mut dice);
                    match (me, turn % 64) {
                        // Pairs: one thread signals, the other waits, with or without a lock.
                        (0, 0) => world.signal.release(1),
                        (1, 0) => world.signal.acquire().forget(),
                        (2, 0) => {
                            *world.mail.lock() += 1;
                            world.came.notify_one();
                        }
                        (3, 0) => {
                            let mut mail = world.mail.lock();
                            world.came.wait_while(&mut mail, |mail| *mail == 0);
                            *mail -= 1;
                        }
                        // A thread is joined by another that holds a lock, which the first does not
                        // want.
                        (4, 0) => {
                            let _mine = world.rlock.lock();
                            let child = s.spawn(|| world.sections.load(Relaxed));
                            child.join().unwrap();
                        }
                        // A permit that another thread releases.
                        (5, 0) => {
                            let permit = world.signal.acquire();
                            s.spawn(move || drop(permit)).join().unwrap();
                        }
                        // An event that a thread sets while it holds a lock.
                        (6, 0) => {
                            let set = Event::new();
                            let set = &set;
                            threads::scope(|s| {
                                s.spawn(|| {
                                    let _mail = world.mail.lock();
                                    set.set();
                                });
                                set.wait();
                            });
                        }
                        _ => {}
                    }
                }
            });
        }
    });
    assert_eq!(world.sections.load(Relaxed), THREADS * each);
    let said = REPORTS.lock().unwrap();
    let of_us = |report: &&String| report.contains("hunt.rs") && !report.contains("knot");
    assert_eq!(said.iter().find(of_us), None);
}

/// Makes a deadlock of `n` threads. Each holds its own resource. When all do, each asks for the
/// next one's by `ask`, which returns whether it got a report. Exactly one must get it.
fn tie(n: usize, ask: impl Fn(usize, &Barrier) -> bool + Sync) {
    keep_reports();
    let all_have_theirs = Barrier::new(n);
    let victims = AtomicUsize::new(0);
    threads::scope(|s| {
        for me in 0..n {
            let (all_have_theirs, victims, ask) = (&all_have_theirs, &victims, &ask);
            s.spawn(move || {
                if ask(me, all_have_theirs) {
                    victims.fetch_add(1, Relaxed);
                }
            });
        }
    });
    assert_eq!(victims.into_inner(), 1, "one is told, and the others go on");
}

fn knots() -> usize {
    number("LOCKSMITH_KNOTS", 100)
}

#[test]
fn every_knot_of_two_and_of_three_locks_is_found_once() {
    for n in [2, 3] {
        for _ in 0..knots() {
            let locks: Vec<_> = (0..n).map(|_| Lock::named("knot", ())).collect();
            tie(n, |me, all_have_theirs| {
                let _mine = locks[me].lock();
                all_have_theirs.wait().unwrap();
                let asked = locks[(me + 1) % n].lock_checked();
                asked.is_err_and(|report| {
                    assert_eq!((report.verdict(), report.threads().len()), (Verdict::Cycle, n));
                    true
                })
            });
        }
    }
}

/// Two threads hold the permits of a pool and want a lock, whose owner wants a permit. Either of
/// the two could release a permit, so it is a deadlock only when all three wait.
#[test]
fn every_knot_through_the_permits_of_a_semaphore_is_found_once() {
    for _ in 0..knots() {
        let seats = Semaphore::named("knot", 2).thread_bound();
        let lock = Lock::named("knot", ());
        tie(3, |me, all_have_theirs| {
            if me == 0 {
                let _lock = lock.lock();
                all_have_theirs.wait().unwrap();
                seats.acquire_checked().is_err()
            } else {
                let _seat = seats.acquire();
                all_have_theirs.wait().unwrap();
                lock.lock_checked().is_err()
            }
        });
    }
}

#[test]
fn every_knot_of_a_lock_and_a_join_is_found_once() {
    for _ in 0..knots() {
        let lock: &Lock<()> = Box::leak(Box::new(Lock::named("knot", ())));
        let guard = lock.lock();
        let child = threads::spawn(|| lock.lock_checked().is_err());
        // The child closes the cycle, or this thread does, which the panic shows.
        let joined =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| child.join().unwrap()));
        drop(guard);
        match joined {
            Ok(child_was_told) => assert!(child_was_told),
            Err(panic) => {
                let message = panic.downcast::<String>().unwrap();
                assert!(message.contains("end of thread"), "{message}");
            }
        }
    }
}

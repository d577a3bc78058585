//! The condition: hand-overs, and storms of notifications.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use primitives::raw::RawLock;
use primitives::{Condition, Lock};
use tests::{leak, watched};

use tests::patience;

/// The thread that gives tickets waits while there are too many, so that the takers must wait in
/// turn.
const FEW: usize = 3;

/// A number under a lock, and a condition for its changes.
#[derive(Default)]
struct Watched {
    number: Lock<usize>,
    changed: Condition,
}

#[test]
fn two_threads_hand_a_turn_to_and_fro() {
    const TURNS: usize = 40_000;
    watched(|test| {
        let turn: &Watched = leak(Watched::default());
        let crew = test.crew(2, move |player| {
            for _ in 0..TURNS / 2 {
                let mut number = turn.number.lock();
                turn.changed.wait_while(&mut number, |number| *number % 2 != player);
                *number += 1;
                drop(number);
                turn.changed.notify_one();
            }
        });
        crew.join();
        assert_eq!(*turn.number.lock(), TURNS);
    });
}

#[test]
fn a_turn_goes_round_a_ring_of_more_threads_than_cores() {
    const RING: usize = 6;
    const LAPS: usize = 600;
    watched(|test| {
        let turn: &Watched = leak(Watched::default());
        let crew = test.crew(RING, move |place| {
            for lap in 0..LAPS {
                let mut number = turn.number.lock();
                turn.changed.wait_while(&mut number, |number| *number % RING != place);
                assert_eq!(*number, lap * RING + place);
                *number += 1;
                turn.changed.notify_all(); // with the lock held, for a change
            }
        });
        crew.join();
        assert_eq!(*turn.number.lock(), RING * LAPS);
    });
}

/// No thread may sleep through a step, although another thread notifies all the time without a
/// change.
#[test]
fn a_storm_of_notifications_hides_none() {
    const WAITERS: usize = 6;
    const STEPS: usize = 600;
    #[derive(Default)]
    struct Gate {
        state: Lock<(usize, usize)>, // the step, and how many have seen it
        next_step: Condition,
        all_have_seen: Condition,
        over: AtomicBool,
    }
    watched(|test| {
        let gate: &Gate = leak(Gate::default());
        let waiters = test.crew(WAITERS, move |waiter| {
            for step in 1..=STEPS {
                let mut state = gate.state.lock();
                if waiter % 2 == 0 {
                    gate.next_step.wait_while(&mut state, |(now, _)| *now < step);
                } else {
                    while state.0 < step {
                        gate.next_step.wait_timeout(&mut state, patience(step));
                    }
                }
                state.1 += 1;
                if state.1 == WAITERS {
                    gate.all_have_seen.notify_one();
                }
            }
        });
        let storm = test.crew(1, move |_| {
            for number in 0.. {
                match number % 3 {
                    0 => gate.next_step.notify_one(),
                    1 => gate.next_step.notify(2),
                    _ => gate.next_step.notify_all(),
                }
                if gate.over.load(Relaxed) {
                    break;
                }
                thread::yield_now();
            }
        });
        for step in 1..=STEPS {
            let mut state = gate.state.lock();
            *state = (step, 0);
            gate.next_step.notify_all();
            gate.all_have_seen.wait_while(&mut state, |(_, seen)| *seen < WAITERS);
        }
        waiters.join();
        gate.over.store(true, Relaxed);
        storm.join();
    });
}

#[test]
fn each_notification_is_worth_one_ticket_to_patient_and_impatient_waiters() {
    const GIVERS: usize = 3;
    const TAKERS: usize = 6;
    const EACH: usize = 3_000; // tickets that a taker takes
    watched(|test| {
        let tickets: &Watched = leak(Watched::default());
        let givers = test.crew(GIVERS, move |giver| {
            for number in 0..TAKERS * EACH / GIVERS {
                test.until(|| *tickets.number.lock() < FEW);
                let mut held = tickets.number.lock();
                *held += 1;
                // It notifies with the lock held, or after the release: both must work.
                let held = ((giver + number) % 2 == 0).then_some(held);
                tickets.changed.notify_one();
                drop(held);
            }
        });
        let takers = test.crew(TAKERS, move |taker| {
            for ticket in 0..EACH {
                let mut number = tickets.number.lock();
                if taker % 2 == 0 {
                    tickets.changed.wait_while(&mut number, |number| *number == 0);
                } else {
                    let none = |number: &mut usize| *number == 0;
                    let (changed, patience) = (&tickets.changed, patience(ticket));
                    while changed.wait_timeout_while(&mut number, patience, none).timed_out() {}
                }
                *number -= 1;
            }
        });
        givers.join();
        takers.join();
        assert_eq!(*tickets.number.lock(), 0);
        assert_eq!(format!("{:?}", tickets.changed), "Condition { waiters: 0 }");
    });
}

#[test]
fn a_raw_lock_can_be_waited_with_by_many() {
    const TAKERS: usize = 4;
    const EACH: usize = 3_000;
    #[derive(Default)]
    struct Tickets {
        lock: RawLock,
        given: Condition,
        number: AtomicUsize, // Relaxed: only changed by who has the lock
    }
    watched(|test| {
        let tickets: &Tickets = leak(Tickets::default());
        let takers = test.crew(TAKERS, move |taker| {
            for ticket in 0..EACH {
                tickets.lock.acquire();
                let none = || tickets.number.load(Relaxed) == 0;
                if taker % 2 == 0 {
                    tickets.given.wait_raw_while(&tickets.lock, none);
                } else {
                    while none() {
                        tickets.given.wait_raw_timeout(&tickets.lock, patience(ticket));
                    }
                }
                let number = tickets.number.load(Relaxed);
                tickets.number.store(number - 1, Relaxed);
                tickets.lock.release();
            }
        });
        for _ in 0..TAKERS * EACH {
            test.until(|| tickets.number.load(Relaxed) < FEW);
            tickets.lock.acquire();
            let number = tickets.number.load(Relaxed);
            tickets.number.store(number + 1, Relaxed);
            tickets.lock.release();
            tickets.given.notify_one();
        }
        takers.join();
        assert_eq!(tickets.number.load(Relaxed), 0);
        assert!(!tickets.lock.is_locked());
    });
}

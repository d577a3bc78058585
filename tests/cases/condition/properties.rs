//! `Condition` compared with a counter.

use std::time::{Duration, Instant};

use primitives::{Condition, Lock};
use proptest::collection::vec;
use proptest::prelude::*;
use tests::{leak, watched};

use tests::properties::config;

#[test]
fn a_timed_wait_says_what_its_predicate_said_last() {
    watched(|_| {
        proptest!(config(), |(blocked_looks in 0_u32..4, microseconds in 0_u64..3)| {
            let (lock, condition) = (Lock::new(0), Condition::new());
            let mut guard = lock.lock();
            let mut last_look = None;
            let timeout = Duration::from_micros(microseconds);
            let result = condition.wait_timeout_while(&mut guard, timeout, |looks| {
                *looks += 1;
                *last_look.insert(*looks <= blocked_looks)
            });
            prop_assert_eq!(Some(result.timed_out()), last_look);
            prop_assert!(!result.timed_out() || blocked_looks >= 2, "looks again when time is up");
            prop_assert!(lock.is_locked(), "the guard has it again");
            prop_assert!(*guard >= 1);
        });
    });
}

#[derive(Clone, Copy, Debug)]
enum Notify {
    One,
    Several(u32),
    All,
}

/// Tickets, and threads that each want one.
#[derive(Default)]
struct Desk {
    state: Lock<State>,
    ticket: Condition,
}

#[derive(Default)]
struct State {
    waiting: usize,
    tickets: u32,
    served: u32,
}

#[test]
fn as_many_waiters_go_on_as_there_are_tickets() {
    let notify = prop_oneof![
        3 => Just(Notify::One),
        2 => (0_u32..4).prop_map(Notify::Several),
        1 => Just(Notify::All),
    ];
    let cases = (1_u32..=5, vec((notify, any::<bool>()), 0..6));
    watched(|test| {
        proptest!(ProptestConfig { cases: config().cases / 2, ..config() }, |((waiters, calls) in cases)| {
            let desk: &Desk = leak(Desk::default());
            let crew = test.crew(waiters as usize, move |number| {
                let mut state = desk.state.lock();
                state.waiting += 1;
                // Half of them with a deadline that never comes.
                if number % 2 == 0 {
                    desk.ticket.wait_while(&mut state, |state| state.tickets == 0);
                } else {
                    let hour = Duration::from_secs(3600);
                    let waited = desk.ticket.wait_timeout_while(&mut state, hour, |s| s.tickets == 0);
                    assert!(!waited.timed_out());
                }
                state.tickets -= 1;
                state.served += 1;
            });
            test.until(|| desk.state.lock().waiting == waiters as usize);
            let mut given = 0;
            for (notify, under_the_lock) in calls {
                let mut state = desk.state.lock();
                let tickets = match notify {
                    Notify::One => 1,
                    Notify::Several(n) => n,
                    Notify::All => 2,
                };
                state.tickets += tickets;
                given += tickets;
                let held = under_the_lock.then_some(state);
                match notify {
                    Notify::One => desk.ticket.notify_one(),
                    Notify::Several(n) => desk.ticket.notify(n as usize),
                    Notify::All => desk.ticket.notify_all(),
                }
                drop(held);
                let served = given.min(waiters);
                test.until(|| desk.state.lock().served >= served);
                prop_assert_eq!(desk.state.lock().served, served);
            }
            desk.state.lock().tickets += waiters;
            desk.ticket.notify_all();
            crew.join();
            prop_assert_eq!(desk.state.lock().served, waiters);
            prop_assert_eq!(desk.state.lock().tickets, given);
            // No waiter stays in the count, and a past deadline still times out.
            prop_assert_eq!(format!("{:?}", desk.ticket), "Condition { waiters: 0 }");
            let wait = desk.ticket.wait_deadline(&mut desk.state.lock(), Instant::now());
            prop_assert!(wait.timed_out());
        });
    });
}

//! `Timers` compared with a sorted list. (The schedule alone, with a clock that the test sets, has
//! its own property test.)

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use primitives::{Event, Timers};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tests::watched;

use tests::properties::config;

const FAR: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy, Debug)]
enum Call {
    /// Microseconds after a past moment: few different values, so that many are equal.
    Due(u64),
    /// So far that it does not come.
    Far,
    Periodic,
    /// Any timer that was ever set.
    Cancel(Index),
}

/// It opens when it is dropped, so also when an assertion fails: the timers' end waits for the
/// callback.
#[derive(Default)]
struct Gate {
    closed: Arc<Event>,
    open: Arc<Event>,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open.set();
    }
}

#[test]
fn what_is_due_is_called_in_order_and_the_rest_is_discarded() {
    let call = prop_oneof![
        4 => (0_u64..10).prop_map(Call::Due),
        1 => Just(Call::Far),
        1 => Just(Call::Periodic),
        3 => any::<Index>().prop_map(Call::Cancel),
    ];
    watched(|test| {
        proptest!(config(), |(calls in vec(call, 0..40))| {
            let timers = Timers::new();
            let past = Instant::now();
            test.until(|| past.elapsed() > Duration::from_micros(20));
            // A callback keeps the thread busy while the timers are set and cancelled.
            let gate = Gate::default();
            timers.at(past, {
                let (closed, open) = (Arc::clone(&gate.closed), Arc::clone(&gate.open));
                move || {
                    closed.set();
                    open.wait();
                }
            });
            gate.closed.wait();

            let (send, called) = channel();
            let alive = Arc::new(());
            let mut handles = Vec::new();
            // By deadline, equal ones in order of setting; a timer that never comes has no
            // deadline.
            let mut pending: Vec<(Option<u64>, usize)> = Vec::new();
            for call in calls {
                let number = handles.len();
                let callback = || {
                    let (send, alive) = (send.clone(), Arc::clone(&alive));
                    move || {
                        send.send(number).expect("the test listens");
                        let _kept = &alive;
                    }
                };
                match call {
                    Call::Due(after) => {
                        handles.push(timers.at(past + Duration::from_micros(after), callback()));
                        pending.push((Some(after), number));
                    }
                    Call::Far => {
                        handles.push(timers.after(FAR, callback()));
                        pending.push((None, number));
                    }
                    Call::Periodic => {
                        handles.push(timers.every(Duration::MAX, callback()));
                        pending.push((None, number));
                    }
                    Call::Cancel(_) if handles.is_empty() => {}
                    Call::Cancel(which) => {
                        let number = which.index(handles.len());
                        let before = pending.len();
                        pending.retain(|&(_, other)| other != number);
                        prop_assert_eq!(handles[number].cancel(), pending.len() < before);
                    }
                }
                prop_assert_eq!(timers.pending(), pending.len());
                prop_assert_eq!(Arc::strong_count(&alive), pending.len() + 1, "dropped at once");
            }
            for (number, handle) in handles.iter().enumerate() {
                let is_pending = pending.iter().any(|&(_, other)| other == number);
                prop_assert_eq!(handle.is_pending(), is_pending);
            }

            drop(send);
            drop(gate);
            let (mut due, far): (Vec<_>, Vec<_>) =
                pending.into_iter().partition(|(deadline, _)| deadline.is_some());
            due.sort();
            let expected: Vec<_> = due.into_iter().map(|(_, number)| number).collect();
            let order: Vec<_> = called.iter().take(expected.len()).collect();
            prop_assert_eq!(order, expected);
            prop_assert_eq!(timers.shutdown(), far.len());
            prop_assert!(called.recv().is_err(), "no more were called, and all are dropped");
            prop_assert_eq!(Arc::strong_count(&alive), 1);
            for handle in handles {
                prop_assert!(!handle.is_pending() && !handle.cancel());
            }
        });
    });
}

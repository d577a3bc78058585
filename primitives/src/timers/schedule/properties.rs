//! Compares the schedule with a plain list, for random histories.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::Index;

use super::{Due, Key, NEVER, Removed, Schedule};

/// What a user can do. There are few different deadlines, so that many are equal.
#[derive(Clone, Debug)]
enum Step {
    Set {
        after: u64,
    },
    SetNever,
    /// Cancels any timer that was ever set, whether or not it is still there.
    Cancel(Index),
    /// Lets time pass, and calls what is due; every `periodic`-th called timer continues with that
    /// period.
    Pass {
        time: u64,
        periodic: usize,
        period: u64,
    },
    /// The same, but each timer is cancelled while its callback runs.
    PassAndCancelWhatRuns {
        time: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..40_u64).prop_map(|after| Step::Set { after }),
        1 => Just(Step::SetNever),
        4 => any::<Index>().prop_map(Step::Cancel),
        2 => (0..30_u64, 1..4_usize, 1..50_u64)
            .prop_map(|(time, periodic, period)| Step::Pass { time, periodic, period }),
        1 => (0..30_u64).prop_map(|time| Step::PassAndCancelWhatRuns { time }),
    ]
}

/// The list: the pending timers as (deadline, number), where the number counts settings.
#[derive(Default)]
struct List(Vec<(u64, usize)>);

impl List {
    fn first_due(&mut self, now: u64) -> Option<(u64, usize)> {
        let first = *self.0.iter().min()?;
        (first.0 <= now && first.0 != NEVER).then(|| {
            self.0.retain(|&pending| pending != first);
            first
        })
    }

    fn cancel(&mut self, number: usize) -> bool {
        let before = self.0.len();
        self.0.retain(|&(_, pending)| pending != number);
        self.0.len() < before
    }

    fn next_deadline(&self) -> Option<u64> {
        self.0.iter().map(|&(deadline, _)| deadline).filter(|&d| d != NEVER).min()
    }
}

proptest! {
    // Not by Miri, for which it is too much.
    #[cfg_attr(miri, ignore)]
    #[test]
    fn it_does_what_a_list_would_do(steps in vec(step(), 0..200)) {
        let mut schedule = Schedule::new();
        let mut list = List::default();
        let mut keys: Vec<Key> = Vec::new();
        let mut now = 0;
        let mut calls = 0;

        for step in steps {
            match step {
                Step::Set { after } => {
                    list.0.push((now + after, keys.len()));
                    keys.push(schedule.insert(now + after, keys.len()));
                }
                Step::SetNever => {
                    list.0.push((NEVER, keys.len()));
                    keys.push(schedule.insert(NEVER, keys.len()));
                }
                Step::Cancel(which) if !keys.is_empty() => {
                    let number = which.index(keys.len());
                    let expected = list.cancel(number).then_some(Removed::Waiting(number));
                    prop_assert_eq!(schedule.remove(keys[number]), expected);
                }
                Step::Cancel(_) => {}
                Step::Pass { time, periodic, period } => {
                    now += time;
                    while let Some(Due { key, deadline, item }) = schedule.lend_due(now) {
                        prop_assert_eq!(list.first_due(now), Some((deadline, item)));
                        prop_assert_eq!(key, keys[item]);
                        calls += 1;
                        if calls % periodic == 0 {
                            list.0.push((now + period, item));
                            prop_assert_eq!(schedule.put_back(key, now + period, item), Ok(()));
                        } else {
                            assert!(schedule.end(key));
                        }
                    }
                    prop_assert_eq!(list.first_due(now), None);
                }
                Step::PassAndCancelWhatRuns { time } => {
                    now += time;
                    if let Some(Due { key, deadline, item }) = schedule.lend_due(now) {
                        prop_assert_eq!(list.first_due(now), Some((deadline, item)));
                        prop_assert_eq!(schedule.len(), list.0.len() + 1, "lent is pending");
                        prop_assert_eq!(schedule.remove(key), Some(Removed::Lent));
                        prop_assert_eq!(schedule.put_back(key, now, item), Err(item));
                    }
                }
            }
            schedule.check();
            prop_assert_eq!(schedule.len(), list.0.len());
            prop_assert_eq!(schedule.next_deadline(), list.next_deadline());
        }
    }
}

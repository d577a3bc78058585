//! Linearizability: whether a single thread could have seen what several threads saw.
//!
//! Each call has two moments, before its start and after its end. It took effect at one moment in
//! between, and all these effects together must be a possible history of one thread that uses a
//! sequential object. As the next call, the search tries each one that began before any other
//! remaining call ended. Two histories with the same calls and the same state continue in the same
//! way, so the second is not followed.
//!
//! Source: J. M. Wing and C. Gong, _Testing and Verifying Concurrent Objects_ (1993); remembering
//! states is G. Lowe's, _Testing for Linearizability_ (2017).

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// The object as a single thread would see it.
pub trait Sequential: Clone + Eq + Hash {
    /// The calls.
    type Call;
    /// The results of a call.
    type Outcome: PartialEq;

    /// Makes the call, and returns its expected result.
    fn call(&mut self, call: &Self::Call) -> Self::Outcome;
}

/// A call, its result, and its time.
#[derive(Clone, Debug)]
pub struct Event<C, O> {
    /// Which thread made it.
    pub thread: usize,
    /// What was called.
    pub call: C,
    /// What came of it.
    pub outcome: O,
    /// Before it began.
    pub start: u64,
    /// The moment after its end.
    pub end: u64,
}

/// Counts moments. A counter and not a clock: no two moments are the same, and they have one order.
#[derive(Debug, Default)]
pub struct Moments(AtomicU64);

impl Moments {
    /// The next moment.
    pub fn next(&self) -> u64 {
        // SeqCst: an operation on the counter before a call must stay before it, and one after a
        // call must stay after it.
        self.0.fetch_add(1, SeqCst)
    }
}

/// A history that a single thread cannot have seen.
#[derive(Debug)]
pub struct NotLinearizable<'a, C, O>(&'a [Event<C, O>]);

impl<C: fmt::Debug, O: fmt::Debug> fmt::Display for NotLinearizable<'_, C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no order of these calls explains what came of them:")?;
        for Event { thread, call, outcome, start, end } in self.0 {
            writeln!(f, "  {start:>3}..{end:<3} thread {thread}: {call:?} → {outcome:?}")?;
        }
        Ok(())
    }
}

/// Looks for an order of the calls that explains their results.
///
/// # Errors
///
/// [`NotLinearizable`] if there is none.
///
/// # Panics
///
/// If there are more than 64 calls.
pub fn linearize<S: Sequential>(
    history: &[Event<S::Call, S::Outcome>],
    beginning: S,
) -> Result<Vec<usize>, NotLinearizable<'_, S::Call, S::Outcome>> {
    assert!(history.len() <= 64, "{} calls are too many", history.len());
    let mut search = Search { history, seen: HashSet::new(), story: Vec::new() };
    match search.goes_on(0, &beginning) {
        true => Ok(search.story),
        false => Err(NotLinearizable(history)),
    }
}

struct Search<'a, S: Sequential> {
    history: &'a [Event<S::Call, S::Outcome>],
    /// The calls so far, one bit each, and the state.
    seen: HashSet<(u64, S)>,
    story: Vec<usize>,
}

impl<S: Sequential> Search<'_, S> {
    /// Whether the history can be completed from these calls and this state.
    fn goes_on(&mut self, told: u64, state: &S) -> bool {
        let history = self.history;
        let left = || (0..history.len()).filter(|call| told & 1 << call == 0);
        let Some(first_end) = left().map(|call| history[call].end).min() else { return true };
        for next in left().filter(|&call| history[call].start < first_end) {
            let mut state = state.clone();
            if state.call(&history[next].call) != history[next].outcome {
                continue;
            }
            let told = told | 1 << next;
            if !self.seen.insert((told, state.clone())) {
                continue;
            }
            self.story.push(next);
            if self.goes_on(told, &state) {
                return true;
            }
            self.story.pop();
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that can be written and read.
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Register(u32);

    #[derive(Clone, Debug)]
    enum Call {
        Write(u32),
        Read,
    }

    impl Sequential for Register {
        type Call = Call;
        type Outcome = Option<u32>;

        fn call(&mut self, call: &Call) -> Option<u32> {
            match *call {
                Call::Write(number) => {
                    self.0 = number;
                    None
                }
                Call::Read => Some(self.0),
            }
        }
    }

    type Calls = Vec<Event<Call, Option<u32>>>;

    fn history(calls: &[(u64, u64, Call, Option<u32>)]) -> Calls {
        let event =
            |(thread, (start, end, call, outcome)): (usize, &(u64, u64, Call, Option<u32>))| {
                Event { thread, call: call.clone(), outcome: *outcome, start: *start, end: *end }
            };
        calls.iter().enumerate().map(event).collect()
    }

    fn story(calls: &Calls) -> Option<Vec<usize>> {
        linearize(calls, Register(0)).ok()
    }

    #[test]
    fn calls_that_overlap_may_have_happened_in_either_order() {
        for (seen, order) in [(0, [1, 0]), (1, [0, 1])] {
            let calls = history(&[(0, 3, Call::Write(1), None), (1, 2, Call::Read, Some(seen))]);
            assert_eq!(story(&calls), Some(order.to_vec()));
        }
    }

    #[test]
    fn a_call_that_ended_happened_before_one_that_had_not_begun() {
        let calls = history(&[(0, 1, Call::Write(1), None), (2, 3, Call::Read, Some(0))]);
        assert_eq!(story(&calls), None, "reads what was overwritten before");
    }

    #[test]
    fn two_that_look_one_after_the_other_cannot_see_time_run_backwards() {
        let calls = history(&[
            (0, 9, Call::Write(1), None),
            (1, 2, Call::Read, Some(1)),
            (3, 4, Call::Read, Some(0)),
        ]);
        assert_eq!(story(&calls), None);
    }

    #[test]
    fn what_nobody_wrote_cannot_be_read() {
        let calls = history(&[(0, 3, Call::Write(1), None), (1, 2, Call::Read, Some(2))]);
        let refused = linearize(&calls, Register(0)).unwrap_err().to_string();
        assert!(refused.contains("1..2   thread 1: Read → Some(2)"), "{refused}");
    }

    #[test]
    fn states_that_were_seen_are_not_searched_again() {
        // Twelve writes at once of which the order does not matter, and a read that is wrong: there
        // are 479,001,600 orders of twelve calls, but only 4,096 sets of calls.
        let mut calls: Vec<_> = (0..12).map(|start| (start, 99, Call::Write(1), None)).collect();
        calls.push((12, 99, Call::Read, Some(2)));
        assert_eq!(story(&history(&calls)), None);
    }
}

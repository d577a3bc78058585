//! Claims whose answer was lost.
//!
//! A connection may break after the server has run a claim and before its answer is here. The
//! messages then belong to this worker, which knows nothing of them: they would come back after the
//! visibility timeout, an hour later. So the server keeps a record of each claim, under a name and
//! a number that the claimer chose, and the claimer's next call first gives back what a lost one
//! has claimed.

use primitives::Lock;
use uuid::Uuid;

/// The names of the records: one for each thread that claims at the same time, and used again after
/// it.
pub(super) struct Attempts {
    prefix: String,
    state: Lock<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<Attempt>,
    named: u64,
}

// ANCHOR: attempt
/// One record on the server, and the claim that it is about.
pub(super) struct Attempt {
    /// The record's key.
    pub(super) record: String,
    /// Each claim has its own number, so that an old record is not taken for that of a claim that
    /// never arrived.
    pub(super) number: u64,
    /// The claim has begun, and its answer has not come.
    pub(super) is_lost: bool,
}
// ANCHOR_END: attempt

impl Attempts {
    pub(super) fn new() -> Self {
        let prefix = format!("locksmith.claim.{}", Uuid::new_v4().simple());
        Self { prefix, state: Lock::default() }
    }

    /// A record that no other thread uses. Those of lost claims come first.
    pub(super) fn take(&self) -> Attempt {
        let mut state = self.state.lock();
        let lost = state.idle.iter().position(|attempt| attempt.is_lost);
        let attempt = lost.map(|at| state.idle.swap_remove(at)).or_else(|| state.idle.pop());
        attempt.unwrap_or_else(|| {
            state.named += 1;
            let record = format!("{}.{}", self.prefix, state.named);
            Attempt { record, number: 0, is_lost: false }
        })
    }

    pub(super) fn put_back(&self, attempt: Attempt) {
        self.state.lock().idle.push(attempt);
    }
}

impl Attempt {
    /// Another claim begins. Its answer may be lost from here on.
    pub(super) fn begin(&mut self) {
        self.number += 1;
        self.is_lost = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_one_is_taken_up_first() {
        let attempts = Attempts::new();
        let (mut one, two) = (attempts.take(), attempts.take());
        assert_ne!(one.record, two.record);
        one.begin();
        let record = one.record.clone();
        attempts.put_back(one);
        attempts.put_back(two);
        let again = attempts.take();
        assert_eq!((again.record, again.number, again.is_lost), (record, 1, true));
    }
}

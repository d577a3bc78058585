//! `Barrier` compared with a list of waiters.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use primitives::{Barrier, BarrierWaitResult, BrokenBarrierError};
use proptest::collection::vec;
use proptest::prelude::*;
use tests::{Test, leak, watched};

use tests::properties::{Puppet, config};

const MOST: usize = 4;

type Waited = Result<BarrierWaitResult, BrokenBarrierError>;

#[derive(Clone, Copy, Debug)]
enum Call {
    /// One more thread waits: it is the last one, or waits without a timeout.
    Wait,
    /// The same with a timeout that expires at once: breaks the barrier unless this is the last.
    WaitNoTime,
    /// As `Wait`, but if this is the last the action panics.
    WaitAndPanic,
    Abort,
    Reset,
}

/// The barrier, and its model.
struct Both {
    barrier: &'static Barrier<Box<dyn FnMut() + Send>>,
    panics: &'static AtomicBool,
    actions: &'static AtomicUsize,
    threads: [Puppet; MOST],
    /// The waiters, in order of arrival.
    inside: Vec<Receiver<Waited>>,
    broken: bool,
    trips: usize,
}

impl Both {
    fn new(parties: usize) -> Self {
        let panics: &AtomicBool = leak(AtomicBool::new(false));
        let actions: &AtomicUsize = leak(AtomicUsize::new(0));
        let action = move || {
            if panics.swap(false, SeqCst) {
                std::panic::resume_unwind(Box::new(())); // as a panic, but says nothing
            }
            actions.fetch_add(1, SeqCst);
        };
        Self {
            barrier: leak(Barrier::new(parties).with_action(Box::new(action))),
            panics,
            actions,
            threads: [(); MOST].map(|()| Puppet::new()),
            inside: Vec::new(),
            broken: false,
            trips: 0,
        }
    }

    fn call(&mut self, test: &Test, call: Call) -> Result<(), TestCaseError> {
        match call {
            Call::Abort => {
                self.barrier.abort();
                self.broken = true;
                self.all_fail()?;
            }
            Call::Reset => {
                self.barrier.reset();
                self.broken = false;
                self.all_fail()?;
            }
            _ if self.broken => prop_assert_eq!(self.barrier.wait(), Err(BrokenBarrierError)),
            _ if self.inside.len() + 1 == self.barrier.parties() => self.trip(call)?,
            Call::WaitNoTime => {
                prop_assert!(self.barrier.wait_timeout(Duration::ZERO).is_err());
                self.broken = true;
                self.all_fail()?;
            }
            Call::Wait | Call::WaitAndPanic => {
                let barrier = self.barrier;
                let patient = self.inside.len().is_multiple_of(2);
                self.inside.push(self.threads[self.inside.len()].begin(move || {
                    if patient { barrier.wait() } else { barrier.wait_timeout(Duration::MAX) }
                }));
                test.until(|| barrier.n_waiting() == self.inside.len());
            }
        }
        prop_assert_eq!(self.barrier.n_waiting(), self.inside.len());
        prop_assert_eq!(self.barrier.is_broken(), self.broken);
        prop_assert_eq!(self.actions.load(SeqCst), self.trips);
        Ok(())
    }

    /// The last one arrives.
    fn trip(&mut self, call: Call) -> Result<(), TestCaseError> {
        if let Call::WaitAndPanic = call {
            self.panics.store(true, SeqCst);
            let panicked = catch_unwind(AssertUnwindSafe(|| self.barrier.wait()));
            prop_assert!(panicked.is_err(), "it goes on in the thread that ran the action");
            self.broken = true;
            return self.all_fail();
        }
        let last = match call {
            Call::WaitNoTime => self.barrier.wait_timeout(Duration::ZERO),
            _ => self.barrier.wait(),
        }
        .expect("all have come");
        prop_assert_eq!((last.index(), last.is_leader()), (self.inside.len(), true));
        for (index, result) in self.inside.drain(..).enumerate() {
            let result = result.recv().expect("the thread goes on").expect("all have come");
            prop_assert_eq!((result.index(), result.is_leader()), (index, false));
        }
        self.trips += 1;
        Ok(())
    }

    fn all_fail(&mut self) -> Result<(), TestCaseError> {
        for result in self.inside.drain(..) {
            prop_assert_eq!(result.recv().expect("the thread goes on"), Err(BrokenBarrierError));
        }
        Ok(())
    }
}

#[test]
fn a_barrier_does_what_a_list_of_those_who_wait_does() {
    let call = prop_oneof![
        8 => Just(Call::Wait),
        1 => Just(Call::WaitNoTime),
        1 => Just(Call::WaitAndPanic),
        1 => Just(Call::Abort),
        3 => Just(Call::Reset),
    ];
    watched(|test| {
        proptest!(ProptestConfig { cases: config().cases / 2, ..config() }, |(
            parties in 1..=MOST,
            calls in vec(call, 0..30),
        )| {
            let mut both = Both::new(parties);
            for call in calls {
                both.call(test, call)?;
            }
            both.call(test, Call::Abort)?; // lets all go
        });
    });
}

//! Each kind of queue under several threads at once: what they saw must be what one thread could
//! have seen.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use tests::{Event, Kind, Ledger, Moments, Sequential, Test, leak, linearize, watched};

use super::{Call, GaveUp, Model, Outcome, Subject};
use tests::properties::{Form, config};

const THREADS: usize = 3;
/// The calls of one thread. Each further one costs the checker a factor.
const MOST_CALLS: usize = 6;

/// A call and the number of its item.
type Made = (Call, usize);
type History = Vec<Event<Made, Outcome>>;

/// A [`Model`] in which a shutdown counts what it took out as done at once, or item by item.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Told {
    model: Model,
    settles_later: bool,
}

impl Told {
    fn new(kind: Kind, capacity: Option<usize>) -> Self {
        // A ring has no lock under which it could do all of it at once, and says so.
        Self { model: Model::new(kind, capacity), settles_later: kind == Kind::Ring }
    }
}

impl Sequential for Told {
    type Call = Made;
    type Outcome = Outcome;

    fn call(&mut self, &(call, number): &Made) -> Outcome {
        if matches!(call, Call::Settle) && self.model.unsettled() == 0 {
            return Outcome::Count(0); // not yet
        }
        let outcome = self.model.make(call, number);
        if !self.settles_later {
            self.model.settle();
        }
        outcome
    }
}

/// Forms that end by themselves, or by the shutdown that comes at last.
fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        2 => Just(Form::Blocking),
        1 => Just(Form::Endless),
        4 => Just(Form::Try),
        2 => Just(Form::Timeout(Duration::from_micros(20))),
        1 => Just(Form::Past),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        40 => form().prop_map(Call::Put),
        40 => form().prop_map(Call::Get),
        8 => Just(Call::TaskDone),
        // A join without a timeout would never return, because not every item that is got is also
        // done.
        4 => select(vec![Form::Try, Form::Timeout(Duration::from_micros(20))]).prop_map(Call::Join),
        4 => Just(Call::Len),
        4 => Just(Call::Unfinished),
        1 => Just(Call::Shutdown),
        1 => Just(Call::ShutdownNow),
    ]
}

/// Makes the calls of each thread at once, and after a while shuts down. Returns what each thread
/// saw.
fn run(
    test: &'static Test,
    calls: &[Vec<Call>],
    make: impl Fn(Call, usize) -> Outcome + Sync + 'static,
    settles_later: bool,
) -> History {
    let moments: &Moments = leak(Moments::default());
    let make = leak(make);
    let record = move |thread, call, number| {
        let start = moments.next();
        let outcome = make(call, number);
        let end = moments.next();
        let event = |call, outcome| Event { thread, call: (call, number), outcome, start, end };
        let unsettled = match &outcome {
            Outcome::Shutdown { left } if settles_later => left.len(),
            _ => 0,
        };
        let mut events = vec![event(call, outcome)];
        events.extend((0..unsettled).map(|_| event(Call::Settle, Outcome::Settled)));
        events
    };
    let calls: &Vec<Vec<Call>> = leak(calls.to_vec());
    let crew = test.crew(calls.len(), move |thread| {
        let numbered = calls[thread].iter().enumerate();
        let numbered = numbered.map(|(i, &call)| (call, thread * MOST_CALLS + i));
        numbered.flat_map(|(call, number)| record(thread, call, number)).collect::<Vec<_>>()
    });
    // It frees threads that wait for what never comes; it may also come in the middle.
    for _ in 0..20 {
        thread::yield_now();
    }
    let mut history = record(calls.len(), Call::Shutdown, 0);
    history.extend(crew.join().into_iter().flatten());
    history
}

#[test]
fn what_threads_see_of_a_queue_can_be_told_as_the_story_of_one() {
    let calls = vec(vec(call(), 1..=MOST_CALLS), 2..=THREADS);
    let capacity = option::weighted(0.8, 1_usize..=3);
    // A smaller case need not fail again, because the failure depends on which thread was faster.
    // Half as many cases as elsewhere, because each starts threads.
    let config = ProptestConfig { cases: config().cases / 2, max_shrink_iters: 0, ..config() };
    watched(|test| {
        proptest!(config, |((kind, capacity, calls) in (select(&Kind::ALL[..]), capacity, calls))| {
            let ledger = Ledger::new(1, MOST_CALLS * THREADS);
            let capacity = kind.capacity(capacity);
            let subject = Subject { queue: kind.make(capacity) };
            let make = move |call, number| subject.make(call, || ledger.item(0, number));
            let beginning = Told::new(kind, capacity);
            let history = run(test, &calls, make, beginning.settles_later);
            if let Err(refused) = linearize(&history, beginning) {
                panic!("{kind:?} with capacity {capacity:?}: {refused}");
            }
        });
    });
}

/// First in, first out, but a `get` reads the first item under the lock, and removes it under the
/// lock, and releases the lock in between.
#[derive(Default)]
struct LooksThenTakes(Mutex<VecDeque<usize>>);

impl LooksThenTakes {
    fn items(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make(&self, call: Call, number: usize) -> Outcome {
        match call {
            Call::Put(_) => {
                self.items().push_back(number);
                Outcome::Put(Ok(()))
            }
            Call::Get(_) => {
                let first = self.items().front().copied();
                thread::yield_now();
                _ = self.items().pop_front();
                Outcome::Get(first.ok_or(GaveUp::FullOrEmpty))
            }
            Call::Shutdown => Outcome::Shutdown { left: Vec::new() },
            call => unreachable!("{call:?} is not among the calls of this test"),
        }
    }
}

#[test]
fn a_queue_that_looks_first_and_takes_later_is_found_out() {
    let calls = [
        vec![Call::Put(Form::Try), Call::Get(Form::Try), Call::Get(Form::Try)],
        vec![Call::Put(Form::Try), Call::Get(Form::Try)],
    ];
    watched(|test| {
        let found = RefCell::new(None);
        test.until(|| {
            let queue = LooksThenTakes::default();
            // Its shutdown does nothing, so it is left out.
            let mut history =
                run(test, &calls, move |call, number| queue.make(call, number), false);
            history.retain(|event| !matches!(event.call.0, Call::Shutdown));
            let refused = linearize(&history, Told::new(Kind::Queue, None)).err();
            *found.borrow_mut() = refused.map(|refused| refused.to_string());
            found.borrow().is_some()
        });
        let refused = found.take().expect("it is there");
        assert!(refused.contains("Get(Ok("), "{refused}");
    });
}

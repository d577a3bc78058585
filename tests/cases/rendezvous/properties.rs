//! Random calls in several threads. A rendezvous is no sequential object: its put and its get take
//! effect together. So its history is not told as one thread's, but as pairs that meet.
//!
//! Source: N. Hemed, N. Rinetzky and V. Vafeiadis, _Modular verification of concurrency-aware
//! linearizability_ (2015).

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use queues::{GetTimeoutError, PutTimeoutError, Rendezvous, TryGetError, TryPutError};
use tests::properties::{Form, config};
use tests::{Item, Ledger, Moments, Test, leak, watched};

const THREADS: usize = 4;
const MOST_CALLS: usize = 8;

#[derive(Clone, Copy, Debug)]
enum Call {
    Put(Form),
    Get(Form),
    Shutdown,
}

/// Why an item did not change hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failed {
    ByTime,
    ByShutdown,
}

/// What came of a call, with the item's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Put(usize, Result<(), Failed>),
    Got(Result<usize, Failed>),
    Ended,
}

/// A call between two moments.
#[derive(Clone, Copy, Debug)]
struct Made {
    #[expect(dead_code, reason = "shown by a failure")]
    call: Call,
    outcome: Outcome,
    start: u64,
    end: u64,
}

impl Made {
    fn meets(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

fn form() -> impl Strategy<Value = Form> {
    prop_oneof![
        4 => Just(Form::Blocking),
        1 => Just(Form::Endless),
        3 => Just(Form::Try),
        4 => Just(Form::Timeout(Duration::from_micros(20))),
        1 => Just(Form::Past),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        40 => form().prop_map(Call::Put),
        40 => form().prop_map(Call::Get),
        1 => Just(Call::Shutdown),
    ]
}

fn put(queue: &Rendezvous<Item>, form: Form, item: Item) -> Outcome {
    let number = item.number();
    let timed = |outcome| match outcome {
        Ok(()) => Ok(()),
        Err(PutTimeoutError::Timeout(item)) => Err((Failed::ByTime, item)),
        Err(PutTimeoutError::Shutdown(item)) => Err((Failed::ByShutdown, item)),
    };
    let outcome = match form {
        Form::Blocking => queue.put(item).map_err(|back| (Failed::ByShutdown, back.into_inner())),
        Form::Endless => timed(queue.put_timeout(item, Duration::MAX)),
        Form::Timeout(timeout) => timed(queue.put_timeout(item, timeout)),
        Form::Past => timed(queue.put_deadline(item, Instant::now())),
        Form::Try => queue.try_put(item).map_err(|error| match error {
            TryPutError::Full(item) => (Failed::ByTime, item),
            TryPutError::Shutdown(item) => (Failed::ByShutdown, item),
        }),
    };
    Outcome::Put(
        number,
        outcome.map_err(|(why, back)| {
            assert_eq!(back.number(), number, "another item came back");
            why
        }),
    )
}

fn get(queue: &Rendezvous<Item>, form: Form) -> Outcome {
    let timed = |error| match error {
        GetTimeoutError::Timeout => Failed::ByTime,
        GetTimeoutError::Shutdown => Failed::ByShutdown,
    };
    let outcome = match form {
        Form::Blocking => queue.get().map_err(|_| Failed::ByShutdown),
        Form::Endless => queue.get_timeout(Duration::MAX).map_err(timed),
        Form::Timeout(timeout) => queue.get_timeout(timeout).map_err(timed),
        Form::Past => queue.get_deadline(Instant::now()).map_err(timed),
        Form::Try => queue.try_get().map_err(|error| match error {
            TryGetError::Empty => Failed::ByTime,
            TryGetError::Shutdown => Failed::ByShutdown,
        }),
    };
    Outcome::Got(outcome.map(|item| {
        let number = item.number();
        item.take();
        number
    }))
}

/// Makes the calls of each thread at once, and shuts down after a while.
fn run(test: &'static Test, calls: &[Vec<Call>], ledger: &'static Ledger) -> Vec<Made> {
    let queue: &Rendezvous<Item> = leak(Rendezvous::new());
    let moments: &Moments = leak(Moments::default());
    let record = move |call, number| {
        let start = moments.next();
        let outcome = match call {
            Call::Put(form) => put(queue, form, ledger.item(0, number)),
            Call::Get(form) => get(queue, form),
            Call::Shutdown => {
                queue.shutdown();
                Outcome::Ended
            }
        };
        Made { call, outcome, start, end: moments.next() }
    };
    let calls: &Vec<Vec<Call>> = leak(calls.to_vec());
    let crew = test.crew(calls.len(), move |thread| {
        let numbered = calls[thread].iter().enumerate();
        numbered.map(|(i, &call)| record(call, thread * MOST_CALLS + i)).collect::<Vec<_>>()
    });
    // It frees threads that wait for what never comes; it may also come in the middle.
    for _ in 0..20 {
        thread::yield_now();
        assert!(never_both(queue), "a putter and a getter wait for each other");
    }
    let last = record(Call::Shutdown, 0);
    let mut history = vec![last];
    history.extend(crew.join().into_iter().flatten());
    assert_eq!((queue.putters_waiting(), queue.getters_waiting()), (0, 0));
    history
}

/// Whether at most one side stands in line, as the queue shows it in one look.
fn never_both(queue: &Rendezvous<Item>) -> bool {
    let shown = format!("{queue:?}");
    shown.contains("putters_waiting: 0")
        || shown.contains("getters_waiting: 0")
        || shown.contains("<locked>")
}

/// Checks that each item that changed hands did so while both were there, and no other one did.
fn check(history: &[Made]) -> Result<(), String> {
    let mut got = HashMap::new();
    for made in history {
        if let Outcome::Got(Ok(number)) = made.outcome
            && got.insert(number, made).is_some()
        {
            return Err(format!("item {number} was got twice"));
        }
    }
    let ended = history.iter().filter(|made| made.outcome == Outcome::Ended);
    let (mut first_end, mut all_ended) = (u64::MAX, u64::MAX);
    for end in ended {
        first_end = first_end.min(end.start);
        all_ended = all_ended.min(end.end);
    }
    for made in history {
        let failed = match made.outcome {
            Outcome::Put(number, Ok(())) => match got.remove(&number) {
                Some(get) if made.meets(get) => None,
                Some(get) => return Err(format!("{made:?} and {get:?} did not meet")),
                None => return Err(format!("{made:?} returned, and no get has the item")),
            },
            Outcome::Put(number, Err(_)) if got.contains_key(&number) => {
                return Err(format!("{made:?} has its item back, and a get has it too"));
            }
            Outcome::Put(_, Err(failed)) | Outcome::Got(Err(failed)) => Some(failed),
            Outcome::Got(Ok(_)) | Outcome::Ended => None,
        };
        if failed == Some(Failed::ByShutdown) && made.end < first_end {
            return Err(format!("{made:?} failed by a shutdown that came later"));
        }
        if failed != Some(Failed::ByShutdown)
            && made.start > all_ended
            && made.outcome != Outcome::Ended
        {
            return Err(format!("{made:?} began after the shutdown"));
        }
    }
    match got.keys().next() {
        Some(number) => Err(format!("item {number} was got, and no put says so")),
        None => Ok(()),
    }
}

#[test]
fn each_item_changes_hands_while_both_are_there_or_comes_back() {
    let calls = vec(vec(call(), 1..=MOST_CALLS), 2..=THREADS);
    // Which thread was faster decides, so a smaller case need not fail again.
    let config = ProptestConfig { max_shrink_iters: 0, ..config() };
    watched(|test| {
        proptest!(config, |(calls in calls)| {
            let ledger = Ledger::new(1, MOST_CALLS * THREADS);
            let history = run(test, &calls, ledger);
            if let Err(refused) = check(&history) {
                panic!("{refused}, in {history:#?}");
            }
            let taken = |made: &&Made| matches!(made.outcome, Outcome::Got(Ok(_)));
            prop_assert_eq!(ledger.close().0, history.iter().filter(taken).count());
        });
    });
}

#[test]
fn a_history_of_a_queue_with_a_place_is_found_out() {
    let put = Made {
        call: Call::Put(Form::Blocking),
        outcome: Outcome::Put(0, Ok(())),
        start: 0,
        end: 1,
    };
    let get =
        Made { call: Call::Get(Form::Blocking), outcome: Outcome::Got(Ok(0)), start: 2, end: 3 };
    let refused = check(&[put, get]).unwrap_err();
    assert!(refused.contains("did not meet"), "{refused}");
    assert!(check(&[put]).unwrap_err().contains("no get has the item"));
    assert!(check(&[get]).unwrap_err().contains("no put says so"));
    assert!(check(&[put, Made { start: 0, ..get }]).is_ok());
}

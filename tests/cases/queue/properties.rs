//! Each kind of queue compared with a `VecDeque`.

mod at_once;
mod concurrent;
mod corners;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use queues::{BlockingQueue, GetTimeoutError, PutTimeoutError, TryGetError, TryPutError};
use tests::{Item, Kind, Ledger, watched};

use tests::properties::{Form, config, form};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Call {
    Put(Form),
    Get(Form),
    /// So many; a form that may wait for all of them only where there is room.
    PutMany(Form, usize),
    GetMany(Form, usize),
    TaskDone,
    Join(Form),
    Shutdown,
    ShutdownNow,
    Len,
    Unfinished,
    /// One of the items that a shutdown took out counts as done. This is a step of a call, not a
    /// call.
    Settle,
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        40 => form().prop_map(Call::Put),
        30 => form().prop_map(Call::Get),
        10 => (form(), 0_usize..=3).prop_map(|(form, items)| Call::PutMany(form, items)),
        10 => (form(), 0_usize..=3).prop_map(|(form, most)| Call::GetMany(form, most)),
        20 => Just(Call::TaskDone),
        10 => form().prop_map(Call::Join),
        1 => Just(Call::Shutdown),
        1 => Just(Call::ShutdownNow),
    ]
}

/// Why a call gave up. The error types already say which variants are possible where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GaveUp {
    FullOrEmpty,
    Shutdown,
}

/// The result of a call; items by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Put(Result<(), (GaveUp, usize)>),
    Get(Result<usize, GaveUp>),
    /// With what was not put.
    PutMany(Result<(), (GaveUp, Vec<usize>)>),
    GetMany(Result<Vec<usize>, GaveUp>),
    TaskDone {
        accepted: bool,
    },
    Join {
        all_done: bool,
    },
    Shutdown {
        left: Vec<usize>,
    },
    Count(usize),
    Settled,
}

/// The visible state of a queue between two calls.
#[derive(Debug, PartialEq, Eq)]
struct View {
    len: usize,
    is_empty: bool,
    is_full: bool,
    capacity: Option<usize>,
    unfinished: usize,
    is_shutdown: bool,
}

/// The queue under test, driven by [`Call`]s.
pub(crate) struct Subject {
    pub(crate) queue: Box<dyn BlockingQueue<Item>>,
}

impl Subject {
    pub(crate) fn make(&self, call: Call, mut item: impl FnMut() -> Item) -> Outcome {
        let queue = &self.queue;
        match call {
            Call::Put(form) => Outcome::Put(self.put(form, item())),
            Call::PutMany(form, items) => {
                let items = Vec::from_iter((0..items).map(|_| item()));
                Outcome::PutMany(self.put_many(form, items))
            }
            Call::GetMany(form, most) => Outcome::GetMany(self.get_many(form, most)),
            Call::Get(form) => Outcome::Get(self.get(form).map(|item| {
                let number = item.number();
                item.take();
                number
            })),
            Call::TaskDone => Outcome::TaskDone { accepted: queue.task_done().is_ok() },
            Call::Join(form) => Outcome::Join { all_done: self.join(form) },
            Call::Shutdown => {
                queue.shutdown();
                Outcome::Shutdown { left: Vec::new() }
            }
            Call::ShutdownNow => {
                let left = queue.shutdown_now();
                Outcome::Shutdown { left: left.iter().map(Item::number).collect() }
            }
            Call::Len => Outcome::Count(queue.len()),
            Call::Unfinished => Outcome::Count(queue.unfinished()),
            Call::Settle => Outcome::Settled,
        }
    }

    fn put(&self, form: Form, item: Item) -> Result<(), (GaveUp, usize)> {
        let timed = |outcome| match outcome {
            Ok(()) => Ok(()),
            Err(PutTimeoutError::Timeout(item)) => Err((GaveUp::FullOrEmpty, item)),
            Err(PutTimeoutError::Shutdown(item)) => Err((GaveUp::Shutdown, item)),
        };
        let outcome = match form {
            Form::Blocking => {
                self.queue.put(item).map_err(|error| (GaveUp::Shutdown, error.into_inner()))
            }
            Form::Endless => timed(self.queue.put_timeout(item, Duration::MAX)),
            Form::Timeout(timeout) => timed(self.queue.put_timeout(item, timeout)),
            Form::Past => timed(self.queue.put_deadline(item, Instant::now())),
            Form::Try => self.queue.try_put(item).map_err(|error| match error {
                TryPutError::Full(item) => (GaveUp::FullOrEmpty, item),
                TryPutError::Shutdown(item) => (GaveUp::Shutdown, item),
            }),
        };
        outcome.map_err(|(why, item)| (why, item.number()))
    }

    fn get(&self, form: Form) -> Result<Item, GaveUp> {
        let timed = |error| match error {
            GetTimeoutError::Timeout => GaveUp::FullOrEmpty,
            GetTimeoutError::Shutdown => GaveUp::Shutdown,
        };
        match form {
            Form::Blocking => self.queue.get().map_err(|_| GaveUp::Shutdown),
            Form::Endless => self.queue.get_timeout(Duration::MAX).map_err(timed),
            Form::Timeout(timeout) => self.queue.get_timeout(timeout).map_err(timed),
            Form::Past => self.queue.get_deadline(Instant::now()).map_err(timed),
            Form::Try => self.queue.try_get().map_err(|error| match error {
                TryGetError::Empty => GaveUp::FullOrEmpty,
                TryGetError::Shutdown => GaveUp::Shutdown,
            }),
        }
    }

    fn put_many(&self, form: Form, items: Vec<Item>) -> Result<(), (GaveUp, Vec<usize>)> {
        let timed = |error| match error {
            PutTimeoutError::Timeout(items) => (GaveUp::FullOrEmpty, items),
            PutTimeoutError::Shutdown(items) => (GaveUp::Shutdown, items),
        };
        let queue = &self.queue;
        let outcome = match form {
            Form::Blocking => {
                queue.put_many(items).map_err(|error| (GaveUp::Shutdown, error.into_inner()))
            }
            Form::Endless => queue.put_many_timeout(items, Duration::MAX).map_err(timed),
            Form::Timeout(timeout) => queue.put_many_timeout(items, timeout).map_err(timed),
            Form::Past => queue.put_many_deadline(items, Instant::now()).map_err(timed),
            Form::Try => queue.try_put_many(items).map_err(|error| match error {
                TryPutError::Full(items) => (GaveUp::FullOrEmpty, items),
                TryPutError::Shutdown(items) => (GaveUp::Shutdown, items),
            }),
        };
        outcome.map_err(|(why, items)| (why, items.iter().map(Item::number).collect()))
    }

    /// What was in the buffer before stays there.
    fn get_many(&self, form: Form, most: usize) -> Result<Vec<usize>, GaveUp> {
        let timed = |error| match error {
            GetTimeoutError::Timeout => GaveUp::FullOrEmpty,
            GetTimeoutError::Shutdown => GaveUp::Shutdown,
        };
        let (queue, mut items) = (&self.queue, Vec::new());
        let got = match form {
            Form::Blocking => queue.get_many(&mut items, most).map_err(|_| GaveUp::Shutdown),
            Form::Endless => queue.get_many_timeout(&mut items, most, Duration::MAX).map_err(timed),
            Form::Timeout(time) => queue.get_many_timeout(&mut items, most, time).map_err(timed),
            Form::Past => queue.get_many_deadline(&mut items, most, Instant::now()).map_err(timed),
            Form::Try => queue.try_get_many(&mut items, most).map_err(|error| match error {
                TryGetError::Empty => GaveUp::FullOrEmpty,
                TryGetError::Shutdown => GaveUp::Shutdown,
            }),
        };
        assert_eq!(got.unwrap_or(0), items.len());
        let numbers = items.iter().map(Item::number).collect();
        items.into_iter().for_each(Item::take);
        got.map(|_| numbers)
    }

    fn join(&self, form: Form) -> bool {
        match form {
            Form::Blocking => {
                self.queue.join();
                true
            }
            Form::Endless => self.queue.join_timeout(Duration::MAX),
            Form::Timeout(timeout) => self.queue.join_timeout(timeout),
            Form::Try | Form::Past => self.queue.join_timeout(Duration::ZERO),
        }
    }

    fn view(&self) -> View {
        let queue = &self.queue;
        View {
            len: queue.len(),
            is_empty: queue.is_empty(),
            is_full: queue.is_full(),
            capacity: queue.capacity(),
            unfinished: queue.unfinished(),
            is_shutdown: queue.is_shutdown(),
        }
    }
}

/// Its expected behaviour, in the simplest form.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    kind: Kind,
    capacity: Option<usize>,
    items: VecDeque<usize>,
    unfinished: usize,
    shut_down: bool,
    /// Items that a shutdown took out and that do not count as done yet.
    unsettled: usize,
}

impl Model {
    pub(crate) fn new(kind: Kind, capacity: Option<usize>) -> Self {
        let items = VecDeque::new();
        Self { kind, capacity, items, unfinished: 0, shut_down: false, unsettled: 0 }
    }

    fn is_full(&self) -> bool {
        self.capacity.is_some_and(|capacity| self.items.len() >= capacity)
    }

    /// The same call, in a form that does not wait for what a single thread can never cause.
    fn possible(&self, call: Call) -> Call {
        match call {
            Call::Put(form) => Call::Put(form.unless(self.is_full() && !self.shut_down)),
            Call::Get(form) => Call::Get(form.unless(self.items.is_empty() && !self.shut_down)),
            Call::PutMany(form, items) => {
                let room = self.capacity.map_or(items, |capacity| capacity - self.items.len());
                Call::PutMany(form.unless(room < items && !self.shut_down), items)
            }
            Call::GetMany(form, most) => {
                let waits = most > 0 && self.items.is_empty() && !self.shut_down;
                Call::GetMany(form.unless(waits), most)
            }
            Call::Join(form) => Call::Join(form.unless(self.unfinished > 0)),
            call => call,
        }
    }

    pub(crate) fn make(&mut self, call: Call, number: usize) -> Outcome {
        match call {
            Call::Put(_) if self.shut_down => Outcome::Put(Err((GaveUp::Shutdown, number))),
            Call::Put(_) if self.is_full() => Outcome::Put(Err((GaveUp::FullOrEmpty, number))),
            Call::Put(_) => {
                self.kind.insert(&mut self.items, number);
                self.unfinished += 1;
                Outcome::Put(Ok(()))
            }
            Call::Get(_) => Outcome::Get(match self.items.pop_front() {
                Some(number) => Ok(number),
                None if self.shut_down => Err(GaveUp::Shutdown),
                None => Err(GaveUp::FullOrEmpty),
            }),
            Call::PutMany(_, items) => {
                let mut numbers = VecDeque::from_iter(number..number + items);
                while !self.is_full()
                    && !self.shut_down
                    && let Some(number) = numbers.pop_front()
                {
                    self.kind.insert(&mut self.items, number);
                    self.unfinished += 1;
                }
                let why = if self.shut_down { GaveUp::Shutdown } else { GaveUp::FullOrEmpty };
                let back = Vec::from(numbers);
                Outcome::PutMany(if back.is_empty() { Ok(()) } else { Err((why, back)) })
            }
            Call::GetMany(_, most) => {
                let there = self.items.len().min(most);
                Outcome::GetMany(match self.items.drain(..there).collect() {
                    _ if most == 0 => Ok(Vec::new()),
                    numbers if there > 0 => Ok(numbers),
                    _ if self.shut_down => Err(GaveUp::Shutdown),
                    _ => Err(GaveUp::FullOrEmpty),
                })
            }
            Call::TaskDone => {
                let accepted = self.unfinished > 0;
                self.unfinished -= usize::from(accepted);
                Outcome::TaskDone { accepted }
            }
            Call::Join(_) => Outcome::Join { all_done: self.unfinished == 0 },
            Call::Shutdown => {
                self.shut_down = true;
                Outcome::Shutdown { left: Vec::new() }
            }
            Call::ShutdownNow => {
                self.shut_down = true;
                let left: Vec<_> = self.items.drain(..).collect();
                self.unsettled += left.len();
                Outcome::Shutdown { left }
            }
            Call::Len => Outcome::Count(self.items.len()),
            Call::Unfinished => Outcome::Count(self.unfinished),
            Call::Settle => {
                assert!(self.unsettled > 0, "there is nothing to settle");
                self.unsettled -= 1;
                self.unfinished = self.unfinished.saturating_sub(1);
                Outcome::Settled
            }
        }
    }

    /// All that a shutdown took out counts as done.
    pub(crate) fn settle(&mut self) {
        while self.unsettled > 0 {
            self.make(Call::Settle, 0);
        }
    }

    /// How many items a shutdown took out that do not count as done yet.
    pub(crate) fn unsettled(&self) -> usize {
        self.unsettled
    }

    fn view(&self) -> View {
        View {
            len: self.items.len(),
            is_empty: self.items.is_empty(),
            is_full: self.is_full(),
            capacity: self.capacity,
            unfinished: self.unfinished,
            is_shutdown: self.shut_down,
        }
    }
}

#[test]
fn a_queue_does_what_its_model_does() {
    let cases = (select(&Kind::ALL[..]), option::weighted(0.8, 1_usize..=4), vec(call(), 0..80));
    watched(|_| {
        proptest!(config(), |((kind, capacity, calls) in cases)| {
            let ledger = Ledger::new(1, 3 * calls.len());
            let capacity = kind.capacity(capacity);
            let subject = Subject { queue: kind.make(capacity) };
            let mut model = Model::new(kind, capacity);
            let (mut taken, mut made) = (0, 0);
            for (number, call) in calls.into_iter().enumerate() {
                let call = model.possible(call);
                let first = made;
                let outcome = subject.make(call, || {
                    made += 1;
                    ledger.item(0, made - 1)
                });
                taken += match &outcome {
                    Outcome::Get(Ok(_)) => 1,
                    Outcome::GetMany(Ok(numbers)) => numbers.len(),
                    _ => 0,
                };
                prop_assert_eq!(outcome, model.make(call, first), "call {}: {:?}", number, call);
                model.settle();
                prop_assert_eq!(subject.view(), model.view(), "after call {}: {:?}", number, call);
            }
            drop(subject);
            prop_assert_eq!(ledger.close().0, taken, "and every item was dropped once");
        });
    });
}

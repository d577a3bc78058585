//! A function over many items: the items are read a few hundred ahead, and the results returned one
//! by one.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use primitives::{Condition, Lock};
use serde::de::DeserializeOwned;

use super::call::{Call, Sink};
use super::error::{SubmitError, TaskError};
use super::inside::Inside;
use super::task;
use crate::function::{self, Function, Packed};

/// The most items that are read ahead.
const AHEAD: usize = 2048;
/// How many are passed to the pool at a time.
const AT_ONCE: usize = 256;

/// The results of [`imap`](crate::ProcessPool::imap), each with its own error.
pub struct Imap<'a, R> {
    pool: &'a Arc<Inside>,
    batch: Arc<Batch>,
    source: Option<Box<dyn Iterator<Item = Result<Packed, TaskError>> + 'a>>,
    function: usize,
    /// How many items were read, and how many results were returned.
    read: usize,
    given: usize,
    /// The panic of the source, which follows the results.
    panic: Option<Box<dyn Any + Send>>,
    output: PhantomData<fn() -> R>,
}

/// The place for the results.
struct Batch {
    arrived: Lock<Arrived>,
    changed: Condition,
}

struct Arrived {
    in_order: bool,
    /// If ordered, the first belongs to the next call to return. Otherwise, the results that have
    /// arrived.
    results: VecDeque<Option<Result<Packed, TaskError>>>,
    /// How many were removed from the front.
    taken: usize,
}

impl Sink for Batch {
    fn done(&self, number: usize, result: Result<Packed, TaskError>) {
        let mut arrived = self.arrived.lock();
        if arrived.in_order {
            let place = number - arrived.taken;
            if arrived.results.len() <= place {
                arrived.results.resize_with(place + 1, || None);
            }
            arrived.results[place] = Some(result);
        } else {
            arrived.results.push_back(Some(result));
        }
        drop(arrived);
        self.changed.notify_one();
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

impl Arrived {
    fn is_ready(&self) -> bool {
        matches!(self.results.front(), Some(Some(_)))
    }

    fn take(&mut self) -> Option<Result<Packed, TaskError>> {
        let result = self.results.front_mut()?.take()?;
        self.results.pop_front();
        self.taken += 1;
        Some(result)
    }
}

impl<'a, R: DeserializeOwned> Imap<'a, R> {
    pub(super) fn new<F, I>(pool: &'a Arc<Inside>, arguments: I, in_order: bool) -> Self
    where
        F: Function<Output = R>,
        I: Iterator<Item = F::Args> + 'a,
    {
        let pack = |arguments| {
            Packed::new(&arguments).map_err(|error| TaskError::Arguments(error.to_string()))
        };
        let arrived = Arrived { in_order, results: VecDeque::new(), taken: 0 };
        Self {
            pool,
            batch: Arc::new(Batch { arrived: Lock::new(arrived), changed: Condition::new() }),
            source: Some(Box::new(arguments.map(pack))),
            function: function::place_of::<F>(),
            read: 0,
            given: 0,
            panic: None,
            output: PhantomData,
        }
    }

    /// Reads items and passes them to the pool.
    fn fill(&mut self) {
        let mut calls = Vec::new();
        let mut wrong = Vec::new();
        while let Some(source) = &mut self.source
            && calls.len() < AT_ONCE
            && self.read - self.given < AHEAD
        {
            match catch_unwind(AssertUnwindSafe(|| source.next())) {
                Ok(Some(item)) => {
                    let (number, sink) = (self.read, Arc::clone(&self.batch) as Arc<dyn Sink>);
                    self.read += 1;
                    match item {
                        Ok(arguments) => {
                            calls.push(Call { sink, number, function: self.function, arguments })
                        }
                        Err(error) => wrong.push((number, error)),
                    }
                }
                Ok(None) => self.source = None,
                Err(panic) => {
                    self.source = None;
                    self.panic = Some(panic);
                }
            }
        }
        for (number, error) in wrong {
            self.batch.done(number, Err(error));
        }
        if calls.is_empty() {
            return;
        }
        let refused = match self.pool.open_crew() {
            Ok(mut crew) => {
                // Relaxed: only a counter.
                self.pool.submitted.fetch_add(calls.len(), std::sync::atomic::Ordering::Relaxed);
                calls.drain(..).for_each(|call| crew.push_later(call));
                let mut told = Vec::new();
                crew.pump(&mut told);
                drop(crew);
                self.pool.tell(told);
                return;
            }
            Err(SubmitError::Broken(why)) => TaskError::Broken(why),
            Err(_) => TaskError::Cancelled,
        };
        calls.into_iter().for_each(|call| self.batch.done(call.number, Err(refused.clone())));
    }

    fn wait(&self) {
        let is_ready = || self.batch.arrived.lock().is_ready();
        if !self.pool.help_until(None, is_ready) {
            let mut arrived = self.batch.arrived.lock();
            while !arrived.is_ready() {
                self.batch.changed.wait(&mut arrived);
            }
        }
    }
}

impl<R: DeserializeOwned> Iterator for Imap<'_, R> {
    type Item = Result<R, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        // In portions, so that the pool's lock is taken once for many.
        if self.source.is_some() && self.read - self.given <= AHEAD - AT_ONCE {
            self.fill();
        }
        if self.given == self.read {
            if let Some(panic) = self.panic.take() {
                resume_unwind(panic);
            }
            return None;
        }
        loop {
            let result = self.batch.arrived.lock().take();
            if let Some(result) = result {
                self.given += 1;
                return Some(task::open(result));
            }
            self.wait();
        }
    }
}

impl<R> fmt::Debug for Imap<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap")
            .field("read", &self.read)
            .field("given", &self.given)
            .finish_non_exhaustive()
    }
}

//! A function over many items: in order, and only a few at a time.
//!
//! The items come from the program's own iterator, which may be slow: it may read a file, or wait
//! for a network. The thread that asks for the results calls it, so while that thread waits for an
//! item it cannot return a result. Hence the rule: **a ready result is returned before a slow
//! source is asked again.** A source is slow if its last item took longer than [`SLOW`]. A quick
//! source is asked first, so that the workers have something to do while the program handles the
//! result.

use std::collections::VecDeque;
use std::fmt;
use std::iter::{Fuse, FusedIterator};
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pool::Patience;
use super::{Executor, Task, TaskError};

/// The default number of items in flight for each worker: one that it works on, and one that waits
/// for it.
const IN_FLIGHT_PER_WORKER: usize = 2;

/// A source that takes longer than this for an item would delay a ready result. A wake-up takes
/// about a tenth of it, so a shorter delay hardly counts.
const SLOW: Duration = Duration::from_micros(300);

impl Executor {
    /// Calls `f` on each item, on the workers, and gives the results in the order of the items.
    ///
    /// It is lazy: it takes nothing from `items` and runs nothing before the first
    /// [`next`](Iterator::next). At most twice as many items as workers are [in
    /// flight](Map::in_flight): taken, but their results not yet returned. So `items` may be
    /// endless, and results do not pile up. `next` takes from `items` in the calling thread,
    /// submits (and waits for room, if the executor has a [bound](crate::Workers::bounded)), and
    /// blocks for the next result.
    ///
    /// Items are taken ahead. If `items` is slow (300 µs or more for an item), it is not asked
    /// while the next result is ready, so that result comes at the latest with the next item. If
    /// `items` **waits for the results** of this iterator, it must not be asked ahead at all: use
    /// [`in_flight(1)`](Map::in_flight), or it never returns.
    ///
    /// A panic of `f` is the result of that item, and does not affect the others. Dropping the
    /// iterator cancels the tasks that have not begun, and does not wait for the rest. If the
    /// executor is shut down meanwhile, the first refused item is `Cancelled`, and the iterator
    /// ends with it.
    ///
    /// _Python_: `executor.map(f, items)`, which takes all items at once (since 3.14 there is a
    /// `buffersize`), and ends at the first exception.
    ///
    /// ```
    /// use queues::Executor;
    ///
    /// let executor = Executor::new(2);
    /// let squares = executor.map(1_u64.., |n| n * n); // of all numbers: it is lazy
    /// let three: Vec<u64> = squares.take(3).map(Result::unwrap).collect();
    /// assert_eq!(three, [1, 4, 9]);
    /// ```
    #[track_caller]
    pub fn map<I, F, T>(&self, items: I, f: F) -> Map<'_, I::IntoIter, F, T>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        Map {
            at: Location::caller(),
            executor: self,
            items: items.into_iter().fuse(),
            f: Arc::new(f),
            tasks: VecDeque::new(),
            most: IN_FLIGHT_PER_WORKER * self.max_workers(),
            is_slow: false,
            shut_down: false,
        }
    }
}

/// Results in the order of the items: see [`Executor::map`].
#[must_use = "an iterator does nothing until it is used"]
pub struct Map<'a, I, F, T> {
    executor: &'a Executor,
    /// Where `map` was called.
    at: &'static Location<'static>,
    items: Fuse<I>,
    f: Arc<F>,
    tasks: VecDeque<Task<T>>,
    most: usize,
    /// The last item was slow.
    is_slow: bool,
    /// An item was refused; its result is still to be returned.
    shut_down: bool,
}

impl<I, F, T> Map<'_, I, F, T> {
    /// Sets how many items may be in flight. A larger number evens out items that take longer than
    /// others, and costs memory. With 1, an item is taken only when all earlier results were
    /// returned, which a source that waits for them needs; then one worker works at a time.
    ///
    /// # Panics
    ///
    /// If `most` is zero.
    #[track_caller]
    pub fn in_flight(mut self, most: usize) -> Self {
        assert!(most > 0, "with 0 items in flight nothing would ever run: use at least 1");
        self.most = most;
        self
    }
}

impl<I, F, T> Map<'_, I, F, T>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    /// Submits as many as may be in flight, but does not delay a result for a slow source.
    pub(super) fn submit(&mut self) {
        while !self.shut_down && self.tasks.len() < self.most {
            if self.is_slow && self.tasks.front().is_some_and(Task::is_done) {
                return;
            }
            let asked = Instant::now();
            let item = self.items.next();
            self.is_slow = asked.elapsed() >= SLOW;
            let Some(item) = item else { return };
            let f = Arc::clone(&self.f);
            match self.executor.add(move || f(item), self.at, 0, Patience::Endless) {
                Ok(task) => self.tasks.push_back(task),
                Err(_) => self.shut_down = true,
            }
        }
    }
}

impl<I, F, T> Iterator for Map<'_, I, F, T>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
    type Item = Result<T, TaskError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.submit();
        if let Some(task) = self.tasks.pop_front() {
            return Some(task.result());
        }
        if self.shut_down {
            self.shut_down = false;
            self.most = 0; // nothing comes after it
            return Some(Err(TaskError::Cancelled));
        }
        None
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let here = self.tasks.len() + usize::from(self.shut_down);
        match self.items.size_hint() {
            // It may be shut down at any time; then there is at most one more.
            (to_come, most) if self.most > 0 && !self.shut_down => {
                let most = most.and_then(|most| most.checked_add(here));
                (here + usize::from(to_come > 0), most)
            }
            _ => (here, Some(here)),
        }
    }
}

/// After the last result there is none.
impl<I, F, T> FusedIterator for Map<'_, I, F, T>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
}

/// Cancels the tasks that have not begun.
impl<I, F, T> Drop for Map<'_, I, F, T> {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.cancel();
        }
    }
}

impl<I, F, T> fmt::Debug for Map<'_, I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("tasks", &self.tasks)
            .field("in_flight", &self.most)
            .finish_non_exhaustive()
    }
}

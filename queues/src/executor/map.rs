//! A function over many items: in order, and only a few at a time.

use std::collections::VecDeque;
use std::fmt;
use std::iter::{Fuse, FusedIterator};
use std::sync::Arc;

use super::{Executor, Task, TaskError};

/// So many items in flight for each worker, if nobody says otherwise: one that it works on, and one that waits for it
/// while its result waits to be asked for.
const IN_FLIGHT_PER_WORKER: usize = 2;

impl Executor {
    /// Calls `f` on each item, on the workers, and gives the results in the order of the items.
    ///
    /// Lazy: nothing is taken from `items` and nothing runs before the first [`next`](Iterator::next), and never are more
    /// items [in flight](Map::in_flight), taken but their results not given yet, than twice the number of workers. So
    /// `items` may be endless, and results that nobody asks for do not pile up. `next` takes from `items` in the calling
    /// thread, submits, and blocks for the result whose turn it is.
    ///
    /// A panic of `f` is the result of that item, and the others are not concerned. Dropping the iterator cancels what
    /// has not begun, and does not wait for the rest. If the executor is shut down meanwhile, the item for which there
    /// was no room any more is `Cancelled`, and that is the last.
    ///
    /// _Python_: `executor.map(f, items)`, which takes all items at once (since 3.14 there is a `buffersize`), and ends at
    /// the first exception.
    ///
    /// ```
    /// use queues::Executor;
    ///
    /// let executor = Executor::new(2);
    /// let squares = executor.map(1_u64.., |n| n * n); // of all numbers: it is lazy
    /// let three: Vec<u64> = squares.take(3).map(Result::unwrap).collect();
    /// assert_eq!(three, [1, 4, 9]);
    /// ```
    pub fn map<I, F, T>(&self, items: I, f: F) -> Map<'_, I::IntoIter, F, T>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        Map {
            executor: self,
            items: items.into_iter().fuse(),
            f: Arc::new(f),
            tasks: VecDeque::new(),
            most: IN_FLIGHT_PER_WORKER * self.workers(),
            shut_down: false,
        }
    }
}

/// Results in the order of the items: see [`Executor::map`].
#[must_use = "an iterator does nothing until it is used"]
pub struct Map<'a, I, F, T> {
    executor: &'a Executor,
    items: Fuse<I>,
    f: Arc<F>,
    tasks: VecDeque<Task<T>>,
    most: usize,
    /// An item was refused; its result is still to be given.
    shut_down: bool,
}

impl<I, F, T> Map<'_, I, F, T> {
    /// At most so many items at a time are taken whose results are not given yet. More of them even out items that take
    /// longer than others, and cost memory.
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
    /// Submits as many as may be in flight.
    pub(super) fn submit(&mut self) {
        while !self.shut_down && self.tasks.len() < self.most {
            let Some(item) = self.items.next() else { return };
            let f = Arc::clone(&self.f);
            match self.executor.try_submit(move || f(item)) {
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
            // It may be shut down at any time, and then there is one more at most.
            (to_come, most) if self.most > 0 && !self.shut_down => {
                let most = most.and_then(|most| most.checked_add(here));
                (here + usize::from(to_come > 0), most)
            }
            _ => (here, Some(here)),
        }
    }
}

/// After the last there is none.
impl<I, F, T> FusedIterator for Map<'_, I, F, T>
where
    I: Iterator<Item: Send + 'static>,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    T: Send + 'static,
{
}

/// Cancels what has not begun.
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

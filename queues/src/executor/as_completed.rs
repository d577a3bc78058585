//! Tasks in the order in which they end.

use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use super::Task;
use crate::queue::Queue;

/// Gives the tasks as they end, each with its place among `tasks`. Its [`next`](Iterator::next)
/// blocks until one more is over. The [`result`](Task::result) of that task does not block.
///
/// Tasks may be of different executors. Each gets a callback, which puts its place into a queue.
/// Dropping the iterator drops the remaining tasks, which run on.
///
/// In a worker, `next` makes sure, before it waits, that tasks of the same executor have begun, in
/// free workers or in its own: see [`executor`](super#a-task-that-waits-for-a-task). Each task
/// costs one load, a put and a get.
///
/// _Python_: `concurrent.futures.as_completed(futures)`; there a `dict` from future to input
/// replaces the place.
///
/// ```
/// use queues::{Executor, as_completed};
///
/// let executor = Executor::new(2);
/// let words = ["lock", "condition", "queue"];
/// let tasks = words.map(|word| executor.submit(move || word.len()));
/// for (place, task) in as_completed(tasks) {
///     println!("{} has {} letters", words[place], task.result()?); // in any order
/// }
/// # Ok::<(), queues::TaskError>(())
/// ```
#[allow(clippy::missing_panics_doc, reason = "its queue is never shut down")]
pub fn as_completed<T>(tasks: impl IntoIterator<Item = Task<T>>) -> AsCompleted<T> {
    let tasks: Vec<_> = tasks.into_iter().map(Some).collect();
    let over = Arc::new(Queue::unbounded());
    for (place, task) in tasks.iter().flatten().enumerate() {
        let over = Arc::clone(&over);
        task.watch(move || over.put(place).expect("it is never shut down"));
    }
    AsCompleted { left: tasks.len(), tasks, over, begun: 0 }
}

/// Tasks as they end: see [`as_completed`].
#[must_use = "an iterator does nothing until it is used"]
pub struct AsCompleted<T> {
    /// `None` once it was given.
    tasks: Vec<Option<Task<T>>>,
    left: usize,
    /// The places of the tasks that are over.
    over: Arc<Queue<usize>>,
    /// The tasks before this place are begun, or about to be: they need no help.
    begun: usize,
}

impl<T> AsCompleted<T> {
    /// The place of a task that is over.
    fn wait(&mut self) -> usize {
        loop {
            if let Ok(place) = self.over.try_get() {
                return place;
            }
            // No task is over. If this is a worker, the others might wait for it.
            let Some(next) = self.tasks.get(self.begun) else {
                return self.over.get().expect("it is never shut down");
            };
            self.begun += 1;
            if let Some(task) = next {
                task.help();
            }
        }
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Task<T>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let place = self.wait();
        let task = self.tasks[place].take().expect("its callback is called once");
        Some((place, task))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}
impl<T> FusedIterator for AsCompleted<T> {}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("left", &self.left).finish_non_exhaustive()
    }
}

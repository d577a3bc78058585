//! [`Workers`]: how many threads a pool gets.

use std::num::NonZeroUsize;

use primitives::sync;

/// The smallest default number of threads.
const FEWEST_BY_DEFAULT: usize = 4;

/// How many threads a pool gets, their names, and their stacks.
///
/// ```
/// use queues::{TaskQueue, Workers};
///
/// let crawlers = TaskQueue::with_workers(Workers::new(2).name("crawler").stack_size(256 * 1024))?;
/// crawlers.add_task(|| assert!(primitives::threads::current().name().starts_with("crawler_")))?;
/// assert_eq!(crawlers.join().failed, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// _Python_: `max_workers` and `thread_name_prefix` of `ThreadPoolExecutor`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "workers are not started before a pool is made with them"]
pub struct Workers {
    count: NonZeroUsize,
    pub(super) name: Option<String>,
    pub(super) stack_size: Option<usize>,
}

impl Workers {
    /// So many threads.
    ///
    /// # Panics
    ///
    /// If `count` is zero.
    #[track_caller]
    pub fn new(count: usize) -> Self {
        let Some(count) = NonZeroUsize::new(count) else {
            panic!("a pool of 0 workers would never run a task: use at least 1");
        };
        Self { count, name: None, stack_size: None }
    }

    /// Names the threads: `name_0`, `name_1` … The report of a panic has the name of the thread. On
    /// Linux the system shows its first 15 bytes, for example in `top -H`.
    #[doc(alias = "thread_name_prefix")]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The stack size of each thread, in bytes; the default is 2 MiB. Tasks that wait for tasks may
    /// nest on it: see [`executor`](crate::executor#a-task-that-waits-for-a-task).
    pub const fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// How many threads.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count.get()
    }
}

/// One thread for each core that the process may use, and at least four.
///
/// Tasks that compute can use one core each; more threads would only take turns. A task that waits,
/// for a disk or another task, holds a thread without using a core, so on a small machine a few
/// more threads keep the cores busy. CPython has `min(32, cores + 4)`: its threads hold a global
/// lock while they compute, so they mainly wait, and the number must be large. A program whose
/// tasks mostly wait should choose how many may wait at once.
impl Default for Workers {
    fn default() -> Self {
        Self::new(sync::cores().max(FEWEST_BY_DEFAULT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "a pool of 0 workers would never run a task: use at least 1")]
    fn no_workers_are_refused() {
        let _ = Workers::new(0);
    }

    #[test]
    fn by_default_there_is_a_worker_for_each_core_and_never_one_alone() {
        let workers = Workers::default().count();
        assert!(workers >= sync::cores() && workers >= FEWEST_BY_DEFAULT, "{workers}");
    }
}

//! An executor of a page: tasks in a queue of ours, and threads that take them out and poll them.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use primitives::sync::atomic::{AtomicBool, Ordering::AcqRel};
use primitives::{Event, Lock, TimerHandle, Timers, deadlock};
use queues::Queue;

// ANCHOR: task
/// A future, and whether it is in the queue of those that can go on.
struct Task {
    /// `None` when it is over.
    future: Lock<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    is_queued: AtomicBool,
    ready: Arc<Queue<Arc<Task>>>,
}

/// The waker of a task: it puts the task into the queue, once.
impl Wake for Task {
    fn wake(self: Arc<Self>) {
        // Acquire and Release: pairs with the swap in `poll`: the poll that follows sees why.
        if !self.is_queued.swap(true, AcqRel) {
            let ready = Arc::clone(&self.ready);
            // After the shutdown the task comes back in the error, and is dropped.
            drop(ready.put(self));
        }
    }
}

impl Task {
    fn poll(self: Arc<Self>) {
        // Before the poll: a wake that comes during it counts. Acquire and Release: as in `wake`.
        self.is_queued.swap(false, AcqRel);
        let waker = Waker::from(Arc::clone(&self));
        let mut future = self.future.lock();
        if let Some(running) = &mut *future {
            let cx = &mut Context::from_waker(&waker);
            // Should the task block this thread without end, the report says that it is a task.
            if deadlock::polling(|| running.as_mut().poll(cx)).is_ready() {
                *future = None;
            }
        }
    }
}
// ANCHOR_END: task

// ANCHOR: executor
/// Runs futures on the threads that call [`run`](Self::run).
pub struct MiniExecutor {
    ready: Arc<Queue<Arc<Task>>>,
    spawned: Lock<Vec<Weak<Task>>>,
    timers: Timers,
}

impl MiniExecutor {
    /// One without tasks.
    #[must_use]
    pub fn new() -> Self {
        let ready = Arc::new(Queue::unbounded());
        Self { ready, spawned: Lock::new(Vec::new()), timers: Timers::new() }
    }

    /// Polls tasks in this thread, and sleeps while none can go on, until
    /// [`shutdown`](Self::shutdown).
    pub fn run(&self) {
        self.ready.iter().for_each(Task::poll);
    }

    /// Ends each [`run`](Self::run), when the tasks that can go on were polled once more.
    pub fn shutdown(&self) {
        self.ready.shutdown();
    }

    /// A new task, which runs beside the others. Dropping the handle does not end it.
    pub fn spawn<T: Send + 'static>(
        &self,
        future: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let end = Arc::new(End { result: Lock::new(None), over: Event::new() });
        let ends = Ends(Arc::clone(&end));
        let task = Arc::new(Task {
            future: Lock::new(Some(Box::pin(async move {
                let result = future.await;
                *ends.0.result.lock() = Some(result);
            }))),
            is_queued: AtomicBool::new(false),
            ready: Arc::clone(&self.ready),
        });
        let mut spawned = self.spawned.lock();
        if spawned.len() == spawned.capacity() {
            spawned.retain(|task| task.strong_count() > 0);
        }
        spawned.push(Arc::downgrade(&task));
        drop(spawned);
        task.wake();
        JoinHandle(end)
    }

    /// Is over after so long.
    pub async fn sleep(&self, time: Duration) {
        let over = Arc::new(Event::new());
        let rings = Arc::clone(&over);
        let _timer = Cancels(self.timers.after(time, move || rings.set()));
        over.wait_async().await;
    }
}

/// The tasks that are not over are dropped. A waker of theirs may be in another's hands: it finds
/// the queue shut down, and the task empty.
impl Drop for MiniExecutor {
    fn drop(&mut self) {
        drop(self.ready.shutdown_now());
        for task in self.spawned.get_mut().drain(..) {
            if let Some(task) = task.upgrade() {
                let future = task.future.lock().take(); // its drop may wake, or spawn, others
                drop(future);
            }
        }
    }
}
// ANCHOR_END: executor

// ANCHOR: handle
struct End<T> {
    result: Lock<Option<T>>,
    over: Event,
}

/// In the task: says that it is over, whether it ended or was dropped.
struct Ends<T>(Arc<End<T>>);

impl<T> Drop for Ends<T> {
    fn drop(&mut self) {
        self.0.over.set();
    }
}

/// Where a task's result will be.
pub struct JoinHandle<T>(Arc<End<T>>);

impl<T> JoinHandle<T> {
    /// Waits until the task is over. `None` if it was dropped before it had a result.
    pub async fn join(self) -> Option<T> {
        self.0.over.wait_async().await;
        self.0.result.lock().take()
    }
}

/// A timer that no task waits for any more does not fire.
struct Cancels(TimerHandle);

impl Drop for Cancels {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
// ANCHOR_END: handle

impl Default for MiniExecutor {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::MiniExecutor;
    use primitives::{Event, Semaphore, block_on};
    use queues::Ring;
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::{Poll, Waker};
    use std::thread;
    use std::time::{Duration, Instant};

    #[test]
    fn tasks_on_one_thread_hand_over_to_each_other() {
        let executor = MiniExecutor::new();
        let (ring, sum) = (Arc::new(Ring::bounded(2)), Arc::new(AtomicUsize::new(0)));
        let puts = executor.spawn({
            let ring = Arc::clone(&ring);
            async move {
                for number in 0..100 {
                    ring.put_async(number).await.unwrap();
                }
                ring.shutdown();
            }
        });
        let gets = executor.spawn({
            let sum = Arc::clone(&sum);
            async move {
                while let Ok(number) = ring.get_async().await {
                    sum.fetch_add(number, SeqCst);
                }
                "all"
            }
        });
        thread::scope(|s| {
            s.spawn(|| executor.run());
            block_on(async {
                assert_eq!(puts.join().await, Some(()));
                assert_eq!(gets.join().await, Some("all"));
            });
            executor.shutdown();
        });
        assert_eq!(sum.load(SeqCst), 4950);
    }

    #[test]
    fn a_thousand_tasks_share_a_few_permits_on_two_threads() {
        let executor = MiniExecutor::new();
        let permits = Arc::new(Semaphore::new(3));
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let (permits, inside) = (Arc::clone(&permits), Arc::clone(&inside));
                executor.spawn(async move {
                    let _permit = permits.acquire_async().await;
                    assert!(inside.fetch_add(1, SeqCst) < 3);
                    inside.fetch_sub(1, SeqCst);
                })
            })
            .collect();
        thread::scope(|s| {
            s.spawn(|| executor.run());
            s.spawn(|| executor.run());
            block_on(async {
                for task in tasks {
                    assert!(task.join().await.is_some());
                }
            });
            executor.shutdown();
        });
        assert_eq!(permits.available(), 3);
    }

    #[test]
    fn a_sleep_is_never_short() {
        let executor = Arc::new(MiniExecutor::new());
        let began = Instant::now();
        block_on(executor.sleep(Duration::from_millis(5)));
        assert!(began.elapsed() >= Duration::from_millis(5));
    }

    #[test]
    fn a_waker_outlives_the_executor_and_tasks_that_wait_are_dropped_with_it() {
        let executor = MiniExecutor::new();
        let (kept, never) =
            (Arc::new(primitives::Lock::new(None::<Waker>)), Arc::new(Event::new()));
        let alive = Arc::downgrade(&never);
        let keeps = Arc::clone(&kept);
        let task = executor.spawn(async move {
            let mut first = true;
            poll_fn(|cx| {
                *keeps.lock() = Some(cx.waker().clone());
                if std::mem::take(&mut first) {
                    cx.waker().wake_by_ref()
                }
                Poll::<()>::Pending
            })
            .await;
        });
        let waits = executor.spawn(async move { never.wait_async().await });
        executor.shutdown();
        executor.run();
        drop(executor);
        assert!(alive.upgrade().is_none(), "the task that waits is gone, with what it had");
        assert_eq!(block_on(async { (task.join().await, waits.join().await) }), (None, None));
        kept.lock().take().expect("it was polled").wake();
    }
}

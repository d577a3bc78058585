//! The same futures on executors of other people: tokio, with one thread and with several, and
//! smol; and on the page of the book.

use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use primitives::{Event, Semaphore, block_on};
use queues::{Executor, GetTimeoutError, PutTimeoutError, Queue, Ring};
use watchdog as _;

const ITEMS: u64 = 2_000;

/// What all of them must do. `sleep` is the executor's own timer.
async fn program<S, F>(sleep: S)
where
    S: Fn(Duration) -> F,
    F: Future,
{
    // A thread puts, a coroutine passes on, a thread gets.
    let (to, from) = (Arc::new(Queue::bounded(4)), Arc::new(Ring::bounded(4)));
    let puts = thread::spawn({
        let to = Arc::clone(&to);
        move || {
            (0..ITEMS).for_each(|number| to.put(number).expect("not shut down"));
            to.shutdown();
        }
    });
    let gets = thread::spawn({
        let from = Arc::clone(&from);
        move || from.iter().sum::<u64>()
    });
    while let Ok(number) = to.get_async().await {
        from.put_async(number).await.expect("not shut down");
    }
    from.shutdown();
    puts.join().expect("no panic");
    assert_eq!(gets.join().expect("no panic"), ITEMS * (ITEMS - 1) / 2);

    // By deadline, with the executor's timer.
    let (empty, full) = (Queue::<u32>::bounded(1), Ring::bounded(1));
    full.put(1).expect("not shut down");
    let soon = Duration::from_millis(2);
    assert_eq!(empty.get_deadline_async(sleep(soon)).await, Err(GetTimeoutError::Timeout));
    assert_eq!(full.put_deadline_async(2, sleep(soon)).await, Err(PutTimeoutError::Timeout(2)));
    assert!(Semaphore::new(0).acquire_deadline_async(sleep(soon)).await.is_none());
    assert!(!Event::new().wait_deadline_async(sleep(soon)).await);

    // A task of the executor for threads.
    let executor = Executor::new(1);
    assert_eq!(executor.submit(|| 7).await.expect("no panic"), 7);
}

#[test]
fn on_tokio_with_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("it starts").block_on(program(tokio::time::sleep));
}

#[test]
fn on_tokio_with_several_threads() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(3).enable_time().build().expect("it starts");
    let tasks: Vec<_> = (0..4).map(|_| runtime.spawn(program(tokio::time::sleep))).collect();
    runtime.block_on(async {
        for task in tasks {
            task.await.expect("no panic");
        }
    });
}

#[test]
fn on_smol() {
    let executor = smol::Executor::new();
    let tasks: Vec<_> = (0..4).map(|_| executor.spawn(program(smol::Timer::after))).collect();
    smol::block_on(executor.run(async {
        for task in tasks {
            task.await;
        }
    }));
}

#[test]
fn on_a_thread_of_ours() {
    let timers = primitives::Timers::new();
    block_on(program(|time| {
        let over = Arc::new(Event::new());
        let sets = Arc::clone(&over);
        let timer = timers.after(time, move || sets.set());
        async move {
            over.wait_async().await;
            drop(timer);
        }
    }));
}

/// Tasks that wait are aborted while items come: none is lost.
#[test]
fn tasks_that_tokio_aborts_pass_their_call_on() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
    let runtime = runtime.expect("it starts");
    let queue = Arc::new(Queue::unbounded());
    let got = Arc::new(Queue::unbounded());
    let waiting: Vec<_> = (0..200)
        .map(|_| {
            let (queue, got) = (Arc::clone(&queue), Arc::clone(&got));
            runtime.spawn(async move {
                let item: u32 = queue.get_async().await.expect("not shut down");
                got.put(item).expect("not shut down");
            })
        })
        .collect();
    let puts = thread::spawn({
        let queue = Arc::clone(&queue);
        move || (0..100).for_each(|number| queue.put(number).expect("not shut down"))
    });
    for task in waiting.iter().step_by(2) {
        task.abort();
    }
    puts.join().expect("no panic");
    // A hundred are left, and a hundred items. Those that were aborted after they had an item have
    // put it; so each of the others waits only if its item was got by another.
    runtime.block_on(async {
        let mut items: Vec<_> = Vec::new();
        for _ in 0..100 {
            items.push(got.get_async().await.expect("not shut down"));
        }
        items.sort_unstable();
        assert_eq!(items, Vec::from_iter(0..100));
    });
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

/// What a coroutine takes while it waits, beside its task. tokio's channel has one receiver; that
/// several may wait for it, it is under tokio's mutex. (A get of a ring takes about as much as
/// tokio's.)
#[test]
fn a_get_of_a_queue_that_waits_takes_less_memory_than_tokios() {
    let queue = Queue::<u64>::bounded(64);
    let (_sender, receiver) = tokio::sync::mpsc::channel::<u64>(64);
    let receiver = tokio::sync::Mutex::new(receiver);
    let ours = size_of_val(&queue.get_async());
    let theirs = size_of_val(&async { receiver.lock().await.recv().await });
    assert!(ours < theirs, "{ours} bytes, tokio: {theirs}");
}

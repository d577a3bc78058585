//! Coroutines that hand over items, beside the channels of async libraries: `cargo results
//! coroutines`.
//!
//! All of them run on the same executor, `primitives::block_on`: the channels are compared, and not
//! executors.

use std::future::ready;
use std::hint::black_box;
use std::sync::Mutex;

use bench::{Bench, Goal, Row, Run, Sample};
use futures_lite::future::zip;
use primitives::block_on;
use queues::{Queue, Ring};

/// What each channel has room for.
const PLACES: usize = 64;

/// A coroutine that puts and one that gets, on this one thread; an operation is an item.
fn on_one_thread(run: &Run, put: impl AsyncFn(u64), mut get: impl AsyncFnMut() -> u64) -> Sample {
    let items = run.scaled(100_000);
    run.alone_at(items, || {
        let puts = async {
            for item in 0..items {
                put(item).await;
            }
        };
        let gets = async {
            for _ in 0..items {
                black_box(get().await);
            }
        };
        block_on(zip(puts, gets));
    })
}

/// A thread that puts, and a coroutine on another that gets; an operation is an item.
fn from_a_thread(
    run: &Run,
    put: impl Fn(u64) + Sync,
    get: impl AsyncFnMut() -> u64 + Send,
) -> Sample {
    let items = run.scaled(50_000);
    let get = Mutex::new(Some(get));
    run.until_done(2, items, |thread| {
        if thread == 0 {
            return (0..items).for_each(&put);
        }
        let mut get = get.lock().expect("no panic").take().expect("one thread gets");
        block_on(async {
            for _ in 0..items {
                black_box(get().await);
            }
        });
    })
}

/// A contestant of the first row: the channel, and its two calls.
macro_rules! on_one_thread {
    ($new:expr, $put:ident, $get:ident) => {
        |run: &Run| {
            #[allow(unused_mut, reason = "the receiver of tokio's is for one")]
            let (sender, mut receiver) = $new;
            on_one_thread(
                run,
                async |item| assert!(sender.$put(item).await.is_ok()),
                async || receiver.$get().await.expect("a sender is alive"),
            )
        }
    };
}

/// A contestant of the second row: the channel, and its two calls.
macro_rules! from_a_thread {
    ($new:expr, $put:expr, $get:ident) => {
        |run: &Run| {
            #[allow(unused_mut, reason = "the receiver of tokio's is for one")]
            let (sender, mut receiver) = $new;
            from_a_thread(
                run,
                |item| assert!($put(&sender, item).is_ok()),
                async move || receiver.$get().await.expect("a sender is alive"),
            )
        }
    };
}

/// Two references to one queue, as the peers have two ends.
fn shared<Q>(queue: Q) -> (&'static Q, &'static Q) {
    // Leaked: a few dozen in a run.
    let queue = Box::leak(Box::new(queue));
    (queue, queue)
}

fn rows() -> Vec<Row> {
    vec![
        Row::new("1 to 1, capacity 64, one thread", "a coroutine puts and a coroutine gets")
            .goal(Goal::best(0.8))
            .ours("Ring", on_one_thread!(shared(Ring::bounded(PLACES)), put_async, get_async))
            .beside("Queue", on_one_thread!(shared(Queue::bounded(PLACES)), put_async, get_async))
            .peer("async-channel", on_one_thread!(async_channel::bounded(PLACES), send, recv))
            .peer("crossfire", on_one_thread!(crossfire::mpmc::bounded_async(PLACES), send, recv))
            .peer("flume", on_one_thread!(flume::bounded(PLACES), send_async, recv_async))
            .peer("kanal", on_one_thread!(kanal::bounded_async(PLACES), send, recv))
            .peer("rapidfire", on_one_thread!(rapidfire::bounded(PLACES), send, recv))
            .peer("tokio mpsc", on_one_thread!(tokio::sync::mpsc::channel(PLACES), send, recv)),
        Row::new("1 to 1, capacity 64, from a thread", "a thread puts and a coroutine gets")
            .goal(Goal::best(1.0))
            .ours(
                "Ring",
                from_a_thread!(
                    shared(Ring::bounded(PLACES)),
                    |s: &&Ring<u64>, item| s.put(item),
                    get_async
                ),
            )
            .beside(
                "Queue",
                from_a_thread!(
                    shared(Queue::bounded(PLACES)),
                    |s: &&Queue<u64>, item| s.put(item),
                    get_async
                ),
            )
            .peer(
                "async-channel",
                from_a_thread!(
                    async_channel::bounded(PLACES),
                    async_channel::Sender::send_blocking,
                    recv
                ),
            )
            .peer(
                "crossfire",
                from_a_thread!(
                    crossfire::mpmc::bounded_blocking_async(PLACES),
                    |s: &crossfire::MTx<_>, item| s.send(item),
                    recv
                ),
            )
            .peer("flume", from_a_thread!(flume::bounded(PLACES), flume::Sender::send, recv_async))
            .peer(
                "kanal",
                from_a_thread!(
                    {
                        let (sender, receiver) = kanal::bounded(PLACES);
                        (sender, receiver.to_async())
                    },
                    kanal::Sender::send,
                    recv
                ),
            )
            .peer(
                "rapidfire",
                from_a_thread!(
                    rapidfire::bounded(PLACES),
                    |s: &rapidfire::Sender<u64>, item| pollster::block_on(s.send(item)),
                    recv
                ),
            )
            .peer(
                "tokio mpsc",
                from_a_thread!(
                    tokio::sync::mpsc::channel(PLACES),
                    tokio::sync::mpsc::Sender::blocking_send,
                    recv
                ),
            ),
        // The goal is a time, at most 5 ns, and no ratio: all of them are near a nanosecond.
        Row::new("block_on", "a future that is ready at once, on one thread")
            .ours("block_on", |run| {
                run.alone(1_000_000, || _ = black_box(block_on(ready(black_box(1)))))
            })
            .peer("futures-lite", |run| {
                run.alone(1_000_000, || {
                    _ = black_box(futures_lite::future::block_on(ready(black_box(1))))
                })
            })
            .peer("pollster", |run| {
                run.alone(1_000_000, || _ = black_box(pollster::block_on(ready(black_box(1)))))
            }),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("queues", "Coroutines", rows)
}

//! The halves of a queue beside the queue alone: `cargo results channel`.

use std::hint::black_box;
use std::sync::Arc;

use bench::{Bench, Goal, Row, Run, Sample};
use queues::{BlockingQueue, Queue, Ring, channel};

/// Room.
const CAPACITY: usize = 64;

/// A put and a get of the bare queue, behind an `Arc`, as threads share it.
fn bare<Q: BlockingQueue<u64>>(run: &Run, queue: Q) -> Sample {
    let putter = Arc::new(queue);
    let getter = Arc::clone(&putter);
    let (putter, getter) = (black_box(&putter), black_box(&getter));
    run.alone(50_000, || {
        assert!(putter.put(1).is_ok());
        _ = black_box(getter.get());
    })
}

/// The same by its halves.
fn halves<Q: BlockingQueue<u64>>(run: &Run, queue: Q) -> Sample {
    let (sender, receiver) = channel(queue);
    let (sender, receiver) = (black_box(&sender), black_box(&receiver));
    run.alone(50_000, || {
        assert!(sender.put(1).is_ok());
        _ = black_box(receiver.get());
    })
}

fn rows() -> Vec<Row> {
    vec![
        Row::new("halves of a Ring", "put and get by the halves, one thread")
            .goal(Goal::best(1.02))
            .ours("halves", |run| halves(run, Ring::bounded(CAPACITY)))
            .peer("Ring in an Arc", |run| bare(run, Ring::bounded(CAPACITY))),
        Row::new("halves of a Queue", "put and get by the halves, one thread")
            .goal(Goal::best(1.02))
            .ours("halves", |run| halves(run, Queue::bounded(CAPACITY)))
            .peer("Queue in an Arc", |run| bare(run, Queue::bounded(CAPACITY))),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("queues", "channel", rows)
}

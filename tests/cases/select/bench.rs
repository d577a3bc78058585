//! A select beside crossbeam's: `cargo results select`.
//!
//! A program waits in a loop for the same queues. Ours is made once. crossbeam's `Select` is made
//! once, too, and used again and again: that is its fastest form.

use std::hint::black_box;

use bench::{Bench, Goal, Row, Run, Sample};
use queues::{Queue, Ring, Select};

/// Room in each queue.
const CAPACITY: usize = 64;

/// Queues that one thread puts into and another selects from.
trait Queues: Sync {
    fn new(queues: usize) -> Self;
    fn put(&self, queue: usize, item: u64);
    /// Calls `take` with a function that returns the next item.
    fn selecting<R>(&self, take: impl FnOnce(&mut dyn FnMut() -> u64) -> R) -> R;
}

macro_rules! ours {
    ($($queue:ident),*) => {$(
        impl Queues for Vec<$queue<u64>> {
            fn new(queues: usize) -> Self {
                (0..queues).map(|_| $queue::bounded(CAPACITY)).collect()
            }

            #[inline]
            fn put(&self, queue: usize, item: u64) {
                assert!(self[queue].put(item).is_ok());
            }

            fn selecting<R>(&self, take: impl FnOnce(&mut dyn FnMut() -> u64) -> R) -> R {
                let mut select = Select::new();
                for queue in self {
                    select.queue(queue, |item| item);
                }
                take(&mut || select.select().expect("none is shut down"))
            }
        }
    )*};
}
ours!(Queue, Ring);

type Channel = (crossbeam_channel::Sender<u64>, crossbeam_channel::Receiver<u64>);

impl Queues for Vec<Channel> {
    fn new(queues: usize) -> Self {
        (0..queues).map(|_| crossbeam_channel::bounded(CAPACITY)).collect()
    }

    #[inline]
    fn put(&self, queue: usize, item: u64) {
        assert!(self[queue].0.send(item).is_ok());
    }

    fn selecting<R>(&self, take: impl FnOnce(&mut dyn FnMut() -> u64) -> R) -> R {
        let mut select = crossbeam_channel::Select::new();
        for (_, receiver) in self {
            select.recv(receiver);
        }
        take(&mut || {
            let ready = select.select();
            let receiver = &self[ready.index()].1;
            ready.recv(receiver).expect("the senders are there")
        })
    }
}

/// One thread puts into each queue in turn, another selects; an operation is an item.
fn passes<Q: Queues>(run: &Run, queues: usize, items: u64) -> Sample {
    let all = Q::new(queues);
    let items = run.scaled(items);
    run.until_done(2, items, |thread| {
        if thread == 0 {
            (0..items).for_each(|item| all.put(item as usize % queues, item));
        } else {
            all.selecting(|take| (0..items).for_each(|_| _ = black_box(take())));
        }
    })
}

/// One thread puts into one queue of many and selects the item; an operation is both.
fn one_ready<Q: Queues>(run: &Run, queues: usize) -> Sample {
    let all = Q::new(queues);
    let all = black_box(&all);
    all.selecting(|take| {
        let mut turn = 0;
        run.alone(20_000, || {
            turn = (turn + 7) % queues;
            all.put(turn, 1);
            black_box(take());
        })
    })
}

fn rows() -> Vec<Row> {
    vec![
        Row::new("eight queues", "one thread puts into eight queues in turn, one selects")
            .goal(Goal::best(0.6))
            .ours("Ring", |run| passes::<Vec<Ring<u64>>>(run, 8, 20_000))
            .beside("Queue", |run| passes::<Vec<Queue<u64>>>(run, 8, 20_000))
            .peer("crossbeam", |run| passes::<Vec<Channel>>(run, 8, 20_000)),
        Row::new("one ready among 64", "put into one queue of 64, and select it, one thread")
            .goal(Goal::best(0.3))
            .ours("Ring", |run| one_ready::<Vec<Ring<u64>>>(run, 64))
            .beside("Queue", |run| one_ready::<Vec<Queue<u64>>>(run, 64))
            .peer("crossbeam", |run| one_ready::<Vec<Channel>>(run, 64)),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("queues", "Select", rows)
}

//! The queues beside the channels that one would use in their place: `cargo results queue`.
//!
//! The channels do less: none counts unfinished items, or can be joined.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::hint::black_box;

use crate::channels::{Batches, Channel, Crossbeam, Crossfire, Flume, Kanal, Rapidfire, Rtrb, Std};
use bench::{Bench, Goal, Row, Run, Sample, floors};
use parking_lot::Mutex;
use queues::{PriorityQueue, Queue, Ring, Stack};

/// Items in a call of `put_many` and `get_many`.
const BATCH: usize = 64;
/// Room for several of them.
const BATCHED_CAPACITY: usize = 1024;

/// A collection under a lock, for threads that put first and then find something to get.
macro_rules! locked {
    ($($peer:ident($inside:ty): $new:expr, $calls:expr;)*) => {$(
        struct $peer(Mutex<$inside>);

        impl Channel for $peer {
            fn new(capacity: usize) -> Self {
                Self(Mutex::new($new(capacity)))
            }

            #[inline]
            fn put(&self, item: u64) {
                $calls.0(&mut *self.0.lock(), item);
            }

            #[inline]
            fn get(&self) -> u64 {
                let got: Option<u64> = $calls.1(&mut *self.0.lock());
                got.expect("this thread has put one")
            }
        }
    )*};
}
locked! {
    LockedVec(Vec<u64>): Vec::with_capacity, (Vec::<u64>::push, Vec::<u64>::pop);
    LockedHeap(BinaryHeap<Reverse<u64>>): BinaryHeap::with_capacity, smallest_first();
}

type Heap = BinaryHeap<Reverse<u64>>;

/// Put and get of a heap that gives the smallest first, as [`PriorityQueue`] does.
fn smallest_first() -> (impl Fn(&mut Heap, u64), impl Fn(&mut Heap) -> Option<u64>) {
    (
        |heap: &mut Heap, item| heap.push(Reverse(item)),
        |heap: &mut Heap| heap.pop().map(|Reverse(item)| item),
    )
}

/// A number of producers and consumers with nothing else to do; an operation is an item.
fn passes<C: Channel>(run: &Run, capacity: usize, producers: usize, items: u64) -> Sample {
    let channel = C::new(capacity);
    let each = run.scaled(items) / producers as u64;
    run.until_done(2 * producers, each * producers as u64, |thread| {
        if thread < producers {
            (0..each).for_each(|item| channel.put(item));
        } else {
            (0..each).for_each(|_| _ = black_box(channel.get()));
        }
    })
}

/// One producer and one consumer, so many items in a call; an operation is an item.
fn batches<C: Batches>(run: &Run, items: u64) -> Sample {
    let channel = C::new(BATCHED_CAPACITY);
    let batches = (run.scaled(items) / BATCH as u64).max(1);
    run.until_done(2, batches * BATCH as u64, |thread| {
        if thread == 0 {
            for batch in 0..batches {
                let first = batch * BATCH as u64;
                channel.put_many((first..first + BATCH as u64).collect());
            }
            return;
        }
        let mut left = batches as usize * BATCH;
        let mut buffer = Vec::with_capacity(BATCH);
        while left > 0 {
            channel.get_many(&mut buffer, BATCH);
            left -= black_box(&buffer).len();
            buffer.clear();
        }
    })
}

/// A channel with so many batches inside.
fn filled<C: Batches>(batches: u64) -> C {
    let channel = C::new(batches as usize * BATCH);
    for batch in 0..batches {
        channel.put_many((0..BATCH as u64).map(|item| batch ^ item).collect());
    }
    channel
}

/// Takes what is inside, a batch in a call; an operation is an item.
fn batched_gets<C: Batches>(run: &Run) -> Sample {
    let batches = run.scaled(1_000);
    let channel = filled::<C>(batches);
    let mut buffer = Vec::with_capacity(BATCH);
    run.alone_at(batches * BATCH as u64, || {
        for _ in 0..batches {
            channel.get_many(&mut buffer, BATCH);
            black_box(&buffer);
            buffer.clear();
        }
    })
}

/// The same, one in a call.
fn single_gets<C: Batches>(run: &Run) -> Sample {
    let batches = run.scaled(1_000);
    let channel = filled::<C>(batches);
    let items = batches * BATCH as u64;
    run.alone_at(items, || (0..items).for_each(|_| _ = black_box(channel.get())))
}

/// Threads that put one and get one, with some inside; an operation is both.
fn turns<C: Channel>(run: &Run, inside: u64, threads: usize, items: u64) -> Sample {
    let channel = C::new(inside as usize + 2 * threads);
    (0..inside).for_each(|item| channel.put(item * 7919 % 1000));
    let turn = |item: u64| {
        channel.put(item * 31 % 1000);
        black_box(channel.get());
    };
    if threads == 1 {
        let mut item = 0;
        return run.alone(items, || {
            turn(item);
            item += 1;
        });
    }
    let each = run.scaled(items) / threads as u64;
    run.until_done(threads, each * threads as u64, |thread| {
        (0..each).for_each(|item| turn(item + thread as u64));
    })
}

/// Put and get of a bare collection, with some inside, on one thread.
fn bare<T>(
    run: &Run,
    inside: u64,
    mut collection: T,
    put: impl Fn(&mut T, u64),
    get: impl Fn(&mut T) -> Option<u64>,
) -> Sample {
    (0..inside).for_each(|item| put(&mut collection, item * 7919 % 1000));
    let collection = black_box(&mut collection);
    let mut item = 0;
    run.alone(100_000, || {
        put(collection, item * 31 % 1000);
        black_box(get(collection));
        item += 1;
    })
}

fn bare_ring(run: &Run) -> Sample {
    bare(run, 0, VecDeque::with_capacity(64), VecDeque::push_back, VecDeque::pop_front)
}

fn bare_vec(run: &Run) -> Sample {
    bare(run, 0, Vec::with_capacity(64), Vec::push, Vec::pop)
}

fn bare_heap(run: &Run) -> Sample {
    let (put, get) = smallest_first();
    bare(run, 1000, BinaryHeap::with_capacity(1001), put, get)
}

/// `items` for contestants that spin before they sleep, `fewer` for those that sleep at once and
/// take long.
fn between(
    name: &'static str,
    about: &'static str,
    capacity: usize,
    producers: usize,
    (items, fewer): (u64, u64),
) -> Row {
    let row = Row::new(name, about)
        .ours("Ring", move |run| passes::<Ring<u64>>(run, capacity, producers, items))
        .beside("Queue", move |run| passes::<Queue<u64>>(run, capacity, producers, items))
        .peer("crossbeam", move |run| passes::<Crossbeam>(run, capacity, producers, items))
        .peer("flume", move |run| passes::<Flume>(run, capacity, producers, fewer))
        .peer("kanal", move |run| passes::<Kanal>(run, capacity, producers, items))
        .peer("crossfire", move |run| passes::<Crossfire>(run, capacity, producers, items))
        .peer("rapidfire", move |run| passes::<Rapidfire>(run, capacity, producers, fewer));
    if producers > 1 {
        return row;
    }
    row.peer("std", move |run| passes::<Std>(run, capacity, 1, fewer))
        .peer("rtrb", move |run| passes::<Rtrb>(run, capacity, 1, items))
}

fn rows() -> Vec<Row> {
    vec![
        Row::new("uncontended", "put and get, one thread")
            .goal(Goal::best(0.95))
            .ours("Ring", |run| turns::<Ring<u64>>(run, 0, 1, 50_000))
            .beside("Queue", |run| turns::<Queue<u64>>(run, 0, 1, 50_000))
            .peer("crossbeam", |run| turns::<Crossbeam>(run, 0, 1, 50_000))
            .peer("flume", |run| turns::<Flume>(run, 0, 1, 50_000))
            .peer("kanal", |run| turns::<Kanal>(run, 0, 1, 50_000))
            .peer("crossfire", |run| turns::<Crossfire>(run, 0, 1, 50_000))
            .peer("std", |run| turns::<Std>(run, 0, 1, 50_000))
            .peer("rapidfire", |run| turns::<Rapidfire>(run, 0, 1, 50_000))
            .floor("bare ring", bare_ring),
        between("1 to 1, capacity 1", "one producer, one consumer, one place", 1, 1, (10_000, 500))
            .goal(Goal::best(1.3))
            .floor("hand-over of a cache line", floors::hand_over),
        between(
            "1 to 1, capacity 64",
            "one producer, one consumer, 64 places",
            64,
            1,
            (50_000, 20_000),
        )
        .goal(Goal::best(1.0))
        .floor("bare ring", bare_ring),
        between(
            "1 to 1, capacity 1024",
            "one producer, one consumer, 1024 places",
            1024,
            1,
            (50_000, 50_000),
        )
        .goal(Goal::best(1.0))
        .floor("bare ring", bare_ring),
        between(
            "2 to 2, capacity 64",
            "two producers, two consumers, two cores",
            64,
            2,
            (20_000, 10_000),
        )
        .goal(Goal::best(1.0))
        .floor("bare ring", bare_ring),
        between(
            "4 to 4, capacity 64",
            "four producers, four consumers, two cores",
            64,
            4,
            (20_000, 10_000),
        )
        .goal(Goal::best(1.0))
        .goal(Goal::cpu(1.3))
        .floor("bare ring", bare_ring),
        Row::new("1 to 1, batches of 64", "one producer, one consumer, 1024 places, 64 in a call")
            .goal(Goal::best_of(&["Ring, one in a call"], 0.25))
            .ours("Ring", |run| batches::<Ring<u64>>(run, 200_000))
            .beside("Queue", |run| batches::<Queue<u64>>(run, 200_000))
            .peer("Ring, one in a call", |run| {
                passes::<Ring<u64>>(run, BATCHED_CAPACITY, 1, 50_000)
            })
            .peer("rtrb", |run| batches::<Rtrb>(run, 200_000))
            .floor("bare ring", bare_ring),
        Row::new("get_many of 64", "items that are inside, 64 in a call, one thread; for an item")
            .goal(Goal::best_of(&["Ring, one in a call"], 0.25))
            .ours("Ring", batched_gets::<Ring<u64>>)
            .beside("Queue", batched_gets::<Queue<u64>>)
            .peer("Ring, one in a call", single_gets::<Ring<u64>>)
            .peer("Queue, one in a call", single_gets::<Queue<u64>>),
        Row::new("Stack", "two threads that put one and get one")
            .goal(Goal::best(0.7))
            .ours("Stack", |run| turns::<Stack<u64>>(run, 0, 2, 50_000))
            .peer("parking_lot Mutex<Vec>", |run| turns::<LockedVec>(run, 0, 2, 50_000))
            .floor("bare Vec", bare_vec),
        Row::new("PriorityQueue", "two threads that put one and get one, 1000 inside")
            .goal(Goal::best(0.7))
            .ours("PriorityQueue", |run| turns::<PriorityQueue<u64>>(run, 1000, 2, 50_000))
            .peer("parking_lot Mutex<BinaryHeap>", |run| turns::<LockedHeap>(run, 1000, 2, 50_000))
            .floor("bare heap", bare_heap),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("queues", "Queue", rows)
}

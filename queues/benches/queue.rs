//! `cargo bench -p locksmith-queues`: what a queue's two fast paths cost, and a hand-over.
//!
//! Ours alone, to see what a change did to one of them. Beside their peers they are measured by
//! `cargo results queue`, turn by turn: criterion runs one after the other, and a machine that is
//! busier for one than for the next favours one of them.

#[path = "../../primitives/benches/common/mod.rs"]
mod common;

use common::{keep_a_second_thread, quick, side_by_side};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use queues::{PriorityQueue, Queue, Ring, Stack, TreiberStack};

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn put_and_get(group: &mut Group<'_>, name: &str, put: impl Fn(u64), get: impl Fn() -> u64) {
    group.bench_function(name, |b| {
        b.iter(|| {
            put(1);
            get()
        });
    });
}

fn hand_over(group: &mut Group<'_>, name: &str, put: impl Fn(u64) + Sync, get: impl Fn() -> u64) {
    group.bench_function(name, |b| {
        b.iter_custom(|items| {
            side_by_side(|| (0..items).for_each(|_| _ = get()), || (0..items).for_each(&put))
        });
    });
}

/// The calls of a queue as closures.
macro_rules! put_get {
    ($queue:expr) => {{
        let queue = &$queue;
        (move |item| queue.put(item).unwrap(), move || queue.get().unwrap())
    }};
}

/// One thread puts an item and gets it back, so no thread ever waits.
fn uncontended(c: &mut Criterion) {
    let (queue, ring) = (Queue::bounded(64), Ring::bounded(64));
    let (stack, priorities) = (Stack::bounded(64), PriorityQueue::bounded(64));
    let mut group = c.benchmark_group("put+get, uncontended");
    group.throughput(Throughput::Elements(1));
    let (put, get) = put_get!(queue);
    put_and_get(&mut group, "Queue", put, get);
    let (put, get) = put_get!(ring);
    put_and_get(&mut group, "Ring", put, get);
    let (put, get) = put_get!(stack);
    put_and_get(&mut group, "Stack", put, get);
    let (put, get) = put_get!(priorities);
    put_and_get(&mut group, "PriorityQueue", put, get);
    let lock_free = TreiberStack::bounded(64);
    let (push, pop) =
        (|item| lock_free.try_push(item).unwrap(), || lock_free.try_pop().expect("there is one"));
    put_and_get(&mut group, "TreiberStack", push, pop);
    group.finish();
}

/// A thousand items inside, ten levels. An urgent item stays near the top; an item that is put back
/// behind the others goes down all levels.
fn a_thousand_inside(c: &mut Criterion) {
    let mut group = c.benchmark_group("PriorityQueue, 1,000 inside");
    group.throughput(Throughput::Elements(1));
    let filled = || {
        let queue = PriorityQueue::unbounded();
        (0..1000).for_each(|item| queue.put(1 + item * 7919 % 1000).unwrap());
        queue
    };
    let queue = filled();
    let (put, get) = put_get!(queue);
    put_and_get(&mut group, "put+get, urgent", |_| put(0), get);
    let queue = filled();
    group.bench_function("get+put, behind all", |b| {
        b.iter(|| {
            let first = queue.get().unwrap();
            queue.put(first + 1000).unwrap();
        });
    });
    group.finish();
}

/// A producer and a consumer with nothing else to do, and one place: each item is handed over. The
/// threads are not pinned, so on a busy machine they may spend a while on one core.
fn one_place(c: &mut Criterion) {
    let (queue, ring) = (Queue::bounded(1), Ring::bounded(1));
    let mut group = c.benchmark_group("1 producer, 1 consumer, capacity 1");
    group.throughput(Throughput::Elements(1));
    let (put, get) = put_get!(queue);
    hand_over(&mut group, "Queue", put, get);
    let (put, get) = put_get!(ring);
    hand_over(&mut group, "Ring", put, get);
    group.finish();
}

fn all(c: &mut Criterion) {
    keep_a_second_thread();
    uncontended(c);
    a_thousand_inside(c);
    one_place(c);
}

criterion_group! { name = queue; config = quick(); targets = all }
criterion_main!(queue);

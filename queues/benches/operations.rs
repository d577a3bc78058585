//! `cargo bench -p locksmith-queues`: one operation, one thread, no waiter.
//!
//! Only what has no row in a contest. Beside their peers, turn by turn, the other operations are
//! measured by `cargo results queue`: criterion runs one after the other, and a machine that is
//! busier for one than for the next favours one of them.

#[path = "../../primitives/benches/common/mod.rs"]
mod common;

use common::{keep_a_second_thread, quick};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use queues::{PriorityQueue, TreiberStack};

fn stack_without_a_lock(c: &mut Criterion) {
    let stack = TreiberStack::bounded(64);
    let mut group = c.benchmark_group("TreiberStack");
    group.throughput(Throughput::Elements(1));
    group.bench_function("push+pop", |b| {
        b.iter(|| {
            stack.try_push(1).unwrap();
            stack.try_pop().expect("there is one")
        });
    });
    group.finish();
}

/// A thousand items inside, ten levels. An item that is put back behind the others goes down all of
/// them.
fn a_thousand_inside(c: &mut Criterion) {
    let mut group = c.benchmark_group("PriorityQueue, 1,000 inside");
    group.throughput(Throughput::Elements(1));
    let queue = PriorityQueue::unbounded();
    (0..1000).for_each(|item| queue.put(1 + item * 7919 % 1000).unwrap());
    group.bench_function("get+put, behind all", |b| {
        b.iter(|| {
            let first = queue.get().unwrap();
            queue.put(first + 1000).unwrap();
        });
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    keep_a_second_thread();
    stack_without_a_lock(c);
    a_thousand_inside(c);
}

criterion_group! { name = operations; config = quick(); targets = all }
criterion_main!(operations);

//! `cargo bench -p locksmith-primitives --bench lock`: what the fast paths cost, and two threads at
//! one lock.
//!
//! Ours alone, to see what a change did to one of them. Beside their peers they are measured by
//! `cargo results lock`, turn by turn: criterion runs one after the other, and a machine that is
//! busier for one than for the next favours one of them.

mod common;

use std::hint::black_box;

use common::{keep_a_second_thread, quick, side_by_side};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use primitives::{Lock, RLock};

/// One thread, a lock that no other thread wants: the cost of the fast paths, in a loop that the
/// processor predicts perfectly. It says nothing about a lock whose cache line is on another core.
fn uncontended(c: &mut Criterion) {
    let (lock, rlock) = (Lock::new(0_u64), RLock::new(()));
    let mut group = c.benchmark_group("uncontended");
    group.throughput(Throughput::Elements(1));
    group.bench_function("Lock", |b| b.iter(|| *black_box(&lock).lock() += 1));
    group.bench_function("RLock", |b| b.iter(|| drop(black_box(&rlock).lock())));
    let held = lock.lock();
    group.bench_function("try_lock, held", |b| b.iter(|| black_box(&lock).try_lock().is_none()));
    drop(held);
    let held = rlock.lock();
    group.bench_function("RLock, nested", |b| b.iter(|| drop(black_box(&rlock).lock())));
    drop(held);
    group.finish();
}

/// Two threads at one lock, each with half of the sections; the figure is the time of one section
/// while both compete. The threads are not pinned, so on a busy machine they may spend a while on
/// one core.
fn two_threads(c: &mut Criterion) {
    let lock = Lock::new(0_u64);
    let mut group = c.benchmark_group("two threads");
    group.throughput(Throughput::Elements(1));
    group.bench_function("Lock", |b| {
        b.iter_custom(|sections| {
            let half = || (0..sections.div_ceil(2)).for_each(|_| *lock.lock() += 1);
            side_by_side(half, half)
        });
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    keep_a_second_thread();
    uncontended(c);
    two_threads(c);
}

criterion_group! { name = lock; config = quick(); targets = all }
criterion_main!(lock);

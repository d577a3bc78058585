//! `cargo bench -p locksmith-primitives --bench waiting`: what threads wait on, first when no
//! thread waits, then with two threads that wait for each other.
//!
//! This measures our own alone, as in the bench `lock`, which says why. `cargo counts` counts the
//! instructions of each operation, and checks that none takes more than before.

mod common;

use std::hint::black_box;

use common::{keep_a_second_thread, quick, side_by_side};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use primitives::raw::{CancellableSleep, RawLock, RawRLock};
use primitives::{Barrier, BoundedSemaphore, Condition, Event, Semaphore};

/// One thread, alone.
fn uncontended(c: &mut Criterion) {
    let mut group = c.benchmark_group("no waiter");
    group.throughput(Throughput::Elements(1));

    let (raw, raw_recursive) = (RawLock::new(), RawRLock::new());
    group.bench_function("RawLock, acquire and release", |b| {
        b.iter(|| {
            black_box(&raw).acquire();
            black_box(&raw).release();
        });
    });
    group.bench_function("RawRLock, acquire and release", |b| {
        b.iter(|| {
            black_box(&raw_recursive).acquire();
            black_box(&raw_recursive).release();
        });
    });

    let (semaphore, bounded, none) =
        (Semaphore::new(2), BoundedSemaphore::new(2), Semaphore::new(0));
    group.bench_function("Semaphore", |b| b.iter(|| drop(black_box(&semaphore).acquire())));
    group.bench_function("BoundedSemaphore", |b| b.iter(|| drop(black_box(&bounded).acquire())));
    group.bench_function("Semaphore, try_acquire, none left", |b| {
        b.iter(|| black_box(&none).try_acquire().is_none());
    });

    let (event, other) = (Event::new(), Event::new());
    event.set();
    group.bench_function("Event, is_set", |b| b.iter(|| black_box(&event).is_set()));
    group.bench_function("Event, set when set", |b| b.iter(|| black_box(&event).set()));
    group.bench_function("Event, wait when set", |b| b.iter(|| black_box(&event).wait()));
    group.bench_function("Event, set and clear", |b| {
        b.iter(|| {
            black_box(&other).set();
            black_box(&other).clear();
        });
    });

    let condition = Condition::new();
    group
        .bench_function("Condition, notify_one", |b| b.iter(|| black_box(&condition).notify_one()));
    group
        .bench_function("Condition, notify_all", |b| b.iter(|| black_box(&condition).notify_all()));

    let barrier = Barrier::new(1);
    group.bench_function("Barrier of one", |b| b.iter(|| black_box(&barrier).wait().is_ok()));
    let sleep = CancellableSleep::new();
    sleep.cancel();
    group.bench_function("CancellableSleep, cancel when cancelled", |b| {
        b.iter(|| black_box(&sleep).cancel());
    });
    group.finish();
}

/// Two threads that wait for each other; the figure is for a round. The threads are not pinned, so
/// on a busy machine they may spend a while on one core, where a waiter must sleep.
fn two_threads(c: &mut Criterion) {
    let mut group = c.benchmark_group("two threads");
    group.throughput(Throughput::Elements(1));
    let barrier = Barrier::new(2);
    group.bench_function("Barrier", |b| {
        b.iter_custom(|rounds| {
            let waits = || (0..rounds).for_each(|_| _ = barrier.wait());
            side_by_side(waits, waits)
        });
    });
    let (ping, pong) = (Event::new(), Event::new());
    group.bench_function("Event, there and back", |b| {
        b.iter_custom(|rounds| {
            let turns = |mine: &Event, others: &Event| {
                for _ in 0..rounds {
                    mine.wait();
                    mine.clear();
                    others.set();
                }
            };
            ping.set();
            let took = side_by_side(|| turns(&ping, &pong), || turns(&pong, &ping));
            ping.clear();
            took
        });
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    keep_a_second_thread();
    uncontended(c);
    two_threads(c);
}

criterion_group! { name = waiting; config = quick(); targets = all }
criterion_main!(waiting);

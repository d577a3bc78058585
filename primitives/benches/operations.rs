//! `cargo bench -p locksmith-primitives --bench operations`: one operation, one thread, no waiter.
//!
//! Only what has no row in a contest. `cargo results` measures the other operations beside their
//! peers, turn by turn: criterion runs one after the other, and a machine that is busier for one
//! than for the next favours one of them. `cargo counts` counts the instructions of each operation,
//! and checks that none takes more than before.

mod common;

use std::hint::black_box;

use common::{keep_a_second_thread, quick};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use primitives::raw::{CancellableSleep, RawLock, RawRLock};
use primitives::{Barrier, BoundedSemaphore, Event, Semaphore};

fn all(c: &mut Criterion) {
    keep_a_second_thread();
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

    let (bounded, none) = (BoundedSemaphore::new(2), Semaphore::new(0));
    group.bench_function("BoundedSemaphore", |b| b.iter(|| drop(black_box(&bounded).acquire())));
    group.bench_function("Semaphore, try_acquire, none left", |b| {
        b.iter(|| black_box(&none).try_acquire().is_none());
    });

    let event = Event::new();
    group.bench_function("Event, set and clear", |b| {
        b.iter(|| {
            black_box(&event).set();
            black_box(&event).clear();
        });
    });

    let barrier = Barrier::new(1);
    group.bench_function("Barrier of one", |b| b.iter(|| black_box(&barrier).wait().is_ok()));
    let sleep = CancellableSleep::new();
    sleep.cancel();
    group.bench_function("CancellableSleep, cancel when cancelled", |b| {
        b.iter(|| black_box(&sleep).cancel());
    });
    group.finish();
}

criterion_group! { name = operations; config = quick(); targets = all }
criterion_main!(operations);

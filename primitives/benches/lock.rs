//! `cargo bench -p primitives`: the lock beside std's and parking_lot's.
//!
//! Criterion runs the contestants one after the other, so a machine that is busier for one than for the next
//! favours somebody: good for seeing what a change did to one of them, rough as a comparison.

mod common;

use std::hint::black_box;

use common::{keep_a_second_thread, quick, side_by_side};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

/// A lock around a number.
trait Contestant: Default + Sync {
    const NAME: &str;

    /// One critical section: lock, `change` the number, unlock.
    fn section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> R;

    /// The same, if the lock is free.
    fn try_section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> Option<R>;
}

impl Contestant for primitives::Lock<u64> {
    const NAME: &str = "locksmith";

    fn section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> R {
        change(&mut self.lock())
    }

    fn try_section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> Option<R> {
        self.try_lock().map(|mut number| change(&mut number))
    }
}

impl Contestant for std::sync::Mutex<u64> {
    const NAME: &str = "std";

    fn section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> R {
        change(&mut self.lock().unwrap())
    }

    fn try_section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> Option<R> {
        self.try_lock().ok().map(|mut number| change(&mut number))
    }
}

impl Contestant for parking_lot::Mutex<u64> {
    const NAME: &str = "parking_lot";

    fn section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> R {
        change(&mut self.lock())
    }

    fn try_section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> Option<R> {
        self.try_lock().map(|mut number| change(&mut number))
    }
}

/// One benchmark for each contestant.
macro_rules! for_each_contestant {
    ($bench:ident($($argument:expr),*)) => {
        $bench::<primitives::Lock<u64>>($($argument),*);
        $bench::<std::sync::Mutex<u64>>($($argument),*);
        $bench::<parking_lot::Mutex<u64>>($($argument),*);
    };
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn lock_and_unlock<C: Contestant>(group: &mut Group<'_>) {
    let lock = C::default();
    group.bench_function(C::NAME, |b| b.iter(|| black_box(&lock).section(|number| *number += 1)));
}

fn try_lock_of_a_held_lock<C: Contestant>(group: &mut Group<'_>) {
    let lock = C::default();
    lock.section(|_| {
        group
            .bench_function(C::NAME, |b| b.iter(|| black_box(&lock).try_section(|_| ()).is_none()));
    });
}

fn two_threads<C: Contestant>(group: &mut Group<'_>, work_outside: u32) {
    group.bench_function(C::NAME, |b| {
        b.iter_custom(|sections| {
            let lock = C::default();
            let half = || {
                for _ in 0..sections.div_ceil(2) {
                    lock.section(|number| *number += 1);
                    for unit in 0..work_outside {
                        black_box(unit); // about a nanosecond
                    }
                }
            };
            side_by_side(half, half)
        });
    });
}

/// One thread, a lock that nobody else wants: the cost of the fast paths, in a loop that the processor
/// predicts perfectly. Says nothing about a lock whose cache line another core had last.
fn uncontended(c: &mut Criterion) {
    let mut group = c.benchmark_group("lock+unlock, uncontended");
    group.throughput(Throughput::Elements(1));
    for_each_contestant!(lock_and_unlock(&mut group));
    group.finish();

    let mut group = c.benchmark_group("try_lock, held");
    group.throughput(Throughput::Elements(1));
    for_each_contestant!(try_lock_of_a_held_lock(&mut group));
    group.finish();
}

/// Two threads at one lock, each with half of the sections; the figure is the time for one section with both
/// at it. Does not say how evenly they shared, nor how much processor time it took; nor are the threads
/// pinned, so on a busy machine they may spend a while on one core, where nobody contends.
fn contended(c: &mut Criterion) {
    for (name, work_outside) in [("nothing outside", 0), ("20 units of work outside", 20)] {
        let mut group = c.benchmark_group(format!("two threads, {name}"));
        group.throughput(Throughput::Elements(1));
        for_each_contestant!(two_threads(&mut group, work_outside));
        group.finish();
    }
}

fn all(c: &mut Criterion) {
    keep_a_second_thread();
    uncontended(c);
    contended(c);
}

criterion_group! { name = lock; config = quick(); targets = all }
criterion_main!(lock);

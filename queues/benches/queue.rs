//! `cargo bench -p queues`: the blocking queue beside the channels that one would use in its place.
//!
//! Criterion runs the contestants one after the other, so a machine that is busier for one than for the next
//! favours somebody: good for seeing what a change did to one of them, rough as a comparison. The
//! channels do less: none of them counts unfinished items or can be joined.

#[path = "../../primitives/benches/common/mod.rs"]
mod common;

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use common::{keep_a_second_thread, quick, side_by_side};
use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main,
};
use queues::Queue;

/// Both ends of a bounded channel: the one that puts and the one that gets.
trait Ends {
    const NAME: &str;

    fn ends(capacity: usize) -> (impl Fn(u64) + Send, impl Fn() -> u64 + Send);
}

struct Locksmith;
struct Std;
struct Crossbeam;
struct Flume;
struct Kanal;

impl Ends for Locksmith {
    const NAME: &str = "locksmith";

    fn ends(capacity: usize) -> (impl Fn(u64) + Send, impl Fn() -> u64 + Send) {
        let putters = Arc::new(Queue::bounded(capacity));
        let getters = Arc::clone(&putters);
        (move |item| putters.put(item).unwrap(), move || getters.get().unwrap())
    }
}

impl Ends for Std {
    const NAME: &str = "std";

    fn ends(capacity: usize) -> (impl Fn(u64) + Send, impl Fn() -> u64 + Send) {
        let (putters, getters) = sync_channel(capacity);
        (move |item| putters.send(item).unwrap(), move || getters.recv().unwrap())
    }
}

impl Ends for Crossbeam {
    const NAME: &str = "crossbeam-channel";

    fn ends(capacity: usize) -> (impl Fn(u64) + Send, impl Fn() -> u64 + Send) {
        let (putters, getters) = crossbeam_channel::bounded(capacity);
        (move |item| putters.send(item).unwrap(), move || getters.recv().unwrap())
    }
}

impl Ends for Flume {
    const NAME: &str = "flume";

    fn ends(capacity: usize) -> (impl Fn(u64) + Send, impl Fn() -> u64 + Send) {
        let (putters, getters) = flume::bounded(capacity);
        (move |item| putters.send(item).unwrap(), move || getters.recv().unwrap())
    }
}

impl Ends for Kanal {
    const NAME: &str = "kanal";

    fn ends(capacity: usize) -> (impl Fn(u64) + Send, impl Fn() -> u64 + Send) {
        let (putters, getters) = kanal::bounded(capacity);
        (move |item| putters.send(item).unwrap(), move || getters.recv().unwrap())
    }
}

/// One benchmark for each contestant.
macro_rules! for_each_contestant {
    ($bench:ident($($argument:expr),*)) => {
        $bench::<Locksmith>($($argument),*);
        $bench::<Std>($($argument),*);
        $bench::<Crossbeam>($($argument),*);
        $bench::<Flume>($($argument),*);
        $bench::<Kanal>($($argument),*);
    };
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn put_and_get<E: Ends>(group: &mut Group<'_>) {
    let (put, get) = E::ends(64);
    group.bench_function(E::NAME, |b| {
        b.iter(|| {
            put(1);
            get()
        });
    });
}

fn one_to_one<E: Ends>(group: &mut Group<'_>, capacity: usize) {
    group.bench_function(BenchmarkId::new(E::NAME, capacity), |b| {
        b.iter_custom(|items| {
            let (put, get) = E::ends(capacity);
            side_by_side(
                move || (0..items).for_each(put),
                move || {
                    (0..items).for_each(|item| assert_eq!(get(), item));
                },
            )
        });
    });
}

/// One thread puts an item and gets it back, so nobody ever waits: the cost of the two fast paths, with
/// everything in this core's cache.
fn uncontended(c: &mut Criterion) {
    let mut group = c.benchmark_group("put+get, uncontended");
    group.throughput(Throughput::Elements(1));
    for_each_contestant!(put_and_get(&mut group));
    group.finish();
}

/// A producer and a consumer with nothing else to do; the figure is the time for one item from end to end of
/// the run. With one place it is that of a hand-over; with many it says how well batches form. Does not say
/// how much processor time was spun away, nor how long an item was on its way; nor are the threads
/// pinned, so on a busy machine they may spend a while on one core.
fn one_producer_one_consumer(c: &mut Criterion) {
    let mut group = c.benchmark_group("1 producer, 1 consumer");
    group.throughput(Throughput::Elements(1));
    for capacity in [1, 64, 1024] {
        for_each_contestant!(one_to_one(&mut group, capacity));
    }
    group.finish();
}

fn all(c: &mut Criterion) {
    keep_a_second_thread();
    uncontended(c);
    one_producer_one_consumer(c);
}

criterion_group! { name = queue; config = quick(); targets = all }
criterion_main!(queue);

//! The readers-writer lock beside std's, parking_lot's and usync's: `cargo results rwlock`.

use std::hint::{black_box, spin_loop};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bench::{Bench, Goal, Row, Run, Sample, floors};

/// A readers-writer lock around a number.
trait RwLock: Default + Send + Sync + 'static {
    /// Reads the number under the lock.
    fn read<R>(&self, look: impl FnOnce(u64) -> R) -> R;

    /// Changes the number under the lock.
    fn write(&self, change: impl FnOnce(&mut u64));
}

impl RwLock for std::sync::RwLock<u64> {
    #[inline]
    fn read<R>(&self, look: impl FnOnce(u64) -> R) -> R {
        look(*self.read().unwrap())
    }

    #[inline]
    fn write(&self, change: impl FnOnce(&mut u64)) {
        change(&mut self.write().unwrap());
    }
}

macro_rules! locks {
    ($($name:ty),*) => {$(
        impl RwLock for $name {
            #[inline]
            fn read<R>(&self, look: impl FnOnce(u64) -> R) -> R {
                look(*self.read())
            }

            #[inline]
            fn write(&self, change: impl FnOnce(&mut u64)) {
                change(&mut self.write());
            }
        }
    )*};
}
locks!(primitives::RwLock<u64>, parking_lot::RwLock<u64>, usync::RwLock<u64>);

/// The row with all contestants.
macro_rules! peers {
    ($row:expr, $bench:ident) => {
        $row.ours("RwLock", |run| $bench::<primitives::RwLock<u64>>(run))
            .peer("std", |run| $bench::<std::sync::RwLock<u64>>(run))
            .peer("parking_lot", |run| $bench::<parking_lot::RwLock<u64>>(run))
            .peer("usync", |run| $bench::<usync::RwLock<u64>>(run))
    };
}

fn read<L: RwLock>(run: &Run) -> Sample {
    let lock = L::default();
    let lock = black_box(&lock);
    run.alone(50_000, || _ = black_box(lock.read(|number| number)))
}

fn write<L: RwLock>(run: &Run) -> Sample {
    let lock = L::default();
    let lock = black_box(&lock);
    run.alone(50_000, || lock.write(|number| *number = number.wrapping_add(1)))
}

/// A unit of work: a multiplication that the compiler cannot leave out, about a nanosecond.
fn work(own: &mut u64, units: u32) {
    for _ in 0..units {
        *own = black_box(own.wrapping_mul(6_364_136_223_846_793_005));
    }
}

/// How many threads read.
const READERS: usize = 8;
/// How long the writer does other work between two writes.
const BETWEEN_WRITES: Duration = Duration::from_micros(50);
/// How long they all work.
const TIME: Duration = Duration::from_millis(40);

/// Readers that read and then work a little, and a writer that writes now and then. An operation is
/// a read or a write; a wait is the writer's, from its call until it has the lock.
fn readers_and_a_writer<L: RwLock>(run: &Run) -> Sample {
    let lock = L::default();
    let waits = Mutex::new(Vec::new());
    let mut sample = run.for_a_while(READERS + 1, TIME, |thread, clock| {
        let mut own = thread as u64;
        if thread < READERS {
            return clock.repeat(|| {
                own ^= lock.read(|number| {
                    work(&mut own, 20);
                    number
                });
                work(&mut own, 20);
            });
        }
        let mut mine = Vec::new();
        let writes = clock.repeat(|| {
            let start = Instant::now();
            let mut had = start;
            lock.write(|number| {
                had = Instant::now();
                *number += 1;
            });
            mine.push((had - start).as_secs_f64() * 1e9);
            while had.elapsed() < BETWEEN_WRITES {
                spin_loop();
            }
        });
        waits.lock().unwrap().append(&mut mine);
        writes
    });
    let mut waits = waits.into_inner().unwrap();
    waits.sort_by(f64::total_cmp);
    sample.tail = waits.get(waits.len().saturating_sub(1) * 99 / 100).copied();
    sample.fairness = None; // the writer does something else
    sample
}

fn rows() -> Vec<Row> {
    vec![
        peers!(
            Row::new("read, uncontended", "read and unlock, one thread").goal(Goal::best(1.0)),
            read
        ),
        peers!(
            Row::new("write, uncontended", "write and unlock, one thread").goal(Goal::best(1.0)),
            write
        )
        .floor("compare-exchange and store", floors::compare_exchange_and_store),
        peers!(
            Row::new(
                "eight readers, one writer",
                "eight threads that read, one that writes every 50 µs, on two cores",
            )
            .goal(Goal::best(0.8))
            .goal(Goal::tail_of(&["parking_lot"], 0.5)),
            readers_and_a_writer
        ),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("locks", "RwLock", rows)
}

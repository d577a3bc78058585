//! The lock beside std's, parking_lot's and usync's: `cargo results lock`.

use std::hint::black_box;
use std::time::Duration;

use bench::{Bench, Goal, Row, Run, Sample, floors};

/// A lock around a number.
trait Lock: Default + Send + Sync + 'static {
    /// One critical section: lock, `change` the number, unlock.
    fn section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> R;

    /// The same, if the lock is free.
    fn try_section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> Option<R>;
}

impl Lock for std::sync::Mutex<u64> {
    #[inline]
    fn section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> R {
        change(&mut self.lock().unwrap())
    }

    #[inline]
    fn try_section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> Option<R> {
        self.try_lock().ok().map(|mut number| change(&mut number))
    }
}

macro_rules! locks {
    ($($name:ty),*) => {$(
        impl Lock for $name {
            #[inline]
            fn section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> R {
                change(&mut self.lock())
            }

            #[inline]
            fn try_section<R>(&self, change: impl FnOnce(&mut u64) -> R) -> Option<R> {
                self.try_lock().map(|mut number| change(&mut number))
            }
        }
    )*};
}
locks!(primitives::Lock<u64>, parking_lot::Mutex<u64>, usync::Mutex<u64>);

/// The row with all contestants.
macro_rules! peers {
    ($row:expr, $bench:ident $(, $argument:expr)*) => {
        $row.ours("Lock", move |run| $bench::<primitives::Lock<u64>>(run $(, $argument)*))
            .peer("std", move |run| $bench::<std::sync::Mutex<u64>>(run $(, $argument)*))
            .peer("parking_lot", move |run| $bench::<parking_lot::Mutex<u64>>(run $(, $argument)*))
            .peer("usync", move |run| $bench::<usync::Mutex<u64>>(run $(, $argument)*))
    };
}

fn uncontended<L: Lock>(run: &Run) -> Sample {
    let lock = L::default();
    let lock = black_box(&lock);
    run.alone(50_000, || lock.section(|number| *number = number.wrapping_add(1)))
}

fn try_lock_held<L: Lock>(run: &Run) -> Sample {
    let lock = L::default();
    let lock = black_box(&lock);
    lock.section(|_| run.alone(50_000, || _ = black_box(lock.try_section(|_| ()).is_none())))
}

/// A unit of work: a multiplication that the compiler cannot leave out, about a nanosecond.
fn work(own: &mut u64, units: u32) {
    for _ in 0..units {
        *own = black_box(own.wrapping_mul(6_364_136_223_846_793_005));
    }
}

/// Threads that lock, change a number, unlock, and then work for a number of units without the
/// lock.
fn together<L: Lock>(run: &Run, threads: usize, milliseconds: u64, outside: u32) -> Sample {
    let lock = L::default();
    run.for_a_while(threads, Duration::from_millis(milliseconds), |thread, clock| {
        let mut own = thread as u64;
        clock.repeat(|| {
            lock.section(|number| *number += 1);
            work(&mut own, outside);
        })
    })
}

fn two(name: &'static str, about: &'static str, outside: u32) -> Row {
    let row = peers!(Row::new(name, about), together, 2, 4, outside);
    if outside == 0 {
        row.floor("hand-over of a cache line", floors::hand_over)
    } else {
        row.floor("the work outside alone", move |run| without_a_lock(run, outside))
    }
}

/// The same without the lock and the critical section: the minimum of the row.
fn without_a_lock(run: &Run, outside: u32) -> Sample {
    run.for_a_while(2, Duration::from_millis(4), |thread, clock| {
        let mut own = thread as u64;
        clock.repeat(|| work(&mut own, outside))
    })
}

fn many(threads: usize, name: &'static str, about: &'static str, outside: u32) -> Row {
    peers!(
        Row::new(name, about).goal(Goal::best(1.05)),
        together,
        threads,
        3 * threads as u64,
        outside
    )
}

fn rows() -> Vec<Row> {
    vec![
        peers!(
            Row::new("uncontended", "lock and unlock, one thread").goal(Goal::best(1.05)),
            uncontended
        )
        .floor("compare-exchange and store", floors::compare_exchange_and_store),
        peers!(
            Row::new("try_lock, held", "try_lock on a lock that is held").goal(Goal::best(1.0)),
            try_lock_held
        )
        .floor("one load", floors::one_load),
        two("two threads, short", "two threads, nothing outside the section", 0)
            .goal(Goal::best(0.75))
            .goal(Goal::fairness(0.8)),
        two("two threads, 20 outside", "two threads, 20 units of work outside the section", 20)
            .goal(Goal::best(0.75))
            .goal(Goal::fairness(0.8)),
        two("two threads, 50 outside", "two threads, 50 units of work outside the section", 50)
            .goal(Goal::best(0.75))
            .goal(Goal::fairness(0.8)),
        two(
            "two threads, mostly outside",
            "two threads, 200 units of work outside the section",
            200,
        )
        .goal(Goal::best(1.05)),
        many(4, "four threads, short", "four threads on two cores, nothing outside", 0),
        many(4, "four threads, 50 outside", "four threads on two cores, 50 units outside", 50),
        many(8, "eight threads, short", "eight threads on two cores, nothing outside", 0)
            .goal(Goal::cpu(1.3)),
        many(8, "eight threads, 50 outside", "eight threads on two cores, 50 units outside", 50)
            .goal(Goal::cpu(1.3)),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("locks", "Lock", rows)
}

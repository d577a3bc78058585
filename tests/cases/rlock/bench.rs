//! The reentrant lock beside parking_lot's (std's is not stable): `cargo results rlock`.

use std::hint::black_box;
use std::time::Duration;

use bench::{Bench, Goal, Row, Run, Sample, floors};

trait RLock: Send + Sync + 'static {
    fn new() -> Self;
    fn section(&self, body: impl FnOnce());
}

impl RLock for primitives::RLock<()> {
    fn new() -> Self {
        Self::new(())
    }

    #[inline]
    fn section(&self, body: impl FnOnce()) {
        let _held = self.lock();
        body();
    }
}

impl RLock for parking_lot::ReentrantMutex<()> {
    fn new() -> Self {
        Self::new(())
    }

    #[inline]
    fn section(&self, body: impl FnOnce()) {
        let _held = self.lock();
        body();
    }
}

/// The row with both in it.
macro_rules! both {
    ($row:expr, $bench:ident) => {
        $row.ours("RLock", |run| $bench::<primitives::RLock<()>>(run))
            .peer("parking_lot", |run| $bench::<parking_lot::ReentrantMutex<()>>(run))
    };
}

fn outer<L: RLock>(run: &Run) -> Sample {
    let lock = L::new();
    let lock = black_box(&lock);
    run.alone(50_000, || lock.section(|| ()))
}

fn nested<L: RLock>(run: &Run) -> Sample {
    let lock = L::new();
    let lock = black_box(&lock);
    let mut sample = Sample::default();
    lock.section(|| sample = run.alone(100_000, || lock.section(|| ())));
    sample
}

/// Two threads that take it twice, nested, and then work without it.
fn two_threads<L: RLock>(run: &Run) -> Sample {
    let lock = L::new();
    run.for_a_while(2, Duration::from_millis(4), |thread, clock| {
        let mut own = thread as u64;
        clock.repeat(|| {
            lock.section(|| lock.section(|| ()));
            for _ in 0..20 {
                own = black_box(own.wrapping_mul(6_364_136_223_846_793_005)); // about two nanoseconds
            }
        })
    })
}

fn rows() -> Vec<Row> {
    vec![
        both!(
            Row::new("outer", "lock and unlock, not held before, one thread").goal(Goal::best(1.0)),
            outer
        )
        .floor("compare-exchange and store", floors::compare_exchange_and_store),
        both!(
            Row::new("nested", "lock and unlock within the same lock").goal(Goal::best(0.8)),
            nested
        )
        .floor("one load", floors::one_load_unused),
        both!(
            Row::new("two threads", "two threads, twice nested, 20 units of work outside"),
            two_threads
        )
        .floor("hand-over of a cache line", floors::hand_over),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("locks", "RLock", rows)
}

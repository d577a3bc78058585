//! The semaphore beside those of async libraries, std having none: `cargo results semaphore`.
//!
//! tokio's cannot block a thread: if there is no permit at once, `pollster::block_on` awaits it.
//! async-lock's has a blocking call. Both are tried first, which costs them least.

use std::hint::black_box;
use std::time::Duration;

use bench::{Bench, Goal, Row, Run, Sample, floors};

trait Semaphore: Send + Sync + 'static {
    fn new(permits: usize) -> Self;

    /// Takes a permit, and gives it back after `use_it`.
    fn with_a_permit(&self, use_it: impl FnOnce());
}

impl Semaphore for primitives::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    #[inline]
    fn with_a_permit(&self, use_it: impl FnOnce()) {
        let _permit = self.acquire();
        use_it();
    }
}

impl Semaphore for tokio::sync::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    #[inline]
    fn with_a_permit(&self, use_it: impl FnOnce()) {
        let permit = self.try_acquire().or_else(|_| pollster::block_on(self.acquire()));
        let _permit = permit.expect("it is not closed");
        use_it();
    }
}

impl Semaphore for async_lock::Semaphore {
    fn new(permits: usize) -> Self {
        Self::new(permits)
    }

    #[inline]
    fn with_a_permit(&self, use_it: impl FnOnce()) {
        let _permit = self.try_acquire().unwrap_or_else(|| self.acquire_blocking());
        use_it();
    }
}

/// The row with all contestants.
macro_rules! peers {
    ($row:expr, $bench:ident $(, $argument:expr)*) => {
        $row.ours("Semaphore", |run| $bench::<primitives::Semaphore>(run $(, $argument)*))
            .peer("tokio", |run| $bench::<tokio::sync::Semaphore>(run $(, $argument)*))
            .peer("async-lock", |run| $bench::<async_lock::Semaphore>(run $(, $argument)*))
    };
}

fn uncontended<S: Semaphore>(run: &Run) -> Sample {
    let semaphore = S::new(2);
    let semaphore = black_box(&semaphore);
    run.alone(50_000, || semaphore.with_a_permit(|| ()))
}

/// Threads that take a permit, give it back, and then work a little without it.
fn together<S: Semaphore>(run: &Run, threads: usize, permits: usize) -> Sample {
    let semaphore = S::new(permits);
    let time = Duration::from_millis(if threads > 2 { 5 * threads as u64 } else { 4 });
    run.for_a_while(threads, time, |thread, clock| {
        let mut own = thread as u64;
        clock.repeat(|| {
            semaphore.with_a_permit(|| own = black_box(own.wrapping_mul(7)));
            for _ in 0..10 {
                own = black_box(own.wrapping_mul(6_364_136_223_846_793_005)); // about two nanoseconds
            }
        })
    })
}

fn rows() -> Vec<Row> {
    vec![
        peers!(
            Row::new("uncontended", "acquire and release, one thread").goal(Goal::best(0.8)),
            uncontended
        )
        .floor("compare-exchange and store", floors::compare_exchange_and_store),
        peers!(
            Row::new("two threads", "two threads, one permit, 10 units of work without it")
                .goal(Goal::best(0.6)),
            together,
            2,
            1
        )
        .floor("hand-over of a cache line", floors::hand_over),
        peers!(
            Row::new("eight threads", "eight threads on two cores, two permits, 10 units without")
                .goal(Goal::cpu(1.3)),
            together,
            8,
            2
        ),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("sync", "Semaphore", rows)
}

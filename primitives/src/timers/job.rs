//! A callback, one-shot or periodic.

/// What a timer calls. It is one box, and the schedule keeps only the pointer.
pub(super) trait Job: Send {
    /// Calls the callback.
    fn run(&mut self);

    /// The period; `None` for a one-shot job.
    fn period(&self) -> Option<u64>;
}

/// The next deadline of a periodic job whose last one was `deadline`: the first after `now` that is
/// a whole number of periods later. It counts from the deadline and not from now, so lateness does
/// not add up.
pub(super) fn next_deadline(deadline: u64, period: u64, now: u64) -> u64 {
    let missed = now.saturating_sub(deadline) / period;
    deadline.saturating_add(period.saturating_mul(missed.saturating_add(1)))
}

/// A callback for [`after`](super::Timers::after) and [`at`](super::Timers::at).
pub(super) struct Once<F>(Option<F>);

impl<F: FnOnce() + Send> Once<F> {
    pub(super) fn new(f: F) -> Self {
        Self(Some(f))
    }
}

impl<F: FnOnce() + Send> Job for Once<F> {
    fn run(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }

    fn period(&self) -> Option<u64> {
        None
    }
}

/// A callback for [`every`](super::Timers::every).
pub(super) struct Every<F> {
    period: u64,
    f: F,
}

impl<F: FnMut() + Send> Every<F> {
    pub(super) fn new(period: u64, f: F) -> Self {
        Self { period, f }
    }
}

impl<F: FnMut() + Send> Job for Every<F> {
    fn run(&mut self) {
        (self.f)();
    }

    fn period(&self) -> Option<u64> {
        Some(self.period)
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::{Every, Job, Once, next_deadline};
    use crate::timers::schedule::NEVER;

    #[test]
    fn a_periodic_job_does_not_drift_and_leaves_out_what_it_missed() {
        assert_eq!(next_deadline(100, 10, 100), 110);
        assert_eq!(next_deadline(100, 10, 107), 110, "from the deadline, not from now");
        assert_eq!(next_deadline(100, 10, 110), 120, "110 has come already");
        assert_eq!(next_deadline(100, 10, 139), 140, "110, 120 and 130 were missed");
    }

    #[test]
    fn a_period_beyond_the_end_of_time_never_comes_again() {
        assert_eq!(next_deadline(5, NEVER, 7), NEVER);
        assert_eq!(next_deadline(NEVER - 3, 10, NEVER - 3), NEVER);
        assert_eq!(next_deadline(0, 1, NEVER), NEVER);
    }

    #[test]
    fn what_is_to_be_called_once_is_called_once() {
        let mut calls = 0;
        let mut job = Once::new(|| calls += 1);
        job.run();
        job.run();
        assert_eq!(job.period(), None);
        assert_eq!(calls, 1);
    }

    #[test]
    fn what_is_to_be_called_again_can_be() {
        let mut calls = 0;
        let mut job = Every::new(10, || calls += 1);
        job.run();
        job.run();
        assert_eq!(job.period(), Some(10));
        assert_eq!(calls, 2);
    }
}

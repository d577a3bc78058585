//! The figures of one run of one contestant.

/// One run of one contestant. Times are in nanoseconds for each operation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// The time from when all threads were ready until the last was done, divided by the
    /// operations.
    pub nanoseconds: f64,
    /// Processor time of all threads together; `None` if the system does not say.
    pub cpu: Option<f64>,
    /// The operations of the slowest thread divided by those of the fastest, where threads worked
    /// for a set time and not for a set number.
    pub fairness: Option<f64>,
    /// One wait in a hundred took longer than this, where waits were measured one by one.
    pub tail: Option<f64>,
    /// The part of their time for which the threads were ready and had no core; `None` if there are
    /// more threads than cores (then a thread always waits) or if the system does not say.
    pub waited: Option<f64>,
}

impl Sample {
    /// A thread that waits longer than this part of its time counts as disturbed.
    const DISTURBED: f64 = 0.03;

    /// Whether other programs took so much of the cores that the figure says little.
    #[must_use]
    pub fn is_dirty(&self) -> bool {
        self.waited.is_some_and(|waited| waited > Self::DISTURBED)
    }
}

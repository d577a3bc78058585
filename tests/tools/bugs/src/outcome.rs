//! What became of a bug.

/// What became of a bug.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A model found it.
    Found(Found),
    /// The models that should find it passed.
    Missed,
    /// It could not be tried: it does not apply, does not compile, or the runner broke.
    Broken(String),
}

/// How a bug was found.
#[derive(Debug)]
pub(crate) struct Found {
    /// The scenario that found it.
    pub(crate) by: String,
    /// The kind of failure.
    pub(crate) kind: String,
    /// Executions until then.
    pub(crate) executions: u64,
    /// Seconds until then.
    pub(crate) seconds: f64,
    /// The counterexample, as the runner prints it.
    pub(crate) shown: String,
}

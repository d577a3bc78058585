//! The outcome of a bug.

/// The outcome of a bug.
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
    /// Executions until it was found.
    pub(crate) executions: u64,
    /// Seconds until it was found.
    pub(crate) seconds: f64,
    /// The counterexample, in the runner's form.
    pub(crate) shown: String,
}

//! What a run may change about a scenario.

use std::time::Duration;

use crate::world::mutant::Mutant;

/// What to change about a run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A mistake to be made at one place.
    pub mutant: Option<Mutant>,
    /// The number of executions after which to stop, for each role of main.
    pub most_executions: Option<u64>,
    /// Time after which to stop.
    pub most_time: Option<Duration>,
    /// Only determines whether it fails, not how.
    pub no_trace: bool,
}

//! `model.json`: what the model checker did.
//!
//! ```text
//! { "lock": { "scenarios": [
//!     { "name": "…", "about": "…", "threads": 3, "bound": 2,
//!       "executions": 1234, "complete": true, "seconds": 0.5 } ] } }
//! ```
//!
//! A scenario that must fail has the execution that did beside these:
//!
//! ```text
//! "counterexample": {
//!     "threads": ["waits", "sets"],
//!     "rows": [ { "thread": 0, "place": "gate.rs:34", "cell": "load word → 0  Acquire" } ],
//!     "sentence": "Lost wake-up: …", "replay": "cargo model listings/gate" }
//! ```

use serde::{Deserialize, Serialize};

/// The scenarios of a primitive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// In the order in which they stand in the source.
    pub scenarios: Vec<Scenario>,
}

/// A small program, every interleaving of which was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// `two-threads`
    pub name: String,
    /// What it shows, as a sentence.
    pub about: Option<String>,
    /// How many threads it has.
    pub threads: Option<usize>,
    /// How many preemptions an execution may have; without it, any number.
    pub bound: Option<usize>,
    /// How many executions there were.
    pub executions: u64,
    /// Whether these are all.
    pub complete: bool,
    /// How long they took.
    pub seconds: Option<f64>,
    /// The execution that failed, of a scenario that must fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterexample: Option<FailedExecution>,
}

/// An execution that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedExecution {
    /// The role of each thread.
    pub threads: Vec<String>,
    /// One after the other.
    pub rows: Vec<Step>,
    /// What went wrong.
    pub sentence: String,
    /// The command that reproduces it.
    pub replay: String,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The number of its thread, from 0.
    pub thread: usize,
    /// `gate.rs:34`
    pub place: String,
    /// What was done.
    pub cell: String,
}

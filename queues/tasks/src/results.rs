//! The store of results: one small trait, beside [`Broker`](crate::Broker).
//!
//! A chord is counted here too, because its members' results must be there when its body begins.

use std::time::Instant;

use serde_json::Value;

use crate::error::Error;
use crate::exception::Exception;
use crate::state::StoredResult;

/// One member of a chord's header that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ChordPart {
    /// The task's id.
    pub id: String,
    /// Its place in the header.
    pub index: Option<u64>,
    /// What it ended with.
    pub outcome: Result<Value, Exception>,
}

/// All members of a chord's header have ended, and this caller must start the body.
#[derive(Clone, Debug, PartialEq)]
pub struct ChordReady {
    /// In the header's order.
    pub parts: Vec<ChordPart>,
    /// Identifies the claim, to report that the body was started.
    pub token: String,
}

/// Keeps the results of tasks until they expire. All calls block, and may be made by any thread.
///
/// # Errors
///
/// As [`Broker`](crate::Broker).
pub trait ResultStore: Send + Sync + 'static {
    /// Stores results, and wakes their waiters.
    fn put(&self, results: &[StoredResult]) -> Result<(), Error>;

    /// Stores one result.
    fn put_owned(&self, result: StoredResult) -> Result<(), Error> {
        self.put(&[result])
    }

    /// The current status of a task.
    fn get(&self, id: &str) -> Result<Option<StoredResult>, Error>;

    /// Waits until the task has ended, or until `deadline`.
    fn wait(&self, id: &str, deadline: Option<Instant>) -> Result<Option<StoredResult>, Error>;

    /// Which of these tasks are stored as revoked.
    fn revoked(&self, ids: &[&str]) -> Result<Vec<bool>, Error>;

    /// Drops the stored status of a task.
    fn forget(&self, id: &str) -> Result<(), Error>;

    /// A chord of `size` members begins.
    fn chord_begin(&self, group: &str, size: usize) -> Result<(), Error>;

    /// A member has ended. After the last one, exactly one caller gets the parts.
    fn chord_part(&self, group: &str, part: ChordPart) -> Result<Option<ChordReady>, Error>;

    /// The body has been started, or failed.
    fn chord_end(&self, group: &str, token: &str, started: bool) -> Result<(), Error>;
}

//! A call, and where its result goes.

use std::sync::Arc;

use super::error::TaskError;
use crate::function::Packed;

/// The recipient of a call's result.
pub(super) trait Sink: Send + Sync {
    /// The result of the call with this number. Called once for each, without the crew's lock.
    fn done(&self, number: usize, result: Result<Packed, TaskError>);
    /// Whether the call was cancelled while it waited. Then it is not sent.
    fn is_cancelled(&self) -> bool;
}

/// A call that is not done.
pub(super) struct Call {
    pub(super) sink: Arc<dyn Sink>,
    /// Which call, to the sink.
    pub(super) number: usize,
    /// Its place among the registered functions.
    pub(super) function: usize,
    pub(super) arguments: Packed,
}

impl Call {
    pub(super) fn told(self, result: Result<Packed, TaskError>) -> Told {
        Told { sink: self.sink, number: self.number, result }
    }
}

/// How a call ended, to be reported after the lock is released.
pub(super) struct Told {
    sink: Arc<dyn Sink>,
    number: usize,
    result: Result<Packed, TaskError>,
}

impl Told {
    pub(super) fn tell(self) {
        self.sink.done(self.number, self.result);
    }
}

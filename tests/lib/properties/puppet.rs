//! Other threads in a sequence of calls: each does one job at a time, and reports its end.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

type Part = Box<dyn FnOnce() + Send>;

/// A thread that does jobs, one after the other.
///
/// It ends when it is dropped.
#[derive(Debug)]
pub struct Puppet {
    parts: Sender<Part>,
}

impl Puppet {
    /// A thread without a job.
    #[must_use]
    pub fn new() -> Self {
        let (parts, told) = channel::<Part>();
        thread::spawn(move || told.into_iter().for_each(|part| part()));
        Self { parts }
    }

    /// Does the job there, and returns at once; the result comes later, if the thread does not
    /// block without end.
    pub fn begin<R: Send + 'static>(
        &self,
        part: impl FnOnce() -> R + Send + 'static,
    ) -> Receiver<R> {
        let (done, result) = channel();
        let part = Box::new(move || drop(done.send(part())));
        self.parts.send(part).expect("the thread waits for more");
        result
    }

    /// Does the job there, and waits for the result.
    pub fn run<R: Send + 'static>(&self, part: impl FnOnce() -> R + Send + 'static) -> R {
        self.begin(part).recv().expect("the part panicked, see above")
    }
}

impl Default for Puppet {
    fn default() -> Self {
        Self::new()
    }
}

//! Timers whose thread has not started yet.

use std::io;
use std::process;
use std::sync::Arc;

use super::Timers;
use super::service::Service;
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};
use crate::{sync, threads};

/// The name and the stack size of the thread that serves [`Timers`].
///
/// ```
/// use primitives::Timers;
///
/// let alarms = Timers::builder().name("alarms").build()?;
/// assert_eq!(alarms.thread().name(), "alarms");
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder starts nothing until `build` is called"]
pub struct Builder {
    name: Option<String>,
    thread: threads::Builder,
}

impl Builder {
    /// Names the thread: the report of a callback that panics has it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The thread's stack size, in bytes. All callbacks run on it.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.thread = self.thread.stack_size(bytes);
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system's error if it cannot make a thread; `InvalidInput` if the name contains a zero
    /// byte.
    pub fn build(self) -> io::Result<Timers> {
        let service = Arc::new(Service::new());
        let running = self.thread.name(self.name.unwrap_or_else(next_name)).spawn({
            let service = Arc::clone(&service);
            move || service.serve()
        })?;
        let thread = running.thread().clone();
        Ok(Timers { service, thread, running: Some(running), process: process::id() })
    }
}

fn next_name() -> String {
    sync::global! { static UNNAMED: AtomicU64 = AtomicU64::new(0); }

    // Relaxed: the numbers only have to differ.
    format!("Timers-{}", UNNAMED.fetch_add(1, Relaxed) + 1)
}

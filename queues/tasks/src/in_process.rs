//! The default: tasks and results in this process, without any server.
//!
//! ```text
//!   push ──▶ a queue by name, four lists in it, one a step of urgency ──▶ claim     one lock, one condition
//!   put ───▶ results, 16 shards by id, each a map, a lock, a condition ──▶ wait
//! ```
//!
//! The failures of brokers, old claims and vanished workers do not occur here: workers are threads
//! of the same process, and its data ends with it, but for what a journal keeps
//! (`in_process/journal.rs`, feature `journal`).
//!
//! Everything else is as on Redis: the same steps of urgency (0–2, 3–5, 6–8, 9), the same states,
//! the same order.

#[cfg(feature = "journal")]
mod journal;
#[cfg(not(feature = "journal"))]
#[path = "in_process/no_journal.rs"]
mod journal;
mod queues;
mod results;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::queues::Queues;
use self::results::Results;
use crate::broker::{Broker, DeadLetter, Delivery, Nack, Receipt};
use crate::error::Error;
use crate::message::Message;
use crate::results::{ChordPart, ChordReady, ResultStore};
use crate::state::StoredResult;

/// How long results are kept: a day, as in Celery.
const RESULT_EXPIRES: Duration = Duration::from_secs(86_400);

/// Tasks and results in this process. It is a handle: clones share one store.
///
/// Sending takes one lock, and a system call when a worker must be woken. Results take memory until
/// [forgotten](crate::TaskHandle::forget) or for [a day](Self::result_expires); set
/// [`ignore_result`](crate::TaskOptions::ignore_result) for tasks whose results are not needed.
#[derive(Clone)]
pub struct InProcess {
    queues: Arc<Queues>,
    results: Arc<Results>,
}

impl InProcess {
    /// Empty.
    #[must_use]
    pub fn new() -> Self {
        Self { queues: Arc::default(), results: Arc::new(Results::new(RESULT_EXPIRES)) }
    }

    /// With a journal: tasks that were sent and are not done are in this file, and run again when a
    /// program opens it after a crash. So do chains, chords, what was revoked, dead letters, and
    /// when a [`Beat`](crate::Beat) has sent last. Results are not in it. One program at a time
    /// has the file open.
    ///
    /// A call of `delay` returns when the task is on the disk: it waits for a transaction, a
    /// millisecond or more. So do the beginning and the end of each task.
    /// [`App::delay_many`](crate::App::delay_many) writes all of them in one transaction.
    ///
    /// ```
    /// use tasks::{App, InProcess};
    ///
    /// # let file = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
    /// let app = App::new(InProcess::with_journal(&file)?);
    /// let add = app.task("add", |_, (x, y): (i64, i64)| Ok(x + y))?;
    /// add.delay((2, 2))?; // and the program crashes before a worker has begun
    /// # drop((app, add));
    ///
    /// let app = App::new(InProcess::with_journal(&file)?);
    /// assert_eq!(app.broker().len("celery")?, 1);
    /// # drop(app);
    /// # std::fs::remove_file(&file).unwrap();
    /// # Ok::<(), tasks::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Broker`] with the file's name and the reason: it cannot be made or is damaged, it
    /// is no journal or one of another layout, or another program has it open.
    #[cfg(feature = "journal")]
    pub fn with_journal(path: impl AsRef<std::path::Path>) -> Result<Self, Error> {
        let (journal, kept) = journal::Journal::open(path.as_ref())?;
        let journal = Arc::new(journal);
        let mut results = Results::new(RESULT_EXPIRES);
        results.restore(Arc::clone(&journal), kept.chords);
        let queues = Queues::restored(journal, kept.tasks, kept.dead, kept.revoked, kept.notes)?;
        Ok(Self { queues: Arc::new(queues), results: Arc::new(results) })
    }

    /// Sets how long results are kept; the default is a day.
    #[must_use]
    pub fn result_expires(self, time: Duration) -> Self {
        self.results.set_keep(time);
        self
    }

    /// Accepts no more tasks; workers run the waiting tasks and then wait for their end.
    pub fn close(&self) {
        self.queues.close();
    }
}

impl Default for InProcess {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows how many tasks wait. Blocks only for the lock.
impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("waiting", &self.queues.waiting()).finish()
    }
}

impl Broker for InProcess {
    fn name(&self) -> String {
        "this process".into()
    }

    fn push(&self, messages: Vec<Message>) -> Result<(), Error> {
        self.queues.push(messages)
    }

    fn claim(
        &self,
        names: &[Arc<str>],
        max: usize,
        timeout: Duration,
    ) -> Result<Vec<Delivery>, Error> {
        self.queues.claim(names, max, timeout)
    }

    fn ack(&self, receipts: &[Receipt]) -> Result<(), Error> {
        self.queues.ack(receipts)
    }

    fn nack(&self, delivery: &Delivery, how: Nack) -> Result<(), Error> {
        self.queues.nack(delivery, how)
    }

    fn is_local(&self) -> bool {
        true
    }

    fn wake(&self) {
        self.queues.wake();
    }

    fn close(&self) {
        self.queues.close();
    }

    fn len(&self, queue: &str) -> Result<usize, Error> {
        Ok(self.queues.len(queue))
    }

    fn purge(&self, queue: &str) -> Result<usize, Error> {
        self.queues.purge(queue)
    }

    fn dead_letters(&self, queue: &str, max: usize) -> Result<Vec<DeadLetter>, Error> {
        Ok(self.queues.dead_letters(queue, max))
    }

    fn revoke(&self, ids: &[String]) -> Result<(), Error> {
        self.queues.revoke(ids)
    }

    fn lead(&self, role: &str, me: &str, time: Duration) -> Result<bool, Error> {
        Ok(self.queues.lead(role, me, time))
    }

    fn resign(&self, role: &str, me: &str) -> Result<(), Error> {
        self.queues.resign(role, me);
        Ok(())
    }

    fn note(&self, key: &str) -> Result<Option<String>, Error> {
        Ok(self.queues.note(key))
    }

    fn set_note(&self, key: &str, value: &str) -> Result<(), Error> {
        self.queues.set_note(key, value)
    }
}

impl ResultStore for InProcess {
    fn put(&self, results: &[StoredResult]) -> Result<(), Error> {
        results.iter().for_each(|result| self.results.put(result.clone()));
        Ok(())
    }

    fn put_owned(&self, result: StoredResult) -> Result<(), Error> {
        self.results.put(result);
        Ok(())
    }

    fn get(&self, id: &str) -> Result<Option<StoredResult>, Error> {
        Ok(self.results.get(id))
    }

    fn wait(&self, id: &str, deadline: Option<Instant>) -> Result<Option<StoredResult>, Error> {
        Ok(self.results.wait(id, deadline))
    }

    fn revoked(&self, ids: &[&str]) -> Result<Vec<bool>, Error> {
        Ok(ids.iter().map(|id| self.results.is_revoked(id)).collect())
    }

    fn forget(&self, id: &str) -> Result<(), Error> {
        self.results.forget(id);
        Ok(())
    }

    fn chord_begin(&self, group: &str, size: usize) -> Result<(), Error> {
        self.results.chord_begin(group, size)
    }

    fn chord_part(&self, group: &str, part: ChordPart) -> Result<Option<ChordReady>, Error> {
        self.results.chord_part(group, part)
    }

    fn chord_end(&self, group: &str, _: &str, _: bool) -> Result<(), Error> {
        self.results.chord_end(group)
    }
}

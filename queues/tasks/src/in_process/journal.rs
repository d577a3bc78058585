//! The journal: a file with everything that a program has promised to run, so that its tasks
//! survive a crash.
//!
//! ```text
//!   push ──▶ tasks: number → queue, message      on the disk before the call returns
//!   claim ─▶ taken: number → how often           a task that kills its program is so given up
//!   ack ───▶ both are removed
//! ```
//!
//! Each of these is a transaction of the embedded store, and waits for the disk: a millisecond or
//! more. One call with many messages is one transaction.
//!
//! | table     | key → value                      | why it must survive                              |
//! | --------- | -------------------------------- | ------------------------------------------------ |
//! | `tasks`   | number → queue, message          | they were sent                                   |
//! | `taken`   | number → how often it was begun  | the next program is told, and gives up in time   |
//! | `dead`    | number → queue, reason, message  | dead letters are for people                      |
//! | `revoked` | number → id                      | what was revoked must not run                    |
//! | `notes`   | key → text                       | a beat does not send twice                       |
//! | `chords`  | group → size                     | the body still begins after the last member      |
//! | `parts`   | group, number → a member's end   | the same                                         |
//! | `meta`    | `version` → this layout's number | another layout is refused, not misread           |
//!
//! Results are not in it: the program that would read them has ended.
//!
//! A task that was taken when its program died waits again, and is redelivered. One that waits for
//! its time is not counted as taken; it cannot have killed its program.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use redb::{
    Builder, Database, DatabaseError, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    StorageError, Table, TableDefinition, WriteTransaction,
};
use serde_json::{Value, json};

use crate::broker::DeadLetter;
use crate::error::Error;
use crate::exception::Exception;
use crate::message::Message;
use crate::results::ChordPart;
use crate::wire;

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
const TASKS: TableDefinition<'_, u64, (&str, &str)> = TableDefinition::new("tasks");
const TAKEN: TableDefinition<'_, u64, u32> = TableDefinition::new("taken");
const DEAD: TableDefinition<'_, u64, (&str, &str, &str)> = TableDefinition::new("dead");
const REVOKED: TableDefinition<'_, u64, &str> = TableDefinition::new("revoked");
const NOTES: TableDefinition<'_, &str, &str> = TableDefinition::new("notes");
const CHORDS: TableDefinition<'_, &str, u64> = TableDefinition::new("chords");
const PARTS: TableDefinition<'_, (&str, u64), &str> = TableDefinition::new("parts");

/// The key of the layout's number in `meta`, and the number of the layout above.
const VERSION: (&str, u64) = ("version", 1);

pub(super) struct Journal {
    store: Database,
    name: String,
    /// Tasks, dead letters, revoked ids and parts share one row of numbers.
    next: AtomicU64,
}

/// What was in the file.
#[derive(Default)]
pub(super) struct Kept {
    /// In the order in which they were sent.
    pub(super) tasks: Vec<Task>,
    /// The oldest first.
    pub(super) dead: Vec<DeadLetter>,
    pub(super) revoked: Vec<String>,
    pub(super) notes: Vec<(String, String)>,
    /// Group, size, and the members that have ended.
    pub(super) chords: Vec<(String, usize, Vec<ChordPart>)>,
}

pub(super) struct Task {
    pub(super) number: u64,
    pub(super) queue: Arc<str>,
    /// How often it was begun by a program that died.
    pub(super) taken: u32,
    pub(super) envelope: String,
}

/// Opening it.
impl Journal {
    /// Opens or makes the file, and reads what is in it.
    pub(super) fn open(path: &Path) -> Result<(Self, Kept), Error> {
        let name = path.display().to_string();
        let refused = |why: String| Error::Broker(format!("{name}: {why}"));
        // A file that was cut or overwritten is then an error here, and no panic later.
        let store = Builder::new().set_check_integrity_on_open(true).create(path);
        let store = store.map_err(|error| refused(why_not(&error)))?;
        let tables = store.begin_read().and_then(|reader| Ok(reader.list_tables()?.count()));
        let tables = tables.map_err(|error: redb::TransactionError| refused(error.to_string()))?;
        let journal = Self { store, name: name.clone(), next: AtomicU64::new(1) };
        let (version, kept) = journal.write(|transaction| {
            let mut meta = transaction.open_table(META)?;
            if tables == 0 {
                meta.insert(VERSION.0, VERSION.1)?;
            }
            let version = meta.get(VERSION.0)?.map(|version| version.value());
            let is_ours = version == Some(VERSION.1);
            Ok((version, if is_ours { journal.read(transaction)? } else { Kept::default() }))
        })?;
        match version {
            Some(version) if version == VERSION.1 => Ok((journal, kept)),
            Some(other) => Err(refused(format!(
                "the journal has layout {other}, and this program reads layout {}",
                VERSION.1
            ))),
            None => Err(refused(FOREIGN.into())),
        }
    }

    /// Reads all tables, and makes those that are not there.
    fn read(&self, transaction: &WriteTransaction) -> Result<Kept, redb::Error> {
        let mut kept = Kept::default();
        let taken = transaction.open_table(TAKEN)?;
        let mut last = 0;
        for entry in transaction.open_table(TASKS)?.iter()? {
            let (number, value) = entry?;
            let (number, (queue, envelope)) = (number.value(), value.value());
            let taken = taken.get(number)?.map_or(0, |count| count.value());
            let envelope = envelope.to_owned();
            kept.tasks.push(Task { number, queue: queue.into(), taken, envelope });
            last = last.max(number);
        }
        for entry in transaction.open_table(DEAD)?.iter()? {
            let (number, value) = entry?;
            let (queue, reason, message) = value.value();
            let [queue, reason, message] = [queue, reason, message].map(str::to_owned);
            kept.dead.push(DeadLetter { queue, reason, message });
            last = last.max(number.value());
        }
        for entry in transaction.open_table(REVOKED)?.iter()? {
            let (number, id) = entry?;
            kept.revoked.push(id.value().to_owned());
            last = last.max(number.value());
        }
        for entry in transaction.open_table(NOTES)?.iter()? {
            let (key, text) = entry?;
            kept.notes.push((key.value().to_owned(), text.value().to_owned()));
        }
        let parts = transaction.open_table(PARTS)?;
        for entry in transaction.open_table(CHORDS)?.iter()? {
            let (group, size) = entry?;
            let (group, size) = (group.value(), size.value());
            let mut ended = Vec::new();
            for part in parts.range((group, 0)..=(group, u64::MAX))? {
                let (key, text) = part?;
                last = last.max(key.value().1);
                ended.extend(part_of(text.value()));
            }
            kept.chords.push((
                group.to_owned(),
                usize::try_from(size).unwrap_or(usize::MAX),
                ended,
            ));
        }
        self.next.store(last + 1, Relaxed); // Relaxed: no other thread has the journal yet
        Ok(kept)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// Writing to it.
impl Journal {
    /// One transaction; it is on the disk when this returns.
    fn write<T>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, Error> {
        let all = || {
            let transaction = self.store.begin_write()?;
            let value = change(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        all().map_err(|error: redb::Error| match error {
            redb::Error::TableTypeMismatch { .. } | redb::Error::TableIsMultimap(_) => {
                Error::broker(&self.name, FOREIGN)
            }
            error => Error::broker(&self.name, error),
        })
    }

    fn numbers(&self, count: usize) -> std::ops::Range<u64> {
        let count = count as u64;
        let first = self.next.fetch_add(count, Relaxed); // Relaxed: only that no two are the same
        first..first + count
    }

    /// Keeps messages; returns their numbers.
    pub(super) fn push(&self, messages: &[Message]) -> Result<Vec<u64>, Error> {
        let numbers: Vec<u64> = self.numbers(messages.len()).collect();
        self.write(|transaction| {
            let mut tasks = transaction.open_table(TASKS)?;
            for (number, message) in numbers.iter().zip(messages) {
                tasks.insert(number, (&*message.queue, &*wire::envelope(message)))?;
            }
            Ok(())
        })?;
        Ok(numbers)
    }

    /// These begin, for the so-many-th time.
    pub(super) fn take(&self, counts: &[(u64, u32)]) -> Result<(), Error> {
        self.write(|transaction| {
            let mut taken = transaction.open_table(TAKEN)?;
            for (number, count) in counts {
                taken.insert(number, count)?;
            }
            Ok(())
        })
    }

    /// This one waits again, and was begun this often before.
    pub(super) fn give_back(&self, number: u64, count: u32) -> Result<(), Error> {
        self.take(&[(number, count)])
    }

    /// These are done.
    pub(super) fn done(&self, numbers: &[u64]) -> Result<(), Error> {
        self.write(|transaction| remove(transaction, numbers))
    }

    /// This one is a dead letter. At most so many are kept.
    pub(super) fn bury(&self, number: u64, letter: &DeadLetter, most: usize) -> Result<(), Error> {
        let place = self.numbers(1).start;
        self.write(|transaction| {
            remove(transaction, &[number])?;
            let mut dead = transaction.open_table(DEAD)?;
            let DeadLetter { queue, reason, message } = letter;
            dead.insert(place, (queue.as_str(), reason.as_str(), message.as_str()))?;
            shorten(&mut dead, most)
        })
    }

    /// These must not run. At most so many ids are kept.
    pub(super) fn revoke(&self, ids: &[String], most: usize) -> Result<(), Error> {
        let numbers = self.numbers(ids.len());
        self.write(|transaction| {
            let mut revoked = transaction.open_table(REVOKED)?;
            for (number, id) in numbers.zip(ids) {
                revoked.insert(number, id.as_str())?;
            }
            shorten(&mut revoked, most)
        })
    }

    pub(super) fn set_note(&self, key: &str, text: &str) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.open_table(NOTES)?.insert(key, text)?;
            Ok(())
        })
    }

    pub(super) fn chord_begin(&self, group: &str, size: usize) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.open_table(CHORDS)?.insert(group, size as u64)?;
            Ok(())
        })
    }

    pub(super) fn chord_part(&self, group: &str, part: &ChordPart) -> Result<(), Error> {
        let number = self.numbers(1).start;
        self.write(|transaction| {
            let text = text_of(part);
            transaction.open_table(PARTS)?.insert((group, number), text.as_str())?;
            Ok(())
        })
    }

    pub(super) fn chord_end(&self, group: &str) -> Result<(), Error> {
        self.write(|transaction| {
            transaction.open_table(CHORDS)?.remove(group)?;
            let mut parts = transaction.open_table(PARTS)?;
            parts.retain_in((group, 0)..=(group, u64::MAX), |_, _| false)?;
            Ok(())
        })
    }
}

fn remove(transaction: &WriteTransaction, numbers: &[u64]) -> Result<(), redb::Error> {
    let mut tasks = transaction.open_table(TASKS)?;
    let mut taken = transaction.open_table(TAKEN)?;
    for number in numbers {
        tasks.remove(number)?;
        taken.remove(number)?;
    }
    Ok(())
}

/// Drops the oldest.
fn shorten<V: redb::Value>(table: &mut Table<'_, u64, V>, most: usize) -> Result<(), redb::Error> {
    while table.len()? > most as u64 {
        table.pop_first()?;
    }
    Ok(())
}

fn text_of(part: &ChordPart) -> String {
    let (ok, value) = match &part.outcome {
        Ok(value) => (true, value.clone()),
        Err(exception) => (false, exception.to_json()),
    };
    json!([part.id, part.index, ok, value]).to_string()
}

fn part_of(text: &str) -> Option<ChordPart> {
    let json: Value = serde_json::from_str(text).ok()?;
    let (id, index) = (json[0].as_str()?.to_owned(), json[1].as_u64());
    let outcome = match json[2].as_bool()? {
        true => Ok(json[3].clone()),
        false => Err(Exception::from_json(&json[3], None)?),
    };
    Some(ChordPart { id, index, outcome })
}

/// What is said of a file that this crate has not made.
const FOREIGN: &str =
    "this file is no journal of tasks; name a new file, or one that was made here";

fn why_not(error: &DatabaseError) -> String {
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            "another program has the journal open; each program needs a file of its own".into()
        }
        DatabaseError::UpgradeRequired(version) => {
            format!("the file has format {version} of an older release; empty it with that release")
        }
        DatabaseError::Storage(StorageError::Io(error)) => match error.kind() {
            std::io::ErrorKind::InvalidData => FOREIGN.into(),
            _ => error.to_string(),
        },
        DatabaseError::Storage(StorageError::Corrupted(what)) => {
            format!("the journal is damaged ({what}); move the file away, its tasks are lost")
        }
        other => format!("the journal cannot be opened: {other}"),
    }
}

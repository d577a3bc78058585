//! Stage 3: batches back into order, and both files.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use primitives::Semaphore;
use queues::Queue;
use tempfile::TempDir;

use super::Batch;
use super::reverse::write_reversed;
use crate::outcome::BadInput;
use crate::timeline::{level, waiting};

/// Where the files go.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Removed at the end.
    _temporary: Option<TempDir>,
}

impl Folder {
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            let temporary = tempfile::tempdir()?;
            return Ok(Self { path: temporary.path().to_owned(), _temporary: Some(temporary) });
        };
        let folder = Self { path: path.to_owned(), _temporary: None };
        fs::create_dir_all(path).and_then(|()| Writer::new(&folder).map(drop)).map_err(
            |error| {
                BadInput(format!(
                    "--output {path:?}: {error}; a folder that can be written is allowed"
                ))
            },
        )?;
        Ok(folder)
    }

    pub(super) fn in_order(&self) -> PathBuf {
        self.path.join("in-order.txt")
    }

    pub(super) fn reversed(&self) -> PathBuf {
        self.path.join("reversed.txt")
    }
}

/// What was written.
#[derive(Default)]
pub(super) struct Written {
    pub(super) messages: usize,
    pub(super) batches: usize,
    pub(super) bytes: u64,
    /// The most batches that waited for an earlier one.
    pub(super) early: usize,
}

pub(super) struct Writer {
    in_order: BufWriter<File>,
    reversed: BufWriter<File>,
    /// The conversation that is being written, and where it begins.
    conversation: Option<(usize, u64)>,
    done: Written,
}

impl Writer {
    pub(super) fn new(folder: &Folder) -> io::Result<Self> {
        let create = |path: PathBuf| {
            File::options().read(true).write(true).create(true).truncate(true).open(path)
        };
        Ok(Self {
            in_order: BufWriter::new(create(folder.in_order())?),
            reversed: BufWriter::new(create(folder.reversed())?),
            conversation: None,
            done: Written::default(),
        })
    }

    /// Writes all batches in the order of their numbers.
    pub(super) fn write(
        mut self,
        batches: &Queue<Batch>,
        under_way: &Semaphore,
    ) -> io::Result<Written> {
        let mut early = BTreeMap::new();
        while let Ok(batch) = waiting!("a batch", batches.get()) {
            early.insert(batch.number, batch);
            self.done.early = self.done.early.max(early.len() - 1);
            level!("early batches", early.len() - 1);
            while let Some(batch) = early.remove(&self.done.batches) {
                self.write_batch(batch)?;
                under_way.release(1);
            }
        }
        self.end_conversation()?;
        self.reversed.flush()?;
        Ok(self.done)
    }

    fn write_batch(&mut self, batch: Batch) -> io::Result<()> {
        for message in batch.messages {
            if self.conversation.is_none_or(|(now, _)| now != message.conversation) {
                self.end_conversation()?;
                self.conversation = Some((message.conversation, self.done.bytes));
            }
            writeln!(self.in_order, "{}", message.text)?;
            self.done.bytes += message.text.len() as u64 + 1;
            self.done.messages += 1;
        }
        self.done.batches += 1;
        Ok(())
    }

    fn end_conversation(&mut self) -> io::Result<()> {
        self.in_order.flush()?; // after this the file's own position may move
        if let Some((_, begin)) = self.conversation {
            let end = self.done.bytes;
            write_reversed(self.in_order.get_mut(), begin..end, &mut self.reversed)?;
            io::Seek::seek(self.in_order.get_mut(), io::SeekFrom::Start(end))?;
        }
        Ok(())
    }
}

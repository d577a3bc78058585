//! The back end of the `log` facade: a queue, and a thread that writes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::{Term, style};
use log::{Level, LevelFilter, Metadata, Record};
use primitives::threads::{self, JoinHandle};
use queues::{Queue, TryGetError};
use tempfile::TempDir;

use crate::outcome::BadInput;
use crate::progress;
use crate::timeline::{level, running, waiting};

/// When a file has had enough.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) age: Duration,
}

/// A record on its way.
struct Entry {
    /// Since the start of the logger.
    at: Duration,
    level: Level,
    thread: String,
    text: String,
}

/// The thread that writes.
pub(super) struct Backend {
    entries: Arc<Queue<Entry>>,
    writer: JoinHandle<io::Result<()>>,
}

/// What `log` calls, in the thread that logs. It never waits for the disk: the queue has no bound.
struct Front {
    entries: Arc<Queue<Entry>>,
    started: Instant,
}

impl log::Log for Front {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Not what the libraries say to each other.
        metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let entry = Entry {
            at: self.started.elapsed(),
            level: record.level(),
            thread: threads::current().name().to_owned(),
            text: record.args().to_string(),
        };
        // After the end there is nobody to write it.
        let _ = self.entries.put(entry);
        level!("in the queue", self.entries.len());
    }

    fn flush(&self) {}
}

impl Backend {
    /// Begins to log into `folder`. Once in a program: `log` has one back end.
    pub(super) fn start(folder: &Path, limits: Limits) -> anyhow::Result<Self> {
        let entries = Arc::new(Queue::unbounded());
        let front = Front { entries: Arc::clone(&entries), started: Instant::now() };
        let mut log = Log { folder: folder.to_owned(), limits, files: 0, file: None };
        log.next_file()?;
        let taken = Arc::clone(&entries);
        let writer = threads::Builder::new().name("logger").spawn(move || log.write_all(&taken))?;
        log::set_boxed_logger(Box::new(front))?;
        log::set_max_level(LevelFilter::Debug);
        Ok(Self { entries, writer })
    }

    /// Takes no more, and waits until all is written that was logged before.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        self.entries.shutdown();
        Ok(waiting!("the logger", self.writer.join())??)
    }
}

/// The files.
struct Log {
    folder: PathBuf,
    limits: Limits,
    files: usize,
    file: Option<(BufWriter<File>, u64, Instant)>,
}

impl Log {
    fn write_all(mut self, entries: &Queue<Entry>) -> io::Result<()> {
        let _running = running!("at work");
        loop {
            let entry = match entries.try_get() {
                Ok(entry) => entry,
                Err(TryGetError::Shutdown) => break,
                Err(TryGetError::Empty) => match waiting!("a record", entries.get()) {
                    Ok(entry) => entry,
                    Err(queues::GetError::Shutdown) => break,
                },
            };
            level!("in the queue", entries.len());
            self.write(&entry)?;
        }
        self.file.take().map_or(Ok(()), |(mut file, ..)| file.flush())
    }

    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        let line = entry.to_string();
        if entry.level <= Level::Warn && Term::stderr().is_term() {
            let shown = style(&line).yellow().for_stderr();
            progress::out_of_the_way(|| eprintln!("{shown}"));
        }
        if let Some((_, bytes, opened)) = &self.file
            && (bytes + line.len() as u64 > self.limits.bytes || opened.elapsed() > self.limits.age)
        {
            self.next_file()?;
        }
        let (file, bytes, _) = self.file.as_mut().expect("opened at the start");
        *bytes += line.len() as u64 + 1;
        writeln!(file, "{line}")
    }

    fn next_file(&mut self) -> io::Result<()> {
        if let Some((mut file, ..)) = self.file.take() {
            file.flush()?;
        }
        self.files += 1;
        let file = File::create(self.folder.join(format!("log-{:05}.txt", self.files)))?;
        self.file = Some((BufWriter::new(file), 0, Instant::now()));
        Ok(())
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at, level, thread, text } = self;
        write!(f, "{:10.6} {level:<5} {thread} {text}", at.as_secs_f64())
    }
}

/// Where the log is.
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
        let remove_old = || folder.files()?.iter().try_for_each(fs::remove_file);
        fs::create_dir_all(path)
            .and_then(|()| remove_old())
            .and_then(|()| File::create(path.join("log-00001.txt")).map(drop))
            .map_err(|error| {
                BadInput(format!(
                    "--output {path:?}: {error}; a folder that can be written is allowed"
                ))
            })?;
        Ok(folder)
    }

    /// In the order in which they were written.
    pub(super) fn files(&self) -> io::Result<Vec<PathBuf>> {
        let files = fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.path()));
        let mut files = files.collect::<io::Result<Vec<_>>>()?;
        files.retain(|file| {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("log-") && name.ends_with(".txt")
        });
        files.sort_unstable();
        Ok(files)
    }

    pub(super) fn read(&self, files: &[PathBuf]) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        for file in files {
            lines.extend(fs::read_to_string(file)?.lines().map(str::to_owned));
        }
        Ok(lines)
    }
}

//! The back end of the `log` facade: a queue, and a thread that writes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::{Term, style};
use log::{Level, LevelFilter, Metadata, Record};
use primitives::threads::{self, JoinHandle};
use primitives::{Lock, OnceLock};
use queues::{Queue, TryGetError};
use tempfile::TempDir;

use crate::interrupt::interrupted;
use crate::outcome::BadInput;
use crate::progress;
use crate::timeline::{holding, level, running, waiting};

/// How long after Ctrl-C the logger goes on to write what is in the queue.
const GRACE: Duration = Duration::from_millis(50);

/// When a file has had enough.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) age: Duration,
    /// Whether a record of the level `info` waits until the disk has all up to it.
    pub(super) sync: bool,
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
    front: Arc<Front>,
    writer: JoinHandle<io::Result<()>>,
}

/// What `log` calls, in the thread that logs.
///
/// It never waits for the disk, for the queue has no bound; unless it was told to write itself, to
/// compare.
struct Front {
    entries: Arc<Queue<Entry>>,
    started: Instant,
    in_caller: OnceLock<Lock<Log>>,
}

/// [`Front`], as `log` wants it.
struct Shared(Arc<Front>);

impl log::Log for Shared {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Not the messages of libraries.
        metadata.target().starts_with(env!("CARGO_CRATE_NAME"))
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let Self(front) = self;
        let entry = Entry {
            at: front.started.elapsed(),
            level: record.level(),
            thread: threads::current().name().to_owned(),
            text: record.args().to_string(),
        };
        if let Some(log) = front.in_caller.get() {
            let mut log = waiting!("the log", log.lock());
            let _holding = holding!("the log");
            // As with a logger: the caller can do nothing about a full disk.
            let _ = log.write(&entry);
            return;
        }
        // After the end no thread is left to write it.
        let _ = front.entries.put(entry);
        level!("in the queue", front.entries.len());
    }

    fn flush(&self) {}
}

impl Backend {
    /// Begins to log into `folder`. Once in a program: `log` has one back end.
    pub(super) fn start(folder: &Path, limits: Limits) -> anyhow::Result<Self> {
        let entries = Arc::new(Queue::unbounded());
        let front = Arc::new(Front {
            entries: Arc::clone(&entries),
            started: Instant::now(),
            in_caller: OnceLock::new(),
        });
        let log = Log::new(folder, limits)?;
        let taken = Arc::clone(&entries);
        let writer = threads::Builder::new().name("logger").spawn(move || log.write_all(&taken))?;
        log::set_boxed_logger(Box::new(Shared(Arc::clone(&front))))?;
        log::set_max_level(LevelFilter::Debug);
        Ok(Self { front, writer })
    }

    /// Takes no more, and waits until all is written that was logged before. After Ctrl-C what is
    /// not written soon is given up.
    pub(super) fn finish(self) -> anyhow::Result<Finished> {
        self.front.entries.shutdown();
        waiting!("the logger", self.writer.join())??;
        Ok(Finished(self.front))
    }
}

/// A logger that has ended.
pub(super) struct Finished(Arc<Front>);

impl Finished {
    /// How many records were given up after Ctrl-C.
    pub(super) fn given_up(&self) -> usize {
        self.0.entries.len()
    }

    /// From now on each thread writes what it logs, into another folder.
    pub(super) fn write_in_caller(&self, folder: &Path, limits: Limits) -> io::Result<()> {
        let _ = self.0.in_caller.set(Lock::new(Log::new(folder, limits)?));
        Ok(())
    }

    /// Writes what is in the buffer of the file.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.0.in_caller.get().map_or(Ok(()), |log| log.lock().flush())
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
    fn new(folder: &Path, limits: Limits) -> io::Result<Self> {
        let mut log = Self { folder: folder.to_owned(), limits, files: 0, file: None };
        log.next_file()?;
        Ok(log)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |(file, ..)| file.flush())
    }

    fn write_all(mut self, entries: &Queue<Entry>) -> io::Result<()> {
        let _running = running!("at work");
        let mut stop = None;
        loop {
            if interrupted() && Instant::now() > *stop.get_or_insert_with(|| Instant::now() + GRACE)
            {
                break;
            }
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
        writeln!(file, "{line}")?;
        // After Ctrl-C all is written, and the disk takes its time later.
        if self.limits.sync && entry.level == Level::Info && !interrupted() {
            file.flush()?;
            waiting!("the disk", file.get_ref().sync_data())?;
        }
        Ok(())
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

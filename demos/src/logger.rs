//! A logger with its own thread: a logging thread never waits for the disk.
//!
//! ```text
//!   worker-1 ─ log::info!(…) ─┐   ┌───────────────┐             ┌─▶ log-001.txt, log-002.txt, …
//!                             ├──▶│ queue, no end │──▶ logger ──┤
//!   worker-2 ─ log::warn!(…) ─┘   └───────────────┘             └─▶ terminal: warnings and worse
//! ```
//!
//! It is a back end of the `log` facade, so the usual macros lead to it (`backend.rs`). Workers
//! read texts and log what they find: each line at the level `debug`, each text at `info`, long
//! lines as warnings. A panic is a record too.
//!
//! After each text all that was logged must be on the disk, and a disk takes its time. The logger
//! waits for it, and the workers do not. To compare, the same is done once more without a logger:
//! each worker takes a lock, writes into the file itself, and waits for the disk with the lock
//! held, so the others wait too.
//!
//! Records in the queue, or in the buffer of a file, would be lost at the end of the program: it
//! must announce the end, and wait until all is written. With `--broken` it does not. The logger is
//! a static that is never dropped, as with every back end of `log`, and so is its buffer: the last
//! records are missing, which are those that say why the program ended.

use std::collections::HashMap;
use std::io;
use std::mem;
use std::panic;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use primitives::Lock;

use self::backend::{Backend, Finished, Limits};
use crate::args::number;
use crate::cores;
use crate::interrupt::{interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::progress;
use crate::report::{Report, Side, count, counted, times};
use crate::texts::Texts;
use crate::timeline;
use crate::workers::{self, Worker};

mod backend;

/// Lines longer than this are worth a warning.
const LONG: usize = 115;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Threads that log, up to 256
    #[arg(long, value_name = "N", default_value = "4", value_parser = number::<1, 256>)]
    threads: usize,
    /// Folder of texts that they read [default: the book's chapters]
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// Folder for the log, whose files are replaced [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// A new file after this many KB
    #[arg(long, value_name = "KB", default_value = "64", value_parser = number::<1, 1_000_000>)]
    max_size: usize,
    /// A new file after this many ms
    #[arg(long, value_name = "MS", default_value = "60000", value_parser = number::<1, 86_400_000>)]
    max_age: usize,
    /// The first thread panics when it has read a text
    #[arg(long)]
    panic: bool,
    /// The program does not wait for the logger at the end
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// What a thread has logged, in its own memory, to compare; and how long the calls took.
#[derive(Default)]
struct Logged {
    records: Vec<String>,
    calls: Vec<Duration>,
    /// How long it was ready to run, and others had the cores; `None` where the system does not
    /// say.
    without_core: Option<Duration>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let texts = Texts::find(args.input.as_deref())?;
    let folder = backend::Folder::open(args.output.as_deref())?;
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // the workers look at `interrupted`
    let limits = Limits {
        bytes: args.max_size as u64 * 1000,
        age: Duration::from_millis(args.max_age as u64),
        sync: !args.broken,
    };
    let backend = Backend::start(&folder.path, limits)?;
    let show = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        show(panic);
        // One line a record; the hook above has shown it all.
        log::error!("{}", panic.to_string().replace('\n', " "));
    }));

    let (threads, logged, elapsed) = log_all(args, &texts)?;
    let finished = match args.broken {
        true => None,
        false => Some(backend.finish()?), // all that is in the queue, and in the buffer
    };
    let given_up = finished.as_ref().map_or(0, Finished::given_up);
    let picture = timeline.finish()?;
    let panicked = workers::panics(&threads).next().is_some();
    let in_caller = match finished {
        Some(finished) if !panicked && !interrupted() => {
            let folder = backend::Folder::open(None)?;
            finished.write_in_caller(&folder.path, limits)?;
            let (_, logged, elapsed) = log_all(args, &texts)?;
            finished.flush()?;
            Some((logged, elapsed))
        }
        _ => None,
    };

    let files = folder.files()?;
    let log = folder.read(&files)?;
    let all: usize = logged.iter().map(|logged| logged.lock().records.len()).sum();
    let by_thread = if interrupted() { HashMap::new() } else { by_thread(&log) };
    let compared = (1..).zip(&logged).take_while(|_| !interrupted()).map(|(number, logged)| {
        let thread = format!("worker-{number}");
        let written = by_thread.get(thread.as_str()).map(Vec::as_slice).unwrap_or_default();
        compare(&thread, &logged.lock().records, written)
    });
    let compared: Result<Vec<()>, String> = compared.collect();

    let mut report =
        Report::new(format_args!("A log of {} by {}", texts.name, counted(args.threads, "thread")));
    report.gap();
    let rows = (1..).zip(&logged).map(|(number, logged)| {
        let logged = logged.lock();
        let calls = Calls::of([&*logged]);
        [
            format!("worker-{number}"),
            count(logged.records.len()),
            format!("{:.1?}", calls.mean()),
            format!("{:.1?}", calls.longest()),
            logged.without_core.map_or("?".into(), |time| format!("{time:.1?}")),
        ]
    });
    let head = ["thread", "records", "mean call", "longest call", "without a core"];
    report.table(head, &rows.collect::<Vec<_>>());
    report.gap();
    report.line("The last records in the log:");
    log.iter().rev().take(3).rev().for_each(|line| report.line(format_args!("  {line}")));
    report.gap();
    report.timeline(picture.as_ref());
    report.line(format_args!(
        "{}, {} of them in {}, in {elapsed:.1?}.",
        counted(all, "record"),
        count(log.len()),
        counted(files.len(), "file"),
    ));
    if let Some((in_caller, took)) = &in_caller {
        let sentence = |logged: &[Lock<Logged>], elapsed: &Duration| {
            let logged: Vec<_> = logged.iter().map(Lock::lock).collect();
            let calls = Calls::of(logged.iter().map(|logged| &**logged));
            let text = format!(
                "a call took {:.1?}, 99 of 100 at most {:.1?}, the longest {:.1?}; all were through in {elapsed:.1?}",
                calls.mean(),
                calls.most_of_hundred(),
                calls.longest()
            );
            (text, calls.mean())
        };
        let ((own, own_mean), (caller, caller_mean)) =
            (sentence(&logged, &elapsed), sentence(in_caller, took));
        report.argue(
            Side("a logger writes", own),
            Side("the caller writes", caller),
            format_args!(
                "{}. The longest call to the logger waits for no disk, but {} and the logger share {}, and a \
                 thread that loses its core in a call gets it back when its turn comes",
                match own_mean < caller_mean {
                    true => format!("the disk costs the callers {} times as much as the queue", times(caller_mean, own_mean)),
                    false => "this disk is faster than a queue, and no logger is needed".to_owned(),
                },
                counted(args.threads, "worker"),
                counted(cores::number(), "core"),
            ),
        );
    }
    if let (true, Ok(_)) = (args.panic, &compared) {
        report.line("Every record from before the panic is in the log, and so is the panic.");
    }
    let so_far = || match given_up {
        0 => format!("{} written", counted(log.len(), "record")),
        _ => format!(
            "{} written, {} in the queue given up",
            counted(log.len(), "record"),
            count(given_up)
        ),
    };
    let verdict = Verdict::on(workers::panics(&threads), so_far, || {
        compared.map(|_| "each record of each thread is in the log once, and in its order".into())
    });
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- logger --broken", "the last records are lost"),
        ("cargo run -- logger --panic", "a thread dies, and its last words are in the log"),
        ("cargo run -- logger --output log", "keep the files"),
    ]);
    report.print()?;
    if interrupted() {
        mem::forget(logged); // a million strings take longer to free than Ctrl-C may take
    }
    Ok(verdict.outcome)
}

/// How the threads ended, what each logged, and how long all took.
type LoggedAll = (Vec<Worker<()>>, Vec<Lock<Logged>>, Duration);

/// All threads read all texts and log what they find.
fn log_all(args: &Args, texts: &Texts) -> io::Result<LoggedAll> {
    let logged: Vec<_> = (0..args.threads).map(|_| Lock::new(Logged::default())).collect();
    let live = progress::start(args.threads * texts.files.len(), "texts", String::new);
    let started = Instant::now();
    let work = |number: usize| {
        let mut logged = logged[number - 1].lock(); // a panic releases it, and leaves what is in it
        let before = cores::time_without();
        for file in texts.files.iter().take_while(|_| !interrupted()) {
            logged.read(texts, file);
            live.inc(1);
            assert!(!(args.panic && number == 1), "asked to panic after the first text");
        }
        logged.without_core = before.zip(cores::time_without()).map(|(before, now)| now - before);
    };
    let threads = workers::run("worker", args.threads, work, || ())?;
    live.finish_and_clear();
    Ok((threads, logged, started.elapsed()))
}

/// How long calls took.
struct Calls(Vec<Duration>);

impl Calls {
    fn of<'a>(logged: impl IntoIterator<Item = &'a Logged>) -> Self {
        Self(logged.into_iter().flat_map(|logged| &logged.calls).copied().collect())
    }

    fn mean(&self) -> Duration {
        self.0.iter().sum::<Duration>() / self.0.len().max(1) as u32
    }

    /// What 99 of 100 took at most.
    fn most_of_hundred(&self) -> Duration {
        let mut calls = self.0.clone();
        calls.sort_unstable();
        calls.get(calls.len() * 99 / 100).copied().unwrap_or_default()
    }

    fn longest(&self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default()
    }
}

impl Logged {
    /// Reads a text, and logs what it finds.
    fn read(&mut self, texts: &Texts, file: &std::path::Path) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let text = texts.read(file).unwrap_or_default();
        for (number, line) in (1..).zip(text.lines()) {
            let (words, characters) = (line.split_whitespace().count(), line.chars().count());
            self.log(log::Level::Debug, format!("{name}:{number}: {}", counted(words, "word")));
            if characters > LONG {
                self.log(log::Level::Warn, format!("{name}:{number}: {characters} characters"));
            }
        }
        self.log(log::Level::Info, format!("{name}: {}", counted(text.lines().count(), "line")));
    }

    fn log(&mut self, level: log::Level, record: String) {
        let started = Instant::now();
        log::log!(level, "{record}");
        self.calls.push(started.elapsed());
        self.records.push(record);
    }
}

/// The records in the log by the thread that made them, in their order, without those of panics.
fn by_thread(log: &[String]) -> HashMap<&str, Vec<&str>> {
    let mut threads: HashMap<_, Vec<_>> = HashMap::new();
    for line in log.iter().filter(|line| !line.contains("panicked at")) {
        // The time, the level, the thread, and the record.
        let mut words = line.trim_start().splitn(2, ' ');
        let rest = words.nth(1).and_then(|rest| rest.trim_start().split_once(' '));
        if let Some((thread, record)) = rest.and_then(|(_, rest)| rest.trim_start().split_once(' '))
        {
            threads.entry(thread).or_default().push(record.trim_start());
        }
    }
    threads
}

/// Whether the log has the records of a thread, each once and in order.
fn compare(thread: &str, records: &[String], written: &[&str]) -> Result<(), String> {
    let missing = records.len() as isize - written.len() as isize;
    if missing != 0 {
        return Err(format!(
            "{thread} made {}, and {missing} of them are not in the log",
            counted(records.len(), "record")
        ));
    }
    match records.iter().zip(written).find(|(record, written)| record != written) {
        None => Ok(()),
        Some((record, written)) => {
            Err(format!("{thread} logged {record:?}, and the log has {written:?}"))
        }
    }
}

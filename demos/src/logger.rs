//! A logger with a thread of its own: who logs never waits for the disk.
//!
//! ```text
//!   worker-1 ─ log::info!(…) ─┐   ┌───────────────┐             ┌─▶ log-001.txt, log-002.txt, …
//!                             ├──▶│ queue, no end │──▶ logger ──┤
//!   worker-2 ─ log::warn!(…) ─┘   └───────────────┘             └─▶ terminal: warnings and worse
//! ```
//!
//! It is a back end of the `log` facade, so the macros that everybody knows lead to it (`backend.rs`). Workers
//! read texts and log what they find: each line at the level `debug`, each text at `info`, long lines as
//! warnings. A panic is a record too.
//!
//! What is in the queue, or in the buffer of a file, when the program ends, would be lost: somebody has to say that
//! it ends, and to wait until all is written. With `--broken` nobody does. The logger is a static that is never
//! dropped, as with every back end of `log`, and so is its buffer: the last records are missing,
//! which are those that say why the program ended.

use std::panic;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use primitives::Lock;

use self::backend::{Backend, Limits};
use crate::args::number;
use crate::interrupt::{interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, count, counted};
use crate::texts::Texts;
use crate::timeline;
use crate::{progress, workers};

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
    /// A new file after so many KB
    #[arg(long, value_name = "KB", default_value = "64", value_parser = number::<1, 1_000_000>)]
    max_size: usize,
    /// A new file after so many ms
    #[arg(long, value_name = "MS", default_value = "60000", value_parser = number::<1, 86_400_000>)]
    max_age: usize,
    /// The first thread panics when it has read a text
    #[arg(long)]
    panic: bool,
    /// Nobody waits for the logger at the end
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// What a thread has logged, in its own memory, to compare; and how long the calls took.
#[derive(Default)]
struct Logged {
    records: Vec<String>,
    spent: Duration,
    longest: Duration,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let texts = Texts::find(args.input.as_deref())?;
    let folder = backend::Folder::open(args.output.as_deref())?;
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // the workers look at `interrupted`
    let limits = Limits {
        bytes: args.max_size as u64 * 1000,
        age: Duration::from_millis(args.max_age as u64),
    };
    let backend = Backend::start(&folder.path, limits)?;
    let show = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        show(panic);
        // One line a record; the hook above has shown it all.
        log::error!("{}", panic.to_string().replace('\n', " "));
    }));

    let logged: Vec<_> = (0..args.threads).map(|_| Lock::new(Logged::default())).collect();
    let live = progress::start(args.threads * texts.files.len(), "texts", String::new);
    let started = Instant::now();
    let work = |number: usize| {
        let mut logged = logged[number - 1].lock(); // a panic releases it, and leaves what is in it
        for file in texts.files.iter().take_while(|_| !interrupted()) {
            logged.read(&texts, file);
            live.inc(1);
            assert!(!(args.panic && number == 1), "asked to panic after the first text");
        }
    };
    let threads = workers::run("worker", args.threads, work, || ())?;
    let elapsed = started.elapsed();
    if !args.broken {
        backend.finish()?; // all that is in the queue, and in the buffer
    }
    live.finish_and_clear();
    let picture = timeline.finish()?;

    let files = folder.files()?;
    let log = folder.read(&files)?;
    let all: usize = logged.iter().map(|logged| logged.lock().records.len()).sum();
    let compared = (1..)
        .zip(&logged)
        .map(|(number, logged)| compare(&format!("worker-{number}"), &logged.lock().records, &log));
    let compared: Result<Vec<()>, String> = compared.collect();

    let mut report =
        Report::new(format_args!("A log of {} by {}", texts.name, counted(args.threads, "thread")));
    report.gap();
    let rows = (1..).zip(&logged).map(|(number, logged)| {
        let logged = logged.lock();
        let mean = logged.spent / logged.records.len().max(1) as u32;
        [
            format!("worker-{number}"),
            count(logged.records.len()),
            format!("{mean:.1?}"),
            format!("{:.1?}", logged.longest),
        ]
    });
    report.table(["thread", "records", "mean call", "longest call"], &rows.collect::<Vec<_>>());
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
    if let (true, Ok(_)) = (args.panic, &compared) {
        report.line("Every record from before the panic is in the log, and so is the panic.");
    }
    let so_far = || format!("{} written", counted(log.len(), "record"));
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
    Ok(verdict.outcome)
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
        let took = started.elapsed();
        self.spent += took;
        self.longest = self.longest.max(took);
        self.records.push(record);
    }
}

/// Whether the log has the records of a thread, each once and in order. A panic at the end is one more.
fn compare(thread: &str, records: &[String], log: &[String]) -> Result<(), String> {
    let written = log.iter().filter_map(|line| {
        let (_, rest) = line.split_once(&format!(" {thread} "))?;
        Some(rest.trim_start())
    });
    let written: Vec<_> = written.filter(|record| !record.contains("panicked at")).collect();
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

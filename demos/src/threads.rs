//! Threads: started, named, listed, joined; and the panic that vanishes.
//!
//! Act by act, on the input texts: a thread each counts the words of its text. The main thread
//! lists who is alive, opens a gate, joins them, and adds up what they return. Then the same once
//! more, with one thread that fails.
//!
//! A panic ends its own thread and no other. It is printed when it happens, with the thread's name
//! and the line; but a program that goes on has to ask: `join` returns the panic as an error. With
//! `--broken` it does not ask, and the hook that prints panics is a silent one, as in programs that
//! "do not want all that noise in the log". The sum is wrong, and nothing says so.

use std::panic;
use std::path::PathBuf;
use std::sync::Arc;

use primitives::Event;
use primitives::threads::{self, JoinHandle};

use crate::interrupt::{interrupted, on_ctrl_c};
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, Side, count, counted};
use crate::texts::Texts;
use crate::timeline::{self, phase, running, waiting};
use crate::word_count::WordCount;

/// The most texts, and so threads.
const MOST: usize = 6;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Folder of texts, of which the first six are read [default: the book's chapters]
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// The program does not ask how the thread that fails ended, and prints nothing
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut texts = Texts::find(args.input.as_deref())?;
    texts.files.truncate(MOST);
    let texts = Arc::new(texts);
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // looked at between two lines of a text
    let mut report = Report::new(format_args!("A thread for each of {}", texts.name));

    // Act 1: start, list, join.
    phase!("all do well");
    let gate = Arc::new(Event::new());
    let readers = start_readers(&texts, &gate, None)?;
    report.gap();
    report.line(
        "1. They are started, and wait at a gate. `threads::enumerate()` lists who is alive:",
    );
    report.columns(threads::enumerate().iter().map(|thread| {
        let is_me = if *thread == threads::current() { "  (this one)" } else { "" };
        [thread.name().to_owned(), format!("number {}{is_me}", thread.id())]
    }));
    gate.set();
    let mut words = 0;
    let mut joined = Vec::new();
    for reader in readers {
        let name = reader.thread().name().to_owned();
        let read = waiting!("a thread to end", reader.join())?;
        joined.push([name, format!("returned {} words", count(read))]);
        words += read;
    }
    report.gap();
    report.line(
        "2. The gate is opened. `join` waits for each, and hands over what its closure returned:",
    );
    report.columns(joined);
    report.line(format_args!(
        "  {} of all, and alive: {}",
        counted(words, "word"),
        counted(threads::active_count(), "thread")
    ));

    // Act 2: one of them fails.
    let quiet = args.broken.then(panic::take_hook);
    if args.broken {
        panic::set_hook(Box::new(|_| ())); // the noise is gone
    }
    phase!("one fails");
    report.gap();
    report.line("3. Once more, and the last one fails at the end of its text:");
    let mut sum = 0;
    let mut failed = Vec::new();
    for reader in start_readers(&texts, &gate, Some(texts.files.len()))? {
        match waiting!("a thread to end", reader.join()) {
            Ok(read) => sum += read,
            // The beginner has written `if let Ok(read) = reader.join()`.
            Err(_) if args.broken => {}
            Err(panic) => failed.push(panic),
        }
    }
    if let Some(hook) = quiet {
        panic::set_hook(hook);
    }
    for panic in &failed {
        report.line(
            "  the hook printed it when it happened; `join` returned it once more, as an error:",
        );
        report.columns([
            ["thread_name()".into(), panic.thread_name().to_owned()],
            ["message()".into(), panic.message().to_owned()],
            ["location()".into(), panic.location().map(ToString::to_string).unwrap_or_default()],
        ]);
    }
    if failed.is_empty() {
        report.line(format_args!("  {} of all, says the program", counted(sum, "word")));
    }
    report.gap();
    report.timeline(timeline.finish()?.as_ref());

    let right: usize = texts.files.iter().map(|file| count_words(&texts, file)).sum();
    if !args.broken && !interrupted() {
        let failed = failed.first().map(|panic| panic.thread_name()).unwrap_or_default();
        report.argue(
            Side("asked by `join`", format!("{failed} is known to have failed, and its words to be missing")),
            Side(
                "not asked",
                format!("{} would be the sum, {} too few, and no line says so", count(sum), count(right.saturating_sub(sum))),
            ),
            "a panic ends its own thread alone, so the thread that needs the result has to look how it ended",
        );
    }
    let verdict = Verdict::on(
        [],
        || format!("{} counted", counted(words, "word")),
        || match failed.as_slice() {
            _ if words != right => {
                Err(format!("{words} words were counted, and there are {right}"))
            }
            [] => Err(format!(
                "{} are missing, and nothing said so: a thread had failed",
                counted(right - sum, "word")
            )),
            _ => Ok("a single thread counts the same, and the panic did not get lost".into()),
        },
    );
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- threads --broken", "the panic vanishes, and so do words"),
        (
            "cargo run -- producer-consumer --panic-consumer 9",
            "a panic among threads that need each other",
        ),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// A thread for each text, which begins when the gate is open. The one of the number `fails`
/// panics.
fn start_readers(
    texts: &Arc<Texts>,
    gate: &Arc<Event>,
    fails: Option<usize>,
) -> std::io::Result<Vec<JoinHandle<usize>>> {
    let start = |(number, file): (usize, &PathBuf)| {
        let (texts, gate, file) = (Arc::clone(texts), Arc::clone(gate), file.clone());
        threads::Builder::new().name(format!("reader-{number}")).spawn(move || {
            let _running = running!("at work");
            waiting!("the gate", gate.wait());
            let words = count_words(&texts, &file);
            assert!(fails != Some(number), "asked to fail after {words} words");
            words
        })
    };
    (1..).zip(&texts.files).map(start).collect()
}

/// Those of a file that is not text are none. Ctrl-C ends it early.
fn count_words(texts: &Texts, file: &std::path::Path) -> usize {
    let mut words = WordCount::default();
    let text = texts.read(file).unwrap_or_default();
    text.lines().take_while(|_| !interrupted()).for_each(|line| words.add_line(line));
    words.total()
}

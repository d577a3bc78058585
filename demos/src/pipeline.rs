//! A pipeline: read, clean, write, with a queue between any two, in memory that does not grow.
//!
//! ```text
//!   reader ──lines──▶ ┌───────┐ ──batches──▶ cleaner-1 ──┐               ┌─▶ in-order.txt
//!                     │ queue │ ──of 128───▶ cleaner-2 ──┴▶ queue ─▶ writer
//!                     └───────┘                                          └─▶ reversed.txt
//! ```
//!
//! The input is conversations, a file each, a line a message. The cleaners work on batches: as many
//! as 128 messages, or what has come within a second, whichever is first. The second is a deadline
//! on the `get` of the queue; without it the last few messages before a pause would be stuck until
//! the pause is over.
//!
//! Batches are numbered when they are taken, and the writer brings them back into order. It writes
//! all messages in order, and each conversation in reverse order too: when one ends, it reads the
//! first file backwards, block by block (`reverse.rs`). Nothing holds more than a few batches: the
//! queues are bounded, and a semaphore bounds the batches that are under way.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use primitives::{Event, Lock, Semaphore, threads};
use queues::Queue;

use self::writer::{Writer, Written};
use crate::args::number;
use crate::interrupt::{interrupted, on_ctrl_c};
use crate::outcome::Outcome;
use crate::progress;
use crate::report::counted;
use crate::texts::Texts;
use crate::timeline::{self, holding, level, waiting};
use crate::workers::{self, Worker};

mod check;
mod reverse;
mod writer;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Folder of conversations, a text file each, a line a message [default: the book's chapters]
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// Folder for in-order.txt and reversed.txt [default: a temporary one, removed at the end]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Threads that clean, up to 64
    #[arg(long, value_name = "N", default_value = "2", value_parser = number::<1, 64>)]
    cleaners: usize,
    /// Most messages in a batch, up to 100000
    #[arg(long, value_name = "N", default_value = "128", value_parser = number::<1, 100_000>)]
    batch: usize,
    /// A batch is passed on after this many ms, full or not
    #[arg(long, value_name = "MS", default_value = "1000", value_parser = number::<1, 60_000>)]
    within: usize,
    /// Simulated slow source: the reader pauses for this many ms in the middle of each conversation
    #[arg(long, value_name = "MS", default_value = "0", value_parser = number::<0, 60_000>)]
    pause: usize,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// A message, and of which conversation.
#[derive(Debug)]
struct Message {
    conversation: usize,
    text: String,
}

/// Messages that follow each other.
struct Batch {
    number: usize,
    messages: Vec<Message>,
}

/// What the threads share.
struct Pipeline {
    messages: Queue<Message>,
    /// The number of the next batch. The holder takes messages; the others clean meanwhile.
    next_batch: Lock<usize>,
    /// Batches that may be taken before the first of them is written.
    under_way: Semaphore,
    batches: Queue<Batch>,
    most: usize,
    within: Duration,
    /// Batches that were handed on because the time was up.
    partial: AtomicUsize,
    read: AtomicUsize,
    /// The most messages that waited between the reader and the cleaners.
    most_waiting: AtomicUsize,
    /// Set by Ctrl-C.
    stop: Event,
}

type Ended = (Vec<Worker<io::Result<()>>>, Vec<Worker<()>>, Vec<Worker<io::Result<Written>>>);

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let texts = Texts::find(args.input.as_deref())?;
    let output = writer::Folder::open(args.output.as_deref())?;
    let timeline = args.timeline.start()?;
    let pipeline = Pipeline::new(args, Queue::bounded(2 * args.batch));
    let unbounded = Pipeline::new(args, Queue::unbounded());
    let to_stop = [Arc::clone(&pipeline), Arc::clone(&unbounded)];
    on_ctrl_c(move || {
        for pipeline in &to_stop {
            pipeline.messages.shutdown(); // what was read is cleaned and written
            pipeline.stop.set();
        }
    })?;

    let started = Instant::now();
    let pause = Duration::from_millis(args.pause as u64);
    let (reader, cleaners, writer) = run_threads(args, &texts, &pipeline, &output, pause)?;
    let elapsed = started.elapsed();
    let picture = timeline.finish()?;
    // Before the second run, which is made to need more.
    let peak = check::peak_memory();
    let failed = workers::panics(&reader).chain(workers::panics(&cleaners)).next().is_some();
    if !failed && !interrupted() {
        // Without the simulated pauses: in those the cleaners catch up.
        let output = writer::Folder::open(None)?;
        run_threads(args, &texts, &unbounded, &output, Duration::ZERO)?;
    }
    check::show(
        args,
        &texts,
        &output,
        check::Ended {
            pipeline: &pipeline,
            unbounded: &unbounded,
            reader,
            cleaners,
            writer,
            elapsed,
            peak,
        },
        picture.as_ref(),
    )
}

fn run_threads(
    args: &Args,
    texts: &Texts,
    pipeline: &Arc<Pipeline>,
    output: &writer::Folder,
    pause: Duration,
) -> anyhow::Result<Ended> {
    let watched = Arc::clone(pipeline);
    let live = progress::start(texts.files.len(), "conversations", move || {
        // Relaxed: a number for the eye
        format!("{} read", counted(watched.read.load(Relaxed), "message"))
    });
    // A thread that fails shuts everything down, so no thread waits for it.
    let stop = || {
        pipeline.messages.shutdown();
        pipeline.batches.shutdown();
        pipeline.under_way.release(args.cleaners);
    };
    let ended = threads::scope(|scope| {
        let read = |_| pipeline.read(texts, pause, || live.inc(1)).inspect_err(|_| stop());
        let reader = workers::start(scope, "reader", 1, read, stop)?;
        let cleaners = workers::start(scope, "cleaner", args.cleaners, |_| pipeline.clean(), stop)?;
        let write = |_| {
            let writer = Writer::new(output)?;
            writer.write(&pipeline.batches, &pipeline.under_way).inspect_err(|_| stop())
        };
        let writer = workers::start(scope, "writer", 1, write, stop)?;
        let reader = workers::join(reader);
        pipeline.messages.shutdown(); // nothing will come; what is there is still cleaned
        let cleaners = workers::join(cleaners);
        pipeline.batches.shutdown();
        io::Result::Ok((reader, cleaners, workers::join(writer)))
    });
    live.finish_and_clear();
    Ok(ended?)
}

impl Pipeline {
    fn new(args: &Args, messages: Queue<Message>) -> Arc<Self> {
        Arc::new(Self {
            messages,
            next_batch: Lock::new(0),
            under_way: Semaphore::new(2 * args.cleaners),
            batches: Queue::bounded(2 * args.cleaners),
            most: args.batch,
            within: Duration::from_millis(args.within as u64),
            partial: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
            most_waiting: AtomicUsize::new(0),
            stop: Event::new(),
        })
    }

    /// Stage 1. Line by line: a conversation may be longer than the memory.
    fn read(&self, texts: &Texts, pause: Duration, file_done: impl Fn()) -> io::Result<()> {
        for (conversation, file) in texts.files.iter().enumerate() {
            for (number, text) in lines(file)?.enumerate() {
                if number == 7 {
                    self.stop.wait_timeout(pause); // the simulated one, cut short by Ctrl-C
                }
                let message = Message { conversation, text: text? };
                if waiting!("room for messages", self.messages.put(message)).is_err() {
                    return Ok(()); // Ctrl-C, or another thread failed
                }
                self.read.fetch_add(1, Relaxed); // Relaxed: a number
                let waiting = self.messages.len();
                self.most_waiting.fetch_max(waiting, Relaxed); // Relaxed: a number
                level!("messages", waiting);
            }
            file_done();
        }
        Ok(())
    }

    /// Stage 2.
    fn clean(&self) {
        while let Some(mut batch) = self.take_batch() {
            for message in &mut batch.messages {
                message.text = clean(&message.text);
            }
            if waiting!("room for batches", self.batches.put(batch)).is_err() {
                return; // the writer failed
            }
        }
    }

    /// The next messages: as many as a batch may have, or those that came in time. `None` at the
    /// end.
    fn take_batch(&self) -> Option<Batch> {
        waiting!("batches to be written", self.under_way.acquire()).forget(); // the writer releases it
        let mut number = waiting!("another cleaner", self.next_batch.lock());
        let _holding = holding!("the next number");
        let mut messages = vec![waiting!("messages", self.messages.get()).ok()?];
        let deadline = Instant::now() + self.within;
        while messages.len() < self.most {
            match waiting!("messages", self.messages.get_deadline(deadline)) {
                Ok(message) => messages.push(message),
                Err(why) => {
                    let timed_out = matches!(why, queues::GetTimeoutError::Timeout);
                    self.partial.fetch_add(usize::from(timed_out), Relaxed); // Relaxed: a number
                    break;
                }
            }
        }
        *number += 1;
        Some(Batch { number: *number - 1, messages })
    }
}

/// The lines of a file, whatever its size. What is not UTF-8 is replaced.
fn lines(file: &std::path::Path) -> io::Result<impl Iterator<Item = io::Result<String>>> {
    let lines = BufReader::new(File::open(file)?).split(b'\n');
    Ok(lines.map(|line| line.map(|line| String::from_utf8_lossy(&line).into_owned())))
}

/// A message without markup, and with single spaces.
fn clean(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !"*_`#>|".contains(*c)).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

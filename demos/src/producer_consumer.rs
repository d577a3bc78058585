//! Producers and consumers: some threads find work, others do it, and a bounded queue stands
//! between.
//!
//! ```text
//!   files ──▶ producer-1 ──┐     ┌─────────────────────┐     ┌──▶ consumer-1 ──┐
//!                          ├─put▶│ line  line  line    │─get▶┤                 ├──▶ word counts
//!   files ──▶ producer-2 ──┘     └─────────────────────┘     └──▶ consumer-2 ──┘
//!                                 at most `capacity` lines
//! ```
//!
//! Neither side knows the other, how many they are or how fast. The faster side waits: a producer
//! at a full queue, a consumer at an empty one. The bound is what makes the producers wait; without
//! it they would fill the memory with lines that no consumer has time for.
//!
//! It ends in order: when the producers are through, the queue is shut down; the consumers take
//! what is left, and then their `get` says that nothing will come. The same shutdown ends it early,
//! by Ctrl-C or because a thread panicked: it wakes every waiter, so no thread is left behind.
//!
//! A line is little work, less than it costs to hand it over, so the waiting can be seen, and one
//! thread alone is faster. A program in earnest hands over more at a time. So at the end the demo
//! counts again and compares: one thread alone, threads with a line at a time, threads with many
//! (`compare.rs`).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{io, vec};

use primitives::{Lock, threads};
use queues::{GetError, PutError, Queue, TryGetError, TryPutError};

use crate::args::number;
use crate::cores;
use crate::interrupt::{self, interrupted, on_ctrl_c};
use crate::outcome::Outcome;
use crate::progress;
use crate::report::counted;
use crate::texts::{Skipped, Texts};
use crate::timeline::{self, holding, level, waiting};
use crate::word_count::WordCount;
use crate::workers::{self, Worker};

use self::compare::Contest;

mod compare;
mod report;

#[derive(clap::Args)]
#[command(allow_negative_numbers = true)] // so that they are refused by range
pub(crate) struct Args {
    /// Threads that read files and put their lines on the queue, up to 256
    #[arg(long, value_name = "N", default_value = "2", value_parser = number::<1, 256>)]
    producers: usize,
    /// Threads that take lines and count their words, up to 256
    #[arg(long, value_name = "N", default_value = "2", value_parser = number::<1, 256>)]
    consumers: usize,
    /// Lines that fit in the queue, up to 1000000; with --batch, batches
    #[arg(long, value_name = "N", default_value = "64", value_parser = number::<1, 1_000_000>)]
    capacity: usize,
    /// Lines that are handed over at a time, up to 10000
    #[arg(long, value_name = "N", default_value = "1", value_parser = number::<1, 10_000>)]
    batch: usize,
    /// Folder of texts; with sub-folders, without hidden files [default: the book's chapters]
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// How many of the most common words to show, up to 1000
    #[arg(long, value_name = "N", default_value = "10", value_parser = number::<1, 1000>)]
    top: usize,
    /// The consumer of the Nth line panics: see that no thread is left waiting
    #[arg(long, value_name = "N", value_parser = number::<1, 1_000_000>)]
    panic_consumer: Option<usize>,
    /// The producer of the Nth line panics
    #[arg(long, value_name = "N", value_parser = number::<1, 1_000_000>)]
    panic_producer: Option<usize>,
    /// Simulated slow input: producers wait so many µs per line; the first value is the first
    /// one's, …
    #[arg(long, value_name = "US,US…", value_delimiter = ',', value_parser = number::<0, 1_000_000>)]
    slow_producers: Vec<usize>,
    /// Simulated slow work: consumers wait so many µs per line
    #[arg(long, value_name = "US,US…", value_delimiter = ',', value_parser = number::<0, 1_000_000>)]
    slow_consumers: Vec<usize>,
    #[command(flatten)]
    timeline: timeline::Args,
}

/// What the threads share.
struct Shared {
    files: Lock<vec::IntoIter<PathBuf>>,
    /// Of batches: lines that are handed over together.
    queue: Queue<Vec<String>>,
    batch: usize,
    lines_put: AtomicUsize,
    lines_got: AtomicUsize,
}

/// What a producer has done.
#[derive(Default)]
struct Produced {
    lines: usize,
    /// How often it found the queue full.
    waits: usize,
    /// The most batches that it saw in the queue.
    highest_fill: usize,
    files: usize,
    skipped: Vec<Skipped>,
}

/// What a consumer has done.
#[derive(Default)]
struct Consumed {
    words: WordCount,
    /// How often it found the queue empty.
    waits: usize,
    /// How long it was ready to run, and others had the cores.
    without_core: Option<Duration>,
}

/// All threads, when they have ended.
struct Ended {
    producers: Vec<Worker<Produced>>,
    consumers: Vec<Worker<Consumed>>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let texts = Texts::find(args.input.as_deref())?;
    let timeline = args.timeline.start()?;
    let shared = Shared::new(&texts, args.capacity, args.batch);
    let contest = Contest::new(args, &texts);
    let mut to_stop = contest.all();
    to_stop.push(Arc::clone(&shared));
    on_ctrl_c(move || to_stop.iter().for_each(|shared| shared.queue.shutdown()))?;

    let started = Instant::now();
    let ended = run_threads(args, &texts, &shared)?;
    let elapsed = started.elapsed();
    report::show(args, &texts, &ended, elapsed, &contest, timeline.finish()?.as_ref())
}

/// Starts all threads; blocks until the last one has ended.
fn run_threads(args: &Args, texts: &Texts, shared: &Arc<Shared>) -> io::Result<Ended> {
    let watched = Arc::clone(shared);
    let progress = progress::start(texts.files.len(), "files", move || {
        let lines = watched.lines_got.load(Relaxed); // Relaxed: a number for the eye
        format!("{} counted, {} in the queue", counted(lines, "line"), watched.queue.len())
    });
    let produce = |number| {
        let pause = pause(&args.slow_producers, number);
        shared.produce(texts, args.panic_producer, pause, || progress.inc(1))
    };
    let consume = |number| shared.consume(args.panic_consumer, pause(&args.slow_consumers, number));
    let stop = || shared.queue.shutdown();
    let ended = threads::scope(|scope| {
        let producers = workers::start(scope, "producer", args.producers, produce, stop)?;
        let consumers = workers::start(scope, "consumer", args.consumers, consume, stop)?;
        let producers = workers::join(producers);
        shared.queue.shutdown(); // nothing will come: the consumers take what is left, and end
        Ok(Ended { producers, consumers: workers::join(consumers) })
    });
    progress.finish_and_clear();
    ended
}

impl Shared {
    fn new(texts: &Texts, capacity: usize, batch: usize) -> Arc<Self> {
        Arc::new(Self {
            files: Lock::new(texts.files.clone().into_iter()),
            queue: Queue::bounded(capacity),
            batch,
            lines_put: AtomicUsize::new(0),
            lines_got: AtomicUsize::new(0),
        })
    }

    fn produce(
        &self,
        texts: &Texts,
        panic_at: Option<usize>,
        pause: Option<Duration>,
        file_done: impl Fn(),
    ) -> Produced {
        let mut done = Produced::default();
        while let Some(file) = self.next_file() {
            match texts.read(&file) {
                Err(skipped) => done.skipped.push(skipped),
                Ok(text) => {
                    let mut lines = text.lines().peekable();
                    while lines.peek().is_some() {
                        let batch = lines.by_ref().take(self.batch).inspect(|_| {
                            simulate(pause);
                            panic_at_line(panic_at, &self.lines_put);
                        });
                        let batch = batch.map(str::to_owned).collect();
                        if self.put(batch, &mut done).is_err() {
                            return done; // shut down: by Ctrl-C, or another thread panicked
                        }
                    }
                    done.files += 1;
                }
            }
            file_done();
        }
        done
    }

    /// A method, so that the lock is held for this line only. In the head of the `while let` above
    /// the guard would live as long as the loop's body, and the producers would take turns.
    fn next_file(&self) -> Option<PathBuf> {
        let mut files = waiting!("the list of files", self.files.lock());
        let _holding = holding!("the list of files");
        files.next()
    }

    /// Tries first, and calls the `put` that waits only if the queue was full: so the waits can be
    /// counted.
    fn put(&self, batch: Vec<String>, done: &mut Produced) -> Result<(), PutError<Vec<String>>> {
        let lines = batch.len();
        match self.queue.try_put(batch) {
            // `len` is out of date at once: the true highest may be higher. This one was in, at
            // least.
            Ok(()) => done.highest_fill = done.highest_fill.max(self.queue.len()).max(1),
            Err(TryPutError::Full(batch)) => {
                done.waits += 1;
                done.highest_fill = self.queue.capacity().unwrap_or(usize::MAX);
                waiting!("room in the queue", self.queue.put(batch))?;
            }
            Err(TryPutError::Shutdown(batch)) => return Err(PutError::Shutdown(batch)),
        }
        level!("in the queue", self.queue.len());
        done.lines += lines;
        Ok(())
    }

    fn consume(&self, panic_at: Option<usize>, pause: Option<Duration>) -> Consumed {
        let mut done = Consumed::default();
        let before = cores::time_without();
        while let Ok(batch) = self.get(&mut done) {
            level!("in the queue", self.queue.len());
            for line in batch.iter().take_while(|_| !interrupted()) {
                simulate(pause);
                panic_at_line(panic_at, &self.lines_got);
                done.words.add_line(line);
            }
        }
        done.without_core = before.zip(cores::time_without()).map(|(before, now)| now - before);
        done
    }

    /// Tries first, and calls the `get` that waits only if the queue was empty.
    fn get(&self, done: &mut Consumed) -> Result<Vec<String>, GetError> {
        match self.queue.try_get() {
            Ok(batch) => Ok(batch),
            Err(TryGetError::Empty) => {
                done.waits += 1;
                waiting!("a line", self.queue.get())
            }
            Err(TryGetError::Shutdown) => Err(GetError::Shutdown),
        }
    }
}

/// How long the thread of this number pauses before each line; the last value is that of all
/// others.
fn pause(microseconds: &[usize], number: usize) -> Option<Duration> {
    let pause = microseconds.get(number - 1).or(microseconds.last())?;
    (*pause > 0).then(|| Duration::from_micros(*pause as u64))
}

/// Stands for a slow disk or a slow service: the thread sleeps, where a real one would wait for a
/// device.
fn simulate(pause: Option<Duration>) {
    if let Some(pause) = pause {
        interrupt::sleep(pause);
    }
}

/// Counts a line, and panics if it is the one that `--panic-producer` or `--panic-consumer` asks
/// for.
fn panic_at_line(panic_at: Option<usize>, lines: &AtomicUsize) {
    let line = 1 + lines.fetch_add(1, Relaxed); // Relaxed: each call gets another number, that is all
    assert!(panic_at != Some(line), "asked to panic at line {line}");
}

//! Producers and consumers: some threads find work, others do it, and a bounded queue stands between.
//!
//! ```text
//!   files ──▶ producer-1 ──┐     ┌─────────────────────┐     ┌──▶ consumer-1 ──┐
//!                          ├─put▶│ line  line  line    │─get▶┤                 ├──▶ word counts
//!   files ──▶ producer-2 ──┘     └─────────────────────┘     └──▶ consumer-2 ──┘
//!                                 at most `capacity` lines
//! ```
//!
//! Neither side knows the other, how many they are or how fast. Who is too fast waits: a producer at a full
//! queue, a consumer at an empty one. The bound is what makes the producers wait; without it they would
//! fill the memory with lines that nobody has time for.
//!
//! It ends in order: when the producers are through, the queue is shut down; the consumers take what is
//! left, and then their `get` says that nothing will come. The same shutdown ends it early, by Ctrl-C or
//! because a thread panicked: it wakes whoever waits, so nobody is left behind.
//!
//! A line is little work, less than it costs to hand it over, so the waiting can be seen, and one thread
//! alone may well be faster. A program in earnest hands over more at a time.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{io, vec};

use primitives::{Lock, threads};
use queues::{GetError, PutError, Queue, TryGetError, TryPutError};

use crate::args::number;
use crate::interrupt::{interrupted, on_ctrl_c};
use crate::outcome::Outcome;
use crate::progress;
use crate::report::counted;
use crate::texts::{Skipped, Texts};
use crate::timeline::{self, holding, level, waiting};
use crate::word_count::WordCount;
use crate::workers::{self, Worker};

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
    /// Lines that fit in the queue, up to 1000000
    #[arg(long, value_name = "N", default_value = "64", value_parser = number::<1, 1_000_000>)]
    capacity: usize,
    /// Folder of texts; with sub-folders, without hidden files [default: the book's chapters]
    #[arg(long, value_name = "DIR")]
    input: Option<PathBuf>,
    /// How many of the most common words to show, up to 1000
    #[arg(long, value_name = "N", default_value = "10", value_parser = number::<1, 1000>)]
    top: usize,
    /// The consumer of the Nth line panics: see that nobody is left waiting
    #[arg(long, value_name = "N", value_parser = number::<1, 1_000_000>)]
    panic_consumer: Option<usize>,
    /// The producer of the Nth line panics
    #[arg(long, value_name = "N", value_parser = number::<1, 1_000_000>)]
    panic_producer: Option<usize>,
    /// Simulated slow input: producers wait so many µs per line; the first value is the first one's, …
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
    queue: Queue<String>,
    lines_put: AtomicUsize,
    lines_got: AtomicUsize,
}

/// What a producer has done.
#[derive(Default)]
struct Produced {
    lines: usize,
    /// How often it found the queue full.
    waits: usize,
    /// The most lines that it saw in the queue.
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
}

/// All threads, when they have ended.
struct Ended {
    producers: Vec<Worker<Produced>>,
    consumers: Vec<Worker<Consumed>>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let texts = Texts::find(args.input.as_deref())?;
    let timeline = args.timeline.start()?;
    let shared = Arc::new(Shared {
        files: Lock::new(texts.files.clone().into_iter()),
        queue: Queue::bounded(args.capacity),
        lines_put: AtomicUsize::new(0),
        lines_got: AtomicUsize::new(0),
    });
    let to_stop = Arc::clone(&shared);
    on_ctrl_c(move || to_stop.queue.shutdown())?;

    let started = Instant::now();
    let ended = run_threads(args, &texts, &shared)?;
    report::show(args, &texts, &ended, started.elapsed(), timeline.finish()?.as_ref())
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
                    for line in text.lines() {
                        simulate(pause);
                        panic_at_line(panic_at, &self.lines_put);
                        if self.put(line.to_owned(), &mut done).is_err() {
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

    /// A method, so that the lock is held for this line only. In the head of the `while let` above the
    /// guard would live as long as the loop's body, and the producers would take turns.
    fn next_file(&self) -> Option<PathBuf> {
        let mut files = waiting!("the list of files", self.files.lock());
        let _holding = holding!("the list of files");
        files.next()
    }

    /// Tries first, and calls the `put` that waits only if the queue was full: so the waits can be counted.
    fn put(&self, line: String, done: &mut Produced) -> Result<(), PutError<String>> {
        match self.queue.try_put(line) {
            // `len` is out of date at once: the true highest may be higher. This line was in, at least.
            Ok(()) => done.highest_fill = done.highest_fill.max(self.queue.len()).max(1),
            Err(TryPutError::Full(line)) => {
                done.waits += 1;
                done.highest_fill = self.queue.capacity().unwrap_or(usize::MAX);
                waiting!("room in the queue", self.queue.put(line))?;
            }
            Err(TryPutError::Shutdown(line)) => return Err(PutError::Shutdown(line)),
        }
        level!("in the queue", self.queue.len());
        done.lines += 1;
        Ok(())
    }

    fn consume(&self, panic_at: Option<usize>, pause: Option<Duration>) -> Consumed {
        let mut done = Consumed::default();
        while let Ok(line) = self.get(&mut done) {
            level!("in the queue", self.queue.len());
            simulate(pause);
            panic_at_line(panic_at, &self.lines_got);
            done.words.add_line(&line);
        }
        done
    }

    /// Tries first, and calls the `get` that waits only if the queue was empty.
    fn get(&self, done: &mut Consumed) -> Result<String, GetError> {
        match self.queue.try_get() {
            Ok(line) => Ok(line),
            Err(TryGetError::Empty) => {
                done.waits += 1;
                waiting!("a line", self.queue.get())
            }
            Err(TryGetError::Shutdown) => Err(GetError::Shutdown),
        }
    }
}

/// How long the thread of this number pauses before each line; the last value is that of all others.
fn pause(microseconds: &[usize], number: usize) -> Option<Duration> {
    let pause = microseconds.get(number - 1).or(microseconds.last())?;
    (*pause > 0).then(|| Duration::from_micros(*pause as u64))
}

/// Stands for a slow disk or a slow service: the thread sleeps, where a real one would wait for a device.
fn simulate(pause: Option<Duration>) {
    if let Some(pause) = pause.filter(|_| !interrupted()) {
        threads::sleep(pause);
    }
}

/// Counts a line, and panics if it is the one that `--panic-producer` or `--panic-consumer` asks for.
fn panic_at_line(panic_at: Option<usize>, lines: &AtomicUsize) {
    let line = 1 + lines.fetch_add(1, Relaxed); // Relaxed: each call gets another number, that is all
    assert!(panic_at != Some(line), "asked to panic at line {line}");
}

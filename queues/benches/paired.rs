//! `cargo bench -p queues --bench paired`: `Ring`, `Stack` and `PriorityQueue` beside the best of their peers.
//!
//! The contestants take turns: each round runs all of them, beginning with another one each time, so what
//! the machine does meanwhile does it to all. A figure is the median over the rounds of the ratio of ours to
//! the peer that is best in that row; beside it are the quartiles. Threads are pinned to cores in turn. A
//! round in which threads were ready and had no core for more than 3 % of the time is dirty, and is left out
//! if enough others remain; the row says how many were. With more threads than cores there are no clean
//! rounds, and all are used.
//!
//! The channels do less than our queues: none counts unfinished items or can be joined.
//! `-- --bench NAME` runs the rows whose name has that in it, `-- --bench --rounds N` that many rounds.

use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use queues::{PriorityQueue, Queue, Ring, Stack};

/// Something that items go through.
trait Channel: Sync {
    const NAME: &str;

    fn new(capacity: usize) -> Self;
    fn put(&self, item: u64);
    fn get(&self) -> u64;
}

macro_rules! ours {
    ($($queue:ident: $name:literal, $new:expr;)*) => {$(
        impl Channel for $queue<u64> {
            const NAME: &str = $name;

            fn new(capacity: usize) -> Self {
                $new(capacity)
            }

            #[inline]
            fn put(&self, item: u64) {
                assert!($queue::put(self, item).is_ok());
            }

            #[inline]
            fn get(&self) -> u64 {
                $queue::get(self).expect("nobody shuts it down")
            }
        }
    )*};
}
ours! {
    Ring: "locksmith Ring", Ring::bounded;
    Queue: "locksmith Queue", Queue::bounded;
    Stack: "locksmith Stack", Stack::bounded;
    PriorityQueue: "locksmith PriorityQueue", PriorityQueue::bounded;
}

macro_rules! peers {
    ($($peer:ident($sender:ty, $receiver:ty): $name:literal, $new:expr;)*) => {$(
        struct $peer($sender, $receiver);

        impl Channel for $peer {
            const NAME: &str = $name;

            fn new(capacity: usize) -> Self {
                let (sender, receiver) = $new(capacity);
                Self(sender, receiver)
            }

            #[inline]
            fn put(&self, item: u64) {
                assert!(self.0.send(item).is_ok());
            }

            #[inline]
            fn get(&self) -> u64 {
                self.1.recv().expect("the sender is alive")
            }
        }
    )*};
}
peers! {
    Crossbeam(crossbeam_channel::Sender<u64>, crossbeam_channel::Receiver<u64>):
        "crossbeam-channel", crossbeam_channel::bounded;
    Flume(flume::Sender<u64>, flume::Receiver<u64>): "flume", flume::bounded;
    Kanal(kanal::Sender<u64>, kanal::Receiver<u64>): "kanal", kanal::bounded;
    Crossfire(
        crossfire::MTx<crossfire::mpmc::Array<u64>>,
        crossfire::MRx<crossfire::mpmc::Array<u64>>
    ): "crossfire", crossfire::mpmc::bounded_blocking;
}

struct Std(mpsc::SyncSender<u64>, mpsc::Receiver<u64>);

// SAFETY: a receiver may be sent but not shared; it takes part only where one thread gets.
unsafe impl Sync for Std {}

impl Channel for Std {
    const NAME: &str = "std";

    fn new(capacity: usize) -> Self {
        let (sender, receiver) = mpsc::sync_channel(capacity);
        Self(sender, receiver)
    }

    #[inline]
    fn put(&self, item: u64) {
        assert!(self.0.send(item).is_ok());
    }

    #[inline]
    fn get(&self) -> u64 {
        self.1.recv().expect("the sender is alive")
    }
}

/// A collection under a lock, for threads that put first and then find something to get.
macro_rules! locked {
    ($($peer:ident($inside:ty): $name:literal, $new:expr, $push:expr, $pop:expr;)*) => {$(
        struct $peer(Mutex<$inside>);

        impl Channel for $peer {
            const NAME: &str = $name;

            fn new(capacity: usize) -> Self {
                Self(Mutex::new($new(capacity)))
            }

            #[inline]
            fn put(&self, item: u64) {
                $push(&mut *self.0.lock(), item);
            }

            #[inline]
            fn get(&self) -> u64 {
                let got: Option<u64> = $pop(&mut *self.0.lock());
                got.expect("this thread has put one")
            }
        }
    )*};
}
locked! {
    LockedVec(Vec<u64>): "parking_lot Mutex<Vec>", Vec::with_capacity, Vec::push, Vec::pop;
    LockedHeap(BinaryHeap<Reverse<u64>>): "parking_lot Mutex<BinaryHeap>",
        BinaryHeap::with_capacity,
        |heap: &mut BinaryHeap<_>, item| heap.push(Reverse(item)),
        |heap: &mut BinaryHeap<_>| heap.pop().map(|Reverse(item)| item);
}

/// What one contestant took in one round.
#[derive(Clone, Copy)]
struct Sample {
    nanoseconds: f64,
    /// The part of the time for which its threads were ready and had no core.
    waited: f64,
}

struct Contestant {
    name: &'static str,
    run: Box<dyn Fn(usize) -> Sample>,
}

/// Producers and consumers with nothing else to do.
fn passes<C: Channel + 'static>(capacity: usize, producers: usize) -> Contestant {
    let run = move |items: usize| {
        let channel = C::new(capacity);
        let each = items / producers;
        measure(2 * producers, each * producers, |thread| {
            if thread < producers {
                (0..each).for_each(|item| channel.put(item as u64));
            } else {
                (0..each).for_each(|_| _ = black_box(channel.get()));
            }
        })
    };
    Contestant { name: C::NAME, run: Box::new(run) }
}

/// Threads that put one and get one, with some inside.
fn turns<C: Channel + 'static>(inside: usize, threads: usize) -> Contestant {
    let run = move |items: usize| {
        let channel = C::new(inside + 2 * threads);
        (0..inside).for_each(|item| channel.put(item as u64 * 7919 % 1000));
        measure(threads, items / threads * threads, |thread| {
            for item in 0..items / threads {
                channel.put((item * 31 + thread) as u64 % 1000);
                black_box(channel.get());
            }
        })
    };
    Contestant { name: C::NAME, run: Box::new(run) }
}

/// Runs `threads` threads at once; the time for an item, from when all were there until all were done.
fn measure(threads: usize, items: usize, body: impl Fn(usize) + Sync) -> Sample {
    let missing = AtomicUsize::new(threads);
    let (body, missing) = (&body, &missing);
    let one = move |thread| {
        pin(thread);
        let waited = run_delay();
        missing.fetch_sub(1, SeqCst);
        while missing.load(SeqCst) > 0 {
            thread::yield_now();
        }
        let start = Instant::now();
        body(thread);
        (start, Instant::now(), run_delay() - waited)
    };
    let spans: Vec<_> = thread::scope(|s| {
        let threads: Vec<_> = (0..threads).map(|thread| s.spawn(move || one(thread))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread panicked")).collect()
    });
    let start = spans.iter().map(|span| span.0).min().expect("there is a thread");
    let end = spans.iter().map(|span| span.1).max().expect("there is a thread");
    let waited: Duration = spans.iter().map(|span| span.2).sum();
    let took = (end - start).as_secs_f64();
    Sample {
        nanoseconds: took * 1e9 / items as f64,
        waited: waited.as_secs_f64() / took / threads as f64,
    }
}

/// For how long this thread was ready and had no core, so far; zero where the system does not say.
fn run_delay() -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let delay = stat.split(' ').nth(1).and_then(|delay| delay.parse().ok());
    Duration::from_nanos(delay.unwrap_or(0))
}

/// Keeps this thread on one core, as far as the system allows: the next thread on the next.
#[cfg(target_os = "linux")]
fn pin(thread: usize) {
    // SAFETY: both calls read or write a set on this stack, of the size that they are told.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut set);
        let cores: Vec<_> =
            (0..libc::CPU_SETSIZE as usize).filter(|&core| libc::CPU_ISSET(core, &set)).collect();
        if let Some(&core) = cores.get(thread % cores.len().max(1)) {
            libc::CPU_ZERO(&mut set);
            libc::CPU_SET(core, &mut set);
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn pin(_: usize) {}

/// What to run, and how much of it.
struct Contest {
    only: Option<String>,
    rounds: usize,
    /// What items are divided by, for a run that only shows that it runs.
    shorter: usize,
    /// So that the first contestant is another one in each row and round.
    first: Cell<usize>,
}

impl Contest {
    /// Ours is the first contestant.
    fn row(&self, name: &str, goal: f64, items: usize, contestants: Vec<Contestant>) {
        if self.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            return;
        }
        let items = items / self.shorter;
        let mut rounds: Vec<Vec<Sample>> = vec![Vec::new(); contestants.len()];
        for _ in 0..self.rounds {
            let first = self.first.replace(self.first.get() + 1);
            for i in 0..contestants.len() {
                let turn = (first + i) % contestants.len();
                rounds[turn].push((contestants[turn].run)(items));
            }
        }
        let median = |i: usize| quartiles(rounds[i].iter().map(|sample| sample.nanoseconds))[1];
        let best = (1..contestants.len())
            .min_by(|&a, &b| median(a).total_cmp(&median(b)))
            .expect("there is a peer");
        let pairs = || rounds[0].iter().zip(&rounds[best]);
        let is_clean = |(a, b): &(&Sample, &Sample)| a.waited.max(b.waited) <= 0.03;
        let clean = pairs().filter(is_clean).count();
        let enough = clean >= 5;
        let ratios = pairs().filter(|pair| !enough || is_clean(pair));
        let [low, ratio, high] = quartiles(ratios.map(|(a, b)| a.nanoseconds / b.nanoseconds));
        let reached = if ratio <= goal { "reached" } else { "missed" };
        println!(
            "{name:<34} {ratio:>5.2} [{low:.2} {high:.2}] of {:<31} goal {goal:.2} {reached:<8} {clean} of {} clean",
            contestants[best].name, self.rounds,
        );
        for (i, contestant) in contestants.iter().enumerate() {
            println!("    {:<32} {:>9.1} ns", contestant.name, median(i));
        }
    }
}

/// The quartiles: the second is the median.
fn quartiles(figures: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| figures[(figures.len() - 1) * quarter / 4])
}

fn rows(contest: &Contest) {
    fn all(capacity: usize, threads: usize) -> Vec<Contestant> {
        let mut all = vec![
            passes::<Ring<u64>>(capacity, threads),
            passes::<Crossbeam>(capacity, threads),
            passes::<Flume>(capacity, threads),
            passes::<Kanal>(capacity, threads),
            passes::<Crossfire>(capacity, threads),
        ];
        if threads == 1 {
            all.push(passes::<Std>(capacity, threads));
        }
        all
    }
    let uncontended = vec![
        turns::<Ring<u64>>(0, 1),
        turns::<Crossbeam>(0, 1),
        turns::<Flume>(0, 1),
        turns::<Kanal>(0, 1),
        turns::<Crossfire>(0, 1),
        turns::<Std>(0, 1),
    ];
    contest.row("put+get, uncontended", 0.95, 200_000, uncontended);
    contest.row("1 to 1, capacity 1", 1.3, 20_000, all(1, 1));
    contest.row("1 to 1, capacity 64", 1.0, 100_000, all(64, 1));
    contest.row("1 to 1, capacity 1024", 1.0, 100_000, all(1024, 1));
    contest.row("2 to 2, capacity 64", 1.0, 100_000, all(64, 2));
    contest.row("4 to 4, capacity 64", 1.0, 100_000, all(64, 4));
    let stacks = vec![turns::<Stack<u64>>(0, 2), turns::<LockedVec>(0, 2)];
    contest.row("Stack, two threads", 0.7, 100_000, stacks);
    let heaps = vec![turns::<PriorityQueue<u64>>(1000, 2), turns::<LockedHeap>(1000, 2)];
    contest.row("PriorityQueue, two threads", 0.7, 100_000, heaps);
    let locked = vec![turns::<Queue<u64>>(0, 1), turns::<Ring<u64>>(0, 1)];
    contest.row("Queue beside Ring, uncontended", f64::INFINITY, 200_000, locked);
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let value = |option| {
        let at = arguments.iter().position(|argument| argument == option)?;
        arguments.get(at + 1)?.parse().ok()
    };
    let first = Cell::new(0);
    // `-- --test`: once, to see that it runs. Without `--bench`, `cargo test --benches` calls.
    if !arguments.iter().any(|argument| argument == "--bench") {
        rows(&Contest { only: None, rounds: 1, shorter: 1000, first });
        println!("Success");
        return;
    }
    let rounds = value("--rounds").unwrap_or(15);
    let is_name =
        |argument: &&String| !argument.starts_with("--") && argument.parse::<usize>().is_err();
    let only = arguments.iter().rfind(is_name).cloned();
    println!(
        "median [quartiles] over {rounds} rounds of the ratio to the best peer; median times\n"
    );
    rows(&Contest { only, rounds, shorter: 1, first });
}

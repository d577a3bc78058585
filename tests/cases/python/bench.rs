//! Ours beside CPython's `threading` and `queue`, which run in their own process, in turns with
//! ours: `cargo results python`. Without a `python3` there is no comparison, and no row.
//!
//! This shows the gain of Rust and is not a contest: an interpreter runs one thread at a time, and
//! takes tens of nanoseconds for any call.

use std::hint::black_box;
use std::time::Duration;

use crate::channels::Channel;
use crate::cpython::CPython;
use crate::monitors::{self, Monitor};
use bench::{Bench, Goal, Row, Run, Sample};
use primitives::{Barrier, Event, Lock, RLock, Semaphore, Timer};
use queues::{PriorityQueue, Queue, Ring, Stack};

/// Five times as fast, fifteen times, thirty times: the goals without contention, with two threads,
/// and for queues.
const UNCONTENDED: f64 = 1.0 / 5.0;
const CONTENDED: f64 = 1.0 / 15.0;
const QUEUES: f64 = 1.0 / 30.0;

fn put_and_get<C: Channel>(run: &Run) -> Sample {
    let queue = C::new(64);
    let queue = black_box(&queue);
    run.alone(20_000, || {
        queue.put(1);
        black_box(queue.get());
    })
}

fn passes<C: Channel>(run: &Run, capacity: usize, pairs: u64, items: u64) -> Sample {
    let queue = C::new(capacity);
    let each = run.scaled(items).div_ceil(pairs);
    run.until_done(2 * pairs as usize, each * pairs, |thread| {
        if thread % 2 == 0 {
            (0..each).for_each(|item| queue.put(item));
        } else {
            (0..each).for_each(|_| _ = black_box(queue.get()));
        }
    })
}

fn lock_two_threads(run: &Run) -> Sample {
    let lock = Lock::new(());
    let each = run.scaled(100_000);
    run.until_done(2, 2 * each, |_| (0..each).for_each(|_| drop(lock.lock())))
}

fn ping_pong(run: &Run) -> Sample {
    let monitor = monitors::Locksmith::default();
    let hand_overs = run.scaled(10_000) / 2 * 2;
    run.until_done(2, hand_overs, |thread| {
        for turn in (thread as u64..hand_overs).step_by(2) {
            monitor.wait_until(|number| number == turn, |number| *number += 1);
            monitor.notify_one();
        }
    })
}

fn barrier(run: &Run) -> Sample {
    let barrier = Barrier::new(2);
    let rounds = run.scaled(5000);
    run.until_done(2, rounds, |_| {
        for _ in 0..rounds {
            barrier.wait().expect("no thread breaks it");
        }
    })
}

fn timer(run: &Run) -> Sample {
    run.alone(50, || {
        let timer = Timer::new(Duration::from_secs(3600), || ());
        timer.start().expect("the system has a thread to give");
        timer.cancel();
        timer.join().expect("it was started, and nothing panics");
    })
}

fn timers(run: &Run) -> Sample {
    let timers = primitives::Timers::new();
    run.alone(2000, || _ = timers.after(Duration::from_secs(3600), || ()).cancel())
}

fn uncontended(python: &CPython) -> Vec<Row> {
    let (lock, rlock) = (Lock::new(()), RLock::new(()));
    let (semaphore, event) = (Semaphore::new(1), Event::new());
    vec![
        Row::new("Lock", "acquire and release, one thread")
            .goal(Goal::best(UNCONTENDED))
            .ours("Lock", move |run| run.alone(50_000, || drop(black_box(&lock).lock())))
            .peer(python.name, python.row("lock", 50_000)),
        Row::new("RLock", "acquire and release, one thread")
            .goal(Goal::best(UNCONTENDED))
            .ours("RLock", move |run| run.alone(50_000, || drop(black_box(&rlock).lock())))
            .peer(python.name, python.row("rlock", 50_000)),
        Row::new("Semaphore", "acquire and release, one thread")
            .goal(Goal::best(UNCONTENDED))
            .ours("Semaphore", move |run| {
                run.alone(50_000, || drop(black_box(&semaphore).acquire()))
            })
            .peer(python.name, python.row("semaphore", 10_000)),
        Row::new("Event", "set and clear, one thread, nobody waits")
            .goal(Goal::best(UNCONTENDED))
            .ours("Event", move |run| {
                run.alone(50_000, || {
                    let event = black_box(&event);
                    event.set();
                    event.clear();
                })
            })
            .peer(python.name, python.row("event", 10_000)),
        Row::new("Queue", "put and get, one thread")
            .goal(Goal::best(QUEUES))
            .ours("Queue", put_and_get::<Queue<u64>>)
            .beside("Ring", put_and_get::<Ring<u64>>)
            .peer(python.name, python.row("queue", 10_000)),
        Row::new("Stack", "put and get, one thread; Python's LifoQueue")
            .goal(Goal::best(QUEUES))
            .ours("Stack", put_and_get::<Stack<u64>>)
            .peer(python.name, python.row("stack", 10_000)),
        Row::new("PriorityQueue", "put and get, one thread, nothing else inside")
            .goal(Goal::best(QUEUES))
            .ours("PriorityQueue", put_and_get::<PriorityQueue<u64>>)
            .peer(python.name, python.row("priority-queue", 10_000)),
    ]
}

fn contended(python: &CPython) -> Vec<Row> {
    vec![
        Row::new("Lock, two threads", "two threads, nothing outside the section")
            .goal(Goal::best(CONTENDED))
            .ours("Lock", lock_two_threads)
            .peer(python.name, python.row("lock-two-threads", 10_000)),
        Row::new("Condition, ping-pong", "two threads that wake each other by turns")
            .goal(Goal::best(CONTENDED))
            .ours("Condition", ping_pong)
            .peer(python.name, python.row("ping-pong", 1000)),
        Row::new("Barrier, two threads", "two threads that do nothing but wait for each other")
            .goal(Goal::best(CONTENDED))
            .ours("Barrier", barrier)
            .peer(python.name, python.row("barrier", 1000)),
        Row::new("Timer", "start, cancel and join; each has a thread of its own")
            .ours("Timer", timer)
            .beside("Timers, set and cancel", timers)
            .peer(python.name, python.row("timer", 50)),
    ]
}

/// Producers and consumers with nothing else to do. `Queue` corresponds to Python's by name and
/// design; `Ring` does the same without a lock.
fn passing(python: &CPython) -> Vec<Row> {
    let one_place = ("one-to-one-1", 1, 1, 1000);
    let one_to_one = ("one-to-one-64", 64, 1, 10_000);
    let four_to_four = ("four-to-four-64", 64, 4, 10_000);
    vec![
        passes_of::<Queue<u64>>(python, "Queue, 1 to 1, capacity 1", "Queue", one_place),
        passes_of::<Ring<u64>>(python, "Ring, 1 to 1, capacity 1", "Ring", one_place),
        passes_of::<Queue<u64>>(python, "Queue, 1 to 1, capacity 64", "Queue", one_to_one),
        passes_of::<Ring<u64>>(python, "Ring, 1 to 1, capacity 64", "Ring", one_to_one),
        passes_of::<Queue<u64>>(python, "Queue, 4 to 4, capacity 64", "Queue", four_to_four),
        passes_of::<Ring<u64>>(python, "Ring, 4 to 4, capacity 64", "Ring", four_to_four),
    ]
}

/// `what`: CPython's name for it, the capacity, producers and as many consumers, items of CPython;
/// ours pass five times as many.
fn passes_of<C: Channel>(
    python: &CPython,
    name: &'static str,
    ours: &'static str,
    what: (&'static str, usize, u64, u64),
) -> Row {
    let (row, capacity, pairs, items) = what;
    Row::new(name, "producers and consumers with nothing else to do")
        .goal(Goal::best(QUEUES))
        .ours(ours, move |run| passes::<C>(run, capacity, pairs, 5 * items))
        .peer(python.name, python.row(row, items))
}

fn rows() -> Vec<Row> {
    match CPython::start() {
        Ok(python) => {
            [uncontended, contended, passing].into_iter().flat_map(|rows| rows(&python)).collect()
        }
        Err(error) => {
            println!("skipped: no python3 to compare with: {error}");
            Vec::new()
        }
    }
}

pub(crate) fn bench() -> Bench {
    Bench::new("python", "CPython", rows)
}

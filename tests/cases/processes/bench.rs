//! Processes: ours beside CPython's `multiprocessing`, beside procspawn, beside `/bin/true`, and
//! beside our own tools of threads: `cargo results processes`. Without a `python3` there are only
//! the others.
//!
//! The two workers of each pool are started and warm before the first run. CPython forks its own,
//! as it does by default up to 3.13, so that it need not load a program again.

use std::hint::black_box;
use std::process::Command;
use std::thread;
use std::time::Instant;

use bench::{Bench, Goal, Row, Sample};
use primitives::Lock;
use processes::{Process, ProcessPool, SharedLock, SharedQueue, function};
use queues::Ring;

use crate::cpython::CPython;

const MULTIPROCESSING: &str = include_str!("multiprocessing.py");

/// As many as there are cores on the machine of the figures.
const WORKERS: usize = 2;

/// The places of a queue.
const PLACES: usize = 1024;

function! {
    fn square(x: u64) -> u64 { x * x }

    fn take_all(queue: SharedQueue<u64>) -> u64 { queue.iter().fold(0, u64::wrapping_add) }
}

fn timed(operations: u64, body: impl FnOnce()) -> Sample {
    let start = Instant::now();
    body();
    let nanoseconds = start.elapsed().as_secs_f64() * 1e9 / operations as f64;
    Sample { nanoseconds, ..Sample::default() }
}

fn row(name: &'static str, about: &'static str) -> Row {
    Row::new(name, about).with_servers()
}

/// With a peer of CPython, if there is one.
fn beside(
    row: Row,
    python: Option<&CPython>,
    (name, limit): (&'static str, f64),
    what: &'static str,
    times: u64,
) -> Row {
    match python {
        Some(python) => row.goal(Goal::best_of(&[name], limit)).peer(name, python.row(what, times)),
        None => row,
    }
}

fn warm_pool() -> ProcessPool {
    let pool = ProcessPool::new(WORKERS).expect("it starts");
    pool.map(square, 0..2000).expect("none fails");
    pool
}

fn procspawn_pool() -> procspawn::Pool {
    let pool = procspawn::Pool::new(WORKERS).expect("it starts");
    for x in 0..10_u64 {
        pool.spawn(x, |x| x * x).join().expect("none fails");
    }
    pool
}

fn pool(python: Option<&CPython>) -> Row {
    let (ours, theirs) = (warm_pool(), procspawn_pool());
    let mut row = row("pool task", "many short calls, two workers; their results in order")
        .goal(Goal::best_of(&["procspawn"], 0.1))
        .ours("ProcessPool", move |run| {
            let n = run.scaled(100_000);
            timed(n, || assert_eq!(ours.imap(square, 0..n).flatten().count() as u64, n))
        })
        .peer("procspawn", move |run| {
            let n = run.scaled(2000);
            timed(n, || {
                let sent = Vec::from_iter((0..n).map(|x| theirs.spawn(x, |x| x * x)));
                sent.into_iter().for_each(|task| _ = task.join().expect("none fails"));
            })
        });
    row = beside(row, python, ("Pool.imap", 0.05), "imap", 3000);
    beside(row, python, ("Pool.imap in chunks of 100", 1.0), "imap100", 100_000)
}

fn one_at_a_time(python: Option<&CPython>) -> Row {
    let (ours, theirs) = (warm_pool(), procspawn_pool());
    let row = row("one at a time", "a short call, and its result, before the next one")
        .ours("ProcessPool", move |run| {
            let n = run.scaled(10_000);
            timed(n, || (0..n).for_each(|x| assert_eq!(ours.apply(square, (x,)), Ok(x * x))))
        })
        .peer("procspawn", move |run| {
            let n = run.scaled(1000);
            timed(n, || {
                (0..n).for_each(|x| _ = theirs.spawn(x, |x| x * x).join().expect("none fails"));
            })
        });
    beside(row, python, ("Pool.apply", 0.05), "apply", 1000)
}

fn start(python: Option<&CPython>) -> Row {
    let row = row("start", "a process that makes one call and returns its result")
        .goal(Goal::best_of(&["/bin/true"], 2.5))
        .ours("Process", |run| {
            let n = run.scaled(50);
            timed(n, || {
                for x in 0..n {
                    let process = Process::new(square, (x,));
                    process.start().expect("it starts");
                    assert_eq!(process.join().expect("it returns"), x * x);
                }
            })
        })
        .peer("procspawn", |run| {
            let n = run.scaled(50);
            timed(n, || {
                for x in 0..n {
                    let process = procspawn::spawn(x, |x| x * x);
                    assert_eq!(process.join().expect("it returns"), x * x);
                }
            })
        })
        .peer("/bin/true", |run| {
            let n = run.scaled(50);
            timed(n, || {
                (0..n).for_each(|_| assert!(Command::new("/bin/true").status().is_ok()));
            })
        });
    match python {
        Some(python) => row.peer("multiprocessing, fork", python.row("start", 20)),
        None => row,
    }
}

fn shared_queue(n: u64) -> Sample {
    let queue = SharedQueue::bounded(PLACES).expect("there is memory");
    let getter = Process::new(take_all, (queue.clone(),));
    getter.start().expect("it starts");
    // The other process is ready when it has taken the first item.
    queue.put(0).expect("it is open");
    while !queue.is_empty() {
        thread::yield_now();
    }
    timed(n, || {
        (0..n).for_each(|x| queue.put(x).expect("it is open"));
        queue.shutdown();
        getter.join().expect("it returns");
    })
}

fn queue(python: Option<&CPython>) -> Row {
    let row = row("queue", "items from one process to another, 1024 places")
        .goal(Goal::best_of(&["Ring, threads"], 3.0))
        .ours("SharedQueue", |run| shared_queue(run.scaled(1_000_000)))
        .peer("Ring, threads", |run| {
            let (n, ring) = (run.scaled(1_000_000), Ring::bounded(PLACES));
            timed(n, || {
                thread::scope(|s| {
                    s.spawn(|| ring.iter().fold(0, u64::wrapping_add));
                    (0..n).for_each(|x| ring.put(x).expect("it is open"));
                    ring.shutdown();
                });
            })
        });
    beside(row, python, ("multiprocessing.Queue", 0.02), "queue", 10_000)
}

fn lock() -> Row {
    let (ours, threads) = (SharedLock::new(0_u64).expect("there is memory"), Lock::new(0_u64));
    row("lock", "lock and unlock, one thread")
        .goal(Goal::best(3.0))
        .ours("SharedLock", move |run| {
            run.alone(2_000_000, || *black_box(&ours).lock().expect("no owner dies") += 1)
        })
        .peer("Lock, threads", move |run| run.alone(2_000_000, || *black_box(&threads).lock() += 1))
}

fn rows() -> Vec<Row> {
    let python = CPython::running(MULTIPROCESSING)
        .inspect_err(|error| println!("CPython is missing: {error}"))
        .ok();
    let python = python.as_ref();
    vec![pool(python), one_at_a_time(python), start(python), queue(python), lock()]
}

pub(crate) fn bench() -> Bench {
    Bench::new("processes", "Processes", rows)
}

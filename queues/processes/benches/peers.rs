//! The crate beside CPython's `multiprocessing`, beside our own tools of threads, and beside
//! `/bin/true`.
//!
//! `cargo bench -p locksmith-processes` runs each row five times, the contestants one after the
//! other in each round, and prints the median and its ratio: ratios of one run can be trusted,
//! times of a shared machine cannot. `-- --test` runs each once.

use std::fmt::Write as _;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use primitives::Lock;
use processes::{Process, ProcessPool, SharedEvent, SharedLock, SharedQueue, function};
use queues::Ring;

function! {
    fn square(x: u64) -> u64 { x * x }

    fn nothing() {}

    fn take_all(queue: SharedQueue<u64>) -> u64 { queue.iter().fold(0, u64::wrapping_add) }

    fn hold(lock: SharedLock<u64>, ready: SharedEvent) {
        let _guard = lock.lock();
        ready.set();
        loop {
            thread::park();
        }
    }

    fn sleep_on(ready: SharedEvent) {
        ready.set();
        loop {
            thread::park();
        }
    }
}

/// What Python does for one row: ns for each operation.
const PYTHON: &str = r#"
import multiprocessing, sys, time
def square(x): return x * x
def take(queue, n):
    for _ in range(n): queue.get()
if __name__ == "__main__":
    what, n = sys.argv[1], int(sys.argv[2])
    context = multiprocessing.get_context("fork")
    if what in ("imap", "imap100", "apply"):
        with context.Pool(2) as pool:
            pool.map(square, range(100))
            begun = time.perf_counter_ns()
            if what == "imap": sum(pool.imap(square, range(n)))
            if what == "imap100": sum(pool.imap(square, range(n), 100))
            if what == "apply":
                for x in range(n): pool.apply(square, (x,))
            print((time.perf_counter_ns() - begun) / n)
    if what == "queue":
        queue = context.Queue(1024)
        getter = context.Process(target=take, args=(queue, n))
        getter.start()
        begun = time.perf_counter_ns()
        for x in range(n): queue.put(x)
        getter.join()
        print((time.perf_counter_ns() - begun) / n)
"#;

/// ns for each operation.
type Contestant = fn(usize) -> Option<f64>;

struct Row {
    name: &'static str,
    /// How many operations a run of ours has, and one of the peer.
    sizes: [usize; 2],
    ours: Contestant,
    peer: Contestant,
    /// The largest ratio that is allowed.
    goal: f64,
}

const ROWS: &[Row] = &[
    Row {
        name: "pool task, beside Pool.imap",
        sizes: [50_000, 3000],
        ours: pool_imap,
        peer: python_imap,
        goal: 0.05,
    },
    Row {
        name: "pool task, beside imap in chunks of 100",
        sizes: [50_000, 50_000],
        ours: pool_imap,
        peer: python_chunks,
        goal: 1.0,
    },
    Row {
        name: "one at a time, beside Pool.apply",
        sizes: [3000, 1000],
        ours: pool_apply,
        peer: python_apply,
        goal: 0.05,
    },
    Row {
        name: "start and end, beside /bin/true",
        sizes: [30, 30],
        ours: start,
        peer: bin_true,
        goal: 2.5,
    },
    Row {
        name: "queue, one to one, beside multiprocessing.Queue",
        sizes: [300_000, 20_000],
        ours: shared_queue,
        peer: python_queue,
        goal: 0.02,
    },
    Row {
        name: "queue, one to one, beside our Ring of threads",
        sizes: [300_000, 300_000],
        ours: shared_queue,
        peer: ring,
        goal: 3.0,
    },
    Row {
        name: "lock, uncontended, beside our Lock of threads",
        sizes: [1_000_000, 1_000_000],
        ours: shared_lock,
        peer: lock,
        goal: 3.0,
    },
    Row {
        name: "successor of a killed owner, beside 1 ms",
        sizes: [5, 1],
        ours: successor,
        peer: one_millisecond,
        goal: 1.0,
    },
    Row {
        name: "killed worker noticed, beside 5 ms",
        sizes: [5, 1],
        ours: killed_worker,
        peer: five_milliseconds,
        goal: 1.0,
    },
];

fn main() {
    processes::init();
    let once = std::env::args().any(|argument| argument == "--test");
    let rounds = if once { 1 } else { 5 };
    let python = Command::new("python3").arg("--version").output();
    let python = python.map_or("no python3".into(), |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    });
    println!("{python}, {} cores, median of {rounds}\n", primitives::sync::cores());
    println!("{:50} {:>12} {:>12} {:>8} {:>8}", "", "ours, ns", "peer, ns", "ratio", "goal");
    for row in ROWS {
        let (mut ours, mut peers) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            let scale = |size: usize| if once { size.div_ceil(100) } else { size };
            ours.extend((row.ours)(scale(row.sizes[0])));
            peers.extend((row.peer)(scale(row.sizes[1])));
        }
        let mut line = format!("{:50}", row.name);
        match (median(ours), median(peers)) {
            (Some(ours), Some(peer)) => {
                let ratio = ours / peer;
                let verdict = if ratio <= row.goal { "" } else { "  missed" };
                let _ = write!(
                    line,
                    " {ours:>12.0} {peer:>12.0} {ratio:>8.3} {:>8}{verdict}",
                    row.goal
                );
            }
            _ => line += " skipped: the peer is not here",
        }
        println!("{line}");
    }
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

/// The time for each of `n`.
fn each(n: usize, work: impl FnOnce()) -> Option<f64> {
    let begun = Instant::now();
    work();
    Some(begun.elapsed().as_nanos() as f64 / n as f64)
}

fn python(what: &str, n: usize) -> Option<f64> {
    let n = n.to_string();
    let output = Command::new("python3")
        .args(["-c", PYTHON, what, &n])
        .stderr(Stdio::null())
        .output()
        .ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

fn python_imap(n: usize) -> Option<f64> {
    python("imap", n)
}

fn python_chunks(n: usize) -> Option<f64> {
    python("imap100", n)
}

fn python_apply(n: usize) -> Option<f64> {
    python("apply", n)
}

fn python_queue(n: usize) -> Option<f64> {
    python("queue", n)
}

fn warm_pool() -> ProcessPool {
    let pool = ProcessPool::new(2).expect("it starts");
    pool.map(square, 0..2000).expect("none fails");
    pool
}

fn pool_imap(n: usize) -> Option<f64> {
    let pool = warm_pool();
    each(n, || assert_eq!(pool.imap(square, 0..n as u64).filter_map(Result::ok).count(), n))
}

fn pool_apply(n: usize) -> Option<f64> {
    let pool = warm_pool();
    each(n, || (0..n as u64).for_each(|x| assert_eq!(pool.apply(square, (x,)), Ok(x * x))))
}

fn start(n: usize) -> Option<f64> {
    each(n, || {
        for _ in 0..n {
            let process = Process::new(nothing, ());
            process.start().expect("it starts");
            process.join().expect("it returns");
        }
    })
}

fn bin_true(n: usize) -> Option<f64> {
    each(n, || (0..n).for_each(|_| assert!(Command::new("/bin/true").status().is_ok())))
}

fn shared_queue(n: usize) -> Option<f64> {
    let queue = SharedQueue::bounded(1024).expect("there is memory");
    let getter = Process::new(take_all, (queue.clone(),));
    getter.start().expect("it starts");
    // The other process is ready when it has taken the first item.
    queue.put(0).expect("it is open");
    while !queue.is_empty() {
        thread::yield_now();
    }
    each(n, || {
        (0..n as u64).for_each(|x| queue.put(x).expect("it is open"));
        queue.shutdown();
        getter.join().expect("it returns");
    })
}

fn ring(n: usize) -> Option<f64> {
    let ring = Ring::bounded(1024);
    each(n, || {
        thread::scope(|s| {
            s.spawn(|| ring.iter().fold(0, u64::wrapping_add));
            (0..n as u64).for_each(|x| ring.put(x).expect("it is open"));
            ring.shutdown();
        });
    })
}

fn shared_lock(n: usize) -> Option<f64> {
    let lock = SharedLock::new(0u64).expect("there is memory");
    each(n, || (0..n).for_each(|_| *black_box(&lock).lock().expect("no owner dies") += 1))
}

fn lock(n: usize) -> Option<f64> {
    let lock = Lock::new(0u64);
    each(n, || (0..n).for_each(|_| *black_box(&lock).lock() += 1))
}

/// From the kill of an owner until the waiter holds the lock.
fn successor(n: usize) -> Option<f64> {
    let lock = SharedLock::new(0u64).expect("there is memory");
    let mut took = 0.0;
    for _ in 0..n {
        let ready = SharedEvent::new().expect("there is memory");
        let holder = Process::new(hold, (lock.clone(), ready.clone()));
        holder.start().expect("it starts");
        ready.wait();
        took += each(1, || {
            holder.kill();
            drop(lock.lock().unwrap_or_else(|died| died.repair()));
        })?;
    }
    Some(took / n as f64)
}

fn one_millisecond(_: usize) -> Option<f64> {
    Some(1e6)
}

/// From the kill of a worker until its task has failed.
fn killed_worker(n: usize) -> Option<f64> {
    let pool = ProcessPool::new(1).expect("it starts");
    let mut took = 0.0;
    for _ in 0..n {
        let ready = SharedEvent::new().expect("there is memory");
        let task = pool.submit(sleep_on, (ready.clone(),)).expect("it is open");
        ready.wait();
        let worker = pool.pids()[0];
        took += each(1, || {
            // SAFETY: a worker of the pool.
            unsafe { libc::kill(worker.cast_signed(), libc::SIGKILL) };
            assert!(task.result().is_err());
        })?;
    }
    Some(took / n as f64)
}

fn five_milliseconds(_: usize) -> Option<f64> {
    Some(5e6)
}

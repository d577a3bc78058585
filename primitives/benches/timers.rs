//! `cargo bench -p locksmith-primitives --bench timers`: what ten thousand pending timers cost, and
//! how late they are.
//!
//! It does not use criterion: lateness is a distribution, and memory is not a time. Every figure is
//! the median of the rounds. Lateness is printed for each round, beside the time for which the
//! timers' thread was ready to run and had no core (`/proc/thread-self/schedstat`): on a busy
//! machine that time, and not the timers, explains the lateness.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use primitives::{Timer, TimerHandle, Timers};

const TIMERS: usize = 10_000;
const ROUNDS: usize = 9;

/// So far away that none fires while the timers are set and cancelled.
const FAR: Duration = Duration::from_secs(1000);

/// The system's allocator, which counts the bytes that it has given out while that is asked for.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
static COUNTS: AtomicBool = AtomicBool::new(false);
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came; counting does not touch the memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTS.load(Relaxed) {
            BYTES.fetch_add(layout.size(), Relaxed);
        }
        // SAFETY: the caller's promises are those that the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if COUNTS.load(Relaxed) {
            BYTES.fetch_sub(layout.size(), Relaxed);
        }
        // SAFETY: as in `alloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn main() {
    // `-- --test` runs it once, as a check that it works. `cargo test --benches` calls it without
    // `--bench`.
    let arguments: Vec<_> = std::env::args().collect();
    let has = |argument| arguments.iter().any(|a| a == argument);
    if has("--test") || !has("--bench") {
        println!("Testing timers");
        costs(100, 1);
        lateness(100, 1);
        one_thread_each(1);
        println!("Success");
        return;
    }
    println!("{TIMERS} timers pending, median of {ROUNDS} rounds\n");
    costs(TIMERS, ROUNDS);
    lateness(TIMERS, ROUNDS);
    one_thread_each(ROUNDS * 100);
}

/// The place of a timer in the order of the deadlines, from its number and how many there are.
type Order = fn(usize, usize) -> usize;

fn costs(timers: usize, rounds: usize) {
    let report = |what: &str, figures: Vec<f64>, unit: &str, goal: &str| {
        println!("  {what:<52} {:>8.1} {unit:<6} {goal}", median(figures));
    };
    let orders: [(&str, Order); 3] = [
        ("set, each later than all others", |number, _| number),
        ("set, in no order", |number, timers| number * 7919 % timers),
        ("set, each earlier than all others (wakes the thread)", |number, timers| timers - number),
    ];
    for (what, order) in orders {
        let mut set = Vec::new();
        let mut cancel = Vec::new();
        for _ in 0..rounds {
            let service = Timers::new();
            let (handles, nanoseconds) =
                timed(timers, || fill(&service, timers, |number| order(number, timers)));
            set.push(nanoseconds);
            // In an order independent of the deadlines.
            let shuffled: Vec<_> =
                (0..timers).map(|number| &handles[number * 6151 % timers]).collect();
            let (cancelled, nanoseconds) =
                timed(timers, || shuffled.iter().filter(|handle| handle.cancel()).count());
            assert!(cancelled >= timers / 2 && service.pending() == timers - cancelled);
            cancel.push(nanoseconds);
        }
        report(what, set, "ns", "(goal: 300)");
        report("  and cancelled, in no order", cancel, "ns", "(goal: 300)");
    }

    let mut bytes = Vec::new();
    for _ in 0..rounds {
        let service = Timers::new();
        let callback = Arc::new(());
        BYTES.store(0, Relaxed);
        COUNTS.store(true, Relaxed);
        for number in 0..timers {
            let callback = Arc::clone(&callback);
            service.after(FAR + Duration::from_micros(number as u64), move || drop(callback));
        }
        COUNTS.store(false, Relaxed);
        let beside = BYTES.load(Relaxed) as f64 / timers as f64 - size_of::<Arc<()>>() as f64;
        bytes.push(beside);
    }
    report("memory each, beside the callback", bytes, "bytes", "(goal: 64)");
    println!("  {:<52} {:>8} bytes\n", "a handle, if it is kept", size_of::<TimerHandle>());
}

/// Sets timers, the n-th at the given place in their order.
fn fill(service: &Timers, timers: usize, order: impl Fn(usize) -> usize) -> Vec<TimerHandle> {
    let set = |number| {
        service.after(FAR + Duration::from_micros(100 * order(number) as u64), move || {
            std::hint::black_box(number);
        })
    };
    (0..timers).map(set).collect()
}

/// Deadlines 40 µs apart on average, set in random order: how late each call is.
fn lateness(timers: usize, rounds: usize) {
    println!("  late by, in µs           median      99 %       max    without a core");
    let mut quiet = Vec::new();
    for _ in 0..rounds {
        let service = Timers::new();
        let (send, late) = mpsc::channel();
        let (tell, before) = mpsc::channel();
        service.after(Duration::ZERO, move || tell.send(without_a_core()).unwrap());
        let before = before.recv().unwrap();
        let beginning = Instant::now() + Duration::from_millis(50);
        for number in 0..timers {
            let send = send.clone();
            let place = number * 7919 % timers;
            let deadline = beginning + Duration::from_micros(40 * place as u64);
            service.at(deadline, move || {
                send.send(Instant::now().saturating_duration_since(deadline)).unwrap();
            });
        }
        drop(send);
        let mut late: Vec<_> = late.iter().map(|late| late.as_secs_f64() * 1e6).collect();
        assert_eq!(late.len(), timers);
        late.sort_by(f64::total_cmp);
        let (tell, after) = mpsc::channel();
        service.after(Duration::ZERO, move || tell.send(without_a_core()).unwrap());
        let waited = after.recv().unwrap().saturating_sub(before).as_secs_f64() * 1e6;
        let at = |per_cent: usize| late[(timers * per_cent / 100).min(timers - 1)];
        println!(
            "                         {:>8.1}  {:>8.1}  {:>8.1}  {waited:>10.1}",
            at(50),
            at(99),
            at(100),
        );
        // A round of 400 ms that lacked a core for less than 1 % of it.
        if waited < 10.0 * 40.0 * timers as f64 / 1000.0 {
            quiet.push((at(50), at(99)));
        }
    }
    if quiet.is_empty() {
        println!("  no round was quiet: nothing to be said on a machine as busy as this\n");
    } else {
        let rounds = quiet.len();
        let (middle, most) = quiet.into_iter().unzip();
        let (middle, most): (f64, f64) = (median(middle), median(most));
        println!(
            "  {rounds} quiet rounds          {middle:>8.1}  {most:>8.1}   (goal: 1000 at 99 %)\n"
        );
    }
}

/// What a `Timer` costs, which has its own thread, for comparison.
fn one_thread_each(rounds: usize) {
    let mut set = Vec::new();
    let mut cancel = Vec::new();
    for _ in 0..rounds {
        let timer = Timer::new(FAR, || ());
        set.push(timed(1, || timer.start().unwrap()).1);
        cancel.push(timed(1, || assert!(timer.cancel())).1);
        timer.join().unwrap();
    }
    println!("  a `Timer`, with a thread of its own: start       {:>12.1} ns", median(set));
    println!("                                       cancel      {:>12.1} ns", median(cancel));
}

/// How long the calling thread was ready to run but did not run; zero where the system does not
/// say.
fn without_a_core() -> Duration {
    let nanoseconds = std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}

/// Nanoseconds for each of `n`.
fn timed<R>(count: usize, f: impl FnOnce() -> R) -> (R, f64) {
    let start = Instant::now();
    let result = f();
    (result, start.elapsed().as_nanos() as f64 / count as f64)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

//! Ten thousand pending timers beside tokio's: `cargo results timers`.
//!
//! Both have one thread that waits for the deadlines. A tokio timer is a task that sleeps and then
//! calls. Setting one is done when the call returns, although tokio's other thread has not seen the
//! new task yet. A cancelled timer is gone when its callback is dropped: in tokio the other thread
//! does that later. So there are two rows: the call alone, and until the last timer is gone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use bench::{Bench, Goal, Row, Run, Sample};

const PENDING: u64 = 10_000;

/// So far away that none fires while the timers are set and cancelled.
const FAR: Duration = Duration::from_secs(1000);

/// A contestant that calls back at a deadline.
trait Service {
    type Handle;

    fn new() -> Self;
    fn set(&self, deadline: Instant, call: impl FnOnce() + Send + 'static) -> Self::Handle;
    fn cancel(&self, handle: &Self::Handle);

    /// Returns when the other thread only waits.
    fn settle(&self);
}

impl Service for primitives::Timers {
    type Handle = primitives::TimerHandle;

    fn new() -> Self {
        Self::new()
    }

    #[inline]
    fn set(&self, deadline: Instant, call: impl FnOnce() + Send + 'static) -> Self::Handle {
        self.at(deadline, call)
    }

    #[inline]
    fn cancel(&self, handle: &Self::Handle) {
        handle.cancel();
    }

    fn settle(&self) {}
}

struct Tokio {
    handle: tokio::runtime::Handle,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    set: AtomicUsize,
    seen: Arc<AtomicUsize>,
}

impl Service for Tokio {
    type Handle = tokio::task::JoinHandle<()>;

    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("a runtime needs nothing but memory");
        let handle = runtime.handle().clone();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = thread::spawn(move || _ = runtime.block_on(stopped));
        Self {
            handle,
            stop: Some(stop),
            thread: Some(thread),
            set: AtomicUsize::new(0),
            seen: Arc::default(),
        }
    }

    #[inline]
    fn set(&self, deadline: Instant, call: impl FnOnce() + Send + 'static) -> Self::Handle {
        self.set.fetch_add(1, SeqCst);
        let seen = Arc::clone(&self.seen);
        self.handle.spawn(async move {
            seen.fetch_add(1, SeqCst);
            tokio::time::sleep_until(deadline.into()).await;
            call();
        })
    }

    #[inline]
    fn cancel(&self, handle: &Self::Handle) {
        handle.abort();
    }

    fn settle(&self) {
        while self.seen.load(SeqCst) < self.set.load(SeqCst) {
            thread::yield_now();
        }
    }
}

impl Drop for Tokio {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the runtime panicked");
        }
    }
}

/// A shuffled order of deadlines: the place of the n-th.
type Order = fn(u64, u64) -> u64;

/// Later than this many others.
fn latest(number: u64, all: u64) -> u64 {
    all + number
}

/// Earlier than all that are later than this many others, and than the one before it.
fn earliest(number: u64, all: u64) -> u64 {
    all - 1 - number
}

fn in_no_order(number: u64, all: u64) -> u64 {
    number * 7919 % all
}

fn fill<S: Service>(service: &S, count: u64, order: Order) -> Vec<S::Handle> {
    let start = Instant::now() + FAR;
    let set = |number| {
        let place = order(number, count);
        service.set(start + Duration::from_micros(100 * place), move || _ = black_box(number))
    };
    Vec::from_iter((0..count).map(set))
}

/// As many again, with as many pending.
fn set<S: Service>(run: &Run, before: Order, order: Order) -> Sample {
    let service = S::new();
    let pending = run.shortened(PENDING);
    let before = fill(&service, pending, before);
    service.settle();
    let mut handles = Vec::new();
    let sample = run.alone_at(pending, || handles = fill(&service, pending, order));
    before.iter().chain(&handles).for_each(|handle| service.cancel(handle));
    sample
}

/// Cancels all, in an order independent of the deadlines; optionally waits until the last is gone.
fn cancel<S: Service>(run: &Run, until_gone: bool) -> Sample {
    let service = S::new();
    let pending = run.shortened(PENDING);
    let alive = Arc::new(());
    let start = Instant::now() + FAR;
    let set = |number| {
        let alive = Arc::clone(&alive);
        let place = in_no_order(number, pending);
        service.set(start + Duration::from_micros(100 * place), move || drop(alive))
    };
    let handles = Vec::from_iter((0..pending).map(set));
    service.settle();
    let handle = |number| &handles[(number * 6151 % pending) as usize];
    run.alone_at(pending, || {
        (0..pending).for_each(|number| service.cancel(handle(number)));
        while until_gone && Arc::strong_count(&alive) > 1 {
            thread::yield_now();
        }
    })
}

/// The 99th percentile of the lateness, with deadlines 40 µs apart; it is not a time for each
/// operation.
fn late<S: Service>(run: &Run) -> Sample {
    let service = S::new();
    let timers = run.shortened(1000);
    let (send, late) = mpsc::channel();
    let start = Instant::now() + Duration::from_millis(5);
    for number in 0..timers {
        let send = send.clone();
        let deadline = start + Duration::from_micros(40 * in_no_order(number, timers));
        service.set(deadline, move || {
            send.send(Instant::now().saturating_duration_since(deadline)).unwrap();
        });
    }
    drop(send);
    let mut late = Vec::from_iter(late);
    late.sort_unstable();
    let worst = late[late.len() * 99 / 100];
    Sample { nanoseconds: worst.as_secs_f64() * 1e9, ..Sample::default() }
}

fn bare_heap(run: &Run) -> Sample {
    let pending = run.shortened(PENDING);
    let mut heap = BinaryHeap::with_capacity(2 * pending as usize);
    heap.extend((0..pending).map(|number| Reverse((in_no_order(number, pending), number))));
    let heap = black_box(&mut heap);
    run.alone_at(pending, || {
        (0..pending).for_each(|number| heap.push(Reverse((in_no_order(number, pending), number))));
    })
}

fn rows() -> Vec<Row> {
    vec![
        Row::new("set, each the latest", "set one that is later than the 10,000 that are pending")
            .goal(Goal::best(0.5))
            .ours("Timers", |run| set::<primitives::Timers>(run, in_no_order, latest))
            .peer("tokio", |run| set::<Tokio>(run, in_no_order, latest))
            .floor("push on a bare heap", bare_heap),
        Row::new("set, in no order", "set one among the 10,000 that are pending")
            .goal(Goal::best(0.5))
            .ours("Timers", |run| set::<primitives::Timers>(run, in_no_order, in_no_order))
            .peer("tokio", |run| set::<Tokio>(run, in_no_order, in_no_order))
            .floor("push on a bare heap", bare_heap),
        Row::new("set, each the earliest", "set one that is earlier than all that are pending")
            .goal(Goal::best(1.0))
            .ours("Timers", |run| set::<primitives::Timers>(run, latest, earliest))
            .peer("tokio", |run| set::<Tokio>(run, latest, earliest))
            .floor("push on a bare heap", bare_heap),
        Row::new("cancel", "cancel one of 10,000 that are pending, until it is gone")
            .goal(Goal::best(0.5))
            .ours("Timers", |run| cancel::<primitives::Timers>(run, true))
            .peer("tokio", |run| cancel::<Tokio>(run, true)),
        Row::new("cancel, the call", "the same, and it need not be gone when the call returns")
            .goal(Goal::best(0.5))
            .ours("Timers", |run| cancel::<primitives::Timers>(run, false))
            .peer("tokio", |run| cancel::<Tokio>(run, false)),
        Row::new("late, 99 %", "how late the latest hundredth of 1000 is that are due 40 µs apart")
            .ours("Timers", late::<primitives::Timers>)
            .peer("tokio", late::<Tokio>),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("timers", "Timers", rows)
}

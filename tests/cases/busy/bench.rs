//! Every wait beside other work: `cargo results busy`.
//!
//! The same rows as on a quiet machine, in four situations ([`Load`]). No disturbed round is
//! discarded: the disturbance is the subject of the measurement.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::channels::{self, Channel, Crossbeam, Crossfire, Flume, Kanal, Rapidfire};
use crate::monitors::{self, Monitor};
use crate::waits::{self, lock, passes, ping_pong, rounds};
use bench::{Bench, Goal, Load, Row, Run, Sample};
use queues::{Executor, Queue, Ring};

/// How much slower than the best peer a wait may be beside other work.
const GOAL: f64 = 1.2;
/// How much more of the cores it may take.
const CPU: f64 = 1.3;
/// How long threads compete for a lock: long enough for several slices of a hog.
const SPELL: Duration = Duration::from_millis(30);

/// Two threads that open a gate for each other in turn; an operation is one hand-over.
fn gates(run: &Run, wait: impl Fn(usize) + Sync, open: impl Fn(usize) + Sync) -> Sample {
    let is_over = AtomicBool::new(false);
    run.until_over(2, |thread, clock| {
        if thread == 1 {
            loop {
                wait(1);
                // Relaxed: the gate orders it.
                if is_over.load(Relaxed) {
                    return 0;
                }
                open(0);
            }
        }
        let turns = clock.repeat(|| {
            open(1);
            wait(0);
        });
        // Relaxed: pairs with the load above, through the gate.
        is_over.store(true, Relaxed);
        open(1);
        2 * turns
    })
}

fn events(run: &Run) -> Sample {
    let gates_: [primitives::Event; 2] = Default::default();
    gates(
        run,
        |i| {
            gates_[i].wait();
            gates_[i].clear();
        },
        |i| gates_[i].set(),
    )
}

fn conditions<M: Monitor>(run: &Run) -> Sample {
    let both: [M; 2] = Default::default();
    gates(
        run,
        |i| both[i].wait_until(|number| number == 1, |number| *number = 0),
        |i| {
            both[i].change(|number| *number = 1);
            both[i].notify_all();
        },
    )
}

fn semaphores(run: &Run) -> Sample {
    let both = [const { primitives::Semaphore::new(0) }; 2];
    gates(run, |i| both[i].acquire().forget(), |i| both[i].release(1))
}

fn tokio_semaphores(run: &Run) -> Sample {
    let both = [const { tokio::sync::Semaphore::const_new(0) }; 2];
    gates(
        run,
        |i| {
            let permit = both[i].try_acquire().or_else(|_| pollster::block_on(both[i].acquire()));
            permit.expect("it is not closed").forget();
        },
        |i| both[i].add_permits(1),
    )
}

fn async_lock_semaphores(run: &Run) -> Sample {
    let both = [const { async_lock::Semaphore::new(0) }; 2];
    gates(
        run,
        |i| both[i].try_acquire().unwrap_or_else(|| both[i].acquire_blocking()).forget(),
        |i| both[i].add_permits(1),
    )
}

/// A task and its result, one after the other; an operation is one task.
fn tasks(run: &Run, task: impl Fn(u64) -> u64 + Sync) -> Sample {
    run.until_over(1, |_, clock| {
        let mut n = 0;
        clock.repeat(|| {
            assert_eq!(task(n), n + 1);
            n += 1;
        })
    })
}

fn executor(run: &Run) -> Sample {
    let executor = Executor::new(1);
    tasks(run, |n| executor.submit(move || n + 1).result().expect("it does not panic"))
}

type Job = Box<dyn FnOnce() + Send>;

/// A simple pool: a channel of closures, and a channel for each answer.
fn pool_of_std(run: &Run) -> Sample {
    let (sender, receiver) = mpsc::channel::<Job>();
    let worker = thread::spawn(move || receiver.into_iter().for_each(|job| job()));
    let sender = Mutex::new(sender);
    let sample = tasks(run, |n| {
        let (answer, result) = mpsc::sync_channel(1);
        let job = Box::new(move || answer.send(n + 1).expect("it is waited for"));
        sender.lock().unwrap().send(job).expect("the worker is there");
        result.recv().expect("the job answers")
    });
    drop(sender);
    worker.join().expect("no job panics");
    sample
}

fn pool_of_crossbeam(run: &Run) -> Sample {
    let (sender, receiver) = crossbeam_channel::unbounded::<Job>();
    let worker = thread::spawn(move || receiver.into_iter().for_each(|job| job()));
    let sample = tasks(run, |n| {
        let (answer, result) = crossbeam_channel::bounded(1);
        let job = Box::new(move || answer.send(n + 1).expect("it is waited for"));
        sender.send(job).expect("the worker is there");
        result.recv().expect("the job answers")
    });
    drop(sender);
    worker.join().expect("no job panics");
    sample
}

fn hurdles(run: &Run, threads: usize) -> Sample {
    let handles = Mutex::new(vec![hurdles::Barrier::new(threads); threads]);
    rounds(run, threads, || {
        let mut barrier = handles.lock().unwrap().pop().expect("one for each thread");
        move || _ = barrier.wait()
    })
}

fn barrier(threads: usize) -> Row {
    let name = if threads == 2 { "Barrier of two" } else { "Barrier of eight" };
    Row::new(name, "threads that do nothing but wait for each other")
        .ours("Barrier", move |run| {
            let barrier = primitives::Barrier::new(threads);
            rounds(run, threads, || || _ = barrier.wait())
        })
        .peer("std", move |run| {
            let barrier = std::sync::Barrier::new(threads);
            rounds(run, threads, || || _ = barrier.wait())
        })
        .peer("hurdles", move |run| hurdles(run, threads))
}

fn locks(threads: usize) -> Row {
    let name = if threads == 2 { "Lock, two threads" } else { "Lock, eight threads" };
    Row::new(name, "threads with 20 units of work outside the section")
        .ours("Lock", move |run| lock::<monitors::Locksmith>(run, threads, SPELL))
        .peer("std", move |run| lock::<monitors::Std>(run, threads, SPELL))
        .peer("parking_lot", move |run| lock::<monitors::ParkingLot>(run, threads, SPELL))
        .peer("usync", move |run| lock::<monitors::Usync>(run, threads, SPELL))
}

/// `ours` by `C`, and all others.
fn channel<C: Channel>(
    name: &'static str,
    ours: &'static str,
    capacity: usize,
    producers: usize,
) -> Row {
    let row = Row::new(name, "producers and consumers with nothing else to do")
        .ours(ours, move |run| passes::<C>(run, capacity, producers))
        .peer("crossbeam", move |run| passes::<Crossbeam>(run, capacity, producers))
        .peer("flume", move |run| passes::<Flume>(run, capacity, producers))
        .peer("kanal", move |run| passes::<Kanal>(run, capacity, producers))
        .peer("crossfire", move |run| passes::<Crossfire>(run, capacity, producers))
        .peer("rapidfire", move |run| passes::<Rapidfire>(run, capacity, producers));
    if producers > 1 {
        return row;
    }
    row.peer("std", move |run| passes::<channels::Std>(run, capacity, 1))
        .peer("rtrb", move |run| passes::<channels::Rtrb>(run, capacity, 1))
}

/// Everything that blocks.
fn everything() -> Vec<Row> {
    let rows = vec![
        locks(2),
        locks(8),
        Row::new("Condition, ping-pong", "two threads that wake each other by turns")
            .ours("Condition", ping_pong::<monitors::Locksmith>)
            .peer("std", ping_pong::<monitors::Std>)
            .peer("parking_lot", ping_pong::<monitors::ParkingLot>)
            .peer("usync", ping_pong::<monitors::Usync>),
        Row::new("Semaphore, by turns", "two threads that release permits for each other")
            .ours("Semaphore", semaphores)
            .peer("tokio", tokio_semaphores)
            .peer("async-lock", async_lock_semaphores),
        Row::new("Event, by turns", "two threads that set events for each other")
            .ours("Event", events)
            .peer("std lock and condition", conditions::<monitors::Std>)
            .peer("parking_lot lock and condition", conditions::<monitors::ParkingLot>),
        barrier(2),
        barrier(8),
        channel::<Ring<u64>>("Ring, 1 to 1, capacity 1", "Ring", 1, 1),
        channel::<Ring<u64>>("Ring, 1 to 1, capacity 64", "Ring", 64, 1),
        channel::<Ring<u64>>("Ring, 1 to 1, capacity 1024", "Ring", 1024, 1),
        channel::<Ring<u64>>("Ring, 2 to 2, capacity 64", "Ring", 64, 2),
        channel::<Ring<u64>>("Ring, 4 to 4, capacity 64", "Ring", 64, 4),
        channel::<Queue<u64>>("Queue, 1 to 1, capacity 1", "Queue", 1, 1),
        channel::<Queue<u64>>("Queue, 1 to 1, capacity 64", "Queue", 64, 1),
        channel::<Queue<u64>>("Queue, 1 to 1, capacity 1024", "Queue", 1024, 1),
        channel::<Queue<u64>>("Queue, 2 to 2, capacity 64", "Queue", 64, 2),
        channel::<Queue<u64>>("Queue, 4 to 4, capacity 64", "Queue", 64, 4),
        Row::new("Executor, one task at a time", "a task to the only worker, and its result back")
            .ours("Executor", executor)
            .peer("std channels", pool_of_std)
            .peer("crossbeam channels", pool_of_crossbeam),
    ];
    Vec::from_iter(
        rows.into_iter().map(|row| row.goal(Goal::best(GOAL)).goal(Goal::cpu_of_fastest(CPU))),
    )
}

fn rows() -> Vec<Row> {
    let loads =
        [Load::OnEachCore(1), Load::OnEverySecondCore, Load::OnEachCore(2), Load::HalfTheTime];
    let mut rows = everything();
    rows.extend(waits::for_a_taken_lock());
    for load in loads {
        let under = |row: Row| row.under(Some(load));
        rows.extend(everything().into_iter().map(under));
        if load == Load::OnEachCore(1) {
            rows.extend(waits::for_a_taken_lock().into_iter().map(under));
        }
    }
    rows
}

pub(crate) fn bench() -> Bench {
    Bench::new("busy", "Busy", rows)
}

//! The whole program on one core, where whoever spins keeps the one that it waits for from running: nothing of ours
//! may be slower than std, but for the 5 % that two runs of the same differ by. `cargo bench -p bench --bench one_core`.

#[path = "../../lib/bench/channels.rs"]
mod channels;
#[path = "../../lib/bench/monitors.rs"]
mod monitors;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use bench::{Goal, Row, Run, Sample};
use channels::Channel;
use monitors::Monitor;

/// Threads that change a number under a lock, and then work without it.
fn lock<M: Monitor>(run: &Run, threads: usize) -> Sample {
    let monitor = M::default();
    run.for_a_while(threads, Duration::from_millis(20), |thread, clock| {
        let mut own = thread as u64;
        clock.repeat(|| {
            monitor.change(|number| *number += 1);
            for _ in 0..20 {
                own = black_box(own.wrapping_mul(6_364_136_223_846_793_005)); // about two nanoseconds
            }
        })
    })
}

fn ping_pong<M: Monitor>(run: &Run) -> Sample {
    let monitor = M::default();
    let hand_overs = run.scaled(2000) / 2 * 2;
    run.until_done(2, hand_overs, |thread| {
        for turn in (thread as u64..hand_overs).step_by(2) {
            monitor.wait_until(|number| number == turn, |number| *number += 1);
            monitor.notify_one();
        }
    })
}

fn passes<C: Channel>(run: &Run, capacity: usize, items: u64) -> Sample {
    let channel = C::new(capacity);
    let items = run.scaled(items);
    run.until_done(2, items, |thread| {
        if thread == 0 {
            (0..items).for_each(|item| channel.put(item));
        } else {
            (0..items).for_each(|_| _ = black_box(channel.get()));
        }
    })
}

/// A barrier's rounds: `wait` is a round of one thread.
fn rounds(run: &Run, threads: usize, wait: impl Fn() + Sync) -> Sample {
    let rounds = run.scaled(1000);
    run.until_done(threads, rounds, |_| (0..rounds).for_each(|_| wait()))
}

fn barrier(name: &'static str, about: &'static str, threads: usize) -> Row {
    Row::new(name, about)
        .goal(Goal::best(1.05))
        .ours("Barrier", move |run| {
            let barrier = primitives::Barrier::new(threads);
            rounds(run, threads, || _ = barrier.wait())
        })
        .peer("std", move |run| {
            let barrier = std::sync::Barrier::new(threads);
            rounds(run, threads, || _ = barrier.wait())
        })
}

fn locks(name: &'static str, about: &'static str, threads: usize) -> Row {
    Row::new(name, about)
        .goal(Goal::best(1.05))
        .ours("Lock", move |run| lock::<monitors::Locksmith>(run, threads))
        .peer("std", move |run| lock::<monitors::Std>(run, threads))
}

fn queue(name: &'static str, about: &'static str, capacity: usize, items: u64) -> Row {
    Row::new(name, about)
        .goal(Goal::best(1.05))
        .ours("Ring", move |run| passes::<queues::Ring<u64>>(run, capacity, items))
        .beside("Queue", move |run| passes::<queues::Queue<u64>>(run, capacity, items))
        .peer("std", move |run| passes::<channels::Std>(run, capacity, items))
}

fn rows() -> Vec<Row> {
    vec![
        locks("lock, two threads", "two threads, 20 units of work outside the section", 2),
        locks("lock, eight threads", "eight threads, 20 units of work outside the section", 8),
        Row::new("condition, ping-pong", "two threads that wake each other by turns")
            .goal(Goal::best(1.05))
            .ours("Condition", ping_pong::<monitors::Locksmith>)
            .peer("std", ping_pong::<monitors::Std>),
        barrier("barrier, two threads", "two threads that do nothing but wait for each other", 2),
        barrier("barrier, eight threads", "eight threads that do nothing but wait", 8),
        queue("queue, capacity 1", "one producer, one consumer, one place", 1, 2000),
        queue("queue, capacity 64", "one producer, one consumer, 64 places", 64, 20_000),
    ]
}

fn main() -> ExitCode {
    bench::on_one_core(rows)
}

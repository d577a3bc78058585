//! Threads that wait for each other, used beside other work and on one core.

use std::hint::{black_box, spin_loop};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

use bench::{Goal, Row, Run, Sample};

use crate::channels::Channel;
use crate::monitors::{self, Monitor};

/// Threads that change a number under a lock, and then work without it.
pub(crate) fn lock<M: Monitor>(run: &Run, threads: usize, time: Duration) -> Sample {
    let monitor = M::default();
    run.for_a_while(threads, time, |thread, clock| {
        let mut own = thread as u64;
        clock.repeat(|| {
            monitor.change(|number| *number += 1);
            for _ in 0..20 {
                own = black_box(own.wrapping_mul(6_364_136_223_846_793_005)); // about two nanoseconds
            }
        })
    })
}

/// Two threads that wake each other in turn.
pub(crate) fn ping_pong<M: Monitor>(run: &Run, hand_overs: u64) -> Sample {
    let monitor = M::default();
    let hand_overs = run.scaled(hand_overs) / 2 * 2;
    run.until_done(2, hand_overs, |thread| {
        for turn in (thread as u64..hand_overs).step_by(2) {
            monitor.wait_until(|number| number == turn, |number| *number += 1);
            monitor.notify_one();
        }
    })
}

/// A number of producers and consumers with nothing else to do; an operation is an item.
pub(crate) fn passes<C: Channel>(
    run: &Run,
    capacity: usize,
    producers: usize,
    items: u64,
) -> Sample {
    let channel = C::new(capacity);
    let each = run.scaled(items) / producers as u64;
    run.until_done(2 * producers, each * producers as u64, |thread| {
        if thread < producers {
            (0..each).for_each(|item| channel.put(item));
        } else {
            (0..each).for_each(|_| _ = black_box(channel.get()));
        }
    })
}

/// A barrier's rounds: `wait` is a round of one thread.
pub(crate) fn rounds(run: &Run, threads: usize, rounds: u64, wait: impl Fn() + Sync) -> Sample {
    let rounds = run.scaled(rounds);
    run.until_done(threads, rounds, |_| (0..rounds).for_each(|_| wait()))
}

/// How long a thread waits for a lock that another takes again as soon as it has released it.
pub(crate) fn second_thread<M: Monitor>(run: &Run, section: Duration, sleeps: bool) -> Sample {
    let monitor = M::default();
    let over = AtomicBool::new(false);
    let waits = Mutex::new(Vec::new());
    let longest = run.shortened(200);
    let mut sample = run.until_done(2, 1, |thread| {
        if thread == 0 {
            // Relaxed: no data depends on it.
            while !over.load(Relaxed) {
                monitor.change(|_| if sleeps { thread::sleep(section) } else { work_for(section) });
            }
            return;
        }
        let begin = Instant::now();
        let mut mine = Vec::new();
        while mine.len() < 200
            && (mine.len() < 2 || begin.elapsed() < Duration::from_millis(longest))
        {
            work_for(Duration::from_micros(30));
            let start = Instant::now();
            monitor.change(|_| ());
            mine.push(start.elapsed().as_secs_f64() * 1e9);
        }
        over.store(true, Relaxed);
        *waits.lock().unwrap() = mine;
    });
    let mut waits = waits.into_inner().unwrap();
    waits.sort_by(f64::total_cmp);
    let last = waits.len() - 1;
    sample.nanoseconds = waits[last / 2];
    sample.tail = Some(waits[last * 99 / 100]);
    sample.cpu = None; // the owner takes what it gets
    sample
}

fn work_for(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        spin_loop();
    }
}

fn second(name: &'static str, microseconds: u64, sleeps: bool) -> Row {
    let section = Duration::from_micros(microseconds);
    Row::new(name, "the wait for a lock that another thread takes again at once")
        .goal(Goal::best(1.2))
        .goal(Goal::tail(1.2))
        .ours("Lock", move |run| second_thread::<monitors::Locksmith>(run, section, sleeps))
        .peer("std", move |run| second_thread::<monitors::Std>(run, section, sleeps))
        .peer("parking_lot", move |run| second_thread::<monitors::ParkingLot>(run, section, sleeps))
        .peer("usync", move |run| second_thread::<monitors::Usync>(run, section, sleeps))
}

/// The wait for a lock whose owner takes it again at once, for sections of every length.
pub(crate) fn for_a_taken_lock() -> Vec<Row> {
    vec![
        second("second thread, 5 µs", 5, false),
        second("second thread, 50 µs", 50, false),
        second("second thread, 500 µs", 500, false),
        second("second thread, 3 ms", 3000, false),
        second("second thread, owner sleeps 100 µs", 100, true),
    ]
}

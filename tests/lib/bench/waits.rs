//! Threads that wait for each other, used beside other work and on one core.

use std::hint::{black_box, spin_loop};
use std::iter;
use std::sync::Mutex;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
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

/// Two threads that wake each other in turn; an operation is a hand-over.
pub(crate) fn ping_pong<M: Monitor>(run: &Run) -> Sample {
    const OVER: u64 = u64::MAX;
    let monitor = M::default();
    run.until_over(2, |thread, clock| {
        let mut turn = thread as u64;
        let mut is_over = false;
        let mut take_a_turn = |last: bool| {
            let change = |number: &mut u64| {
                is_over = *number == OVER;
                *number = if last { OVER } else { *number + u64::from(!is_over) };
            };
            monitor.wait_until(|number| number == turn || number == OVER, change);
            monitor.notify_one();
            turn += 2;
            is_over
        };
        if thread == 1 {
            return iter::repeat_with(|| take_a_turn(false)).take_while(|over| !over).count()
                as u64;
        }
        let turns = clock.repeat(|| _ = take_a_turn(false));
        take_a_turn(true);
        turns
    })
}

/// A number of producers and as many consumers with nothing else to do; an operation is an item.
pub(crate) fn passes<C: Channel>(run: &Run, capacity: usize, producers: usize) -> Sample {
    const OVER: u64 = u64::MAX;
    let channel = C::new(capacity);
    run.until_over(2 * producers, |thread, clock| {
        if thread < producers {
            clock.repeat(|| channel.put(1));
            channel.put(OVER); // the last of each producer is for one consumer
            return 0;
        }
        iter::repeat_with(|| black_box(channel.get())).take_while(|&item| item != OVER).sum()
    })
}

/// A barrier's rounds: each thread has a waiter of its own, and a call of it is a round.
pub(crate) fn rounds<W: FnMut()>(
    run: &Run,
    threads: usize,
    waiter: impl Fn() -> W + Sync,
) -> Sample {
    let last = AtomicU64::new(u64::MAX);
    run.until_over(threads, |thread, clock| {
        let mut wait = waiter();
        if thread == 0 {
            let rounds = clock.repeat(&mut wait);
            // Relaxed: the barrier orders it before each thread's look after this round.
            last.store(rounds, Relaxed);
            wait();
            return rounds + 1;
        }
        for round in 0.. {
            wait();
            // Relaxed: pairs with the store above, through the barrier.
            if last.load(Relaxed) == round {
                break;
            }
        }
        0
    })
}

/// How long a thread waits for a lock that another takes again as soon as it has released it.
///
/// Some locks never let the second thread in. So the first one ends after a while, and a wait that
/// it has ended counts with the time that it took. The second thread comes after 20 to 40 µs,
/// because after a fixed time it would fall into step with the first, and always come at the same
/// moment of a section.
pub(crate) fn second_thread<M: Monitor>(run: &Run, section: Duration, sleeps: bool) -> Sample {
    let monitor = M::default();
    let is_over = AtomicBool::new(false);
    let waits = Mutex::new(Vec::new());
    let longest = Duration::from_millis(run.shortened(100));
    let mut sample = run.until_done(2, 1, |thread| {
        let begin = Instant::now();
        if thread == 0 {
            // Relaxed: no data depends on it.
            while !is_over.load(Relaxed) && begin.elapsed() < 2 * longest {
                monitor.change(|_| if sleeps { thread::sleep(section) } else { work_for(section) });
            }
            return;
        }
        let mut mine = Vec::new();
        while mine.is_empty() || (mine.len() < 200 && begin.elapsed() < longest) {
            work_for(Duration::from_nanos(20_000 + mine.len() as u64 * 7_919 % 20_000));
            let start = Instant::now();
            monitor.change(|_| ());
            mine.push(start.elapsed().as_secs_f64() * 1e9);
        }
        is_over.store(true, Relaxed);
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

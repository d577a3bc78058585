//! The barrier beside std's and hurdles': `cargo results barrier`. hurdles' threads never sleep: a
//! waiter there spins and yields until the end.

use std::sync::Mutex;

use bench::{Bench, Goal, Row, Run, Sample, floors};

fn locksmith(run: &Run, threads: usize, rounds: u64) -> Sample {
    let barrier = primitives::Barrier::new(threads);
    let rounds = run.scaled(rounds);
    run.until_done(threads, rounds, |_| {
        for _ in 0..rounds {
            barrier.wait().expect("no thread breaks it");
        }
    })
}

fn std(run: &Run, threads: usize, rounds: u64) -> Sample {
    let barrier = std::sync::Barrier::new(threads);
    let rounds = run.scaled(rounds);
    run.until_done(threads, rounds, |_| {
        for _ in 0..rounds {
            barrier.wait();
        }
    })
}

fn hurdles(run: &Run, threads: usize, rounds: u64) -> Sample {
    // A handle for each thread.
    let barrier = hurdles::Barrier::new(threads);
    let handles = Mutex::new(vec![barrier; threads]);
    let rounds = run.scaled(rounds);
    run.until_done(threads, rounds, |_| {
        let mut barrier = handles.lock().unwrap().pop().expect("one for each thread");
        for _ in 0..rounds {
            barrier.wait();
        }
    })
}

fn rows() -> Vec<Row> {
    vec![
        Row::new("two threads", "two threads that do nothing but wait for each other")
            .goal(Goal::best(1.0))
            .ours("Barrier", |run| locksmith(run, 2, 5000))
            .peer("std", |run| std(run, 2, 300))
            .peer("hurdles", |run| hurdles(run, 2, 5000))
            .floor("both write, both look", floors::exchange),
        Row::new("eight threads", "eight threads on two cores that do nothing but wait")
            .goal(Goal::best(0.95))
            .goal(Goal::cpu(1.3))
            .ours("Barrier", |run| locksmith(run, 8, 400))
            .peer("std", |run| std(run, 8, 400))
            .peer("hurdles", |run| hurdles(run, 8, 400)),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("sync", "Barrier", rows)
}

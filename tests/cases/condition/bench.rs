//! The condition beside std's, parking_lot's and usync's: `cargo results condition`.

use std::hint::black_box;

use crate::monitors::{Locksmith, Monitor, ParkingLot, Std, Usync};
use bench::{Bench, Goal, Row, Run, Sample, crowd, floors};

/// The row with all contestants; peers that always sleep do less of it.
macro_rules! peers {
    ($row:expr, $bench:ident($ours:expr, $peers:expr)) => {
        $row.ours("Condition", |run| $bench::<Locksmith>(run, $ours))
            .peer("std", |run| $bench::<Std>(run, $peers))
            .peer("parking_lot", |run| $bench::<ParkingLot>(run, $peers))
            .peer("usync", |run| $bench::<Usync>(run, $peers))
    };
}

fn notify_nobody<M: Monitor>(run: &Run, notifications: u64) -> Sample {
    let monitor = M::default();
    let monitor = black_box(&monitor);
    run.alone(notifications, || monitor.notify_one())
}

/// Two threads that take turns: each waits until the number is even, or odd, adds one, and
/// notifies.
fn ping_pong<M: Monitor>(run: &Run, hand_overs: u64) -> Sample {
    let monitor = M::default();
    let hand_overs = run.scaled(hand_overs) / 2 * 2;
    run.until_done(2, hand_overs, |thread| {
        for turn in (thread as u64..hand_overs).step_by(2) {
            monitor.wait_until(|number| number == turn, |number| *number += 1);
            monitor.notify_one();
        }
    })
}

fn notify_all<M: Monitor>(run: &Run, calls: u64) -> Sample {
    let monitor = M::default();
    crowd::calls_to_eight(
        run,
        calls,
        |call| monitor.wait_until(|number| number >= u64::from(call), |_| ()),
        |call| {
            monitor.change(|number| *number = u64::from(call));
            monitor.notify_all();
        },
    )
}

fn rows() -> Vec<Row> {
    vec![
        peers!(
            Row::new("notify, nobody waits", "notify_one while nobody waits")
                .goal(Goal::floor(1.05)),
            notify_nobody(100_000, 20_000)
        )
        .floor("one load", floors::one_load_unused),
        peers!(
            Row::new(
                "ping-pong",
                "two threads that wake each other by turns; an operation is one hand-over"
            )
            .goal(Goal::best_of(&["std", "parking_lot"], 0.05)),
            ping_pong(10_000, 400)
        )
        .floor("hand-over of a cache line", floors::hand_over),
        peers!(
            Row::new(
                "notify_all to 8",
                "from notify_all until eight that waited have the lock again, one by one"
            )
            .goal(Goal::best_of(&["std"], 0.9))
            .goal(Goal::cpu(1.3)),
            notify_all(100, 100)
        ),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("sync", "Condition", rows)
}

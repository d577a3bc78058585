//! What makes threads wait, when none does.

use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::time::{Duration, Instant};

use primitives::{Barrier, Condition, Event, Timers};

use crate::run::Run;

/// As many as fit on no single cache line, and few enough to set up under callgrind in no time.
const PENDING_TIMERS: u64 = 10_000;

pub(crate) fn rows(run: &mut Run) {
    let bare = AtomicU32::new(1);
    let event = Event::new();
    event.set();
    run.row("Event: is_set").of("ours", &event, |event| _ = black_box(event.is_set())).of(
        "bare",
        &bare,
        |word| _ = black_box(word.load(Acquire) != 0),
    );
    run.row("Event: set, when set").of("ours", &event, Event::set).of("bare", &bare, one_load);
    run.row("Event: wait, when set").of("ours", &event, Event::wait).of("bare", &bare, one_load);
    run.row("Event: set + clear").of("ours", &Event::new(), |event| {
        event.set();
        event.clear();
    });

    run.row("Condition: notify_one, nobody waits")
        .of("ours", &Condition::new(), Condition::notify_one)
        .of("bare", &bare, one_load)
        .of("std", &std::sync::Condvar::new(), |condition| condition.notify_one())
        .of("parking_lot", &parking_lot::Condvar::new(), |condition| _ = condition.notify_one())
        .of("usync", &usync::Condvar::new(), |condition| _ = condition.notify_one());
    run.row("Condition: notify_all, nobody waits")
        .of("ours", &Condition::new(), Condition::notify_all)
        .of("bare", &bare, one_load)
        .of("std", &std::sync::Condvar::new(), |condition| condition.notify_all())
        .of("parking_lot", &parking_lot::Condvar::new(), |condition| _ = condition.notify_all())
        .of("usync", &usync::Condvar::new(), |condition| _ = condition.notify_all());

    run.row("Barrier: wait, of one")
        .of("ours", &Barrier::new(1), |barrier| _ = black_box(barrier.wait().is_ok()))
        .of("std", &std::sync::Barrier::new(1), |barrier| _ = black_box(barrier.wait()));

    let (timers, first) = (Timers::new(), Instant::now() + Duration::from_secs(3600));
    let pending: Vec<_> = (0..PENDING_TIMERS)
        .map(|number| timers.at(first + Duration::from_micros(number), || ()))
        .collect();
    let last = first + Duration::from_secs(1);
    run.row("Timers: at + cancel, later than 10,000 others (allocates)").of(
        "ours",
        &timers,
        |timers| _ = black_box(timers.at(last, || ()).cancel()),
    );
    drop(pending);
}

/// The least with which one can know that there is nothing to do.
fn one_load(word: &AtomicU32) {
    if word.load(Relaxed) == 0 {
        black_box(());
    }
}

//! The event beside what one makes of other libraries' parts: `cargo results event`.

use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, SeqCst};

use crate::monitors::{Monitor, ParkingLot, Std, Usync};
use bench::{Bench, Goal, Row, Run, Sample, crowd, floors};
use event_listener::{Listener, listener};

/// A gate that opens for all.
trait Event: Default + Send + Sync + 'static {
    fn is_set(&self) -> bool;
    fn set(&self);
    fn clear(&self);
    fn wait(&self);
}

impl Event for primitives::Event {
    #[inline]
    fn is_set(&self) -> bool {
        self.is_set()
    }

    #[inline]
    fn set(&self) {
        self.set();
    }

    #[inline]
    fn clear(&self) {
        self.clear();
    }

    #[inline]
    fn wait(&self) {
        self.wait();
    }
}

/// A lock and a condition, as in CPython's `threading.Event`.
impl<M: Monitor> Event for M {
    #[inline]
    fn is_set(&self) -> bool {
        let mut set = false;
        self.change(|number| set = *number == 1);
        set
    }

    #[inline]
    fn set(&self) {
        self.change(|number| *number = 1);
        self.notify_all();
    }

    #[inline]
    fn clear(&self) {
        self.change(|number| *number = 0);
    }

    #[inline]
    fn wait(&self) {
        self.wait_until(|number| number == 1, |_| ());
    }
}

/// A flag and an `event_listener::Event`, as its documentation shows.
#[derive(Default)]
struct Listened(AtomicBool, event_listener::Event);

impl Event for Listened {
    #[inline]
    fn is_set(&self) -> bool {
        self.0.load(Acquire)
    }

    #[inline]
    fn set(&self) {
        // SeqCst: either the notification finds the listener, or the listener's second look finds
        // the flag.
        self.0.store(true, SeqCst);
        self.1.notify(usize::MAX);
    }

    #[inline]
    fn clear(&self) {
        self.0.store(false, SeqCst);
    }

    #[inline]
    fn wait(&self) {
        while !self.0.load(Acquire) {
            listener!(self.1 => listener);
            // SeqCst: pairs with the store in `set`.
            if !self.0.load(SeqCst) {
                listener.wait();
            }
        }
    }
}

/// The row with all contestants; peers that always sleep do less of it.
macro_rules! peers {
    ($row:expr, $bench:ident($ours:expr, $peers:expr)) => {
        $row.ours("Event", |run| $bench::<primitives::Event>(run, $ours))
            .peer("std", |run| $bench::<Std>(run, $peers))
            .peer("parking_lot", |run| $bench::<ParkingLot>(run, $peers))
            .peer("usync", |run| $bench::<Usync>(run, $peers))
            .peer("event-listener", |run| $bench::<Listened>(run, $peers))
    };
}

/// A set event.
fn set<E: Event>() -> E {
    let event = E::default();
    event.set();
    event
}

fn is_set<E: Event>(run: &Run, looks: u64) -> Sample {
    let event = set::<E>();
    let event = black_box(&event);
    run.alone(looks, || _ = black_box(event.is_set()))
}

fn set_when_set<E: Event>(run: &Run, times: u64) -> Sample {
    let event = set::<E>();
    let event = black_box(&event);
    run.alone(times, || event.set())
}

fn wait_when_set<E: Event>(run: &Run, times: u64) -> Sample {
    let event = set::<E>();
    let event = black_box(&event);
    run.alone(times, || event.wait())
}

/// Two threads, each of which has an event that the other sets.
fn ping_pong<E: Event>(run: &Run, hand_overs: u64) -> Sample {
    let events = [E::default(), E::default()];
    let turns = run.scaled(hand_overs) / 2;
    events[0].set();
    run.until_done(2, turns * 2, |thread| {
        for _ in 0..turns {
            events[thread].wait();
            events[thread].clear();
            events[1 - thread].set();
        }
    })
}

/// An event for each call, so that no thread finds one that is still set from before.
fn set_to_eight<E: Event>(run: &Run, calls: u64) -> Sample {
    let events = Vec::from_iter((0..calls).map(|_| E::default()));
    let event = |call: u32| &events[call as usize - 1];
    crowd::calls_to_eight(run, calls, |call| event(call).wait(), |call| event(call).set())
}

fn rows() -> Vec<Row> {
    vec![
        peers!(
            Row::new("is_set", "is_set on an event that is set").goal(Goal::floor(1.05)),
            is_set(100_000, 50_000)
        )
        .floor("one load", floors::one_load),
        peers!(
            Row::new("set, when set", "set on an event that is set").goal(Goal::floor(1.05)),
            set_when_set(100_000, 20_000)
        )
        .floor("one load", floors::one_load_unused),
        peers!(
            Row::new("wait, when set", "wait for an event that is set").goal(Goal::floor(1.05)),
            wait_when_set(100_000, 50_000)
        )
        .floor("one load", floors::one_load_unused),
        peers!(
            Row::new(
                "ping-pong",
                "two threads that set, wait and clear by turns; an operation is one hand-over"
            )
            .goal(Goal::best_of(&["std", "parking_lot"], 0.05)),
            ping_pong(10_000, 400)
        )
        .floor("hand-over of a cache line", floors::hand_over),
        peers!(
            Row::new("set to 8", "from set until eight that waited are awake")
                .goal(Goal::best_of(&["std"], 0.9))
                .goal(Goal::cpu(1.3)),
            set_to_eight(100, 100)
        ),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("sync", "Event", rows)
}

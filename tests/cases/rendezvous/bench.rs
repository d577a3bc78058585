//! The rendezvous beside channels of capacity 0: `cargo results rendezvous`.

use std::hint::black_box;

use crate::channels::{Channel, Crossbeam, Flume, Kanal, Std};
use bench::{Bench, Goal, Row, Run, Sample, floors};
use queues::Rendezvous;

impl Channel for Rendezvous<u64> {
    fn new(_capacity: usize) -> Self {
        Self::new()
    }

    #[inline]
    fn put(&self, item: u64) {
        assert!(self.put(item).is_ok());
    }

    #[inline]
    fn get(&self) -> u64 {
        self.get().expect("it is not shut down")
    }
}

/// A number of producers and as many consumers with nothing else to do; an operation is an item.
fn passes<C: Channel>(run: &Run, producers: usize, items: u64) -> Sample {
    let channel = C::new(0);
    let each = run.scaled(items) / producers as u64;
    run.until_done(2 * producers, each * producers as u64, |thread| {
        if thread < producers {
            (0..each).for_each(|item| channel.put(item));
        } else {
            (0..each).for_each(|_| _ = black_box(channel.get()));
        }
    })
}

/// `items` for contestants that spin before they sleep, `fewer` for those that sleep at once and
/// take long.
fn between(
    name: &'static str,
    about: &'static str,
    producers: usize,
    (items, fewer): (u64, u64),
) -> Row {
    let row = Row::new(name, about)
        .ours("Rendezvous", move |run| passes::<Rendezvous<u64>>(run, producers, items))
        .peer("crossbeam", move |run| passes::<Crossbeam>(run, producers, items))
        .peer("flume", move |run| passes::<Flume>(run, producers, fewer))
        .peer("kanal", move |run| passes::<Kanal>(run, producers, items));
    if producers > 1 { row } else { row.peer("std", move |run| passes::<Std>(run, 1, fewer)) }
}

fn rows() -> Vec<Row> {
    vec![
        between("1 to 1", "one producer, one consumer, no place", 1, (10_000, 500))
            .goal(Goal::best(1.0))
            .floor("hand-over of a cache line", floors::hand_over),
        between("4 to 4", "four producers, four consumers, no place, two cores", 4, (4_000, 1_000))
            .goal(Goal::best(1.0)),
    ]
}

pub(crate) fn bench() -> Bench {
    Bench::new("queues", "Rendezvous", rows)
}

//! The peers of a bounded queue, with room and an item.

use std::hint::black_box;
use std::sync::mpsc;

use crossfire::mpmc;

use crate::run::Run;

/// How many items fit.
pub(crate) const CAPACITY: usize = 64;

/// Counts them in the row that was begun.
pub(crate) fn of(run: &mut Run) {
    run.of("std", &mpsc::sync_channel(CAPACITY), |(sender, receiver)| {
        _ = sender.send(1_u64);
        _ = black_box(receiver.recv());
    })
    .of("crossbeam-channel", &crossbeam_channel::bounded(CAPACITY), |(sender, receiver)| {
        _ = sender.send(1_u64);
        _ = black_box(receiver.recv());
    })
    .of("crossfire", &mpmc::bounded_blocking(CAPACITY), |(sender, receiver)| {
        _ = sender.send(1_u64);
        _ = black_box(receiver.recv());
    })
    .of("kanal", &kanal::bounded(CAPACITY), |(sender, receiver)| {
        _ = sender.send(1_u64);
        _ = black_box(receiver.recv());
    })
    .of("flume", &flume::bounded(CAPACITY), |(sender, receiver)| {
        _ = sender.send(1_u64);
        _ = black_box(receiver.recv());
    });
}

//! A queue with room and an item.

use std::collections::VecDeque;
use std::hint::black_box;

use parking_lot::Mutex;
use queues::Queue;

use crate::channels::{self, CAPACITY};
use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    run.row("Queue: put + get").of("ours", &Queue::bounded(CAPACITY), |queue| {
        _ = queue.put(1_u64);
        _ = black_box(queue.get());
    });
    channels::of(run);
    run.of("Mutex<VecDeque>", &Mutex::new(VecDeque::with_capacity(CAPACITY)), |queue| {
        queue.lock().push_back(1_u64);
        _ = black_box(queue.lock().pop_front());
    });
}

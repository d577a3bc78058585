//! Queues with room and an item, used by one thread.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::hint::black_box;
use std::sync::mpsc;

use crossfire::mpmc;
use parking_lot::Mutex;
use queues::{PriorityQueue, Queue, Ring, Stack, TreiberStack};

use crate::run::Run;

const CAPACITY: usize = 64;

/// How many items a priority queue holds: ten levels.
const INSIDE: u64 = 1000;

pub(crate) fn rows(run: &mut Run) {
    run.row("Queue: put + get").of("ours", &Queue::bounded(CAPACITY), |queue| {
        _ = queue.put(1_u64);
        _ = black_box(queue.get());
    });
    channels(run);
    run.of("Mutex<VecDeque>", &Mutex::new(VecDeque::with_capacity(CAPACITY)), |queue| {
        queue.lock().push_back(1_u64);
        _ = black_box(queue.lock().pop_front());
    });

    run.row("Ring: put + get").of("ours", &Ring::bounded(CAPACITY), |ring| {
        _ = ring.put(1_u64);
        _ = black_box(ring.get());
    });
    channels(run);

    run.row("Stack: put + get")
        .of("ours", &Stack::bounded(CAPACITY), |stack| {
            _ = stack.put(1_u64);
            _ = black_box(stack.get());
        })
        .of("Mutex<Vec>", &Mutex::new(Vec::with_capacity(CAPACITY)), |stack| {
            stack.lock().push(1_u64);
            _ = black_box(stack.lock().pop());
        });
    run.row("TreiberStack: try_push + try_pop").of(
        "ours",
        &TreiberStack::bounded(CAPACITY),
        |stack| {
            _ = stack.try_push(1_u64);
            _ = black_box(stack.try_pop());
        },
    );

    priorities(run);
}

/// The peers of a bounded queue.
fn channels(run: &mut Run) {
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

/// A thousand items inside, and each new one has another priority. How many steps it takes depends on what
/// is inside, so this is an average, over the same items for all.
fn priorities(run: &mut Run) {
    let queue = PriorityQueue::unbounded();
    let mut heap = BinaryHeap::new();
    for item in 0..INSIDE {
        _ = queue.put(scattered(item));
        heap.push(Reverse(scattered(item)));
    }
    let bare = RefCell::new(heap.clone());
    run.row("PriorityQueue: put + get, 1,000 inside")
        .of("ours", &(queue, Cell::new(0)), |(queue, next)| {
            _ = queue.put(scattered(next.replace(next.get() + 1)));
            _ = black_box(queue.get());
        })
        .of("bare", &(bare, Cell::new(0)), |(heap, next)| {
            let mut heap = heap.borrow_mut();
            heap.push(Reverse(scattered(next.replace(next.get() + 1))));
            black_box(heap.pop());
        })
        .of("Mutex<BinaryHeap>", &(Mutex::new(heap), Cell::new(0)), |(heap, next)| {
            heap.lock().push(Reverse(scattered(next.replace(next.get() + 1))));
            black_box(heap.lock().pop());
        });
}

/// Priorities in no order.
fn scattered(number: u64) -> u64 {
    number * 7919 % INSIDE
}

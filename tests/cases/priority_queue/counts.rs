//! A priority queue with a thousand items inside.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use parking_lot::Mutex;
use queues::PriorityQueue;

use crate::run::Run;

/// How many items a priority queue holds: ten levels.
const INSIDE: u64 = 1000;

/// Each new item has another priority. How many steps it takes depends on what is inside, so this
/// is an average, over the same items for all.
pub(crate) fn rows(run: &mut Run) {
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

//! A stack with room and an item.

use std::hint::black_box;

use parking_lot::Mutex;
use queues::Stack;

use crate::channels::CAPACITY;
use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    run.row("Stack: put + get")
        .of("ours", &Stack::bounded(CAPACITY), |stack| {
            _ = stack.put(1_u64);
            _ = black_box(stack.get());
        })
        .of("Mutex<Vec>", &Mutex::new(Vec::with_capacity(CAPACITY)), |stack| {
            stack.lock().push(1_u64);
            _ = black_box(stack.lock().pop());
        });
}

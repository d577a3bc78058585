//! A stack without a lock, used by one thread.

use std::hint::black_box;

use queues::TreiberStack;

use crate::channels::CAPACITY;
use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    run.row("TreiberStack: try_push + try_pop").of(
        "ours",
        &TreiberStack::bounded(CAPACITY),
        |stack| {
            _ = stack.try_push(1_u64);
            _ = black_box(stack.try_pop());
        },
    );
}

//! A worker that writes in batches, and does not wait for one to be full.

use std::time::{Duration, Instant};

use queues::{GetTimeoutError, Queue};

// ANCHOR: work
/// Writes the tasks in batches of two, and a smaller one when the first task in it has waited for
/// `patience`.
pub fn work(tasks: &Queue<u32>, patience: Duration, mut write: impl FnMut(&[u32])) {
    let mut batch = Vec::new();
    while let Ok(task) = tasks.get() {
        let deadline = Instant::now() + patience;
        batch.push(task);
        let ended = loop {
            match tasks.get_deadline(deadline) {
                Ok(task) => batch.push(task),
                Err(why) => break why == GetTimeoutError::Shutdown,
            }
            if batch.len() == 2 {
                break false;
            }
        };
        flush(tasks, &mut batch, &mut write);
        if ended {
            return;
        }
    }
}
// ANCHOR_END: work

/// Writes what is there, and says that it is done.
fn flush(tasks: &Queue<u32>, batch: &mut Vec<u32>, write: &mut impl FnMut(&[u32])) {
    write(batch);
    for _ in batch.drain(..) {
        tasks.task_done().expect("each task is done once");
    }
}

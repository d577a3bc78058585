//! A worker that writes in batches, and looks whether it is time to only when something comes.

use queues::Queue;

// ANCHOR: work
/// Writes the tasks in batches of two.
pub fn work(tasks: &Queue<u32>, mut write: impl FnMut(&[u32])) {
    let mut batch = Vec::new();
    for task in tasks {
        batch.push(task);
        if batch.len() == 2 {
            flush(tasks, &mut batch, &mut write);
        }
    }
    flush(tasks, &mut batch, &mut write);
}
// ANCHOR_END: work

/// Writes what is there, and says that it is done.
fn flush(tasks: &Queue<u32>, batch: &mut Vec<u32>, write: &mut impl FnMut(&[u32])) {
    write(batch);
    for _ in batch.drain(..) {
        tasks.task_done().expect("each task is done once");
    }
}

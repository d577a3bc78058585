//! A worker that asks whether there is a task by taking one.

use queues::Queue;

// ANCHOR: work
/// Adds up all that comes.
pub fn work(tasks: &Queue<u32>) -> u32 {
    let mut sum = 0;
    while tasks.get().is_ok() {
        if let Ok(task) = tasks.get() {
            sum += task;
        }
    }
    sum
}
// ANCHOR_END: work

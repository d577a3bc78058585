//! Workers that end when they find a sentinel, and hand it on to each other.

use queues::Queue;

// ANCHOR: work
/// Adds up all that comes before the sentinel, and puts the sentinel back for the next worker.
pub fn work(tasks: &Queue<Option<u32>>) -> u32 {
    let mut sum = 0;
    while let Ok(Some(task)) = tasks.get() {
        sum += task;
    }
    let _ = tasks.put(None);
    sum
}
// ANCHOR_END: work

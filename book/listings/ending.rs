//! Producers and consumers that end as they should.

use queues::Queue;

// ANCHOR: work
/// Adds up all that comes, until the queue is shut down and empty.
pub fn work(tasks: &Queue<u32>) -> u32 {
    let mut sum = 0;
    for task in tasks {
        sum += task;
    }
    sum
}
// ANCHOR_END: work

// ANCHOR: feed
/// Puts the tasks in, and says that these were all.
pub fn feed(tasks: &Queue<u32>, all: impl IntoIterator<Item = u32>) {
    for task in all {
        if tasks.put(task).is_err() {
            return; // another thread has ended it
        }
    }
    tasks.shutdown();
}
// ANCHOR_END: feed

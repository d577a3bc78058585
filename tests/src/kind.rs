//! The kinds of queue, so that each check is written once for all of them.

use std::collections::VecDeque;

use queues::{BlockingQueue, Queue};

/// A kind of queue: how to make one, and in which order it must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// First in, first out, under a lock.
    Queue,
}

impl Kind {
    /// Every kind that there is.
    pub const ALL: [Self; 1] = [Self::Queue];

    /// A queue of this kind, unbounded without a capacity.
    #[must_use]
    pub fn make<T: Send + 'static>(self, capacity: Option<usize>) -> Box<dyn BlockingQueue<T>> {
        match (self, capacity) {
            (Self::Queue, Some(capacity)) => Box::new(Queue::bounded(capacity)),
            (Self::Queue, None) => Box::new(Queue::unbounded()),
        }
    }

    /// What such a queue must do to be right, at its simplest: puts `item` where it belongs among those that
    /// wait, of which the first is the next to come out.
    pub fn insert<T>(self, waiting: &mut VecDeque<T>, item: T) {
        match self {
            Self::Queue => waiting.push_back(item),
        }
    }

    /// Whether items of one producer come out in the order in which it put them.
    #[must_use]
    pub fn keeps_the_order_of_a_producer(self) -> bool {
        match self {
            Self::Queue => true,
        }
    }
}

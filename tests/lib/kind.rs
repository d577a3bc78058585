//! The kinds of queue, so that each check is written once for all of them.

use std::collections::VecDeque;

use queues::{BlockingQueue, PriorityQueue, Queue, Ring, Stack};

use crate::ledger::Item;

/// A kind of queue: how to make one, and in which order it must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// First in, first out, under a lock.
    Queue,
    /// Last in, first out.
    Stack,
    /// Smallest first, ties in order of arrival.
    PriorityQueue,
    /// First in, first out, without a lock.
    Ring,
}

impl Kind {
    /// Every kind that there is.
    pub const ALL: [Self; 4] = [Self::Queue, Self::Stack, Self::PriorityQueue, Self::Ring];

    /// A queue of this kind, with the [`capacity`](Self::capacity) that it can have.
    #[must_use]
    pub fn make<T: Ord + Send + 'static>(
        self,
        capacity: Option<usize>,
    ) -> Box<dyn BlockingQueue<T>> {
        match (self, self.capacity(capacity)) {
            (Self::Queue, Some(capacity)) => Box::new(Queue::bounded(capacity)),
            (Self::Queue, None) => Box::new(Queue::unbounded()),
            (Self::Stack, Some(capacity)) => Box::new(Stack::bounded(capacity)),
            (Self::Stack, None) => Box::new(Stack::unbounded()),
            (Self::PriorityQueue, Some(capacity)) => Box::new(PriorityQueue::bounded(capacity)),
            (Self::PriorityQueue, None) => Box::new(PriorityQueue::unbounded()),
            (Self::Ring, Some(capacity)) => Box::new(Ring::bounded(capacity)),
            (Self::Ring, None) => unreachable!("it always has a capacity"),
        }
    }

    /// The capacity that such a queue has if this one is asked for: a ring cannot be unbounded, so it gets
    /// more places than any check leaves items in them.
    #[must_use]
    pub fn capacity(self, wanted: Option<usize>) -> Option<usize> {
        match self {
            Self::Queue | Self::Stack | Self::PriorityQueue => wanted,
            Self::Ring => wanted.or(Some(1000)),
        }
    }

    /// What such a queue must do to be right, at its simplest: puts the [`Item`] of this number where it
    /// belongs among those that wait, of which the first is the next to come out.
    pub fn insert(self, waiting: &mut VecDeque<usize>, number: usize) {
        match self {
            Self::Queue | Self::Ring => waiting.push_back(number),
            Self::Stack => waiting.push_front(number),
            Self::PriorityQueue => {
                let not_after = |&other: &usize| Item::urgency(other) <= Item::urgency(number);
                waiting.insert(waiting.partition_point(not_after), number);
            }
        }
    }

    /// Whether items of one producer come out in the order in which it put them.
    #[must_use]
    pub fn keeps_the_order_of_a_producer(self) -> bool {
        match self {
            Self::Queue | Self::Ring => true,
            Self::Stack | Self::PriorityQueue => false,
        }
    }
}

//! The kinds of queue, so that each check is written once.

use std::collections::VecDeque;

use queues::{BlockingQueue, PriorityQueue, Queue, Ring, Stack};

use crate::ledger::Item;

/// A kind of queue: how to make one, and its order.
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

    /// A queue of this kind, with a possible [`capacity`](Self::capacity).
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

    /// The capacity of such a queue if this one is requested: a ring cannot be unbounded, so it
    /// gets more places than any check needs.
    #[must_use]
    pub fn capacity(self, wanted: Option<usize>) -> Option<usize> {
        match self {
            Self::Queue | Self::Stack | Self::PriorityQueue => wanted,
            Self::Ring => wanted.or(Some(1000)),
        }
    }

    /// The simplest correct behaviour of such a queue: inserts the [`Item`] of this number in its
    /// place among the waiting ones, the first of which comes out next.
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

//! [`PriorityQueue`]: smallest first, and ties in order of arrival.
//!
//! The items lie in a binary heap: an array in which the one at `i` is not before the one at `(i - 1) / 2`, its
//! parent. So the first is at 0, to put one in or take one out moves one item a level, and among a million
//! there are twenty levels.
//!
//! ```text
//!                1                       index    0 1 2 3 4 5
//!           ┌────┴────┐                  item     1 3 2 7 4 5
//!           3         2
//!        ┌──┴──┐   ┌──┘
//!        7     4   5
//! ```
//!
//! A heap does not keep equal items in order, so each gets a number when it comes, and of two that compare
//! equal the one with the smaller number is first.
//!
//! The comparison is the program's own code, and may panic. std's `BinaryHeap` moves items while it compares
//! them; a panic then leaves it whole, but in no particular order, and with the item inside that could not be
//! compared, or without the one that was to come out. Here both operations first find the way by
//! comparing, and change nothing; then they move the items along it, and compare no more. To take one out
//! that costs no more comparisons: the way from the top goes to the smaller child each time, down to the
//! bottom; and from there up again to where the last item, which must fill the gap, belongs. It comes from
//! the bottom, so that is seldom far. (A way need not be written down: it is the ancestors of its end.)
//!
//! Source: J. W. J. Williams, _Algorithm 232: Heapsort_ (1964); going to the bottom first is R. W. Floyd's.

#[cfg(all(test, not(model)))]
mod tests;

use std::cmp::Ordering::{Equal, Greater, Less};
use std::fmt;
use std::mem;

use crate::{Blocking, Store};

/// A queue in which the smallest item comes out first, and among equal ones the one that came first:
/// Python's `queue.PriorityQueue`.
///
/// Every call is described at [`Blocking`], the code that it shares with the other orders. The items must
/// be `Ord`; with [`Reverse`](std::cmp::Reverse) around them the greatest comes out first. Putting and getting
/// cost a few comparisons more for each doubling of the number of items inside, and are made under the
/// queue's lock: so a comparison must not use the queue. If it panics, the call has no effect, but that a
/// `put` drops its item.
///
/// _Python_: there items that tie are compared further, in a tuple `(priority, item)` the item, or it is an
/// error. Here, compare what is the priority and nothing else.
///
/// ```
/// use queues::PriorityQueue;
/// use std::cmp::Ordering;
///
/// #[derive(PartialEq, Eq)]
/// struct Job(u32, &'static str);
///
/// impl Ord for Job {
///     fn cmp(&self, other: &Self) -> Ordering {
///         self.0.cmp(&other.0)
///     }
/// }
/// # impl PartialOrd for Job {
/// #     fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
/// #         Some(self.cmp(other))
/// #     }
/// # }
///
/// let jobs = PriorityQueue::unbounded();
/// for job in [Job(2, "sweep"), Job(1, "put out the fire"), Job(2, "paint")] {
///     jobs.put(job)?;
/// }
/// assert_eq!(jobs.get().unwrap().1, "put out the fire");
/// assert_eq!(jobs.get().unwrap().1, "sweep");
/// assert_eq!(jobs.get().unwrap().1, "paint");
/// # Ok::<(), queues::PutError<Job>>(())
/// ```
pub type PriorityQueue<T> = Blocking<SmallestFirst<T>>;

/// The order of a [`PriorityQueue`]: the smallest item, and among equal ones the one that has waited longest.
pub struct SmallestFirst<T> {
    heap: Vec<Entry<T>>,
    /// How many items have ever come: the number of the next.
    arrivals: u64,
}

struct Entry<T> {
    item: T,
    number: u64,
}

impl<T: Ord> Entry<T> {
    /// Whether it comes out before the other.
    #[inline]
    fn is_before(&self, other: &Self) -> bool {
        match self.item.cmp(&other.item) {
            Less => true,
            Equal => self.number < other.number,
            Greater => false,
        }
    }
}

/// The index of the parent; not for the top.
#[inline]
fn parent(index: usize) -> usize {
    (index - 1) / 2
}

impl<T: Ord> SmallestFirst<T> {
    /// Where the last entry will go when it must fill the gap at the top.
    fn place_of_last(&self) -> usize {
        let (last, others) = self.heap.split_last().expect("the caller has looked");
        // Down to the bottom, always to the child that is first.
        let mut here = 0;
        loop {
            let (left, right) = (2 * here + 1, 2 * here + 2);
            if right < others.len() {
                here = if others[right].is_before(&others[left]) { right } else { left };
            } else if left < others.len() {
                here = left;
            } else {
                break;
            }
        }
        // And up again.
        while here > 0 && last.is_before(&others[here]) {
            here = parent(here);
        }
        here
    }
}

impl<T: Ord> Store for SmallestFirst<T> {
    type Item = T;

    #[inline]
    fn place(&self, item: &T) -> usize {
        let mut here = self.heap.len();
        // It comes last among its equals, so the numbers need not be looked at.
        while here > 0 && *item < self.heap[parent(here)].item {
            here = parent(here);
        }
        here
    }

    #[inline]
    fn insert(&mut self, place: usize, item: T) {
        let mut here = self.heap.len();
        self.heap.push(Entry { item, number: self.arrivals });
        self.arrivals += 1;
        while here != place {
            self.heap.swap(here, parent(here));
            here = parent(here);
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        if self.heap.len() < 2 {
            return self.heap.pop().map(|entry| entry.item);
        }
        let mut here = self.place_of_last();
        let mut moving = self.heap.pop()?;
        // Into its place goes the last entry, into that one's parent's place goes that one, and so on up,
        // until the first is left over.
        loop {
            mem::swap(&mut moving, &mut self.heap[here]);
            if here == 0 {
                return Some(moving.item);
            }
            here = parent(here);
        }
    }

    #[inline]
    fn len(&self) -> usize {
        self.heap.len()
    }
}

impl<T> Default for SmallestFirst<T> {
    fn default() -> Self {
        Self { heap: Vec::new(), arrivals: 0 }
    }
}

impl<T> fmt::Debug for SmallestFirst<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmallestFirst").field("len", &self.heap.len()).finish()
    }
}

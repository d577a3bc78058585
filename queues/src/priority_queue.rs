//! [`PriorityQueue`]: smallest first, and ties in order of arrival.
//!
//! The items lie in a binary heap: an array in which the item at `i` does not come before its
//! parent, the item at `(i - 1) / 2`. So the first item is at 0. A put or a get moves one item for
//! each level, and a million items have twenty levels.
//!
//! ```text
//!                1                       index    0 1 2 3 4 5
//!           ┌────┴────┐                  item     1 3 2 7 4 5
//!           3         2
//!        ┌──┴──┐   ┌──┘
//!        7     4   5
//! ```
//!
//! A heap does not keep equal items in order, so each item gets a number on arrival, and of two
//! equal items the one with the smaller number is first.
//!
//! The comparison is the program's own code, and may panic. std's `BinaryHeap` moves items while it
//! compares them. A panic then leaves it whole but in no particular order; it keeps the item that
//! could not be compared, or has lost the item that was to come out. Here both operations first
//! find the path by comparing, and change nothing; then they move the items along it, without
//! comparing. (The path need not be stored: it is the ancestors of its end.)
//!
//! A get leaves a gap at the top. Closing it at once is wasted work if a new item comes next, as in
//! a queue that neither fills nor empties. So the last entry goes there for now, as a _stand-in_,
//! and the next call decides:
//!
//! ```text
//!    get: 1 comes out,             put 3: 9 goes back,                get: 9 goes down to where it
//!    9 stands in                   3 goes down from the top           belongs, 2 comes out …
//!
//!          9                             2                                  2
//!       ┌──┴──┐                       ┌──┴──┐                            ┌──┴──┐
//!       2     4                       3     4                            5     4
//!     ┌─┴─┐                         ┌─┴─┐ ┌─┘                          ┌─┴─┐
//!     5   7   (9)                   5   7 9                            9   7
//! ```
//!
//! A new item goes down as long as there is a smaller child, which is not far if it is urgent. A
//! stand-in first goes down to the bottom, always to the smaller child, and from there up again to
//! where it belongs. It comes from the bottom, so it seldom rises far, and it costs one comparison
//! for each level and not two.
//!
//! Source: J. W. J. Williams, _Algorithm 232: Heapsort_ (1964); going to the bottom first is R. W.
//! Floyd's.

mod keyed;
#[cfg(all(test, not(model)))]
mod tests;

use std::cmp::Ordering::Equal;
use std::fmt;
use std::mem::{self, ManuallyDrop};
use std::ptr;

pub use self::keyed::Keyed;
use crate::discipline::{Discipline, Peek};
use crate::locked_queue::LockedQueue;
use crate::memory;

/// A queue in which the smallest item comes out first, and among equal items the oldest: Python's
/// `queue.PriorityQueue`.
///
/// [`LockedQueue`], which all orders share, describes the calls. The items must be `Ord`; in a
/// [`Reverse`](std::cmp::Reverse) the greatest comes out first. A put and a get cost a few more
/// comparisons each time that the number of items doubles. They compare under the queue's lock, so
/// a comparison must not use the queue. If a comparison panics, the call has no effect, except that
/// a `put` drops its item.
///
/// _Python_: for equal priorities a tuple `(priority, item)` also compares the items, which may
/// fail. Here [`Keyed`] has a key beside the item and compares that alone; or implement `Ord` by
/// the priority.
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
pub type PriorityQueue<T> = LockedQueue<SmallestFirst<T>>;

/// The order of a [`PriorityQueue`]: the smallest item, and among equal items the oldest.
pub struct SmallestFirst<T> {
    heap: Vec<Entry<T>>,
    /// How many items have ever arrived: the number of the next.
    arrivals: u64,
    /// The entry at the top belongs at the end, behind the last one, and there is a gap at the top.
    stand_in: bool,
}

// ANCHOR: entry
struct Entry<T> {
    item: T,
    number: u64,
}

impl<T: Ord> Entry<T> {
    /// Whether this entry comes out before the other.
    #[inline]
    fn is_before(&self, other: &Self) -> bool {
        match self.item.cmp(&other.item) {
            Equal => self.came_before(other),
            order => order.is_lt(),
        }
    }

    /// Cold, or the compiler would compare the numbers each time, to save a branch that is nearly
    /// always predicted.
    #[cold]
    fn came_before(&self, other: &Self) -> bool {
        self.number < other.number
    }
}
// ANCHOR_END: entry

/// The index of the parent; not for the top.
#[inline]
fn parent(index: usize) -> usize {
    (index - 1) / 2
}

/// The index of the left child; the right one's is one more.
#[inline]
fn left_child(index: usize) -> usize {
    2 * index + 1
}

/// Finding the place of an entry: comparisons, and no changes.
impl<T: Ord> SmallestFirst<T> {
    // ANCHOR: place-from-end
    /// Where a new item at the end will go: up, as long as it comes before its parent.
    #[inline]
    fn place_from_end(&self, item: &T) -> usize {
        let mut here = self.heap.len();
        // It comes last among its equals, so the numbers need not be looked at.
        while here > 0 && *item < self.heap[parent(here)].item {
            here = parent(here);
        }
        here
    }
    // ANCHOR_END: place-from-end

    /// Where a new item at the top will go when the stand-in is back at the end: down, as long as a
    /// child does not come after it.
    #[inline]
    fn place_from_top(&self, item: &T) -> usize {
        let mut here = 0;
        // The end is one place beyond the heap's current length.
        while let Some((child, first)) = self.first_child(here) {
            if *item < first.item {
                return here;
            }
            here = child;
        }
        let (left, end) = (left_child(here), self.heap.len());
        let stand_in = &self.heap[0];
        let (child, first) = match self.heap.get(left) {
            Some(other) if other.is_before(stand_in) => (left, other),
            _ if left > end => return here,
            _ => (end, stand_in),
        };
        if *item < first.item { here } else { child }
    }

    /// Where the stand-in will go if it must fill the gap.
    #[inline]
    fn place_of_stand_in(&self) -> usize {
        // Down to the bottom, always to the child that is first.
        let mut here = 0;
        while let Some((child, _)) = self.first_child(here) {
            here = child;
        }
        if left_child(here) < self.heap.len() {
            here = left_child(here);
        }
        // And up again.
        let stand_in = &self.heap[0];
        while here > 0 && stand_in.is_before(&self.heap[here]) {
            here = parent(here);
        }
        here
    }

    /// Which of two children comes out first; `None` if there are not two.
    #[inline]
    fn first_child(&self, index: usize) -> Option<(usize, &Entry<T>)> {
        let left = left_child(index);
        let children = self.heap.get(left..left + 2)?;
        // A number and not a branch, because the branch could not be predicted.
        let right = usize::from(children[1].is_before(&children[0]));
        Some((left + right, &children[right]))
    }
}

/// Moves the last entry up to `place`, and those on its way down by one level each.
fn raise_last<T>(heap: &mut [Entry<T>], place: usize) {
    let mut gap = heap.len() - 1;
    let heap = heap.as_mut_ptr();
    // SAFETY: `gap` is first the last entry's index and then those of its ancestors. All are within
    // the heap; the last is `place` or, if that is not an ancestor, above it. An entry that is read
    // or copied down leaves a duplicate behind, which the next turn or the last line overwrites,
    // and nothing in between can panic.
    unsafe {
        let last = ManuallyDrop::new(heap.add(gap).read());
        while gap > place {
            heap.add(gap).copy_from_nonoverlapping(heap.add(parent(gap)), 1);
            gap = parent(gap);
        }
        heap.add(gap).write(ManuallyDrop::into_inner(last));
    }
}

/// Moves the first entry down to `place`, and those on its way up by one level each.
fn lower_first<T>(heap: &mut [Entry<T>], place: usize) {
    assert!(place < heap.len());
    let heap = heap.as_mut_ptr();
    let mut here = place;
    // SAFETY: `here` is `place`, which is within the heap, and then its ancestors. `moving` holds a
    // duplicate of each entry while its new place is written. At the top, `moving` holds the
    // duplicate of the first, which was written to `place`. Nothing in between can panic.
    unsafe {
        let mut moving = ManuallyDrop::new(heap.read());
        loop {
            ptr::swap(&raw mut *moving, heap.add(here));
            if here == 0 {
                return;
            }
            here = parent(here);
        }
    }
}

/// Frees room that a burst has left. `extern "C"` for the reason that the [`Queue`](crate::Queue)
/// has.
#[cold]
#[inline(never)]
extern "C" fn give_back<T>(heap: &mut Vec<Entry<T>>) {
    heap.shrink_to(heap.capacity() / 2);
}

// ANCHOR: discipline
impl<T: Ord> Discipline for SmallestFirst<T> {
    type Item = T;

    #[inline]
    fn place(&self, item: &T) -> usize {
        if self.stand_in { self.place_from_top(item) } else { self.place_from_end(item) }
    }

    #[inline]
    fn insert(&mut self, place: usize, item: T) {
        let new = Entry { item, number: self.arrivals };
        self.arrivals += 1;
        if mem::take(&mut self.stand_in) {
            let last = mem::replace(&mut self.heap[0], new);
            self.heap.push(last);
            lower_first(&mut self.heap, place);
        } else {
            self.heap.push(new);
            raise_last(&mut self.heap, place);
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        if self.stand_in {
            let place = self.place_of_stand_in();
            lower_first(&mut self.heap, place);
        }
        self.stand_in = self.heap.len() > 2; // of one that is left alone, the top is the place
        if self.heap.is_empty() {
            return None;
        }
        let first = self.heap.swap_remove(0).item;
        if memory::is_roomy::<Entry<T>>(self.heap.len(), self.heap.capacity()) {
            give_back(&mut self.heap);
        }
        Some(first)
    }

    #[inline]
    fn len(&self) -> usize {
        self.heap.len()
    }
}
// ANCHOR_END: discipline

impl<T: Ord> Peek for SmallestFirst<T> {
    fn peek(&self) -> Option<&T> {
        let top = self.heap.first()?;
        if !self.stand_in {
            return Some(&top.item);
        }
        // The top is the gap, and its entry stands in: the first is a child of the gap, or this.
        let child = match self.first_child(0) {
            Some((_, first)) => first,
            None => self.heap.get(1)?, // one that stands in is never alone
        };
        Some(if child.is_before(top) { &child.item } else { &top.item })
    }
}

impl<T> Default for SmallestFirst<T> {
    fn default() -> Self {
        Self { heap: Vec::new(), arrivals: 0, stand_in: false }
    }
}

impl<T> fmt::Debug for SmallestFirst<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmallestFirst").field("len", &self.heap.len()).finish()
    }
}

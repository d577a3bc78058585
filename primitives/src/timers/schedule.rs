//! The schedule of the calls: a heap over a table, without a clock, a lock or a thread.
//!
//! Deadlines are plain numbers, and the caller passes in the present, so that a test controls the
//! time.
//!
//! ```text
//!    heap, earliest first               table of slots, an item each
//!    ┌───────────────┐
//!    │  17, slot 2   │───────────────▶ 2  id 5, place 0, item
//!    ├───────────────┤
//!    │  40, slot 0   │───────────────▶ 0  id 9, place 1, item      a key is (slot 0, id 9)
//!    ├───────────────┤
//!    │  23, slot 3   │───────────────▶ 3  id 6, place 2, item
//!    └───────────────┘                 1  free, and names the next free slot
//! ```
//!
//! Each slot knows its place in the heap, so that an item can be removed from the middle: a
//! cancelled timer is gone at once, and does not stay until its deadline. The id in a slot says
//! whether a key still belongs to the item in it; ids count up and are never reused. They also
//! decide between equal deadlines: first come, first served.
//!
//! Why a heap and not a timing wheel? In a wheel, setting and cancelling cost the same for any
//! number of timers. But a wheel rounds deadlines to its tick and loses the order within a tick,
//! and a heap is fast enough. Four children to a node, and not two, make the heap half as deep, and
//! the children of a node lie on one cache line. A new timer moves past few others, because three
//! quarters of a heap's nodes are leaves.
//!
//! Sources: Williams, _Algorithm 232: Heapsort_ (1964), for the heap; Varghese and Lauck, _Hashed
//! and Hierarchical Timing Wheels_ (1987), for the alternatives.

#[cfg(all(test, not(model)))]
mod properties;
#[cfg(all(test, not(model)))]
mod tests;

/// The deadline of an item that never becomes due. Such an item has a slot, and no place in the
/// heap.
pub(super) const NEVER: u64 = u64::MAX;

/// Children of a node.
const ARITY: usize = 4;

/// No place in the heap. At the end of the list of free slots: no next slot.
const NOWHERE: u32 = u32::MAX;

/// The id in a free slot.
const FREE: u64 = 0;

/// Items with deadlines.
#[derive(Debug)]
pub(super) struct Schedule<T> {
    heap: Vec<Entry>,
    slots: Vec<Slot<T>>,
    first_free: u32,
    occupied: usize,
    last_id: u64,
}

/// A place in the heap. 16 bytes.
#[derive(Clone, Copy, Debug)]
struct Entry {
    deadline: u64,
    slot: u32,
}

/// | id     | place     | item   | the slot                                                          |
/// | ------ | --------- | ------ | ----------------------------------------------------------------- |
/// | `FREE` | next free | `None` | is free                                                           |
/// | other  | in heap   | `Some` | waits for its deadline                                            |
/// | other  | `NOWHERE` | `Some` | waits without a deadline                                          |
/// | other  | `NOWHERE` | `None` | is lent: its item is with the caller, which will put it back or end it |
#[derive(Debug)]
struct Slot<T> {
    id: u64,
    item: Option<T>,
    place: u32,
}

/// Names an item. Keys are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    slot: u32,
    id: u64,
}

/// An item whose deadline has come.
#[derive(Debug)]
pub(super) struct Due<T> {
    pub(super) key: Key,
    pub(super) deadline: u64,
    pub(super) item: T,
}

/// The item of a key that was removed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Removed<T> {
    /// An item that was waiting.
    Waiting(T),
    /// An item that is lent, and can no longer be put back.
    Lent,
}

impl<T> Schedule<T> {
    pub(super) const fn new() -> Self {
        Self { heap: Vec::new(), slots: Vec::new(), first_free: NOWHERE, occupied: 0, last_id: 0 }
    }

    /// How many items there are, waiting or lent.
    pub(super) fn len(&self) -> usize {
        self.occupied
    }

    /// Whether the key's item is here, waiting or lent.
    pub(super) fn contains(&self, key: Key) -> bool {
        self.slots.get(key.slot as usize).is_some_and(|slot| slot.id == key.id)
    }

    /// The earliest deadline, if there is one.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.heap.first().map(|entry| entry.deadline)
    }

    /// Adds an item. It becomes due at `deadline`, after those that are already set for the same
    /// deadline.
    pub(super) fn insert(&mut self, deadline: u64, item: T) -> Key {
        self.last_id += 1;
        let slot = self.take_slot();
        let key = Key { slot, id: self.last_id };
        self.slots[slot as usize] = Slot { id: key.id, item: Some(item), place: NOWHERE };
        self.enter(deadline, slot);
        key
    }

    /// Takes an item out before its deadline; `None` if it is no longer here.
    pub(super) fn remove(&mut self, key: Key) -> Option<Removed<T>> {
        if !self.contains(key) {
            return None;
        }
        let slot = &mut self.slots[key.slot as usize];
        let (item, place) = (slot.item.take(), slot.place);
        if place != NOWHERE {
            self.leave(place as usize);
        }
        self.free_slot(key.slot);
        Some(item.map_or(Removed::Lent, Removed::Waiting))
    }

    /// Lends out the first item that is due at `now`, if one is. The caller must
    /// [`put_back`](Self::put_back) or [`end`](Self::end) it.
    pub(super) fn lend_due(&mut self, now: u64) -> Option<Due<T>> {
        let &Entry { deadline, slot } = self.heap.first().filter(|entry| entry.deadline <= now)?;
        self.leave(0);
        let lent = &mut self.slots[slot as usize];
        lent.place = NOWHERE;
        let item = lent.item.take().expect("what is in the heap has an item");
        Some(Due { key: Key { slot, id: lent.id }, deadline, item })
    }

    /// Takes a lent item back, with a new deadline. Returns it to the caller if it was removed
    /// meanwhile.
    pub(super) fn put_back(&mut self, key: Key, deadline: u64, item: T) -> Result<(), T> {
        if !self.contains(key) {
            return Err(item);
        }
        self.slots[key.slot as usize].item = Some(item);
        self.enter(deadline, key.slot);
        Ok(())
    }

    /// Forgets an item that was lent. Returns whether it was still here.
    pub(super) fn end(&mut self, key: Key) -> bool {
        let here = self.contains(key);
        if here {
            self.free_slot(key.slot);
        }
        here
    }
}

/// The slots.
impl<T> Schedule<T> {
    fn take_slot(&mut self) -> u32 {
        self.occupied += 1;
        if self.first_free == NOWHERE {
            let slot = u32::try_from(self.slots.len()).ok().filter(|&slot| slot != NOWHERE);
            grow_tightly(&mut self.slots);
            self.slots.push(Slot { id: FREE, item: None, place: NOWHERE });
            slot.expect("fewer than 4,294,967,295 timers at a time")
        } else {
            let slot = self.first_free;
            self.first_free = self.slots[slot as usize].place;
            slot
        }
    }

    fn free_slot(&mut self, slot: u32) {
        self.slots[slot as usize] = Slot { id: FREE, item: None, place: self.first_free };
        self.first_free = slot;
        self.occupied -= 1;
    }
}

/// The heap.
impl<T> Schedule<T> {
    fn enter(&mut self, deadline: u64, slot: u32) {
        if deadline != NEVER {
            let entry = Entry { deadline, slot };
            grow_tightly(&mut self.heap);
            self.heap.push(entry);
            self.settle(self.heap.len() - 1, entry);
        }
    }

    /// Takes out the entry at `place`. The last entry moves there, and from there to where it
    /// belongs.
    fn leave(&mut self, place: usize) {
        let last = self.heap.pop().expect("there is something at that place");
        if place < self.heap.len() {
            self.settle(place, last);
        }
    }

    /// Puts `entry` where it belongs, up or down from `place`, whose own entry it replaces.
    fn settle(&mut self, mut place: usize, entry: Entry) {
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if !self.is_before(entry, self.heap[parent]) {
                break;
            }
            self.put(place, self.heap[parent]);
            place = parent;
        }
        while let Some(child) = self.first_child(place) {
            if !self.is_before(self.heap[child], entry) {
                break;
            }
            self.put(place, self.heap[child]);
            place = child;
        }
        self.put(place, entry);
    }

    /// The earliest of the children of a place.
    fn first_child(&self, place: usize) -> Option<usize> {
        let children = place * ARITY + 1..(place * ARITY + 1 + ARITY).min(self.heap.len());
        children.reduce(|a, b| if self.is_before(self.heap[b], self.heap[a]) { b } else { a })
    }

    fn is_before(&self, a: Entry, b: Entry) -> bool {
        let id = |entry: Entry| self.slots[entry.slot as usize].id;
        a.deadline < b.deadline || a.deadline == b.deadline && id(a) < id(b)
    }

    fn put(&mut self, place: usize, entry: Entry) {
        self.heap[place] = entry;
        // Fits: there are no more places than slots.
        self.slots[entry.slot as usize].place = place as u32;
    }
}

/// Makes room for one more. It grows by a quarter and does not double: a table of 10,000 timers
/// should not keep room for 16,384. Each item is still copied a constant number of times, about
/// five.
fn grow_tightly<T>(items: &mut Vec<T>) {
    if items.len() == items.capacity() {
        items.reserve_exact((items.len() / 4).max(16));
    }
}

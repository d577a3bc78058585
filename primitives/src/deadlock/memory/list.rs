//! [`List`]: an array that grows, in the detector's own memory.

use std::alloc::{GlobalAlloc, Layout, System, handle_alloc_error};
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};
use std::{fmt, slice};

/// The capacity after the first item.
const FEWEST: usize = 4;

/// An array that grows. An empty one has no memory.
pub struct List<T> {
    start: NonNull<T>,
    room: usize,
    length: usize,
}

// SAFETY: it owns only its items.
unsafe impl<T: Send> Send for List<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for List<T> {}

impl<T> List<T> {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(size_of::<T>() > 0, "an item without size needs no memory") }
        Self { start: NonNull::dangling(), room: 0, length: 0 }
    }

    /// Whether the next item needs more memory.
    pub(crate) fn is_full(&self) -> bool {
        self.length == self.room
    }

    /// Adds an item at the end.
    pub(crate) fn push(&mut self, item: T) {
        if self.length == self.room {
            self.grow();
        }
        // SAFETY: there is room behind the last item.
        unsafe { self.start.add(self.length).write(item) };
        self.length += 1;
    }

    /// Takes the last item out.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.length = self.length.checked_sub(1)?;
        // SAFETY: there was an item, and from here on it belongs to the caller.
        Some(unsafe { self.start.add(self.length).read() })
    }

    /// Puts an item before the one at `at`, or at the end.
    pub(crate) fn insert(&mut self, at: usize, item: T) {
        assert!(at <= self.length, "no place {at} among {}", self.length);
        if self.length == self.room {
            self.grow();
        }
        // SAFETY: `at` is a place of the list or the one behind it, and there is room for one more.
        unsafe {
            let place = self.start.add(at);
            place.copy_to(place.add(1), self.length - at);
            place.write(item);
        }
        self.length += 1;
    }

    /// Takes the item at `at` out; those behind it move up.
    pub(crate) fn remove(&mut self, at: usize) -> T {
        assert!(at < self.length, "no item {at} among {}", self.length);
        self.length -= 1;
        // SAFETY: there is an item, and from here on it belongs to the caller; those behind it are
        // copied over it.
        unsafe {
            let place = self.start.add(at);
            let item = place.read();
            place.copy_from(place.add(1), self.length - at);
            item
        }
    }

    /// Takes the item at `at` out; the last one takes its place.
    pub(crate) fn swap_remove(&mut self, at: usize) -> T {
        let last = self.length - 1;
        self.swap(at, last);
        self.remove(last)
    }

    /// Keeps the items for which `keep` returns true, in their order.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        let mut kept = 0;
        for at in 0..self.length {
            if keep(&self[at]) {
                self.swap(kept, at);
                kept += 1;
            }
        }
        while self.length > kept {
            drop(self.pop());
        }
    }

    /// Takes all items out, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        while self.pop().is_some() {}
    }

    #[cold]
    fn grow(&mut self) {
        let room = (self.room * 2).max(FEWEST);
        let layout = |room| Layout::array::<T>(room).expect("a list that fits into memory");
        // SAFETY: the layout is not empty, and the old memory was allocated with the given layout.
        let start = unsafe {
            match self.room {
                0 => System.alloc(layout(room)),
                old => System.realloc(self.start.as_ptr().cast(), layout(old), layout(room).size()),
            }
        };
        self.start = NonNull::new(start.cast()).unwrap_or_else(|| handle_alloc_error(layout(room)));
        self.room = room;
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        if mem::needs_drop::<T>() {
            self.clear();
        }
        if self.room > 0 {
            let layout = Layout::array::<T>(self.room).expect("it was asked for with this layout");
            // SAFETY: this memory was allocated there, with this layout.
            unsafe { System.dealloc(self.start.as_ptr().cast(), layout) };
        }
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the list has this many items.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Clone for List<T> {
    fn clone(&self) -> Self {
        self.iter().cloned().collect()
    }
}

impl<T> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut list = Self::new();
        list.extend(items);
        list
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> slice::Iter<'a, T> {
        self.iter()
    }
}

/// The items of a consumed list, first to last.
pub struct IntoIter<T> {
    list: mem::ManuallyDrop<List<T>>,
    next: usize,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.next == self.list.length {
            return None;
        }
        self.next += 1;
        // SAFETY: each item is read once, and the list does not drop it.
        Some(unsafe { self.list.start.add(self.next - 1).read() })
    }
}

impl<T> Drop for IntoIter<T> {
    fn drop(&mut self) {
        self.for_each(drop);
        self.list.length = 0;
        // SAFETY: dropped once, here; no item is left in it.
        unsafe { mem::ManuallyDrop::drop(&mut self.list) };
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { list: mem::ManuallyDrop::new(self), next: 0 }
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for List<T> {}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<T, const N: usize> From<[T; N]> for List<T> {
    fn from(items: [T; N]) -> Self {
        items.into_iter().collect()
    }
}

impl List<u8> {
    /// Adds these bytes at the end.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        while self.room - self.length < bytes.len() {
            self.grow();
        }
        // SAFETY: there is room behind the last item, and the bytes are not in this list, which is
        // borrowed exclusively.
        unsafe {
            ptr::copy_nonoverlapping(
                bytes.as_ptr(),
                self.start.as_ptr().add(self.length),
                bytes.len(),
            )
        };
        self.length += bytes.len();
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::List;
    use std::rc::Rc;

    #[test]
    fn it_does_what_a_vec_does() {
        let (mut list, mut vec) = (List::new(), Vec::new());
        for n in 0..1_000_usize {
            let at = n * 7 % (vec.len() + 1);
            match n % 5 {
                0 | 1 => (list.push(n.to_string()), vec.push(n.to_string())).0,
                2 => (list.insert(at, n.to_string()), vec.insert(at, n.to_string())).0,
                3 => assert_eq!(list.remove(at / 2), vec.remove(at / 2)),
                _ => assert_eq!(list.swap_remove(at / 2), vec.swap_remove(at / 2)),
            }
            assert_eq!(*list, *vec);
        }
        list.retain(|item| item.ends_with('7'));
        vec.retain(|item| item.ends_with('7'));
        assert_eq!(list.clone().into_iter().collect::<Vec<_>>(), vec);
        assert_eq!((list.pop(), list.len()), (vec.pop(), vec.len()));
    }

    #[test]
    fn each_item_is_dropped_once() {
        let item = Rc::new(());
        let list: List<_> = (0..10).map(|_| Rc::clone(&item)).collect();
        let mut rest = list.clone().into_iter();
        assert!(rest.next().is_some() && Rc::strong_count(&item) == 20);
        drop((list, rest));
        assert_eq!(Rc::strong_count(&item), 1);
    }
}

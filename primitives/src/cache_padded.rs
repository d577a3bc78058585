//! [`CachePadded`]: a value alone on its cache lines.
//!
//! Processors share memory by lines, not by words. Two cores that write two different words of one
//! line take the line away from each other at each write, as if they wrote the same word: _false
//! sharing_. Words that different threads change all the time therefore get lines of their own.
//!
//! ```text
//!    head and tail on one line               head and tail, padded
//!    ┌──────┬──────┬──────────────┐          ┌──────┬────────────────┐   ┌──────┬────────────────┐
//!    │ head │ tail │              │          │ head │     unused     │   │ tail │     unused     │
//!    └──────┴──────┴──────────────┘          └──────┴────────────────┘   └──────┴────────────────┘
//!      ▲      ▲                                ▲                           ▲
//!      getter putter, which wait for           getter                      putter
//!             each other's writes
//! ```
//!
//! The padding is two lines of 64 bytes on every system. Processors of x86-64 fetch lines in pairs,
//! and some of arm64 have lines of 128 bytes. It costs memory, so do not pad two words of which one
//! hands over to the other: there the second would travel with the first for nothing.

use std::ops::{Deref, DerefMut};

/// A value that shares its cache lines with no other: 128 bytes at least, so aligned.
///
/// Dereferences to the value. The field is public, so it is made and taken apart as a tuple.
///
/// ```
/// use primitives::CachePadded;
/// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
///
/// // One counter for each thread; no thread slows another one down.
/// let counters: [CachePadded<AtomicUsize>; 4] = Default::default();
/// std::thread::scope(|scope| {
///     for counter in &counters {
///         scope.spawn(move || (0..1000).for_each(|_| _ = counter.fetch_add(1, Relaxed)));
///     }
/// });
/// assert_eq!(counters.iter().map(|counter| counter.load(Relaxed)).sum::<usize>(), 4000);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(align(128))]
pub struct CachePadded<T>(pub T);

impl<T> CachePadded<T> {
    /// Pads a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value without its padding.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for CachePadded<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for CachePadded<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for CachePadded<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

#[cfg(test)]
mod tests {
    use super::CachePadded;

    /// How far the fields of a pair are from each other, in bytes.
    fn distance<T>(pair: &(T, T)) -> usize {
        (&raw const pair.0 as usize).abs_diff(&raw const pair.1 as usize)
    }

    #[test]
    fn neighbours_share_no_pair_of_lines_whatever_their_size() {
        assert_eq!(distance(&(CachePadded(1_u8), CachePadded(2_u8))), 128);
        assert_eq!(distance(&(CachePadded([0_u8; 128]), CachePadded([0; 128]))), 128);
        assert_eq!(distance(&(CachePadded([0_u8; 129]), CachePadded([0; 129]))), 256);
        assert_eq!(align_of::<CachePadded<()>>(), 128);
    }

    #[test]
    fn it_is_its_value_in_all_but_size() {
        let mut padded = CachePadded::new(vec![1]);
        padded.push(2);
        assert_eq!((padded.len(), padded.clone().into_inner()), (2, vec![1, 2]));
        assert_eq!(CachePadded::from(3), CachePadded(3));
        static WORD: CachePadded<u8> = CachePadded::new(4);
        assert_eq!(*WORD, 4);
    }
}

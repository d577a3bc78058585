//! The queue itself: a ring of places that the processes use without a lock. Here is what they
//! share, and who takes part; [`steps`](super::steps) has what a put and a get do.
//!
//! A lock is not enough. A [robust lock](crate::robust) notices an owner that is killed. It does
//! not notice one that is _stopped_ (SIGSTOP, a debugger, no core for a while), which would stop
//! all others. So each step is one compare-exchange, after which every other process can continue,
//! whatever happens to the one that made it.
//!
//! No other process may write to a place that is out of use, because its owner might still write.
//! So there are 64 more places than the capacity, and the distance of `head` and `tail` limits the
//! number of items.
//!
//! Source: the stamps are those of Vyukov's bounded queue; helping the others' `head` and `tail` is
//! Michael and Scott's.

use primitives::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};
use primitives::sync::atomic::{AtomicU32, AtomicU64};
use std::alloc::Layout;
use std::io;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use bytemuck::Pod;
use primitives::Lock;

use super::bell::Bell;
use super::blocks::{BLOCK, Blocks, Use};
use super::stamp::{Stamp, State, distance};
use crate::identity;
use crate::members::Members;
use crate::memory::{HEADER, OpenError};
use crate::segment::{Segment, Shared};

/// The most handles, over all processes, that may put and get at a time.
const MOST_MEMBERS: usize = if cfg!(model) { 3 } else { 256 };
/// How many places may be out of use before the capacity shrinks.
const SPARE: usize = if cfg!(model) { 1 } else { 64 };

#[repr(C, align(128))]
#[derive(Default)]
pub(super) struct Tail {
    pub(super) position: AtomicU64,
    /// The `head` that a put last read: it saves a load of a line that the gets write.
    pub(super) head_seen: AtomicU64,
}

#[repr(C, align(128))]
#[derive(Default)]
pub(super) struct Head {
    pub(super) position: AtomicU64,
}

/// The shared header, in front of the places.
#[repr(C, align(128))]
pub(super) struct Body {
    capacity: AtomicU64,
    /// How many [blocks](super::blocks) there are; none if the items lie in their places.
    blocks: AtomicU64,
    closed: AtomicU32,
    /// Where a put looks first for blocks.
    pub(super) cursor: AtomicU32,
    pub(super) tail: Tail,
    pub(super) head: Head,
    pub(super) not_empty: Bell,
    pub(super) not_full: Bell,
    pub(super) all_done: Bell,
    /// How many items each member has got and not yet reported as done.
    pub(super) taken: [AtomicU64; MOST_MEMBERS],
    pub(super) members: Members<MOST_MEMBERS>,
}

/// A place: its stamp, and an item.
#[repr(C)]
pub(super) struct Place<T> {
    pub(super) stamp: AtomicU64,
    pub(super) item: MaybeUninit<T>,
}

/// The sizes of what lies behind the header.
struct Parts {
    places: usize,
    blocks_at: usize,
    blocks: usize,
    /// In bytes, of all.
    memory: usize,
}

/// A handle of the shared queue.
pub(super) struct Ring<T> {
    segment: Segment<Body>,
    places: NonNull<Place<T>>,
    mask: u64,
    blocks: Blocks,
    /// This handle's entry and the number of forks at that time, see [`pack`]; or 0.
    member: AtomicU64,
    joining: Lock<()>,
}

// SAFETY: the places are shared memory, which is used by the rules of their stamps; items are plain
// bytes.
unsafe impl<T: Pod + Send> Send for Ring<T> {}
// SAFETY: as above.
unsafe impl<T: Pod + Send> Sync for Ring<T> {}

impl Default for Body {
    fn default() -> Self {
        Self {
            capacity: AtomicU64::new(0),
            blocks: AtomicU64::new(0),
            closed: AtomicU32::new(0),
            cursor: AtomicU32::new(0),
            tail: Tail::default(),
            head: Head::default(),
            not_empty: Bell::default(),
            not_full: Bell::default(),
            all_done: Bell::default(),
            taken: std::array::from_fn(|_| AtomicU64::new(0)),
            members: Members::default(),
        }
    }
}

// SAFETY: zeros are a closed set of members and a queue of capacity 0, and `new` sets the capacity;
// it has only atomics.
unsafe impl Shared for Body {
    const KIND: u32 = 7;
}

/// Why an item was not put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotPut {
    Full,
    Closed,
}

/// Why there is no item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotGot {
    Empty,
    Closed,
}

impl<T: Pod> Ring<T> {
    const PLACE: Layout = Layout::new::<Place<T>>();

    /// A ring for `capacity` items, and blocks for `bytes` bytes.
    pub(super) fn new(capacity: usize, bytes: usize) -> io::Result<Self> {
        let parts = Self::parts(capacity, bytes).ok_or(io::ErrorKind::InvalidInput)?;
        let segment = Segment::<Body>::create(Self::PLACE, parts.memory)?;
        segment.capacity.store(capacity as u64, Relaxed);
        segment.blocks.store(parts.blocks as u64, Relaxed);
        let ring = Self::from_segment(segment, &parts);
        for place in 0..parts.places {
            let stamp = AtomicU64::new(Stamp::empty(place as u64).to_word());
            // SAFETY: inside, and no other process has it yet. The item stays zero.
            unsafe { (&raw mut (*ring.places.add(place).as_ptr()).stamp).write(stamp) };
        }
        Ok(ring)
    }

    /// What lies behind the header. `None` if it is more than a process can address.
    fn parts(capacity: usize, bytes: usize) -> Option<Parts> {
        let places = capacity.checked_add(SPARE)?.checked_next_power_of_two()?;
        let blocks_at = places.checked_mul(Self::PLACE.size())?.checked_next_multiple_of(HEADER)?;
        let (blocks, memory) = Blocks::layout(bytes)?;
        Some(Parts { places, blocks_at, blocks, memory: blocks_at.checked_add(memory)? })
    }

    /// Opens one. A ring with blocks is not mistaken for one without.
    pub(super) fn open(segment: Segment<Body>, has_blocks: bool) -> Result<Self, OpenError> {
        // Relaxed: written before the memory was handed over.
        let capacity = segment.capacity.load(Relaxed) as usize;
        let blocks = segment.blocks.load(Relaxed) as usize;
        let parts = Self::parts(capacity, blocks.saturating_mul(BLOCK));
        let parts = parts.filter(|_| capacity > 0 && (blocks > 0) == has_blocks);
        let parts = parts.ok_or(OpenError::Kind)?;
        segment.check_room(Self::PLACE, parts.memory)?;
        Ok(Self::from_segment(segment, &parts))
    }

    pub(super) fn take<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
        has_blocks: bool,
    ) -> Result<Self, D::Error> {
        Self::open(Segment::take(Self::PLACE, deserializer)?, has_blocks)
            .map_err(serde::de::Error::custom)
    }

    pub(super) fn give<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.segment.give(serializer)
    }

    fn from_segment(segment: Segment<Body>, parts: &Parts) -> Self {
        let first = segment.items(Self::PLACE);
        // SAFETY: there is room for them behind the places, at a multiple of 128 bytes, by `new` or
        // `open`; the segment, which is dropped with this, keeps it mapped.
        let blocks = unsafe { Blocks::new(first.add(parts.blocks_at), parts.blocks) };
        Self {
            segment,
            places: first.cast(),
            mask: parts.places as u64 - 1,
            blocks,
            member: AtomicU64::new(0),
            joining: Lock::new(()),
        }
    }

    pub(super) fn body(&self) -> &Body {
        &self.segment
    }

    pub(super) fn capacity(&self) -> usize {
        // Relaxed: never changes.
        self.body().capacity.load(Relaxed) as usize
    }

    /// How many positions are taken; out of date at once.
    pub(super) fn len(&self) -> usize {
        // Acquire: head first, so that the difference is not too negative.
        let head = self.body().head.position.load(Acquire);
        let tail = self.body().tail.position.load(Acquire);
        usize::try_from(distance(tail, head)).unwrap_or(0).min(self.capacity())
    }

    /// Whether puts no longer succeed.
    pub(super) fn is_closed(&self) -> bool {
        // SeqCst: see `try_get`.
        self.body().closed.load(SeqCst) != 0
    }

    pub(super) fn close(&self) {
        let body = self.body();
        // SeqCst: see `try_get`.
        body.closed.store(1, SeqCst);
        body.not_empty.ring_all();
        body.not_full.ring_all();
    }

    /// Items that are got but not reported as done, and items not yet got.
    pub(super) fn unfinished(&self) -> usize {
        // An item in transit is counted twice rather than not at all: first the queue, then the
        // members.
        let inside = if self.is_drained() { 0 } else { self.len().max(1) };
        // SeqCst: pairs with the addition in `try_get`, which comes before the item leaves the
        // queue.
        inside + self.body().taken.iter().map(|taken| taken.load(SeqCst) as usize).sum::<usize>()
    }

    /// An item that this handle got is done. `false` if it has none.
    pub(super) fn done(&self) -> bool {
        let taken = &self.body().taken[self.member()];
        // SeqCst: pairs with the look in `unfinished`.
        let less = |taken: u64| taken.checked_sub(1);
        let Ok(before) = taken.fetch_update(SeqCst, SeqCst, less) else { return false };
        if before == 1 {
            self.body().all_done.ring();
        }
        true
    }

    #[inline]
    pub(super) fn place(&self, position: u64) -> &Place<T> {
        // SAFETY: the mask keeps it inside; the stamp is atomic, and the item is used only through
        // its address.
        unsafe { self.places.add((position & self.mask) as usize).as_ref() }
    }

    #[inline]
    pub(super) fn places(&self) -> u64 {
        self.mask + 1
    }

    pub(super) fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// What the place of an item says of its blocks.
    pub(super) fn use_of(&self, item: u64) -> Use {
        // Acquire: pairs with the Release of the thread that freed the place: it has read the
        // blocks.
        let stamp = Stamp::from_word(self.place(item).stamp.load(Acquire));
        match (distance(stamp.position, item), stamp.state) {
            (0, State::Claimed) => Use::Filling,
            (ahead, State::Empty | State::Claimed | State::Full) if ahead > 0 => Use::Over,
            // Also where a later item of the same place is read: its blocks wait for that.
            _ => Use::Kept,
        }
    }

    /// This handle's entry among the members.
    #[inline]
    pub(super) fn member(&self) -> usize {
        // Relaxed: a number that this process has written.
        match unpack(self.member.load(Relaxed)) {
            Some((member, forks)) if forks == identity::forks() => member,
            _ => self.join(),
        }
    }

    #[cold]
    fn join(&self) -> usize {
        let _one_at_a_time = self.joining.lock();
        let forks = identity::forks();
        // Relaxed, here and below: under the lock.
        if let Some((member, known)) = unpack(self.member.load(Relaxed))
            && known == forks
        {
            return member;
        }
        let number = self.body().members.join(|dead| self.clear(dead));
        let number = number.expect("256 handles of living processes use this queue already");
        // SeqCst: the count of a member that has left.
        self.body().taken[number].store(0, SeqCst);
        self.member.store(pack(number, forks), Relaxed);
        number
    }
}

fn pack(member: usize, forks: u32) -> u64 {
    u64::from(forks) << 32 | (member as u64 + 1)
}

fn unpack(word: u64) -> Option<(usize, u32)> {
    let member = (word as u32).checked_sub(1)?;
    Some((member as usize, (word >> 32) as u32))
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        if let Some((number, forks)) = unpack(*self.member.get_mut())
            && forks == identity::forks()
        {
            let body: &Body = &self.segment;
            // SeqCst: what it had got counts as done.
            body.taken[number].store(0, SeqCst);
            body.all_done.ring();
            body.members.leave(number);
        }
    }
}

//! The queue itself: a ring of places that the processes use without a lock.
//!
//! A lock is not enough. A [robust lock](crate::robust) notices an owner that is killed. It does
//! not notice one that is _stopped_ (SIGSTOP, a debugger, no core for a while), which would stop
//! all others. So each step here is one compare-exchange, after which every other process can
//! continue, whatever happens to the one that made it.
//!
//! ```text
//!     put                                        get
//!     claim the place   EMPTY p ─▶ CLAIMED p     take the item   FULL p ─▶ BUSY p+n
//!     tail p ─▶ p+1     (or another does it)     head p ─▶ p+1   (or another does it)
//!     write the item                             read the item
//!     publish           CLAIMED p ─▶ FULL p      free the place  BUSY p+n ─▶ EMPTY p+n
//! ```
//!
//! What if a process does not come back?
//!
//! - _A put, between claim and publish._ A get that wants this item, and finds others behind it,
//!   waits a few µs and then takes the place out of use (`CLAIMED p ─▶ BUSY p+n`). If the put comes
//!   back, it finds its place taken, frees it, and puts its item elsewhere. If it is dead, its item
//!   was not put.
//! - _A get, between take and free._ A put that comes around to the place skips it
//!   (`BUSY p ─▶ BUSY p+n`). If the get comes back, it frees the place. If it is dead, that one item
//!   is lost.
//! - _Either, before it has moved `head` or `tail`._ The next call finds that the place is past,
//!   and moves it.
//!
//! No other process may write to a place that is out of use, because its owner might still write.
//! So there are 64 more places than the capacity, and the distance of `head` and `tail` limits the
//! number of items.
//!
//! Source: the stamps are those of Vyukov's bounded queue; helping the others' `head` and `tail` is
//! Michael and Scott's.

use std::alloc::Layout;
use std::io;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicU64};

use bytemuck::Pod;
use primitives::Lock;

use super::bell::Bell;
use super::blocks::{BLOCK, Blocks, Use};
use super::stamp::{POSITION_MASK, Stamp, State, distance};
use crate::identity;
use crate::members::Members;
use crate::memory::{HEADER, OpenError};
use crate::segment::{Segment, Shared};

/// The most handles, over all processes, that may put and get at a time.
const MOST_MEMBERS: usize = 256;
/// How many places may be out of use before the capacity shrinks.
const SPARE: usize = 64;
/// How often a get looks at a claimed place while items wait behind it: a few µs.
const PATIENCE: usize = 200;

#[repr(C, align(128))]
struct Tail {
    position: AtomicU64,
    /// The `head` that a put last read: it saves a load of a line that the gets write.
    head_seen: AtomicU64,
}

#[repr(C, align(128))]
struct Head {
    position: AtomicU64,
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
    tail: Tail,
    head: Head,
    pub(super) not_empty: Bell,
    pub(super) not_full: Bell,
    pub(super) all_done: Bell,
    /// How many items each member has got and not yet reported as done.
    taken: [AtomicU64; MOST_MEMBERS],
    members: Members<MOST_MEMBERS>,
}

/// A place: its stamp, and an item.
#[repr(C)]
struct Place<T> {
    stamp: AtomicU64,
    item: MaybeUninit<T>,
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
        for place in 0..parts.places as u64 {
            // Relaxed: no other process has it yet.
            ring.place(place).stamp.store(Stamp::empty(place).to_word(), Relaxed);
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
    fn place(&self, position: u64) -> &Place<T> {
        // SAFETY: the mask keeps it inside; the stamp is atomic, and the item is used only through
        // its address.
        unsafe { self.places.add((position & self.mask) as usize).as_ref() }
    }

    #[inline]
    fn places(&self) -> u64 {
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

    /// Puts an item, unless the queue is full. `write` writes it to its place, given its position;
    /// `false` means that there is no room for it, and then the place stays unused.
    #[inline]
    pub(super) fn try_put(
        &self,
        write: &mut impl FnMut(u64, *mut T) -> bool,
    ) -> Result<(), NotPut> {
        let me = self.member();
        let Body { tail, head, not_empty, .. } = self.body();
        loop {
            // SeqCst: see `try_get`.
            if self.is_closed() {
                return Err(NotPut::Closed);
            }
            // Acquire, here and below: pairs with the Release of the thread that moved it, or wrote
            // the stamp.
            let position = tail.position.load(Acquire);
            // Relaxed: if it is old, `head` itself is read.
            let seen = tail.head_seen.load(Relaxed);
            if distance(position, seen) >= self.capacity() as i64 {
                let now = head.position.load(Acquire);
                tail.head_seen.store(now, Relaxed);
                if distance(position, now) >= self.capacity() as i64 {
                    return Err(NotPut::Full);
                }
            }
            let place = self.place(position);
            let word = place.stamp.load(Acquire);
            let stamp = Stamp::from_word(word);
            match (distance(stamp.position, position), stamp.state) {
                (0, State::Empty) => {
                    let claimed = Stamp::claimed(position, me).to_word();
                    // SeqCst: see `try_get`. Acquire: pairs with the Release of the thread that
                    // freed it.
                    if place.stamp.compare_exchange(word, claimed, SeqCst, Relaxed).is_err() {
                        continue;
                    }
                    self.advance(&tail.position, position);
                    // The claim is this thread's: no other thread writes or reads the item until it
                    // is published, and a get that gives up waiting leaves the place to this
                    // thread.
                    let has_room = write(position, (&raw const place.item).cast_mut().cast());
                    if !has_room || self.is_closed() {
                        self.give_up(place, claimed, position);
                        return Err(if has_room { NotPut::Closed } else { NotPut::Full });
                    }
                    // SeqCst: pairs with the sleepers' bit. Release: with the Acquire in `try_get`.
                    let full = Stamp::full(position).to_word();
                    if place.stamp.compare_exchange(claimed, full, SeqCst, Relaxed).is_ok() {
                        not_empty.ring();
                        return Ok(());
                    }
                    // A get did not wait for it.
                    self.free(place, me);
                }
                // Another put was faster, and has not moved the tail yet.
                (0, State::Claimed | State::Full) => self.advance(&tail.position, position),
                (0, State::Busy) => self.pass_over(place, stamp),
                // A whole lap behind: its item was never got.
                (behind, _) if behind < 0 && tail.position.load(Acquire) == position => {
                    return Err(NotPut::Full);
                }
                // This thread's view of the tail is old.
                _ => {}
            }
        }
    }

    /// Gets an item, if there is one.
    ///
    /// # A put and the end
    ///
    /// A put checks after its claim whether the queue is closed; a get checks before it reads the
    /// place. In the single order of these operations (SeqCst), either the put finds the queue
    /// closed and takes its claim back, or the get finds the claim and waits for the item.
    ///
    /// `read` reads the item from its place, given its position. `work` says how many looks long
    /// its put may take to write it.
    #[inline]
    pub(super) fn try_get<R>(
        &self,
        work: impl Fn(*const T) -> usize,
        read: impl FnOnce(u64, *const T) -> R,
    ) -> Result<R, NotGot> {
        let me = self.member();
        let Body { head, tail, not_full, taken, .. } = self.body();
        let mut waited = 0;
        loop {
            let closed = self.is_closed();
            // Acquire, here and below: pairs with the Release of the thread that moved it, or wrote
            // the stamp.
            let position = head.position.load(Acquire);
            let place = self.place(position);
            let word = place.stamp.load(SeqCst);
            let stamp = Stamp::from_word(word);
            match (distance(stamp.position, position), stamp.state) {
                (0, State::Full) => {
                    // SeqCst: before the item leaves the queue, for `unfinished`.
                    taken[me].fetch_add(1, SeqCst);
                    let busy = Stamp::busy(position + self.places(), me).to_word();
                    // Acquire: pairs with the Release of the put.
                    if place.stamp.compare_exchange(word, busy, Acquire, Relaxed).is_err() {
                        taken[me].fetch_sub(1, Relaxed);
                        continue;
                    }
                    self.advance(&head.position, position);
                    // Its put has published it, and only this thread takes it.
                    let item = read(position, (&raw const place.item).cast());
                    self.free(place, me);
                    if self.blocks.most() == 0 {
                        not_full.ring();
                    } else {
                        // The sleepers wait for room of different lengths.
                        not_full.ring_each();
                    }
                    return Ok(item);
                }
                // Past: another get was faster, and has not moved the head yet.
                (ahead, _) if ahead > 0 => self.advance(&head.position, position),
                (0, State::Claimed) => {
                    let alone = distance(tail.position.load(Acquire), position) <= 1;
                    if waited < PATIENCE + work((&raw const place.item).cast()) {
                        waited += 1;
                        std::hint::spin_loop();
                    } else if !self.is_alive(place, stamp) {
                        let empty = Stamp::empty(position + self.places()).to_word();
                        // Relaxed: the item of the dead process is discarded.
                        let _ = place.stamp.compare_exchange(word, empty, Relaxed, Relaxed);
                    } else if alone {
                        return Err(NotGot::Empty);
                    } else {
                        let busy = Stamp::busy(position + self.places(), stamp.owner).to_word();
                        // Relaxed: its owner finds it, by its own exchange.
                        let _ = place.stamp.compare_exchange(word, busy, Relaxed, Relaxed);
                    }
                }
                (0, State::Empty | State::Busy) => {
                    return Err(if closed { NotGot::Closed } else { NotGot::Empty });
                }
                // This thread's view of the head is old.
                _ => {}
            }
        }
    }

    /// Whether there is no item to get, and none in transit.
    pub(super) fn is_drained(&self) -> bool {
        let position = self.body().head.position.load(Acquire);
        let stamp = Stamp::from_word(self.place(position).stamp.load(SeqCst));
        stamp.position == position & POSITION_MASK
            && matches!(stamp.state, State::Empty | State::Busy)
    }

    /// Moves `head` or `tail` on, unless another thread has.
    #[inline]
    fn advance(&self, end: &AtomicU64, from: u64) {
        // Release: pairs with the Acquire of the threads that read it.
        let _ = end.compare_exchange(from, (from + 1) & POSITION_MASK, Release, Relaxed);
    }

    /// Frees a place that belongs to this thread.
    #[inline]
    fn free(&self, place: &Place<T>, me: usize) {
        // Relaxed: the exchange below compares.
        let mut word = place.stamp.load(Relaxed);
        loop {
            let stamp = Stamp::from_word(word);
            debug_assert_eq!((stamp.state, stamp.owner), (State::Busy, me));
            // Release: pairs with the Acquire of the next put.
            match place.stamp.compare_exchange(
                word,
                Stamp::empty(stamp.position).to_word(),
                Release,
                Relaxed,
            ) {
                Ok(_) => return,
                // A put has skipped it.
                Err(now) => word = now,
            }
        }
    }

    /// Takes a claim back.
    #[cold]
    fn give_up(&self, place: &Place<T>, claimed: u64, position: u64) {
        let stamp = Stamp::from_word(claimed);
        let empty = Stamp::empty(position + self.places()).to_word();
        // Release: as in `free`.
        if place.stamp.compare_exchange(claimed, empty, Release, Relaxed).is_err() {
            self.free(place, stamp.owner);
        }
    }

    /// A put has come to a place that is out of use: leaves it to its owner, or frees it if the
    /// owner is dead.
    #[cold]
    fn pass_over(&self, place: &Place<T>, stamp: Stamp) {
        let position = stamp.position;
        let word = stamp.to_word();
        if self.is_alive(place, stamp) {
            let later = Stamp::busy(position + self.places(), stamp.owner).to_word();
            // Release: pairs with the thread that moves the tail after it has seen this.
            if place.stamp.compare_exchange(word, later, Release, Relaxed).is_ok() {
                self.advance(&self.body().tail.position, position);
            }
        } else {
            // Release: as in `free`, on behalf of the dead process.
            let _ = place.stamp.compare_exchange(
                word,
                Stamp::empty(position).to_word(),
                Release,
                Relaxed,
            );
        }
    }

    /// Whether the owner of a stamp lives. The stamp was read before the table: a new owner of the
    /// same entry writes its stamps only after it is in the table.
    #[cold]
    fn is_alive(&self, _place: &Place<T>, stamp: Stamp) -> bool {
        self.body().members.get(stamp.owner).is_some_and(|process| process.is_alive())
    }

    /// Frees everything that dead processes held. For waiters.
    pub(super) fn bury(&self) -> usize {
        self.body().members.bury(|member| self.clear(member))
    }

    fn clear(&self, member: usize) {
        for place in 0..self.places() {
            let place = self.place(place);
            let word = place.stamp.load(Acquire);
            let stamp = Stamp::from_word(word);
            let freed = match stamp.state {
                _ if stamp.owner != member => continue,
                State::Busy => Stamp::empty(stamp.position),
                State::Claimed => Stamp::empty(stamp.position + self.places()),
                State::Empty | State::Full => continue,
            };
            if !self.is_alive(place, stamp) {
                // Release: as in `free`, on behalf of the dead process.
                let _ = place.stamp.compare_exchange(word, freed.to_word(), Release, Relaxed);
            }
        }
        // SeqCst: what the dead process had got counts as done.
        self.body().taken[member].store(0, SeqCst);
        self.body().all_done.ring();
    }

    /// This handle's entry among the members.
    #[inline]
    fn member(&self) -> usize {
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

/// For tests: a call that stops in the middle.
#[cfg(test)]
impl<T: Pod> Ring<T> {
    /// A put that stops after its claim. Returns the position and the word.
    pub(super) fn claim_and_stop(&self) -> (u64, u64) {
        let position = self.body().tail.position.load(Acquire);
        let place = self.place(position);
        let word = place.stamp.load(Acquire);
        assert_eq!(Stamp::from_word(word), Stamp::empty(position));
        let claimed = Stamp::claimed(position, self.member()).to_word();
        place.stamp.compare_exchange(word, claimed, SeqCst, Relaxed).expect("alone");
        (position, claimed)
    }

    /// Continues that put. Returns whether its item was put.
    pub(super) fn come_back(&self, position: u64, claimed: u64) -> bool {
        let place = self.place(position);
        let published = place
            .stamp
            .compare_exchange(claimed, Stamp::full(position).to_word(), SeqCst, Relaxed)
            .is_ok();
        if !published {
            self.free(place, self.member());
        }
        published
    }

    /// A get that stops after it has taken an item.
    pub(super) fn take_and_stop(&self) {
        let position = self.body().head.position.load(Acquire);
        let place = self.place(position);
        let word = place.stamp.load(Acquire);
        assert_eq!(Stamp::from_word(word), Stamp::full(position));
        let busy = Stamp::busy(position + self.places(), self.member()).to_word();
        place.stamp.compare_exchange(word, busy, SeqCst, Relaxed).expect("alone");
    }
}

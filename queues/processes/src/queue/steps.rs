//! The steps of a put and of a get: how an item goes through a place, without a lock.
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

use primitives::sync::atomic::AtomicU64;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};

use bytemuck::Pod;

use super::ring::{Body, NotGot, NotPut, Place, Ring};
use super::stamp::{POSITION_MASK, Stamp, State, distance};

/// How often a get looks at a claimed place while items wait behind it: a few µs.
const PATIENCE: usize = if cfg!(model) { 1 } else { 200 };

impl<T: Pod> Ring<T> {
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
                // ANCHOR: past
                // Past, and its put has died before it moved the tail; or this thread's view of the
                // tail is old, and then nothing moves.
                (ahead, _) if ahead > 0 => self.advance(&tail.position, position),
                // ANCHOR_END: past
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
                    if self.blocks().most() == 0 {
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

    pub(super) fn clear(&self, member: usize) {
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

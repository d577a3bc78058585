//! [`Identity`]: the name of a lock or a queue, and its calls to the detector.
//!
//! A field beside the word, which exists only with the feature. Every lock of the program has one,
//! so it is small: 24 bytes. Two of the three words are where the name and the source line are; the
//! third has the rest:
//!
//! ```text
//!    63               53 52    48 47                                             0
//!    ┌──────────────────┬────────┬────────────────────────────────────────────────┐
//!    │  name's length   │  kind  │  number, 0 until it is first taken or awaited  │
//!    └──────────────────┴────────┴────────────────────────────────────────────────┘
//! ```

use std::{fmt, ptr, slice, str};

#[cfg(target_os = "linux")]
use super::fork;
use crate::deadlock::graph::resources;
use crate::deadlock::memory::NUMBER;
use crate::deadlock::state::wait_target::{Refusal, WaitTarget};
use crate::deadlock::state::{Door, Kind, Label, Place, ResourceId};
use crate::deadlock::verdict::{held, lock_order, reentry};
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering::Relaxed};
use std::panic::Location;

/// Where the kind begins, above the number.
const KIND: u32 = 48;
/// Where the length of the name begins.
const LENGTH: u32 = 53;
/// The longest name; of a longer one the reports have this much.
const LONGEST: usize = (u64::MAX >> LENGTH) as usize;

/// The place of an object that a constant made and no thread has used.
const UNUSED: Place = Location::caller();

/// The name of a resource.
pub struct Identity {
    /// The first byte of the name.
    name: *const u8,
    /// Null until its first use, if a constant made it.
    made: AtomicPtr<Location<'static>>,
    /// `length of the name << LENGTH | kind << KIND | number`
    rest: AtomicU64,
}

// SAFETY: the pointer `name` is a `&'static str` whose length is elsewhere.
unsafe impl Send for Identity {}
// SAFETY: as above; it is never written.
unsafe impl Sync for Identity {}

impl Identity {
    /// For an object that the caller makes; an empty name means no name. Of a name of more than
    /// 2,047 bytes the rest is cut off.
    #[track_caller]
    pub const fn new(kind: Kind, name: &'static str) -> Self {
        let mut length = name.len();
        if length > LONGEST {
            length = LONGEST;
            while !name.is_char_boundary(length) {
                length -= 1;
            }
        }
        Self {
            name: name.as_ptr(),
            made: AtomicPtr::new(ptr::from_ref(Location::caller()).cast_mut()),
            rest: AtomicU64::new((length as u64) << LENGTH | (kind as u64) << KIND),
        }
    }

    /// For an object that a constant makes, which knows no line: that of its
    /// [first use](Self::is_used_here) counts.
    #[cfg(feature = "lock_api")]
    pub(crate) const fn of_a_constant(kind: Kind) -> Self {
        Self {
            name: "".as_ptr(),
            made: AtomicPtr::new(ptr::null_mut()),
            rest: AtomicU64::new((kind as u64) << KIND),
        }
    }

    /// Takes the caller's line, if it has none.
    #[cfg(feature = "lock_api")]
    #[inline]
    #[track_caller]
    pub(crate) fn is_used_here(&self) {
        // Relaxed, both: what it points to was there before the program began.
        if self.made.load(Relaxed).is_null() {
            let here = ptr::from_ref(Location::caller()).cast_mut();
            let _ = self.made.compare_exchange(ptr::null_mut(), here, Relaxed, Relaxed);
        }
    }

    fn made(&self) -> Place {
        // Relaxed: as in `is_used_here`.
        // SAFETY: it is null, or a `&'static Location` that was never written.
        unsafe { self.made.load(Relaxed).as_ref() }.unwrap_or(UNUSED)
    }

    pub(crate) fn label(&self) -> Label {
        // Relaxed: these bits never change.
        let rest = self.rest.load(Relaxed);
        let kind = Kind::ALL[(rest >> KIND) as usize % (1 << (LENGTH - KIND))];
        // SAFETY: so `new` has taken the name apart, at the boundary of a character.
        let name = unsafe {
            let bytes = slice::from_raw_parts(self.name, (rest >> LENGTH) as usize);
            str::from_utf8_unchecked(bytes)
        };
        Label::made_at(kind, name, self.made())
    }

    /// The caller is about to take it, and will wait without a timeout if necessary. Notes the
    /// order if something else is held.
    #[inline]
    #[track_caller]
    pub(crate) fn note_order(&self) {
        if held::may_hold_something() {
            lock_order::check(self.number(), Location::caller());
        }
    }

    /// The caller is about to wait for its owner, and for no other thread.
    #[cold]
    #[track_caller]
    pub(crate) fn waiting_for_owner(&self) -> WaitTarget<'_> {
        WaitTarget::owner(self.label(), self.number(), Location::caller(), Refusal::by_panic())
    }

    /// [`waiting_for_owner`](Self::waiting_for_owner), for a caller that gets the report instead of
    /// a panic.
    #[track_caller]
    pub(crate) fn waiting_for_owner_checked(&self) -> WaitTarget<'_> {
        self.note_order();
        WaitTarget::owner(self.label(), self.number(), Location::caller(), Refusal::Return)
    }

    /// [`waiting_for_owner`](Self::waiting_for_owner), after a wait for a condition: its guard is
    /// alive, so this must not panic.
    #[inline]
    #[track_caller]
    pub(crate) fn waiting_for_owner_again(&self) -> WaitTarget<'_> {
        self.note_order();
        WaitTarget::owner(self.label(), self.number(), Location::caller(), Refusal::Never)
    }

    /// The caller is about to wait for all that hold it.
    #[cold]
    #[track_caller]
    pub(crate) fn waiting_for_holders(&self) -> WaitTarget<'_> {
        WaitTarget::holders(self.label(), self.number(), Location::caller(), Refusal::by_panic())
    }

    /// [`waiting_for_holders`](Self::waiting_for_holders), for a caller that gets the report
    /// instead of a panic.
    #[track_caller]
    pub(crate) fn waiting_for_holders_checked(&self) -> WaitTarget<'_> {
        self.note_order();
        WaitTarget::holders(self.label(), self.number(), Location::caller(), Refusal::Return)
    }

    /// The caller is about to wait until no writer keeps it out; `door` says of the word that it
    /// sleeps on which one does.
    #[cold]
    #[track_caller]
    pub(crate) fn waiting_for_writer(&self, door: fn(u32) -> Door) -> WaitTarget<'_> {
        let (at, refusal) = (Location::caller(), Refusal::by_panic());
        WaitTarget::writer(self.label(), self.number(), door, at, refusal)
    }

    /// [`waiting_for_writer`](Self::waiting_for_writer), for a caller that gets the report instead
    /// of a panic.
    #[track_caller]
    pub(crate) fn waiting_for_writer_checked(&self, door: fn(u32) -> Door) -> WaitTarget<'_> {
        self.note_order();
        let at = Location::caller();
        WaitTarget::writer(self.label(), self.number(), door, at, Refusal::Return)
    }

    /// The caller is about to wait for something that any thread could bring about.
    #[inline]
    #[track_caller]
    pub fn waiting_for_anyone(&self) -> WaitTarget<'_> {
        WaitTarget::anyone(self.label(), Location::caller())
    }

    /// The caller is about to wait for the end of this task: for the thread that has
    /// [begun](Self::begins) it, or for one that will.
    #[track_caller]
    pub fn waiting_for_runner(&self) -> WaitTarget<'_> {
        WaitTarget::runner(self.label(), self.number(), Location::caller(), Refusal::by_panic())
    }

    /// [`waiting_for_runner`](Self::waiting_for_runner), by a caller that must not panic.
    pub fn waiting_for_runner_at(&self, at: Place) -> WaitTarget<'_> {
        WaitTarget::runner(self.label(), self.number(), at, Refusal::Never)
    }

    /// The caller, and no other, will end this task. Lock order does not apply, because tasks come
    /// and go.
    #[track_caller]
    pub fn begins(&self) {
        held::undertake(self.number(), Location::caller());
    }

    /// The caller is about to end this task, which it may have begun.
    pub fn ends(&self) {
        // Relaxed: this thread has begun it, so it has a number, and that never changes; or no
        // thread has begun it.
        match self.rest.load(Relaxed) & NUMBER {
            0 => {}
            number => held::put_back(number),
        }
    }

    /// The caller has taken it.
    #[inline]
    #[track_caller]
    pub(crate) fn taken(&self) {
        self.taken_at(Location::caller());
    }

    #[inline]
    pub(crate) fn taken_at(&self, since: Place) {
        held::take(self.number(), since);
    }

    /// The caller, who has it, has taken it once more.
    #[inline]
    #[track_caller]
    pub(crate) fn taken_again(&self) {
        reentry::check(self.number(), self.label());
    }

    /// The caller, which holds it, is about to release it.
    #[inline]
    pub(crate) fn released(&self) {
        // Relaxed: this thread has taken it, so it has a number, and that never changes.
        held::put_back(self.rest.load(Relaxed) & NUMBER);
    }

    #[inline]
    pub(crate) fn number(&self) -> ResourceId {
        // Relaxed: only the number is needed.
        match self.rest.load(Relaxed) & NUMBER {
            0 => self.take_a_number(),
            number => number,
        }
    }

    /// The threads' notes of it are forgotten: it is another resource from here on.
    #[cold]
    pub(crate) fn disown(&self) {
        // Relaxed: only the number is needed. A thread that has read the old one may note it once
        // more, and forgets it with the others.
        match self.rest.fetch_and(!NUMBER, Relaxed) & NUMBER {
            0 => {}
            number => {
                forget(number, self.label());
                held::disowned();
            }
        }
    }

    #[cold]
    fn take_a_number(&self) -> ResourceId {
        #[cfg(target_os = "linux")]
        fork::prepare();
        resources::number(&self.rest, self.label())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Relaxed: only the number is needed.
        let number = self.rest.load(Relaxed) & NUMBER;
        f.debug_struct("Identity").field("label", &self.label()).field("number", &number).finish()
    }
}

impl Drop for Identity {
    #[inline]
    fn drop(&mut self) {
        match *self.rest.get_mut() & NUMBER {
            0 => {}
            number => forget(number, self.label()),
        }
    }
}

#[cold]
fn forget(resource: ResourceId, label: Label) {
    resources::forget(resource);
    held::forget(resource);
    // Tasks have no order.
    if label.kind() != Kind::Task {
        lock_order::forget(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::{Identity, LONGEST};
    use crate::deadlock::state::Kind;
    use std::panic::Location;

    #[test]
    fn a_label_comes_out_as_it_went_in() {
        let long: &'static str = "n".repeat(LONGEST).leak();
        for kind in Kind::ALL {
            for name in ["", "a", "grüße", long] {
                let (identity, line) = (Identity::new(kind, name), Location::caller().line());
                for number in [0, identity.number()] {
                    let label = identity.label();
                    assert_eq!(label.kind(), kind, "with the number {number}");
                    assert_eq!(label.name().unwrap_or(""), name);
                    assert_eq!(label.made().line(), line);
                    assert_eq!(label.made().file(), file!());
                }
            }
        }
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_between_two_characters() {
        // A character of two bytes lies across the limit.
        let name: &'static str = format!("{}ü…", "n".repeat(LONGEST - 1)).leak();
        assert_eq!(Identity::new(Kind::Lock, name).label().name(), Some(&name[..LONGEST - 1]));
    }

    #[test]
    fn another_number_leaves_the_label_alone() {
        let identity = Identity::new(Kind::Semaphore, "seats");
        let first = identity.number();
        assert_eq!(identity.number(), first);
        identity.disown();
        assert_ne!(identity.number(), first);
        assert_eq!(identity.label().to_string(), "semaphore \"seats\"");
    }
}

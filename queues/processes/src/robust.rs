//! The lock that all others use: its owner may be killed at any instruction, and the next owner
//! learns of it.
//!
//! One word holds the number of the thread that owns the lock. A process could do that alone, but
//! it cannot clean up after it was killed. The kernel does, if it knows where to look: each thread
//! has a _robust list_ of the locks that it holds, and when the thread ends, for whatever reason,
//! the kernel walks the list, marks each word ("the owner died") and wakes a sleeper.
//!
//! ```text
//!    the thread's head            a lock in shared memory         another
//!    ┌───────────────────┐        ┌───────────────────────┐       ┌──────────
//!    │ next ─────────────┼──┐     │ word: owner's number  │   ┌──▶│ …
//!    │ distance: -32     │  │     │ …                     │   │   │
//!    │ pending           │  │     │ previous ─────────────┼─▶ │   │
//!    └───────────────────┘  └────▶│ next ─────────────────┼───┘   │
//!                                 └───────────────────────┘       └──────────
//! ```
//!
//! `pending` covers the two moments in which the word and the list disagree. It names the lock from
//! before the word is taken until the lock is on the list, and from before the lock leaves the list
//! until the word is free.
//!
//! A thread has one list, and the C library has registered it already, for its own robust mutexes.
//! So our locks go into the same list, in the C library's layout. The kernel walks at most 2,048
//! entries, and would forget the oldest: the 2,049th lock is refused.
//!
//! # The word
//!
//! | owner's number | `WAITERS` | `OWNER_DIED` | meaning                                       | written by                   |
//! | -------------- | --------- | ------------ | --------------------------------------------- | ---------------------------- |
//! | 0              | no        | no           | free, and no thread sleeps                    | `release`, and at the start  |
//! | a thread's     | no        | no           | owned                                         | the fast path                |
//! | a thread's     | yes       | no           | owned, and a thread may sleep                 | `acquire_slow`               |
//! | 0              | yes       | no           | free, and a thread may sleep                  | `release_slow`               |
//! | 0              | any       | yes          | free: the owner died, the data may be halfway | the kernel                   |
//!
//! # Why a killed process cannot strand a sleeper
//!
//! Four places could lose a wake-up when a process is killed there:
//!
//! 1. _The owner, inside its section._ The kernel marks the word and wakes one sleeper.
//! 2. _The owner, between freeing the word and waking._ There is no such moment:
//!    [`change_and_wake`] does both in one system call.
//! 3. _A sleeper that was woken, before it has taken the lock._ The lock is still pending for it,
//!    so the kernel wakes another sleeper if the word is free. If a running thread has taken the
//!    lock meanwhile, it found the bit `WAITERS` in the word, keeps it, and wakes the next sleeper
//!    at its release. So **waking one sleeper leaves the bit**. (A kernel before 6.2 wakes another
//!    sleeper only if the bit is not set either; there the sleeper waits for the next release.)
//! 4. _No thread sleeps any more, and the bit is still there._ It would cost a system call for each
//!    release, so it must be cleared at some time. After a wake-up that found no sleeper, the next
//!    release clears the bit **and wakes all**, in the same system call: then no sleeper depends on
//!    the bit.
//!
//! Source: [robust-futexes](https://docs.kernel.org/locking/robust-futexes.html) and its
//! [ABI](https://docs.kernel.org/locking/robust-futex-ABI.html); the word is that of Drepper's
//! mutex.

use std::cell::Cell;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicU32, AtomicUsize, compiler_fence};

use crate::futex::{self, Change, Deadline, Wait, change_and_wake};
use crate::identity;

// ANCHOR: word
/// No thread owns the lock, and none sleeps.
const FREE: u32 = 0;
/// A thread may sleep.
const WAITERS: u32 = libc::FUTEX_WAITERS;
/// The number of the bit `WAITERS`.
const WAITERS_BIT: u32 = 31;
/// The kernel's mark: the owner died.
const OWNER_DIED: u32 = libc::FUTEX_OWNER_DIED;
/// The number of the thread that owns the lock.
const OWNER: u32 = libc::FUTEX_TID_MASK;
// ANCHOR_END: word

/// The data is as the last owner left it at its release.
const WHOLE: u32 = 0;
/// An owner died, and no thread has declared the data whole since.
const DAMAGED: u32 = 1;

/// How many entries of a thread's list the kernel walks (`ROBUST_LIST_LIMIT`).
pub(crate) const MOST_HELD: u32 = 2048;
/// The offset from an entry of the list to the word, in bytes, as the C library told the kernel on
/// every 64-bit machine.
const DISTANCE: libc::c_long = -32;

/// How often a thread looks, with [`PAUSES`] between two looks, before it sleeps; never on one
/// core.
const LOOKS: u32 = 20;
/// Pauses between two looks, because a look takes the word's cache line away from the owner.
const PAUSES: u32 = 64;

/// How the lock was found by its new owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Found {
    /// As its last owner left it.
    Whole,
    /// An owner died inside, and no thread has [repaired](RobustLock::set_repaired) the data since.
    Damaged,
}

/// Why a lock was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotTaken;

/// A lock whose owner may die. All zeros are a free one.
#[repr(C, align(64))]
#[derive(Debug, Default)]
pub(crate) struct RobustLock {
    word: AtomicU32,
    /// [`WHOLE`] or [`DAMAGED`]. Only the owner writes it.
    damage: AtomicU32,
    /// Not 0 if the last wake-up found no sleeper. A hint.
    nobody_slept: AtomicU32,
    reserved: [u32; 3],
    /// 32 bytes from the word, as the kernel and the C library require.
    entry: Entry,
    reserved_too: [u64; 3],
}

const _: () = {
    let next = std::mem::offset_of!(RobustLock, entry) + std::mem::offset_of!(Entry, next);
    assert!(next as i64 == -DISTANCE && size_of::<RobustLock>() == 64);
};

/// The C library's `__pthread_internal_list`. The addresses belong to the owner's process: only the
/// owner, and the kernel on its behalf, follow them.
#[repr(C)]
#[derive(Debug, Default)]
struct Entry {
    previous: AtomicUsize,
    next: AtomicUsize,
}

/// The kernel's `robust_list_head`: the list goes from `next` to `next`, and ends where it began.
#[repr(C)]
struct Head {
    next: AtomicUsize,
    distance: libc::c_long,
    pending: AtomicUsize,
}

thread_local! {
    /// The address of this thread's head.
    static HEAD: Cell<*const Head> = const { Cell::new(ptr::null()) };
    /// How many of our locks are on the list.
    static HELD: Cell<u32> = const { Cell::new(0) };
}

/// A child of `fork` holds nothing: the C library has emptied its list.
fn watch_forks() {
    static WATCHED: Once = Once::new();
    extern "C" fn in_the_child() {
        let _ = HELD.try_with(|held| held.set(0));
    }
    // SAFETY: the handler touches nothing but a word.
    WATCHED.call_once(|| unsafe { identity::in_each_child(in_the_child) });
}

#[inline]
fn refuse_too_many() {
    assert!(
        HELD.get() < MOST_HELD,
        "this thread holds 2048 locks that are shared with other processes: the kernel looks after no more"
    );
}

impl RobustLock {
    /// Takes the lock; blocks until it is free, or until `deadline`.
    ///
    /// # Panics
    ///
    /// If this thread already holds it, or holds 2,048 others.
    // ANCHOR: acquire
    #[inline]
    pub(crate) fn acquire(&self, deadline: Deadline) -> Result<Found, NotTaken> {
        let (me, head) = (identity::thread(), Head::of_this_thread());
        refuse_too_many();
        self.announce(head);
        // Acquire: pairs with the Release in `release` and in `change_and_wake`.
        if self.word.compare_exchange(FREE, me, Acquire, Relaxed).is_err() {
            self.acquire_slow(me, head, deadline)?;
        }
        self.enlist(head);
        Ok(self.found())
    }
    // ANCHOR_END: acquire

    /// Takes the lock if it is free.
    ///
    /// # Panics
    ///
    /// If this thread holds 2,048 others.
    #[inline]
    pub(crate) fn try_acquire(&self) -> Result<Found, NotTaken> {
        let (me, head) = (identity::thread(), Head::of_this_thread());
        refuse_too_many();
        // Relaxed: only a load, so that a taken lock costs no more than that.
        let found = self.word.load(Relaxed);
        if found & OWNER != 0 {
            return Err(NotTaken);
        }
        self.announce(head);
        if !self.take(found, me, 0) {
            head.pending.store(0, Relaxed);
            return Err(NotTaken);
        }
        self.enlist(head);
        Ok(self.found())
    }

    /// Releases the lock, and wakes a sleeper. Does nothing if this thread is not the owner: in a
    /// forked child, the parent is.
    #[inline]
    pub(crate) fn release(&self) {
        let me = identity::thread();
        // Relaxed: a thread sees its own store.
        if self.word.load(Relaxed) & OWNER != me {
            return;
        }
        let head = Head::of_this_thread();
        self.announce(head);
        self.delist(head);
        // Release: pairs with the Acquire in `acquire` and in `take`.
        if self.word.compare_exchange(me, FREE, Release, Relaxed).is_err() {
            self.release_slow();
        }
        compiler_fence(SeqCst);
        head.pending.store(0, Relaxed);
    }

    /// Declares the data whole again. For the owner.
    pub(crate) fn set_repaired(&self) {
        // Relaxed: under the lock.
        self.damage.store(WHOLE, Relaxed);
    }

    /// Whether a thread holds the lock; out of date at once.
    pub(crate) fn is_locked(&self) -> bool {
        // Relaxed: for messages and tests.
        self.word.load(Relaxed) & OWNER != 0
    }

    /// Whether a thread of this process holds the lock, and relies on its memory.
    pub(crate) fn is_held_here(&self) -> bool {
        // Relaxed: at the end of a handle no other thread uses it.
        let owner = self.word.load(Relaxed) & OWNER;
        // SAFETY: three numbers; signal 0 is never delivered.
        owner != 0 && unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), owner, 0) } == 0
    }

    /// Marks this lock as the one that the thread is about to take, or to free.
    #[inline]
    fn announce(&self, head: &Head) {
        // Relaxed, and fences for the compiler: the only other reader is the kernel, in this same
        // thread, at its end.
        head.pending.store(self.entry_address(), Relaxed);
        compiler_fence(SeqCst);
    }

    #[inline]
    fn entry_address(&self) -> usize {
        (&raw const self.entry.next).expose_provenance()
    }

    /// Takes a word that had no owner.
    #[inline]
    fn take(&self, found: u32, me: u32, waiters: u32) -> bool {
        debug_assert_eq!(found & OWNER, 0);
        let taken = me | found & WAITERS | waiters;
        // Acquire: pairs with the Release in `release` and in `change_and_wake`.
        if self.word.compare_exchange(found, taken, Acquire, Relaxed).is_err() {
            return false;
        }
        if found & OWNER_DIED != 0 {
            // Relaxed: under the lock. If this thread is killed before the store, it dies as an
            // owner itself.
            self.damage.store(DAMAGED, Relaxed);
        }
        true
    }

    #[inline]
    fn found(&self) -> Found {
        // Relaxed: under the lock.
        if self.damage.load(Relaxed) == WHOLE { Found::Whole } else { Found::Damaged }
    }

    #[cold]
    fn acquire_slow(&self, me: u32, head: &Head, deadline: Deadline) -> Result<(), NotTaken> {
        // The bit that this thread must set for other sleepers, once it has slept.
        let mut waiters = 0;
        let mut timed_out = false;
        let mut looks = if primitives::sync::cores() > 1 { LOOKS } else { 0 };
        loop {
            // Relaxed, here and in the exchange below: taking the lock is a separate Acquire.
            let found = self.word.load(Relaxed);
            if found & OWNER == 0 {
                if self.take(found, me, waiters) {
                    return Ok(());
                }
                continue;
            }
            if found & OWNER == me {
                head.pending.store(0, Relaxed);
                panic!(
                    "this thread has the lock already: a thread that waits for itself never ends"
                );
            }
            if timed_out {
                head.pending.store(0, Relaxed);
                return Err(NotTaken);
            }
            if found & WAITERS == 0 {
                if looks > 0 {
                    looks -= 1;
                    (0..PAUSES).for_each(|_| std::hint::spin_loop());
                    continue;
                }
                let marked = self.word.compare_exchange(found, found | WAITERS, Relaxed, Relaxed);
                if marked.is_err() {
                    continue;
                }
            }
            // A waiter that timed out looks once more: it may have got a wake-up.
            timed_out = futex::wait(&self.word, found | WAITERS, deadline) == Wait::TimedOut;
            waiters = WAITERS;
        }
    }

    // ANCHOR: release-slow
    #[cold]
    fn release_slow(&self) {
        // Relaxed: under the lock, and a hint.
        if self.nobody_slept.load(Relaxed) == 0 {
            let woken = change_and_wake(&self.word, Change::SetBit(WAITERS_BIT), 1);
            // The lock now belongs to another thread, whose hint this may overwrite. At worst all
            // wake up once too often, or the bit stays for one more release.
            if woken == 0 {
                self.nobody_slept.store(1, Relaxed);
            }
        } else {
            self.nobody_slept.store(0, Relaxed);
            change_and_wake(&self.word, Change::Clear, i32::MAX);
        }
    }
    // ANCHOR_END: release-slow

    /// Puts the taken lock on the thread's list.
    #[inline]
    fn enlist(&self, head: &Head) {
        let (here, first) = (self.entry_address(), head.next.load(Relaxed));
        self.entry.previous.store(head.address(), Relaxed);
        self.entry.next.store(first, Relaxed);
        if first != head.address() {
            // SAFETY: the first entry of this thread's list is a lock that it holds, ours or the C
            // library's.
            unsafe { previous_of(first) }.store(here, Relaxed);
        }
        // From here on the kernel finds it through the list.
        compiler_fence(SeqCst);
        head.next.store(here, Relaxed);
        compiler_fence(SeqCst);
        head.pending.store(0, Relaxed);
        HELD.set(HELD.get() + 1);
    }

    /// Takes the lock off the thread's list.
    #[inline]
    fn delist(&self, head: &Head) {
        let (previous, next) = (self.entry.previous.load(Relaxed), self.entry.next.load(Relaxed));
        // SAFETY: the neighbours on this thread's list are locks that it holds, or the head.
        unsafe {
            next_of(previous).store(next, Relaxed);
            if next != head.address() {
                previous_of(next).store(previous, Relaxed);
            }
        }
        compiler_fence(SeqCst);
        HELD.set(HELD.get() - 1);
    }
}

/// The word that an address on the list names. The C library marks its priority-inheriting locks in
/// the lowest bit.
///
/// # Safety
///
/// The address must be on this thread's list, or be its head.
#[inline]
unsafe fn next_of<'a>(address: usize) -> &'a AtomicUsize {
    // SAFETY: by the caller.
    unsafe { &*ptr::with_exposed_provenance::<AtomicUsize>(address & !1) }
}

/// The word before it, in which an entry names its predecessor.
///
/// # Safety
///
/// The address must be on this thread's list, and not be its head.
#[inline]
unsafe fn previous_of<'a>(address: usize) -> &'a AtomicUsize {
    // SAFETY: by the caller; an entry is two words.
    unsafe { &*ptr::with_exposed_provenance::<AtomicUsize>((address & !1) - size_of::<usize>()) }
}

impl Head {
    #[inline]
    fn of_this_thread() -> &'static Self {
        let mut head = HEAD.get();
        if head.is_null() {
            head = Self::find();
        }
        // SAFETY: the head lives as long as the thread, and no value here outlives its method call.
        unsafe { &*head }
    }

    #[inline]
    fn address(&self) -> usize {
        ptr::from_ref(self).expose_provenance()
    }

    /// Asks the kernel for the head that the C library has set for this thread.
    #[cold]
    fn find() -> *const Self {
        watch_forks();
        let mut head: *const Self = ptr::null();
        let mut length = 0usize;
        // SAFETY: writes an address and a length to two places of that size; 0 is this thread.
        let result =
            unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &raw mut head, &raw mut length) };
        assert_eq!(
            result,
            0,
            "this kernel has no robust lists: {}",
            std::io::Error::last_os_error()
        );
        assert!(
            !head.is_null() && length == size_of::<Self>(),
            "the C library has no robust list for this thread: processes needs glibc"
        );
        // SAFETY: the kernel has it from the C library, which keeps it as long as the thread lives.
        let distance = unsafe { (*head).distance };
        assert_eq!(
            distance, DISTANCE,
            "a C library whose robust mutexes are laid out in another way"
        );
        HEAD.set(head);
        head
    }
}

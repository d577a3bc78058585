//! The barrier between processes: none goes on before all have arrived, and all learn when one can
//! no longer come.
//!
//! | state   | `word`                  | meaning                                    | left by                                |
//! | ------- | ----------------------- | ------------------------------------------ | -------------------------------------- |
//! | filling | even: the round, twice  | so many have arrived, and sleep            | the last to arrive: the next round     |
//! | broken  | odd                     | one died, gave up, or called `abort`       | `reset`: the next round, not broken    |
//!
//! Each handle that has waited once is a _member_ until it is dropped. A killed process cannot drop
//! its handle, so a member whose process is gone will never come. Then the barrier breaks for all,
//! whether the dead process was asleep in it or at work. The waiters check every 20 ms. (A process
//! that had arrived and was killed in its sleep still counts for that round. The next round
//! breaks.) A [`reset`](SharedBarrier::reset) forgets dead members, and another process can take
//! the place.

use primitives::sync::atomic::AtomicU32;
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::alloc::Layout;
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::futex::{self, Deadline};
use crate::members::Members;
use crate::robust::{Found, RobustLock};
use crate::segment::{Segment, Shared};

/// The most handles, over all processes, that may be members.
const MOST_MEMBERS: usize = if cfg!(model) { 3 } else { 256 };
/// How often a waiter looks for dead members.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The barrier is broken.
const BROKEN: u32 = 1;
/// One round.
const ROUND: u32 = 2;
/// In `ended`: all parties of the round arrived.
const TRIPPED: u32 = 1;
/// A thread that wakes this many rounds late treats its round as broken.
const REMEMBERED: usize = 16;

/// Relaxed where no other ordering is explained: under the lock.
#[repr(C, align(64))]
#[derive(Default)]
struct Body {
    lock: RobustLock,
    /// The word that the waiters sleep on.
    word: AtomicU32,
    parties: AtomicU32,
    arrived: AtomicU32,
    /// How the last rounds ended: the word that they began with, and whether they [`TRIPPED`].
    ended: [AtomicU32; REMEMBERED],
    members: Members<MOST_MEMBERS>,
}

// SAFETY: zeros are a barrier without parties, and `new` sets their number; it has only atomics,
// and no address except the lock's own.
unsafe impl Shared for Body {
    const KIND: u32 = 6;
}

const NOTHING: Layout = Layout::new::<()>();

/// A point that threads of all processes pass together.
///
/// _Python_: `multiprocessing.Barrier`, which hangs when a participating process is killed. There
/// is no `action`, because a closure cannot be shared: the
/// [leader](SharedBarrierWaitResult::is_leader) can do it.
///
/// ```
/// use processes::SharedBarrier;
///
/// let start = SharedBarrier::new(2)?;
/// std::thread::scope(|s| {
///     let other = s.spawn(|| start.wait().unwrap().is_leader());
///     let here = start.wait().unwrap().is_leader();
///     assert_ne!(here, other.join().unwrap());
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct SharedBarrier {
    handle: Arc<Handle>,
}

struct Handle {
    segment: Segment<Body>,
    /// Its place among the members, and the number of forks until then.
    member: primitives::Lock<Option<(usize, u32)>>,
}

impl SharedBarrier {
    /// A barrier for `parties` threads. Costs about 20 µs and a file descriptor.
    ///
    /// # Errors
    ///
    /// The system's error: no file descriptor or no memory is left.
    ///
    /// # Panics
    ///
    /// If `parties` is zero, or more than 2³¹ − 1.
    pub fn new(parties: usize) -> io::Result<Self> {
        assert!(parties > 0, "a barrier of 0 parties: at least 1 is needed");
        let parties = i32::try_from(parties).expect("at most 2147483647 parties");
        let segment = Segment::<Body>::create(NOTHING, 0)?;
        segment.parties.store(parties.cast_unsigned(), Relaxed);
        Ok(Self::from_segment(segment))
    }

    fn from_segment(segment: Segment<Body>) -> Self {
        Self { handle: Arc::new(Handle { segment, member: primitives::Lock::new(None) }) }
    }

    /// Blocks until all parties have arrived.
    ///
    /// # Errors
    ///
    /// [`BrokenSharedBarrier`]: one of them died, or its time was up, or the barrier was aborted or
    /// reset.
    ///
    /// # Panics
    ///
    /// If 256 handles of living processes are members.
    pub fn wait(&self) -> Result<SharedBarrierWaitResult, BrokenSharedBarrier> {
        self.wait_until(None)
    }

    /// As [`wait`](Self::wait), for at most `timeout`; then the barrier breaks, for all.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(
        &self,
        timeout: Duration,
    ) -> Result<SharedBarrierWaitResult, BrokenSharedBarrier> {
        self.wait_until(futex::after(timeout))
    }

    /// As [`wait`](Self::wait), until `deadline` at most; then the barrier breaks, for all.
    ///
    /// # Errors
    ///
    /// As [`wait`](Self::wait).
    pub fn wait_deadline(
        &self,
        deadline: Instant,
    ) -> Result<SharedBarrierWaitResult, BrokenSharedBarrier> {
        self.wait_until(Some(deadline))
    }

    /// Breaks the barrier: all waiters and all later arrivals get the error.
    pub fn abort(&self) {
        let _table = self.body().table();
        self.body().shatter();
    }

    /// Empties the barrier, and forgets dead members. Waiters get the error.
    pub fn reset(&self) {
        let body = self.body();
        let _table = body.table();
        body.members.bury(|_| ());
        if body.arrived.load(Relaxed) > 0 {
            body.shatter();
        }
        let word = body.word.load(Relaxed);
        // Release: pairs with the Acquire of the sleepers, which find in `ended` that their round
        // was broken.
        body.word.store((word & !BROKEN).wrapping_add(ROUND), Release);
    }

    /// How many are needed.
    #[must_use]
    pub fn parties(&self) -> usize {
        self.body().parties.load(Relaxed) as usize
    }

    /// How many wait at this moment.
    #[must_use]
    pub fn n_waiting(&self) -> usize {
        self.body().arrived.load(Relaxed) as usize
    }

    /// Whether it is broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.body().word.load(Relaxed) & BROKEN != 0
    }

    fn body(&self) -> &Body {
        &self.handle.segment
    }

    fn wait_until(
        &self,
        deadline: Deadline,
    ) -> Result<SharedBarrierWaitResult, BrokenSharedBarrier> {
        self.handle.become_member();
        let body = self.body();
        let table = body.table();
        let begun = body.word.load(Relaxed);
        if begun & BROKEN != 0 {
            return Err(BrokenSharedBarrier);
        }
        let index = body.arrived.load(Relaxed);
        if index + 1 == body.parties.load(Relaxed) {
            body.end_round(begun, TRIPPED);
            body.arrived.store(0, Relaxed);
            // Release: pairs with the Acquire of the sleepers.
            body.word.store(begun.wrapping_add(ROUND), Release);
            drop(table);
            futex::wake_all(&body.word);
            return Ok(SharedBarrierWaitResult { index: index as usize, leader: true });
        }
        body.arrived.store(index + 1, Relaxed);
        drop(table);
        loop {
            futex::wait(&body.word, begun, futex::at_most(deadline, LOOK_EVERY));
            // Acquire: pairs with the Release of the thread that ended the round.
            if body.word.load(Acquire) == begun {
                let _table = body.table();
                let is_stuck = || futex::is_over(deadline) || body.members.dead().next().is_some();
                if body.word.load(Relaxed) == begun && is_stuck() {
                    body.shatter();
                }
            }
            if body.word.load(Acquire) != begun {
                return if body.has_tripped(begun) {
                    Ok(SharedBarrierWaitResult { index: index as usize, leader: false })
                } else {
                    Err(BrokenSharedBarrier)
                };
            }
        }
    }
}

/// Holds the lock; the data under it is consistent.
struct Table<'a>(&'a Body);

impl Drop for Table<'_> {
    fn drop(&mut self) {
        self.0.lock.release();
    }
}

impl Body {
    fn table(&self) -> Table<'_> {
        let Ok(found) = self.lock.acquire(None) else { unreachable!("no deadline") };
        let table = Table(self);
        if found == Found::Damaged {
            // A participant was killed on its way in or out.
            self.shatter();
            self.lock.set_repaired();
        }
        table
    }

    /// Breaks the open round, and wakes its waiters.
    fn shatter(&self) {
        let word = self.word.load(Relaxed);
        if word & BROKEN == 0 {
            self.end_round(word, 0);
            self.arrived.store(0, Relaxed);
            // Release: pairs with the Acquire of the sleepers.
            self.word.store(word | BROKEN, Release);
        }
        futex::wake_all(&self.word);
    }

    /// Notes how a round ended, for threads that wake late. Called before the word moves.
    fn end_round(&self, word: u32, how: u32) {
        let place = (word / ROUND) as usize % REMEMBERED;
        self.ended[place].store((word & !BROKEN) | how, Relaxed);
    }

    fn has_tripped(&self, begun: u32) -> bool {
        let place = (begun / ROUND) as usize % REMEMBERED;
        // Relaxed: it was written before the word moved, which this thread has seen.
        self.ended[place].load(Relaxed) == begun | TRIPPED
    }
}

impl Handle {
    fn become_member(&self) {
        let forks = crate::identity::forks();
        let mut member = self.member.lock();
        if member.is_none_or(|(_, known)| known != forks) {
            let table = self.segment.table();
            // Entries of dead members stay: they break the barrier until it is reset.
            let number = self.segment.members.join_free();
            drop(table);
            let number = number.expect("256 handles of processes wait at this barrier already");
            *member = Some((number, forks));
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some((number, forks)) = *self.member.get_mut()
            && forks == crate::identity::forks()
        {
            self.segment.members.leave(number);
        }
    }
}

/// All parties have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SharedBarrierWaitResult {
    index: usize,
    leader: bool,
}

impl SharedBarrierWaitResult {
    /// The place in the order of arrival, from 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.index
    }

    /// Whether this thread arrived last: exactly one of each round.
    #[must_use]
    pub fn is_leader(self) -> bool {
        self.leader
    }
}

/// The barrier is broken: a participant died or gave up, or a thread aborted or reset it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenSharedBarrier;

impl fmt::Display for BrokenSharedBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the barrier is broken: one that takes part died, gave up, or aborted or reset it",
        )
    }
}

impl Error for BrokenSharedBarrier {}

// A panic leaves the table and the handle consistent.
impl std::panic::RefUnwindSafe for SharedBarrier {}
impl std::panic::UnwindSafe for SharedBarrier {}

impl fmt::Debug for SharedBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBarrier")
            .field("parties", &self.parties())
            .field("n_waiting", &self.n_waiting())
            .field("broken", &self.is_broken())
            .finish()
    }
}

impl Serialize for SharedBarrier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.handle.segment.give(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedBarrier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_segment(Segment::take(NOTHING, deserializer)?))
    }
}

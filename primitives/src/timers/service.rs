//! The thread behind the timers: when it sleeps, what wakes it, and what happens to a panicking
//! callback.

use std::mem;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use super::job::{Job, next_deadline};
use super::schedule::{Due, Key, NEVER, Removed, Schedule};
use crate::condition::Condition;
use crate::lock::Lock;
use crate::park;
use crate::threads::catch_panic;
use crate::threads::unwind::catch_unwind;

/// What the timers, their handles and their thread share.
pub(super) struct Service {
    /// The start of time: deadlines are nanoseconds after it.
    beginning: Instant,
    state: Lock<State>,
    /// Notified when there is an earlier deadline, or at shutdown.
    changed: Condition,
}

struct State {
    schedule: Schedule<Box<dyn Job>>,
    /// Until when the thread sleeps; `AWAKE` if it does not, or is about to wake up.
    asleep_until: u64,
    /// A timer was set that is earlier than all others, since the thread last fell asleep.
    more_may_come: bool,
    shut_down: bool,
}

/// Earlier than every deadline, so that no call wakes a thread that is awake.
const AWAKE: u64 = 0;

/// Nanoseconds that the thread sleeps at most after a timer was set that is earlier than all
/// others. Where one comes, more may come, each earlier than the last, and each would wake the
/// thread for nothing but to sleep less long. So it sleeps for a moment first, and what is set
/// meanwhile and due later need not wake it. To wake it costs a call to the kernel, so a burst of
/// such timers would take five times as long.
const MOMENT: u64 = 100_000;

impl Service {
    pub(super) fn new() -> Self {
        let state = State {
            schedule: Schedule::new(),
            asleep_until: AWAKE,
            more_may_come: false,
            shut_down: false,
        };
        Self { beginning: park::now(), state: Lock::new(state), changed: Condition::new() }
    }

    /// The present, in nanoseconds.
    pub(super) fn now(&self) -> u64 {
        self.time_of(park::now())
    }

    /// An instant, in nanoseconds; 0 for all that was before the beginning.
    pub(super) fn time_of(&self, instant: Instant) -> u64 {
        nanoseconds(instant.saturating_duration_since(self.beginning))
    }

    // ANCHOR: set
    /// Adds a job, and wakes the thread if it would sleep past the deadline.
    pub(super) fn set(&self, deadline: u64, job: Box<dyn Job>) -> Key {
        let mut state = self.state.lock();
        debug_assert!(!state.shut_down, "a thread that can set a timer keeps the timers alive");
        state.more_may_come |= state.schedule.next_deadline().is_none_or(|first| deadline < first);
        let key = state.schedule.insert(deadline, job);
        let too_long = deadline < state.asleep_until;
        if too_long {
            state.asleep_until = AWAKE; // so the next timer need not wake it again
        }
        drop(state);
        if too_long {
            self.changed.notify_one();
        }
        key
    }
    // ANCHOR_END: set

    /// Takes a job out; `false` if it is no longer there.
    pub(super) fn cancel(&self, key: Key) -> bool {
        // In two steps: the callback must be dropped after the lock is released.
        let removed = self.state.lock().schedule.remove(key);
        match removed {
            Some(Removed::Waiting(job)) => {
                drop(job);
                true
            }
            Some(Removed::Lent) => true,
            None => false,
        }
    }

    /// Discards all jobs and lets the thread end. Returns how many there were.
    pub(super) fn shut_down(&self) -> usize {
        let mut state = self.state.lock();
        state.shut_down = true;
        let discarded = mem::replace(&mut state.schedule, Schedule::new());
        drop(state);
        self.changed.notify_one();
        discarded.len() // and the callbacks are dropped here, after the lock
    }

    pub(super) fn pending(&self) -> usize {
        self.state.lock().schedule.len()
    }

    pub(super) fn is_pending(&self, key: Key) -> bool {
        self.state.lock().schedule.contains(key)
    }

    /// [`pending`](Self::pending) for `Debug`, which must not wait.
    pub(super) fn try_pending(&self) -> Option<usize> {
        self.state.try_lock().map(|state| state.schedule.len())
    }

    pub(super) fn try_is_pending(&self, key: Key) -> Option<bool> {
        self.state.try_lock().map(|state| state.schedule.contains(key))
    }

    // ANCHOR: serve
    /// What the thread does, until it is shut down.
    pub(super) fn serve(&self) {
        while self.serve_one() {}
    }

    /// Waits until a job is due, and calls it. Returns `false` if it is shut down.
    pub(super) fn serve_one(&self) -> bool {
        let Some(Due { key, deadline, item: mut job }) = self.wait_for_due() else { return false };
        let returned = contain(|| job.run());
        // In two steps: the rest must be dropped after the lock is released.
        let left = match job.period() {
            Some(period) if returned => {
                let next = next_deadline(deadline, period, self.now());
                self.state.lock().schedule.put_back(key, next, job)
            }
            Some(_) => {
                self.state.lock().schedule.end(key);
                Err(job)
            }
            None => Err(job),
        };
        contain(|| drop(left));
        true
    }

    /// Sleeps until a job is due and lends it; `None` if it is shut down.
    fn wait_for_due(&self) -> Option<Due<Box<dyn Job>>> {
        let mut state = self.state.lock();
        while !state.shut_down {
            let now = self.now();
            if let Some(due) = state.schedule.lend_due(now) {
                if due.item.period().is_none() {
                    // From here on the timer has fired: a `cancel` comes too late.
                    state.schedule.end(due.key);
                }
                return Some(due);
            }
            let mut until = state.schedule.next_deadline().unwrap_or(NEVER);
            if mem::take(&mut state.more_may_come) {
                until = until.min(now.saturating_add(MOMENT));
            }
            state.asleep_until = until;
            match self.beginning.checked_add(Duration::from_nanos(until)) {
                Some(deadline) if until != NEVER => {
                    self.changed.wait_deadline(&mut state, deadline);
                }
                _ => self.changed.wait(&mut state),
            }
            state.asleep_until = AWAKE;
        }
        None
    }
    // ANCHOR_END: serve
}

/// Calls the program's code. Returns whether it returned without a panic. The hook has reported a
/// panic.
fn contain(f: impl FnOnce()) -> bool {
    let Err(panic) = catch_panic(AssertUnwindSafe(f)) else { return true };
    // The payload belongs to the program too, and its drop may panic in turn. That panic is
    // contained as well.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        mem::forget(payload);
    }
    false
}

/// The whole number of nanoseconds; 584 years and more become `NEVER`.
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER)
}

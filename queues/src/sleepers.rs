//! The sleepers on one side of a queue, and how many of them have been called.

/// The sleepers of one side (putters, or getters), as plain numbers under the queue's lock.
///
/// A notification costs a system call, so it should go to a sleeper that has not had one. A
/// notified thread needs 30 µs to run again, in which a fast producer puts a hundred items. If it
/// notified for each of them because "a thread waits", it would call the kernel a hundred times for
/// one sleeper. So the _notifier_ records that the sleeper has been called, and never calls more
/// sleepers than there are.
///
/// A sleeper may also leave by itself (its time is up, or the wake-up was spurious), perhaps while
/// there is a call for it or for another. It need not know for which: a thread that leaves takes
/// one call with it, if there is one. If that call was for another thread, the other counts as not
/// called, and may be called again: an extra call, never a missing one.
#[derive(Debug, Default)]
pub(crate) struct Sleepers {
    /// Threads between [`enter`](Self::enter) and [`leave`](Self::leave), and [`WATCHED`].
    asleep: usize,
    /// Calls that none of them has taken yet; at most `asleep`.
    called: usize,
}

/// In `asleep`: a [`Select`](crate::Select) watches, and must be told too. Having it in the number
/// costs a put nothing: one comparison says that there is a thread to call, or a select, or
/// neither.
const WATCHED: usize = 1 << (usize::BITS - 1);

impl Sleepers {
    /// From now on, or no longer, a select watches.
    pub(crate) fn watch(&mut self, watched: bool) {
        self.asleep = self.asleep() | if watched { WATCHED } else { 0 };
    }

    /// Whether a select watches.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.asleep & WATCHED != 0
    }

    /// A thread is about to sleep.
    #[inline]
    pub(crate) fn enter(&mut self) {
        self.asleep += 1;
    }

    /// A thread has woken up, for any reason.
    #[inline]
    pub(crate) fn leave(&mut self) {
        self.asleep -= 1;
        self.called = self.called.saturating_sub(1);
    }

    /// One leaves that was not `woken`, or was and does nothing with it. Returns whether it takes a
    /// call with it, which then is another's: call one more.
    #[cfg(not(explore))]
    pub(crate) fn leave_early(&mut self, woken: bool) -> bool {
        let takes_a_call = self.called > 0 && (woken || self.called == self.asleep());
        self.asleep -= 1;
        self.called -= usize::from(takes_a_call);
        takes_a_call
    }

    /// There is work for one sleeper. Returns whether to notify one, or to tell those that watch.
    #[inline]
    pub(crate) fn call_one(&mut self) -> bool {
        let uncalled = self.called < self.asleep;
        if uncalled {
            // Without a sleeper nothing is written; and never more calls than sleepers.
            self.called = (self.called + 1).min(self.asleep());
        }
        uncalled
    }

    /// There is something to do for so many sleepers. Returns how many to notify.
    pub(crate) fn call(&mut self, events: usize) -> usize {
        let calls = events.min(self.asleep() - self.called);
        self.called += calls;
        calls
    }

    /// How many sleep.
    #[inline]
    pub(crate) fn asleep(&self) -> usize {
        self.asleep & !WATCHED
    }
}

#[cfg(test)]
mod tests {
    use super::Sleepers;

    #[test]
    fn nobody_is_called_twice() {
        let mut sleepers = Sleepers::default();
        assert!(!sleepers.call_one(), "no sleeper");
        sleepers.enter();
        assert!(sleepers.call_one());
        assert!(!sleepers.call_one(), "it has been called already");
        sleepers.leave();
        sleepers.enter();
        assert!(sleepers.call_one(), "a new sleep needs a new call");
    }

    #[test]
    fn many_events_call_each_sleeper_once() {
        let mut sleepers = Sleepers::default();
        assert_eq!(sleepers.call(3), 0, "no sleeper");
        (0..4).for_each(|_| sleepers.enter());
        assert!(sleepers.call_one());
        assert_eq!(sleepers.call(2), 2);
        assert_eq!(sleepers.call(2), 1, "three have been called already");
        assert_eq!(sleepers.call(0), 0);
    }

    #[test]
    fn one_that_leaves_on_its_own_takes_its_place_along() {
        let mut sleepers = Sleepers::default();
        sleepers.enter();
        sleepers.leave();
        assert!(!sleepers.call_one());
    }

    #[test]
    fn one_that_leaves_with_the_call_of_another_makes_it_callable_again() {
        let mut sleepers = Sleepers::default();
        sleepers.enter();
        sleepers.enter();
        assert!(sleepers.call_one());
        sleepers.leave();
        assert!(sleepers.call_one(), "an extra call, never a missing one");
        assert_eq!(sleepers.asleep(), 1);
    }

    #[test]
    fn those_that_watch_are_told_of_each_item_and_take_no_call() {
        let mut sleepers = Sleepers::default();
        sleepers.watch(true);
        assert!(sleepers.call_one() && sleepers.call_one(), "of each item");
        assert_eq!((sleepers.call(3), sleepers.asleep()), (0, 0), "no thread sleeps");
        sleepers.enter();
        assert!(sleepers.call_one());
        assert_eq!(sleepers.call(1), 0, "it has been called already");
        sleepers.watch(false);
        assert!(!sleepers.call_one());
        sleepers.leave();
        assert!(!sleepers.is_watched() && !sleepers.call_one());
    }
}

//! Models of [`Rendezvous`]: each item changes hands once or not at all, and both sides know which.

use std::time::Duration;

use model::Reach::{Named, Slept, TimedOut, Woken};
use model::{Group, Scenario, reached};
use primitives::Lock;
use queues::{GetTimeoutError, PutTimeoutError, Receiver, Rendezvous, Select, Sender, channel};

/// Long for the real clock; in a model the runtime chooses whether the time is up.
const A_WHILE: Duration = Duration::from_secs(3600);

/// A rendezvous, what was got, and what came back to its putter.
struct Counter {
    queue: Rendezvous<u32>,
    got: Lock<Vec<u32>>,
    back: Lock<Vec<u32>>,
}

impl Counter {
    fn new() -> Self {
        Self { queue: Rendezvous::new(), got: Lock::new(Vec::new()), back: Lock::new(Vec::new()) }
    }

    fn put(&self, item: u32) {
        self.queue.put(item).expect("it is not shut down");
    }

    /// Puts an item, or gets it back because of a shutdown.
    fn put_or_not(&self, item: u32) {
        if let Err(error) = self.queue.put(item) {
            reached("came back");
            self.back.lock().push(error.into_inner());
        }
    }

    /// Puts an item, or gives up.
    fn put_for_a_while(&self, item: u32) {
        match self.queue.put_timeout(item, A_WHILE) {
            Ok(()) => reached("was taken"),
            Err(PutTimeoutError::Timeout(item)) => {
                reached("gave up to put");
                self.back.lock().push(item);
            }
            Err(PutTimeoutError::Shutdown(_)) => unreachable!("no thread shuts it down"),
        }
    }

    fn get_one(&self) {
        let item = self.queue.get().expect("it is not shut down");
        self.got.lock().push(item);
    }

    fn get_or_not(&self) {
        match self.queue.get() {
            Ok(item) => self.got.lock().push(item),
            Err(_) => reached("got nothing"),
        }
    }

    /// Gets an item, or gives up.
    fn get_for_a_while(&self) {
        match self.queue.get_timeout(A_WHILE) {
            Ok(item) => self.got.lock().push(item),
            Err(GetTimeoutError::Timeout) => reached("gave up to get"),
            Err(GetTimeoutError::Shutdown) => reached("got nothing"),
        }
    }

    /// Each item is somewhere, once, and no thread is in line.
    fn holds(&self, items: &[u32]) {
        let mut all = self.got.lock().clone();
        all.extend(self.back.lock().iter());
        all.sort_unstable();
        assert_eq!(all, items);
        assert_eq!((self.queue.putters_waiting(), self.queue.getters_waiting()), (0, 0));
    }
}

pub(crate) fn group() -> Group {
    beside(ends(timed(meeting(Group::new("rendezvous")))))
}

fn meeting(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("one-item", "One puts, one gets.", Counter::new)
                .role("puts", |counter| counter.put(1))
                .role("gets", Counter::get_one)
                .check(|counter| counter.holds(&[1]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "returns-when-taken",
                "When a put has returned, the item is not its putter's any more.",
                Counter::new,
            )
            .role("puts", |counter| {
                counter.put(1);
                assert_eq!(counter.queue.unfinished(), 1);
            })
            .role("gets", Counter::get_one)
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-to-one", "Two put one each, one gets both.", Counter::new)
                .role("puts 1", |counter| counter.put(1))
                .role("puts 2", |counter| counter.put(2))
                .role("gets two", |counter| {
                    counter.get_one();
                    counter.get_one();
                })
                .spurious(0)
                .bound(Some(2))
                .check(|counter| counter.holds(&[1, 2]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("one-to-two", "One puts two, two get one each.", Counter::new)
                .role("puts two", |counter| {
                    counter.put(1);
                    counter.put(2);
                })
                .roles(2, "gets one", Counter::get_one)
                .spurious(0)
                .bound(Some(2))
                .check(|counter| counter.holds(&[1, 2]))
                .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("tries", "A try meets one that waits, and no other.", Counter::new)
                .role("tries to put", |counter| match counter.queue.try_put(1) {
                    Ok(()) => reached("was taken"),
                    Err(error) => counter.back.lock().push(error.into_inner()),
                })
                .role("gets for a while", Counter::get_for_a_while)
                .spurious(0)
                .bound(Some(3))
                .check(|counter| counter.holds(&[1]))
                .reaches([Slept, Named("was taken"), Named("gave up to get")]),
        )
}

fn timed(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "both-give-up",
                "Both may give up: the item is got, or comes back.",
                Counter::new,
            )
            .role("puts for a while", |counter| counter.put_for_a_while(1))
            .role("gets for a while", Counter::get_for_a_while)
            .spurious(0)
            .bound(Some(3))
            .check(|counter| counter.holds(&[1]))
            .reaches([
                Slept,
                Woken,
                TimedOut,
                Named("was taken"),
                Named("gave up to put"),
                Named("gave up to get"),
            ]),
        )
        .scenario(
            Scenario::new(
                "leaves-the-line",
                "Of two in line the one that gives up takes no place along.",
                Counter::new,
            )
            .role("puts for a while", |counter| counter.put_for_a_while(1))
            .role("puts", |counter| counter.put(2))
            .role("gets until 2", |counter| {
                while !counter.got.lock().contains(&2) {
                    counter.get_one();
                }
            })
            .spurious(0)
            .bound(Some(2))
            .check(|counter| counter.holds(&[1, 2]))
            .reaches([
                Slept,
                Woken,
                TimedOut,
                Named("was taken"),
                Named("gave up to put"),
            ]),
        )
}

fn ends(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("sends-a-putter-away", "An item comes back.", Counter::new)
                .role("puts", |counter| counter.put_or_not(1))
                .role("shuts down", |counter| counter.queue.shutdown())
                .check(|counter| assert_eq!(*counter.back.lock(), [1]))
                .reaches([Slept, Woken, Named("came back")]),
        )
        .scenario(
            Scenario::new("sends-a-getter-away", "A getter gets nothing.", Counter::new)
                .role("gets", Counter::get_or_not)
                .role("shuts down", |counter| counter.queue.shutdown())
                .check(|counter| counter.holds(&[]))
                .reaches([Slept, Woken, Named("got nothing")]),
        )
        .scenario(
            Scenario::new(
                "ends-in-the-middle",
                "An item is got, or comes back; both sides know.",
                Counter::new,
            )
            .role("puts", |counter| counter.put_or_not(1))
            .role("gets", Counter::get_or_not)
            .role("shuts down", |counter| counter.queue.shutdown())
            .spurious(0)
            .bound(Some(2))
            .check(|counter| counter.holds(&[1]))
            .reaches([Slept, Woken, Named("came back"), Named("got nothing")]),
        )
}

/// A half for each of the two.
struct Halves {
    sender: Lock<Option<Sender<u32, Rendezvous<u32>>>>,
    receiver: Lock<Option<Receiver<u32, Rendezvous<u32>>>>,
}

impl Halves {
    fn new() -> Self {
        let (sender, receiver) = channel(Rendezvous::new());
        Self { sender: Lock::new(Some(sender)), receiver: Lock::new(Some(receiver)) }
    }
}

fn beside(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "selects",
                "A select is told of a putter that stands in line.",
                Counter::new,
            )
            .role("puts", |counter| counter.put(1))
            .role("selects", |counter| {
                let item = Select::new().queue(&counter.queue, |item| item).select();
                counter.got.lock().push(item.expect("it is not shut down"));
            })
            .spurious(0)
            .bound(Some(3))
            .check(|counter| counter.holds(&[1]))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "receiver-goes",
                "With the last receiver an item goes back to its putter.",
                Halves::new,
            )
            .role("puts", |halves| {
                let sender = halves.sender.lock().take().expect("one for each role");
                assert_eq!(sender.put(1).map_err(|error| error.into_inner()), Err(1));
            })
            .role("goes", |halves| drop(halves.receiver.lock().take()))
            .bound(Some(3))
            .reaches([Slept, Woken]),
        )
}

//! Models of the halves of a queue: their last drop ends the other side, and no item is lost.

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use primitives::Lock;
use queues::{Queue, Receiver, Sender, channel_returning};
use std::sync::Arc;

/// The halves, each to be taken by one role, and where items have ended up.
struct Halves {
    senders: Lock<Vec<Sender<u32>>>,
    receivers: Lock<Vec<Receiver<u32>>>,
    got: Lock<Vec<u32>>,
    given_back: Arc<Lock<Vec<u32>>>,
}

impl Halves {
    fn new(senders: usize, receivers: usize, capacity: usize) -> Self {
        let given_back = Arc::new(Lock::new(Vec::new()));
        let (sender, receiver) = channel_returning(Queue::bounded(capacity), {
            let given_back = Arc::clone(&given_back);
            move |rest| given_back.lock().extend(rest)
        });
        Self {
            senders: Lock::new(vec![sender; senders]),
            receivers: Lock::new(vec![receiver; receivers]),
            got: Lock::new(Vec::new()),
            given_back,
        }
    }

    fn sender(&self) -> Sender<u32> {
        self.senders.lock().pop().expect("one for each role")
    }

    fn receiver(&self) -> Receiver<u32> {
        self.receivers.lock().pop().expect("one for each role")
    }

    /// Puts an item, or gets it back.
    fn put(&self, item: u32) {
        if let Err(error) = self.sender().put(item) {
            reached("came too late");
            self.given_back.lock().push(error.into_inner());
        }
    }

    /// Gets until no sender is left.
    fn get_all(&self) {
        for item in self.receiver() {
            self.got.lock().push(item);
        }
    }

    /// Gets one, and gives its half up.
    fn get_one(&self) {
        let item = self.receiver().get();
        self.got.lock().extend(item);
    }

    /// Each item is somewhere, once.
    fn holds_all(&self, items: &[u32]) {
        let mut all = self.got.lock().clone();
        all.extend(self.given_back.lock().iter());
        all.sort_unstable();
        assert_eq!(all, items);
    }
}

pub(crate) fn group() -> Group {
    Group::new("channel")
        .scenario(
            Scenario::new(
                "last-sender",
                "A receiver gets what is inside, and ends with the last sender.",
                || Halves::new(1, 1, 1),
            )
            .role("puts one", |halves| halves.put(1))
            .role("gets all", Halves::get_all)
            .bound(Some(3))
            .check(|halves| assert_eq!(*halves.got.lock(), [1]))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-senders", "The first sender that goes ends nothing.", || {
                Halves::new(2, 1, 2)
            })
            .role("puts 1", |halves| halves.put(1))
            .role("puts 2", |halves| halves.put(2))
            .role("gets all", Halves::get_all)
            .spurious(0)
            .bound(Some(2))
            .check(|halves| {
                halves.holds_all(&[1, 2]);
                assert_eq!(halves.got.lock().len(), 2);
            })
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new("two-receivers", "The last sender ends each of them.", || {
                Halves::new(1, 2, 1)
            })
            .role("puts one", |halves| halves.put(1))
            .roles(2, "gets all", Halves::get_all)
            .spurious(0)
            .bound(Some(2))
            .check(|halves| assert_eq!(*halves.got.lock(), [1]))
            .reaches([Slept, Woken]),
        )
        .scenario(
            Scenario::new(
                "last-receiver",
                "An item is got, or given back, or was never put.",
                || Halves::new(2, 1, 1),
            )
            .role("puts 1", |halves| halves.put(1))
            .role("puts 2", |halves| halves.put(2))
            .role("gets one", Halves::get_one)
            .spurious(0)
            .bound(Some(2))
            .check(|halves| {
                halves.holds_all(&[1, 2]);
                if halves.given_back.lock().len() == 1 {
                    reached("got one of two");
                }
            })
            .reaches([Slept, Woken, Named("came too late"), Named("got one of two")]),
        )
}

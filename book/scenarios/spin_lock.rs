//! The smallest lock that locks, and a message: what their orderings are for.

use std::cell::Cell;

use explorer::scenario::Expected::{Broken, Right};
use explorer::{Kind, Scenario};
use primitives::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use primitives::sync::atomic::{AtomicBool, AtomicU32};

use crate::listings::message;
use crate::listings::spin_lock::{SpinLock, deposit};

const FILE: &str = "book/listings/spin_lock.rs";
const MESSAGE: &str = "book/listings/message.rs";

struct Bank {
    lock: SpinLock,
    balance: AtomicU32,
}

/// The received value is not part of the program: only the check reads it.
struct Message {
    data: AtomicU32,
    ready: AtomicBool,
    received: Cell<u32>,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let make = || Bank { lock: SpinLock::new(), balance: AtomicU32::new(0) };
    let take = (FILE, "compare_exchange(false, true, Acquire, Relaxed)");
    let free = (FILE, "self.taken.store(false, Release)");
    let lost = Broken(Kind::Assertion);
    vec![
        Scenario::new("spin-lock", make)
            .threads(2, |bank| deposit(&bank.lock, &bank.balance))
            .check(|bank| {
                assert_eq!(
                    bank.balance.load(Relaxed),
                    2,
                    "two deposits were made, and one is lost"
                );
            })
            .one_inside(FILE, "inside")
            .weak()
            .shows(FILE, "calls")
            .shows(FILE, "deposit")
            .toggle(take, (Acquire, Relaxed), lost)
            .toggle(free, (Release, Relaxed), lost)
            .right(),
        Scenario::new("message", || Message {
            data: AtomicU32::new(0),
            ready: AtomicBool::new(false),
            received: Cell::new(0),
        })
        .thread(|post| message::send(&post.data, &post.ready))
        .thread(|post| post.received.set(message::receive(&post.data, &post.ready)))
        .check(|post| assert_eq!(post.received.get(), 42, "B has read an old number"))
        .weak()
        .shows(MESSAGE, "send")
        .shows(MESSAGE, "receive")
        .toggle((MESSAGE, "data.store(42, Relaxed)"), (Relaxed, Release), Right)
        .toggle((MESSAGE, "ready.store(true, Release)"), (Release, Relaxed), lost)
        .toggle((MESSAGE, "ready.load(Acquire)"), (Acquire, Relaxed), lost)
        .toggle((MESSAGE, "data.load(Relaxed)"), (Relaxed, Acquire), Right)
        .right(),
    ]
}

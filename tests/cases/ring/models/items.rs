//! Items that are dropped, and items that have no size: each is dropped exactly once, wherever it
//! ends up.

use std::cell::RefCell;

use model::Reach::{Named, Slept, Woken};
use model::{Group, Scenario, reached};
use queues::Ring;

use super::A_WHILE;

thread_local! {
    /// How many items were made and how many dropped. loom runs all threads of a model on one
    /// thread of the operating system, so this is one number, and counting is not a step of the
    /// model.
    static TALLY: RefCell<(usize, usize)> = const { RefCell::new((0, 0)) };
}

/// An item without a size.
struct Token;

impl Token {
    fn new() -> Self {
        TALLY.with_borrow_mut(|(made, _)| *made += 1);
        Self
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        TALLY.with_borrow_mut(|(_, dropped)| *dropped += 1);
    }
}

/// An item that owns memory, so that a second drop would also be a second release of it.
struct Parcel {
    _content: Box<u32>,
    _token: Token,
}

impl Parcel {
    fn new() -> Self {
        Self { _content: Box::new(7), _token: Token::new() }
    }
}

/// A ring whose items are counted, also those that are dropped with it.
struct Counted<T> {
    ring: Ring<T>,
    _verdict: Verdict,
}

/// Dropped after the ring, so that it knows the fate of every item.
struct Verdict;

impl Drop for Verdict {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let (made, dropped) = TALLY.take();
            assert_eq!(made, dropped, "items made, items dropped");
        }
    }
}

impl<T> Counted<T> {
    fn of(places: usize, items: impl IntoIterator<Item = T>) -> Self {
        let ring = Ring::bounded_in_its_last_lap(places);
        items.into_iter().for_each(|item| assert!(ring.put(item).is_ok()));
        Self { ring, _verdict: Verdict }
    }
}

pub(super) fn add_to(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "tokens",
                "Items without a size: given up, got, or dropped with the ring.",
                || {
                    TALLY.take();
                    Counted::of(1, [Token::new()])
                },
            )
            .role("may give up", |counted| {
                if counted.ring.put_timeout(Token::new(), A_WHILE).is_err() {
                    reached("gave up");
                }
            })
            .role("gets", |counted| assert!(counted.ring.get().is_ok()))
            .reaches([Slept, Woken, Named("gave up")]),
        )
        .scenario(
            Scenario::new(
                "parcels",
                "Items with a drop of their own: refused, got, or left over at a shutdown.",
                || {
                    TALLY.take();
                    Counted::of(2, [Parcel::new()])
                },
            )
            .role("puts", |counted| {
                if counted.ring.put(Parcel::new()).is_err() {
                    reached("was refused");
                }
            })
            .role("gets", |counted| {
                if counted.ring.try_get().is_ok() {
                    reached("got one");
                }
            })
            .role("shuts down now", |counted| {
                if !counted.ring.shutdown_now().is_empty() {
                    reached("left over");
                }
            })
            .reaches([Named("was refused"), Named("got one"), Named("left over")]),
        )
}

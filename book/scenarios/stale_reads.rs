//! What goes wrong though every order of steps is right: an old value.

use std::cell::Cell;

use explorer::scenario::Builder;
use explorer::scenario::Expected::{Broken, Right};
use explorer::{Kind, Scenario};
use primitives::sync::atomic::Ordering::{AcqRel, Relaxed, Release, SeqCst};
use primitives::sync::atomic::{AtomicBool, AtomicU32};

use crate::listings::{fenced_flags, peterson, peterson_fenced, peterson_swap, store_buffering};

const FLAGS: &str = "book/listings/store_buffering.rs";
const FENCED_FLAGS: &str = "book/listings/fenced_flags.rs";
const NAIVE: &str = "book/listings/peterson.rs";
const SWAPPED: &str = "book/listings/peterson_swap.rs";
const FENCED: &str = "book/listings/peterson_fenced.rs";

/// Two flags, and what each thread saw of the other's. (Only the check reads that, so it is not
/// part of the program.)
struct Flags {
    a: AtomicBool,
    b: AtomicBool,
    a_saw: Cell<bool>,
    b_saw: Cell<bool>,
}

struct Bank<L> {
    lock: L,
    balance: AtomicU32,
}

pub(super) fn scenarios() -> Vec<Scenario> {
    let before_turn = (FENCED, "fence(SeqCst); // so that it sees");
    let after_turn = (FENCED, "fence(SeqCst); // so that we see");
    let two_inside = Broken(Kind::TwoInside);
    vec![
        flags("store-buffering", store_buffering::raise_and_look)
            .weak()
            .shows(FLAGS, "raise-and-look")
            .broken(Kind::Assertion),
        flags("store-buffering-in-order", store_buffering::raise_and_look)
            .shows(FLAGS, "raise-and-look")
            .right(),
        flags("fenced-flags", fenced_flags::raise_and_look)
            .weak()
            .shows(FENCED_FLAGS, "raise-and-look")
            .toggle((FENCED_FLAGS, "fence(SeqCst);"), (SeqCst, AcqRel), Broken(Kind::Assertion))
            .right(),
        peterson("peterson-in-order").right(),
        peterson("peterson").weak().broken(Kind::TwoInside),
        Scenario::new("peterson-fenced", || Bank {
            lock: peterson_fenced::Peterson::new(),
            balance: AtomicU32::new(0),
        })
        .thread(|bank| peterson_fenced::deposit(&bank.lock, 0, &bank.balance))
        .thread(|bank| peterson_fenced::deposit(&bank.lock, 1, &bank.balance))
        .check(|bank| assert_eq!(bank.balance.load(Relaxed), 2, "a deposit is lost"))
        .one_inside(FENCED, "inside")
        .weak()
        .shows(FENCED, "calls")
        .shows(FENCED, "deposit")
        .toggle(before_turn, (SeqCst, AcqRel), two_inside)
        .toggle(after_turn, (SeqCst, AcqRel), two_inside)
        .right(),
        Scenario::new("peterson-swap", || Bank {
            lock: peterson_swap::Peterson::new(),
            balance: AtomicU32::new(0),
        })
        .thread(|bank| peterson_swap::deposit(&bank.lock, 0, &bank.balance))
        .thread(|bank| peterson_swap::deposit(&bank.lock, 1, &bank.balance))
        .check(|bank| assert_eq!(bank.balance.load(Relaxed), 2, "a deposit is lost"))
        .one_inside(SWAPPED, "inside")
        .weak()
        .shows(SWAPPED, "calls")
        .shows(SWAPPED, "deposit")
        .toggle((SWAPPED, "store(true, Relaxed)"), (Relaxed, Release), Right)
        .toggle((SWAPPED, "self.first.swap(other, AcqRel)"), (AcqRel, Release), two_inside)
        .right(),
    ]
}

/// Each thread raises its flag, and looks at the other's.
fn flags(
    name: &'static str,
    raise_and_look: fn(&AtomicBool, &AtomicBool) -> bool,
) -> Builder<Flags> {
    let make = || Flags {
        a: AtomicBool::new(false),
        b: AtomicBool::new(false),
        a_saw: Cell::new(false),
        b_saw: Cell::new(false),
    };
    Scenario::new(name, make)
        .thread(move |flags| flags.a_saw.set(raise_and_look(&flags.a, &flags.b)))
        .thread(move |flags| flags.b_saw.set(raise_and_look(&flags.b, &flags.a)))
        .check(|flags| {
            assert!(flags.a_saw.get() || flags.b_saw.get(), "neither has seen the other's flag");
        })
}

/// Two deposits under Peterson's lock, without a fence.
fn peterson(name: &'static str) -> Builder<Bank<peterson::Peterson>> {
    let make = || Bank { lock: peterson::Peterson::new(), balance: AtomicU32::new(0) };
    Scenario::new(name, make)
        .thread(|bank| peterson::deposit(&bank.lock, 0, &bank.balance))
        .thread(|bank| peterson::deposit(&bank.lock, 1, &bank.balance))
        .one_inside(NAIVE, "inside")
        .shows(NAIVE, "calls")
        .shows(NAIVE, "deposit")
}

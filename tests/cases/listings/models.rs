//! Models of the book's listings: listings that a chapter calls broken are proven broken, and those
//! that it calls right hold.

use book::listings::{
    after_the_end, answer, counted_sleepers, early_waker, fenced_flags, fenced_sleepers,
    forgotten_permit, gate, halves, hatch, if_for_while, late_waker, locks_twice, look_again,
    look_then_sleep, mailbox, message, missed_ring, not_a_lock, one_increment, owner_too_late,
    peterson, peterson_fenced, peterson_swap, sleeping_lock, spin_lock, store_buffering, too_early,
    turnstile, two_increments, with_lock, wrong_word,
};
use model::Reach::{Slept, SpuriousWakeUp};
use model::report::Kind;
use model::{Group, Scenario};
use primitives::sync::atomic::Ordering::Relaxed;
use primitives::sync::atomic::{AtomicBool, AtomicU32};
use primitives::{Barrier, Condition, Lock};

mod accounts;
mod claims;
mod deaths;
mod queues;
mod sharing;

pub(crate) fn group() -> Group {
    let group = right(primitives(sleeping(old_values(locks(Group::new("listings"))))));
    deaths::add(sharing::add(claims::add(accounts::add(queues::add(group)))))
}

/// The chapters on the way to the lock that ships.
#[expect(clippy::let_and_return, reason = "the binding names the word in a counterexample")]
fn locks(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("too-early", "The number is asked for before it is there.", || {
                let words = AtomicU32::new(0);
                words
            })
            .role("reports", |words| assert_eq!(too_early::report(words), 6))
            .role("counts", too_early::count)
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("after-the-end", "The number is asked for after the end.", || {
                let words = AtomicU32::new(0);
                let ended = AtomicBool::new(false);
                (words, ended)
            })
            .role("reports", |(words, ended)| assert_eq!(after_the_end::report(words, ended), 6))
            .role("counts", |(words, ended)| after_the_end::count(words, ended)),
        )
        .scenario(
            Scenario::new("two-increments", "Both read the same count, and one is lost.", || {
                let count = AtomicU32::new(0);
                count
            })
            .roles(2, "counts", two_increments::increment)
            .check(|count| assert_eq!(count.load(Relaxed), 2, "one is lost"))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("one-increment", "Each counts in one step.", || {
                let count = AtomicU32::new(0);
                count
            })
            .roles(2, "counts", one_increment::increment)
            .check(|count| assert_eq!(count.load(Relaxed), 2)),
        )
        .scenario(
            Scenario::new("not-a-lock", "Two deposits under a lock that does not lock.", || {
                let lock = not_a_lock::NotALock::new();
                let balance = AtomicU32::new(0);
                (lock, balance)
            })
            .roles(2, "deposits", |(lock, balance)| not_a_lock::deposit(lock, balance))
            .check(|(_, balance)| assert_eq!(balance.load(Relaxed), 2, "a deposit is lost"))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("two-inside", "Both look, and then both take: two are inside.", || {
                let lock = not_a_lock::NotALock::new();
                let inside = AtomicU32::new(0);
                (lock, inside)
            })
            .roles(2, "goes in", |(lock, inside)| {
                lock.lock();
                assert_eq!(inside.fetch_add(1, Relaxed), 0, "another is inside already");
                inside.fetch_sub(1, Relaxed);
                lock.unlock();
            })
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("look-again", "Each looks again, finds itself, and goes in.", || {
                let lock = look_again::NumberedLock::new();
                let inside = AtomicU32::new(0);
                (lock, inside)
            })
            .role("tries", |(lock, inside)| tries(lock, 1, inside))
            .role("tries", |(lock, inside)| tries(lock, 2, inside))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new(
                "spin-lock",
                "Two deposits under a lock that looks and takes at once.",
                || {
                    let lock = spin_lock::SpinLock::new();
                    let balance = AtomicU32::new(0);
                    (lock, balance)
                },
            )
            .roles(2, "deposits", |(lock, balance)| spin_lock::deposit(lock, balance))
            .check(|(_, balance)| assert_eq!(balance.load(Relaxed), 2)),
        )
        .scenario(
            Scenario::new(
                "message",
                "A thread that sees that it is there sees the number.",
                || {
                    let data = AtomicU32::new(0);
                    let ready = AtomicBool::new(false);
                    (data, ready)
                },
            )
            .role("sends", |(data, ready)| message::send(data, ready))
            .role("receives", |(data, ready)| assert_eq!(message::receive(data, ready), 42)),
        )
}

fn tries(lock: &look_again::NumberedLock, me: u32, inside: &AtomicU32) {
    if lock.try_lock(me) {
        assert_eq!(inside.fetch_add(1, Relaxed), 0, "another is inside already");
        inside.fetch_sub(1, Relaxed);
        lock.unlock();
    }
}

/// Two flags, and what each of the threads saw of the other's.
struct Flags {
    a: AtomicBool,
    b: AtomicBool,
    a_saw: AtomicBool,
    b_saw: AtomicBool,
}

impl Flags {
    fn new() -> Self {
        Self {
            a: AtomicBool::new(false),
            b: AtomicBool::new(false),
            a_saw: AtomicBool::new(false),
            b_saw: AtomicBool::new(false),
        }
    }

    fn check(&self) {
        let seen = self.a_saw.load(Relaxed) || self.b_saw.load(Relaxed);
        assert!(seen, "neither has seen the other's flag");
    }
}

fn goes_in(lock: &peterson::Peterson, me: usize, inside: &AtomicU32) {
    lock.lock(me);
    assert_eq!(inside.fetch_add(1, Relaxed), 0, "another is inside already");
    inside.fetch_sub(1, Relaxed);
    lock.unlock(me);
}

/// Right in every order of steps, but broken by an old value; and its repair.
fn old_values(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "store-buffering",
                "Each raises its flag, and misses the other's.",
                Flags::new,
            )
            .role("raises a", |flags| {
                flags.a_saw.store(store_buffering::raise_and_look(&flags.a, &flags.b), Relaxed)
            })
            .role("raises b", |flags| {
                flags.b_saw.store(store_buffering::raise_and_look(&flags.b, &flags.a), Relaxed)
            })
            .check(Flags::check)
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new(
                "fenced-flags",
                "With a fence between, one sees the other's.",
                Flags::new,
            )
            .role("raises a", |flags| {
                flags.a_saw.store(fenced_flags::raise_and_look(&flags.a, &flags.b), Relaxed)
            })
            .role("raises b", |flags| {
                flags.b_saw.store(fenced_flags::raise_and_look(&flags.b, &flags.a), Relaxed)
            })
            .check(Flags::check),
        )
        .scenario(
            Scenario::new("peterson", "Both are inside: one has seen an old value.", || {
                let lock = peterson::Peterson::new();
                let inside = AtomicU32::new(0);
                (lock, inside)
            })
            .role("goes in", |(lock, inside)| goes_in(lock, 0, inside))
            .role("goes in", |(lock, inside)| goes_in(lock, 1, inside))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new(
                "peterson-fenced",
                "Two deposits under Peterson's lock with its fences.",
                || {
                    let lock = peterson_fenced::Peterson::new();
                    let balance = AtomicU32::new(0);
                    (lock, balance)
                },
            )
            .role("deposits", |(lock, balance)| peterson_fenced::deposit(lock, 0, balance))
            .role("deposits", |(lock, balance)| peterson_fenced::deposit(lock, 1, balance))
            .check(|(_, balance)| assert_eq!(balance.load(Relaxed), 2)),
        )
        .scenario(
            Scenario::new("peterson-swap", "A swap in place of the fences.", || {
                let lock = peterson_swap::Peterson::new();
                let balance = AtomicU32::new(0);
                (lock, balance)
            })
            .role("deposits", |(lock, balance)| peterson_swap::deposit(lock, 0, balance))
            .role("deposits", |(lock, balance)| peterson_swap::deposit(lock, 1, balance))
            .check(|(_, balance)| assert_eq!(balance.load(Relaxed), 2)),
        )
        .scenario(
            Scenario::new("peterson-again", "The same twice over: the lock is used again.", || {
                let lock = peterson_fenced::Peterson::new();
                let balance = AtomicU32::new(0);
                (lock, balance)
            })
            .role("deposits twice", |(lock, balance)| {
                peterson_fenced::deposit(lock, 0, balance);
                peterson_fenced::deposit(lock, 0, balance);
            })
            .role("deposits twice", |(lock, balance)| {
                peterson_fenced::deposit(lock, 1, balance);
                peterson_fenced::deposit(lock, 1, balance);
            })
            .check(|(_, balance)| assert_eq!(balance.load(Relaxed), 4))
            .bound(Some(2)),
        )
}

/// Locks whose waiters sleep.
fn sleeping(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "look-then-sleep",
                "The call comes between the look and the sleep.",
                || {
                    let lock = look_then_sleep::SleepyLock::new();
                    let balance = AtomicU32::new(0);
                    (lock, balance)
                },
            )
            .roles(2, "deposits", |(lock, balance)| look_then_sleep::deposit(lock, balance))
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "sleeping-lock",
                "Two deposits under a lock that looks and falls asleep at once.",
                || {
                    let lock = sleeping_lock::SleepingLock::new();
                    let balance = AtomicU32::new(0);
                    (lock, balance)
                },
            )
            .roles(2, "deposits", |(lock, balance)| sleeping_lock::deposit(lock, balance))
            .check(|(_, balance)| assert_eq!(balance.load(Relaxed), 2))
            .reaches([Slept, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new("wrong-word", "Sleeps as long as the lock is free.", || {
                let lock = wrong_word::CuriousLock::new();
                let balance = AtomicU32::new(0);
                (lock, balance)
            })
            .roles(2, "deposits", |(lock, balance)| wrong_word::deposit(lock, balance))
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new("fenced-sleepers", "The count, with a fence on either side.", || {
                let lock = fenced_sleepers::FencedLock::new();
                let balance = AtomicU32::new(0);
                (lock, balance)
            })
            .roles(2, "deposits", |(lock, balance)| fenced_sleepers::deposit(lock, balance))
            .check(|(_, balance)| assert_eq!(balance.load(Relaxed), 2))
            .reaches([Slept, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "counted-sleepers",
                "The count of the sleepers is an old one, and none is called.",
                || {
                    let lock = counted_sleepers::CountingLock::new();
                    let balance = AtomicU32::new(0);
                    (lock, balance)
                },
            )
            .roles(2, "deposits", |(lock, balance)| counted_sleepers::deposit(lock, balance))
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
}

fn primitives(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "missed-ring",
                "The rings are counted after the lock was let go: one is missed.",
                missed_ring::Mailbox::new,
            )
            .role("fetches", missed_ring::Mailbox::fetch)
            .role("delivers", missed_ring::Mailbox::deliver)
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "if-for-while",
                "The thread that was woken finds that another was faster, and does not look.",
                || {
                    let letters = Lock::new(0);
                    let arrived = Condition::new();
                    (letters, arrived)
                },
            )
            .roles(2, "fetches", |(letters, arrived)| if_for_while::fetch(letters, arrived))
            .role("delivers two", |(letters, arrived)| {
                if_for_while::deliver(letters, arrived);
                if_for_while::deliver(letters, arrived);
            })
            .spurious(0)
            .bound(Some(2))
            .must_fail(Kind::Panic),
        )
        .scenario(
            Scenario::new("mailbox", "With `while` and the real condition.", mailbox::Mailbox::new)
                .role("fetches", mailbox::Mailbox::fetch)
                .role("delivers", mailbox::Mailbox::deliver)
                .reaches([Slept, SpuriousWakeUp]),
        )
        .scenario(
            Scenario::new(
                "forgotten-permit",
                "Two releases in a row: the second calls no thread, and a sleeper stays.",
                forgotten_permit::Permits::none,
            )
            .roles(2, "acquires", forgotten_permit::Permits::acquire)
            .role("releases twice", |permits| {
                permits.release();
                permits.release();
            })
            .spurious(0)
            .bound(Some(2))
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "gate",
                "The gate is opened and closed while a thread sleeps before it.",
                gate::Gate::new,
            )
            .role("waits", gate::Gate::wait)
            .role("sets and clears", |gate| {
                // Only a present thread must be reached.
                let there = gate.somebody_sleeps();
                gate.set();
                if there {
                    gate.clear();
                }
            })
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "late-waker",
                "A coroutine that looks for a letter, and then leaves its waker.",
                late_waker::Mailbox::new,
            )
            .role("runs the coroutine", |mailbox| assert_eq!(mailbox.run(), 7))
            .role("delivers", |mailbox| mailbox.deliver(7))
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "early-waker",
                "A coroutine that leaves its waker, and then looks for a letter.",
                early_waker::Mailbox::new,
            )
            .role("runs the coroutine", |mailbox| assert_eq!(mailbox.run(), 7))
            .role("delivers", |mailbox| mailbox.deliver(7))
            .reaches([Slept]),
        )
        .scenario(
            Scenario::new(
                "turnstile",
                "A barrier that only counts: one thread laps the other.",
                || turnstile::Turnstile::new(2),
            )
            .roles(2, "two rounds", |turnstile| {
                turnstile.wait();
                turnstile.wait();
            })
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "locks-twice",
                "A method that locks calls another that locks: one thread is enough.",
                || locks_twice::Account::new(100),
            )
            .role("withdraws", |account| account.withdraw_if_possible(30))
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
        .scenario(
            Scenario::new(
                "owner-too-late",
                "The note is taken away after the lock, and by then it is another thread's.",
                owner_too_late::Reentrant::new,
            )
            .roles(2, "takes it twice", |lock| {
                lock.acquire();
                lock.acquire();
                lock.release();
                lock.release();
            })
            .spurious(0)
            .must_fail(Kind::LostWakeUp),
        )
}

/// Listings that hand data over, with the primitive that orders it.
fn right(group: Group) -> Group {
    group
        .scenario(
            Scenario::new("with-lock", "Two deposits under the lock that ships.", || Lock::new(0))
                .roles(2, "deposits", with_lock::deposit)
                .check(|balance| assert_eq!(*balance.lock(), 2, "a deposit is lost")),
        )
        .scenario(
            Scenario::new("hatch", "A dish that a permit stands for.", hatch::Hatch::new)
                .role("takes", |hatch| assert_eq!(hatch.take(), 7, "an empty plate"))
                .role("serves", |hatch| hatch.serve(7))
                .reaches([Slept]),
        )
        .scenario(
            Scenario::new("answer", "An answer that an event stands for.", answer::Question::new)
                .role("asks", |question| assert_eq!(question.ask(), 42, "an old answer"))
                .role("replies", |question| question.reply(42))
                .reaches([Slept]),
        )
        .scenario(
            Scenario::new(
                "halves",
                "Two halves, and a barrier between drawing and looking.",
                || (halves::Half::new(), halves::Half::new(), Barrier::new(2)),
            )
            .role("draws the left one", |(left, right, done)| {
                assert_eq!(halves::compute(left, right, done), 1);
            })
            .role("draws the right one", |(left, right, done)| {
                assert_eq!(halves::compute(right, left, done), 1);
            })
            .reaches([Slept]),
        )
}

//! Models of the runtime itself: what it must find, what it must not find, and how it must report
//! it.

mod harness;
mod litmus;
mod sleep;

use model::report::Kind;
use model::sync::atomic::AtomicU32;
use model::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use model::{Group, Scenario};

use self::litmus::{Flags, Mail};

pub(crate) fn group() -> Group {
    harness::tests(sleep::scenarios(memory(Group::new("runtime"))))
}

fn memory(group: Group) -> Group {
    group
        .scenario(
            Scenario::new(
                "message-passing",
                "A Release that an Acquire sees passes all before it.",
                Mail::new,
            )
            .role("writes", |mail| mail.write(Release))
            .role("reads", |mail| mail.read(Acquire)),
        )
        .scenario(message_passing_relaxed())
        .scenario(lazy_cell())
        .scenario(
            Scenario::new(
                "release-sequence",
                "An update keeps the order of the store before it.",
                Mail::new,
            )
            .role("writes", litmus::write_then_release)
            .role("counts up", litmus::count_up)
            .role("reads", litmus::read_if_both),
        )
        .scenario(
            Scenario::new(
                "coherence",
                "No thread sees a newer value and then an older one.",
                || AtomicU32::new(0),
            )
            .role("counts up", |number| {
                number.store(1, Relaxed);
                number.store(2, Relaxed);
            })
            .role("looks twice", litmus::look_twice),
        )
        .scenario(store_buffering())
        .scenario(
            Scenario::new(
                "store-buffering-fenced",
                "With fences one of them sees the other's.",
                Flags::new,
            )
            .role("left", |flags| flags.raise(0, true))
            .role("right", |flags| flags.raise(1, true))
            .check(Flags::check),
        )
        .scenario(
            Scenario::new("endless", "A loop that waits without sleeping is reported.", || {
                AtomicU32::new(0)
            })
            .role("spins", |word| while word.load(Relaxed) == 0 {})
            .role("does nothing", |_| ())
            .must_fail(Kind::Endless),
        )
}

pub(crate) fn message_passing_relaxed() -> Scenario {
    Scenario::new(
        "message-passing-relaxed",
        "A relaxed flag passes nothing: the letter may be unread.",
        Mail::new,
    )
    .role("writes", |mail| mail.write(Relaxed))
    .role("reads", |mail| mail.read(Acquire))
    .must_fail(Kind::DataRace)
    .into()
}

/// loom alone passes it when the main thread is the reader.
pub(crate) fn lazy_cell() -> Scenario {
    Scenario::new("lazy-cell", "A cell that is made when it is first needed, relaxed.", Mail::new)
        .role("reads", |mail| mail.read(Acquire))
        .role("makes it", Mail::write_once)
        .must_fail(Kind::DataRace)
        .into()
}

pub(crate) fn store_buffering() -> Scenario {
    Scenario::new("store-buffering", "Without a fence both may miss the other's flag.", Flags::new)
        .role("left", |flags| flags.raise(0, false))
        .role("right", |flags| flags.raise(1, false))
        .check(Flags::check)
        .must_fail(Kind::Panic)
        .into()
}

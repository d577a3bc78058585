//! The one spin policy: how long to look before going to sleep.
//!
//! Putting a thread to sleep and waking it on another core costs about 30 µs on a small virtual
//! machine; a hand-over between two running cores about 0.1 µs. So whoever must wait looks for a short
//! while first, and only then asks the kernel. Different kinds of waiting want different kinds of looking:
//!
//! - [`back_off`], for a word that many threads fight over (a lock). Each look pulls the word's cache
//!   line away from the thread that is about to release it, so look rarely: 64 pauses blind, then one
//!   look. Measured against a look at every pause, this alone made a contended lock 30–45 % faster.
//! - [`watch`], for a word that changes once (a notification, a hand-over). Nobody fights for the line,
//!   and what counts is to see the change at once: one look a pause.
//! - [`linger`], for a word that another thread will change as soon as it runs (the next place of a
//!   queue). If it runs now, the change is there in a tenth of a microsecond; if it does not, it may be
//!   waiting for this very core. So look twice, and not at every pause, because the change is several
//!   stores to the line that is looked at; then yield. Measured on a ring of one place between two cores
//!   against a look at every pause: a third of the time per item. Measured with four and eight threads on
//!   two cores against longer looks and no yields: a fifth to a tenth.
//!
//! All give up soon. A thread that spins for longer than a sleep costs has wasted the core, and where
//! there are more threads than cores it keeps the very thread off it that it waits for: 45 µs spins made
//! such runs 20–30 times slower. On a machine with one core spinning is always wrong, so nobody spins.
//!
//! In a model nobody spins either (each look would multiply the interleavings and add none that
//! matters), unless a scenario asks for one look, so that the orderings in these loops are checked too.

// ANCHOR: back-off-constants
/// Pauses between two looks of [`back_off`]: about 1 µs.
#[cfg(not(model))]
const BLIND_PAUSES: u32 = 64;

/// Looks of [`back_off`] before it gives up: about 10 µs, a third of what a sleep costs.
#[cfg(not(model))]
const LOOKS: u32 = 10;
// ANCHOR_END: back-off-constants

/// Looks, a pause apart, of [`watch`] before it gives up: about 1.5 µs.
#[cfg(not(model))]
const WATCHED_PAUSES: u32 = 100;

/// Looks of [`linger`] before it yields.
#[cfg(not(model))]
const LINGERING_LOOKS: u32 = 2;

/// Pauses before each of them: about 0.06 µs.
#[cfg(not(model))]
const LINGERING_PAUSES: u32 = 4;

/// Turns that [`watch_and_yield`] and [`linger`] give to others before they give up: about 2 µs if nobody
/// else wants the core.
#[cfg(not(model))]
const YIELDS: u32 = 10;

// ANCHOR: back-off
/// Looks at a fought-over word now and then, until `ready` or until a sleep is the better choice.
/// Returns whether it was ready.
#[cfg(not(model))]
pub fn back_off(mut ready: impl FnMut() -> bool) -> bool {
    if alone() {
        return false;
    }
    for _ in 0..LOOKS {
        for _ in 0..BLIND_PAUSES {
            core::hint::spin_loop();
        }
        if ready() {
            return true;
        }
    }
    false
}
// ANCHOR_END: back-off

/// Watches a quiet word closely, until `ready` or until a sleep is the better choice.
/// Returns whether it was ready.
#[cfg(not(model))]
pub fn watch(mut ready: impl FnMut() -> bool) -> bool {
    if alone() {
        return false;
    }
    for _ in 0..WATCHED_PAUSES {
        if ready() {
            return true;
        }
        core::hint::spin_loop();
    }
    false
}

/// [`watch`], and then lets other threads run a few times: for a word that changes when several threads
/// have come, who may be waiting for this very core.
#[cfg(not(model))]
pub fn watch_and_yield(mut ready: impl FnMut() -> bool) -> bool {
    watch(&mut ready) || let_others_run(ready)
}

/// Looks for a moment, then lets other threads run a few times, until `ready` or until a sleep is the
/// better choice. Returns whether it was ready.
#[cfg(not(model))]
pub fn linger(mut ready: impl FnMut() -> bool) -> bool {
    if ready() {
        return true;
    }
    if !alone() {
        for _ in 0..LINGERING_LOOKS {
            for _ in 0..LINGERING_PAUSES {
                core::hint::spin_loop();
            }
            if ready() {
                return true;
            }
        }
    }
    let_others_run(ready)
}

/// Yields, and looks after each time.
#[cfg(not(model))]
fn let_others_run(mut ready: impl FnMut() -> bool) -> bool {
    for _ in 0..YIELDS {
        std::thread::yield_now();
        if ready() {
            return true;
        }
    }
    false
}

#[cfg(model)]
pub use model::spin::{back_off, watch, watch as linger, watch as watch_and_yield};

/// Whether this process has one core only (a `taskset` or a container's share counts).
#[cfg(not(model))]
fn alone() -> bool {
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    // Asking the system reads files, so ask once. 0: not asked yet.
    static CORES: AtomicUsize = AtomicUsize::new(0);

    // Relaxed: the number stands alone; two threads that ask at once store the same.
    let mut cores = CORES.load(Relaxed);
    if cores == 0 {
        cores = super::cores::available();
        // Relaxed: as above.
        CORES.store(cores, Relaxed);
    }
    cores == 1
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::{LOOKS, WATCHED_PAUSES, YIELDS, back_off, linger, watch};

    #[test]
    fn a_spin_ends_though_nothing_ever_gets_ready() {
        let mut looks = 0;
        assert!(!back_off(|| {
            looks += 1;
            false
        }));
        assert!(looks == LOOKS || looks == 0, "{looks} looks");
        let mut looks = 0;
        assert!(!watch(|| {
            looks += 1;
            false
        }));
        assert!(looks == WATCHED_PAUSES || looks == 0, "{looks} looks");
        let mut looks = 0;
        assert!(!linger(|| {
            looks += 1;
            false
        }));
        assert!(looks > YIELDS, "{looks} looks");
    }

    #[test]
    fn a_spin_stops_at_the_look_that_finds_it_ready() {
        let mut looks = 0;
        let ready = back_off(|| {
            looks += 1;
            looks == 3
        });
        assert!(!ready && looks == 0 || ready && looks == 3, "{looks} looks");
    }
}

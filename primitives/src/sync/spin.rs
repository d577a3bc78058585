//! The one spin policy: how long to look before going to sleep.
//!
//! Putting a thread to sleep and waking it on another core costs about 30 µs on a small virtual
//! machine; a hand-over between two running cores about 0.1 µs. So whoever must wait looks for a short
//! while first, and only then asks the kernel. Different kinds of waiting want different kinds of looking:
//!
//! - [`back_off`], for a word that many threads fight over (a lock). Each look pulls the word's cache
//!   line away from the thread that is about to release it, so look rarely: three times after 16 pauses, for a
//!   lock that is wanted now and then, and from then on after 64. Measured against a look at every pause, this
//!   alone made a contended lock 30–45 % faster. 64 from the first look on are faster still where nobody does
//!   anything else, but a third slower where there is as much to do outside, and one thread gets more than
//!   the other.
//! - [`watch`], for a word that changes once (a notification). Nobody fights for the line, and what counts is to
//!   see the change at once: one look a pause. If it has not changed after a moment, then whoever should change
//!   it may be waiting for this very core: so give it two turns, and then look on. Measured on a condition for
//!   which eight wait on two cores, the turns halved the time until all were awake.
//! - [`gather`], for a word that changes when so many threads have come. If there are more of them than cores, each
//!   pause keeps one of them from coming: so yield at once. That halves the time of a barrier for eight on
//!   two cores.
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
/// Pauses before each look of [`back_off`]. 64 are about 1 µs, all together a fifth of what a sleep costs.
#[cfg(not(model))]
const BLIND_PAUSES: [u32; 9] = [16, 16, 16, 64, 64, 64, 64, 64, 64];
// ANCHOR_END: back-off-constants

/// Looks, a pause apart, of [`watch`] before it yields: about 0.3 µs, three hand-overs between two cores.
#[cfg(not(model))]
const WATCHED_PAUSES: u32 = 20;

/// Turns that [`watch`] gives to others. More of them gained nothing.
#[cfg(not(model))]
const WATCHED_YIELDS: u32 = 2;

/// Looks, a pause apart, of [`watch`] after that, and of [`gather`]: about 1.5 µs.
#[cfg(not(model))]
const PATIENT_PAUSES: u32 = 100;

/// Looks of [`linger`] before it yields.
#[cfg(not(model))]
const LINGERING_LOOKS: u32 = 2;

/// Pauses before each of them: about 0.06 µs.
#[cfg(not(model))]
const LINGERING_PAUSES: u32 = 4;

/// Turns that [`gather`] and [`linger`] give to others before they give up: about 2 µs if nobody
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
    for pauses in BLIND_PAUSES {
        for _ in 0..pauses {
            core::hint::spin_loop();
        }
        if ready() {
            return true;
        }
    }
    false
}
// ANCHOR_END: back-off

// ANCHOR: watch
/// Watches a quiet word closely, and gives others two turns, until `ready` or until a sleep is the better
/// choice. Returns whether it was ready.
#[cfg(not(model))]
pub fn watch(mut ready: impl FnMut() -> bool) -> bool {
    look_on(WATCHED_PAUSES, &mut ready)
        || let_others_run(WATCHED_YIELDS, &mut ready)
        || look_on(PATIENT_PAUSES, ready)
}
// ANCHOR_END: watch

/// Watches a word that changes when so many threads have come, until `ready` or until a sleep is the better choice.
/// Returns whether it was ready.
#[cfg(not(model))]
pub fn gather(threads: usize, mut ready: impl FnMut() -> bool) -> bool {
    threads <= cores() && look_on(PATIENT_PAUSES, &mut ready) || let_others_run(YIELDS, ready)
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
    let_others_run(YIELDS, ready)
}

/// Looks at every pause, unless there is nobody on another core who could change anything meanwhile.
#[cfg(not(model))]
fn look_on(pauses: u32, mut ready: impl FnMut() -> bool) -> bool {
    if alone() {
        return false;
    }
    for _ in 0..pauses {
        if ready() {
            return true;
        }
        core::hint::spin_loop();
    }
    false
}

/// Yields, and looks after each time.
#[cfg(not(model))]
fn let_others_run(times: u32, mut ready: impl FnMut() -> bool) -> bool {
    for _ in 0..times {
        std::thread::yield_now();
        if ready() {
            return true;
        }
    }
    false
}

#[cfg(model)]
pub use model::spin::{back_off, watch, watch as linger};

/// As [`watch`]: a model has no cores to count.
#[cfg(model)]
pub fn gather(_threads: usize, ready: impl FnMut() -> bool) -> bool {
    watch(ready)
}

/// Whether this process has one core only.
#[cfg(not(model))]
fn alone() -> bool {
    cores() == 1
}

/// How many cores this process has (a `taskset` or a container's share counts).
#[cfg(not(model))]
fn cores() -> usize {
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
    cores
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::{
        BLIND_PAUSES, PATIENT_PAUSES, WATCHED_YIELDS, YIELDS, back_off, gather, linger, watch,
    };

    #[test]
    fn a_spin_ends_though_nothing_ever_gets_ready() {
        let mut looks = 0;
        assert!(!back_off(|| {
            looks += 1;
            false
        }));
        assert!(looks == BLIND_PAUSES.len() || looks == 0, "{looks} looks");
        let mut looks = 0;
        assert!(!watch(|| {
            looks += 1;
            false
        }));
        assert!(looks > PATIENT_PAUSES || looks == WATCHED_YIELDS, "{looks} looks");
        let mut looks = 0;
        assert!(!linger(|| {
            looks += 1;
            false
        }));
        assert!(looks > YIELDS, "{looks} looks");
    }

    #[test]
    fn who_waits_for_more_threads_than_there_are_cores_yields_at_once() {
        let mut looks = 0;
        assert!(!gather(usize::MAX, || {
            looks += 1;
            false
        }));
        assert_eq!(looks, YIELDS);
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

//! What the deadlock detector costs where no thread waits, compared with the goals: 1.2 times on a
//! lock by itself, 3 times on one within another.
//!
//! ```text
//! cargo bench -p locksmith-primitives --bench detector --features deadlock-detection
//! cargo bench -p locksmith-primitives --bench detector       # the control: without the detector both are one
//! ```
//!
//! `Lock` is compared with its twin, data beside a `RawLock`. The twin has no name, so the detector
//! learns nothing of a lock that is free. `Lock` without the feature is the same, and the control
//! shows it: there each ratio must be 1. The two take turns in short rounds, either one first, so a
//! busy machine slows both. A figure is the median of the rounds' ratios, with the quartiles beside
//! it.
//!
//! Two more goals are about programs with many locks: to lock all shards of a map at once costs at
//! most 20 times what it does without, and a lock that is made for one request, taken within others
//! that are held, at most 2 µs, however many others are known. The last two rows say what 16,000
//! known locks cost beside 100, each with the detector.
//!
//! An `RLock` always has a name. It is compared with parking_lot's in both builds: divide the two.
//!
//! `-- --bench --rounds N` runs N rounds; the default is 401.

use std::array;
use std::cell::{Cell, UnsafeCell};
use std::hint::black_box;
use std::ops::{Deref, DerefMut};
use std::time::Instant;

use parking_lot::ReentrantMutex;
use primitives::raw::RawLock;
use primitives::{Lock, RLock};

/// How many sections are timed at once: some 10 µs, usually without an interruption.
const SECTIONS: usize = 1_000;
/// The same of sections in which much happens.
const LONG_SECTIONS: usize = 4;
/// So many locks are held at once.
const SHARDS: usize = 600;

/// A lock around a number.
trait Numbered: Default + 'static {
    fn lock(&self) -> impl DerefMut<Target = u64>;
}

impl Numbered for Lock<u64> {
    #[inline]
    fn lock(&self) -> impl DerefMut<Target = u64> {
        self.lock()
    }
}

/// [`Lock`] without an identity.
#[derive(Default)]
struct Twin {
    raw: RawLock,
    data: UnsafeCell<u64>,
}

struct TwinGuard<'a>(&'a Twin);

impl Numbered for Twin {
    #[inline]
    fn lock(&self) -> impl DerefMut<Target = u64> {
        self.raw.acquire();
        TwinGuard(self)
    }
}

impl Deref for TwinGuard<'_> {
    type Target = u64;

    #[inline]
    fn deref(&self) -> &u64 {
        // SAFETY: as in `LockGuard`: this guard exists, so this thread has the lock.
        unsafe { &*self.0.data.get() }
    }
}

impl DerefMut for TwinGuard<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut u64 {
        // SAFETY: as above; `&mut self` keeps out any other borrow through this guard.
        unsafe { &mut *self.0.data.get() }
    }
}

impl Drop for TwinGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.raw.try_release();
    }
}

/// One lock, again and again.
fn single<L: Numbered>() -> impl Fn(usize) {
    let lock = L::default();
    move |_| *black_box(&lock).lock() += 1
}

/// The same by a call, as in a large function: the compiler cannot overlap two sections, and the
/// processor overlaps them less.
fn by_a_call<L: Numbered>() -> impl Fn(usize) {
    #[inline(never)]
    fn section<L: Numbered>(lock: &L) {
        *lock.lock() += 1;
    }
    let lock = L::default();
    move |_| section(black_box(&lock))
}

/// A lock within another, always the same two.
fn nested<L: Numbered>() -> impl Fn(usize) {
    let (outer, inner) = (L::default(), L::default());
    move |_| {
        let mut outer = black_box(&outer).lock();
        *black_box(&inner).lock() += 1;
        *outer += 1;
    }
}

/// Four locks, each within the one before.
fn four_deep<L: Numbered>() -> impl Fn(usize) {
    let locks: [L; 4] = array::from_fn(|_| L::default());
    move |_| {
        let [a, b, c, d] = black_box(&locks);
        let (mut a, mut b, mut c) = (a.lock(), b.lock(), c.lock());
        *d.lock() += 1;
        (*a, *b, *c) = (1, 2, 3);
    }
}

/// A lock within another: all pairs of sixteen in turn, as between accounts.
fn pairs_of_sixteen<L: Numbered>() -> impl Fn(usize) {
    let locks: [L; 16] = array::from_fn(|_| L::default());
    move |turn| {
        let (a, b) = (turn % 16, turn / 16 % 16);
        let mut outer = black_box(&locks[a.min(b)]).lock();
        if a != b {
            *black_box(&locks[a.max(b)]).lock() += 1;
        }
        *outer += 1;
    }
}

/// All shards of a map at once, as to count what is in it. They are given back in the order in
/// which they were taken.
fn all_shards<L: Numbered>() -> impl Fn(usize) {
    let shards: Vec<L> = (0..SHARDS).map(|_| L::default()).collect();
    move |_| {
        let guards: Vec<_> = black_box(&shards).iter().map(Numbered::lock).collect();
        drop(guards);
    }
}

/// A lock that is made for one request and taken within one that the whole program shares, where so
/// many others have been taken within that one before.
fn fresh_within<L: Numbered>(known: usize) -> impl Fn(usize) {
    let (shared, known) = shared::<L>(known);
    move |turn| {
        let fresh = L::default();
        let mut outer = black_box(&shared).lock();
        *black_box(&fresh).lock() += 1;
        *outer += (turn < known.len()) as u64;
    }
}

/// The same the other way round: within that lock the program takes the one that it shares, and
/// within that a known one.
fn fresh_around<L: Numbered>(known: usize) -> impl Fn(usize) {
    let (shared, known) = shared::<L>(known);
    move |turn| {
        let fresh = L::default();
        let mut outer = black_box(&fresh).lock();
        let mut middle = black_box(&shared).lock();
        *known[turn % known.len()].lock() += 1;
        (*middle, *outer) = (1, 2);
    }
}

fn shared<L: Numbered>(known: usize) -> (L, Vec<L>) {
    let (shared, known) = (L::default(), (0..known).map(|_| L::default()).collect::<Vec<_>>());
    for lock in &known {
        let _shared = shared.lock();
        *lock.lock() += 1;
    }
    (shared, known)
}

fn reentrant() -> impl Fn(usize) {
    let lock = RLock::new(Cell::new(0_u64));
    move |_| black_box(&lock).lock().update(|number| number + 1)
}

fn reentrant_of_parking_lot() -> impl Fn(usize) {
    let lock = ReentrantMutex::new(Cell::new(0_u64));
    move |_| black_box(&lock).lock().update(|number| number + 1)
}

/// Nanoseconds for one section of so many.
fn time(sections: usize, section: &impl Fn(usize)) -> f64 {
    let start = Instant::now();
    for turn in 0..sections {
        section(turn);
    }
    start.elapsed().as_secs_f64() * 1e9 / sections as f64
}

/// The quartiles: the second is the median.
fn quartiles(figures: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut figures: Vec<_> = figures.collect();
    figures.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| figures[(figures.len() - 1) * quarter / 4])
}

/// Two ways to do the same work, which take turns.
fn row(
    name: &str,
    goal: Option<f64>,
    rounds: usize,
    ours: &impl Fn(usize),
    other: &impl Fn(usize),
) {
    row_of(name, goal, rounds, SECTIONS, ours, other);
}

fn row_of(
    name: &str,
    goal: Option<f64>,
    rounds: usize,
    sections: usize,
    ours: &impl Fn(usize),
    other: &impl Fn(usize),
) {
    // The first round fills caches and gives the locks their numbers.
    time(sections, ours);
    time(sections, other);
    let pairs: Vec<_> = (0..rounds)
        .map(|round| {
            if round % 2 == 0 {
                let ours = time(sections, ours);
                (ours, time(sections, other))
            } else {
                let other = time(sections, other);
                (time(sections, ours), other)
            }
        })
        .collect();
    let [low, ratio, high] = quartiles(pairs.iter().map(|(ours, other)| ours / other));
    let [_, ours, _] = quartiles(pairs.iter().map(|pair| pair.0));
    let [_, other, _] = quartiles(pairs.iter().map(|pair| pair.1));
    let verdict = match goal {
        None => "",
        Some(_) if !cfg!(feature = "deadlock-detection") => "the control",
        Some(goal) if ratio <= goal => "reached",
        Some(_) => "missed",
    };
    let goal = goal.map_or_else(|| "       -".into(), |goal| format!("goal {goal:.1}"));
    println!(
        "{name:<34} {ratio:>5.2} [{low:.2} {high:.2}]  {goal} {verdict:<11} {ours:>6.1} ns : {other:.1} ns"
    );
}

fn rows(rounds: usize) {
    row("lock", Some(1.2), rounds, &single::<Lock<u64>>(), &single::<Twin>());
    let ours = by_a_call::<Lock<u64>>();
    row("lock, by a call", Some(1.2), rounds, &ours, &by_a_call::<Twin>());
    row("nested", Some(3.0), rounds, &nested::<Lock<u64>>(), &nested::<Twin>());
    row("four deep", Some(3.0), rounds, &four_deep::<Lock<u64>>(), &four_deep::<Twin>());
    let ours = pairs_of_sixteen::<Lock<u64>>();
    row("pairs of sixteen", Some(3.0), rounds, &ours, &pairs_of_sixteen::<Twin>());
    let ours = all_shards::<Lock<u64>>();
    let name = format!("{SHARDS} shards at once");
    row_of(&name, Some(20.0), rounds, LONG_SECTIONS, &ours, &all_shards::<Twin>());
    for known in [100, 16_000] {
        let ours = fresh_within::<Lock<u64>>(known);
        row(
            &format!("fresh within, {known} known"),
            None,
            rounds,
            &ours,
            &fresh_within::<Twin>(known),
        );
        let ours = fresh_around::<Lock<u64>>(known);
        row(
            &format!("fresh around, {known} known"),
            None,
            rounds,
            &ours,
            &fresh_around::<Twin>(known),
        );
    }
    let [many, few] = [16_000, 100].map(fresh_within::<Lock<u64>>);
    row("fresh within, 16000 : 100 known", Some(1.5), rounds, &many, &few);
    let [many, few] = [16_000, 100].map(fresh_around::<Lock<u64>>);
    row("fresh around, 16000 : 100 known", Some(1.5), rounds, &many, &few);
    row("rlock : parking_lot's", None, rounds, &reentrant(), &reentrant_of_parking_lot());
}

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    // `-- --test` runs it once, as a check that it works. `cargo test --benches` calls it without
    // `--bench`.
    if !arguments.iter().any(|argument| argument == "--bench") {
        rows(1);
        println!("Success");
        return;
    }
    let after = arguments.iter().skip_while(|argument| *argument != "--rounds").nth(1);
    let rounds = after.and_then(|rounds| rounds.parse().ok()).unwrap_or(401).max(1);
    println!("median [quartiles] over {rounds} rounds of the ratio with the detector to without\n");
    rows(rounds);
}

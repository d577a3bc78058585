//! The contest: rounds in which every contestant runs once, in a new random order each time.
//!
//! A shared machine drifts: what runs first may find it faster than what runs last. Within a round
//! it hardly changes. So figures are compared within rounds: our figure is divided by the peer's in
//! the same round. The median of those ratios is the result, not the ratio of two medians.
//!
//! A run in which threads waited for a core is dirty. It is repeated at once, a few times; if it
//! stays dirty, its round is discarded. The number of discarded rounds is part of the result.

use std::time::{Duration, Instant};

use crate::load::Load;
use crate::measured::{Measured, Rounds};
use crate::row::Row;
use crate::run::Run;
use crate::sample::Sample;
use crate::system;

/// How long to continue.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// One short round, only to see that it runs.
    pub quick: bool,
    /// For each row; slow contestants may take twice as long.
    pub time: Duration,
}

/// Rounds that a row gets, if twice its time is enough for them: so many that the interval leaves
/// out the extremes.
const FEWEST: usize = 11;

/// The fewest rounds for a figure.
const LEAST: usize = 3;

/// More rounds would not visibly narrow the interval.
const MOST: usize = 151;

/// How often a dirty run is repeated.
const AGAIN: usize = 3;

/// With fewer clean rounds than this, all are used, and the row counts as not quiet.
const ENOUGH: usize = 9;

/// A row counts as not quiet if others had this part of the cores.
const LOUD: f64 = 0.05;

/// Runs all rounds of a row.
///
/// # Panics
///
/// If a row does not have exactly one of our contestants.
#[must_use]
pub fn hold(mut row: Row, effort: Effort) -> Measured {
    let loaded = row.load.is_some();
    let load = row.load.map(Load::begin);
    let first = row.contestants.iter_mut().map(|contestant| {
        let start = Instant::now();
        (contestant.run)(&Run::warm_up(effort.quick, loaded));
        Run::counted(effort.quick, loaded, start.elapsed())
    });
    let how = Vec::from_iter(first);
    let mut order = Vec::from_iter(0..row.contestants.len());
    let mut rounds: Vec<Vec<Sample>> = Vec::new();
    let (mut runs, mut dirty) = (0_u32, 0_u32);
    let before = system::times_of_all();
    let start = Instant::now();
    let goes_on = |rounds: usize| {
        let wanted = match start.elapsed() {
            _ if effort.quick => 1,
            time if time < effort.time => MOST,
            time if time < 2 * effort.time => FEWEST,
            _ => LEAST,
        };
        rounds < wanted
    };
    while goes_on(rounds.len()) {
        fastrand::shuffle(&mut order);
        let mut round = vec![Sample::default(); order.len()];
        for &i in &order {
            let contestant = &mut row.contestants[i];
            for _ in 0..=AGAIN {
                round[i] = (contestant.run)(&how[i]);
                runs += 1;
                let is_dirty = round[i].is_dirty();
                dirty += u32::from(is_dirty);
                if !is_dirty || effort.quick || start.elapsed() > effort.time {
                    break;
                }
            }
        }
        rounds.push(round);
    }
    let seconds = start.elapsed().as_secs_f64();
    let others = before.zip(system::times_of_all()).and_then(|(before, after)| {
        // The system counts in hundredths of a second.
        (seconds > 1.0 && !row.uses_servers)
            .then(|| after.of_others_since(&before) / (seconds * system::cores() as f64))
    });

    drop(load);

    let held = rounds.len();
    let is_clean = |round: &Vec<Sample>| !round.iter().any(Sample::is_dirty);
    let clean = rounds.iter().filter(|round| is_clean(round)).count();
    let enough = clean >= ENOUGH;
    if enough {
        rounds.retain(is_clean);
    }
    let tells = rounds.iter().flatten().any(|sample| sample.waited.is_some());
    let counts = Rounds {
        used: rounds.len(),
        thrown_away: held - rounds.len(),
        dirty: tells.then(|| f64::from(dirty) / f64::from(runs)),
        // Beside a load of ours every round is disturbed, and none is discarded.
        quiet: (enough || loaded || row.uses_servers) && others.is_none_or(|others| others < LOUD),
    };
    Measured::new(&row, &rounds, counts, others, seconds)
}

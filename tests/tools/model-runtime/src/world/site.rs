//! The places in the source that a model can change: an ordering, a wake.
//!
//! A site is a `file:line:column` and what is done there. At the first execution of a site, the
//! runtime checks whether this run's mutant, if any, is there; after that it only reads a
//! table.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use loom::sync::atomic::Ordering;
use serde::{Deserialize, Serialize};

use super::failure::{Failure, fail};
use crate::world::{self, At};

/// What is done at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `load`.
    Load,
    /// `store`.
    Store,
    /// `swap`, `fetch_add` and the others that read and write in one step.
    Update(Update),
    /// `compare_exchange`, `compare_exchange_weak`.
    CompareExchange,
    /// `fetch_update`.
    FetchUpdate,
    /// `fence`.
    Fence,
    /// A wake of one sleeper.
    WakeOne,
    /// A wake of all sleepers.
    WakeAll,
}

/// The operations that read and write in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Update {
    /// `swap`.
    Swap,
    /// `fetch_add`.
    Add,
    /// `fetch_sub`.
    Sub,
    /// `fetch_and`.
    And,
    /// `fetch_nand`.
    Nand,
    /// `fetch_or`.
    Or,
    /// `fetch_xor`.
    Xor,
    /// `fetch_max`.
    Max,
    /// `fetch_min`.
    Min,
}

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// The ordering, or the first of two.
    Order(Ordering),
    /// The ordering of a compare-exchange that fails.
    Failure(Ordering),
    /// A fence is left out.
    NoFence,
    /// A wake is left out.
    DropWake,
    /// A wake of all wakes one.
    WakeOne,
    /// A wake of one wakes all.
    WakeAll,
}

/// A site, and how often it was executed.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) at: At,
    pub(crate) operation: Operation,
    /// The source's ordering; `None` for a wake.
    pub(crate) order: Option<Ordering>,
    /// The second ordering of a compare-exchange.
    pub(crate) failure: Option<Ordering>,
    pub(crate) executed: u64,
    /// The mutant's change here.
    change: Option<Change>,
}

/// All executed sites.
#[derive(Default)]
pub(crate) struct Sites {
    pub(crate) all: Vec<Site>,
    index: HashMap<(usize, Operation), usize, BuildHasherDefault<Mix>>,
    /// The site of the mutant, once it was found.
    pub(crate) mutated: Option<usize>,
}

/// An operation with one ordering is about to be executed. Returns the ordering to use.
pub(crate) fn ordered(at: At, operation: Operation, order: Ordering) -> Ordering {
    match visit(at, operation, Some(order), None) {
        Some(Change::Order(weaker)) => weaker,
        _ => order,
    }
}

/// A compare-exchange is about to be executed. Returns the orderings to use.
pub(crate) fn exchanged(
    at: At,
    operation: Operation,
    success: Ordering,
    failure: Ordering,
) -> (Ordering, Ordering) {
    match visit(at, operation, Some(success), Some(failure)) {
        Some(Change::Order(weaker)) => (weaker, failure),
        Some(Change::Failure(weaker)) => (success, weaker),
        _ => (success, failure),
    }
}

/// A fence is about to be executed. Returns the ordering to use, or `None` to leave it out.
pub(crate) fn fenced(at: At, order: Ordering) -> Option<Ordering> {
    match visit(at, Operation::Fence, Some(order), None) {
        Some(Change::Order(weaker)) => Some(weaker),
        Some(Change::NoFence) => None,
        _ => Some(order),
    }
}

/// A wake is about to be executed. Returns how many to wake at most, or `None` to leave it out.
pub(crate) fn wakes(at: At, all: bool) -> Option<usize> {
    let operation = if all { Operation::WakeAll } else { Operation::WakeOne };
    match (visit(at, operation, None, None), all) {
        (Some(Change::DropWake), _) => None,
        (Some(Change::WakeOne), _) | (None, false) => Some(1),
        _ => Some(usize::MAX),
    }
}

fn visit(
    at: At,
    operation: Operation,
    order: Option<Ordering>,
    failure: Option<Ordering>,
) -> Option<Change> {
    let known = world::with(|w| {
        let place = *w.sites.index.get(&(std::ptr::from_ref(at) as usize, operation))?;
        let site = &mut w.sites.all[place];
        site.executed += 1;
        Some(site.change)
    });
    known.unwrap_or_else(|| {
        first_visit(Site { at, operation, order, failure, executed: 1, change: None })
    })
}

#[cold]
fn first_visit(mut site: Site) -> Option<Change> {
    let change = world::with(|w| {
        let mutant = w.settings.mutant.clone();
        let fits = match mutant.filter(|mutant| mutant.is_at(site.at)) {
            // Without a column it may sit at more than one place.
            Some(mutant) => match w.sites.mutated.map(|first| &w.sites.all[first]) {
                Some(first) if first.at != site.at => Err(format!(
                    "`{mutant}` is ambiguous, give a column: {} at {}, {} at {}",
                    first.text(),
                    first.at,
                    site.text(),
                    site.at,
                )),
                _ => mutant.fit(&site).map(Some),
            },
            None => Ok(None),
        };
        site.change = fits.clone().unwrap_or_default();
        let place = w.sites.all.len();
        w.sites.index.insert((std::ptr::from_ref(site.at) as usize, site.operation), place);
        if site.change.is_some() {
            w.sites.mutated = Some(place);
        }
        w.sites.all.push(site);
        fits
    });
    change.unwrap_or_else(|error| fail(Failure::BadMutant { error }))
}

/// Mixes the address of a location: addresses that differ only in their high bits would collide in
/// a table that uses the low ones.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

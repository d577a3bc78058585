//! Mutants: one changed place of the source, for one run, without recompiling.
//!
//! Written as `file:line:column=change`. The file may be shortened from the left while it is unique
//! (`lock.rs`), and the column left out if the line has one operation. The changes:
//!
//! | change                                  | at                      | means                             |
//! | --------------------------------------- | ----------------------- | --------------------------------- |
//! | `Relaxed` `Acquire` `Release` `AcqRel`  | an atomic operation     | this ordering, if it is weaker    |
//! | `failure-Relaxed` `failure-Acquire`     | a compare-exchange      | the same for its second ordering  |
//! | `no-fence`                              | a fence                 | left out                          |
//! | `no-wake`                               | a wake                  | left out                          |
//! | `wake-one`                              | a wake of all           | wakes one                         |
//! | `wake-all`                              | a wake of one           | wakes all                         |

use std::fmt;
use std::str::FromStr;

use loom::sync::atomic::Ordering;

pub use super::site::Change;
use super::site::{Operation, Site, Update};
use crate::world::At;

/// One change at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    file: String,
    line: u32,
    column: Option<u32>,
    change: Change,
}

impl Mutant {
    /// Whether the mutant is at this place.
    pub(crate) fn is_at(&self, at: At) -> bool {
        at.line() == self.line
            && self.column.is_none_or(|column| column == at.column())
            && self.is_in(at.file())
    }

    /// Whether the mutant is in this file.
    pub(crate) fn is_in(&self, file: &str) -> bool {
        let folders = file.strip_suffix(self.file.as_str());
        folders.is_some_and(|folders| folders.is_empty() || folders.ends_with('/'))
    }

    /// The change, if it is possible there.
    pub(crate) fn fit(&self, site: &Site) -> Result<Change, String> {
        let possible = changes(site);
        if possible.contains(&self.change) {
            return Ok(self.change);
        }
        let possible: Vec<_> = possible.iter().map(ToString::to_string).collect();
        let possible = match possible.as_slice() {
            [] => "nothing can be made weaker there".to_owned(),
            some => format!("possible there: {}", some.join(", ")),
        };
        Err(format!("`{}` does not fit {} at {}: {possible}", self.change, site.text(), site.at))
    }
}

/// What can be made weaker, or wrong, at a site.
pub(crate) fn changes(site: &Site) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Some(order) = site.order {
        let weaker = weaker(site.operation, order);
        changes.extend(weaker.iter().copied().map(Change::Order));
    }
    if let Some(failure) = site.failure {
        let weaker = weaker(Operation::Load, failure);
        changes.extend(weaker.iter().copied().map(Change::Failure));
    }
    match site.operation {
        Operation::Fence => changes.push(Change::NoFence),
        Operation::WakeOne => changes.extend([Change::DropWake, Change::WakeAll]),
        Operation::WakeAll => changes.extend([Change::DropWake, Change::WakeOne]),
        _ => {}
    }
    changes
}

/// The weaker orderings that an operation may have.
fn weaker(operation: Operation, order: Ordering) -> &'static [Ordering] {
    use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    match (operation, order) {
        (Operation::Load, SeqCst) => &[Acquire, Relaxed],
        (Operation::Store, SeqCst) => &[Release, Relaxed],
        // A fence without both halves is no fence: that is `NoFence`.
        (Operation::Fence, SeqCst) => &[AcqRel, Acquire, Release],
        (Operation::Fence, AcqRel) => &[Acquire, Release],
        (Operation::Fence, _) => &[],
        (_, SeqCst) => &[AcqRel, Acquire, Release, Relaxed],
        (_, AcqRel) => &[Acquire, Release, Relaxed],
        (_, Acquire | Release) => &[Relaxed],
        _ => &[],
    }
}

impl Site {
    /// The operation with its orderings: `compare_exchange(Acquire, Relaxed)`.
    pub(crate) fn text(&self) -> String {
        let name = self.operation.name();
        match (self.order, self.failure) {
            (Some(order), Some(failure)) => format!("{name}({order:?}, {failure:?})"),
            (Some(order), None) => format!("{name}({order:?})"),
            _ => name.to_owned(),
        }
    }
}

impl Operation {
    /// Its name in the source.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Store => "store",
            Self::Update(Update::Swap) => "swap",
            Self::Update(Update::Add) => "fetch_add",
            Self::Update(Update::Sub) => "fetch_sub",
            Self::Update(Update::And) => "fetch_and",
            Self::Update(Update::Nand) => "fetch_nand",
            Self::Update(Update::Or) => "fetch_or",
            Self::Update(Update::Xor) => "fetch_xor",
            Self::Update(Update::Max) => "fetch_max",
            Self::Update(Update::Min) => "fetch_min",
            Self::CompareExchange => "compare_exchange",
            Self::FetchUpdate => "fetch_update",
            Self::Fence => "fence",
            Self::WakeOne => "wake_one",
            Self::WakeAll => "wake_all",
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(order) => write!(f, "{order:?}"),
            Self::Failure(order) => write!(f, "failure-{order:?}"),
            Self::NoFence => f.write_str("no-fence"),
            Self::DropWake => f.write_str("no-wake"),
            Self::WakeOne => f.write_str("wake-one"),
            Self::WakeAll => f.write_str("wake-all"),
        }
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, change } = self;
        match column {
            Some(column) => write!(f, "{file}:{line}:{column}={change}"),
            None => write!(f, "{file}:{line}={change}"),
        }
    }
}

impl FromStr for Change {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const ALL: [Change; 10] = [
            Change::Order(Ordering::Relaxed),
            Change::Order(Ordering::Acquire),
            Change::Order(Ordering::Release),
            Change::Order(Ordering::AcqRel),
            Change::Failure(Ordering::Relaxed),
            Change::Failure(Ordering::Acquire),
            Change::NoFence,
            Change::DropWake,
            Change::WakeOne,
            Change::WakeAll,
        ];
        ALL.into_iter().find(|change| change.to_string() == text).ok_or_else(|| {
            let all: Vec<_> = ALL.iter().map(ToString::to_string).collect();
            format!("`{text}` is no change; known: {}", all.join(", "))
        })
    }
}

impl FromStr for Mutant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("`{text}` is no mutant; write file:line:column=change");
        let (place, change) = text.split_once('=').ok_or_else(form)?;
        let mut parts = place.split(':');
        let file = parts.next().filter(|file| !file.is_empty()).ok_or_else(form)?.to_owned();
        let mut number = || match parts.next() {
            None => Ok(None),
            Some(part) => part.parse().map(Some).map_err(|_| form()),
        };
        let line = number()?.ok_or_else(form)?;
        let column = number()?;
        if parts.next().is_some() {
            return Err(form());
        }
        Ok(Self { file, line, column, change: change.parse()? })
    }
}

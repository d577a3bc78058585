//! What a file `tests/cases/*/bench.rs` is: rows, and where they are drawn.

use crate::row::Row;

/// The rows of a primitive.
#[derive(Clone, Copy, Debug)]
pub struct Bench {
    /// The plot and the table that show it: one of [`GROUPS`](crate::results::GROUPS).
    pub group: &'static str,
    /// The beginning of its rows' names.
    pub title: &'static str,
    pub(crate) rows: fn() -> Vec<Row>,
    pub(crate) keeps_to_one_core: bool,
}

impl Bench {
    /// Rows that are made when they are measured.
    #[must_use]
    pub const fn new(group: &'static str, title: &'static str, rows: fn() -> Vec<Row>) -> Self {
        Self { group, title, rows, keeps_to_one_core: false }
    }

    /// The whole process keeps to one core.
    #[must_use]
    pub const fn on_one_core(mut self) -> Self {
        self.keeps_to_one_core = true;
        self
    }
}

/// A bench and its folder in `tests/cases`.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The folder.
    pub name: &'static str,
    /// What is in it.
    pub bench: Bench,
}

impl Named {
    /// The one of that name.
    pub(crate) fn find<'a>(benches: &'a [Self], name: &str) -> Option<&'a Self> {
        benches.iter().find(|named| named.name == name)
    }
}

//! [`Part`]: what of a source file a page shows.

/// A part of a source file, by anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file, from the root of the repository.
    pub file: &'static str,
    /// The name of the anchor.
    pub anchor: &'static str,
    /// What it belongs to, if an earlier chapter has finished that: the page then shows a call as
    /// one step.
    pub fold: Option<&'static str>,
}

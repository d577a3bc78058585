//! `tests/tools/orderings/justified.toml`: what may survive, and what no model executes, each with
//! its reason.
//!
//! A place is named by file, function and operation, not by its line, so that the list does not rot
//! with each edit.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::source::Place;

/// The file, from the workspace's root.
pub(crate) const FILE: &str = "tests/tools/orderings/justified.toml";

/// All of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Listed {
    #[serde(default)]
    pub(crate) survivor: Vec<Survivor>,
    #[serde(default)]
    pub(crate) not_executed: Vec<NotExecuted>,
}

/// Weaker orderings that no model can notice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Survivor {
    pub(crate) file: String,
    pub(crate) function: String,
    pub(crate) operation: String,
    /// Its number among the equal ones in the function.
    #[serde(default = "one")]
    pub(crate) nth: usize,
    pub(crate) weaker: Vec<String>,
    pub(crate) reason: String,
}

/// Orderings that no model executes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotExecuted {
    pub(crate) file: String,
    /// Without it, everything in the file, which the models do not compile.
    pub(crate) function: Option<String>,
    pub(crate) reason: String,
}

fn one() -> usize {
    1
}

impl Listed {
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(root.join(FILE)).with_context(|| format!("cannot read {FILE}"))?;
        Self::parse(&text).with_context(|| FILE)
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let listed: Self = toml::from_str(text)?;
        for survivor in &listed.survivor {
            ensure!(!survivor.weaker.is_empty(), "{survivor} names no weaker ordering");
            ensure!(has_reason(&survivor.reason), "{survivor} has no reason");
        }
        for excluded in &listed.not_executed {
            ensure!(has_reason(&excluded.reason), "{excluded} has no reason");
        }
        Ok(listed)
    }
}

fn has_reason(reason: &str) -> bool {
    !reason.trim().is_empty()
}

impl Survivor {
    pub(crate) fn is(&self, place: &Place) -> bool {
        self.file == place.file
            && self.function == place.function
            && self.operation == place.operation
            && self.nth == place.nth
    }
}

impl NotExecuted {
    pub(crate) fn covers(&self, place: &Place) -> bool {
        self.file == place.file
            && match &self.function {
                Some(function) => *function == place.function,
                None => !place.modelled,
            }
    }
}

impl std::fmt::Display for Survivor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, function, operation, nth, .. } = self;
        write!(f, "{file}: {function}: {operation}")?;
        if *nth > 1 { write!(f, " no. {nth}") } else { Ok(()) }
    }
}

impl std::fmt::Display for NotExecuted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.function {
            Some(function) => write!(f, "{}: {function}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read() {
        let listed = Listed::parse(
            r#"
            [[survivor]]
            file = "primitives/src/a.rs"
            function = "A::f"
            operation = "load(Acquire)"
            weaker = ["Relaxed"]
            reason = "because"
            [[not-executed]]
            file = "primitives/src/b.rs"
            reason = "std's threads"
            "#,
        )
        .unwrap();
        assert_eq!(listed.survivor[0].nth, 1);
        assert_eq!(listed.survivor[0].to_string(), "primitives/src/a.rs: A::f: load(Acquire)");
        assert_eq!(listed.not_executed[0].to_string(), "primitives/src/b.rs");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let error = |text: &str| format!("{:#}", Listed::parse(text).unwrap_err());
        assert!(error("[[survivors]]").contains("survivors"));
        let entry = "[[not-executed]]\nfile = \"a.rs\"\n";
        assert!(error(entry).contains("reason"));
        assert_eq!(error(&format!("{entry}reason = ' '")), "a.rs has no reason");
        let entry =
            "[[survivor]]\nfile='a.rs'\nfunction='f'\noperation='load(Acquire)'\nreason='r'\n";
        assert_eq!(
            error(&format!("{entry}weaker = []")),
            "a.rs: f: load(Acquire) names no weaker ordering",
        );
    }

    #[test]
    fn the_committed_list_is_one() {
        Listed::read(&crate::root()).unwrap();
    }
}

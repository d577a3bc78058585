//! A copy of the workspace for bugs.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::catalogue::Bug;
use crate::models;
use crate::outcome::Outcome;

/// A copy of the workspace, into which bugs are put.
///
/// It writes only files that differ, so that cargo recompiles only what a bug changes. Each copy
/// has its own target folder: cargo names what it builds by the path _within_ a workspace, so two
/// copies that shared one would run each other's bugs.
pub(crate) struct Scratch<'a> {
    root: &'a Path,
    copy: PathBuf,
    target: PathBuf,
}

impl<'a> Scratch<'a> {
    pub(crate) fn new(root: &'a Path, number: usize) -> Result<Self> {
        let copy = root.join(format!("target/bugs/scratch-{number}"));
        for part in ["Cargo.toml", "Cargo.lock", "primitives", "queues", "demos", "book", "tests"] {
            mirror(&root.join(part), &copy.join(part))
                .with_context(|| format!("cannot copy {part} to {}", copy.display()))?;
        }
        Ok(Self { root, copy, target: root.join(format!("target/bugs/build-{number}")) })
    }

    /// Puts the bug in, builds, runs the scenario that must find it, removes it again.
    pub(crate) fn try_bug(&self, bug: &Bug) -> Result<Outcome> {
        let source = self.root.join(&bug.file);
        let source = match fs::read_to_string(&source) {
            Ok(source) => source,
            Err(error) => return Ok(Outcome::Broken(format!("{}: {error}", bug.file.display()))),
        };
        let patched = match patched(&source, bug) {
            Ok(patched) => patched,
            Err(error) => return Ok(Outcome::Broken(format!("{error:#}"))),
        };
        let target = self.copy.join(&bug.file);
        fs::write(&target, patched)
            .with_context(|| format!("cannot write {}", target.display()))?;
        let outcome = match models::build(&self.copy, "bugs", &self.target) {
            Ok(models) => models.run(&bug.found_by, None),
            // One line of it: the whole cargo output for a bug that does not compile would hide the
            // others.
            Err(error) => {
                let error = format!("{error:#}");
                Ok(Outcome::Broken(error.lines().next().unwrap_or_default().to_owned()))
            }
        };
        fs::write(&target, source).with_context(|| format!("cannot write {}", target.display()))?;
        outcome
    }
}

/// The source with the bug in it.
pub(crate) fn patched(source: &str, bug: &Bug) -> Result<String> {
    let patch = diffy::Patch::from_str(&bug.patch).context("it is not a patch")?;
    diffy::apply(source, &patch)
        .with_context(|| format!("it no longer applies to {}: make it again", bug.file.display()))
}

/// Makes `to` equal to `from`, file by file, and does not touch equal files.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        let wanted = fs::read(from)?;
        if fs::read(to).ok().as_ref() != Some(&wanted) {
            fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
            fs::write(to, wanted)?;
        }
        return Ok(());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        mirror(&from.join(&name), &to.join(&name))?;
        names.push(name);
    }
    // A deleted file must not be built from an old copy.
    let old = match fs::read_dir(to) {
        Ok(old) => old,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in old {
        let entry = entry?;
        if !names.contains(&entry.file_name()) {
            let path = entry.path();
            if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
    }
    Ok(())
}

//! The patches and their headers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// One mistake.
#[derive(Debug)]
pub(crate) struct Bug {
    /// The models that must find it: the primitive whose folder contains it.
    pub(crate) group: String,
    /// What was forgotten, from the file's name.
    pub(crate) what: String,
    /// Its description: the lines before the patch.
    pub(crate) about: String,
    /// The scenario that must find it: the line `Found by: group/scenario` before the patch.
    pub(crate) found_by: String,
    /// The file that it changes, from the workspace's root.
    pub(crate) file: PathBuf,
    /// All of it.
    pub(crate) patch: String,
}

impl Bug {
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.group, self.what)
    }
}

/// Reads the catalogue, in order of name.
pub(crate) fn read(root: &Path) -> Result<Vec<Bug>> {
    let folder = root.join("tests/cases");
    let mut bugs = Vec::new();
    for group in entries(&folder)? {
        let folder = group.join("bugs");
        if !folder.is_dir() {
            continue;
        }
        for file in entries(&folder)? {
            if file.extension().is_some_and(|extension| extension == "patch") {
                let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
                bugs.push(bug(&file).with_context(|| shown)?);
            }
        }
    }
    ensure!(!bugs.is_empty(), "there is no patch in tests/cases/*/bugs");
    Ok(bugs)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()
        })
        .with_context(|| format!("cannot list {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

fn bug(path: &Path) -> Result<Bug> {
    let patch = fs::read_to_string(path)?;
    let name = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().display().to_string();
    let (about, change) = patch.split_once("\n--- a/").context("no line begins with `--- a/`")?;
    let (about, found_by) =
        about.split_once("\nFound by: ").context("it has no line `Found by: group/scenario`")?;
    let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(!about.is_empty(), "it does not say what it does: begin with a sentence");
    ensure!(!change.contains("\n--- a/"), "it changes more than one file");
    let file = change.lines().next().unwrap_or_default().into();
    Ok(Bug {
        group: name(path.ancestors().nth(2).and_then(Path::file_name)),
        what: name(path.file_stem()),
        about,
        found_by: found_by.trim().to_owned(),
        file,
        patch,
    })
}

/// The selected bugs.
pub(crate) fn select(all: Vec<Bug>, names: &[String]) -> Result<Vec<Bug>> {
    for name in names {
        if !all.iter().any(|bug| is_meant(bug, name)) {
            let within = |bug: &&Bug| name.split('/').next() == Some(&bug.group);
            let mut known: Vec<_> = all.iter().filter(within).map(Bug::name).collect();
            if known.is_empty() {
                known = all.iter().map(|bug| bug.group.clone()).collect();
                known.dedup();
            }
            bail!("no bug is called `{name}`; known: {}", known.join(", "));
        }
    }
    let meant = |bug: &Bug| names.is_empty() || names.iter().any(|name| is_meant(bug, name));
    Ok(all.into_iter().filter(meant).collect())
}

fn is_meant(bug: &Bug, name: &str) -> bool {
    bug.group == name || bug.name() == name
}

/// The bugs that a change of these files may hide: the file that a bug is in has changed, or its
/// group's models, or the runtime, or the bug itself.
pub(crate) fn touched(all: Vec<Bug>, changed: &[String]) -> Vec<Bug> {
    let is_touched = |bug: &Bug| {
        changed.iter().any(|file| {
            Path::new(file) == bug.file
                || *file == format!("tests/cases/{}/bugs/{}.patch", bug.group, bug.what)
                || *file == format!("tests/cases/{}/models.rs", bug.group)
                || file.starts_with(&format!("tests/cases/{}/models/", bug.group))
                || file.starts_with("tests/tools/model-runtime/src/")
        })
    };
    all.into_iter().filter(is_touched).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Vec<Bug> {
        ["lock/a", "lock/b", "queue/a"]
            .iter()
            .map(|name| {
                let (group, what) = name.split_once('/').unwrap();
                Bug {
                    group: group.into(),
                    what: what.into(),
                    about: String::new(),
                    found_by: String::new(),
                    file: PathBuf::new(),
                    patch: String::new(),
                }
            })
            .collect()
    }

    fn selected(names: &[&str]) -> Vec<String> {
        let names: Vec<_> = names.iter().map(|name| name.to_string()).collect();
        select(some(), &names).unwrap().iter().map(Bug::name).collect()
    }

    #[test]
    fn a_name_is_a_group_or_one_of_it() {
        assert_eq!(selected(&[]), ["lock/a", "lock/b", "queue/a"]);
        assert_eq!(selected(&["lock"]), ["lock/a", "lock/b"]);
        assert_eq!(selected(&["queue", "lock/b"]), ["lock/b", "queue/a"]);
    }

    #[test]
    fn a_change_touches_the_bugs_of_its_file_and_of_its_models() {
        let touched = |file: &str| {
            let mut bugs = some();
            bugs[0].file = "primitives/src/lock.rs".into();
            super::touched(bugs, &[file.to_owned()]).iter().map(Bug::name).collect::<Vec<_>>()
        };
        assert_eq!(touched("primitives/src/lock.rs"), ["lock/a"]);
        assert_eq!(touched("tests/cases/lock/bugs/b.patch"), ["lock/b"]);
        assert_eq!(touched("tests/cases/queue/models.rs"), ["queue/a"]);
        assert_eq!(touched("tests/tools/model-runtime/src/futex.rs").len(), 3);
        assert!(touched("README.md").is_empty());
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = |name: &str| select(some(), &[name.to_owned()]).unwrap_err().to_string();
        assert_eq!(error("stack"), "no bug is called `stack`; known: lock, queue");
        assert_eq!(error("lock/x"), "no bug is called `lock/x`; known: lock/a, lock/b");
    }

    #[test]
    fn every_patch_of_the_catalogue_says_what_it_does_and_applies() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
        for bug in read(root).unwrap() {
            let source = fs::read_to_string(root.join(&bug.file)).unwrap();
            let patched = crate::scratch::patched(&source, &bug);
            assert_ne!(patched.unwrap_or_else(|error| panic!("{}: {error:#}", bug.name())), source);
        }
    }
}

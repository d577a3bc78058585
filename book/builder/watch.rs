//! Notices changed files by checking them a few times a second: a few dozen files, some hundred
//! microseconds for each check, the same on every system.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files and folders to keep an eye on, and how they were at the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    paths: BTreeSet<PathBuf>,
    /// When each file was last written and how long it is. What is not there is not in the table,
    /// so that a file that appears or goes is a change too.
    files: BTreeMap<PathBuf, (Option<SystemTime>, u64)>,
}

impl Watch {
    /// Keeps an eye on `path` from now on: a file, a folder with all that is in it, or something
    /// that is not there yet. Add a file before you read it; then no change is missed.
    pub fn add(&mut self, path: PathBuf) {
        if !self.paths.contains(&path) {
            self.look_at(&path);
            self.paths.insert(path);
        }
    }

    /// What [`add`](Self::add) was told.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().map(PathBuf::as_path)
    }

    /// The same files and folders, as they are now. Unequal if anything has changed.
    #[must_use]
    pub fn look_again(&self) -> Self {
        let mut now = Self { paths: self.paths.clone(), files: BTreeMap::new() };
        for path in &self.paths {
            now.look_at(path);
        }
        now
    }

    fn look_at(&mut self, path: &Path) {
        let Ok(metadata) = fs::metadata(path) else { return };
        if metadata.is_file() {
            self.files.insert(path.to_owned(), (metadata.modified().ok(), metadata.len()));
        } else if let Ok(entries) = fs::read_dir(path) {
            for entry in entries.flatten() {
                self.look_at(&entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Watch;
    use std::fs;

    #[test]
    fn a_file_that_changes_appears_or_goes_is_noticed_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("watched/deep")).unwrap();
        fs::write(path("watched/deep/a"), "1").unwrap();
        let mut watch = Watch::default();
        watch.add(path("watched"));
        watch.add(path("single"));

        let mut noticed = || {
            let now = watch.look_again();
            let changed = now != watch;
            watch = now;
            changed
        };
        assert!(!noticed());
        fs::write(path("watched/deep/a"), "12").unwrap();
        assert!(noticed());
        fs::write(path("single"), "1").unwrap();
        assert!(noticed());
        fs::remove_file(path("watched/deep/a")).unwrap();
        assert!(noticed());
        fs::write(path("elsewhere"), "1").unwrap();
        assert!(!noticed());
    }

    #[test]
    fn a_file_that_is_added_twice_is_compared_with_its_first_look() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        let mut watch = Watch::default();
        watch.add(file.clone());
        fs::write(&file, "1").unwrap();
        watch.add(file);
        assert_ne!(watch.look_again(), watch);
    }
}

//! How a place in the source is called.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// The path of a file from the root of the workspace, of one that the compiler names. What is built
/// by a manifest in another folder has a path that goes up again:
/// `tests/…/../../primitives/src/lock.rs`.
#[must_use]
pub fn from_root(file: &'static str) -> &'static str {
    thread_local! {
        static PLAIN: RefCell<BTreeMap<&'static str, &'static str>> =
            const { RefCell::new(BTreeMap::new()) };
    }
    if !file.contains("..") {
        return file;
    }
    // There are no more of them than files are compiled.
    PLAIN
        .with_borrow_mut(|plain| *plain.entry(file).or_insert_with(|| without_detours(file).leak()))
}

/// A path without the folders that it leaves again.
#[must_use]
pub fn without_detours(path: impl AsRef<Path>) -> String {
    let mut plain = PathBuf::new();
    for part in path.as_ref().components() {
        if part == Component::ParentDir {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain.to_string_lossy().into_owned()
}

/// The file without its folders, but with one for a scenario, which is named by its folder:
/// `lock.rs`, `lock/models.rs`.
#[must_use]
pub fn short(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    file.strip_prefix("tests/cases/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_goes_up_again_is_that_of_the_file() {
        let detour = "tests/tools/modelled/queues/../../../../queues/src/ring.rs";
        assert_eq!(from_root(detour), "queues/src/ring.rs");
        assert_eq!(from_root("tests/cases/../lib/watched.rs"), "tests/lib/watched.rs");
        assert_eq!(from_root("primitives/src/lock.rs"), "primitives/src/lock.rs");
    }

    #[test]
    fn a_scenario_is_called_after_its_folder() {
        assert_eq!(short("primitives/src/lock.rs"), "lock.rs");
        assert_eq!(short("tests/cases/lock/models.rs"), "lock/models.rs");
        assert_eq!(short("lock.rs"), "lock.rs");
    }
}

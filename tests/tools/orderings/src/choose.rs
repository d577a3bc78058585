//! The meaning of the names on the command line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::source::Place;

/// The group of a file: the group of models with its module's name, or else the groups that execute
/// it (`queue` has the engine of the blocking queues).
pub(crate) type Homes = BTreeMap<String, BTreeSet<String>>;

/// A name on the command line that means nothing.
#[derive(Debug)]
pub(crate) struct BadName(String);

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadName {}

/// The homes of the files; `executing` says which groups execute one.
pub(crate) fn homes<'a>(
    places: &[Place],
    groups: &BTreeSet<String>,
    executing: impl Fn(&str) -> BTreeSet<&'a str>,
) -> Homes {
    let mut homes = Homes::new();
    for place in places {
        let file = &place.file;
        if homes.contains_key(file) {
            continue;
        }
        let module = module(file);
        let home = match groups.contains(module) {
            true => BTreeSet::from([module.to_owned()]),
            false => executing(file).into_iter().map(str::to_owned).collect(),
        };
        homes.insert(file.clone(), home);
    }
    homes
}

/// The files that `names` selects; without a name, all. A group without its own file selects the
/// files that it executes; a name that selects none is an error.
pub(crate) fn files<'a>(
    homes: &Homes,
    names: &[String],
    executing: impl Fn(&str) -> BTreeSet<&'a str>,
) -> Result<BTreeSet<String>, BadName> {
    if names.is_empty() {
        return Ok(homes.keys().cloned().collect());
    }
    let mut files = BTreeSet::new();
    for name in names {
        let all = || homes.keys().cloned();
        let mut meant: BTreeSet<_> = all().filter(|file| means(homes, name, file)).collect();
        if meant.is_empty() {
            meant = all().filter(|file| executing(file).contains(name.as_str())).collect();
        }
        if meant.is_empty() {
            return Err(BadName(format!(
                "`{name}` executes no memory ordering of primitives/src or queues/src",
            )));
        }
        files.extend(meant);
    }
    Ok(files)
}

/// A name is a group of models, a module, a file.
fn means(homes: &Homes, name: &str, file: &str) -> bool {
    let is_file =
        file.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    is_file || module(file) == name || homes.get(file).is_some_and(|home| home.contains(name))
}

/// Whether each name can select something. Checked before any run, from the source and the groups.
pub(crate) fn check(
    places: &[Place],
    groups: &BTreeSet<String>,
    names: &[String],
) -> Result<(), BadName> {
    let known = homes(places, groups, |_| BTreeSet::new());
    for name in names {
        if groups.contains(name) || known.keys().any(|file| means(&known, name, file)) {
            continue;
        }
        let modules: BTreeSet<_> = known
            .keys()
            .map(|file| module(file))
            .chain(groups.iter().map(String::as_str))
            .collect();
        let modules: Vec<_> = modules.into_iter().collect();
        return Err(BadName(format!(
            "nothing is called `{name}`; known: {}, and the files of these",
            modules.join(", "),
        )));
    }
    Ok(())
}

fn module(file: &str) -> &str {
    model::changed::module(file).map_or(file, |(_, module)| module)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "primitives/src/lock.rs";
    const BLOCKING: &str = "queues/src/locked_queue.rs";
    const ENDING: &str = "queues/src/ring/ending.rs";

    fn place(file: &str) -> Place {
        Place {
            file: file.into(),
            line: 1,
            column: 1,
            function: String::new(),
            operation: String::new(),
            nth: 1,
            modelled: true,
        }
    }

    fn groups() -> BTreeSet<String> {
        ["lock", "queue", "ring", "timer"].map(str::to_owned).into()
    }

    fn meant(names: &[&str]) -> Vec<String> {
        let places = [place(LOCK), place(BLOCKING), place(ENDING)];
        let executing = |file: &str| match file {
            ENDING => BTreeSet::from(["ring"]),
            LOCK => BTreeSet::from(["lock", "queue", "timer"]),
            _ => BTreeSet::from(["lock", "queue"]),
        };
        let homes = homes(&places, &groups(), executing);
        let names: Vec<_> = names.iter().map(|name| name.to_string()).collect();
        check(&places, &groups(), &names).unwrap();
        files(&homes, &names, executing).unwrap().into_iter().collect()
    }

    #[test]
    fn a_name_is_a_group_or_a_module_or_a_file() {
        assert_eq!(meant(&[]), [LOCK, BLOCKING, ENDING]);
        assert_eq!(meant(&["lock"]), [LOCK, BLOCKING], "a group that executes what has no group");
        assert_eq!(meant(&["queue"]), [BLOCKING], "and not what has one of its own");
        assert_eq!(meant(&["ring", "lock.rs"]), [LOCK, ENDING]);
        assert_eq!(meant(&["queues/src/ring/ending.rs"]), [ENDING]);
        assert_eq!(meant(&["locked_queue"]), [BLOCKING]);
        assert_eq!(meant(&["timer"]), [LOCK], "a group that is at home nowhere");
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        let error = check(&[place(LOCK)], &groups(), &["lok".to_owned()]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "nothing is called `lok`; known: lock, queue, ring, timer, and the files of these",
        );
    }
}

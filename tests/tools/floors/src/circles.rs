//! Sets of modules that all lead to each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::source::{Arrow, Crate};

/// The shortest circles, no two of which share an arrow; empty for a crate whose imports point one
/// way.
#[must_use]
pub fn circles(of: &Crate) -> Vec<Vec<Arrow>> {
    let mut from: BTreeMap<&str, Vec<&Arrow>> = BTreeMap::new();
    for arrow in &of.arrows {
        from.entry(&arrow.from).or_default().push(arrow);
    }
    let mut told: BTreeSet<(String, String)> = BTreeSet::new();
    let mut found: Vec<_> =
        of.modules.iter().filter_map(|module| way_back(module, &from)).collect();
    found.sort_by_key(Vec::len);
    found.retain(|circle| {
        let named = |arrow: &Arrow| (arrow.from.clone(), arrow.to.clone());
        let is_new = circle.iter().all(|arrow| !told.contains(&named(arrow)));
        if is_new {
            told.extend(circle.iter().map(named));
        }
        is_new
    });
    found
}

/// The shortest way from a module to itself, breadth first.
fn way_back(module: &str, from: &BTreeMap<&str, Vec<&Arrow>>) -> Option<Vec<Arrow>> {
    let mut came_by: BTreeMap<&str, &Arrow> = BTreeMap::new();
    let mut next = VecDeque::from([module]);
    while let Some(here) = next.pop_front() {
        for arrow in from.get(here).into_iter().flatten() {
            if arrow.to == module {
                let mut circle = vec![(*arrow).clone()];
                let mut at = here;
                while at != module {
                    let before = came_by[at];
                    circle.push(before.clone());
                    at = &before.from;
                }
                circle.reverse();
                return Some(circle);
            }
            if !came_by.contains_key(&*arrow.to) {
                came_by.insert(&arrow.to, arrow);
                next.push_back(&arrow.to);
            }
        }
    }
    None
}

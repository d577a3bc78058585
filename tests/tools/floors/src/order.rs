//! Arrows that lead upward.

use crate::source::Crate;

/// What contradicts the order of `floors`, the lowest first: arrows from a lower floor to a higher
/// one, and modules without a floor. Modules of one floor are written side by side. A module is on
/// the floor that names it, or else on that of its parent; the crate's root is above all.
#[must_use]
pub fn upward(of: &Crate, floors: &[impl AsRef<str>]) -> Vec<String> {
    let mut complaints = Vec::new();
    for module in &of.modules {
        if floor(module, floors).is_none() {
            complaints.push(format!("`{module}` stands on no floor"));
        }
    }
    for arrow in &of.arrows {
        let (from, to) = (floor(&arrow.from, floors), floor(&arrow.to, floors));
        if from.zip(to).is_some_and(|(from, to)| from < to) {
            complaints.push(format!(
                "{}: `{}` leans on `{}`, which stands above it",
                arrow.at, arrow.from, arrow.to
            ));
        }
    }
    complaints
}

/// The floors that a root file declares: its modules in their order, those of one floor separated
/// by a blank. A floor ends at an empty line.
#[must_use]
pub fn declared(root_file: &str) -> Vec<String> {
    let mut floors: Vec<String> = Vec::new();
    let mut begins = true;
    for line in root_file.lines() {
        begins |= line.is_empty();
        let Some(module) = module_of(line) else { continue };
        match floors.last_mut() {
            Some(floor) if !begins => *floor += &format!(" {module}"),
            _ => floors.push(module.to_owned()),
        }
        begins = false;
    }
    floors
}

/// The module that a line declares: `pub mod sync;`, `mod raw {`.
fn module_of(line: &str) -> Option<&str> {
    let item = ["pub(crate) ", "pub "].iter().find_map(|before| line.strip_prefix(before));
    let rest = item.unwrap_or(line).strip_prefix("mod ")?;
    rest.strip_suffix(';').or_else(|| rest.strip_suffix(" {"))
}

fn floor(module: &str, floors: &[impl AsRef<str>]) -> Option<usize> {
    if module == "crate" {
        return Some(floors.len());
    }
    let mut name = module;
    loop {
        let stands = |floor: &str| floor.split(' ').any(|other| other == name);
        if let Some(found) = floors.iter().position(|floor| stands(floor.as_ref())) {
            return Some(found);
        }
        name = name.rsplit_once("::")?.0;
    }
}

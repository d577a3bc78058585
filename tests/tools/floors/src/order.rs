//! Arrows that lead upward.

use crate::source::Crate;

/// What contradicts the order of `floors`, the lowest first: arrows from a lower floor to a higher
/// one, and modules without a floor. Modules of one floor are written side by side. A module is on
/// the floor that names it, or else on that of its parent; the crate's root is above all.
#[must_use]
pub fn upward(of: &Crate, floors: &[&str]) -> Vec<String> {
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

fn floor(module: &str, floors: &[&str]) -> Option<usize> {
    if module == "crate" {
        return Some(floors.len());
    }
    let mut name = module;
    loop {
        let stands = |floor: &&str| floor.split(' ').any(|other| other == name);
        if let Some(found) = floors.iter().position(stands) {
            return Some(found);
        }
        name = name.rsplit_once("::")?.0;
    }
}

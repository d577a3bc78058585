//! Names of atomics and cells, found in the source before the call that made them.

use super::source;
use crate::world::{At, Object, Shape};

/// A name for each object: `changed.sequence`, `lock.data`.
pub(super) fn names(objects: &[Object]) -> Vec<String> {
    let full: Vec<Vec<String>> = objects
        .iter()
        .map(|object| {
            let parts: Vec<_> = object.made.iter().filter_map(|at| part(at)).collect();
            // Made in a file that cannot be read, such as the standard library's.
            if parts.is_empty() { vec![kind(object.shape).to_owned()] } else { parts }
        })
        .collect();
    // The outermost and the innermost part usually suffice.
    let short = |parts: &Vec<String>| match parts.as_slice() {
        [first, .., last] => format!("{first}.{last}"),
        parts => parts.concat(),
    };
    let same = |a: usize, b: usize| short(&full[a]) == short(&full[b]);
    let all = 0..objects.len();
    all.clone()
        .map(|i| {
            let twins: Vec<usize> = all.clone().filter(|&other| same(i, other)).collect();
            let name = if twins.iter().all(|&twin| full[twin] == full[i]) {
                short(&full[i])
            } else {
                full[i].join(".")
            };
            // Objects from the same place, such as the slots of a ring, are numbered.
            let alike: Vec<usize> =
                twins.into_iter().filter(|&twin| full[twin] == full[i]).collect();
            match alike.iter().position(|&twin| twin == i) {
                Some(n) if alike.len() > 1 => format!("{name}[{n}]"),
                _ => name,
            }
        })
        .collect()
}

/// The source's name for the object that is made here: the field or the variable, or else its type.
fn part(at: At) -> Option<String> {
    let lines = source::lines(at.file());
    let line = at.line() as usize - 1;
    let text = lines.get(line)?;
    let column = at.column() as usize - 1;
    let before: String = text.chars().take(column).collect();
    let call: String = text.chars().skip(column).collect();
    let mut before = before.trim_end();
    if before.is_empty() && line > 0 {
        before = lines[line - 1].trim_end(); // the call stands on a line of its own
    }
    if let Some(array) = before.rfind('[').filter(|&open| !before[open..].contains(']')) {
        before = before[..array].trim_end(); // an element of it
    }
    field(before).or_else(|| variable(before)).or_else(|| Some(type_name(&call)))
}

/// `… name:`
fn field(before: &str) -> Option<String> {
    let before = before.strip_suffix(':')?;
    (!before.ends_with(':')).then(|| last_word(before)).flatten()
}

/// `let name =`, `let name: Type =`
fn variable(before: &str) -> Option<String> {
    let (_, binding) = before.strip_suffix('=')?.rsplit_once("let ")?;
    let name = binding.split(':').next()?.trim();
    last_word(name.strip_prefix("mut ").unwrap_or(name))
}

fn last_word(text: &str) -> Option<String> {
    let word = text.trim_end().rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
    (!word.is_empty()).then(|| word.to_owned())
}

/// `Lock::new(…)` is a lock. The type of an atomic does not tell its purpose.
fn type_name(call: &str) -> String {
    let path = call.split(['(', '<']).next().unwrap_or_default();
    let mut parts = path.rsplit("::");
    let (last, before) = (parts.next().unwrap_or_default(), parts.next());
    match before.unwrap_or(last).trim() {
        "AtomicBool" => kind(Shape::Bool).to_owned(),
        "AtomicPtr" => kind(Shape::Pointer).to_owned(),
        name if name.starts_with("Atomic") => kind(Shape::Number).to_owned(),
        name => name.to_lowercase(),
    }
}

fn kind(shape: Shape) -> &'static str {
    match shape {
        Shape::Bool => "flag",
        Shape::Number => "word",
        Shape::Pointer => "pointer",
        Shape::Cell => "data",
    }
}

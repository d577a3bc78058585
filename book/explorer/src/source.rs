//! What the source says: the names of words, lines by anchor, the line with a certain text.

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use generated::place;

use crate::op::At;
use crate::part::Part;

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn read(file: &str) -> Result<String, String> {
    fs::read_to_string(root().join(file)).map_err(|error| format!("cannot read `{file}`: {error}"))
}

/// The file of a line, from the root of the repository.
pub(crate) fn file(at: At) -> &'static str {
    place::from_root(at.file())
}

/// The lines between `// ANCHOR: name` and `// ANCHOR_END: name`.
///
/// # Errors
///
/// If the file cannot be read or has no such anchor.
pub fn lines_of(file: &str, anchor: &str) -> Result<RangeInclusive<u32>, String> {
    let text = read(file)?;
    let line = |wanted: String| {
        (1..).zip(text.lines()).find(|(_, line)| line.trim() == wanted).map(|(number, _)| number)
    };
    let start = line(format!("// ANCHOR: {anchor}"));
    let end = line(format!("// ANCHOR_END: {anchor}"));
    match (start, end) {
        (Some(start), Some(end)) => Ok(start + 1..=end - 1),
        _ => Err(format!("`{file}` has no `ANCHOR: {anchor}` with its end")),
    }
}

/// The numbers of the lines between the anchors that a page shows: all but the comments with other
/// anchors, and the empty ones at the ends.
///
/// # Errors
///
/// As [`lines_of`].
pub fn rows_of(file: &str, anchor: &str) -> Result<Vec<u32>, String> {
    let (lines, text) = (lines_of(file, anchor)?, read(file)?);
    let between = (1..).zip(text.lines().map(str::trim)).filter(|(n, _)| lines.contains(n));
    let mut rows = Vec::from_iter(between.filter(|(_, line)| !line.starts_with("// ANCHOR")));
    let written = |(_, line): &(u32, &str)| !line.is_empty();
    rows.truncate(rows.iter().rposition(written).map_or(0, |last| last + 1));
    rows.drain(..rows.iter().position(written).unwrap_or(0));
    Ok(rows.into_iter().map(|(number, _)| number).collect())
}

/// The number of the only line with this text, among those of `file` that are shown in the `parts`.
///
/// # Errors
///
/// If there is none, or more than one.
pub fn line_with(parts: &[Part], file: &str, text: &str) -> Result<u32, String> {
    let mut shown = BTreeSet::new();
    for part in parts.iter().filter(|part| part.file == file) {
        shown.extend(rows_of(file, part.anchor)?);
    }
    let source = read(file)?;
    let mut found = (1..)
        .zip(source.lines())
        .filter(|(number, line)| shown.contains(number) && line.contains(text));
    match (found.next(), found.next()) {
        (Some((number, _)), None) => Ok(number),
        (None, _) => Err(format!("no line of `{file}` that is shown has `{text}`")),
        _ => Err(format!("several lines of `{file}` that are shown have `{text}`")),
    }
}

/// A name for each word and cell: what the source calls the field or variable that it is made in,
/// and that of the whole where two would be called the same.
pub(crate) fn names<'a>(made: impl Iterator<Item = &'a [At]>) -> Vec<String> {
    let full: Vec<Vec<String>> =
        made.map(|made| made.iter().filter_map(|at| name_at(at)).collect()).collect();
    let with = |parts: &Vec<String>, n: usize| parts[parts.len().saturating_sub(n)..].join(".");
    let mut names = Vec::new();
    for parts in &full {
        // Made at the same place, such as the elements of an array.
        let twin = |other: &&Vec<String>| *other == parts;
        let twins = full.iter().filter(twin).count();
        let same = |n| full.iter().filter(|other| with(other, n) == with(parts, n)).count();
        let n = (1..parts.len()).find(|&n| same(n) == twins).unwrap_or(parts.len());
        let name = if parts.is_empty() { "word".to_owned() } else { with(parts, n) };
        if twins == 1 {
            names.push(name);
        } else {
            let earlier = full.iter().take(names.len()).filter(twin).count();
            names.push(format!("{name}[{earlier}]"));
        }
    }
    names
}

/// For each word, the names of what it holds, from 0 on: those of the constants of its file, if it
/// was made with one of them.
pub(crate) fn named<'a>(made: impl Iterator<Item = &'a [At]>) -> Vec<Vec<String>> {
    made.map(|made| made.last().and_then(|at| states_at(at)).unwrap_or_default()).collect()
}

/// The constants of 0, 1, 2 and so on, at least two, of the file in which a word was made with one
/// of them.
fn states_at(at: At) -> Option<Vec<String>> {
    let source = read(at.file()).ok()?;
    let constant = |line: &str| {
        let (_, rest) = line.strip_prefix("pub ").unwrap_or(line).split_once("const ")?;
        let (name, rest) = rest.split_once(": u32 = ")?;
        Some((name.to_owned(), rest.strip_suffix(';')?.parse::<usize>().ok()?))
    };
    let mut constants = Vec::from_iter(source.lines().filter_map(constant));
    constants.sort_by_key(|(_, value)| *value);
    let line = source.lines().nth(at.line() as usize - 1)?.get(at.column() as usize - 1..)?;
    let (_, argument) = line.split_once('(')?;
    let argument = argument.split([')', ',']).next()?.trim();
    let whole = constants.iter().map(|(_, value)| *value).eq(0..constants.len());
    let uses = constants.iter().any(|(name, _)| name == argument);
    (whole && uses && constants.len() > 1)
        .then(|| constants.into_iter().map(|(name, _)| name).collect())
}

/// What stands before the call that made it: `name: …` or `let name = …`.
fn name_at(at: At) -> Option<String> {
    let source = read(at.file()).ok()?;
    let line = source.lines().nth(at.line() as usize - 1)?;
    let before = line.get(..at.column() as usize - 1)?;
    // An element of an array: what the array is called.
    let before = match before.trim_end().strip_suffix(',').and_then(|all| all.rsplit_once('[')) {
        Some((array, _)) => array,
        None => before.trim_end().trim_end_matches('['),
    };
    let before = before.trim_end();
    // `tail: CachePadded(AtomicU64::new(…))` is the tail.
    let before = before.strip_suffix('(').map_or(before, |wrapped| {
        wrapped.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').trim_end()
    });
    let before = before.strip_suffix(':').or_else(|| {
        let (_, binding) = before.strip_suffix('=')?.rsplit_once("let ")?;
        binding.split(':').next()
    })?;
    let word = before.trim_end().rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next()?;
    (!word.is_empty()).then(|| word.to_owned())
}

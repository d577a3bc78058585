//! What the book shows of a run: `book/generated/orderings.json`, written by
//! `cargo orderings --book`.
//!
//! The format is in `generated::orderings`. A test fails when the source has a place that the file
//! does not have, or the other way round.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use generated::orderings::{Came, Line, Noticed, Site, Weaker, Written};
use generated::place;

use crate::judge::{Fate, Trial};
use crate::listed::Listed;
use crate::models::{Failure, Row};
use crate::source::Place;

/// Longer ones are shown only by their sentence.
const MOST_ROWS: usize = 40;

/// The file's path.
pub(crate) fn path(root: &Path) -> PathBuf {
    root.join("book/generated/orderings.json")
}

pub(crate) fn read(root: &Path) -> Result<Written> {
    let path = path(root);
    match fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text)
            .with_context(|| format!("{} is not what it was", path.display())),
        Err(_) => Ok(Written::default()),
    }
}

/// Updates what needs no model: places that could not be weaker, and the lines of others. Returns
/// the modules with a place whose line has changed: these need a run of the models.
pub(crate) fn refresh(root: &Path, places: &[Place], listed: &Listed) -> Result<BTreeSet<String>> {
    let mut written = read(root)?;
    let mut sources = Sources { root, files: BTreeMap::new() };
    let mut changed = BTreeSet::new();
    let mut sites = Vec::new();
    for place in places {
        let new = site(place, &[], listed, &mut sources)?;
        if !could_be_weaker(place) {
            sites.push(new);
            continue;
        }
        let old = written.sites.iter().position(|site| is_at(site, place));
        match old.map(|old| written.sites.swap_remove(old)) {
            Some(old) if old.line.0 == new.line.0 => {
                sites.push(Site { line: new.line, offset: new.offset, ..old });
            }
            old => {
                changed.insert(new.module);
                sites.extend(old);
            }
        }
    }
    written.sites = sites;
    save(root, &written)?;
    Ok(changed)
}

fn could_be_weaker(place: &Place) -> bool {
    let strong = ["Acquire", "Release", "AcqRel", "SeqCst"];
    place.modelled && strong.iter().any(|order| place.operation.contains(order))
}

/// Puts the places of the files that `is_wanted` selects into the file; the others stay, if the
/// source still has their file.
pub(crate) fn write(
    root: &Path,
    places: &[Place],
    trials: &[Trial],
    listed: &Listed,
    run: Option<(u64, usize)>,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<()> {
    let mut written = read(root)?;
    if let Some((seconds, jobs)) = run {
        (written.seconds, written.jobs) = (seconds, jobs);
    }
    let mut sources = Sources { root, files: BTreeMap::new() };
    let files: BTreeSet<_> = places.iter().map(|place| &*place.file).collect();
    written.sites.retain(|site| files.contains(&*site.file) && !is_wanted(&site.file));
    for place in places.iter().filter(|place| is_wanted(&place.file)) {
        written.sites.push(site(place, trials, listed, &mut sources)?);
    }
    let order = |site: &Site| {
        let same = |place: &Place| place.file == site.file && is_at(site, place);
        places.iter().position(same).unwrap_or(places.len())
    };
    written.sites.sort_by_cached_key(order);
    save(root, &written)
}

fn save(root: &Path, written: &Written) -> Result<()> {
    // One place per line, so that a diff shows the changed place.
    let sites: Vec<_> =
        written.sites.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let text = format!(
        "{{ \"seconds\": {}, \"jobs\": {}, \"sites\": [\n{}\n] }}\n",
        written.seconds,
        written.jobs,
        sites.join(",\n")
    );
    fs::write(path(root), text).context("cannot write book/generated/orderings.json")
}

fn is_at(site: &Site, place: &Place) -> bool {
    (&site.file, &site.function, &site.operation, site.nth)
        == (&place.file, &place.function, &place.operation, place.nth)
}

fn site(
    place: &Place,
    trials: &[Trial],
    listed: &Listed,
    sources: &mut Sources<'_>,
) -> Result<Site> {
    let here = |trial: &&Trial| {
        (&trial.site.file, trial.site.line, trial.site.column)
            == (&place.file, place.line, place.column)
    };
    let weaker = trials.iter().filter(here).filter_map(|trial| {
        let came = match &trial.fate {
            Fate::Killed { by, kind, executions, failure } => {
                came(by, kind, *executions, failure, sources)
            }
            Fate::Survived(_) => Came::Survives { reason: reason(place, &trial.change, listed)? },
            Fate::Broken(_) => return None,
        };
        Some(Weaker { to: trial.change.clone(), came })
    });
    let weaker = weaker.collect();
    let line = sources.line(&place.file, place.line).with_context(|| place.to_string())?;
    let executed = trials.iter().any(|trial| here(&trial));
    let excused = listed.not_executed.iter().find(|entry| entry.covers(place));
    Ok(Site {
        module: model::changed::module(&place.file).map_or("", |(_, module)| module).to_owned(),
        file: place.file.clone(),
        function: place.function.clone(),
        operation: place.operation.clone(),
        nth: place.nth,
        offset: sources.offset(&place.file, place.line, place.column),
        line,
        weaker,
        not_executed: excused.filter(|_| !executed).map(|entry| entry.reason.trim().to_owned()),
    })
}

fn reason(place: &Place, change: &str, listed: &Listed) -> Option<String> {
    let listed = listed.survivor.iter().find(|entry| entry.is(place))?;
    listed.weaker.iter().any(|it| it == change).then(|| listed.reason.trim().to_owned())
}

fn came(
    by: &str,
    kind: &str,
    executions: u64,
    failure: &Failure,
    sources: &mut Sources<'_>,
) -> Came {
    let mut lines: Vec<(String, Line)> = Vec::new();
    let mut numbers = Vec::new();
    for row in &failure.rows {
        let line = match row.file.starts_with("tests/tools/model-runtime/") {
            true => None,
            false => sources.line(&row.file, row.line).map(|line| (row.file.clone(), line)),
        };
        numbers.push(line.map(|line| {
            lines.iter().position(|known| *known == line).unwrap_or_else(|| {
                lines.push(line);
                lines.len() - 1
            })
        }));
    }
    let known = failure.rows.iter().zip(&numbers);
    let known = known.filter_map(|(row, number)| Some((said(row), (*number)?)));
    let sentence = with_numbers(&failure.sentence, &known.collect());
    let rows = failure.rows.iter().zip(&numbers);
    let rows: Vec<_> = rows.map(|(row, number)| (row.thread, *number, cell(row))).collect();
    let too_long = rows.len() > MOST_ROWS;
    Came::Noticed(Noticed {
        kind: kind.to_owned(),
        by: by.to_owned(),
        executions,
        threads: failure.threads.clone(),
        sentence,
        rows: if too_long { Vec::new() } else { rows },
        lines,
    })
}

/// How the model runtime names the place of a row: `lock.rs:142`, `lock/models.rs:30`.
fn said(row: &Row) -> String {
    format!("{}:{}", place::short(&row.file), row.line)
}

fn cell(row: &Row) -> String {
    let mut cell = row.operation.clone();
    if let Some(order) = &row.order {
        cell += &format!("  {order}");
    }
    if let Some(note) = &row.note {
        cell += &format!("  ({note})");
    }
    cell
}

/// The sentence with each place of a row as `{n}`. A place without a row loses its line number.
fn with_numbers(sentence: &str, known: &BTreeMap<String, usize>) -> String {
    let mut text = String::new();
    let mut rest = sentence;
    while let Some(at) = rest.find(".rs:") {
        let end = at + 4;
        let digits = rest[end..].bytes().take_while(u8::is_ascii_digit).count();
        let start = rest[..at].rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
        text += &rest[..start];
        match known.get(&rest[start..end + digits]) {
            Some(number) => text += &format!("{{{number}}}"),
            None => text += &rest[start..end - 1],
        }
        rest = &rest[end + digits..];
    }
    text + rest
}

/// The files that places are in.
struct Sources<'a> {
    root: &'a Path,
    files: BTreeMap<String, Vec<String>>,
}

impl Sources<'_> {
    fn lines(&mut self, file: &str) -> &[String] {
        let root = self.root;
        self.files.entry(file.to_owned()).or_insert_with(|| {
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            text.lines().map(str::to_owned).collect()
        })
    }

    /// Nothing for a file that is not in the repository, such as the standard library's.
    fn line(&mut self, file: &str, number: u32) -> Option<Line> {
        Line::of(self.lines(file), number as usize)
    }

    fn offset(&mut self, file: &str, number: u32, column: u32) -> usize {
        let line = self.lines(file).get(number as usize - 1).map_or("", String::as_str);
        (column as usize - 1).saturating_sub(line.len() - line.trim_start().len())
    }
}

/// The differences between the file and the source, one per line.
#[cfg(test)]
fn stale(root: &Path, written: &Written, places: &[Place], listed: &Listed) -> Vec<String> {
    let mut stale = Vec::new();
    let mut sources = Sources { root, files: BTreeMap::new() };
    for place in places {
        let Some(site) = written.sites.iter().find(|site| is_at(site, place)) else {
            stale.push(format!("{place}: new"));
            continue;
        };
        let line = sources.line(&place.file, place.line);
        let offset = sources.offset(&place.file, place.line, place.column);
        if line.as_ref() != Some(&site.line) || offset != site.offset {
            stale.push(format!("{place}: was `{}`", site.line.0));
        }
        if let Some(reason) = &site.not_executed
            && !listed
                .not_executed
                .iter()
                .any(|entry| entry.covers(place) && entry.reason.trim() == reason)
        {
            stale.push(format!("{place}: listed with another reason"));
        }
        for weaker in &site.weaker {
            if let Came::Survives { reason: was } = &weaker.came
                && reason(place, &weaker.to, listed).as_ref() != Some(was)
            {
                stale.push(format!("{place} = {}: listed with another reason", weaker.to));
            }
        }
    }
    for site in &written.sites {
        if !places.iter().any(|place| is_at(site, place)) {
            stale.push(format!("{}: `{}` is gone", site.file, site.line.0));
        }
    }
    stale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_shows_the_orderings_that_the_source_has() {
        let root = crate::root();
        let (places, listed) = (crate::source::scan(&root).unwrap(), Listed::read(&root).unwrap());
        let stale = stale(&root, &read(&root).unwrap(), &places, &listed);
        let names: BTreeSet<_> =
            stale.iter().filter_map(|line| model::changed::module(line)).map(|it| it.1).collect();
        let names = Vec::from_iter(names).join(" ");
        assert!(
            stale.is_empty(),
            "book/generated/orderings.json is out of date; run `cargo orderings --refresh`, and if that is not enough \
             `cargo orderings --book {names}`:\n{}",
            stale.join("\n")
        );
    }

    #[test]
    fn a_place_that_changed_came_or_went_is_named() {
        let root = crate::root();
        let (places, listed) = (crate::source::scan(&root).unwrap(), Listed::read(&root).unwrap());
        let of = |place: &Place| {
            site(place, &[], &listed, &mut Sources { root: &root, files: BTreeMap::new() }).unwrap()
        };
        let all = || Written { sites: places.iter().map(of).collect(), ..Written::default() };
        assert_eq!(stale(&root, &all(), &places, &listed), Vec::<String>::new());

        let mut written = all();
        written.sites.remove(0);
        written.sites[0].line.0 += " // edited";
        written.sites.last_mut().unwrap().function = "gone".to_owned();
        let stale = stale(&root, &written, &places, &listed);
        for what in [": new", ": was `", "` is gone"] {
            assert!(stale.iter().any(|line| line.contains(what)), "{what}: {stale:#?}");
        }
    }

    #[test]
    fn what_could_be_weaker_needs_a_model() {
        let places = crate::source::scan(&crate::root()).unwrap();
        let one = |operation: &str| places.iter().find(|place| place.operation == operation);
        assert!(!could_be_weaker(one("load(Relaxed)").unwrap()));
        let mut acquire = one("load(Acquire)").unwrap().clone();
        acquire.modelled = true;
        assert!(could_be_weaker(&acquire));
        acquire.modelled = false;
        assert!(!could_be_weaker(&acquire), "none executes it");
    }

    #[test]
    fn places_in_a_sentence_are_kept_by_number() {
        let known = [("lock.rs:7".to_owned(), 0), ("lock/models.rs:30".to_owned(), 1)].into();
        assert_eq!(
            with_numbers("Race: read at lock/models.rs:30, after lock.rs:7: x.rs:9.", &known),
            "Race: read at {1}, after {0}: x.rs.",
        );
    }

    #[test]
    fn a_failure_is_kept_with_its_lines() {
        let root = crate::root();
        let row = |file: &str, line, operation: &str| Row {
            thread: 1,
            file: file.to_owned(),
            line,
            operation: operation.to_owned(),
            order: Some("Relaxed".to_owned()),
            note: None,
        };
        let failure = Failure {
            kind: "data_race".to_owned(),
            sentence: "At lib.rs:1.".to_owned(),
            threads: vec!["adds".to_owned()],
            rows: vec![
                row("primitives/src/lib.rs", 1, "load x → 0"),
                row("tests/tools/model-runtime/src/x.rs", 3, "woken"),
            ],
        };
        let mut sources = Sources { root: &root, files: BTreeMap::new() };
        let Came::Noticed(Noticed { sentence, lines, rows, .. }) =
            came("a/b", "data race", 3, &failure, &mut sources)
        else {
            panic!("it was noticed")
        };
        assert_eq!(sentence, "At {0}.");
        assert_eq!(lines.len(), 1);
        assert_eq!(rows[0], (1, Some(0), "load x → 0  Relaxed".to_owned()));
        assert_eq!(rows[1].1, None);
    }
}

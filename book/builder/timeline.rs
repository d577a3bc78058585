//! What the threads of a demo did: the picture that a demo writes with `--svg`, in the colours of
//! the page.
//!
//! `timelines.toml` lists the demos; `cargo run -p book -- timelines` runs them and writes the
//! pictures into `generated/timelines`, from where a chapter takes them. Two runs never take the
//! same time. But they have the same threads, plots and phases, and by these `timelines --check`
//! tells a picture that an older program drew.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::escape;

/// The list of demos, from the folder of the book.
pub const LIST: &str = "timelines.toml";

/// Where the pictures are, from the folder of the book.
const FOLDER: &str = "generated/timelines";

/// The figure of a picture that a demo wrote.
///
/// # Errors
///
/// It is not such a picture.
pub fn figure(svg: &str, caption: &str) -> Result<String, String> {
    let start = svg.find("<svg").ok_or("not an SVG drawing")?;
    // The colours are the page's (theme/book.css), which follow the theme that the reader has
    // chosen.
    let (before, rest) = svg[start..]
        .split_once("<style>")
        .ok_or("not the picture of a demo: it has no `<style>`")?;
    let (_, after) = rest.split_once("</style>").ok_or("its `<style>` does not end")?;
    let title = between(before, "<title>", "</title>").ok_or("it has no `<title>`")?;
    let svg = [before, after].concat();
    let lines = Vec::from_iter(
        svg.lines()
            .filter(|line| !line.trim().is_empty() && !line.starts_with("<rect class=\"page\"")),
    );
    Ok(format!(
        "\n<figure class=\"timeline\">\n<div class=\"timeline-body\" tabindex=\"0\" role=\"region\" \
         aria-label=\"{title}\">\n{}\n</div>\n<figcaption>{}</figcaption>\n</figure>\n\n",
        lines.join("\n"),
        escape(caption),
    ))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(inside, _)| inside)
}

/// The demos that [`LIST`] names, by the name of the picture: the words after `cargo run --`.
///
/// # Errors
///
/// The list cannot be read, or is not valid.
pub fn list(book: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let text =
        fs::read_to_string(book.join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
    let list: BTreeMap<String, String> = toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(start).filter(|&byte| byte == b'\n').count();
        anyhow!("{LIST}:{line}: {}", error.message().lines().next().unwrap_or_default())
    })?;
    let words = |text: String| Vec::from_iter(text.split_whitespace().map(str::to_owned));
    Ok(list.into_iter().map(|(name, text)| (name, words(text))).collect())
}

/// Runs the demos and writes their pictures; without `names`, all. `said` hears of each.
///
/// # Errors
///
/// A name that the list does not have; a demo that fails.
pub fn draw(book: &Path, names: &[String], mut said: impl FnMut(&str)) -> Result<()> {
    let folder = book.join(FOLDER);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {FOLDER}"))?;
    for (name, words) in asked_for(book, names)? {
        run(&words, &folder.join(format!("{name}.svg")))?;
        said(&format!("{FOLDER}/{name}.svg: {}", words.join(" ")));
    }
    Ok(())
}

/// Runs the demos, and compares what is named in their pictures with those that the book has;
/// without `names`, all. `said` hears of each. How many differ.
///
/// # Errors
///
/// As [`draw`], and if a picture cannot be read.
pub fn check(book: &Path, names: &[String], mut said: impl FnMut(&str)) -> Result<usize> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let mut differ = 0;
    for (name, words) in asked_for(book, names)? {
        let file = folder.path().join(format!("{name}.svg"));
        run(&words, &file)?;
        let now = fs::read_to_string(&file).context("cannot read what was drawn")?;
        let path = format!("{FOLDER}/{name}.svg");
        let then = fs::read_to_string(book.join(&path)).unwrap_or_default();
        let (now, then) = (named(&now), named(&then));
        if now == then {
            said(&format!("{path}: {}", now.join(", ")));
            continue;
        }
        differ += 1;
        let only = |these: &[String], those: &[String]| {
            let only = these.iter().filter(|name| !those.contains(name)).cloned();
            Vec::from_iter(only).join(", ")
        };
        said(&format!(
            "{path} is not what `{}` draws: only there: {}; only in the program: {}; in all {} and {} names; \
             `cargo run -p book -- timelines {name}` draws it",
            words.join(" "),
            only(&then, &now),
            only(&now, &then),
            then.len(),
            now.len(),
        ));
    }
    Ok(differ)
}

/// The demos of these names; without names, all.
fn asked_for(book: &Path, names: &[String]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut list = list(book)?;
    if let Some(name) = names.iter().find(|name| !list.contains_key(*name)) {
        let known = Vec::from_iter(list.keys().cloned()).join(", ");
        bail!("no timeline `{name}` in {LIST}; there are {known}");
    }
    list.retain(|name, _| names.is_empty() || names.contains(name));
    Ok(list)
}

/// Runs a demo that draws into `file`.
fn run(words: &[String], file: &Path) -> Result<()> {
    let output = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["run", "--quiet", "--package", "demos", "--"])
        .args(words)
        .arg("--svg")
        .arg(file)
        .output()
        .context("cannot start cargo")?;
    // A demo that shows a mistake ends with 1.
    let ended = output.status.code();
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(
        matches!(ended, Some(0 | 1)) && file.exists(),
        "`cargo run -p demos -- {}` failed: {}",
        words.join(" "),
        error.trim()
    );
    Ok(())
}

/// The names in a picture, from top to bottom: of phases, threads and plots.
fn named(svg: &str) -> Vec<String> {
    let is_name = |tag: &str| tag.contains("class=\"phase-name\"") || tag.contains("x=\"12\"");
    let texts = svg.split("<text ").skip(1).filter_map(|text| text.split_once('>'));
    let names = texts.filter(|(tag, _)| is_name(tag));
    Vec::from_iter(names.filter_map(|(_, text)| Some(text.split_once("</text>")?.0.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::{figure, list, named};
    use std::fs;

    const SVG: &str = "<svg viewBox=\"0 0 9 9\">\n<title>What each thread did, over 1 s</title>\n\
        <style>text{fill:#333}</style>\n<rect class=\"page\" width=\"9\"/>\n\n<text>a</text></svg>\n";

    #[test]
    fn a_picture_takes_on_the_colours_of_the_page_and_keeps_its_text() {
        let html = figure(SVG, "A < B").unwrap();
        assert!(html.contains("aria-label=\"What each thread did, over 1 s\""), "{html}");
        assert!(!html.contains("<style>") && !html.contains("class=\"page\""), "{html}");
        assert!(html.contains("<figcaption>A &lt; B</figcaption>"), "{html}");
        assert!(!html.trim().contains("\n\n"), "a blank line would end the block of HTML");
    }

    #[test]
    fn the_names_of_threads_plots_and_phases_are_found() {
        let svg = "<text x=\"12\" y=\"28\">reader-1</text><text x=\"900\" y=\"28\">waits 9 %</text>\n\
            <path class=\"phase\" d=\"M1 1V9\"/><text class=\"phase-name\" x=\"7.0\" y=\"9\">the shot</text>\n\
            <text x=\"120\" y=\"9\">0</text>";
        assert_eq!(named(svg), ["reader-1", "the shot"]);
    }

    #[test]
    fn what_no_demo_wrote_is_refused() {
        assert!(figure("hello", "A").is_err());
        assert!(figure("<svg></svg>", "A").unwrap_err().contains("no `<style>`"));
    }

    #[test]
    fn a_list_is_read_and_a_mistake_in_it_has_its_line() {
        let book = tempfile::tempdir().unwrap();
        let write = |text: &str| fs::write(book.path().join("timelines.toml"), text).unwrap();
        write("# pictures\n\ntickets = \"tickets --broken\"\n");
        let found = list(book.path()).unwrap();
        assert_eq!(found["tickets"], ["tickets", "--broken"]);
        for (text, what) in [
            ("a = \"b\"\na = \"c\"\n", "timelines.toml:2: "),
            ("\na = b\n", "timelines.toml:2: "),
            ("a = 1\n", "timelines.toml:1: "),
        ] {
            write(text);
            let error = list(book.path()).unwrap_err().to_string();
            assert!(error.starts_with(what) && !error.contains('\n'), "{error}");
        }
        fs::remove_file(book.path().join("timelines.toml")).unwrap();
        assert_eq!(list(book.path()).unwrap_err().to_string(), "cannot read timelines.toml");
    }
}

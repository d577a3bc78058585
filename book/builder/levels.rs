//! All puzzles of the book as levels, in the order of its chapters: the page that lists them, and
//! for every other page the list by which `theme/levels.js` knows which one is next.
//!
//! `{{#levels}}` marks the place of the list. What goes there is known only when all chapters have
//! been expanded, so [`Levels::fill`] puts it in afterwards. A level is found by its figure, which
//! [`super::explore`] writes with the attributes `data-level` and, where something can break,
//! `data-par`. A puzzle that a chapter has twice, as a figure and as an exercise, is one level: the
//! second figure is given `data-same`, the `id` of the first. The state of each level is the
//! reader's own, and a script adds it from what the browser keeps.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::escape;

/// What a chapter has in the place of the list until all are known.
pub(super) const PLACE: &str = "<div class=\"levels\"></div>";

/// What each figure of a puzzle begins with.
const FIGURE: &str = "<figure class=\"explorer\" ";

/// The levels of a book, in their order.
#[derive(Default)]
pub(super) struct Levels {
    chapters: Vec<Chapter>,
    /// The page that lists them.
    home: Option<String>,
}

/// A chapter that has puzzles.
struct Chapter {
    /// The path of its page in the site.
    page: String,
    title: String,
    levels: Vec<Level>,
}

/// A puzzle.
struct Level {
    /// The `id` of its figure, by which its state is kept too.
    id: String,
    /// What there is to do: the value of `data-level`.
    kind: String,
    /// How many steps the shortest way to break it has.
    par: Option<String>,
}

/// The value of an attribute of which we wrote the name and the quotes ourselves.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let (_, value) = attributes.split_once(&format!("{name}=\""))?;
    value.split('"').next().map(str::to_owned)
}

impl Level {
    /// The puzzle: what stands after `explore-` or `exercise-`.
    fn puzzle(&self) -> &str {
        self.id.split_once('-').map_or(&*self.id, |(_, name)| name)
    }

    /// Whether there is the same to do, with the same program.
    fn is_same(&self, other: &Self) -> bool {
        self.puzzle() == other.puzzle() && self.kind == other.kind
    }

    /// `explore-lost-deposit` as `Lost deposit`.
    fn title(&self) -> String {
        let name = self.puzzle().replace('-', " ");
        let mut letters = name.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }

    fn task(&self) -> String {
        match (&*self.kind, &self.par) {
            ("break", Some(par)) => format!("break it, par {par}"),
            ("weakest", _) => "find the weakest orderings".into(),
            _ => "prove it".into(),
        }
    }
}

impl Levels {
    /// Notes the puzzles of an expanded chapter, and marks those that are there a second time.
    pub(super) fn read(&mut self, page: &str, title: &str, expanded: &mut String) {
        let mut figures = expanded.split(FIGURE);
        let mut marked = figures.next().unwrap_or_default().to_owned();
        let mut levels: Vec<Level> = Vec::new();
        for figure in figures {
            marked.push_str(FIGURE);
            let attributes = figure.split('>').next().unwrap_or_default();
            let level = attribute(attributes, "id").zip(attribute(attributes, "data-level"));
            if let Some((id, kind)) = level {
                let level = Level { id, kind, par: attribute(attributes, "data-par") };
                match levels.iter().find(|other| other.is_same(&level)) {
                    Some(first) => marked.push_str(&format!("data-same=\"{}\" ", first.id)),
                    None => levels.push(level),
                }
            }
            marked.push_str(figure);
        }
        *expanded = marked;
        if !levels.is_empty() {
            self.chapters.push(Chapter { page: page.into(), title: title.into(), levels });
        }
    }

    /// Puts the list into an expanded chapter that has a place for it. All chapters have been read.
    pub(super) fn fill(&mut self, page: &str, expanded: &mut String) {
        if expanded.contains(PLACE) {
            let to_root = "../".repeat(page.matches('/').count());
            *expanded = expanded.replace(PLACE, &self.list(&to_root));
            self.home.get_or_insert_with(|| page.to_owned());
        }
    }

    /// The list. Without a script it is one of links.
    fn list(&self, to_root: &str) -> String {
        let mut html = String::from("<div class=\"levels\">\n");
        let mut number = 1;
        for Chapter { page, title, levels } in &self.chapters {
            let title = escape(title);
            let _ = writeln!(
                html,
                "<section aria-label=\"{title}\">\n<p><a href=\"{to_root}{page}\">{title}</a></p>\n\
                 <ol start=\"{number}\">"
            );
            for level in levels {
                let (id, name, task) = (&level.id, escape(&level.title()), level.task());
                let _ = writeln!(
                    html,
                    "<li data-id=\"{id}\"><a href=\"{to_root}{page}#{id}\">{name}</a> <span>{task}</span></li>"
                );
            }
            html.push_str("</ol>\n</section>\n");
            number += levels.len();
        }
        html + "</div>"
    }

    /// Adds the list to the script of a site.
    pub(super) fn add(&self, files: &mut BTreeMap<String, Vec<u8>>) {
        let is_ours = |path: &&String| path.starts_with("theme/") && path.ends_with(".js");
        let Some(ours) = files.keys().find(is_ours).cloned() else { return };
        if self.chapters.is_empty() {
            return;
        }
        let chapter = |Chapter { page, levels, .. }: &Chapter| {
            json!([page, levels.iter().map(|level| &*level.id).collect::<Value>()])
        };
        let pages = self.chapters.iter().map(chapter).collect::<Value>();
        let list = json!({ "home": self.home, "pages": pages });
        let script = files.entry(ours).or_default();
        script.extend(format!("(window.locksmith||={{}}).levels={list};\n").into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::{Levels, PLACE};
    use std::collections::BTreeMap;

    const FIRST: &str = "text\n<figure class=\"explorer\" id=\"exercise-not-a-lock\" data-level=\"break\" \
        data-par=\"4\" data-task=\"break\">\n<figure class=\"model\" id=\"no-level\">\n";
    const SECOND: &str = "<figure class=\"explorer\" id=\"explore-lock\" data-level=\"prove\">\n\
        <figure class=\"explorer\" id=\"exercise-message\" data-level=\"weakest\" data-par=\"3\">\n";

    fn levels() -> Levels {
        let mut found = Levels::default();
        for (page, title, text) in
            [("index.html", "A & B", FIRST), ("x.html", "X", "text"), ("y.html", "Y", SECOND)]
        {
            found.read(page, title, &mut text.to_owned());
        }
        found
    }

    #[test]
    fn levels_are_numbered_through_all_chapters() {
        let mut text = format!("before\n{PLACE}\nafter\n");
        levels().fill("levels.html", &mut text);
        for part in [
            "<p><a href=\"index.html\">A &amp; B</a></p>\n<ol start=\"1\">",
            "<a href=\"index.html#exercise-not-a-lock\">Not a lock</a> <span>break it, par 4</span>",
            "<ol start=\"2\">\n<li data-id=\"explore-lock\">",
            "<a href=\"y.html#explore-lock\">Lock</a> <span>prove it</span>",
            ">Message</a> <span>find the weakest orderings</span>",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.starts_with("before\n<div") && text.ends_with("</div>\nafter\n"), "{text}");
        assert_eq!(text.matches("<section").count(), 2, "{text}");
        assert!(!text.contains("\n\n"), "a blank line would end the block of HTML: {text}");
    }

    #[test]
    fn a_puzzle_that_a_chapter_has_twice_is_one_level() {
        let figure = |id: &str, kind: &str| {
            format!("<figure class=\"explorer\" id=\"{id}\" data-level=\"{kind}\">\n")
        };
        let twice = [
            figure("explore-aba", "break"),
            figure("explore-ring", "prove"),
            figure("exercise-aba", "break"),
            figure("exercise-ring", "weakest"),
        ];
        let (mut found, mut text) =
            (Levels::default(), format!("before\n{}after\n", twice.concat()));
        found.read("ring.html", "Ring", &mut text);
        let ids = Vec::from_iter(found.chapters[0].levels.iter().map(|level| &*level.id));
        assert_eq!(ids, ["explore-aba", "explore-ring", "exercise-ring"]);
        let marked = "<figure class=\"explorer\" data-same=\"explore-aba\" id=\"exercise-aba\" ";
        assert!(text.contains(marked) && text.matches("data-same").count() == 1, "{text}");
        assert!(text.starts_with("before\n") && text.ends_with("after\n"), "{text}");
        assert_eq!(
            text.replace("data-same=\"explore-aba\" ", ""),
            format!("before\n{}after\n", twice.concat())
        );
    }

    #[test]
    fn a_page_in_a_folder_leads_out_of_it() {
        let mut text = PLACE.to_owned();
        levels().fill("more/levels.html", &mut text);
        assert!(text.contains("<a href=\"../y.html#explore-lock\">"), "{text}");
    }

    #[test]
    fn the_list_is_added_to_the_script_of_a_book_that_has_levels() {
        let mut files = BTreeMap::from([("theme/a.js".to_owned(), b"1;\n".to_vec())]);
        Levels::default().add(&mut files);
        assert_eq!(files["theme/a.js"], b"1;\n");
        let mut found = levels();
        found.fill("levels.html", &mut PLACE.to_owned());
        found.add(&mut files);
        let script = String::from_utf8(files.remove("theme/a.js").unwrap()).unwrap();
        let list =
            "\"pages\":[[\"index.html\",[\"exercise-not-a-lock\"]],[\"y.html\",[\"explore-lock\",";
        assert!(script.starts_with("1;\n(window.") && script.contains(list), "{script}");
        assert!(script.contains("\"home\":\"levels.html\""), "{script}");
    }
}

//! From what an author writes to what mdBook reads: checks a chapter and replaces its directives.
//!
//! A directive stands alone on its line, from the first column, outside code. [`directive`]
//! describes those of one line, and [`super::predict`] the one that ends with `{{#end}}`.
//!
//! Code typed into a chapter is never compiled, so it rots. Rust is therefore refused, and so is
//! code that does not say what it is.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

use super::directive;
use super::places::Places;
use super::predict::Predict;
use super::watch::Watch;

/// Languages in which a chapter may hold text of its own.
const LANGUAGES: [&str; 4] = ["text", "console", "toml", "json"];

/// A mistake: the line, from 1, and what is wrong with it.
type Mistake = (usize, String);

/// Replaces the directives of a chapter, and adds to `watch` each file that it asks for.
///
/// # Errors
///
/// Every mistake of the chapter, in the order of its lines.
pub fn expand(chapter: &str, places: &Places, watch: &mut Watch) -> Result<String, Vec<Mistake>> {
    let (code, mut mistakes) = survey(chapter);
    let mut expanded = String::with_capacity(chapter.len() * 2);
    let mut predict: Option<(usize, Predict)> = None;
    let mut offset = 0;
    for (number, line) in (1..).zip(chapter.split_inclusive('\n')) {
        let here = offset..offset + line.len();
        offset = here.end;
        let directive = line
            .match_indices("{{#")
            .find(|(at, _)| !code.iter().any(|code| code.contains(&(here.start + at))));
        let text = line.trim_end();
        let directive = directive.map(|(at, _)| {
            let alone = text.strip_prefix("{{#").and_then(|text| text.strip_suffix("}}"));
            alone.filter(|directive| !directive.contains("}}")).ok_or_else(|| {
                format!("a directive must stand alone on its line: `{}`", text[at..].trim())
            })
        });
        if let (None, Some((_, open))) = (&directive, &mut predict)
            && open.takes(line)
        {
            continue;
        }
        let result = match (directive, &mut predict) {
            (Some(Err(what)), _) => Err(what),
            (Some(Ok(directive)), None) if directive.starts_with("predict") => {
                predict = Some((number, Predict::new(&directive["predict".len()..])));
                Ok(String::new())
            }
            (Some(Ok("end")), Some((_, open))) => {
                let end = open.end();
                predict = None;
                end
            }
            (directive, open) => {
                // A line that is not a choice belongs to the answer.
                let head = open.as_mut().map(|(_, open)| open.answer()).unwrap_or_default();
                match directive {
                    Some(Ok(directive)) => directive::run(directive, places, watch),
                    _ => Ok(line.to_owned()),
                }
                .map(|text| head + &text)
            }
        };
        match result {
            Ok(text) => expanded.push_str(&text),
            Err(what) => mistakes.push((number, what)),
        }
    }
    if let Some((number, _)) = predict {
        mistakes.push((number, "`predict` has no `{{#end}}` alone on a line".into()));
    }
    mistakes.sort();
    if mistakes.is_empty() { Ok(expanded) } else { Err(mistakes) }
}

/// The places of code in a chapter, and the code that must not be there.
fn survey(chapter: &str) -> (Vec<Range<usize>>, Vec<Mistake>) {
    let mut code = Vec::new();
    let mut mistakes = Vec::new();
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_GFM
        | Options::ENABLE_DEFINITION_LIST;
    for (event, range) in Parser::new_ext(chapter, options).into_offset_iter() {
        let wrong = match event {
            Event::Code(_) => {
                code.push(range.clone());
                None
            }
            Event::Start(Tag::CodeBlock(kind)) => {
                code.push(range.clone());
                refuse(&kind)
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                let html = html.to_ascii_lowercase();
                (html.contains("<pre") || html.contains("<code"))
                    .then(|| "code as HTML: use backticks, a fence, or `{{#source …}}`".into())
            }
            _ => None,
        };
        if let Some(what) = wrong {
            let line = 1 + chapter[..range.start].matches('\n').count();
            mistakes.push((line, what));
        }
    }
    (code, mistakes)
}

/// What is wrong with a code block of this kind.
fn refuse(kind: &CodeBlockKind<'_>) -> Option<String> {
    let allowed = || LANGUAGES.join("`, `");
    let CodeBlockKind::Fenced(info) = kind else {
        return Some(format!("indented code: use a fence with a language: `{}`", allowed()));
    };
    let mut words = info.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    if words.clone().any(|word| matches!(word, "rust" | "rs")) {
        return Some(
            "Rust typed by hand, which no compiler sees: \
             put it into a compiled file and write `{{#source path:anchor}}`"
                .into(),
        );
    }
    match words.next() {
        Some(language) if LANGUAGES.contains(&language) => None,
        Some(language) => Some(format!(
            "code in `{language}`: take it from a file by `{{{{#source path:anchor}}}}`; \
             typed by hand may be: `{}`",
            allowed()
        )),
        None => Some(format!("code without a language; there may be: `{}`", allowed())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Places, Watch, expand};
    use std::fs;

    /// A repository with one source file and one drawing.
    fn repository() -> (tempfile::TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        let places =
            Places { repository: folder.path().to_owned(), book: folder.path().join("book") };
        fs::create_dir_all(places.book.join("figures")).unwrap();
        fs::create_dir_all(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lock.rs"), "// ANCHOR: a\nfn a() {}\n// ANCHOR_END: a\n")
            .unwrap();
        fs::write(places.book.join("figures/x.svg"), "<?xml?>\n<svg>\n\n<title>X</title></svg>\n")
            .unwrap();
        (folder, places)
    }

    fn expanded(chapter: &str) -> Result<String, Vec<(usize, String)>> {
        let (_folder, places) = repository();
        expand(chapter, &places, &mut Watch::default())
    }

    /// The only mistake of a chapter.
    fn mistake(chapter: &str) -> (usize, String) {
        let mistakes = expanded(chapter).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        mistakes[0].clone()
    }

    #[test]
    fn a_source_is_included_with_its_path_and_lines() {
        let text = expanded("before\n{{#source src/lock.rs:a}}\nafter\n").unwrap();
        assert!(text.starts_with("before\n\n<figure"), "{text}");
        assert!(text.contains("src/lock.rs</span> <span>line 2</span>"), "{text}");
        assert!(text.contains("\n```rust\nfn a() {}\n```\n"), "{text}");
        assert!(text.ends_with("</figure>\n\nafter\n"), "{text}");
    }

    #[test]
    fn a_missing_anchor_or_file_is_named_with_its_line() {
        let (line, what) = mistake("one\n\n{{#source src/lock.rs:b}}\n");
        assert_eq!(line, 3);
        assert_eq!(what, "`src/lock.rs`: no `ANCHOR: b`; the anchors there are: `a`");
        let (line, what) = mistake("{{#source src/look.rs:a}}");
        assert_eq!(line, 1);
        assert!(what.starts_with("cannot read `src/look.rs`: "), "{what}");
    }

    #[test]
    fn even_a_missing_file_is_watched_for_it_may_appear() {
        let (folder, places) = repository();
        let mut watch = Watch::default();
        let _ = expand("{{#source src/look.rs:a}}\n{{#model lock}}\n", &places, &mut watch);
        let expected =
            [folder.path().join("book/generated/model.json"), folder.path().join("src/look.rs")];
        assert!(watch.paths().eq(expected), "{watch:?}");
    }

    #[test]
    fn a_path_out_of_the_repository_is_refused() {
        for path in ["../secret.rs", "/etc/passwd", "src/../../x", "", "./x"] {
            let (_, what) = mistake(&format!("{{{{#source {path}}}}}"));
            assert!(what.contains("is not a path down from the folder"), "{path}: {what}");
        }
    }

    #[test]
    fn rust_typed_by_hand_is_refused_in_every_disguise() {
        for chapter in [
            "a\n\n```rust\nfn a() {}\n```\n",
            "a\n\n~~~ text,rust\nfn a() {}\n~~~\n",
            "a\n\n> ```rs\n> fn a() {}\n> ```\n",
            "a\n\n```\nfn a() {}\n```\n",
            "a\n\n    fn a() {}\n",
            "a\n\n```c\nint a;\n```\n",
            "a\n\n<pre>fn a() {}</pre>\n",
            "a\n\nsome <CODE>fn a()</CODE>\n",
        ] {
            let mistakes = expanded(chapter).unwrap_err();
            assert_eq!(mistakes[0].0, 3, "{chapter}: {mistakes:?}");
        }
        assert!(mistake("```rust\n```").1.starts_with("Rust typed by hand"));
    }

    #[test]
    fn text_and_commands_may_be_typed() {
        let chapter = "`fn a()`\n\n```text\n{{#nonsense}}\n```\n\n```console\n$ ls\n```\n";
        assert_eq!(expanded(chapter).unwrap(), chapter);
    }

    #[test]
    fn a_directive_stands_alone_and_is_known() {
        let (line, what) = mistake("a\nsee {{#source src/lock.rs:a}} here\n");
        assert_eq!(line, 2);
        assert!(what.contains("alone on its line: `{{#source src/lock.rs:a}} here`"), "{what}");
        assert!(mistake("{{#source src/lock.rs:a").1.contains("alone on its line"));
        assert!(mistake("{{#include src/lock.rs}}").1.starts_with("no directive `include`"));
        assert_eq!(expanded("Write `{{#source path}}`.\n").unwrap(), "Write `{{#source path}}`.\n");
    }

    #[test]
    fn what_a_directive_does_not_find_is_named_in_one_line() {
        for (directive, what) in [
            ("model lock", "cannot read `generated/model.json`: "),
            ("orderings lock", "cannot read `generated/orderings.json`: "),
            ("bugs lock", "`tests/cases`: cannot list "),
            ("coverage", "cannot read `tests/tools/model-runtime/COVERAGE.md`: "),
            ("timeline tickets", "a timeline needs a caption: `name: caption`"),
            ("timeline tickets: T", "cannot read `generated/timelines/tickets.svg`: "),
            ("explore lock", "`explore` needs a sentence that says what to do: `scenario: "),
            ("explore lock: L", "cannot read `generated/explore/lock.0.json`: "),
            (
                "exercise break lock",
                "`exercise` needs a sentence that says what to do: `kind scenario: ",
            ),
            ("exercise lock: L", "no exercise `lock`; there are `break`, `prove`, `weakest`"),
            ("exercise break lock: L", "cannot read `generated/explore/lock.0.json`: "),
        ] {
            let (line, said) = mistake(&format!("a\n\n{{{{#{directive}}}}}\n"));
            assert_eq!(line, 3, "{directive}");
            assert!(said.starts_with(what) && !said.contains('\n'), "{directive}: {said}");
        }
    }

    #[test]
    fn a_drawing_goes_into_the_page_with_its_caption() {
        let text = expanded("{{#figure x: Two < three}}\n").unwrap();
        assert!(
            text.contains("<svg>\n<title>X</title></svg>\n<figcaption>Two &lt; three<"),
            "{text}"
        );
        assert!(mistake("{{#figure x}}").1.contains("needs a caption"));
        assert!(mistake("{{#figure y: Y}}").1.starts_with("cannot read `figures/y.svg`"));
    }

    #[test]
    fn all_mistakes_are_told_in_the_order_of_their_lines() {
        let mistakes =
            expanded("{{#no}}\n\n```rust\n```\n\n{{#source src/lock.rs:b}}\n").unwrap_err();
        assert_eq!(mistakes.iter().map(|mistake| mistake.0).collect::<Vec<_>>(), [1, 3, 6]);
    }
}

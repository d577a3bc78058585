//! Measurements in a chapter.
//!
//! `cargo results` writes `book/generated/bench`: `results.md` has a section for each group, with a
//! table of its rows (`| Lock: uncontended | …`), a drawing and the details. All numbers come from
//! there.

/// The part of `results` that `name` asks for: `about` for what it was measured on, a group
/// (`locks`) for its table, its drawing and its details, or a row (`Lock: uncontended`) for that
/// row of the table.
///
/// `draw` makes a figure of a drawing's file name and caption.
///
/// # Errors
///
/// If there is no such part, and as `draw`.
pub fn part(
    results: &str,
    name: &str,
    draw: impl FnOnce(&str, &str) -> Result<String, String>,
) -> Result<String, String> {
    let mut sections = results.split("\n## ");
    let about = sections.next().unwrap_or_default();
    if name == "about" {
        let (_, about) = about.split_once("-->").unwrap_or(("", about));
        return Ok(format!("\n{}\n\n", about.trim()));
    }
    let file = format!("{name}.svg");
    for section in sections {
        let (_, body) = section.split_once('\n').unwrap_or((section, ""));
        if let Some((table, caption, details)) = drawing(body, &file) {
            let figure = draw(&file, caption)?;
            return Ok(format!("\n{}\n{figure}\n{}\n\n", table.trim(), details.trim()));
        }
        if let Some(row) = body.lines().find(|line| line.starts_with(&format!("| {name} | "))) {
            let head = Vec::from_iter(body.trim_start().lines().take(2)).join("\n");
            return Ok(format!("\n{head}\n{row}\n\n"));
        }
    }
    Err(format!("no group and no row `{name}`; `cargo results` writes them"))
}

/// Whether a group was measured.
#[must_use]
pub fn is_there(results: &str, group: &str) -> bool {
    drawing(results, &format!("{group}.svg")).is_some()
}

/// The text before the line `![caption](file)`, the caption, and the text after it.
fn drawing<'a>(body: &'a str, file: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let (before, after) = body.split_once(&format!("]({file})\n"))?;
    let (table, caption) = before.rsplit_once("![")?;
    Some((table, caption, after))
}

#[cfg(test)]
mod tests {
    use super::{is_there, part};

    /// An example of the format. The numbers are made up and appear in no chapter.
    const FIXTURE: &str = "<!-- made -->\n\nMeasured here.\n\n## Locks\n\n| row | found |\n| --- | --- |\n\
        | Lock: alone | 7 |\n| Lock: two | 8 |\n\n![Ours](locks.svg)\n\n<details>\n\nmore\n\n</details>\n\
        \n## Queues\n\n| row | found |\n| --- | --- |\n| Queue: alone | 9 |\n\n![Theirs](queues.svg)\n";

    fn shown(name: &str) -> Result<String, String> {
        part(FIXTURE, name, |file, caption| Ok(format!("[{file}: {caption}]\n")))
    }

    #[test]
    fn a_group_is_its_table_its_drawing_and_its_details() {
        let text = shown("locks").unwrap();
        assert!(text.starts_with("\n| row | found |\n"), "{text}");
        assert!(text.contains("| Lock: two | 8 |\n[locks.svg: Ours]\n"), "{text}");
        assert!(text.ends_with("more\n\n</details>\n\n") && !text.contains("Queue"), "{text}");
    }

    #[test]
    fn a_row_has_the_head_of_its_table() {
        let text = shown("Queue: alone").unwrap();
        assert_eq!(text, "\n| row | found |\n| --- | --- |\n| Queue: alone | 9 |\n\n");
        assert_eq!(shown("about").unwrap(), "\nMeasured here.\n\n");
    }

    #[test]
    fn a_group_is_there_or_not() {
        assert!(is_there(FIXTURE, "locks") && !is_there(FIXTURE, "busy"));
    }

    #[test]
    fn what_was_not_measured_is_named() {
        assert!(shown("Lock").unwrap_err().starts_with("no group and no row `Lock`"));
    }
}

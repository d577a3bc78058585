//! The seeded bugs of a primitive: what was forgotten, and which model finds it. From the patches
//! in `tests/cases`, whose heads say both; `cargo bugs` tries whether it is true.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::prose;

/// What asks for the number of bugs in each group.
const TOTALS: &str = "all";

/// A mistake, from its patch.
struct Bug {
    about: String,
    found_by: String,
}

/// The table of a group's patches; for `all`, how many patches each group has.
///
/// # Errors
///
/// There is no such group, or a patch does not say what it does.
pub fn report(folder: &Path, group: &str) -> Result<String, String> {
    let groups = read(folder)?;
    if group == TOTALS {
        return Ok(totals(&groups));
    }
    let Some(bugs) = groups.get(group) else {
        let names = Vec::from_iter(groups.keys().map(String::as_str)).join("`, `");
        return Err(format!("no bugs of `{group}`; there are `{TOTALS}`, `{names}`"));
    };
    let mut html = format!(
        "\n<figure class=\"model bugs\">\n\
         <figcaption><span>made on purpose, each found</span> <code>cargo bugs {group}</code></figcaption>\n\
         <div class=\"table-wrapper\"><table>\n<thead><tr><th scope=\"col\">the mistake</th>\
         <th scope=\"col\">found by</th></tr></thead>\n<tbody>\n"
    );
    for Bug { about, found_by } in bugs {
        let (about, found_by) = (prose(about), prose(found_by));
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{about}</th><td><code>{found_by}</code></td></tr>"
        );
    }
    html.push_str("</tbody>\n</table></div>\n</figure>\n\n");
    Ok(html)
}

fn totals(groups: &BTreeMap<String, Vec<Bug>>) -> String {
    let mut html = "\n<figure class=\"model\">\n<figcaption><code>cargo bugs</code></figcaption>\n\
                    <div class=\"table-wrapper\"><table>\n<thead><tr><th scope=\"col\">of</th>\
                    <th scope=\"col\">mistakes made on purpose</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for (group, bugs) in groups {
        let group = prose(&group.replace('_', " "));
        let _ = writeln!(html, "<tr><th scope=\"row\">{group}</th><td>{}</td></tr>", bugs.len());
    }
    let all: usize = groups.values().map(Vec::len).sum();
    let _ = write!(
        html,
        "</tbody>\n<tfoot><tr><th scope=\"row\">together, each found by the model that it names</th>\
         <td>{all}</td></tr></tfoot>\n</table></div>\n</figure>\n\n"
    );
    html
}

/// All patches, by the primitive in whose folder they lie.
fn read(folder: &Path) -> Result<BTreeMap<String, Vec<Bug>>, String> {
    let mut groups: BTreeMap<String, Vec<Bug>> = BTreeMap::new();
    for group in entries(folder)? {
        let folder = folder.join(&group).join("bugs");
        for file in entries(&folder).unwrap_or_default() {
            if file.ends_with(".patch") {
                let text = fs::read_to_string(folder.join(&file));
                let text = text.map_err(|error| format!("cannot read `{file}`: {error}"))?;
                let bug = bug(&text).ok_or_else(|| {
                    format!(
                        "`{group}/{file}` does not say what it does, a blank line, `Found by: …`"
                    )
                })?;
                groups.entry(group.clone()).or_default().push(bug);
            }
        }
    }
    Ok(groups)
}

fn entries(folder: &Path) -> Result<Vec<String>, String> {
    let failed = |error| format!("cannot list `{}`: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(failed)?.flatten();
    let mut names = Vec::from_iter(entries.map(|entry| entry.file_name().display().to_string()));
    names.sort();
    Ok(names)
}

/// What the head of a patch says.
fn bug(patch: &str) -> Option<Bug> {
    let (head, _) = patch.split_once("\n--- a/")?;
    let (about, found_by) = head.split_once("\nFound by: ")?;
    let [about, found_by] = [about, found_by].map(|text| text.trim().to_owned());
    (!about.is_empty() && !found_by.is_empty()).then_some(Bug { about, found_by })
}

#[cfg(test)]
mod tests {
    use super::report;
    use std::fs;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            fs::create_dir_all(folder.path().join(path).parent().unwrap()).unwrap();
            fs::write(folder.path().join(path), text).unwrap();
        };
        write(
            "lock/bugs/never-wakes.patch",
            "`f` wakes\nno thread.\n\nFound by: lock/two\n\n--- a/x.rs\n",
        );
        write("lock/bugs/notes.txt", "no patch");
        write("free_list/bugs/odd.patch", "Odd.\n\nFound by: list/two\n\n--- a/x.rs\n");
        write("models.rs", "fn main() {}");
        folder
    }

    #[test]
    fn a_mistake_stands_beside_the_model_that_finds_it() {
        let html = report(folder().path(), "lock").unwrap();
        let row = "<tr><th scope=\"row\"><code>f</code> wakes no thread.</th><td><code>lock/two</code></td></tr>";
        assert!(html.contains(row), "{html}");
        assert!(html.contains("<code>cargo bugs lock</code>"), "{html}");
        assert!(!html.trim().contains("\n\n"), "a blank line would end the block of HTML");
    }

    #[test]
    fn all_are_counted() {
        let html = report(folder().path(), "all").unwrap();
        assert!(html.contains("<th scope=\"row\">free list</th><td>1</td>"), "{html}");
        assert!(html.contains("<td>2</td></tr></tfoot>"), "{html}");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let folder = folder();
        let error = report(folder.path(), "lok").unwrap_err();
        assert_eq!(error, "no bugs of `lok`; there are `all`, `free_list`, `lock`");
        fs::write(folder.path().join("lock/bugs/a.patch"), "--- a/x.rs\n").unwrap();
        let error = report(folder.path(), "lock").unwrap_err();
        assert!(error.starts_with("`lock/a.patch` does not say what it does"), "{error}");
    }
}

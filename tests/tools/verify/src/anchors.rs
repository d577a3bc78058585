//! The parts of a file that a chapter can show: one within another or apart, and without an empty
//! line at an edge.

use std::fs;
use std::path::Path;

/// The folders whose files a chapter shows.
const SHOWN: [&str; 7] = [
    "primitives/src",
    "queues/src",
    "queues/processes/src",
    "queues/tasks/src",
    "demos/src",
    "book/listings",
    "book/scenarios",
];

/// What is wrong with the anchors of a file, a line each.
fn complaints(text: &str) -> Vec<String> {
    let lines = Vec::from_iter(text.lines().map(str::trim));
    let mut open: Vec<&str> = Vec::new();
    let mut complaints = Vec::new();
    let is_blank = |line: Option<&&str>| line.is_some_and(|line| line.is_empty());
    for (index, line) in lines.iter().enumerate() {
        let mut complain = |what: String| complaints.push(format!("{}: {what}", index + 1));
        if let Some(name) = line.strip_prefix("// ANCHOR: ") {
            open.push(name);
            if is_blank(lines.get(index + 1)) {
                complain(format!("`{name}` begins with an empty line"));
            }
        } else if let Some(name) = line.strip_prefix("// ANCHOR_END: ") {
            if index > 0 && is_blank(lines.get(index - 1)) {
                complain(format!("`{name}` ends with an empty line"));
            }
            match open.pop() {
                Some(last) if last == name => {}
                Some(last) => complain(format!("`{name}` ends before `{last}`, which is in it")),
                None => complain(format!("`{name}` ends and has not begun")),
            }
        }
    }
    complaints.extend(open.iter().map(|name| format!("`{name}` does not end")));
    complaints
}

fn look(folder: &Path, found: &mut usize, wrong: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, found, wrong);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            *found += text.matches("// ANCHOR: ").count();
            wrong.extend(complaints(&text).iter().map(|what| format!("{}:{what}", path.display())));
        }
    }
}

#[test]
fn parts_do_not_overlap_and_have_no_empty_edge() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."));
    let (mut found, mut wrong) = (0, Vec::new());
    SHOWN.iter().for_each(|folder| look(&root.join(folder), &mut found, &mut wrong));
    assert!(found > 100, "only {found} anchors: are they still written `// ANCHOR: name`?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_fault_is_found() {
    let is = |text: &str, what: &str| assert_eq!(complaints(text).join("; "), what);
    is("// ANCHOR: a\n// ANCHOR: b\nb\n// ANCHOR_END: b\na\n// ANCHOR_END: a\n", "");
    is("// ANCHOR: a\n\na\n// ANCHOR_END: a\n", "1: `a` begins with an empty line");
    is("// ANCHOR: a\na\n\n// ANCHOR_END: a\n", "4: `a` ends with an empty line");
    is("// ANCHOR: a\na\n", "`a` does not end");
    is("a\n// ANCHOR_END: a\n", "2: `a` ends and has not begun");
    let overlap = "// ANCHOR: a\n// ANCHOR: b\nb\n// ANCHOR_END: a\n// ANCHOR_END: b\n";
    assert!(complaints(overlap)[0].contains("`a` ends before `b`, which is in it"));
}

//! What a page loads before its text can be read: our scripts as one file without comments, and
//! mdBook's highlighter with the languages that the book has.

use std::collections::BTreeMap;

/// Languages of code in the book, by the names that the highlighter has for them (`ini` is TOML
/// too, `shell` a console).
const LANGUAGES: [&str; 7] = ["bash", "ini", "json", "plaintext", "python", "rust", "shell"];

/// Files of a site, by their paths.
type Files = BTreeMap<String, Vec<u8>>;

/// Makes the scripts of a site smaller.
pub(super) fn make_small(files: &mut Files) {
    join_ours(files);
    let highlighters = files.iter_mut().filter(|(path, _)| path.starts_with("highlight-"));
    for (_, script) in highlighters.filter(|(path, _)| path.ends_with(".js")) {
        *script = with_few_languages(script);
    }
}

/// Makes one file of the scripts in `theme`; in the order of their names, which is that of their
/// tags or does not matter.
fn join_ours(files: &mut Files) {
    let is_ours = |path: &&String| path.starts_with("theme/") && path.ends_with(".js");
    let ours = Vec::from_iter(files.keys().filter(is_ours).cloned());
    let Some((joined, others)) = ours.split_first() else { return };
    let mut all = Vec::new();
    for path in &ours {
        all.extend(squeezed(&without_comments(&files.remove(path).unwrap_or_default())));
    }
    files.insert(joined.clone(), all);
    for (_, page) in files.iter_mut().filter(|(path, _)| path.ends_with(".html")) {
        let text = String::from_utf8_lossy(page);
        let is_gone = |line: &&str| others.iter().any(|path| is_tag_of(line, path));
        let lines = text.split_inclusive('\n').filter(|line| !is_gone(line));
        *page = lines.collect::<String>().into_bytes();
    }
}

/// Whether the line is `<script src="path"></script>`, from whatever folder.
fn is_tag_of(line: &str, path: &str) -> bool {
    let source = line.trim().strip_prefix("<script src=\"");
    let source = source.and_then(|line| line.strip_suffix("\"></script>"));
    source.is_some_and(|source| source.trim_start_matches("../") == path)
}

/// A script without what only its authors read: indentation, and lines that are a comment.
pub(super) fn without_comments(script: &[u8]) -> Vec<u8> {
    let lines = script.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with(b"//"));
    lines.flat_map(|line| [line, b"\n"]).flatten().copied().collect()
}

/// The marks between which and a word no blank is needed.
const MARKS: &[u8] = b"=+-*/<>!&|?:,;{}()[]%^.";

/// Marks after which the end of a line ends nothing.
const ENDS: &[u8] = b";{,([\n";

/// A script without the blanks that it does not need: those beside a mark, outside of texts. A line
/// ends where its end may be that of a statement.
pub(super) fn squeezed(script: &[u8]) -> Vec<u8> {
    let mut squeezed: Vec<u8> = Vec::with_capacity(script.len());
    let mut at = 0;
    while let Some(&byte) = script.get(at) {
        let before = squeezed.last().copied().unwrap_or(b'\n');
        let after = script.get(at + 1).copied().unwrap_or(b'\n');
        if byte == b'/' && after == b'/' {
            // A comment at the end of a line.
            at += script[at..].iter().take_while(|&&byte| byte != b'\n').count();
            continue;
        }
        let is_pattern = byte == b'/' && b"(,=:[!&|?{;\n".contains(&before);
        if matches!(byte, b'"' | b'\'' | b'`') || is_pattern {
            let end = end_of_text(script, at);
            squeezed.extend(&script[at..end]);
            at = end;
            continue;
        }
        if byte == b'\n' && ENDS.contains(&before) {
            at += 1;
            continue;
        }
        let is_needed = !(MARKS.contains(&before) || MARKS.contains(&after) || before == b'\n')
            // `a + +b` is not `a++b`.
            || (before == after && matches!(after, b'+' | b'-'));
        if byte != b' ' || is_needed {
            squeezed.push(byte);
        }
        at += 1;
    }
    squeezed
}

/// Where the text, the template or the pattern ends that begins here.
fn end_of_text(script: &[u8], start: usize) -> usize {
    let mark = script[start];
    let (mut at, mut class) = (start + 1, false);
    while let Some(&byte) = script.get(at) {
        match byte {
            b'\\' => at += 1,
            b'$' if mark == b'`' && script.get(at + 1) == Some(&b'{') => {
                at = end_of_hole(script, at + 2);
                continue;
            }
            b'[' if mark == b'/' => class = true,
            b']' if mark == b'/' => class = false,
            _ if byte == mark && !class => return at + 1,
            _ => {}
        }
        at += 1;
    }
    script.len()
}

/// Where the expression ends that stands in a template from here on, after its brace.
fn end_of_hole(script: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 1);
    while let Some(&byte) = script.get(at) {
        match byte {
            b'"' | b'\'' | b'`' => {
                at = end_of_text(script, at);
                continue;
            }
            b'{' => depth += 1,
            b'}' if depth == 1 => return at + 1,
            b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    script.len()
}

/// The highlighter has a line for each language: those that the book does not have are left out.
fn with_few_languages(script: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(script);
    let wanted = |line: &&str| match line.strip_prefix("hljs.registerLanguage(\"") {
        Some(rest) => rest.split('"').next().is_some_and(|name| LANGUAGES.contains(&name)),
        None => true,
    };
    text.split_inclusive('\n').filter(wanted).collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::{Files, make_small, squeezed};

    fn files(files: &[(&str, &str)]) -> Files {
        files.iter().map(|(path, text)| ((*path).into(), (*text).into())).collect()
    }

    #[test]
    fn our_scripts_become_one_and_the_pages_ask_for_that_one() {
        let page = "<p>\n<script src=\"../theme/a-1.js\"></script>\n<script src=\"../theme/b-2.js\"></script>\n";
        let mut site = files(&[
            ("theme/a-1.js", "// About.\n(() => {\n\n  a(\"//\"); // it's gone\n})();"),
            ("theme/b-2.js", "b();\n"),
            ("book-3.js", "// mdBook's\n"),
            ("x/page.html", page),
        ]);
        make_small(&mut site);
        let joined = files(&[
            ("theme/a-1.js", "(()=>{a(\"//\");})();b();"),
            ("book-3.js", "// mdBook's\n"),
            ("x/page.html", "<p>\n<script src=\"../theme/a-1.js\"></script>\n"),
        ]);
        assert_eq!(site, joined);
    }

    #[test]
    fn blanks_go_and_texts_patterns_and_sums_stay() {
        for (script, small) in [
            ("const a = { b: 1, c };\nlet d;\n", "const a={b:1,c};let d;"),
            ("f(\"a , b\", 'it\\'s = x');", "f(\"a , b\",'it\\'s = x');"),
            ("a + +b - -c - d", "a+ +b- -c-d"),
            ("x = /[/ ] , \\/ +/y;", "x=/[/ ] , \\/ +/y;"),
            ("x = a / b / c", "x=a/b/c"),
            ("a = 1; // it's, a \"note\nb = 2; // c", "a=1;b=2;"),
            ("`a ${ b ? `, ${c} =` : \"}\" } = d` + e", "`a ${ b ? `, ${c} =` : \"}\" } = d`+e"),
            ("return typeof a === b", "return typeof a===b"),
        ] {
            assert_eq!(String::from_utf8(squeezed(script.as_bytes())).unwrap(), small);
        }
    }

    #[test]
    fn the_highlighter_keeps_the_languages_of_the_book() {
        let script =
            "var hljs=1;\nhljs.registerLanguage(\"rust\",2);\nhljs.registerLanguage(\"perl\",3);\n";
        let mut site = files(&[("highlight-1.js", script), ("highlight-1.css", "perl")]);
        make_small(&mut site);
        assert_eq!(site["highlight-1.js"], b"var hljs=1;\nhljs.registerLanguage(\"rust\",2);\n");
        assert_eq!(site["highlight-1.css"], b"perl");
    }
}

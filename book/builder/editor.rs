//! A place in a page to write a program in, which is explored there.
//!
//! Its script is made of the files in `theme/editor`, one after the other, and only the page that
//! has an editor asks for it. The programs to begin with are those of `listings/own`, in the order
//! of `listings/own.rs`: they are compiled with the other listings.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::scripts::{squeezed, without_comments};

/// The script and the style, as the page asks for them.
const SCRIPT: &str = "editor.js";
const STYLE: &str = "editor.css";

/// Where their parts lie, from the folder of the book.
const PARTS: &str = "theme/editor";

/// The place in the page.
///
/// # Errors
///
/// What cannot be read, or is not as it should be.
pub(super) fn figure(
    book: &Path,
    read: &mut dyn FnMut(PathBuf) -> io::Result<String>,
) -> Result<String, String> {
    let mut text = |path: &str| {
        read(book.join(path)).map_err(|error| format!("cannot read `{path}`: {error}"))
    };
    let list = text("listings/own.rs")?;
    let names = list.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let mut programs = Vec::new();
    for name in names {
        let path = format!("listings/own/{name}.rs");
        let listing = text(&path)?;
        let (title, program) = shown(&listing)
            .ok_or_else(|| format!("`{path}` does not begin with `//! ` and a title"))?;
        programs.push(json!([title, program]));
    }
    for part in parts(book)? {
        let _ = read(part); // it is watched now
    }
    if programs.is_empty() {
        return Err("`listings/own.rs` lists no program".into());
    }
    let programs = serde_json::Value::from(programs).to_string().replace("</", "<\\/");
    Ok(format!(
        "\n<div class=\"own\" id=\"own\">\n\
         <noscript><p>The editor explores your program on this page, and needs scripts for that.</p></noscript>\n\
         <script type=\"application/json\">{programs}</script>\n</div>\n\
         <link rel=\"stylesheet\" href=\"{STYLE}\">\n<script src=\"{SCRIPT}\"></script>\n\n"
    ))
}

/// The title of a listing, and the program without what only its compiler reads.
fn shown(listing: &str) -> Option<(&str, String)> {
    let (title, rest) = listing.strip_prefix("//! ")?.split_once('\n')?;
    let lines = rest.lines().filter(|line| !line.starts_with("#![") && !line.starts_with("//!"));
    let program = Vec::from_iter(lines).join("\n");
    Some((title, format!("{}\n", program.trim())))
}

/// The files of the script, in the order of their names, which begin with a number.
fn parts(book: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error: io::Error| format!("cannot list `{PARTS}`: {error}");
    let mut parts = Vec::new();
    for entry in book.join(PARTS).read_dir().map_err(failed)? {
        parts.push(entry.map_err(failed)?.path());
    }
    parts.sort();
    Ok(parts)
}

/// Adds the script and the style to a site, if it has a page with an editor.
///
/// # Errors
///
/// What cannot be read.
pub(super) fn add(book: &Path, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    let asks = format!("<script src=\"{SCRIPT}\"></script>");
    let has_one = |page: &Vec<u8>| String::from_utf8_lossy(page).contains(&asks);
    if !files.iter().any(|(path, file)| path.ends_with(".html") && has_one(file)) {
        return Ok(());
    }
    let mut script = b"(() => {\n\"use strict\";\n".to_vec();
    let mut style = Vec::new();
    for path in parts(book)? {
        let text = std::fs::read(&path)
            .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("js") => script.extend(squeezed(&without_comments(&text))),
            Some("css") => style.extend(squeezed_style(&text)),
            _ => {}
        }
    }
    script.extend(b"})();\n");
    files.insert(SCRIPT.into(), script);
    files.insert(STYLE.into(), style);
    Ok(())
}

/// A style without its indentation.
fn squeezed_style(style: &[u8]) -> Vec<u8> {
    style.split(|&byte| byte == b'\n').flat_map(<[u8]>::trim_ascii).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_program_is_shown_without_what_is_for_the_compiler() {
        let listing = "//! A lock\n#![allow(unused)]\n\nuse a;\n\nfn main() {}\n";
        assert_eq!(shown(listing), Some(("A lock", "use a;\n\nfn main() {}\n".into())));
        assert_eq!(shown("use a;\n"), None);
    }
}

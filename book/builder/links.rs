//! Finds links that lead nowhere, in the finished pages: there the anchors are those that readers
//! get, and what the theme and the drawings bring along is checked too.

use std::collections::{BTreeMap, BTreeSet};

/// A link of a page that leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub struct Dead {
    /// The page, by its path in the site.
    pub page: String,
    /// The link as it stands there.
    pub link: String,
    /// Why it leads nowhere.
    pub why: &'static str,
}

/// Every dead link of a site, given as path and contents of all its files.
#[must_use]
pub fn dead(files: &BTreeMap<String, Vec<u8>>) -> Vec<Dead> {
    let pages = files.iter().filter(|(path, _)| path.ends_with(".html"));
    let pages: BTreeMap<&str, Page> =
        pages.map(|(path, html)| (&**path, Page::read(&String::from_utf8_lossy(html)))).collect();
    let mut dead = Vec::new();
    for (path, page) in &pages {
        for link in &page.links {
            let why = match resolve(path, page.base.as_deref(), link) {
                None => continue,
                Some((target, _)) if !files.contains_key(&target) => {
                    "there is no such page or file"
                }
                Some((target, Some(id)))
                    if pages.get(&*target).is_some_and(|page| !page.ids.contains(&id)) =>
                {
                    "the page has no such anchor"
                }
                Some(_) => continue,
            };
            dead.push(Dead { page: (*path).to_owned(), link: link.clone(), why });
        }
    }
    dead
}

/// What a page offers to links, and where its own go.
#[derive(Default)]
struct Page {
    base: Option<String>,
    ids: BTreeSet<String>,
    links: BTreeSet<String>,
}

impl Page {
    fn read(html: &str) -> Self {
        let mut page = Self::default();
        for (tag, attributes) in Tags(html) {
            for (name, value) in Attributes(attributes) {
                let value = unescape(value);
                match (&*tag, &*name) {
                    ("base", "href") => page.base = Some(value),
                    (_, "id") => {
                        page.ids.insert(value);
                    }
                    ("a", "name") => {
                        page.ids.insert(value);
                    }
                    (_, "href" | "src" | "xlink:href") => {
                        page.links.insert(value);
                    }
                    _ => {}
                }
            }
        }
        page
    }
}

/// File and anchor that `link` leads to from `page`; nothing if it leaves the site.
fn resolve(page: &str, base: Option<&str>, link: &str) -> Option<(String, Option<String>)> {
    let (path, id) = match link.split_once('#') {
        Some((path, id)) => (path, Some(decode(id)).filter(|id| !id.is_empty())),
        None => (link, None),
    };
    let path = decode(path.split('?').next().unwrap_or_default());
    let scheme = path.split_once(':').is_some_and(|(scheme, _)| {
        scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    if scheme || path.starts_with("//") {
        return None;
    }
    if path.is_empty() && base.is_none() {
        return Some((page.to_owned(), id));
    }
    let from = base.unwrap_or(page);
    let mut parts: Vec<&str> = match path.starts_with('/') {
        true => Vec::new(),
        false => from.trim_start_matches('/').split('/').collect(),
    };
    parts.pop(); // the page itself: what follows counts from its folder
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    if path.ends_with('/') || parts.is_empty() {
        parts.push("index.html");
    }
    Some((parts.join("/"), id))
}

/// The start tags of a page: name, and what stands behind the name. Text like a tag inside a
/// script, a style or a comment does not count.
struct Tags<'a>(&'a str);

impl<'a> Iterator for Tags<'a> {
    type Item = (String, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.0 = &self.0[self.0.find('<')? + 1..];
            if let Some(comment) = self.0.strip_prefix("!--") {
                self.0 = &comment[comment.find("-->")?..];
                continue;
            }
            let name_ends = self.0.find(|c: char| !c.is_ascii_alphanumeric() && c != '-')?;
            if name_ends == 0 {
                continue; // a closing tag, a doctype, a stray `<`
            }
            let (name, rest) = self.0.split_at(name_ends);
            let name = name.to_ascii_lowercase();
            let end = tag_end(rest)?;
            self.0 = &rest[end..];
            if matches!(&*name, "script" | "style") {
                let close = format!("</{name}");
                self.0 = self.0.find(&close).map_or("", |at| &self.0[at..]);
            }
            return Some((name, &rest[..end]));
        }
    }
}

/// Where a tag ends: at the first `>` outside quotes.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// The attributes of a tag, name and raw value; those without a value are left out.
struct Attributes<'a>(&'a str);

impl<'a> Iterator for Attributes<'a> {
    type Item = (String, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.0 = self.0.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            let end = self.0.find(|c: char| c.is_whitespace() || c == '=' || c == '/');
            let (name, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
            if name.is_empty() && rest.is_empty() {
                return None;
            }
            let Some(value) = rest.trim_start().strip_prefix('=') else {
                self.0 = rest;
                continue;
            };
            let value = value.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (value, rest) = match quote {
                Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                None => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
            };
            self.0 = rest;
            return Some((name.to_ascii_lowercase(), value));
        }
    }
}

/// The characters that a value must spell out in HTML, put back.
fn unescape(value: &str) -> String {
    let value = value.replace("&quot;", "\"").replace("&#39;", "'").replace("&#x27;", "'");
    value.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Undoes percent-encoding; what is not well encoded stays as it is.
fn decode(text: &str) -> String {
    super::percent::percent_decode(text).unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Attributes, Dead, Tags, dead};

    fn site(pages: &[(&str, &str)]) -> Vec<Dead> {
        let files = pages.iter().map(|(path, html)| ((*path).into(), html.as_bytes().to_vec()));
        dead(&files.collect())
    }

    #[test]
    fn a_link_to_a_page_that_is_not_there_is_dead() {
        let found =
            site(&[("a.html", r#"<a href="b.html">b</a> <a href='c.html'>c</a>"#), ("c.html", "")]);
        assert_eq!(found.len(), 1);
        assert_eq!((&*found[0].page, &*found[0].link), ("a.html", "b.html"));
        assert_eq!(found[0].why, "there is no such page or file");
    }

    #[test]
    fn a_link_to_an_anchor_that_is_not_there_is_dead() {
        let found = site(&[
            ("a.html", r##"<h1 id="top">A</h1> <a href="#top">up</a> <a href="#tip">?</a>"##),
            ("b.html", r#"<a href="a.html#top">a</a><a href="a.html#end">a</a>"#),
        ]);
        let links: Vec<_> = found.iter().map(|dead| &*dead.link).collect();
        assert_eq!(links, ["#tip", "a.html#end"]);
        assert_eq!(found[0].why, "the page has no such anchor");
    }

    #[test]
    fn links_count_from_their_page_and_may_be_encoded() {
        let found = site(&[
            (
                "a/b.html",
                r#"<a href="../c.html?x#%C3%BC">c</a><a href="d.html">d</a><img src="/p.svg">"#,
            ),
            ("c.html", r#"<p id="ü">"#),
            ("a/d.html", r#"<a href="/">home</a> <a href="..">home</a>"#),
            ("index.html", r#"<base href="/"><a href="a/b.html">b</a>"#),
            ("p.svg", ""),
        ]);
        assert_eq!(found, []);
    }

    #[test]
    fn links_out_of_the_site_are_not_followed() {
        let found = site(&[(
            "a.html",
            r#"<a href="https://x.org/y#z"><a href="mailto:a@b.c"><a href="//x">"#,
        )]);
        assert_eq!(found, []);
    }

    #[test]
    fn what_looks_like_a_link_in_a_script_or_comment_is_none() {
        let found = site(&[(
            "a.html",
            "<script>s = '<a href=\"no.html\">'</script><!-- <a href='no.html'> --><p>1 < 2</p>",
        )]);
        assert_eq!(found, []);
    }

    #[test]
    fn tags_and_attributes_survive_odd_spelling() {
        let tags: Vec<_> = Tags("<IMG alt='a > b' hidden SRC=x.png/><br/><svg:x>").collect();
        assert_eq!(tags.iter().map(|tag| &*tag.0).collect::<Vec<_>>(), ["img", "br", "svg"]);
        let attributes: Vec<_> = Attributes(tags[0].1).collect();
        assert_eq!(attributes, [("alt".into(), "a > b"), ("src".into(), "x.png/")]);
    }
}

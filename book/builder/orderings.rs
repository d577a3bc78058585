//! What each ordering of a primitive is for: the counterexample that appears with a weaker one.
//!
//! `cargo orderings --book` writes `book/generated/orderings.json` (the format is told in
//! `generated::orderings`). It keeps lines by their text; the numbers are those that the lines have
//! in the source as it is now.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use generated::orderings::{Came, Line, Noticed, Site, Written};
use generated::place;

use super::{escape, grouped, prose};

/// How the figures of a run on everything are called.
const TOTALS: &str = "all";

/// Reads a file of the repository.
pub type Read<'a> = dyn FnMut(&str) -> Result<String, String> + 'a;

/// The box of `module`; of `all`, the totals alone. `read` gives the sources.
///
/// # Errors
///
/// What is wrong: `json` cannot be read, it has no such module, or the source has changed since.
pub fn report(json: &str, module: &str, read: &mut Read<'_>) -> Result<String, String> {
    let written: Written =
        serde_json::from_str(json).map_err(|error| format!("not a list of orderings: {error}"))?;
    if module == TOTALS {
        return Ok(totals(&written));
    }
    let sites = Vec::from_iter(written.sites.iter().filter(|site| site.module == module));
    if sites.is_empty() {
        let names: BTreeSet<_> = written.sites.iter().map(|site| &*site.module).collect();
        let names = Vec::from_iter(names).join("`, `");
        return Err(format!("no orderings of `{module}`; there are `{TOTALS}`, `{names}`"));
    }
    let mut sources = Sources { read, files: BTreeMap::new() };
    let mut html = format!(
        "\n<figure class=\"model orderings\">\n\
         <figcaption><span>each ordering made weaker</span> <code>cargo orderings {}</code></figcaption>\n",
        escape(module)
    );
    let mut weakest = Vec::new();
    for site in sites {
        let number = sources.number(&site.file, &site.line)?.ok_or_else(|| {
            format!(
                "`{}` has no line `{}` any more; run `cargo orderings --refresh`, or `cargo orderings --book {module}`",
                site.file, site.line.0
            )
        })?;
        let place = format!("{}:{number}", site.file);
        match &site.not_executed {
            _ if !site.weaker.is_empty() => {
                html.push_str(&one(site, &place, number, &mut sources)?);
            }
            Some(reason) => weakest.push((place, site, Some(reason))),
            None => weakest.push((place, site, None)),
        }
    }
    html.push_str(&rest(&weakest));
    html.push_str("</figure>\n\n");
    Ok(html)
}

/// A place, and what was tried there.
fn one(
    site: &Site,
    place: &str,
    number: usize,
    sources: &mut Sources<'_, '_>,
) -> Result<String, String> {
    let mut html = head(site, place);
    let column = sources.indentation(&site.file, number) + site.offset + 1;
    for weaker in &site.weaker {
        let (from, to) = change(&site.operation, &weaker.to);
        let way = format!("<code>{}</code> → <code>{}</code>", escape(&from), escape(&to));
        let _ = match &weaker.came {
            Came::Survives { reason } => writeln!(
                html,
                "<p class=\"ordering-kept\">{way}: no model notices, and none can. {}</p>",
                escape(reason)
            ),
            Came::Noticed(found) => {
                let mutant = format!(
                    "LOCKSMITH_MUTANT='{place}:{column}={}' cargo model {}",
                    weaker.to, found.by
                );
                writeln!(
                    html,
                    "<details><summary>{way}: {}</summary>\n{}</details>",
                    kind(&found.kind),
                    failure(found, &mutant, sources)?,
                )
            }
        };
    }
    html.push_str("</div>\n");
    Ok(html)
}

fn head(site: &Site, place: &str) -> String {
    format!(
        "<div class=\"ordering\">\n<p><code class=\"ordering-line\">{}</code> \
         <span class=\"source-path\">{}</span> <span>in <code>{}</code></span></p>\n",
        escape(without_comment(&site.line.0)),
        escape(place),
        escape(&site.function),
    )
}

/// The ordering that stands there, and the weaker one: `failure-Relaxed` is about a
/// compare-exchange's second.
fn change(operation: &str, to: &str) -> (String, String) {
    let inside = operation.split_once('(').map_or("", |(_, orders)| orders.trim_end_matches(')'));
    let mut orders = inside.split(", ").map(str::to_owned);
    let first = orders.next().unwrap_or_default();
    match to.strip_prefix("failure-") {
        Some(to) => {
            (format!("{} on failure", orders.next().unwrap_or(first)), format!("{to} on failure"))
        }
        None => (first, to.to_owned()),
    }
}

/// What goes wrong, in the words of the book.
fn kind(name: &str) -> String {
    match name {
        "lost wake up" => "lost wake-up".to_owned(),
        "panic" => "wrong result".to_owned(),
        "endless" => "endless loop".to_owned(),
        other => escape(other),
    }
}

fn without_comment(line: &str) -> &str {
    line.split_once("//").map_or(line, |(code, _)| code).trim_end()
}

/// The execution that fails, as a table.
fn failure(
    found: &Noticed,
    command: &str,
    sources: &mut Sources<'_, '_>,
) -> Result<String, String> {
    let mut places = Vec::new();
    for (file, line) in &found.lines {
        let name = place::short(file).to_owned();
        // What a line of a test says may have changed since: then its file is named alone.
        let number = sources.number(file, line)?;
        places.push(number.map_or(name.clone(), |number| format!("{name}:{number}")));
    }
    let mut sentence = prose(&found.sentence);
    for (number, place) in places.iter().enumerate() {
        sentence = sentence.replace(&format!("{{{number}}}"), &escape(place));
    }
    let mut html = String::new();
    if !found.rows.is_empty() {
        html.push_str(
            "<div class=\"table-wrapper counterexample\"><table>\n<thead><tr><th scope=\"col\">step</th>\
             <th scope=\"col\">line</th>",
        );
        for (thread, role) in found.threads.iter().enumerate() {
            let _ = write!(html, "<th scope=\"col\">thread {thread}: {}</th>", escape(role));
        }
        html.push_str("</tr></thead>\n<tbody>\n");
        for (step, (thread, line, cell)) in (1..).zip(&found.rows) {
            let place = line.and_then(|line| places.get(line)).map_or("", String::as_str);
            let place = escape(&place.replace(".rs:", ":"));
            let _ = write!(html, "<tr><td>{step}</td><td>{place}</td>");
            for column in 0..found.threads.len() {
                let cell = if column == *thread { cell } else { "" };
                // The place that was made weaker: the heading above says what the source has.
                let _ = match cell.split_once("  (the mutant") {
                    Some((cell, _)) => write!(html, "<td><strong>{}</strong></td>", escape(cell)),
                    None => write!(html, "<td>{}</td>", escape(cell)),
                };
            }
            html.push_str("</tr>\n");
        }
        html.push_str("</tbody>\n</table></div>\n");
    }
    let times = match found.executions {
        1 => "in the first execution".to_owned(),
        n => format!("after {} executions", grouped(n)),
    };
    let _ = writeln!(
        html,
        "<p>{}</p>\n<p class=\"ordering-found\">Found by <code>{}</code> {times}: <code>{}</code></p>",
        sentence,
        escape(&found.by),
        escape(command),
    );
    Ok(html)
}

/// The places where nothing could be tried.
fn rest(places: &[(String, &Site, Option<&String>)]) -> String {
    let mut html = String::new();
    let weakest = places.iter().filter(|(.., reason)| reason.is_none());
    let weakest = Vec::from_iter(weakest.map(|(place, site, _)| {
        format!("<li><code>{}</code> {}</li>\n", escape(&site.operation), escape(place))
    }));
    if !weakest.is_empty() {
        let _ = write!(
            html,
            "<details class=\"ordering-rest\"><summary>As weak as can be: {}</summary>\n<ul>\n{}</ul>\n</details>\n",
            weakest.len(),
            weakest.concat(),
        );
    }
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (place, site, reason) in places {
        if let Some(reason) = reason {
            let text = format!("<code>{}</code> {}", escape(&site.operation), escape(place));
            reasons.entry(reason).or_default().push(text);
        }
    }
    if !reasons.is_empty() {
        let count: usize = reasons.values().map(Vec::len).sum();
        let _ = write!(
            html,
            "<details class=\"ordering-rest\"><summary>Not run by a model: {count}</summary>\n<ul>\n"
        );
        for (reason, places) in reasons {
            let _ = writeln!(html, "<li>{}: {}</li>", places.join(", "), escape(reason));
        }
        html.push_str("</ul>\n</details>\n");
    }
    html
}

/// What the last run on everything came to.
fn totals(written: &Written) -> String {
    let weaker = || written.sites.iter().flat_map(|site| &site.weaker);
    let noticed = weaker().filter(|weaker| matches!(weaker.came, Came::Noticed(_))).count();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for weaker in weaker() {
        if let Came::Noticed(found) = &weaker.came {
            *kinds.entry(&found.kind).or_default() += 1;
        }
    }
    let excused = written.sites.iter().filter(|site| site.not_executed.is_some()).count();
    let kinds = kinds.iter().map(|(name, n)| format!("{} {n}", kind(name)));
    let row = |what: &str, value: String| {
        format!("<tr><th scope=\"row\">{what}</th><td>{value}</td></tr>\n")
    };
    let strong = written.sites.iter().filter(|site| !site.weaker.is_empty()).count();
    let count = written.sites.len();
    format!(
        "\n<figure class=\"model\">\n<figcaption><code>cargo orderings</code></figcaption>\n\
         <div class=\"table-wrapper\"><table>\n<tbody>\n{}{}{}{}{}{}{}</tbody>\n</table></div>\n</figure>\n\n",
        row("places in the source that give an ordering", grouped(count as u64)),
        row("of these as weak as can be", grouped((count - strong - excused) as u64)),
        row("not run by a model, each listed with its reason", grouped(excused as u64)),
        row("weaker orderings tried", grouped(weaker().count() as u64)),
        row("noticed by a model", grouped(noticed as u64)),
        row("how they show", Vec::from_iter(kinds).join(", ")),
        row("seconds", format!("{}, {} models at a time", grouped(written.seconds), written.jobs)),
    )
}

/// The source files, as they are now.
struct Sources<'a, 'b> {
    read: &'a mut Read<'b>,
    files: BTreeMap<String, Vec<String>>,
}

impl Sources<'_, '_> {
    fn lines(&mut self, file: &str) -> Result<&[String], String> {
        if !self.files.contains_key(file) {
            let text = (self.read)(file)?;
            self.files.insert(file.to_owned(), text.lines().map(str::to_owned).collect());
        }
        Ok(&self.files[file])
    }

    /// The number that a line has now, if it is still there.
    fn number(&mut self, file: &str, line: &Line) -> Result<Option<usize>, String> {
        Ok(line.number_in(self.lines(file)?))
    }

    fn indentation(&self, file: &str, number: usize) -> usize {
        let line = self.files.get(file).and_then(|lines| lines.get(number - 1));
        line.map_or(0, |line| line.len() - line.trim_start().len())
    }
}

#[cfg(test)]
mod tests;

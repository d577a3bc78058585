//! A page over HTTP, and the links in it.

use std::fmt;
use std::time::Duration;

use html5gum::{Token, Tokenizer};
use ureq::Agent;
use ureq::http::Uri;

use crate::outcome::BadInput;

/// Far more than a server on this machine takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Of a page: host and port, and the path. The part of a link after `#` or `?` is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address {
    host: String,
    path: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.host, self.path)
    }
}

impl Address {
    pub(crate) fn new(host: impl fmt::Display) -> Self {
        Self { host: host.to_string(), path: "/".into() }
    }

    /// Host and port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Where a link on this page leads; `None` if elsewhere, or not to a page.
    fn join(&self, link: &str) -> Option<Self> {
        let link = link.split(['#', '?']).next().unwrap_or_default();
        let site = format!("http://{}", self.host);
        let path = link.strip_prefix(&site).unwrap_or(link);
        // A colon before the first slash: a scheme, so another site or `mailto:`. Two slashes:
        // another site.
        if path.split('/').next().is_some_and(|first| first.contains(':')) || path.starts_with("//")
        {
            return None;
        }
        if path.is_empty() {
            return (link != path).then(|| Self::new(&self.host));
        }
        let folder = match path.starts_with('/') {
            true => "",
            false => self.path.rsplit_once('/').map_or("", |(folder, _)| folder),
        };
        let mut parts = Vec::new();
        for part in folder.split('/').chain(path.split('/')).filter(|part| !part.is_empty()) {
            match part {
                "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
        Some(Self { host: self.host.clone(), path: format!("/{}{end}", parts.join("/")) })
    }
}

/// An address on this machine, the only ones that are allowed.
pub(crate) fn parse_loopback(text: &str) -> Result<Address, BadInput> {
    let uri: Option<Uri> = text.parse().ok();
    let parts =
        uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?, uri.path())));
    match parts {
        Some(("http", host, path))
            if ["127.0.0.1", "localhost", "[::1]"].contains(&host.host()) =>
        {
            Ok(Address { host: host.to_string(), path: path.to_owned() })
        }
        _ => Err(BadInput(format!(
            "--url {text:?}: a site on this machine is allowed, as http://127.0.0.1:8000/"
        ))),
    }
}

/// Fetches pages; one for all threads.
pub(crate) struct Fetcher {
    agent: Agent,
    host: String,
}

impl Fetcher {
    pub(crate) fn new(start: &Address) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(true);
        Self { agent: config.build().into(), host: start.host.clone() }
    }

    /// The HTML of a page; nothing, if it is something else. Or why it cannot be had. Blocks until
    /// it is there.
    pub(crate) fn page(&self, page: &Address) -> Result<String, String> {
        let answer = self.agent.get(page.to_string()).call().map_err(|error| error.to_string())?;
        let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("text/html")) {
            return Ok(String::new());
        }
        answer.into_body().read_to_string().map_err(|error| error.to_string())
    }

    /// The pages of the same site that a page links to.
    pub(crate) fn links(&self, page: &Address, html: &str) -> Vec<Address> {
        let mut links: Vec<_> = hrefs(html).iter().filter_map(|link| page.join(link)).collect();
        links.retain(|link| link.host == self.host);
        links.sort_unstable();
        links.dedup();
        links
    }
}

/// What the `a` elements of a page link to.
fn hrefs(html: &str) -> Vec<String> {
    let tags = Tokenizer::new(html).filter_map(|token| match token {
        Ok(Token::StartTag(tag)) if *tag.name == *b"a" => Some(tag),
        _ => None,
    });
    tags.filter_map(|tag| {
        let href = tag.attributes.get(b"href".as_slice())?;
        Some(String::from_utf8_lossy(href).into_owned())
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::{Address, hrefs, parse_loopback};

    #[test]
    fn links_lead_where_a_browser_would_go() {
        let page = Address { host: "127.0.0.1:80".into(), path: "/a/b.html".into() };
        let path = |link| page.join(link).map(|address| address.path);
        assert_eq!(path("c.html").as_deref(), Some("/a/c.html"));
        assert_eq!(path("../c.html#part").as_deref(), Some("/c.html"));
        assert_eq!(path("/c/?q=1").as_deref(), Some("/c/"));
        assert_eq!(path("http://127.0.0.1:80/x").as_deref(), Some("/x"));
        for elsewhere in ["https://example.org/", "mailto:a@b", "//example.org/", "#here", ""] {
            assert_eq!(path(elsewhere), None, "{elsewhere}");
        }
    }

    #[test]
    fn only_links_are_found() {
        let html =
            "<p><a class=x href='a.html'>a</a> <!-- <a href=no> --> <img href=no> <A HREF=b>";
        assert_eq!(hrefs(html), ["a.html", "b"]);
    }

    #[test]
    fn another_machine_is_refused() {
        assert!(parse_loopback("http://127.0.0.1:8000/book/").is_ok());
        for wrong in [
            "http://example.org/",
            "https://127.0.0.1/",
            "127.0.0.1",
            "http://127.0.0.1.example.org/",
        ] {
            assert!(parse_loopback(wrong).is_err(), "{wrong}");
        }
    }
}

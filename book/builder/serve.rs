//! A small web server for one reader on this machine: it shows the book that is in memory, tells
//! open pages when there is a newer one, and reads no file, so that no path can lead it to one.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use primitives::Lock;
use serde_json::json;

use super::escape;
use super::percent::percent_decode;
use super::site::Site;

/// Longest request that is read.
const REQUEST_LIMIT: usize = 8 * 1024;
/// How long a request may take to arrive, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);
/// Where open pages ask which build is the newest.
const LIVE: &str = "/.live";

/// What the server shows: the last book that could be built, and what is wrong with a newer one.
///
/// Shared by the thread that builds and the threads that answer, under the [`Lock`] of the chapter
/// that they show.
pub struct Pages {
    shown: Lock<Shown>,
}

#[derive(Clone)]
struct Shown {
    site: Option<Arc<Site>>,
    error: Option<Arc<str>>,
    /// Names the build. Two servers on the same port, one after the other, never use the same name.
    build: u128,
}

impl Pages {
    /// Nothing to show yet.
    #[must_use]
    pub fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { shown: Lock::new(Shown { site: None, error: None, build: now.as_nanos() }) }
    }

    /// Shows `site` from now on; open pages reload themselves.
    pub fn show(&self, site: Site) {
        let mut shown = self.shown.lock();
        shown.site = Some(Arc::new(site));
        shown.error = None;
        shown.build += 1;
    }

    /// Goes on showing what there is, and tells open pages what is wrong.
    pub fn fail(&self, error: &str) {
        let mut shown = self.shown.lock();
        shown.error = Some(error.into());
        if shown.site.is_none() {
            shown.build += 1; // the error is the page
        }
    }

    fn shown(&self) -> Shown {
        self.shown.lock().clone()
    }
}

impl Default for Pages {
    fn default() -> Self {
        Self::new()
    }
}

/// Answers requests, a thread each, until the process ends.
pub fn serve(listener: &TcpListener, pages: &Arc<Pages>) -> ! {
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                let pages = Arc::clone(pages);
                // A lost connection or a lack of threads affects only that reader.
                let _ = thread::Builder::new().spawn(move || answer(stream, &pages));
            }
            // Out of file descriptors, say: give those that are open time to end.
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn answer(mut stream: TcpStream, pages: &Pages) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let (head_only, response) = match read_request(&mut stream)? {
        Request::Whole(request) => {
            (request.starts_with("HEAD "), respond(&request, &pages.shown()))
        }
        Request::TooLong => (false, Response::error(431, "Request Header Fields Too Large")),
        Request::TooLate => (false, Response::error(408, "Request Timeout")),
        Request::Gone => return Ok(()),
    };
    response.write(&mut stream, head_only)?;
    stream.shutdown(Shutdown::Write)?;
    // What is still under way is read and forgotten: a socket that is closed before resets the
    // connection, and the answer is lost with it.
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    let _ = io::copy(&mut stream.take(1 << 20), &mut io::sink());
    Ok(())
}

enum Request {
    Whole(String),
    TooLong,
    TooLate,
    Gone,
}

/// Reads up to the blank line that ends a request without a body.
fn read_request(stream: &mut TcpStream) -> io::Result<Request> {
    let deadline = Instant::now() + PATIENCE;
    let mut request = Vec::new();
    let mut buffer = [0; 2048];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Request::TooLate);
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(Request::Gone),
            Ok(n) => request.extend_from_slice(&buffer[..n]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        if request.windows(4).any(|end| end == b"\r\n\r\n") {
            return Ok(Request::Whole(String::from_utf8_lossy(&request).into_owned()));
        }
        if request.len() > REQUEST_LIMIT {
            return Ok(Request::TooLong);
        }
    }
}

struct Response {
    status: u16,
    reason: &'static str,
    content_type: &'static str,
    body: Vec<u8>,
}

impl Response {
    fn ok(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, reason: "OK", content_type, body: body.into() }
    }

    fn error(status: u16, reason: &'static str) -> Self {
        let body = format!("{status} {reason}\n").into_bytes();
        Self { status, reason, content_type: "text/plain; charset=utf-8", body }
    }

    fn write(&self, stream: &mut TcpStream, head_only: bool) -> io::Result<()> {
        let Self { status, reason, content_type, body } = self;
        let allow = if *status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
        let mut answer = format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
             {allow}Connection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        if !head_only {
            answer.extend_from_slice(body);
        }
        stream.write_all(&answer)
    }
}

fn respond(request: &str, shown: &Shown) -> Response {
    let mut words = request.lines().next().unwrap_or_default().split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Response::error(400, "Bad Request");
    };
    if !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return Response::error(400, "Bad Request");
    }
    if !matches!(method, "GET" | "HEAD") {
        return Response::error(405, "Method Not Allowed");
    }
    let path = target.split(['?', '#']).next().unwrap_or_default();
    if path == LIVE {
        let live = json!({ "build": shown.build.to_string(), "error": shown.error.as_deref() });
        return Response::ok("application/json", live.to_string());
    }
    let Some(mut path) = percent_decode(path) else {
        return Response::error(400, "Bad Request");
    };
    if path.ends_with('/') {
        path.push_str("index.html");
    }
    let Some(site) = &shown.site else {
        let page = broken(shown.error.as_deref().unwrap_or("It is being built."));
        let body = live(page.into_bytes(), shown.build);
        return Response { status: 503, reason: "Service Unavailable", ..Response::ok(HTML, body) };
    };
    match site.get(&path[1..]) {
        Some(page) if content_type(&path) == HTML => {
            Response::ok(HTML, live(page.to_vec(), shown.build))
        }
        Some(file) => Response::ok(content_type(&path), file),
        None => {
            let page = site.get("404.html").unwrap_or(b"<!doctype html><h1>Not found</h1></body>");
            let body = live(page.to_vec(), shown.build);
            Response { status: 404, reason: "Not Found", ..Response::ok(HTML, body) }
        }
    }
}

const HTML: &str = "text/html; charset=utf-8";

fn content_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => HTML,
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The page to show while there is no book.
fn broken(error: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>The book</title>\
         <body><h1>There is no book yet</h1><pre style=\"white-space: pre-wrap\">{}</pre></body></html>",
        escape(error)
    )
}

/// `page` with a script at its end that reloads it when there is a newer build, and shows the
/// mistakes if that build failed.
fn live(mut page: Vec<u8>, build: u128) -> Vec<u8> {
    let script = format!("<script>{}</script>\n", LIVE_SCRIPT.replace("BUILD", &build.to_string()));
    let end = b"</body>";
    let at = page.windows(end.len()).rposition(|part| part == end).unwrap_or(page.len());
    page.splice(at..at, script.into_bytes());
    page
}

const LIVE_SCRIPT: &str = r#"
(() => {
    let box;
    const look = async () => {
        if (document.hidden) return;
        let live;
        try {
            live = await (await fetch('/.live')).json();
        } catch {
            return; // the builder has stopped: the page stays as it is
        }
        if (live.build !== 'BUILD') return location.reload();
        if (!live.error) return box && box.remove();
        if (!box) {
            box = document.createElement('pre');
            box.id = 'build-error';
            box.setAttribute('role', 'alert');
            box.style.cssText = 'position:fixed;inset:auto 0 0 0;z-index:999;margin:0;padding:1em;'
                + 'max-height:50vh;overflow:auto;white-space:pre-wrap;background:#7a1212;color:#fff';
        }
        if (!box.isConnected) document.body.append(box);
        box.textContent = live.error;
    };
    setInterval(look, 600);
    document.addEventListener('visibilitychange', look);
    look();
})();
"#;

#[cfg(test)]
mod tests {
    use super::{Pages, content_type, percent_decode, respond};

    #[test]
    fn every_kind_of_file_in_a_book_has_its_type() {
        assert_eq!(content_type("/a/b.html"), "text/html; charset=utf-8");
        assert_eq!(content_type("/a.b/toc-1.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("/fonts/x.woff2"), "font/woff2");
        assert_eq!(content_type("/a.html/none"), "application/octet-stream");
    }

    #[test]
    fn percent_encoding_is_undone_or_refused() {
        assert_eq!(percent_decode("/a%20b%C3%BC").as_deref(), Some("/a bü"));
        for bad in ["%", "%2", "%zz", "%+1", "%ff"] {
            assert_eq!(percent_decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_not_a_request_is_refused() {
        let shown = Pages::new().shown();
        for bad in ["", "GET", "GET /", "GET / FTP/1.0", "GET x HTTP/1.1", "GET / HTTP/1.1 x"] {
            assert_eq!(respond(bad, &shown).status, 400, "{bad}");
        }
        assert_eq!(respond("POST / HTTP/1.1\r\n\r\n", &shown).status, 405);
        assert_eq!(respond("GET /%zz HTTP/1.1\r\n\r\n", &shown).status, 400);
    }
}

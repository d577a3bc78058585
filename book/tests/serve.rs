//! The server, on real sockets.

#![cfg(feature = "builder")]

use watchdog as _;

mod common;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use book::builder::live::keep_building;
use book::builder::serve::{Pages, serve};
use book::builder::watch::Watch;
use common::Repository;

/// A server that runs until the tests end.
fn start(pages: &Arc<Pages>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let pages = Arc::clone(pages);
    thread::spawn(move || serve(&listener, &pages));
    address
}

/// A server that shows a small book.
fn start_with_book() -> SocketAddr {
    let pages = Arc::new(Pages::new());
    pages.show(Repository::new().book().render(&mut Watch::default()).unwrap());
    start(&pages)
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Sends `request` as it is and reads all that comes back.
fn send(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|end| end == b"\r\n\r\n").expect("no end of the head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: answer[end + 4..].to_vec() }
}

fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
}

#[test]
fn pages_and_files_are_served_with_type_and_length() {
    let address = start_with_book();
    for path in ["/", "/index.html", "/lock.html?x=1", "/%6Cock.html"] {
        let answer = get(address, path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("Content-Type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.header("Content-Length"), Some(&*answer.body.len().to_string()));
    }
    let page = get(address, "/").text().to_owned();
    let css = page.split('"').find(|text| text.starts_with("theme/book-")).unwrap();
    let answer = get(address, &format!("/{css}"));
    assert_eq!(answer.header("Content-Type"), Some("text/css; charset=utf-8"));
    assert_eq!(answer.text(), "/* */");
}

#[test]
fn head_has_the_headers_of_get_and_nothing_else() {
    let address = start_with_book();
    let got = get(address, "/lock.html");
    let head = send(address, b"HEAD /lock.html HTTP/1.1\r\n\r\n");
    assert_eq!(head.head, got.head);
    assert!(head.body.is_empty());
}

#[test]
fn what_is_not_in_the_book_is_answered_by_its_own_page() {
    let address = start_with_book();
    let answer = get(address, "/no/such.html");
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("Content-Type"), Some("text/html; charset=utf-8"));
    assert!(answer.text().contains("Document not found"));
}

#[test]
fn no_path_leads_out_of_the_book() {
    let address = start_with_book();
    for path in [
        "/../book.toml",
        "/../../../../../../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/theme/../../book.toml",
        "/lock.html/../index.html",
        "/..\\book.toml",
        "/%00",
    ] {
        assert_eq!(get(address, path).status, 404, "{path}");
    }
    assert_eq!(get(address, "/%ff").status, 400);
}

#[test]
fn other_methods_and_nonsense_are_refused() {
    let address = start_with_book();
    let answer = send(address, b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!((answer.status, answer.header("Allow")), (405, Some("GET, HEAD")));
    assert_eq!(send(address, b"\x16\x03\x01\x02\r\n\r\n").status, 400);
    assert_eq!(send(address, b"GET http://x/ HTTP/1.1\r\n\r\n").status, 400);
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000));
    assert_eq!(send(address, long.as_bytes()).status, 431);
}

#[test]
fn readers_that_break_off_disturb_nobody() {
    let address = start_with_book();
    // A client that sends half a request and keeps the connection open.
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(b"GET /lock.ht").unwrap();
    for part in [&b""[..], b"GET", b"GET / HTTP/1.1\r\n"] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(part).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(rest.is_empty(), "no answer to half a request");
    }
    // A client that does not wait for the answer.
    for _ in 0..20 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /lock.html HTTP/1.1\r\n\r\n").unwrap();
    }
    assert_eq!(get(address, "/").status, 200);
    drop(half);
    assert_eq!(get(address, "/").status, 200);
}

#[test]
fn a_request_may_come_in_pieces() {
    let mut stream = TcpStream::connect(start_with_book()).unwrap();
    for piece in ["GE", "T / HTTP/1.1\r", "\n", "\r\n"] {
        stream.write_all(piece.as_bytes()).unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:.100}");
}

#[test]
fn half_a_request_is_given_up_after_a_while() {
    let address = start_with_book();
    assert_eq!(send(address, b"GET /lock.ht").status, 408);
}

/// What an open page asks for: the name of the newest build, and what is wrong with a newer one.
fn live(address: SocketAddr) -> (String, Option<String>) {
    let answer = get(address, "/.live");
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    let live: serde_json::Value = serde_json::from_str(answer.text()).unwrap();
    let field = |name: &str| live[name].as_str().map(str::to_owned);
    (field("build").unwrap(), field("error"))
}

/// Asks until the answer is as it should be. A minute does not measure speed; it only bounds the
/// wait.
fn wait_until(address: SocketAddr, ready: impl Fn(&str, Option<&str>) -> bool) -> String {
    let started = Instant::now();
    loop {
        let (build, error) = live(address);
        if ready(&build, error.as_deref()) {
            return build;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "still build {build}, {error:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_change_is_built_and_a_mistake_is_shown_until_it_is_mended() {
    let repository = Arc::new(Repository::new());
    let pages = Arc::new(Pages::new());
    let address = start(&pages);
    thread::spawn({
        let (repository, pages) = (Arc::clone(&repository), Arc::clone(&pages));
        move || keep_building(&repository.book(), &pages, |_| {})
    });
    wait_until(address, |_, _| get(address, "/lock.html").status == 200);
    let (first, _) = live(address);
    let page = get(address, "/lock.html");
    assert!(page.text().contains("UNLOCKED") && page.text().contains(&first), "names its build");

    // An included source, outside the book.
    repository
        .write("code/lock.rs", "// ANCHOR: states\nconst FREE: u32 = 0;\n// ANCHOR_END: states\n");
    let second = wait_until(address, |build, _| build != first);
    assert!(get(address, "/lock.html").text().contains("FREE"));

    // A mistake: the old page stays, and is told.
    repository.write("code/lock.rs", "const FREE: u32 = 0;\n");
    wait_until(address, |_, error| error.is_some());
    let (build, error) = live(address);
    assert_eq!(build, second, "a page need not be loaded again to learn that");
    assert!(error.unwrap().starts_with("book/src/lock.md:5: `code/lock.rs`: no `ANCHOR: states`"));
    assert!(get(address, "/lock.html").text().contains("FREE"));

    // Mended, in the chapter.
    repository.write("book/src/lock.md", "# Lock\n\n## States\n\nNone.\n");
    wait_until(address, |build, error| build != second && error.is_none());
    assert!(get(address, "/lock.html").text().contains("None."));
}

#[test]
fn a_book_that_is_broken_from_the_start_is_served_as_its_mistake() {
    let repository = Arc::new(Repository::new());
    repository.write("book/src/lock.md", "# Lock\n\n{{#source <gone>}}\n");
    let pages = Arc::new(Pages::new());
    let address = start(&pages);
    thread::spawn({
        let (repository, pages) = (Arc::clone(&repository), Arc::clone(&pages));
        move || keep_building(&repository.book(), &pages, |_| {})
    });
    wait_until(address, |_, error| error.is_some());
    let answer = get(address, "/");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("book/src/lock.md:3: cannot read `&lt;gone&gt;`"));
    repository.write("book/src/lock.md", "# Lock\n\n## States\n");
    wait_until(address, |_, error| error.is_none());
    assert_eq!(get(address, "/").status, 200);
}

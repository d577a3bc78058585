//! The pages in a real browser, on a desk and on a phone.
//!
//! | file         | idea                                                              |
//! | ------------ | ----------------------------------------------------------------- |
//! | `puzzles.rs` | puzzles, questions and exercises, played through by keyboard      |
//! | `pages.rs`   | all pages: layout, contrast, weight                               |
//! | `levels.rs`  | the levels                                                        |
//! | `own.rs`     | the reader's own programs                                         |
//! | `main.rs`    | what these use                                                    |
//!
//! Skipped where there is no Chromium; `cargo verify --only browser` says so, and how to get it.

#![cfg(all(unix, feature = "builder"))]

use watchdog as _;

mod chromium;
mod deaths;
mod levels;
mod own;
mod pages;
mod puzzles;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::thread;

use book::builder::serve::{Pages, serve};
use book::builder::site::{Book, Site};
use book::builder::watch::Watch;
use chromium::Chromium;

/// The book, rendered once for all tests.
fn site() -> Site {
    static SITE: LazyLock<Site> = LazyLock::new(|| {
        let book = Book::new(Path::new(env!("CARGO_MANIFEST_DIR")));
        book.render(&mut Watch::default()).unwrap_or_else(|error| panic!("\n{error:#}\n"))
    });
    SITE.clone()
}

/// Serves the book. Returns the address of its root.
fn start() -> String {
    let pages = Arc::new(Pages::new());
    pages.show(site());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    thread::spawn(move || serve(&listener, &pages));
    address
}

/// A browser, or a note that there is none.
fn browser() -> Option<Chromium> {
    let program = chromium::find();
    if program.is_none() {
        println!("skipped: {}", chromium::MISSING);
    }
    program.map(|program| Chromium::start(&program))
}

/// The text that an explorer shows under its code.
fn verdict(browser: &mut Chromium, name: &str) -> String {
    verdict_of(browser, &format!("explore-{name}"))
}

/// The same, of the figure with this `id`.
fn verdict_of(browser: &mut Chromium, figure: &str) -> String {
    text(browser, &format!("#{figure} .explorer-verdict"))
}

/// Waits until the explorers have taken over.
fn ready(browser: &mut Chromium) {
    browser.wait_until("document.querySelectorAll('.explorer-live').length > 0");
}

/// No script failed, and no other server was asked.
fn in_order(browser: &Chromium, root: &str) {
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
    let ours = |url: &&String| [root, "about:", "data:"].iter().any(|own| url.starts_with(own));
    let strange = Vec::from_iter(browser.requests.iter().filter(|url| !ours(url)));
    assert!(strange.is_empty(), "requests to another server: {strange:#?}");
}

/// Gives an explorer the focus, as a click into it would.
fn enter(browser: &mut Chromium, figure: &str) {
    browser.value(&format!("document.querySelector('#{figure}').focus()"));
}

/// Opens a page as a first-time visitor.
fn open_new(browser: &mut Chromium, address: &str) {
    browser.open(address);
    browser.value("localStorage.clear()");
    browser.open(address);
    ready(browser);
}

/// A desk and a phone.
const WINDOWS: [(u32, u32); 2] = [(1280, 800), (360, 740)];

/// The text of an element.
fn text(browser: &mut Chromium, selector: &str) -> String {
    let ask = format!("document.querySelector({selector:?}).textContent");
    browser.value(&ask).as_str().unwrap().to_owned()
}

/// Moves the focus, as the key Tab would after some presses.
fn focus(browser: &mut Chromium, selector: &str) {
    browser.value(&format!("document.querySelector({selector:?}).focus()"));
}

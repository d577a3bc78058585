//! The pages in a real browser: a puzzle played through by keyboard, on a desk and on a phone.
//!
//! Skipped where there is no Chromium; `cargo verify --only browser` says so, and how to get it.

#![cfg(all(unix, feature = "builder"))]

mod chromium;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use book::builder::serve::{Pages, serve};
use book::builder::site::{Book, Site};
use book::builder::watch::Watch;
use chromium::Chromium;

fn site() -> Site {
    let book = Book::new(Path::new(env!("CARGO_MANIFEST_DIR")));
    book.render(&mut Watch::default()).unwrap_or_else(|error| panic!("\n{error:#}\n"))
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
    let ask = format!("document.querySelector('#explore-{name} .explorer-verdict').textContent");
    browser.value(&ask).as_str().unwrap().to_owned()
}

/// Waits until the explorers have taken over.
fn ready(browser: &mut Chromium) {
    browser.wait_until("document.querySelectorAll('.explorer-live').length > 0");
}

/// No script failed, and nobody else was asked for anything.
fn in_order(browser: &Chromium, root: &str) {
    assert!(browser.complaints.is_empty(), "{:#?}", browser.complaints);
    let ours = |url: &&String| [root, "about:", "data:"].iter().any(|own| url.starts_with(own));
    let strange = Vec::from_iter(browser.requests.iter().filter(|url| !ours(url)));
    assert!(strange.is_empty(), "requests to somebody else: {strange:#?}");
}

/// Plays the first puzzle at this width.
fn play(browser: &mut Chromium, root: &str, width: u32) {
    browser.resize(width, 800);
    browser.open(&format!("{root}not-a-lock.html"));
    browser.value("localStorage.clear()");
    browser.open(&format!("{root}not-a-lock.html"));
    ready(browser);
    let overflow = browser.value("document.documentElement.scrollWidth - innerWidth");
    assert!(overflow.as_i64().unwrap() <= 0, "{width} px: the page is {overflow} px too wide");
    let bar = "document.querySelector('.explorer-bar').getBoundingClientRect().top";
    assert!(browser.value(bar).as_f64().unwrap() < 700.0, "{width} px: below the fold");
    assert!(verdict(browser, "not-a-lock").starts_with("Your turn"));

    // To the red state, back, and anew.
    browser.press(&["a", "b", "a", "b"]);
    let red = "Two inside: A and B are both inside. 4 steps; the shortest way has 4.";
    assert_eq!(verdict(browser, "not-a-lock"), red);
    browser.press(&["u"]);
    assert!(verdict(browser, "not-a-lock").starts_with("3 steps. A: taken.store(true)"));
    browser.press(&["r"]);
    assert!(verdict(browser, "not-a-lock").starts_with("Your turn"));
    browser.press(&["b", "a", "b", "a"]);
    assert!(verdict(browser, "not-a-lock").starts_with("Two inside"));

    // The address has the way, and the progress outlives the page.
    assert_eq!(browser.value("location.hash"), "#explore-not-a-lock=0.BABA");
    browser.reload();
    ready(browser);
    assert!(verdict(browser, "not-a-lock").starts_with("Two inside"));
    browser.open(&format!("{root}not-a-lock.html"));
    ready(browser);
    assert!(verdict(browser, "not-a-lock").starts_with("Two inside"), "kept without the address");
    let progress = "document.querySelector('#explore-not-a-lock .explorer-foot').textContent";
    let progress = browser.value(progress);
    assert!(progress.as_str().unwrap().starts_with("Broken in 4 steps, par 4."), "{progress}");
}

#[test]
fn a_puzzle_is_played_by_keyboard_on_a_desk_and_on_a_phone() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for width in [1300, 360] {
        play(&mut browser, &root, width);
    }
    in_order(&browser, &root);
}

#[test]
fn an_ordering_is_changed_by_keyboard_and_an_old_value_is_read() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.resize(1300, 900);
    browser.open(&format!("{root}spin-lock.html"));
    ready(&mut browser);
    let toggle = "document.querySelectorAll('#explore-spin-lock .explorer-toggle')[1]";
    browser.value(&format!("{toggle}.focus()"));
    assert_eq!(browser.value(&format!("{toggle}.textContent")), "Release");
    browser.press(&["p"]);
    assert!(verdict(&mut browser, "spin-lock").starts_with("Proved: all "), "as the source has it");
    browser.press(&["Enter"]);
    assert_eq!(browser.value(&format!("{toggle}.textContent")), "Relaxed");
    browser.press(&["a", "a", "a", "a", "b", "Shift+B", "b", "b"]);
    let red = verdict(&mut browser, "spin-lock");
    assert!(red.starts_with("Wrong result: two deposits were made, and one is lost."), "{red}");
    browser.press(&["p"]);
    assert!(verdict(&mut browser, "spin-lock").starts_with("No proof"));
    browser.press(&["r", "m"]);
    assert!(verdict(&mut browser, "spin-lock").starts_with("Wrong result"), "it shows the way");
    in_order(&browser, &root);
}

#[test]
fn a_sent_link_shows_the_interleaving_even_from_a_file() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("book");
    site().write_to(&out).unwrap();
    let root = format!("file://{}/", out.display());
    browser.open(&format!("{root}not-a-lock.html#explore-not-a-lock=0.ABAB"));
    ready(&mut browser);
    assert!(verdict(&mut browser, "not-a-lock").starts_with("Two inside"));
    in_order(&browser, &root);
}

#[test]
fn without_scripts_the_shortest_failure_is_a_table() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.call("Emulation.setScriptExecutionDisabled", serde_json::json!({ "value": true }));
    browser.open(&format!("{root}not-a-lock.html"));
    let text = "document.querySelector('#explore-not-a-lock').innerText";
    let text = browser.value(text);
    assert!(text.as_str().unwrap().contains("Two inside: A and B are both inside."), "{text}");
}

/// The text of an element.
fn text(browser: &mut Chromium, selector: &str) -> String {
    let ask = format!("document.querySelector({selector:?}).textContent");
    browser.value(&ask).as_str().unwrap().to_owned()
}

/// Moves the focus, as the key Tab would after some presses.
fn focus(browser: &mut Chromium, selector: &str) {
    browser.value(&format!("document.querySelector({selector:?}).focus()"));
}

#[test]
fn a_question_is_answered_by_keyboard() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for (width, choice, said) in [(1300, 3, "Right."), (360, 1, "Not so. It is: ")] {
        browser.resize(width, 800);
        browser.open(&format!("{root}checked.html"));
        ready(&mut browser);
        let open = "document.querySelector('.predict details').open";
        assert_eq!(browser.value(open), false);
        let button = format!(".predict li:nth-child({choice}) button");
        focus(&mut browser, &button);
        browser.press(&["Enter"]);
        let answer = text(&mut browser, ".predict-said");
        assert!(answer.starts_with(said), "{answer}");
        assert_eq!(browser.value(open), true, "the answer is there to be read");
        let pressed = format!("document.querySelector('{button}').getAttribute('aria-pressed')");
        assert_eq!(browser.value(&pressed), "true");
    }
    in_order(&browser, &root);
}

#[test]
fn exercises_are_judged_and_stay_done() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for width in [1300, 360] {
        browser.resize(width, 800);
        browser.open(&format!("{root}checked.html"));
        browser.value("localStorage.clear()");
        browser.open(&format!("{root}checked.html"));
        ready(&mut browser);

        // Breaking it counts without help, and in as few steps as can be.
        let (code, done) =
            ("#exercise-lost-deposit .explorer-code", "#exercise-lost-deposit .explorer-done");
        focus(&mut browser, code);
        browser.press(&["m"]);
        assert_eq!(text(&mut browser, done), "Seen. Now reset, and walk it yourself.");
        browser.press(&["r", "a", "b", "a", "b", "a", "b", "a", "b", "a", "b"]);
        assert_eq!(text(&mut browser, done), "Done ✓");

        // Both orderings are needed: what is proved with one of them too weak is no proof.
        let done = "#exercise-spin-lock .explorer-done";
        focus(&mut browser, "#exercise-spin-lock .explorer-toggle");
        browser.press(&["Enter", "p"]);
        assert_eq!(text(&mut browser, done), "It does not hold with these orderings.");
        focus(&mut browser, "#exercise-spin-lock .explorer-orders span:nth-child(2) button");
        browser.press(&["Enter", "p"]);
        assert_eq!(text(&mut browser, done), "Done ✓");

        browser.open(&format!("{root}checked.html"));
        ready(&mut browser);
        for name in ["lost-deposit", "spin-lock"] {
            let done = text(&mut browser, &format!("#exercise-{name} .explorer-done"));
            assert_eq!(done, "Done ✓", "{name}: kept");
        }
    }
    in_order(&browser, &root);
}

#[test]
fn every_page_is_in_order_and_fits_a_desk_and_a_phone() {
    let site = site();
    // The one that has all chapters is for printers.
    let pages = site.files().map(|(path, _)| path).filter(|path| path.ends_with(".html"));
    let pages = Vec::from_iter(pages.filter(|path| !["print.html", "toc.html"].contains(path)));
    let root = start();
    for width in [1300, 360] {
        let Some(mut browser) = browser() else { return };
        browser.resize(width, 800);
        for page in &pages {
            browser.open(&format!("{root}{page}"));
            let overflow = browser.value("document.documentElement.scrollWidth - innerWidth");
            let overflow = overflow.as_i64().unwrap();
            assert!(overflow <= 0, "{page} at {width} px: {overflow} px too wide");
            let nameless = "[...document.querySelectorAll('main button, main a[href]')]\
                .filter((it) => !(it.textContent.trim() || it.ariaLabel || it.title)).length";
            assert_eq!(browser.value(nameless), 0, "{page}: a button or a link has no name");
        }
        in_order(&browser, &root);
    }
}

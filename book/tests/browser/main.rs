//! The pages in a real browser: a puzzle played through by keyboard, on a desk and on a phone.
//!
//! Skipped where there is no Chromium; `cargo verify --only browser` says so, and how to get it.

#![cfg(all(unix, feature = "builder"))]

use watchdog as _;

mod chromium;
mod levels;
mod own;

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
    assert!(strange.is_empty(), "requests to somebody else: {strange:#?}");
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

/// Plays the first puzzle in a window of this size.
fn play(browser: &mut Chromium, root: &str, (width, height): (u32, u32)) {
    browser.resize(width, height);
    open_new(browser, &format!("{root}not-a-lock.html"));
    let overflow = browser.value("document.documentElement.scrollWidth - innerWidth");
    assert!(overflow.as_i64().unwrap() <= 0, "{width} px: the page is {overflow} px too wide");
    assert!(verdict(browser, "not-a-lock").starts_with("Your turn"));
    browser.press(&["a"]);
    assert!(
        verdict(browser, "not-a-lock").starts_with("Your turn"),
        "a key acts where it is told to"
    );

    // To the red state, back, and again.
    enter(browser, "explore-not-a-lock");
    browser.press(&["a", "b", "a", "b"]);
    let won = "✓ You broke it!Two inside: A and B are both inside. 4 steps, and no way is shorter.";
    assert!(verdict(browser, "not-a-lock").starts_with(won), "{}", verdict(browser, "not-a-lock"));
    let class = "document.querySelector('#explore-not-a-lock .explorer-verdict').className";
    assert!(browser.value(class).as_str().unwrap().contains("explorer-good"), "winning is green");
    let tag = "document.querySelector('#explore-not-a-lock .explorer-tag').textContent";
    assert_eq!(browser.value(tag), "A, B are inside", "the code says who");
    browser.press(&["u"]);
    assert!(verdict(browser, "not-a-lock").starts_with("3 steps. A: taken.store(true)"));
    browser.press(&["r"]);
    assert!(verdict(browser, "not-a-lock").starts_with("Your turn"));
    browser.press(&["b", "a", "b", "a"]);
    assert!(verdict(browser, "not-a-lock").starts_with("✓ You broke it!"));

    // The address has the way, and the progress outlives the page.
    assert_eq!(browser.value("location.hash"), "#explore-not-a-lock=0.BABA");
    browser.reload();
    ready(browser);
    assert!(verdict(browser, "not-a-lock").starts_with("✓ You broke it!"));
    browser.open(&format!("{root}not-a-lock.html"));
    ready(browser);
    assert!(verdict(browser, "not-a-lock").starts_with("✓ You"), "kept without the address");
    let stars = text(browser, "#explore-not-a-lock .explorer-stars");
    assert_eq!(stars, "★★★best 4, par 4");
}

/// A desk and a phone.
const WINDOWS: [(u32, u32); 2] = [(1280, 800), (360, 740)];

#[test]
fn a_puzzle_is_played_by_keyboard_on_a_desk_and_on_a_phone() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for window in WINDOWS {
        play(&mut browser, &root, window);
    }
    in_order(&browser, &root);
}

#[test]
fn a_long_way_is_not_thrown_away_without_a_question() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    open_new(&mut browser, &format!("{root}not-a-lock.html"));
    enter(&mut browser, "explore-not-a-lock");
    browser.press(&["a", "a", "a", "a", "a", "b", "b", "b", "b", "r"]);
    assert!(verdict(&mut browser, "not-a-lock").starts_with("Throw away 9 steps?"));
    browser.press(&["Escape", "u"]);
    assert!(verdict(&mut browser, "not-a-lock").starts_with("8 steps."));
    browser.press(&["r", "1"]);
    assert!(verdict(&mut browser, "not-a-lock").starts_with("Your turn"));
    in_order(&browser, &root);
}

#[test]
fn it_shows_the_way_step_by_step_and_pauses() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    open_new(&mut browser, &format!("{root}not-a-lock.html"));
    enter(&mut browser, "explore-not-a-lock");
    browser.press(&["m", "m"]);
    assert!(verdict(&mut browser, "not-a-lock").starts_with("1 step."), "paused after the first");
    browser.press(&["f", "m"]);
    let shown = "document.querySelector('#explore-not-a-lock .explorer-verdict').textContent";
    browser.wait_until(&format!("{shown}.startsWith('Seen')"));
    let stars = text(&mut browser, "#explore-not-a-lock .explorer-stars");
    assert_eq!(stars, "☆☆☆par 4", "what was shown is no win");
    in_order(&browser, &root);
}

#[test]
fn the_map_is_read_and_used_by_keyboard() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    open_new(&mut browser, &format!("{root}not-a-lock.html"));
    focus(&mut browser, "#explore-not-a-lock .explorer-map");
    browser.press(&["ArrowRight", "ArrowDown"]);
    let said = text(&mut browser, "#explore-not-a-lock .explorer-looked");
    assert!(said.starts_with("After 1 step: may still break. taken false"), "{said}");
    assert!(verdict(&mut browser, "not-a-lock").starts_with("Your turn"), "only looked");
    browser.press(&["Enter"]);
    assert!(verdict(&mut browser, "not-a-lock").starts_with("1 step. B: taken.load"));
    in_order(&browser, &root);
}

#[test]
fn an_ordering_is_changed_by_keyboard_and_an_old_value_is_read() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.resize(1280, 800);
    open_new(&mut browser, &format!("{root}spin-lock.html"));
    let toggle = "document.querySelectorAll('#explore-spin-lock .explorer-toggle')[1]";
    browser.value(&format!("{toggle}.focus()"));
    assert_eq!(browser.value(&format!("{toggle}.textContent")), "Release");
    browser.press(&["p"]);
    assert!(verdict(&mut browser, "spin-lock").contains("What does it find?"), "a guess first");
    browser.press(&["1"]);
    assert!(verdict(&mut browser, "spin-lock").starts_with("✓ Proved."), "as the source has it");
    browser.value(&format!("{toggle}.focus()"));
    browser.press(&["Enter"]);
    assert_eq!(browser.value(&format!("{toggle}.textContent")), "Relaxed");
    browser.press(&["a", "a", "a", "a", "b", "Shift+B", "b", "b"]);
    let red = verdict(&mut browser, "spin-lock");
    assert!(red.contains("Wrong result: two deposits were made, and one is lost."), "{red}");
    browser.press(&["p", "1"]);
    assert!(verdict(&mut browser, "spin-lock").starts_with("It does not hold."), "a wrong guess");
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
    assert!(verdict(&mut browser, "not-a-lock").starts_with("Seen:two inside"));
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
fn the_history_is_unfolded_on_a_phone() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for (width, at_first) in [(1280, "grid"), (360, "none")] {
        browser.resize(width, 740);
        open_new(&mut browser, &format!("{root}not-a-lock.html"));
        enter(&mut browser, "explore-not-a-lock");
        browser.press(&["a"]);
        let lanes = "#explore-not-a-lock .explorer-lanes";
        let shown = format!("getComputedStyle(document.querySelector('{lanes}')).display");
        assert_eq!(browser.value(&shown), at_first);
        browser.press(&["h"]);
        assert_eq!(browser.value(&shown), "grid");
        let clipped = format!(
            "document.querySelector('{lanes}').getBoundingClientRect().height < 10 || \
             document.documentElement.scrollWidth > innerWidth"
        );
        assert_eq!(browser.value(&clipped), false, "{width}");
        assert!(!text(&mut browser, lanes).is_empty());
    }
    in_order(&browser, &root);
}

/// The bars and the sentences of the chapter on speed.
#[test]
fn the_answers_about_speed_fit_a_phone() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for width in [1280, 360] {
        browser.resize(width, 740);
        browser.open(&format!("{root}speed.html"));
        browser.wait_until("document.querySelectorAll('.speed').length >= 3");
        let wider = "[...document.querySelectorAll('.speed, .speed *')].filter((it) => \
                     it.getBoundingClientRect().right > innerWidth || it.scrollWidth > it.clientWidth + 1 \
                     && it.clientWidth > 0).map((it) => it.outerHTML.slice(0, 80)).join()";
        assert_eq!(browser.value(wider), "", "{width}");
        let folded = "[...document.querySelectorAll('main table')].every((it) => \
                      it.closest('.speed, details:not([open])'))";
        assert_eq!(browser.value(folded), true, "the tables are behind folds");
    }
    in_order(&browser, &root);
}

#[test]
fn a_question_is_answered_by_keyboard() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for (width, choice, said) in [(1280, 3, "Right."), (360, 1, "Not so. It is: ")] {
        browser.resize(width, 800);
        open_new(&mut browser, &format!("{root}checked.html"));
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

        // The answer is kept.
        browser.open(&format!("{root}checked.html"));
        ready(&mut browser);
        assert_eq!(browser.value(&pressed), "true");
        assert_eq!(text(&mut browser, ".predict-said"), answer);
    }
    in_order(&browser, &root);
}

#[test]
fn exercises_are_judged_and_stay_done() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for width in [1280, 360] {
        browser.resize(width, 800);
        browser.open(&format!("{root}checked.html"));
        browser.value("localStorage.clear()");
        browser.open(&format!("{root}checked.html"));
        ready(&mut browser);

        // Both orderings are needed: with one of them too weak there is no proof.
        let stars = "#exercise-spin-lock .explorer-stars";
        focus(&mut browser, "#exercise-spin-lock .explorer-toggle");
        browser.press(&["Enter", "p", "1"]);
        assert_eq!(text(&mut browser, stars), "☆☆☆");
        focus(&mut browser, "#exercise-spin-lock .explorer-orders span:nth-child(2) button");
        browser.press(&["Enter", "p", "1"]);
        assert_eq!(text(&mut browser, stars), "★★★");

        // Breaking it counts in any number of steps; the fewest have the most stars.
        enter(&mut browser, "exercise-lost-deposit");
        browser.press(&["a", "b", "a", "b", "a", "b", "a", "b", "a", "b"]);
        let stars = text(&mut browser, "#exercise-lost-deposit .explorer-stars");
        assert!(stars.starts_with("★★★best 10"), "{stars}");

        browser.open(&format!("{root}checked.html"));
        ready(&mut browser);
        for name in ["lost-deposit", "spin-lock"] {
            let stars = text(&mut browser, &format!("#exercise-{name} .explorer-stars"));
            assert!(stars.starts_with("★★★"), "{name}: kept");
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
    for (width, height) in WINDOWS {
        let Some(mut browser) = browser() else { return };
        browser.resize(width, height);
        for page in &pages {
            browser.open(&format!("{root}{page}"));
            let overflow = browser.value("document.documentElement.scrollWidth - innerWidth");
            let overflow = overflow.as_i64().unwrap();
            assert!(overflow <= 0, "{page} at {width} px: {overflow} px too wide");
            let nameless = "[...document.querySelectorAll('main button, main a[href]')]\
                .filter((it) => !(it.textContent.trim() || it.ariaLabel || it.title)).length";
            assert_eq!(browser.value(nameless), 0, "{page}: a button or a link has no name");
            let pars = "[...document.querySelectorAll('.explorer[data-par]')]\
                .filter((it) => !it.querySelector('.explorer-stars').textContent.endsWith(`par ${it.dataset.par}`))\
                .map((it) => it.id)";
            assert_eq!(
                browser.value(pars),
                serde_json::json!([]),
                "{page}: the builder has another par"
            );
            let wrong = browser.value(LAYOUT);
            assert_eq!(wrong, serde_json::json!([]), "{page} at {width} × {height}");
        }
        in_order(&browser, &root);
    }
}

/// What is wrong with the explorers of a page: one that is higher than the window below the page's
/// own bar, or whose map is out of sight when the figure is in sight; code that is cut off or
/// scrolls sideways; at the start, a thread whose program is out of sight (on a phone: all of
/// them).
const LAYOUT: &str = "[...document.querySelectorAll('.explorer')].flatMap((root) => {
    const wrong = [];
    const box = root.getBoundingClientRect();
    const map = root.querySelector('.explorer-map').getBoundingClientRect();
    const code = root.querySelector('.explorer-code');
    if (box.height > innerHeight - 50) wrong.push(`${root.id} is ${box.height} px high`);
    if (map.height < 40 || map.bottom > box.bottom) wrong.push(`${root.id}: the map is out of sight`);
    if (code.scrollWidth > code.clientWidth) wrong.push(`${root.id}: code scrolls sideways`);
    if (code.clientHeight < 80) wrong.push(`${root.id}: ${code.clientHeight} px of code`);
    const pane = code.getBoundingClientRect();
    const chips = [...root.querySelectorAll('.explorer-chip')];
    const inSight = (chip) => {
        const { top, bottom, height } = chip.getBoundingClientRect();
        return height && top >= pane.top - 1 && bottom <= pane.bottom + 1;
    };
    const threads = [...new Set(chips.map((chip) => chip.textContent))];
    const seen = threads.filter((name) => chips.some((chip) => chip.textContent === name && inSight(chip)));
    if (innerWidth > 500 ? seen.length < threads.length : !seen.length) {
        wrong.push(`${root.id}: of the program of ${threads} only ${seen} is in sight at the start`);
    }
    const right = pane.left + code.clientWidth;
    for (const row of root.querySelectorAll('.explorer-row')) {
        const range = document.createRange();
        range.selectNodeContents(row);
        if (range.getBoundingClientRect().right > right + 1) wrong.push(`${root.id}: ${row.textContent} is cut`);
    }
    return wrong;
})";

/// What can be read only with good eyes: text of the explorers with a contrast below 4.5, as WCAG
/// has it. Every pair of colours is told once.
const CONTRAST: &str = "(() => {
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const paint = (...colours) => {
        colours.forEach((colour) => { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); });
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const wrong = {};
    for (const root of document.querySelectorAll('.explorer')) {
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const text = walker.currentNode;
            const element = text.parentElement;
            if (!text.data.trim() || !element.getClientRects().length || element.closest('noscript, script')) continue;
            const grounds = ['white'];
            const above = [];
            for (let e = element; e; e = e.parentElement) above.unshift(getComputedStyle(e).backgroundColor);
            const ground = light(paint(...grounds, ...above));
            const ink = light(paint(getComputedStyle(element).color));
            const ratio = (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05);
            if (ratio < 4.5) wrong[element.className + ' ' + ratio.toFixed(2)] = root.id + ': ' + text.data.trim();
        }
    }
    return wrong;
})()";

#[test]
fn every_text_of_an_explorer_has_contrast_by_day_and_by_night() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.resize(1280, 800);
    for theme in ["light", "navy"] {
        for page in ["not-a-lock.html", "condition.html", "lock.html"] {
            open_new(&mut browser, &format!("{root}{page}"));
            browser.value(&format!("localStorage.setItem('mdbook-theme', '{theme}')"));
            browser.open(&format!("{root}{page}"));
            ready(&mut browser);
            // At the start, on the way, at a broken state, and with a question.
            for keys in [&[][..], &["a", "b"], &["a", "b", "a", "b"], &["p"]] {
                browser.value("document.querySelector('.explorer').focus()");
                browser.press(keys);
                let wrong = browser.value(CONTRAST);
                assert_eq!(wrong, serde_json::json!({}), "{page}, {theme}, {keys:?}");
            }
        }
    }
    in_order(&browser, &root);
}

/// What a first visit may weigh, compressed: all that the first page asks for.
const FIRST_LOAD: usize = 130 * 1024;

#[test]
fn the_first_page_is_light() {
    let site = site();
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.resize(1280, 800);
    browser.open(&root);
    ready(&mut browser);
    let paths = browser.requests.iter().filter_map(|url| url.strip_prefix(&*root));
    let paths: std::collections::BTreeSet<_> =
        paths.map(|path| path.split(['?', '#']).next().unwrap()).collect();
    let mut sizes = Vec::new();
    for path in paths {
        let file = site.get(if path.is_empty() { "index.html" } else { path });
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, file.unwrap_or_default()).unwrap();
        sizes.push((encoder.finish().unwrap().len(), path));
    }
    sizes.sort();
    let sum: usize = sizes.iter().map(|(size, _)| size).sum();
    println!("first load: {sum} bytes compressed");
    assert!(sum <= FIRST_LOAD, "{sum} bytes: {sizes:#?}");
}

#[test]
fn whole_calls_are_steps_that_can_be_looked_into() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.resize(1280, 800);
    open_new(&mut browser, &format!("{root}condition.html"));
    enter(&mut browser, "explore-mailbox");
    browser.press(&["a", "a", "a"]);
    assert!(
        verdict(&mut browser, "mailbox")
            .starts_with("3 steps. A: wait for a call → frees the lock and sleeps.")
    );
    assert_eq!(browser.value("location.hash"), "#explore-mailbox=0.AAA");
    browser.press(&["l"]);
    let inside = verdict(&mut browser, "mailbox");
    assert!(inside.contains("A: sequence.wait(0) → falls asleep."), "{inside}");
    let stack = text(&mut browser, "#explore-mailbox .explorer-stack");
    assert!(stack.starts_with("Afetch › wait"), "{stack}");
    browser.press(&["l"]);
    assert!(verdict(&mut browser, "mailbox").starts_with("3 steps. A: wait for a call"));
    in_order(&browser, &root);
}

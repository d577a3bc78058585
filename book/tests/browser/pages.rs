//! All pages: that they fit a desk and a phone, that every text has contrast, and that the first
//! page is light.

use crate::{WINDOWS, browser, in_order, open_new, ready, site, start};

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

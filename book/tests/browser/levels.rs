//! The path through all puzzles: from one to the next, and the page that lists them.

use crate::{browser, enter, focus, in_order, open_new, ready, start, text, verdict_of};

/// The first level is done, and its link leads to the second, on another page.
#[test]
fn a_level_that_is_done_leads_to_the_next_and_has_its_stars_in_the_list() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for width in [1280, 360] {
        browser.resize(width, 800);
        open_new(&mut browser, &root);
        enter(&mut browser, "exercise-not-a-lock");
        browser.press(&["a", "b", "a", "b"]);
        let said = verdict_of(&mut browser, "exercise-not-a-lock");
        assert!(said.contains("Next, level 2: Too early →"), "{said}");
        focus(&mut browser, "#exercise-not-a-lock .explorer-next");
        browser.press_and_load("Enter");
        ready(&mut browser);
        let here = browser.value("location.pathname + location.hash");
        assert_eq!(here, "/threads.html#explore-too-early");

        // Its keys act at once.
        browser.press(&["a"]);
        let said = verdict_of(&mut browser, "explore-too-early");
        assert!(said.starts_with("1 step."), "{said}");

        // The list has the stars, the sum, and where to go on; so has the list of chapters.
        browser.open(&format!("{root}levels.html"));
        browser.wait_until("!!document.querySelector('.levels-sum')");
        let first = "li[data-id=exercise-not-a-lock]";
        assert_eq!(text(&mut browser, &format!("{first} .levels-stars")), "★★★");
        let label = format!("document.querySelector('{first} .levels-stars').ariaLabel");
        assert_eq!(browser.value(&label), "Done, 3 of 3 stars");
        assert_eq!(text(&mut browser, &format!("{first} .levels-best")), "best 4");
        let levels = browser.value("document.querySelectorAll('.levels li').length");
        let levels = levels.as_u64().unwrap();
        let sum = text(&mut browser, ".levels-sum");
        let expected =
            format!("1 of {levels} levels done, 3 of {} stars. Go on: Too early →", 3 * levels);
        assert_eq!(sum, expected);
        let count = "[...document.querySelectorAll('.sidebar .levels-count')].map((it) => \
                     it.textContent).join('')";
        assert_eq!(browser.value(count), " ✓ 1/1");

        // Not without a question is all of it forgotten.
        browser.value("window.confirm = () => false");
        focus(&mut browser, ".levels button");
        browser.press(&["Enter"]);
        assert_eq!(text(&mut browser, ".levels-sum"), expected);
        browser.value("window.confirm = () => true");
        browser.press(&["Enter"]);
        let sum = text(&mut browser, ".levels-sum");
        assert!(sum.starts_with(&format!("0 of {levels} levels done, 0 of ")), "{sum}");
        assert_eq!(text(&mut browser, &format!("{first} .levels-stars")), "☆☆☆");
        assert_eq!(browser.value(count), "");
    }
    in_order(&browser, &root);
}

/// From each level to the one after it, and from the last to the list.
#[test]
fn every_level_has_a_next() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    browser.open(&format!("{root}levels.html"));
    browser.wait_until("!!document.querySelector('.levels-sum')");
    let wrong = "[...document.querySelectorAll('.levels li')].filter((item, i, all) => {
        const next = new URL(locksmith.next(item.dataset.id).href, location.href).href;
        return next !== (all[i + 1] ? all[i + 1].querySelector('a').href : location.href);
    }).map((item) => item.dataset.id)";
    assert_eq!(browser.value(wrong), serde_json::json!([]));
    assert_eq!(browser.value("locksmith.next('explore-own') === undefined"), true);
    in_order(&browser, &root);
}

/// A puzzle that a chapter has as a figure and as an exercise.
#[test]
fn a_puzzle_that_stands_twice_is_done_once() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    open_new(&mut browser, &format!("{root}deadlock.html"));
    let stars = ["explore-two-accounts", "exercise-two-accounts"]
        .map(|figure| format!("#{figure} .explorer-stars"));
    for figure in &stars {
        assert!(text(&mut browser, figure).starts_with("☆☆☆"));
    }
    // Each thread takes its first lock, and then wants the other's.
    enter(&mut browser, "exercise-two-accounts");
    browser.press(&["a", "b", "a", "b", "a", "b", "a", "b", "a", "b", "a", "b"]);
    for figure in &stars {
        let stars = text(&mut browser, figure);
        assert!(stars.starts_with('★'), "{figure}: {stars}");
    }
    let listed = "[...document.querySelectorAll('.levels li')].filter((it) => \
                  it.dataset.id.endsWith('-two-accounts')).length";
    browser.open(&format!("{root}levels.html"));
    browser.wait_until("!!document.querySelector('.levels-sum')");
    assert_eq!(browser.value(listed), 1);
    in_order(&browser, &root);
}

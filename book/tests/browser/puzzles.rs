//! Puzzles, questions and exercises, played through by keyboard.

use crate::chromium::Chromium;
use crate::{
    WINDOWS, browser, enter, focus, in_order, open_new, ready, site, start, text, verdict,
};

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

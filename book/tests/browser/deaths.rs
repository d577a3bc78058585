//! A thread that is killed by the reader.

use crate::{browser, enter, focus, in_order, open_new, start, text, verdict};

#[test]
fn a_thread_is_killed_at_the_one_moment_that_matters() {
    let Some(mut browser) = browser() else { return };
    let root = start();
    for (width, height) in [(1280, 800), (360, 740)] {
        browser.resize(width, height);
        open_new(&mut browser, &format!("{root}processes.html"));
        let overflow = browser.value("document.documentElement.scrollWidth - innerWidth");
        assert!(overflow.as_i64().unwrap() <= 0, "{width} px: the page is too wide");

        // By keys: A takes the lock, is killed, and the kernel knows of no lock; B sleeps.
        enter(&mut browser, "explore-killed-unannounced");
        browser.press(&["a", "k"]);
        let said = verdict(&mut browser, "killed-unannounced");
        assert!(said.starts_with("2 steps. A: is killed."), "{said}");
        browser.press(&["k"]);
        let said = verdict(&mut browser, "killed-unannounced");
        assert!(said.starts_with("2 steps."), "it dies once: {said}");
        browser.press(&["a", "a", "b", "b"]);
        let said = verdict(&mut browser, "killed-unannounced");
        assert!(said.starts_with("✓ You broke it!Deadlock: B sleeps"), "{said}");
        assert!(said.contains("6 steps, and no way is shorter."), "{said}");

        // By the button; its lane is A's, and B has none.
        let kill = "#explore-killed-owner .explorer-kill";
        let count = format!("document.querySelectorAll('{kill}').length");
        assert_eq!(browser.value(&count), 1);
        assert_eq!(text(&mut browser, kill), "✝ Kill A");
        enter(&mut browser, "explore-killed-owner");
        browser.press(&["a", "a", "a", "a"]);
        focus(&mut browser, kill);
        browser.press(&["Enter"]);
        let said = verdict(&mut browser, "killed-owner");
        assert!(said.starts_with("5 steps. A: is killed."), "{said}");
        let disabled = format!("document.querySelector('{kill}').ariaDisabled");
        assert_eq!(browser.value(&disabled), "true");
        browser.press(&["u"]);
        assert_eq!(browser.value(&disabled), "false");
        browser.press(&["p", "1"]);
        let said = verdict(&mut browser, "killed-owner");
        assert!(said.starts_with("✓ Proved."), "{said}");
    }
    in_order(&browser, &root);
}

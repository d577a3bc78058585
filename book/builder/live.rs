//! Builds the book again when one of its files has changed.

use std::thread;
use std::time::{Duration, Instant};

use super::serve::Pages;
use super::site::Book;
use super::watch::Watch;

/// Time between two looks at the files.
const INTERVAL: Duration = Duration::from_millis(250);
/// How long the files must be at rest after a change: an editor may save several.
const REST: Duration = Duration::from_millis(50);

/// Builds `book` into `pages`, now and after every change, until the process ends. Tells `report`
/// how each build went: how long it took, or what is wrong.
pub fn keep_building(
    book: &Book,
    pages: &Pages,
    mut report: impl FnMut(Result<Duration, &str>),
) -> ! {
    let mut watch = Watch::default();
    for own in ["book.toml", "src", "listings", "figures", "generated", "theme"] {
        watch.add(book.folder().join(own));
    }
    loop {
        let started = Instant::now();
        // What a chapter has included once stays watched. If the chapter is broken now, that may be
        // the file to be mended; if not, it costs a needless build.
        match book.render(&mut watch) {
            Ok(site) => {
                pages.show(site);
                report(Ok(started.elapsed()));
            }
            Err(error) => {
                let error = format!("{error:#}");
                pages.fail(&error);
                report(Err(&error));
            }
        }
        watch = after_change(watch);
    }
}

/// Returns when something has changed and is at rest again.
fn after_change(before: Watch) -> Watch {
    let mut now = before.look_again();
    while now == before {
        thread::sleep(INTERVAL);
        now = before.look_again();
    }
    loop {
        thread::sleep(REST);
        let next = before.look_again();
        if next == now {
            return now;
        }
        now = next;
    }
}

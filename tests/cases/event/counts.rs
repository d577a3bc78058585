//! An event that no thread waits for.

use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Acquire;

use primitives::Event;

use crate::bare::one_load;
use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    let bare = AtomicU32::new(1);
    let event = Event::new();
    event.set();
    run.row("Event: is_set")
        .at_most_bare(100)
        .of("ours", &event, |event| _ = black_box(event.is_set()))
        .of("bare", &bare, |word| _ = black_box(word.load(Acquire) != 0));
    run.row("Event: set, when set")
        .at_most_bare(100)
        .of("ours", &event, Event::set)
        .of("bare", &bare, one_load);
    run.row("Event: wait, when set")
        .at_most_bare(100)
        .of("ours", &event, Event::wait)
        .of("bare", &bare, one_load);
    run.row("Event: set + clear").of("ours", &Event::new(), |event| {
        event.set();
        event.clear();
    });
}

//! A latch that is open, and one that is far from it.

use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Acquire;

use primitives::Latch;

use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    let bare = AtomicU32::new(1);
    let open = Latch::new(0);
    run.row("Latch: is_open").of("ours", &open, |latch| _ = black_box(latch.is_open())).of(
        "bare",
        &bare,
        |word| _ = black_box(word.load(Acquire) != 0),
    );
    run.row("Latch: wait, when open").of("ours", &open, Latch::wait);
    run.row("Latch: count_down").of("ours", &Latch::new(1_000_000), Latch::count_down);
}

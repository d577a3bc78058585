//! What is done, and asked for again.

use std::hint::black_box;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Acquire;

use primitives::{Once, OnceLock};

use crate::run::Run;

pub(crate) fn rows(run: &mut Run) {
    let bare = AtomicU32::new(1);
    let (ours, std, parking_lot) = (Once::new(), std::sync::Once::new(), parking_lot::Once::new());
    ours.call_once(|| ());
    std.call_once(|| ());
    parking_lot.call_once(|| ());
    run.row("Once: call_once, when done")
        .of("ours", &ours, |once| once.call_once(|| ()))
        .of("bare", &bare, |word| _ = black_box(word.load(Acquire) != 0))
        .of("std", &std, |once| once.call_once(|| ()))
        .of("parking_lot", &parking_lot, |once| once.call_once(|| ()));

    let (ours, std) = (OnceLock::new(), std::sync::OnceLock::new());
    _ = (ours.set(1_u64), std.set(1_u64));
    run.row("OnceLock: get_or_init, when set")
        .of("ours", &ours, |cell| _ = black_box(cell.get_or_init(|| 2)))
        .of("std", &std, |cell| _ = black_box(cell.get_or_init(|| 2)));
}

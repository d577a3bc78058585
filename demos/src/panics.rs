//! Panics, on a terminal that has a live line.

use std::panic;

use crate::progress;

/// Shows panics as Rust always does (thread name, file:line, message, backtrace if asked for), but
/// never in the middle of a live line.
pub(crate) fn keep_off_the_live_line() {
    let show = panic::take_hook();
    panic::set_hook(Box::new(move |panic| progress::out_of_the_way(|| show(panic))));
}

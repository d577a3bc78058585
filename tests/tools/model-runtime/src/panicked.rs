//! A panic that ended an execution, kept instead of being printed.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// A panic that ended an execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct Panicked {
    pub(crate) message: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static PANICKED: RefCell<Option<Panicked>> = const { RefCell::new(None) };
}

/// Runs `f`; a panic is kept instead of being printed.
pub(crate) fn quietly(f: impl FnOnce()) -> Option<Panicked> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if QUIET.get() {
                keep(info);
            } else {
                print(info);
            }
        }));
    });
    PANICKED.set(None);
    let before = QUIET.replace(true);
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    QUIET.set(before);
    result.is_err().then(|| PANICKED.take().unwrap_or_default())
}

fn keep(info: &panic::PanicHookInfo<'_>) {
    let at = info.location();
    let panicked = Panicked {
        message: info.payload_as_str().unwrap_or("a panic without a message").to_owned(),
        file: at.map(|at| at.file().to_owned()).unwrap_or_default(),
        line: at.map(panic::Location::line).unwrap_or_default(),
    };
    PANICKED.with_borrow_mut(|kept| {
        // The first panic counts: later ones happen while the model is torn down.
        kept.get_or_insert(panicked);
    });
}

//! Catching a panic together with the place where it happened.
//!
//! `catch_unwind` gives only the payload; only the panic hook learns the place, before the stack
//! unwinds. So our hook leaves a note in a thread-local, and the code that catches the panic picks
//! it up:
//!
//! ```text
//!    catch_panic
//!    │  f() ── panic! ──▶ our hook: notes place and backtrace ──▶ the program's hook: prints
//!    │                                                                          │
//!    ◀──────────────────────────── the stack unwinds ───────────────────────────┘
//!    picks up the note
//! ```
//!
//! std keeps one hook for the whole program and cannot say which hook that is. Ours therefore
//! counts itself. Its closure owns a guard, which lives while the hook is somewhere in the chain
//! (installed, or kept by a hook that calls it). When the program replaces it, std drops the
//! closure and its guard, and the count says that our hook is gone.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::panic::{PanicHookInfo, UnwindSafe};

use super::panic::{Location, PanicError, message_of};
use super::registry;
use super::unwind::{catch_unwind, set_hook, take_hook};
use crate::lock::Lock;
use crate::sync::atomic::{AtomicU32, Ordering::Relaxed};
use crate::sync::{self, panicking};

/// What the hook saw of a panic.
struct Note {
    message: String,
    location: Option<Location>,
    backtrace: Option<Backtrace>,
}

sync::local! {
    /// How many calls of `catch_panic` this thread is in. The hook takes notes only for these.
    static CATCHING: Cell<u32> = const { Cell::new(0) };
    /// The newest note, until it is picked up.
    static NOTE: Cell<Option<Box<Note>>> = const { Cell::new(None) };
}

/// Calls `f`; a panic in it comes back as an error with thread name, message, place and payload.
///
/// The panic hook runs first, as for any panic, so the panic is reported by then. With this, thread
/// pools and timers survive a panic of what they call. Where panics abort the process
/// (`panic = "abort"`), there is nothing to catch. Costs next to nothing if `f` does not panic.
///
/// _Python_: `except Exception as error` with its traceback.
///
/// ```
/// use primitives::threads::catch_panic;
///
/// assert_eq!(catch_panic(|| 5).unwrap(), 5);
/// let panic = catch_panic(|| "five".parse::<u8>().unwrap()).unwrap_err();
/// assert!(panic.message().contains("InvalidDigit"));
/// assert!(panic.location().is_some());
/// ```
///
/// # Errors
///
/// [`PanicError`] if `f` panics.
pub fn catch_panic<T>(f: impl FnOnce() -> T + UnwindSafe) -> Result<T, PanicError> {
    install();
    // A note that already exists belongs to an outer panic, whose unwinding runs a destructor that
    // calls this function. Save it, and restore it afterwards.
    let outer_note = swap_note(None);
    CATCHING.with(|depth| depth.set(depth.get() + 1));
    let result = catch_unwind(f);
    CATCHING.with(|depth| depth.set(depth.get() - 1));
    let note = swap_note(outer_note);

    result.map_err(|payload| {
        // `f` may have caught another panic by itself, or the hook may not have run for this one:
        // the note must have the same text as the payload.
        let note = note.filter(|note| note.message == message_of(&*payload));
        let (location, backtrace) = note.map_or((None, None), |n| (n.location, n.backtrace));
        PanicError::new(registry::current().name().to_owned(), location, backtrace, payload)
    })
}

fn swap_note(note: Option<Box<Note>>) -> Option<Box<Note>> {
    // This fails when the thread has destroyed its thread-locals; then there are no notes.
    NOTE.try_with(|place| place.replace(note)).unwrap_or_default()
}

sync::global! {
    /// How many hooks of ours are in the chain: 0 or 1, except in a program that installs hooks
    /// repeatedly.
    static HOOKS: AtomicU32 = AtomicU32::new(0);
}

/// Our hook owns it: when the hook is dropped, the count goes down.
struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        // Relaxed: a thread that finds the count zero takes a lock before it acts. (If the hook is
        // dropped before it was counted, the number wraps around, and back.)
        HOOKS.fetch_sub(1, Relaxed);
    }
}

/// Puts our hook in front of the program's, unless it is in the chain already.
fn install() {
    // Relaxed, and yet a panic of this thread finds the hook that was counted: std reads its hook
    // under its own lock. If std read it before our hook was installed under that lock, then this
    // load came even earlier, and could not have seen the later count.
    if HOOKS.load(Relaxed) == 0 {
        install_slow();
    }
}

#[cold]
fn install_slow() {
    sync::global! { static INSTALLING: Lock<()> = Lock::new(()); }
    // While a thread panics, std refuses to change the hook by a second panic, which would abort.
    if panicking() {
        return;
    }
    let _one_at_a_time = INSTALLING.lock();
    // Relaxed: the lock orders this after the thread that installed a hook.
    if HOOKS.load(Relaxed) == 0 {
        let counted = Counted;
        let programs = take_hook();
        set_hook(Box::new(move |info| {
            let _ = &counted; // moved in, to be dropped with this hook
            take_note(info);
            programs(info);
        }));
        // Only after it is installed: a thread that sees the count relies on the hook. Relaxed: see
        // `install`.
        HOOKS.fetch_add(1, Relaxed);
    }
}

/// What our hook does before it calls the program's. Must not panic: a panic in a hook aborts.
fn take_note(info: &PanicHookInfo<'_>) {
    if CATCHING.with(Cell::get) == 0 {
        return; // not a thread of ours: no call would pick it up
    }
    let backtrace = Backtrace::capture(); // reads RUST_BACKTRACE; costs nothing if it is unset
    let note = Note {
        message: message_of(info.payload()).to_owned(),
        location: info.location().map(Location::from),
        backtrace: (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace),
    };
    swap_note(Some(Box::new(note)));
}

//! The auto traits of every public type: whether it may cross threads and panics.
//!
//! It is a table, because auto traits belong to the interface, and change silently when a field
//! changes.

#![cfg(not(model))]

use watchdog as _;

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use primitives::raw::{CancellableSleep, RawLock, RawRLock, RawRwLock};
use primitives::{
    Barrier, BarrierWaitResult, BoundedSemaphore, BrokenBarrierError, CachePadded, Condition,
    Event, Latch, LazyLock, Lock, LockGuard, MappedLockGuard, MappedRwLockReadGuard,
    MappedRwLockWriteGuard, Once, OnceLock, OwnedLockGuard, OwnedPermit, OwnedRwLockReadGuard,
    OwnedRwLockWriteGuard, Permit, RLock, RLockGuard, ReleaseError, RwLock, RwLockReadGuard,
    RwLockWriteGuard, Semaphore, Timer, TimerHandle, Timers, WaitGroup, WaitTimeoutResult,
    deadlock, park, sync, threads, timer, timers,
};

#[path = "auto_traits/probe.rs"]
mod probe;
use probe::{probe, probe_unwind};

/// Data that may move between threads, but not be shared.
type Movable = Cell<u8>;
/// Data that must not leave its thread.
type Fixed = Rc<Cell<u8>>;

const ALL: &str = "Send Sync UnwindSafe RefUnwindSafe";

macro_rules! has {
    ($($type:ty: $expected:expr,)*) => {$(
        let ((send, sync), (unwind, ref_unwind)) = (probe!($type), probe_unwind!($type));
        let has = [send, sync, unwind, ref_unwind];
        let names = ALL.split(' ').zip(has).filter(|(_, has)| *has).map(|(name, _)| name);
        assert_eq!(names.collect::<Vec<_>>().join(" "), $expected, "{}", stringify!($type));
    )*};
}

#[test]
fn locks() {
    has! {
        RawLock: ALL,
        // There is no poisoning, so code that catches a panic may find the data half changed.
        Lock<u8>: "Send Sync UnwindSafe",
        Lock<Movable>: "Send Sync UnwindSafe",
        Lock<Fixed>: "",
        LockGuard<'static, u8>: "Sync",
        LockGuard<'static, Movable>: "",
        MappedLockGuard<'static, u8>: "Sync RefUnwindSafe",
        MappedLockGuard<'static, Movable>: "",
        OwnedLockGuard<u8>: "Sync",
        OwnedLockGuard<Movable>: "",
        RawRLock: ALL,
        // Lends only `&T`, so it has the traits of the data.
        RLock<u8>: ALL,
        RLock<Movable>: "Send Sync UnwindSafe",
        RLock<Fixed>: "",
        RLockGuard<'static, u8>: "Sync UnwindSafe RefUnwindSafe",
        RLockGuard<'static, Movable>: "",
        RawRwLock: ALL,
        RwLock<u8>: "Send Sync UnwindSafe",
        // Readers would share the data.
        RwLock<Movable>: "Send UnwindSafe",
        RwLock<Fixed>: "",
        RwLockReadGuard<'static, u8>: "Sync",
        RwLockReadGuard<'static, Movable>: "",
        RwLockWriteGuard<'static, u8>: "Sync",
        RwLockWriteGuard<'static, Movable>: "",
        OwnedRwLockReadGuard<u8>: "Sync",
        OwnedRwLockReadGuard<Movable>: "",
        OwnedRwLockWriteGuard<u8>: "Sync",
        OwnedRwLockWriteGuard<Movable>: "",
        MappedRwLockReadGuard<'static, u8>: "Sync UnwindSafe RefUnwindSafe",
        MappedRwLockReadGuard<'static, Movable>: "",
        MappedRwLockWriteGuard<'static, u8>: "Sync RefUnwindSafe",
        MappedRwLockWriteGuard<'static, Movable>: "",
    }
}

#[test]
fn what_is_done_once() {
    has! {
        Once: ALL,
        OnceLock<u8>: ALL,
        OnceLock<Movable>: "Send UnwindSafe",
        OnceLock<Fixed>: "",
        LazyLock<u8>: ALL,
        // The closure may be dropped in another thread.
        LazyLock<u8, Fixed>: "",
        Latch: ALL,
        WaitGroup: ALL,
    }
}

#[test]
fn what_guards_no_data() {
    has! {
        Condition: ALL,
        WaitTimeoutResult: ALL,
        Semaphore: ALL,
        BoundedSemaphore: ALL,
        // A permit may go back in any thread.
        Permit<'static>: ALL,
        OwnedPermit: ALL,
        ReleaseError: ALL,
        Event: ALL,
        CancellableSleep: ALL,
        Barrier: ALL,
        // Any thread may be the last to arrive and run the action; a panic in it breaks the
        // barrier.
        Barrier<Box<dyn FnMut() + Send>>: "Send Sync RefUnwindSafe",
        Barrier<Box<dyn FnMut()>>: "RefUnwindSafe",
        BarrierWaitResult: ALL,
        BrokenBarrierError: ALL,
        CachePadded<u8>: ALL,
        CachePadded<Movable>: "Send UnwindSafe",
        CachePadded<Fixed>: "",
    }
}

#[test]
fn timers_and_threads() {
    has! {
        Timer: ALL,
        timer::JoinError: ALL,
        // Contains the error of the system.
        timer::StartError: "Send Sync",
        Timers: ALL,
        timers::Builder: ALL,
        TimerHandle: ALL,
        threads::Thread: ALL,
        threads::Builder: ALL,
        threads::JoinHandle<u8>: ALL,
        // The result crosses by `join`, once.
        threads::JoinHandle<Movable>: ALL,
        threads::JoinHandle<Fixed>: "UnwindSafe RefUnwindSafe",
        // As std's type, which it contains.
        threads::Scope<'static, 'static>: "Send Sync RefUnwindSafe",
        threads::ScopedJoinHandle<'static, u8>: ALL,
        threads::ScopedJoinHandle<'static, Movable>: ALL,
        threads::ScopedJoinHandle<'static, Fixed>: "UnwindSafe RefUnwindSafe",
        threads::PanicError: ALL,
        threads::Location: ALL,
    }
}

#[test]
fn what_the_primitives_stand_on() {
    has! {
        park::Wait: ALL,
        park::Seat: ALL,
        // It may be pinned in one thread and dropped in another.
        park::Place: "Send Sync",
        sync::cell::UnsafeCell<u8>: "Send UnwindSafe",
    }
}

#[cfg(feature = "lock_api")]
#[test]
fn the_raw_traits() {
    has! {
        primitives::raw::ThreadNumber: ALL,
        primitives::raw::WatchedLock: ALL,
        primitives::raw::WatchedCondition: ALL,
        // Any thread may release a raw lock, and only its owner a reentrant one.
        lock_api::MutexGuard<'static, RawLock, u8>: "Send Sync",
        lock_api::MutexGuard<'static, RawRLock, u8>: "Sync",
        // Its owner is known.
        lock_api::MutexGuard<'static, primitives::raw::WatchedLock, u8>: "Sync",
    }
}

#[test]
fn what_a_deadlock_is_told_in() {
    has! {
        deadlock::Kind: ALL,
        deadlock::Label: ALL,
    }
}

#[cfg(feature = "deadlock-detection")]
#[test]
fn a_report_goes_wherever_its_reader_is() {
    has! {
        deadlock::Report: ALL,
        deadlock::Verdict: ALL,
        deadlock::ThreadReport: ALL,
        deadlock::Hold: ALL,
        deadlock::Want: ALL,
    }
}

/// Items that are public only for other crates or for the models here, and not documented.
const HIDDEN: [&str; 10] = [
    "Identity",
    "Waiting",
    "Detector",
    "OnGraph",
    "Need",
    "Wanted",
    "HeldLocks",
    "Permits",
    "List",
    "AtomicU64",
];

/// A new type belongs in one of the tables above.
#[test]
fn no_public_type_is_missing() {
    let mut missing = Vec::new();
    look(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut missing);
    missing.retain(|name| !HIDDEN.contains(&name.as_str()));
    assert!(missing.is_empty(), "not in the tables: {missing:?}");
}

fn look(folder: &Path, missing: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, missing);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let types = source.lines().map(str::trim_start).filter_map(|line| {
                line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))
            });
            let names = types.filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
            let tables = include_str!("auto_traits.rs");
            let is_missing = |name: &&str| !tables.contains(*name) && is_public(&path, name);
            missing.extend(names.filter(is_missing).map(str::to_owned));
        }
    }
}

/// Whether the parent of this file's module lets others see the module, or the type by its name.
fn is_public(file: &Path, name: &str) -> bool {
    let folder = file.parent().unwrap();
    let parent = match fs::read_to_string(folder.with_extension("rs")) {
        Ok(parent) => parent,
        Err(_) => fs::read_to_string(folder.join("lib.rs")).unwrap(),
    };
    let module = file.file_stem().unwrap().display();
    parent.contains(&format!("pub mod {module};"))
        || parent.split("pub use ").skip(1).any(|rest| {
            let (names, _) = rest.split_once(';').unwrap();
            names.split(|c: char| !c.is_alphanumeric()).any(|word| word == name)
        })
}

/// What `use primitives::*` brings stands beside std's names and the crates of a manifest.
mod glob {
    #[allow(unused_imports, reason = "what it brings must not be what is used")]
    use primitives::*;
    #[allow(unused_imports, reason = "two globs with one name are an error where it is used")]
    use std::*;

    #[test]
    fn std_threads_are_still_std_threads() {
        assert!(!thread::panicking());
    }

    #[cfg(feature = "lock_api")]
    #[test]
    fn the_crate_lock_api_is_still_that_crate() {
        type Mutex<T> = lock_api::Mutex<raw::RawLock, T>;
        assert_eq!(*Mutex::new(7).lock(), 7);
    }
}

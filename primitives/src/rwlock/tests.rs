//! The corner cases, each named after what it shows.

mod elsewhere;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use super::{
    MAX_READERS, MappedRwLockReadGuard, MappedRwLockWriteGuard, READERS_WAIT, RawRwLock, RwLock,
    RwLockReadGuard, RwLockWriteGuard, WRITERS_WAIT,
};
// Relaxed, wherever a test looks at the word: it looks at the word alone and reads no data that the
// word protects.
use crate::sync::atomic::Ordering::Relaxed;

const SHORT: Duration = Duration::from_millis(5);

/// Waits until these notes are set.
fn until_noted(lock: &RawRwLock, notes: u32) {
    while lock.state.load(Relaxed) & notes != notes {
        thread::yield_now();
    }
}

#[test]
fn readers_are_inside_together_and_a_writer_alone() {
    let lock = RwLock::new(1);
    let (one, two) = (lock.read(), lock.read());
    assert_eq!((*one, *two, lock.reader_count()), (1, 1, 2));
    assert!(lock.try_write().is_none());
    drop((one, two));
    let mut writer = lock.write();
    *writer = 2;
    assert!(lock.try_read().is_none() && lock.try_write().is_none());
    assert!(lock.is_locked() && lock.is_locked_exclusive() && lock.reader_count() == 0);
    drop(writer);
    assert_eq!(*lock.read(), 2);
}

#[test]
fn a_waiting_writer_keeps_new_readers_out_but_not_recursive_ones() {
    let lock = RwLock::new(0);
    let first = lock.read();
    thread::scope(|s| {
        s.spawn(|| *lock.write() += 1);
        until_noted(&lock.raw, WRITERS_WAIT);
        assert!(lock.try_read().is_none());
        assert!(lock.read_timeout(SHORT).is_none());
        assert_eq!(*lock.read_recursive(), 0, "the writer is not inside");
        assert_eq!(*lock.try_read_recursive().unwrap(), 0);
        drop(first);
    });
    assert_eq!(lock.into_inner(), 1);
}

#[test]
fn a_writer_that_gives_up_lets_the_readers_in_that_it_kept_out() {
    let lock = RwLock::new(0);
    let first = lock.read();
    thread::scope(|s| {
        let writer = s.spawn(|| lock.write_timeout(Duration::from_millis(50)).is_some());
        until_noted(&lock.raw, WRITERS_WAIT);
        // It sleeps without a timeout, and the first reader stays: only a writer that gives up can
        // let it in.
        s.spawn(|| assert_eq!(*lock.read(), 0)).join().unwrap();
        assert!(!writer.join().unwrap());
        assert!(lock.try_read().is_some());
    });
    drop(first);
    assert_eq!(lock.raw.state.load(Relaxed), 0);
}

#[test]
fn a_writer_that_gives_up_leaves_the_other_writer_its_turn() {
    let lock = RwLock::new(0);
    let reader = lock.read();
    thread::scope(|s| {
        let gives_up = s.spawn(|| lock.write_timeout(Duration::from_millis(30)).is_none());
        s.spawn(|| *lock.write() += 1);
        assert!(gives_up.join().unwrap());
        until_noted(&lock.raw, WRITERS_WAIT);
        drop(reader);
    });
    assert_eq!(lock.into_inner(), 1);
}

#[test]
fn a_writer_that_leaves_wakes_all_readers_and_a_writer() {
    let lock = RwLock::new(0);
    let writer = lock.write();
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| *lock.read());
        }
        s.spawn(|| *lock.write() += 1);
        until_noted(&lock.raw, WRITERS_WAIT | READERS_WAIT);
        drop(writer);
    });
    assert_eq!(lock.into_inner(), 1);
}

#[test]
fn a_downgrade_lets_readers_in_and_no_writer_between() {
    let lock = RwLock::new(0);
    let mut writer = lock.write();
    *writer = 7;
    thread::scope(|s| {
        s.spawn(|| assert_eq!(*lock.read(), 7));
        until_noted(&lock.raw, READERS_WAIT);
        let reader = RwLockWriteGuard::downgrade(writer);
        assert!(lock.try_write().is_none());
        assert_eq!(*reader, 7);
    });
    assert_eq!(lock.raw.state.load(Relaxed), 0);
}

#[test]
fn zero_and_past_and_huge_timeouts_are_one_try_or_no_limit() {
    let lock = RwLock::new(());
    let reader = lock.read();
    assert!(lock.write_timeout(Duration::ZERO).is_none());
    assert!(lock.write_deadline(Instant::now()).is_none());
    assert!(lock.read_timeout(Duration::MAX).is_some());
    assert!(lock.read_deadline(Instant::now()).is_some());
    drop(reader);
    let writer = lock.write_timeout(Duration::MAX).unwrap();
    assert!(lock.read_timeout(Duration::ZERO).is_none());
    let began = Instant::now();
    assert!(lock.read_timeout(SHORT).is_none());
    assert!(began.elapsed() >= SHORT);
    drop(writer);
}

#[test]
fn a_panic_releases_and_does_not_poison() {
    let lock = RwLock::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut guard = lock.write();
        *guard = 2;
        panic!("in the section");
    }));
    assert!(panicked.is_err());
    assert_eq!(*lock.read(), 2);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = lock.read();
        panic!("in the section");
    }));
    assert!(panicked.is_err());
    assert!(lock.try_write().is_some());
}

#[test]
fn what_is_not_held_cannot_be_released() {
    let lock = RawRwLock::new();
    let message = |f: &dyn Fn()| {
        let panic = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
        panic.downcast_ref::<&str>().map(|text| text.to_string())
    };
    for release in [RawRwLock::release_shared, RawRwLock::release_exclusive, RawRwLock::downgrade] {
        assert!(message(&|| release(&lock)).unwrap().contains("call `acquire_"));
        assert_eq!(lock.state.load(Relaxed), 0, "unchanged");
    }
    lock.acquire_exclusive();
    assert!(message(&|| lock.release_shared()).is_some());
    lock.downgrade();
    assert!(message(&|| lock.release_exclusive()).is_some());
    lock.release_shared();
    assert_eq!(lock.state.load(Relaxed), 0);
}

#[test]
fn one_reader_too_many_is_refused() {
    let lock = RawRwLock::new();
    lock.state.store(MAX_READERS, Relaxed); // one thread: nothing to order
    assert!(!lock.try_acquire_shared() && !lock.try_acquire_shared_recursive());
    assert!(catch_unwind(AssertUnwindSafe(|| lock.acquire_shared())).is_err());
    assert_eq!(lock.reader_count(), MAX_READERS as usize, "unchanged");
}

#[test]
fn a_mapped_guard_gives_a_part_and_keeps_the_whole_locked() {
    let lock = RwLock::new((1, [2, 3]));
    let part = RwLockReadGuard::map(lock.read(), |data| &data.1);
    let element = MappedRwLockReadGuard::map(part, |part| &part[1]);
    assert_eq!((*element, lock.reader_count()), (3, 1));
    drop(element);
    let part = RwLockWriteGuard::map(lock.write(), |data| &mut data.1);
    *MappedRwLockWriteGuard::map(part, |part| &mut part[0]) = 9;
    let whole = RwLockWriteGuard::filter_map(lock.write(), |_| None::<&mut u8>).unwrap_err();
    assert_eq!(*whole, (1, [9, 3]));
    drop(whole);
    assert!(RwLockReadGuard::filter_map(lock.read(), |data| Some(&data.0)).is_ok());
    assert!(!lock.is_locked());
}

#[test]
fn a_map_that_panics_releases() {
    let lock = RwLock::new(1);
    let map = || drop(RwLockWriteGuard::map(lock.write(), |_| -> &mut u8 { panic!("no part") }));
    assert!(catch_unwind(AssertUnwindSafe(map)).is_err());
    assert!(!lock.is_locked());
}

#[test]
fn debug_shows_the_data_or_that_it_is_locked_and_never_blocks() {
    let lock = RwLock::new(5);
    assert_eq!(format!("{lock:?}"), "RwLock { data: 5 }");
    let reader = lock.read();
    assert_eq!(format!("{lock:?}"), "RwLock { data: 5 }");
    drop(reader);
    let writer = lock.write();
    assert_eq!(format!("{lock:?} {writer:?} {writer}"), "RwLock { data: <locked> } 5 5");
    drop(writer);
    assert_eq!(format!("{:?}", RawRwLock::new()), "RawRwLock { readers: 0, writer: false }");
}

//! The cases that std and parking_lot test of the same calls, where no test beside this had them.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{RwLock, until_noted};
use crate::rwlock::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, READERS_WAIT, RwLockReadGuard, RwLockWriteGuard,
    WRITERS_WAIT,
};

/// Reads or writes as a linear congruential generator says, without a wait between.
fn at_random(lock: &RwLock<u64>, seed: u64, times: u32) {
    let mut number = seed;
    for _ in 0..times {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if number >> 60 == 0 {
            *lock.write() += 1;
        } else {
            let _ = *lock.read();
        }
    }
}

#[test]
fn readers_and_a_few_writers_at_random_all_come_to_an_end() {
    let lock = RwLock::new(0);
    let times = if cfg!(miri) { 50 } else { 1_000 };
    thread::scope(|s| {
        for seed in 0..8 {
            let lock = &lock;
            s.spawn(move || at_random(lock, seed, times));
        }
    });
    assert!(!lock.is_locked());
}

#[test]
fn readers_never_see_the_negative_number_of_a_change_that_goes_on() {
    let lock = RwLock::new(0_i32);
    thread::scope(|s| {
        s.spawn(|| {
            for _ in 0..10 {
                let mut number = lock.write();
                let before = *number;
                *number = -1;
                thread::yield_now();
                *number = before + 1;
            }
        });
        for _ in 0..5 {
            s.spawn(|| (0..10).for_each(|_| assert!(*lock.read() >= 0)));
        }
    });
    assert_eq!(lock.into_inner(), 10);
}

#[test]
fn a_destructor_that_runs_as_a_thread_unwinds_may_lock() {
    struct Adds(Arc<RwLock<u32>>);
    impl Drop for Adds {
        fn drop(&mut self) {
            *self.0.write() += 1;
        }
    }
    let lock = Arc::new(RwLock::new(1));
    let adds = Adds(Arc::clone(&lock));
    let panic = thread::spawn(move || {
        let _adds = adds;
        panic!("on purpose");
    });
    assert!(panic.join().is_err());
    assert_eq!(*lock.read(), 2);
}

#[test]
fn a_destructor_of_a_thread_local_may_lock_and_be_the_first_wait_of_its_thread() {
    struct Locks(Arc<RwLock<u32>>);
    impl Drop for Locks {
        fn drop(&mut self) {
            *self.0.write() += 1; // when much of the thread is gone
        }
    }
    thread_local! {
        static LAST: RefCell<Option<Locks>> = const { RefCell::new(None) };
    }
    let lock = Arc::new(RwLock::new(0));
    let reader = lock.read();
    let other = Arc::clone(&lock);
    let ends = thread::spawn(move || LAST.set(Some(Locks(other))));
    until_noted(&lock.raw, WRITERS_WAIT); // so it sleeps there, too
    drop(reader);
    ends.join().unwrap();
    assert_eq!(*lock.read(), 1);
}

#[test]
fn data_without_a_size_is_read_and_written() {
    let lock: &RwLock<[i32]> = &RwLock::new([1, 2, 3]);
    {
        let mut numbers = lock.write();
        numbers[0] = 4;
        numbers[2] = 5;
    }
    assert_eq!(*lock.read(), [4, 2, 5]);
    let shared: Arc<RwLock<dyn Fn() -> u32 + Send + Sync>> = Arc::new(RwLock::new(|| 7));
    assert_eq!((shared.read_owned())(), 7);
}

#[test]
fn a_reader_keeps_every_form_of_writing_out_and_a_writer_every_form_of_reading() {
    let lock = RwLock::new(0);
    let (short, past) = (Duration::from_millis(1), Instant::now());
    let reader = lock.read();
    assert!(lock.try_write().is_none());
    assert!(lock.write_timeout(short).is_none() && lock.write_deadline(past).is_none());
    assert!(lock.is_locked() && !lock.is_locked_exclusive());
    assert!(lock.try_read().is_some() && lock.try_read_recursive().is_some());
    drop(reader);
    let writer = lock.write();
    assert!(lock.try_read().is_none() && lock.try_read_recursive().is_none());
    assert!(lock.read_timeout(short).is_none() && lock.read_deadline(past).is_none());
    assert!(lock.read_recursive_timeout(short).is_none());
    assert!(lock.read_recursive_deadline(past).is_none());
    assert!(lock.is_locked() && lock.is_locked_exclusive() && lock.reader_count() == 0);
    drop(writer);
    assert!(!lock.is_locked() && !lock.is_locked_exclusive());
}

#[test]
fn the_data_is_dropped_once_with_the_lock_or_handed_out_by_into_inner() {
    let data = Arc::new(());
    let lock = RwLock::new(Arc::clone(&data));
    assert_eq!(Arc::strong_count(&data), 2);
    let out = lock.into_inner();
    assert_eq!(Arc::strong_count(&data), 2, "neither dropped nor copied");
    drop(RwLock::new(out));
    assert_eq!(Arc::strong_count(&data), 1);
}

#[test]
fn get_mut_needs_no_lock_and_the_change_is_there() {
    let mut lock = RwLock::new(vec![1]);
    lock.get_mut().push(2);
    assert!(!lock.is_locked());
    assert_eq!(lock.into_inner(), [1, 2]);
    assert_eq!(*RwLock::from("text").read(), "text");
    assert_eq!(*RwLock::<u8>::default().read(), 0);
}

#[test]
fn a_guard_may_be_shared_with_other_threads_and_a_mapped_one_too() {
    let lock = RwLock::new((1, 2));
    let reader = lock.read();
    let part = RwLockReadGuard::map(lock.read(), |pair| &pair.1);
    thread::scope(|s| {
        s.spawn(|| assert_eq!((reader.0, *part), (1, 2)));
    });
}

#[test]
fn a_part_of_a_part_is_mapped_and_the_last_guard_releases() {
    let lock = RwLock::new([[0, 1], [2, 3]]);
    let row = RwLockWriteGuard::map(lock.write(), |rows| &mut rows[1]);
    let mut cell = MappedRwLockWriteGuard::map(row, |row| &mut row[0]);
    *cell = 7;
    assert!(lock.is_locked_exclusive());
    drop(cell);
    let row = RwLockReadGuard::map(lock.read(), |rows| &rows[1]);
    let cell = MappedRwLockReadGuard::map(row, |row| &row[0]);
    assert_eq!((*cell, lock.reader_count()), (7, 1));
    drop(cell);
    assert!(!lock.is_locked());
}

#[test]
fn a_map_that_panics_releases_each_kind_of_guard() {
    let lock = RwLock::new((1, 2));
    let panics: [&dyn Fn(); 6] = [
        &|| drop(RwLockReadGuard::map(lock.read(), |_| -> &u32 { panic!("no part") })),
        &|| drop(RwLockWriteGuard::map(lock.write(), |_| -> &mut u32 { panic!("no part") })),
        &|| drop(RwLockReadGuard::filter_map(lock.read(), |_| -> Option<&u32> { panic!("none") })),
        &|| {
            let guard = lock.write();
            drop(RwLockWriteGuard::filter_map(guard, |_| -> Option<&mut u32> { panic!("none") }));
        },
        &|| {
            let part = RwLockReadGuard::map(lock.read(), |pair| &pair.0);
            drop(MappedRwLockReadGuard::map(part, |_| -> &u32 { panic!("no part") }));
        },
        &|| {
            let part = RwLockWriteGuard::map(lock.write(), |pair| &mut pair.0);
            drop(MappedRwLockWriteGuard::map(part, |_| -> &mut u32 { panic!("no part") }));
        },
    ];
    for (number, panics) in panics.iter().enumerate() {
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(!lock.is_locked(), "number {number}");
    }
    assert_eq!(*lock.read(), (1, 2), "and nothing is poisoned");
}

#[test]
fn readers_that_wait_see_what_was_written_before_the_downgrade_and_nothing_after_it() {
    let lock = RwLock::new(0);
    let mut writer = lock.write();
    thread::scope(|s| {
        let readers: Vec<_> = (0..4).map(|_| s.spawn(|| *lock.read())).collect();
        until_noted(&lock.raw, READERS_WAIT);
        *writer = 1;
        let reader = RwLockWriteGuard::downgrade(writer);
        for waits in readers {
            assert_eq!(waits.join().unwrap(), 1); // while this reader is inside
        }
        assert_eq!((*reader, lock.reader_count()), (1, 1));
    });
}

#[test]
fn a_thread_that_downgrades_in_turn_with_others_reads_its_own_number() {
    let lock = RwLock::new(0_usize);
    let (told, reads) = mpsc::channel();
    thread::scope(|s| {
        for number in 1..=4 {
            let (lock, told) = (&lock, told.clone());
            s.spawn(move || {
                for _ in 0..if cfg!(miri) { 10 } else { 200 } {
                    let mut writer = lock.write();
                    *writer = number;
                    let reader = RwLockWriteGuard::downgrade(writer);
                    told.send(*reader == number).unwrap();
                }
            });
        }
        drop(told);
        assert!(reads.iter().all(|own| own));
    });
}

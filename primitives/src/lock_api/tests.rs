//! `lock_api`'s wrappers on our locks, each test named after what it shows.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::ThreadNumber;
use crate::Condition;
use crate::raw::{RawLock, RawRLock, RawRwLock};

type Mutex<T> = ::lock_api::Mutex<RawLock, T>;
type CheckedMutex<T> = ::lock_api::Mutex<RawRLock, T>;
type ReentrantMutex<T> = ::lock_api::ReentrantMutex<RawLock, ThreadNumber, T>;
type Condvar = ::lock_api::Condvar<Condition>;

const SHORT: Duration = Duration::from_millis(5);

#[test]
fn a_mutex_works_on_either_lock() {
    const ROUNDS: u32 = if cfg!(miri) { 10 } else { 500 };
    fn count<R>(mutex: &'static ::lock_api::Mutex<R, u32>)
    where
        R: ::lock_api::RawMutexTimed<Duration = Duration, Instant = Instant> + Send + Sync,
    {
        let threads = [(); 4].map(|()| {
            thread::spawn(|| {
                for _ in 0..ROUNDS {
                    *mutex.lock() += 1;
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let guard = mutex.lock();
        assert_eq!(*guard, 4 * ROUNDS);
        assert!(mutex.is_locked());
        thread::spawn(|| {
            assert!(mutex.try_lock().is_none());
            assert!(mutex.try_lock_for(SHORT).is_none());
            assert!(mutex.try_lock_until(Instant::now()).is_none());
        })
        .join()
        .unwrap();
        drop(guard);
        assert!(mutex.try_lock_for(Duration::ZERO).is_some());
        assert!(mutex.try_lock_until(Instant::now()).is_some());
        assert!(!mutex.is_locked());
    }
    static PLAIN: Mutex<u32> = Mutex::new(0);
    static CHECKED: CheckedMutex<u32> = CheckedMutex::new(0);
    count(&PLAIN);
    count(&CHECKED);
}

#[test]
fn only_the_guard_of_a_raw_lock_may_move_to_another_thread() {
    let mutex = Mutex::new(());
    let guard = mutex.lock();
    thread::scope(|s| {
        s.spawn(move || drop(guard));
    });
    assert!(!mutex.is_locked());
}

/// With a second guard the same thread would have a second `&mut` to the same data.
#[test]
fn a_mutex_of_a_raw_rlock_never_opens_twice_to_one_thread() {
    let mutex = CheckedMutex::new(1);
    let guard = mutex.lock();
    assert!(mutex.try_lock().is_none());
    assert!(mutex.try_lock_for(SHORT).is_none());
    assert!(mutex.try_lock_until(Instant::now()).is_none());
    let panic = catch_unwind(AssertUnwindSafe(|| drop(mutex.lock()))).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("that this thread already holds"), "{message}");
    assert_eq!(*guard, 1);
    drop(guard);
    assert!(!mutex.is_locked(), "the failed calls took nothing");
}

#[test]
fn a_reentrant_mutex_counts_and_lets_the_same_thread_in_again() {
    let mutex = ReentrantMutex::new(1);
    let outer = mutex.lock();
    let inner = mutex.try_lock().expect("the same thread");
    thread::scope(|s| {
        s.spawn(|| assert!(mutex.try_lock().is_none()));
    });
    drop(outer);
    assert!(mutex.is_owned_by_current_thread());
    drop(inner);
    assert!(!mutex.is_locked());
}

#[test]
fn a_condvar_works_on_a_condition() {
    let shared = Arc::new((Mutex::new(0), Condvar::new()));
    let waiter = thread::spawn({
        let shared = Arc::clone(&shared);
        move || {
            let (mutex, condvar) = &*shared;
            let mut number = mutex.lock();
            while *number == 0 {
                condvar.wait(&mut number);
            }
            assert!(condvar.wait_for(&mut number, SHORT).timed_out());
            assert!(condvar.wait_until(&mut number, Instant::now()).timed_out());
            *number
        }
    });
    let (mutex, condvar) = &*shared;
    *mutex.lock() = 7;
    condvar.notify_one();
    condvar.notify_all();
    assert_eq!(waiter.join().unwrap(), 7);
}

#[test]
fn a_rwlock_of_lock_api_reads_together_writes_alone_and_gives_up() {
    type RwLock<T> = ::lock_api::RwLock<RawRwLock, T>;
    static TOTAL: RwLock<u32> = RwLock::new(0);
    let (one, other) = (TOTAL.read(), TOTAL.try_read().expect("both read"));
    assert!(TOTAL.try_write().is_none() && TOTAL.is_locked());
    assert!(TOTAL.try_write_for(Duration::from_millis(1)).is_none());
    assert!(TOTAL.try_write_until(Instant::now()).is_none());
    drop((one, other));
    let mut writer = TOTAL.write();
    *writer += 1;
    assert!(TOTAL.try_read().is_none() && TOTAL.is_locked_exclusive());
    assert!(TOTAL.try_read_for(Duration::from_millis(1)).is_none());
    assert!(TOTAL.try_read_until(Instant::now()).is_none());
    let reader = ::lock_api::RwLockWriteGuard::downgrade(writer);
    assert_eq!((*reader, *TOTAL.try_read().expect("both read")), (1, 1));
    thread::scope(|s| {
        // A guard may move to another thread.
        s.spawn(move || drop(reader)).join().unwrap();
    });
    assert!(TOTAL.try_write_for(Duration::ZERO).is_some());
}

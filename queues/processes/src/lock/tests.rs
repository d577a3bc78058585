use std::mem;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;

use super::*;
use crate::SharedMemory;
use crate::forked::{die, fork};

fn is_damaged<T: Pod>(lock: &SharedLock<T>) -> bool {
    matches!(lock.try_lock(), Err(TryLockError::OwnerDied(_)))
}

#[test]
fn one_at_a_time() {
    let lock = SharedLock::new(0u64).expect("there is memory");
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..20_000 {
                    *lock.lock().expect("no owner dies") += 1;
                }
            });
        }
    });
    assert_eq!(*lock.lock().expect("no owner dies"), 80_000);
}

#[test]
fn another_waits_and_gives_up() {
    let lock = SharedLock::new([0u8; 3]).expect("there is memory");
    let guard = lock.lock().expect("no owner dies");
    thread::scope(|s| {
        s.spawn(|| {
            assert!(matches!(lock.try_lock(), Err(TryLockError::Locked)));
            let timeout = |time| matches!(lock.lock_timeout(time), Err(LockTimeoutError::Timeout));
            assert!(timeout(Duration::ZERO));
            assert!(timeout(Duration::from_millis(5)));
            assert!(matches!(lock.lock_deadline(Instant::now()), Err(LockTimeoutError::Timeout)));
        });
    });
    assert!(lock.is_locked());
    drop(guard);
    assert!(!lock.is_locked());
    assert!(lock.lock_timeout(Duration::MAX).is_ok());
    // The bits that the waiters left are gone after two releases, and the fast path is back.
    for _ in 0..3 {
        drop(lock.lock());
    }
    assert!(format!("{:?}", *lock.segment).contains("Segment"));
}

#[test]
fn a_thread_that_would_wait_for_itself_is_told() {
    let lock = SharedLock::new(0u8).expect("there is memory");
    let _guard = lock.lock().expect("no owner dies");
    assert!(matches!(lock.try_lock(), Err(TryLockError::Locked)));
    let again = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(lock.lock())));
    let message = *again.expect_err("it panics").downcast::<&str>().expect("it says why");
    assert!(message.contains("already"), "{message}");
}

#[test]
fn a_panic_is_no_death() {
    let lock = SharedLock::new(0u8).expect("there is memory");
    let panicked = thread::scope(|s| {
        s.spawn(|| {
            let _guard = lock.lock();
            panic!("on purpose");
        })
        .join()
    });
    assert!(panicked.is_err());
    assert!(lock.lock().is_ok());
}

#[test]
fn the_next_owner_learns_that_the_last_one_was_killed_until_one_repairs_it() {
    let lock = SharedLock::new(5u32).expect("there is memory");
    let child = fork(|| {
        let mut guard = lock.lock().unwrap_or_else(|_| die());
        *guard = 6;
        die();
    });
    assert_eq!(child.end(), Err(libc::SIGKILL));
    assert!(is_damaged(&lock));
    let Err(OwnerDied(guard)) = lock.lock() else { panic!("an owner died") };
    assert_eq!(*guard, 6);
    drop(guard);
    let Err(LockTimeoutError::OwnerDied(died)) = lock.lock_timeout(Duration::from_secs(60)) else {
        panic!("it was not repaired")
    };
    drop(died.repair());
    assert_eq!(*lock.lock().expect("repaired"), 6);
}

#[test]
fn an_owner_that_dies_while_it_looks_at_the_damage_leaves_it() {
    let lock = SharedLock::new(0u32).expect("there is memory");
    for _ in 0..2 {
        let child = fork(|| {
            let _guard = match lock.lock() {
                Ok(guard) | Err(OwnerDied(guard)) => guard,
            };
            die()
        });
        assert_eq!(child.end(), Err(libc::SIGKILL));
    }
    assert!(is_damaged(&lock));
}

#[test]
fn sleepers_go_on_when_the_owner_is_killed() {
    let lock = SharedLock::new(0u32).expect("there is memory");
    let ready = SharedMemory::new(8).expect("there is memory");
    let child = fork(|| {
        let _guard = lock.lock();
        ready.atomic(0).store(1, SeqCst);
        loop {
            thread::park();
        }
    });
    while ready.atomic(0).load(SeqCst) == 0 {
        thread::yield_now();
    }
    let died = AtomicU32::new(0);
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| match lock.lock() {
                Ok(mut guard) => *guard += 1,
                Err(OwnerDied(mut guard)) => {
                    died.fetch_add(1, SeqCst);
                    guard.repair();
                    *guard += 1;
                }
            });
        }
        child.kill();
    });
    assert_eq!((*lock.lock().expect("repaired"), died.into_inner()), (3, 1));
    assert_eq!(child.end(), Err(libc::SIGKILL));
}

#[test]
fn a_thread_that_ends_with_the_lock_is_a_death_too() {
    let lock = SharedLock::new(0u32).expect("there is memory");
    let owner = lock.clone();
    thread::spawn(move || mem::forget(owner.lock().expect("it is free"))).join().expect("it ends");
    assert!(is_damaged(&lock));
}

#[test]
fn exec_is_a_death_too() {
    let lock = SharedLock::new(0u32).expect("there is memory");
    let child = fork(|| {
        mem::forget(lock.lock());
        let arguments = [c"/bin/true".as_ptr(), std::ptr::null()];
        // SAFETY: a path, and arguments that end with a null.
        unsafe { libc::execv(c"/bin/true".as_ptr(), arguments.as_ptr()) };
        die();
    });
    assert_eq!(child.end(), Ok(0));
    assert!(is_damaged(&lock));
}

#[test]
fn a_child_of_fork_does_not_release_what_its_parent_has() {
    let lock = SharedLock::new(0u32).expect("there is memory");
    let guard = lock.lock().expect("no owner dies");
    let mut in_the_child = Some(guard);
    let child = fork(|| {
        drop(in_the_child.take());
        // It is another thread, so it must wait.
        if !matches!(lock.try_lock(), Err(TryLockError::Locked)) {
            die();
        }
    });
    assert_eq!(child.end(), Ok(0));
    assert!(lock.is_locked());
    drop(in_the_child);
    assert!(lock.lock().is_ok(), "the child's end was no death of an owner");
}

#[test]
fn a_guard_that_was_forgotten_keeps_its_memory() {
    thread::spawn(|| {
        for _ in 0..3 {
            let lock = SharedLock::new(0u32).expect("there is memory");
            mem::forget(lock.lock());
        }
        // The list still contains them.
        let lock = SharedLock::new(0u32).expect("there is memory");
        drop(lock.lock());
    })
    .join()
    .expect("no address was unmapped");
}

#[test]
fn a_thread_holds_two_thousand_and_forty_eight_and_no_more() {
    thread::spawn(|| {
        let lock = |_| SharedLock::new(0u8).expect("there is memory");
        // Each needs a file descriptor, which the system may refuse.
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: a place for the limit.
        unsafe {
            libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
        assert!(limit.rlim_cur > 4096, "the test wants 4096 file descriptors");
        let locks: Vec<_> = (0..2049).map(lock).collect();
        let mut guards: Vec<_> = locks[..2048].iter().map(|lock| lock.lock().ok()).collect();
        let refused =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(locks[2048].lock())));
        assert!(refused.is_err());
        guards.pop();
        assert!(locks[2048].lock().is_ok());
        // In any order.
        guards.swap_remove(1);
        guards.remove(500);
        guards.reverse();
        drop(guards);
        assert!(locks.iter().all(|lock| !lock.is_locked()));
    })
    .join()
    .expect("it ends");
}

#[test]
fn it_shares_the_list_with_the_c_library() {
    let lock = SharedLock::new(0u32).expect("there is memory");
    // SAFETY: zeros, which the calls below make a mutex of; it outlives them all.
    unsafe {
        let mut attributes: libc::pthread_mutexattr_t = mem::zeroed();
        libc::pthread_mutexattr_init(&raw mut attributes);
        libc::pthread_mutexattr_setrobust(&raw mut attributes, libc::PTHREAD_MUTEX_ROBUST);
        let (mut a, mut b): (libc::pthread_mutex_t, libc::pthread_mutex_t) = mem::zeroed();
        libc::pthread_mutex_init(&raw mut a, &raw const attributes);
        libc::pthread_mutex_init(&raw mut b, &raw const attributes);
        for _ in 0..1000 {
            libc::pthread_mutex_lock(&raw mut a);
            let guard = lock.lock();
            libc::pthread_mutex_lock(&raw mut b);
            libc::pthread_mutex_unlock(&raw mut a);
            drop(guard);
            drop(lock.lock());
            libc::pthread_mutex_unlock(&raw mut b);
        }
        let (first, second) = ((&raw mut a).addr(), (&raw mut b).addr());
        let owner = lock.clone();
        thread::spawn(move || {
            libc::pthread_mutex_lock(std::ptr::with_exposed_provenance_mut(first));
            mem::forget(owner.lock());
            libc::pthread_mutex_lock(std::ptr::with_exposed_provenance_mut(second));
        })
        .join()
        .expect("it ends");
        for mutex in [&raw mut a, &raw mut b] {
            assert_eq!(libc::pthread_mutex_lock(mutex), libc::EOWNERDEAD);
            libc::pthread_mutex_consistent(mutex);
            libc::pthread_mutex_unlock(mutex);
        }
    }
    assert!(is_damaged(&lock));
}

#[test]
fn it_goes_nowhere_but_to_a_process() {
    let lock = SharedLock::new(1u8).expect("there is memory");
    let alone = postcard::to_stdvec(&lock).expect_err("there is no process");
    assert!(alone.to_string().len() > 5);
    let (bytes, given) = crate::handover::pack(&lock).expect("as an argument");
    let there: SharedLock<u8> = crate::handover::unpack(&bytes, given).expect("it came");
    *there.lock().expect("no owner dies") = 2;
    assert_eq!(*lock.lock().expect("no owner dies"), 2);
    let (bytes, given) = crate::handover::pack(&lock).expect("as an argument");
    let another_type = crate::handover::unpack::<SharedLock<u64>>(&bytes, given);
    assert!(another_type.is_err());
    let (bytes, given) = crate::handover::pack(&lock).expect("as an argument");
    assert!(crate::handover::unpack::<crate::SharedEvent>(&bytes, given).is_err());
    assert!(crate::handover::unpack::<SharedLock<u8>>(&bytes, Vec::new()).is_err());
}

//! The readers-writer lock with many threads, with and without timeouts.

use std::time::Instant;

use primitives::{RwLock, RwLockWriteGuard};
use tests::{leak, watched};

use tests::patience;

const THREADS: usize = 8;

/// Three numbers that are equal whenever no writer is inside.
type Triple = [usize; 3];

fn step(triple: &mut Triple) {
    for number in triple {
        *number += 1;
    }
}

fn assert_whole(triple: &Triple) {
    assert!(triple[0] == triple[1] && triple[1] == triple[2], "{triple:?}");
}

#[test]
fn readers_see_whole_changes_and_no_change_is_lost() {
    const EACH: usize = 20_000;
    watched(|test| {
        let lock: &RwLock<Triple> = leak(RwLock::default());
        let crew = test.crew(THREADS, move |thread| {
            let mut seen = 0;
            for number in 0..EACH {
                if (thread + number) % 4 == 0 {
                    step(&mut lock.write());
                } else {
                    let triple = lock.read();
                    assert_whole(&triple);
                    assert!(seen <= triple[0], "a reader saw an older state after a newer one");
                    seen = triple[0];
                }
            }
        });
        crew.join();
        assert!(!lock.is_locked());
        assert_eq!(*lock.read(), [THREADS * EACH / 4; 3]);
    });
}

#[test]
fn where_some_give_up_no_reader_and_no_writer_is_stranded() {
    const EACH: usize = 4_000;
    watched(|test| {
        let lock: &RwLock<Triple> = leak(RwLock::default());
        let crew = test.crew(THREADS, move |thread| {
            let mut written = 0;
            for number in 0..EACH {
                let deadline = Instant::now() + patience(number);
                let (reader, writer) = match (thread + number) % 8 {
                    // If stranded, one of these two would sleep without end.
                    0 => (Some(lock.read()), None),
                    1 => (None, Some(lock.write())),
                    2 => (lock.read_timeout(patience(number)), None),
                    3 => (None, lock.write_timeout(patience(number))),
                    4 => (lock.read_deadline(deadline), None),
                    5 => (None, lock.write_deadline(deadline)),
                    6 => (lock.try_read(), None),
                    _ => (None, lock.try_write()),
                };
                if number % 64 < 2 {
                    // Long enough for the others to fall asleep and to time out.
                    std::thread::yield_now();
                }
                if let Some(triple) = reader {
                    assert_whole(&triple);
                }
                if let Some(mut triple) = writer {
                    step(&mut triple);
                    written += 1;
                }
            }
            written
        });
        let written: usize = crew.join().into_iter().sum();
        assert!(written >= THREADS * EACH / 8, "the patient writers came through every time");
        assert!(!lock.is_locked());
        assert_eq!(*lock.read(), [written; 3]);
    });
}

#[test]
fn a_writer_that_goes_on_as_a_reader_still_sees_its_own_change() {
    const EACH: usize = 4_000;
    watched(|test| {
        let lock: &RwLock<Triple> = leak(RwLock::default());
        let crew = test.crew(THREADS, move |_| {
            for _ in 0..EACH {
                let mut writer = lock.write();
                step(&mut writer);
                let mine = *writer;
                let reader = RwLockWriteGuard::downgrade(writer);
                assert_eq!(*reader, mine, "a writer got between");
                // A writer may wait by now, for which this thread must not wait.
                assert_eq!(*lock.read_recursive(), mine);
            }
        });
        crew.join();
        assert_eq!(*lock.read(), [THREADS * EACH; 3]);
    });
}

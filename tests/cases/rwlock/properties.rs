//! `RwLock` compared with a number of readers and a bool.

use std::time::{Duration, Instant};

use primitives::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use proptest::collection::vec;
use proptest::prelude::*;
use tests::watched;

use tests::properties::{Form, config, form};

#[derive(Clone, Copy, Debug)]
enum Call {
    Read(Form),
    /// The same by a thread that may be reading already.
    ReadRecursive {
        tries: bool,
    },
    Write(Form),
    Change(u8),
    /// The reader of this number leaves, if it exists.
    LeaveAsReader(usize),
    LeaveAsWriter,
    Downgrade,
}

#[test]
fn many_read_or_one_writes_and_what_was_written_is_read() {
    let call = prop_oneof![
        4 => form().prop_map(Call::Read),
        2 => any::<bool>().prop_map(|tries| Call::ReadRecursive { tries }),
        4 => form().prop_map(Call::Write),
        2 => any::<u8>().prop_map(Call::Change),
        4 => (0_usize..4).prop_map(Call::LeaveAsReader),
        2 => Just(Call::LeaveAsWriter),
        2 => Just(Call::Downgrade),
    ];
    watched(|_| {
        proptest!(config(), |(calls in vec(call, 0..60))| {
            let lock = RwLock::new(0);
            let mut readers: Vec<RwLockReadGuard<'_, u8>> = Vec::new();
            let mut writer: Option<RwLockWriteGuard<'_, u8>> = None;
            let mut data = 0;
            for call in calls {
                match call {
                    Call::Read(form) => {
                        let guard = read(&lock, form.unless(writer.is_some()));
                        prop_assert_eq!(guard.is_some(), writer.is_none(), "{:?}", call);
                        readers.extend(guard);
                    }
                    Call::ReadRecursive { tries } => {
                        let guard = match tries || writer.is_some() {
                            true => lock.try_read_recursive(),
                            false => Some(lock.read_recursive()),
                        };
                        prop_assert_eq!(guard.is_some(), writer.is_none(), "{:?}", call);
                        readers.extend(guard);
                    }
                    Call::Write(form) => {
                        let taken = writer.is_some() || !readers.is_empty();
                        let guard = write(&lock, form.unless(taken));
                        prop_assert_eq!(guard.is_some(), !taken, "{:?}", call);
                        writer = writer.or(guard);
                    }
                    Call::Change(value) => {
                        if let Some(writer) = &mut writer {
                            (**writer, data) = (value, value);
                        }
                    }
                    Call::LeaveAsReader(reader) if reader < readers.len() => {
                        drop(readers.swap_remove(reader));
                    }
                    Call::LeaveAsReader(_) => {}
                    Call::LeaveAsWriter => writer = None,
                    Call::Downgrade => readers.extend(writer.take().map(RwLockWriteGuard::downgrade)),
                }
                prop_assert_eq!(lock.reader_count(), readers.len(), "after {:?}", call);
                prop_assert_eq!(lock.is_locked_exclusive(), writer.is_some(), "after {:?}", call);
                prop_assert_eq!(lock.is_locked(), writer.is_some() || !readers.is_empty());
                prop_assert!(readers.iter().all(|reader| **reader == data), "after {:?}", call);
            }
            drop((readers, writer));
            prop_assert_eq!(lock.into_inner(), data);
        });
    });
}

fn read(lock: &RwLock<u8>, form: Form) -> Option<RwLockReadGuard<'_, u8>> {
    match form {
        Form::Blocking => Some(lock.read()),
        Form::Endless => lock.read_timeout(Duration::MAX),
        Form::Try => lock.try_read(),
        Form::Timeout(timeout) => lock.read_timeout(timeout),
        Form::Past => lock.read_deadline(Instant::now()),
    }
}

fn write(lock: &RwLock<u8>, form: Form) -> Option<RwLockWriteGuard<'_, u8>> {
    match form {
        Form::Blocking => Some(lock.write()),
        Form::Endless => lock.write_timeout(Duration::MAX),
        Form::Try => lock.try_write(),
        Form::Timeout(timeout) => lock.write_timeout(timeout),
        Form::Past => lock.write_deadline(Instant::now()),
    }
}

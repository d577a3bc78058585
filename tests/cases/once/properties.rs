//! `OnceLock` compared with an `Option`.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use primitives::OnceLock;
use proptest::collection::vec;
use proptest::prelude::*;
use tests::watched;

use tests::properties::{Form, config, form};

#[derive(Clone, Copy, Debug)]
enum Call {
    Set(u8),
    GetOrInit(u8),
    /// A closure that fails, if it is called at all.
    Fail(u8),
    /// A closure that panics, if it is called at all.
    Panic,
    Wait(Form),
    Change(u8),
    Take,
}

#[test]
fn a_once_lock_keeps_the_first_value_until_it_is_taken() {
    let call = prop_oneof![
        2 => any::<u8>().prop_map(Call::Set),
        2 => any::<u8>().prop_map(Call::GetOrInit),
        2 => any::<u8>().prop_map(Call::Fail),
        2 => Just(Call::Panic),
        3 => form().prop_map(Call::Wait),
        1 => any::<u8>().prop_map(Call::Change),
        2 => Just(Call::Take),
    ];
    watched(|_| {
        proptest!(config(), |(calls in vec(call, 0..40))| {
            // On the heap, so that tools can find a value that is dropped twice or never.
            let mut place: OnceLock<Box<u8>> = OnceLock::new();
            let mut value: Option<u8> = None;
            for call in calls {
                match call {
                    Call::Set(new) => {
                        let expected = value.map_or(Ok(()), |_| Err(Box::new(new)));
                        prop_assert_eq!(place.set(Box::new(new)), expected);
                        value.get_or_insert(new);
                    }
                    Call::GetOrInit(new) => {
                        let kept = *value.get_or_insert(new);
                        prop_assert_eq!(**place.get_or_init(|| Box::new(new)), kept);
                    }
                    Call::Fail(error) => {
                        let got = place.get_or_try_init(|| Err(error)).map(|got| **got);
                        prop_assert_eq!(got, value.ok_or(error));
                    }
                    Call::Panic => {
                        let call = || **place.get_or_init(|| resume_unwind(Box::new(())));
                        prop_assert_eq!(catch_unwind(AssertUnwindSafe(call)).ok(), value);
                    }
                    Call::Wait(form) => {
                        let got = wait(&place, form.unless(value.is_none()));
                        prop_assert_eq!(got, value, "{:?}", call);
                    }
                    Call::Change(new) => {
                        if let Some(there) = place.get_mut() {
                            **there = new;
                        }
                        value = value.map(|_| new);
                    }
                    Call::Take => prop_assert_eq!(place.take().map(|taken| *taken), value.take()),
                }
                prop_assert_eq!(place.get().map(|there| **there), value, "after {:?}", call);
            }
            prop_assert_eq!(place.into_inner().map(|there| *there), value);
        });
    });
}

fn wait(place: &OnceLock<Box<u8>>, form: Form) -> Option<u8> {
    let got = match form {
        Form::Blocking => Some(place.wait()),
        Form::Endless => place.wait_timeout(Duration::MAX),
        Form::Try => place.get(),
        Form::Timeout(timeout) => place.wait_timeout(timeout),
        Form::Past => place.wait_deadline(Instant::now()),
    };
    got.map(|got| **got)
}

//! `CancellableSleep` compared with the call that decided it.

use std::time::{Duration, Instant};

use primitives::park::deadline_after;
use primitives::raw::CancellableSleep;
use proptest::collection::vec;
use proptest::prelude::*;
use tests::watched;

use tests::properties::{Form, config, form};

#[derive(Clone, Copy, Debug)]
enum Call {
    Wait(Form),
    Cancel,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Decided {
    Fired,
    Cancelled,
}

#[test]
fn the_first_to_decide_a_sleep_decides_it_for_good() {
    let call = prop_oneof![3 => form().prop_map(Call::Wait), 1 => Just(Call::Cancel)];
    watched(|_| {
        proptest!(config(), |(calls in vec(call, 0..8))| {
            let sleep = CancellableSleep::new();
            let mut decided = None;
            for call in calls {
                let (is_first, decides) = match call {
                    Call::Wait(form) => {
                        let fired = sleep.wait(deadline(form.unless(decided.is_none())));
                        (fired, Decided::Fired)
                    }
                    Call::Cancel => (sleep.cancel(), Decided::Cancelled),
                };
                prop_assert_eq!(is_first, decided.is_none(), "{:?}", call);
                decided.get_or_insert(decides);
                prop_assert_eq!(sleep.has_fired(), decided == Some(Decided::Fired));
                prop_assert_eq!(sleep.is_cancelled(), decided == Some(Decided::Cancelled));
            }
        });
    });
}

fn deadline(form: Form) -> Option<Instant> {
    match form {
        Form::Blocking => None,
        Form::Endless => deadline_after(Duration::MAX),
        Form::Try | Form::Past => Some(Instant::now()),
        Form::Timeout(timeout) => deadline_after(timeout),
    }
}

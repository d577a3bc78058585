//! `Latch` compared with a number and with its waiters.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use primitives::Latch;
use proptest::collection::vec;
use proptest::prelude::*;
use tests::{leak, watched};

use tests::properties::{Form, Puppet, config, form};

const THREADS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Call {
    CountDown,
    CountDownBy(usize),
    Wait(Form),
    /// Another thread waits without a timeout, unless it already waits.
    Begin(usize),
}

#[test]
fn a_latch_does_what_a_number_does_and_holds_threads_back_until_zero() {
    let call = prop_oneof![
        4 => Just(Call::CountDown),
        2 => (0_usize..4).prop_map(Call::CountDownBy),
        3 => form().prop_map(Call::Wait),
        3 => (0..THREADS).prop_map(Call::Begin),
    ];
    let threads: [Puppet; THREADS] = [(); THREADS].map(|()| Puppet::new());
    watched(|_| {
        proptest!(config(), |(first in 0_usize..8, calls in vec(call, 0..30))| {
            let latch: &Latch = leak(Latch::new(first));
            let mut count = first;
            let mut waiting: [Option<Receiver<()>>; THREADS] = [const { None }; THREADS];
            for call in calls {
                match call {
                    Call::CountDown => count -= usize::from(count_down(latch, 1, count)),
                    Call::CountDownBy(n) => {
                        if count_down(latch, n, count) {
                            count -= n;
                        }
                    }
                    Call::Wait(form) => {
                        prop_assert_eq!(wait(latch, form.unless(count > 0)), count == 0, "{:?}", call);
                    }
                    Call::Begin(thread) => {
                        waiting[thread].get_or_insert_with(|| threads[thread].begin(|| latch.wait()));
                    }
                }
                prop_assert_eq!(latch.count(), count, "after {:?}", call);
                prop_assert_eq!(latch.is_open(), count == 0, "after {:?}", call);
                for waiter in &mut waiting {
                    let Some(result) = waiter else { continue };
                    if count == 0 {
                        result.recv().expect("the thread goes on");
                        *waiter = None;
                    } else {
                        prop_assert_eq!(result.try_recv(), Err(TryRecvError::Empty));
                    }
                }
            }
            latch.count_down_by(count);
            waiting.iter().flatten().for_each(|result| result.recv().expect("the thread goes on"));
        });
    });
}

/// Counts `n` down, by one call or the other. Returns whether it did, which it must if `count` is
/// large enough.
fn count_down(latch: &Latch, n: usize, count: usize) -> bool {
    if n <= count {
        match n {
            1 => latch.count_down(),
            n => latch.count_down_by(n),
        }
        return true;
    }
    catch_unwind(AssertUnwindSafe(|| latch.count_down_by(n)))
        .expect_err("it must not go below zero");
    false
}

fn wait(latch: &Latch, form: Form) -> bool {
    match form {
        Form::Blocking => {
            latch.wait();
            true
        }
        Form::Endless => latch.wait_timeout(Duration::MAX),
        Form::Try => latch.wait_timeout(Duration::ZERO),
        Form::Timeout(timeout) => latch.wait_timeout(timeout),
        Form::Past => latch.wait_deadline(Instant::now()),
    }
}

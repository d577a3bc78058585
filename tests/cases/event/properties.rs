//! `Event` compared with a bool and with its waiters.

use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use primitives::Event;
use proptest::collection::vec;
use proptest::prelude::*;
use tests::{leak, watched};

use tests::properties::{Form, Puppet, config, form};

const THREADS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Call {
    Set,
    Clear,
    Wait(Form),
    /// Another thread waits without a timeout, unless it already waits.
    Begin(usize),
}

#[test]
fn an_event_does_what_a_bool_does_and_holds_nobody_back_while_it_is_set() {
    let call = prop_oneof![
        2 => Just(Call::Set),
        2 => Just(Call::Clear),
        3 => form().prop_map(Call::Wait),
        3 => (0..THREADS).prop_map(Call::Begin),
    ];
    let threads: [Puppet; THREADS] = [(); THREADS].map(|()| Puppet::new());
    watched(|_| {
        proptest!(config(), |(calls in vec(call, 0..40))| {
            let event: &Event = leak(Event::new());
            let mut set = false;
            let mut waiting: [Option<Receiver<()>>; THREADS] = [const { None }; THREADS];
            for call in calls {
                match call {
                    Call::Set => {
                        event.set();
                        set = true;
                    }
                    Call::Clear => {
                        event.clear();
                        set = false;
                    }
                    Call::Wait(form) => prop_assert_eq!(wait(event, form.unless(!set)), set),
                    Call::Begin(thread) => {
                        waiting[thread].get_or_insert_with(|| threads[thread].begin(|| event.wait()));
                    }
                }
                prop_assert_eq!(event.is_set(), set, "after {:?}", call);
                for waiter in &mut waiting {
                    let Some(result) = waiter else { continue };
                    if set {
                        result.recv().expect("the thread goes on");
                        *waiter = None;
                    } else {
                        prop_assert_eq!(result.try_recv(), Err(TryRecvError::Empty));
                    }
                }
            }
            event.set();
            waiting.iter().flatten().for_each(|result| result.recv().expect("the thread goes on"));
        });
    });
}

fn wait(event: &Event, form: Form) -> bool {
    match form {
        Form::Blocking => {
            event.wait();
            true
        }
        Form::Endless => event.wait_timeout(Duration::MAX),
        Form::Try => event.wait_timeout(Duration::ZERO),
        Form::Timeout(timeout) => event.wait_timeout(timeout),
        Form::Past => event.wait_deadline(Instant::now()),
    }
}

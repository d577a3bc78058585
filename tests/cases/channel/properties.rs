//! Halves compared with two counts of handles and a list of items.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::prelude::*;
use queues::{Queue, TryGetError, TryPutError, channel_returning};
use tests::properties::config;

#[derive(Clone, Copy, Debug)]
enum Call {
    Put,
    Get,
    CloneSender,
    CloneReceiver,
    DropSender,
    DropReceiver,
    Shutdown,
}

#[test]
fn the_last_handle_of_a_side_ends_the_other_and_each_item_ends_up_in_one_place() {
    let call = prop_oneof![
        30 => Just(Call::Put),
        20 => Just(Call::Get),
        6 => Just(Call::CloneSender),
        6 => Just(Call::CloneReceiver),
        5 => Just(Call::DropSender),
        5 => Just(Call::DropReceiver),
        1 => Just(Call::Shutdown),
    ];
    proptest!(config(), |(capacity in 1_usize..4, calls in vec(call, 0..60))| {
        let back = Arc::new(Mutex::new(Vec::new()));
        let (sender, receiver) = channel_returning(Queue::bounded(capacity), {
            let back = Arc::clone(&back);
            move |rest: Vec<usize>| back.lock().unwrap().extend(rest)
        });
        let (mut senders, mut receivers) = (vec![sender], vec![receiver]);
        let (mut inside, mut ended, mut expected_back) = (VecDeque::new(), false, Vec::new());
        for (item, call) in calls.into_iter().enumerate() {
            match call {
                Call::Put => if let Some(sender) = senders.last() {
                    let expected = if ended {
                        Err(TryPutError::Shutdown(item))
                    } else if inside.len() == capacity {
                        Err(TryPutError::Full(item))
                    } else {
                        inside.push_back(item);
                        Ok(())
                    };
                    prop_assert_eq!(sender.try_put(item), expected);
                },
                Call::Get => if let Some(receiver) = receivers.last() {
                    let none = if ended { TryGetError::Shutdown } else { TryGetError::Empty };
                    prop_assert_eq!(receiver.try_get(), inside.pop_front().ok_or(none));
                },
                Call::CloneSender => senders.extend(senders.last().cloned()),
                Call::CloneReceiver => receivers.extend(receivers.last().cloned()),
                Call::DropSender => ended |= senders.pop().is_some() && senders.is_empty(),
                Call::DropReceiver => if receivers.pop().is_some() && receivers.is_empty() {
                    ended = true;
                    expected_back.extend(inside.drain(..));
                },
                Call::Shutdown => if let Some(sender) = senders.last() {
                    sender.shutdown();
                    ended = true;
                },
            }
            prop_assert_eq!(&*back.lock().unwrap(), &expected_back);
            for sender in &senders {
                prop_assert_eq!((sender.is_shutdown(), sender.len()), (ended, inside.len()));
            }
            for receiver in &receivers {
                prop_assert_eq!((receiver.is_shutdown(), receiver.len()), (ended, inside.len()));
            }
        }
    });
}

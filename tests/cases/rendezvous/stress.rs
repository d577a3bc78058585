//! Many threads at a rendezvous, most of which lose patience now and then.

use std::thread;

use queues::{GetTimeoutError, PutTimeoutError, Rendezvous};
use tests::{Item, Ledger, leak, patience, watched};

const PUTTERS: usize = 4;
const GETTERS: usize = 3;
const ITEMS: usize = 1_000;

#[test]
fn each_item_is_taken_once_however_often_both_sides_give_up() {
    watched(|test| {
        let ledger = Ledger::new(PUTTERS, ITEMS);
        let queue: &Rendezvous<Item> = leak(Rendezvous::new());
        let putters = test.crew(PUTTERS, move |putter| {
            for number in 0..ITEMS {
                let mut item = ledger.item(putter, number);
                let mut tries = number;
                loop {
                    match queue.put_timeout(item, patience(tries)) {
                        Ok(()) => break,
                        Err(PutTimeoutError::Timeout(back)) => item = back,
                        Err(PutTimeoutError::Shutdown(_)) => panic!("not before all is put"),
                    }
                    tries += 1;
                }
            }
        });
        let getters = test.crew(GETTERS, move |getter| {
            let mut last = [None; PUTTERS];
            let mut taken = 0;
            loop {
                match queue.get_timeout(patience(taken + getter)) {
                    Ok(item) => {
                        let (putter, number) = (item.producer(), item.number());
                        assert!(last[putter] < Some(number), "out of order");
                        last[putter] = Some(number);
                        item.take();
                        taken += 1;
                    }
                    Err(GetTimeoutError::Timeout) => thread::yield_now(),
                    Err(GetTimeoutError::Shutdown) => return taken,
                }
            }
        });
        putters.join();
        queue.shutdown();
        assert_eq!(getters.join().iter().sum::<usize>(), PUTTERS * ITEMS);
        assert_eq!(ledger.close(), (PUTTERS * ITEMS, 0));
    });
}

#[test]
fn a_shutdown_in_the_middle_loses_no_item_and_leaves_no_thread() {
    const ROUNDS: usize = 200;
    watched(|test| {
        for round in 0..ROUNDS {
            let ledger = Ledger::new(PUTTERS, 8);
            let queue: &Rendezvous<Item> = leak(Rendezvous::new());
            let threads = test.crew(PUTTERS + GETTERS + 1, move |thread| {
                if thread < PUTTERS {
                    (0..8).filter(|&number| queue.put(ledger.item(thread, number)).is_ok()).count()
                } else if thread < PUTTERS + GETTERS {
                    queue.iter().map(Item::take).count()
                } else {
                    (0..round % 40).for_each(|_| thread::yield_now());
                    queue.shutdown();
                    0
                }
            });
            let counts = threads.join();
            let put: usize = counts[..PUTTERS].iter().sum();
            let got: usize = counts[PUTTERS..].iter().sum();
            assert_eq!(put, got, "each side knows what has changed hands");
            assert_eq!(ledger.close(), (got, PUTTERS * 8 - got));
        }
    });
}

//! Many items in one call.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{Ring, SHORT, full};
use crate::error::{GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError};

#[test]
#[cfg_attr(miri, ignore = "too long for an interpreter")]
fn batches_keep_their_order_while_the_laps_wrap_around() {
    for capacity in [1, 2, 3, 4, 5, 7, 8] {
        let ring = Ring::bounded_in_its_last_lap(capacity);
        let (mut put, mut got) = (0, Vec::new());
        for size in (0..=capacity).cycle().take(5 * capacity) {
            ring.try_put_many((put..put + size).collect()).unwrap();
            put += size;
            while !ring.is_empty() {
                let before = got.len();
                let taken = ring.try_get_many(&mut got, 2).unwrap();
                assert!((1..=2).contains(&taken) && got.len() == before + taken);
            }
            assert_eq!(ring.try_get_many(&mut got, 2), Err(TryGetError::Empty));
        }
        assert!(got.into_iter().eq(0..put));
    }
}

#[test]
fn what_finds_no_room_comes_back_in_order() {
    let ring = Ring::bounded(3);
    assert_eq!(ring.try_put_many(vec![0, 1, 2, 3, 4]), Err(TryPutError::Full(vec![3, 4])));
    assert_eq!(ring.try_put_many(vec![5, 6]), Err(TryPutError::Full(vec![5, 6])));
    for timeout in [Duration::ZERO, SHORT] {
        assert_eq!(
            ring.put_many_timeout(vec![5, 6], timeout),
            Err(PutTimeoutError::Timeout(vec![5, 6]))
        );
    }
    let mut got = vec![9];
    assert_eq!(ring.get_many(&mut got, 2), Ok(2));
    assert_eq!(got, [9, 0, 1]);
    assert_eq!(ring.put_many_timeout(vec![5, 6, 7], SHORT), Err(PutTimeoutError::Timeout(vec![7])));
    ring.shutdown();
    assert_eq!(ring.try_put_many(vec![8]), Err(TryPutError::Shutdown(vec![8])));
    assert_eq!(ring.put_many(vec![8, 9]), Err(PutError::Shutdown(vec![8, 9])));
    assert_eq!(ring.try_get_many(&mut got, 9), Ok(3));
    assert_eq!(got, [9, 0, 1, 2, 5, 6]);
    assert_eq!(ring.try_get_many(&mut got, 9), Err(TryGetError::Shutdown));
}

#[test]
fn a_batch_of_none_is_there_at_once() {
    let ring = full(2);
    let mut none = Vec::new();
    assert_eq!(ring.try_put_many(Vec::new()), Ok(()));
    assert_eq!(ring.put_many(Vec::new()), Ok(()));
    assert_eq!(ring.try_get_many(&mut none, 0), Ok(0));
    assert_eq!(ring.get_many_timeout(&mut none, 0, SHORT), Ok(0));
    assert_eq!((none.len(), ring.len()), (0, 2));
    let empty = Ring::<u8>::bounded(1);
    assert_eq!(empty.get_many_timeout(&mut Vec::new(), 1, SHORT), Err(GetTimeoutError::Timeout));
}

/// More than there are places, so both sides wait for each other; and no call gives more than was
/// asked for.
#[test]
#[cfg_attr(miri, ignore = "too long for an interpreter")]
fn batches_larger_than_the_ring_pass_through_it() {
    let ring = Arc::new(Ring::bounded(3));
    let producer = thread::spawn({
        let ring = Arc::clone(&ring);
        move || {
            (0..50)
                .for_each(|batch| ring.put_many((batch * 20..batch * 20 + 20).collect()).unwrap())
        }
    });
    let mut got = Vec::new();
    while got.len() < 1000 {
        let (asked, before) = (1 + got.len() % 3, got.len());
        let taken = match got.len() % 2 {
            0 => ring.get_many(&mut got, asked).unwrap(),
            _ => ring.try_get_many(&mut got, asked).unwrap_or(0),
        };
        assert!(taken <= asked && got.len() == before + taken, "{taken} of {asked} came");
    }
    producer.join().unwrap();
    assert!(got.into_iter().eq(0..1000));
}

//! Our queues and others' behind one trait.

use std::cell::UnsafeCell;
use std::hint;
use std::sync::mpsc;
use std::thread;

use queues::{PriorityQueue, Queue, Ring, Stack};

/// Something that items go through.
pub(crate) trait Channel: Send + Sync + 'static {
    fn new(capacity: usize) -> Self;
    fn put(&self, item: u64);
    fn get(&self) -> u64;
}

macro_rules! ours {
    ($($queue:ident),*) => {$(
        impl Channel for $queue<u64> {
            fn new(capacity: usize) -> Self {
                $queue::bounded(capacity)
            }

            #[inline]
            fn put(&self, item: u64) {
                assert!($queue::put(self, item).is_ok());
            }

            #[inline]
            fn get(&self) -> u64 {
                $queue::get(self).expect("it is not shut down")
            }
        }
    )*};
}
ours!(Ring, Queue, Stack, PriorityQueue);

macro_rules! peers {
    ($($peer:ident($sender:ty, $receiver:ty): $new:expr;)*) => {$(
        pub(crate) struct $peer($sender, $receiver);

        impl Channel for $peer {
            fn new(capacity: usize) -> Self {
                let (sender, receiver) = $new(capacity);
                Self(sender, receiver)
            }

            #[inline]
            fn put(&self, item: u64) {
                assert!(self.0.send(item).is_ok());
            }

            #[inline]
            fn get(&self) -> u64 {
                self.1.recv().expect("the sender is alive")
            }
        }
    )*};
}
peers! {
    Crossbeam(crossbeam_channel::Sender<u64>, crossbeam_channel::Receiver<u64>):
        crossbeam_channel::bounded;
    Flume(flume::Sender<u64>, flume::Receiver<u64>): flume::bounded;
    Kanal(kanal::Sender<u64>, kanal::Receiver<u64>): kanal::bounded;
    Crossfire(
        crossfire::MTx<crossfire::mpmc::Array<u64>>,
        crossfire::MRx<crossfire::mpmc::Array<u64>>
    ): crossfire::mpmc::bounded_blocking;
    Std(mpsc::SyncSender<u64>, mpsc::Receiver<u64>): mpsc::sync_channel;
}

// SAFETY: a receiver may be sent but not shared; it takes part only where one thread gets.
unsafe impl Sync for Std {}

/// rapidfire's is for async code: `pollster::block_on` awaits a call that would wait.
pub(crate) struct Rapidfire(rapidfire::Sender<u64>, rapidfire::Receiver<u64>);

impl Channel for Rapidfire {
    fn new(capacity: usize) -> Self {
        let (sender, receiver) = rapidfire::bounded(capacity);
        Self(sender, receiver)
    }

    #[inline]
    fn put(&self, item: u64) {
        if self.0.try_send(item).is_err() {
            pollster::block_on(self.0.send(item)).expect("the receiver is alive");
        }
    }

    #[inline]
    fn get(&self) -> u64 {
        self.1
            .try_recv()
            .unwrap_or_else(|_| pollster::block_on(self.1.recv()).expect("the sender is alive"))
    }
}

/// rtrb's is for one putter and one getter, and never blocks: a call that would wait looks again,
/// and yields now and then, as its users' programs do.
pub(crate) struct Rtrb(UnsafeCell<rtrb::Producer<u64>>, UnsafeCell<rtrb::Consumer<u64>>);

// SAFETY: it takes part only where one thread puts and one gets, and each has an end to itself.
unsafe impl Sync for Rtrb {}

impl Rtrb {
    /// Looks between two yields.
    const LOOKS: u32 = 64;

    #[inline]
    fn until<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
        loop {
            for _ in 0..Self::LOOKS {
                if let Some(done) = attempt() {
                    return done;
                }
                hint::spin_loop();
            }
            thread::yield_now();
        }
    }
}

/// A channel that takes and gives many items in a call.
pub(crate) trait Batches: Channel {
    /// All of them, however long it takes.
    fn put_many(&self, items: Vec<u64>);
    /// As many as are there, up to `most`; at least one.
    fn get_many(&self, into: &mut Vec<u64>, most: usize);
}

macro_rules! in_batches {
    ($($queue:ident),*) => {$(
        impl Batches for $queue<u64> {
            #[inline]
            fn put_many(&self, items: Vec<u64>) {
                assert!($queue::put_many(self, items).is_ok());
            }

            #[inline]
            fn get_many(&self, into: &mut Vec<u64>, most: usize) {
                assert!($queue::get_many(self, into, most).is_ok());
            }
        }
    )*};
}
in_batches!(Ring, Queue);

impl Batches for Rtrb {
    #[inline]
    fn put_many(&self, items: Vec<u64>) {
        // SAFETY: one thread puts.
        let producer = unsafe { &mut *self.0.get() };
        let mut left = &items[..];
        while !left.is_empty() {
            let put = Self::until(|| {
                let (put, rest) = producer.push_partial_slice(left);
                (!put.is_empty()).then_some(left.len() - rest.len())
            });
            left = &left[put..];
        }
    }

    #[inline]
    fn get_many(&self, into: &mut Vec<u64>, most: usize) {
        // SAFETY: one thread gets.
        let consumer = unsafe { &mut *self.1.get() };
        let there = Self::until(|| Some(consumer.slots()).filter(|&slots| slots > 0));
        let chunk = consumer.read_chunk(there.min(most)).expect("they are there");
        into.extend(chunk);
    }
}

impl Channel for Rtrb {
    fn new(capacity: usize) -> Self {
        let (producer, consumer) = rtrb::RingBuffer::new(capacity);
        Self(UnsafeCell::new(producer), UnsafeCell::new(consumer))
    }

    #[inline]
    fn put(&self, item: u64) {
        // SAFETY: one thread puts.
        let producer = unsafe { &mut *self.0.get() };
        Self::until(|| producer.push(item).ok());
    }

    #[inline]
    fn get(&self) -> u64 {
        // SAFETY: one thread gets.
        let consumer = unsafe { &mut *self.1.get() };
        Self::until(|| consumer.pop().ok())
    }
}

//! Ours and the others' queues behind one trait.
#![allow(dead_code)] // each bench uses a part

use std::sync::mpsc;

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
                $queue::get(self).expect("nobody shuts it down")
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

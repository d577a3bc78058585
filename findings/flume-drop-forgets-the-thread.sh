#!/usr/bin/env bash
# flume: a dropped recv_async passes its call to a thread, which sleeps on beside the item, off the list
#
# Guess that fails: when a receiving future is dropped after it was called, the next receiver in line gets the item; and a
#   thread that still waits in recv gets the next item.
# Version: flume 0.12.0.
# Behaviour: the drop passes the call on by waking the next sleeper and taking it off the list. A future then looks into the
#   queue; a thread looks only into its own slot, into which no item was put, and sleeps again. No later send finds it. A
#   recv_timeout gets the item when its time is up, since it looks into the queue then; a recv waits until all senders are
#   gone. With threads alone, or futures alone, the item arrives at once.
# Seen (flume 0.12.0):
#   next is a future: called at once
#   next is a thread: got 1 after its timeout of 2 s; 2 items had been sent by then
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "drops"
version = "0.1.0"
edition = "2021"

[dependencies]
flume = "=0.12.0"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

struct Called(AtomicBool);

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

fn waits<F: Future>(future: Pin<&mut F>, waker: &Waker) {
    assert!(future.poll(&mut Context::from_waker(waker)).is_pending());
}

const PATIENCE: Duration = Duration::from_secs(2);

fn main() {
    // The next in line is a future.
    let (sender, receiver) = flume::unbounded();
    let mut first = Box::pin(receiver.recv_async());
    let mut second = Box::pin(receiver.recv_async());
    let called = Arc::new(Called(AtomicBool::new(false)));
    waits(first.as_mut(), Waker::noop());
    waits(second.as_mut(), &Waker::from(Arc::clone(&called)));
    sender.send(1).unwrap();
    drop(first);
    assert!(called.0.load(SeqCst));
    println!("next is a future: called at once");

    // The next in line is a thread.
    let (sender, receiver) = flume::unbounded();
    let mut first = Box::pin(receiver.recv_async());
    waits(first.as_mut(), Waker::noop());
    let thread = thread::spawn({
        let receiver = receiver.clone();
        move || {
            let began = Instant::now();
            (receiver.recv_timeout(PATIENCE), began.elapsed())
        }
    });
    thread::sleep(Duration::from_millis(500)); // it waits now
    sender.send(1).unwrap();
    drop(first);
    thread::sleep(Duration::from_millis(200));
    sender.send(2).unwrap();
    let (got, after) = thread.join().unwrap();
    let got = got.expect("the behaviour has changed: there is no item at the end");
    assert!(after >= PATIENCE, "the behaviour has changed: it got {got} after {after:?}");
    println!("next is a thread: got {got} after its timeout of 2 s; 2 items had been sent by then");
}
RUST
cd "$folder"
cargo run --quiet

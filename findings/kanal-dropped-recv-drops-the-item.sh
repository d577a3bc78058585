#!/usr/bin/env bash
# kanal: a recv future that is dropped after a send takes the item with it, and the send had said Ok
#
# Guess that fails: an item that was sent stays in the channel until a receiver has returned it, as in async-channel, flume
#   and tokio; so a recv in a `select!` or with a timeout loses nothing.
# Version: kanal 0.1.1.
# Behaviour: a send hands the item to the first future that waits, not to the channel. If that future is dropped before it is
#   polled again (its timer was first, another branch was ready), the item is dropped with it. No other receiver gets it, and the
#   sender has been told Ok.
# Seen (kanal 0.1.1):
#   sent: Ok(true)
#   then the future that waited was dropped: 1 item was dropped, 0 are in the channel, the next try_recv says there is none
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "receives"
version = "0.1.0"
edition = "2021"

[dependencies]
kanal = "=0.1.1"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Waker};

static DROPPED: AtomicUsize = AtomicUsize::new(0);

struct Item;

impl Drop for Item {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, SeqCst);
    }
}

fn main() {
    let (sender, receiver) = kanal::bounded_async(1);
    let mut first = Box::pin(receiver.recv());
    assert!(first.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let sent = sender.try_send(Item);
    println!("sent: {sent:?}");
    assert_eq!(sent, Ok(true));
    drop(first);
    let (dropped, left) = (DROPPED.load(SeqCst), receiver.len());
    let next = receiver.try_recv().expect("it is open");
    let says = if next.is_none() { "says there is none" } else { "gets one" };
    println!(
        "then the future that waited was dropped: {dropped} item was dropped, {left} are in the channel, \
         the next try_recv {says}"
    );
    assert_eq!((dropped, left), (1, 0), "the behaviour has changed: the item is kept");
    assert!(next.is_none(), "the behaviour has changed: another receiver gets it");
}
RUST
cd "$folder"
cargo run --quiet

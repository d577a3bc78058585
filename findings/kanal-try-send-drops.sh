#!/usr/bin/env bash
# kanal: try_send on a full channel answers Ok(false), and the item is gone
#
# Guess that fails: a try_send that does not send gives the item back, as those of std, crossbeam, flume and tokio do.
# Version: kanal 0.1.1.
# Behaviour: only a closed channel is an error, and full is `Ok(false)`. In both cases the item is dropped (its page says so, in a
#   sentence). So the usual loop "try, and if it is full do something else with it" cannot be written; `try_send_option`,
#   which takes a `&mut Option<T>`, leaves the item there.
# Seen (kanal 0.1.1):
#   first: Ok(true)
#   second: Ok(false), and 1 item was dropped
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "tries"
version = "0.1.0"
edition = "2021"

[dependencies]
kanal = "=0.1.1"
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

static DROPPED: AtomicUsize = AtomicUsize::new(0);

struct Item;

impl Drop for Item {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, SeqCst);
    }
}

fn main() {
    let (sender, _receiver) = kanal::bounded(1);
    println!("first: {:?}", sender.try_send(Item));
    let second = sender.try_send(Item);
    let dropped = DROPPED.load(SeqCst);
    println!("second: {second:?}, and {dropped} item was dropped");
    assert_eq!(second, Ok(false), "the behaviour has changed: full is something else");
    assert_eq!(dropped, 1, "the behaviour has changed: the item lives");
}
RUST
cd "$folder"
cargo run --quiet

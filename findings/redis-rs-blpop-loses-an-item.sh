#!/usr/bin/env bash
# redis-rs: a BLPOP that may wait 5 s fails after half a second, and takes the next item all the same
#
# Guess that fails: the time in `blpop(key, 5.0)` is how long the call waits, and a call that failed takes nothing.
# Version: redis 1.8.1 with tokio 1.54.1, on the redis-server of this system.
# Behaviour: a multiplexed connection has a time limit of its own for every answer, 500 ms unless the program sets another. A
#   blocking command gets no exception: it fails with "timed out". The server does not learn of it and goes on waiting for
#   this client; the next item that is put is popped for it, and the answer is thrown away. Such a consumer needs a
#   connection whose limit is longer than the command's (`AsyncConnectionConfig::set_response_timeout`), or a claim that
#   leaves the item on the server (LMOVE, a script).
# Seen (redis 1.8.1, redis-server 7.0.15):
#   blpop of 5 s: Err(timed out), before a second was over
#   one item put, then 0 in the list, and the consumer got nothing
set -euo pipefail

command -v redis-server > /dev/null || { echo "skipped: no redis-server"; exit 0; }
folder=$(mktemp -d)
trap 'kill "${server:-}" 2> /dev/null || true; rm -rf "$folder"' EXIT
redis-server --port 0 --unixsocket "$folder/socket" --save '' > /dev/null & server=$!
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "pops"
version = "0.1.0"
edition = "2021"

[dependencies]
redis = { version = "=1.8.1", features = ["tokio-comp"] }
tokio = { version = "=1.54.1", features = ["macros", "rt-multi-thread"] }
TOML
cat > "$folder/src/main.rs" <<'RUST'
use redis::{AsyncCommands, RedisResult};
use std::time::{Duration, Instant};

#[tokio::main]
async fn main() -> RedisResult<()> {
    let client = redis::Client::open(std::env::args().nth(1).unwrap())?;
    let mut consumer = client.get_multiplexed_async_connection().await?;
    let mut producer = client.get_multiplexed_async_connection().await?;

    let started = Instant::now();
    let popped: RedisResult<Option<(String, String)>> = consumer.blpop("items", 5.0).await;
    assert!(started.elapsed() < Duration::from_secs(1), "the behaviour has changed: it waits");
    assert!(popped.is_err(), "the behaviour has changed: {popped:?}");
    println!("blpop of 5 s: {popped:?}, before a second was over");

    let _: usize = producer.rpush("items", "one").await?;
    let left: usize = producer.llen("items").await?;
    let next: Option<(String, String)> = consumer.blpop("items", 0.1).await?;
    assert_eq!((left, next), (0, None), "the behaviour has changed: the item is there");
    println!("one item put, then {left} in the list, and the consumer got nothing");
    Ok(())
}
RUST
cd "$folder"
until [ -S "$folder/socket" ]; do sleep 0.05; done
cargo run --quiet -- "redis+unix://$folder/socket"

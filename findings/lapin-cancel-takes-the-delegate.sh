#!/usr/bin/env bash
# lapin: what arrives while a consumer is being cancelled is given to no one, and its delegate hears of no end.
#
# Guess that fails: a `ConsumerDelegate` gets every message that the server delivers, and `Ok(None)` when its consumer is cancelled,
#   as the stream of a consumer does. So a program that cancels its consumer, waits for the answer, and gives back what its delegate
#   has got, has given everything back.
# Version: lapin 4.12.3, RabbitMQ 3.10.8.
# Behaviour: `basic_cancel` takes the delegate away when the call begins (`start_cancel`). Messages that arrive from then until the
#   server has answered go to the consumer's internal channel, which only the stream reads. They stay unacknowledged at the
#   server, which delivers them to no other consumer until the channel is closed. The `Ok(None)` goes to that channel too.
#   A consumer that is read as a stream loses nothing and ends with `None`.
# Seen:
#   delegate: 20000 messages, 19500 of them still in the queue, 15 given to the delegate, 485 to no one; told of the end: false
#   stream: 20000 messages, 19200 of them still in the queue, 800 read from the stream, 0 to no one; told of the end: true
set -euo pipefail

folder=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || { kill -KILL -- "-$server"; wait "$server"; } 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
port=$(free) registry=$(free) between=$(free)
echo '[].' > "$folder/plugins"
set -m
(
    cd "$folder"
    export HOME="$folder" ERL_EPMD_PORT="$registry" ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_NODENAME="probe$port@localhost"
    export RABBITMQ_MNESIA_BASE="$folder/mnesia" RABBITMQ_LOG_BASE="$folder/log" RABBITMQ_LOGS=- RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
    export RABBITMQ_NODE_PORT="$port" RABBITMQ_DIST_PORT="$between" RABBITMQ_ENABLED_PLUGINS_FILE="$folder/plugins"
    export RABBITMQ_CONFIG_FILE="$folder/none" RABBITMQ_CONF_ENV_FILE="$folder/none" RABBITMQ_PID_FILE="$folder/pid"
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
    epmd -port "$registry" -address 127.0.0.1 &
    exec /usr/lib/rabbitmq/bin/rabbitmq-server
) > "$folder/server.log" 2>&1 &
server=$!
set +m
mkdir "$folder/src"
cat > "$folder/Cargo.toml" <<'TOML'
[package]
name = "probe"
version = "0.1.0"
edition = "2021"

[dependencies]
futures-lite = "=2.6.1"
lapin = { version = "=4.12.3", default-features = false, features = ["default-runtime"] }
tokio = { version = "=1.54.1", features = ["rt-multi-thread", "time"] }

[workspace]
TOML
cat > "$folder/src/main.rs" <<'RUST'
use std::future::{ready, Future};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::Arc;
use std::time::Duration;

use futures_lite::StreamExt;
use lapin::message::DeliveryResult;
use lapin::options::*;
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ConsumerDelegate};

const MESSAGES: usize = 20_000;

#[derive(Clone, Default)]
struct Seen(Arc<(AtomicUsize, AtomicBool)>);

impl Seen {
    fn note(&self, delivery: DeliveryResult) {
        match delivery {
            Ok(Some(_)) => drop(self.0 .0.fetch_add(1, SeqCst)),
            Ok(None) => self.0 .1.store(true, SeqCst),
            Err(error) => panic!("{error}"),
        }
    }
}

impl ConsumerDelegate for Seen {
    fn on_new_delivery(&self, delivery: DeliveryResult) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.note(delivery);
        Box::pin(ready(()))
    }
}

async fn fill(channel: &Channel, queue: &str) -> lapin::Result<()> {
    channel.queue_declare(queue.into(), QueueDeclareOptions::default(), FieldTable::default()).await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut confirms = Vec::new();
    for _ in 0..MESSAGES {
        let options = BasicPublishOptions::default();
        confirms.push(channel.basic_publish("".into(), queue.into(), options, b"x", BasicProperties::default()).await?);
    }
    for confirm in confirms {
        confirm.await?;
    }
    Ok(())
}

/// Prints where the messages are; returns how many were given to no one, and whether the end was told.
async fn count(channel: &Channel, queue: &str, seen: &Seen, how: &str) -> lapin::Result<(usize, bool)> {
    let mut last = usize::MAX;
    while last != seen.0 .0.load(SeqCst) {
        last = seen.0 .0.load(SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await; // all that is on its way arrives
    }
    let look = QueueDeclareOptions { passive: true, ..Default::default() };
    let ready = channel.queue_declare(queue.into(), look, FieldTable::default()).await?.message_count() as usize;
    let (lost, told) = (MESSAGES - ready - last, seen.0 .1.load(SeqCst));
    println!("{MESSAGES} messages, {ready} of them still in the queue, {last} {how}, {lost} to no one; told of the end: {told}");
    Ok((lost, told))
}

async fn run(url: &str) -> lapin::Result<bool> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    fill(&channel, "delegate").await?;
    let seen = Seen::default();
    let consumer = channel.basic_consume("delegate".into(), "".into(), BasicConsumeOptions::default(), FieldTable::default()).await?;
    consumer.set_delegate(seen.clone());
    while seen.0 .0.load(SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    channel.basic_cancel(consumer.tag(), BasicCancelOptions::default()).await?;
    print!("delegate: ");
    let (lost, told) = count(&channel, "delegate", &seen, "given to the delegate").await?;

    let channel = connection.create_channel().await?;
    fill(&channel, "stream").await?;
    let seen = Seen::default();
    let mut consumer = channel.basic_consume("stream".into(), "".into(), BasicConsumeOptions::default(), FieldTable::default()).await?;
    seen.note(consumer.next().await.transpose());
    channel.basic_cancel(consumer.tag(), BasicCancelOptions::default()).await?;
    while let Some(delivery) = consumer.next().await {
        seen.note(delivery.map(Some));
    }
    seen.note(Ok(None));
    print!("stream: ");
    let (not_read, end) = count(&channel, "stream", &seen, "read from the stream").await?;
    Ok(lost > 0 && !told && not_read == 0 && end)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let as_seen = runtime.block_on(run(&std::env::args().nth(1).unwrap())).unwrap();
    std::process::exit(if as_seen { 0 } else { 1 });
}
RUST
cargo build -q --manifest-path "$folder/Cargo.toml"
until (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null; do sleep 0.1; done
"$folder/target/debug/probe" "amqp://guest:guest@127.0.0.1:$port/%2f"

//! A worker for tests to kill: it notes each task's number in a list when it has done it.
//!
//! `BROKER` is the address of a Redis server, or of a RabbitMQ server; then `BACKEND` is the Redis
//! server with the list.

use std::sync::Arc;
use std::time::Duration;

use tasks::{App, Redis, TaskOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("BROKER")?;
    let list = std::env::var("BACKEND").unwrap_or_else(|_| url.clone());
    let results = Redis::open(&list)?.visibility_timeout(Duration::from_secs(2))?;
    let (app, most) = if url.starts_with("redis") {
        // Killed on purpose, so no task counts as the cause, however often.
        (App::new(results), u32::MAX)
    } else {
        (App::with_results(amqp(&url)?, Arc::new(results)), 3)
    };
    let client = redis::Client::open(list)?;
    app.task_with(
        "tasks.mark",
        TaskOptions::new().ignore_result(true),
        move |_, (n, list): (i64, String)| {
            std::thread::sleep(Duration::from_millis(2)); // its work, in which it is killed
            let mut connection = client.get_connection()?;
            redis::cmd("RPUSH").arg(list).arg(n).query::<()>(&mut connection)?;
            Ok(())
        },
    )?;
    app.task("tasks.die", |_, ()| -> Result<(), _> { std::process::exit(7) })?;
    app.worker().concurrency(4).max_redeliveries(most).start()?.wait();
    Ok(())
}

#[cfg(feature = "amqp")]
fn amqp(url: &str) -> Result<Arc<dyn tasks::Broker>, tasks::Error> {
    Ok(Arc::new(tasks::Amqp::open(url)?))
}

#[cfg(not(feature = "amqp"))]
fn amqp(url: &str) -> Result<Arc<dyn tasks::Broker>, tasks::Error> {
    Err(tasks::Error::Broker(format!("{url}: built without the feature `amqp`")))
}

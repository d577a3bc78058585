//! A worker for tests to kill: it notes each task's number in a list when it has done it.

use std::time::Duration;

use tasks::{App, Redis, TaskOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::var("BROKER")?;
    // Killed on purpose, so no task counts as the cause, however often.
    let redis = Redis::open(&url)?.visibility_timeout(Duration::from_secs(2))?;
    let app = App::new(redis);
    let client = redis::Client::open(url)?;
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
    app.worker().concurrency(4).max_redeliveries(u32::MAX).start()?.wait();
    Ok(())
}

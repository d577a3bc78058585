//! Real servers for tests: each on a free port of this machine, in a folder of its own, and ended
//! with the test.
//!
//! Where a server is not installed, its `start` prints a line that says so and returns `None`, and
//! the test is over.
//!
//! | module       | idea                          |
//! | ------------ | ----------------------------- |
//! | [`redis`]    | `redis-server`                |
//! | [`rabbitmq`] | `rabbitmq-server`             |
//! | [`celery`]   | Python's workers and programs |
//! | [`until`]    | waits for a state             |

#![allow(clippy::missing_panics_doc)] // a test panics when it fails

pub mod celery;
pub mod rabbitmq;
pub mod redis;
mod waiting;

pub use celery::{Python, python};
pub use rabbitmq::RabbitMq;
pub use redis::Redis;
pub use waiting::{LONG, number, until};

#[cfg(test)]
use watchdog as _;

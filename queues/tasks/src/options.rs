//! How a task is sent and run: options for one call, and for all calls of a task.

use std::time::Duration;

use crate::error::Error;
use crate::signature::Signature;

/// For one call: [`App::apply_async`](crate::App::apply_async). Celery's execution options.
///
/// ```
/// use std::time::Duration;
/// use tasks::SendOptions;
///
/// let tonight = SendOptions::new().countdown(Duration::from_secs(3600)).queue("nightly").priority(9);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct SendOptions {
    pub(crate) id: Option<String>,
    pub(crate) queue: Option<String>,
    pub(crate) priority: Option<u8>,
    pub(crate) countdown: Option<Duration>,
    pub(crate) eta: Option<std::time::SystemTime>,
    pub(crate) expires: Option<Duration>,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) soft_time_limit: Option<Duration>,
    pub(crate) ignore_result: Option<bool>,
    pub(crate) link: Vec<Signature>,
    pub(crate) link_error: Vec<Signature>,
}

impl SendOptions {
    /// The defaults: the task's own queue, at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a chosen id. Two calls of one id share a result.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// To this queue.
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.queue = Some(name.into());
        self
    }

    /// 0 to 9; 0 is first on Redis and in process (in steps of three), last on RabbitMQ.
    pub fn priority(mut self, priority: u8) -> Self {
        self.priority = Some(priority);
        self
    }

    /// Delays it. A worker claims it and holds it until then.
    pub fn countdown(mut self, delay: Duration) -> Self {
        self.countdown = Some(delay);
        self
    }

    /// Not before then.
    pub fn eta(mut self, time: std::time::SystemTime) -> Self {
        self.eta = Some(time);
        self
    }

    /// Expires it if it has not begun within this time; then it counts as revoked.
    pub fn expires(mut self, after: Duration) -> Self {
        self.expires = Some(after);
        self
    }

    /// The worker gives up on it after this time.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// The task is notified after this time, and may end in order.
    pub fn soft_time_limit(mut self, limit: Duration) -> Self {
        self.soft_time_limit = Some(limit);
        self
    }

    /// Whether its result is discarded.
    pub fn ignore_result(mut self, ignore: bool) -> Self {
        self.ignore_result = Some(ignore);
        self
    }

    /// Called with the result.
    pub fn link(mut self, next: Signature) -> Self {
        self.link.push(next);
        self
    }

    /// Called with the task's id if it fails.
    pub fn link_error(mut self, next: Signature) -> Self {
        self.link_error.push(next);
        self
    }
}

/// For all calls of a task: [`App::task_with`](crate::App::task_with). Celery's task options.
#[derive(Clone, Debug)]
#[must_use]
pub struct TaskOptions {
    pub(crate) queue: Option<String>,
    pub(crate) priority: u8,
    pub(crate) retry: RetryPolicy,
    pub(crate) retry_on_error: bool,
    pub(crate) rate_limit: Option<Rate>,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) soft_time_limit: Option<Duration>,
    pub(crate) acks_late: bool,
    pub(crate) ignore_result: bool,
    pub(crate) track_started: bool,
}

impl Default for TaskOptions {
    fn default() -> Self {
        Self {
            queue: None,
            priority: 0,
            retry: RetryPolicy::default(),
            retry_on_error: false,
            rate_limit: None,
            time_limit: None,
            soft_time_limit: None,
            acks_late: true,
            ignore_result: false,
            track_started: false,
        }
    }
}

impl TaskOptions {
    /// The defaults: acknowledged when done, not retried, no limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its queue, unless a call names another.
    pub fn queue(mut self, name: impl Into<String>) -> Self {
        self.queue = Some(name.into());
        self
    }

    /// Its priority, unless a call has another.
    pub fn priority(mut self, priority: u8) -> Self {
        self.priority = priority;
        self
    }

    /// How it is retried.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Whether every failure is retried. Without it only a failure that asks for it is. _Python_:
    /// `autoretry_for=(Exception,)`.
    pub fn retry_on_error(mut self, on: bool) -> Self {
        self.retry_on_error = on;
        self
    }

    /// Limits how many begin in a time, in each worker.
    pub fn rate_limit(mut self, rate: Rate) -> Self {
        self.rate_limit = Some(rate);
        self
    }

    /// A worker gives up on it after this time: the result is a failure, and another thread
    /// replaces the busy one. A thread cannot be killed; the task keeps what it holds until it
    /// returns.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// After this time [`Context::check`](crate::Context::check) returns an error, which the task
    /// passes on by `?`.
    pub fn soft_time_limit(mut self, limit: Duration) -> Self {
        self.soft_time_limit = Some(limit);
        self
    }

    /// Whether it is acknowledged when done (`true`, the default: a dying worker loses nothing, and
    /// a task may run twice) or before it begins (it never runs twice, and a dying worker loses
    /// it). Celery's default is the latter.
    pub fn acks_late(mut self, late: bool) -> Self {
        self.acks_late = late;
        self
    }

    /// Whether its results are discarded.
    pub fn ignore_result(mut self, ignore: bool) -> Self {
        self.ignore_result = ignore;
        self
    }

    /// Whether [`State::Started`](crate::State::Started) is stored when it begins.
    pub fn track_started(mut self, track: bool) -> Self {
        self.track_started = track;
        self
    }
}

/// How often a task is retried, and how long it waits before each retry: longer each time, with a
/// random part.
///
/// ```text
/// wait before retry n = random(0 … min(first × factor^n, most))      with jitter, else the upper end
/// ```
///
/// Why random? Otherwise a thousand tasks that a server refused at one moment would all come back
/// at one moment. _Source_: Brooker, _Exponential Backoff and Jitter_ (AWS Architecture Blog,
/// 2015); _Python_: `retry_backoff`.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct RetryPolicy {
    pub(crate) max: Option<u32>,
    pub(crate) first: Duration,
    pub(crate) factor: f64,
    pub(crate) most: Duration,
    pub(crate) jitter: bool,
}

/// Three retries, after 1 s and then twice as long each time, at most 10 minutes, with jitter.
impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max: Some(3),
            first: Duration::from_secs(1),
            factor: 2.0,
            most: Duration::from_secs(600),
            jitter: true,
        }
    }
}

impl RetryPolicy {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the retries; then it fails.
    pub fn max(mut self, retries: u32) -> Self {
        self.max = Some(retries);
        self
    }

    /// Without a limit.
    pub fn unlimited(mut self) -> Self {
        self.max = None;
        self
    }

    /// The longest first wait.
    pub fn first(mut self, delay: Duration) -> Self {
        self.first = delay;
        self
    }

    /// The factor from one wait to the next; 1 for equal waits.
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// The longest wait.
    pub fn most(mut self, delay: Duration) -> Self {
        self.most = delay;
        self
    }

    /// Whether each wait is a random part of its full length.
    pub fn jitter(mut self, on: bool) -> Self {
        self.jitter = on;
        self
    }

    /// Whether there is another try after `retries` of them.
    pub(crate) fn allows(&self, retries: u32) -> bool {
        self.max.is_none_or(|max| retries < max)
    }

    /// The wait before retry number `retries` (the first is 0).
    pub(crate) fn delay(&self, retries: u32) -> Duration {
        let power = self.factor.max(1.0).powi(retries.min(1000) as i32);
        let longest = self.most.as_secs_f64();
        let delay = (self.first.as_secs_f64() * power).min(longest);
        let part = if self.jitter { fastrand::f64() } else { 1.0 };
        crate::clock::duration(delay * part).unwrap_or(self.most)
    }
}

/// A number in a time.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Rate {
    pub(crate) interval: Duration,
}

impl Rate {
    /// One in each such interval.
    ///
    /// # Errors
    ///
    /// If the interval is zero.
    pub fn every(interval: Duration) -> Result<Self, Error> {
        if interval.is_zero() {
            return Err(Error::Setting("a rate limit of one in no time is none at all".into()));
        }
        Ok(Self { interval })
    }

    /// Reads Celery's way to write it: `10/s`, `10/m`, `10/h`; a bare number is a second's.
    ///
    /// # Errors
    ///
    /// If it is in another form.
    ///
    /// ```
    /// use tasks::Rate;
    ///
    /// assert!(Rate::parse("10/m").is_ok());
    /// assert!(Rate::parse("ten").unwrap_err().to_string().contains("ten"));
    /// ```
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
        let seconds = match unit {
            "s" => Some(1.0),
            "m" => Some(60.0),
            "h" => Some(3600.0),
            _ => None,
        };
        let number = number.trim().parse().ok().filter(|number: &f64| *number > 0.0);
        let interval = seconds.zip(number).and_then(|(s, n)| crate::clock::duration(s / n));
        interval
            .filter(|interval| !interval.is_zero())
            .map(|interval| Self { interval })
            .ok_or_else(|| {
                Error::Setting(format!("{text:?} is not a rate limit; write 10/s, 10/m or 10/h"))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_longest() {
        let policy = RetryPolicy::new().jitter(false).most(Duration::from_secs(5));
        let waits: Vec<_> = (0..4).map(|n| policy.delay(n).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 5]);
        assert_eq!(policy.delay(u32::MAX).as_secs(), 5);
        let strange = policy.factor(f64::NAN);
        assert_eq!(strange.delay(3), Duration::from_secs(1));
    }

    #[test]
    fn jitter_never_waits_longer() {
        let policy = RetryPolicy::new();
        assert!((0..100).all(|_| policy.delay(2) <= Duration::from_secs(4)));
    }

    #[test]
    fn rates() {
        let interval = |text| Rate::parse(text).map(|rate| rate.interval);
        assert_eq!(interval("10/s"), Ok(Duration::from_millis(100)));
        assert_eq!(interval("2/m"), Ok(Duration::from_secs(30)));
        assert_eq!(interval("0.5"), Ok(Duration::from_secs(2)));
        for bad in ["", "0/s", "-1/s", "10/d", "x/s", "NaN", "1e300/s"] {
            assert!(interval(bad).is_err(), "{bad}");
        }
        assert!(Rate::every(Duration::ZERO).is_err());
    }
}

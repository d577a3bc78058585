//! Points in time on the wire: ISO 8601, in UTC, with microseconds.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// As Python's `datetime.isoformat` writes a time in UTC: `2026-11-29T09:18:22.158094+00:00`.
///
/// A time that no calendar has (beyond the year 9999) is written as the last that a calendar has.
pub(crate) fn to_iso(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// Reads what `isoformat` writes. A time without an offset is in UTC, which is Celery's default.
pub(crate) fn from_iso(text: &str) -> Option<SystemTime> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.into());
    }
    let civil = text.parse::<DateTime>().ok()?;
    Some(TimeZone::UTC.to_timestamp(civil).ok()?.into())
}

/// Seconds since 1970, the time stamp of events and unacknowledged deliveries.
pub(crate) fn seconds(time: SystemTime) -> f64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => since.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// How long until then; zero if it has passed.
pub(crate) fn until(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::now()).unwrap_or_default()
}

/// A number of seconds as a duration. It must not be negative, infinite, or too large for a clock
/// to add.
pub(crate) fn duration(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

/// From now; the end of the calendar if that is beyond it.
pub(crate) fn after(delay: Duration) -> SystemTime {
    SystemTime::now().checked_add(delay).unwrap_or_else(|| Timestamp::MAX.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_795_943_902_158_094);
        let text = to_iso(time);
        assert_eq!(text, "2026-11-29T09:18:22.158094+00:00");
        assert_eq!(from_iso(&text), Some(time));
    }

    #[test]
    fn reads_offsets_fractions_and_none() {
        let noon = from_iso("2026-11-29T12:00:00+00:00");
        assert!(noon.is_some());
        assert_eq!(from_iso("2026-11-29T14:00:00+02:00"), noon);
        assert_eq!(from_iso("2026-11-29T12:00:00"), noon);
        assert_eq!(from_iso("2026-11-29T12:00:00Z"), noon);
        assert_eq!(from_iso("soon"), None);
        assert_eq!(from_iso(""), None);
    }

    #[test]
    fn a_time_beyond_the_calendar_is_its_end() {
        assert!(to_iso(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 60)).starts_with("9999-"));
        assert!(to_iso(after(Duration::MAX)).starts_with("9999-"));
    }
}

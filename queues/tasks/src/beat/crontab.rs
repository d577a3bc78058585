//! Times by the calendar: minute, hour, day of the month, month, day of the week.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::error::Error;

/// The longest gap between two 29ths of February is eight years; together with a day of the
/// week, 40.
const YEARS: i16 = 41;

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Times by the calendar, in UTC. As in Celery, day of the month _and_ day of the week must both
/// fit.
///
/// ```
/// use tasks::Crontab;
///
/// assert!(Crontab::parse("*/15 8-17 * * mon-fri").is_ok());
/// let never = Crontab::parse("0 0 31 2 *").unwrap_err();
/// assert!(never.to_string().contains("never"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Crontab {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
}

impl Crontab {
    /// Reads `minute hour day-of-month month day-of-week`: each a number, a name, a range `a-b`, a
    /// list `a,b`, `*`, or one of those with a step `/n`.
    ///
    /// # Errors
    ///
    /// [`Error::Schedule`] if a field cannot be read, or if no day ever matches.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fault = |what: String| {
            Error::Schedule(format!(
                "{text:?} is not a crontab, write minute hour day month weekday, as 0 3 * * mon: {what}"
            ))
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(fault(format!("it has {} fields, not 5", fields.len())));
        };
        let mut weekdays = read(weekday, 0, 7, &DAYS).map_err(fault)?;
        weekdays |= weekdays >> 7 & 1; // 7 is Sunday too
        let crontab = Self {
            text: fields.join(" "),
            minutes: read(minute, 0, 59, &[]).map_err(fault)?,
            hours: read(hour, 0, 23, &[]).map_err(fault)?,
            days: read(day, 1, 31, &[]).map_err(fault)?,
            months: read(month, 1, 12, &MONTHS).map_err(fault)?,
            weekdays,
        };
        match crontab.find(SystemTime::now()) {
            Some(_) => Ok(crontab),
            None => Err(Error::Schedule(format!("{text:?} never comes due: no day fits"))),
        }
    }

    /// The first matching time after the given one.
    pub(super) fn next(&self, last: SystemTime) -> SystemTime {
        // Beyond the end of the calendar means never; that end stands for it.
        self.find(last).unwrap_or_else(|| Timestamp::MAX.into())
    }

    fn find(&self, last: SystemTime) -> Option<SystemTime> {
        let last = TimeZone::UTC.to_datetime(Timestamp::try_from(last).ok()?);
        let has = |set: u64, number: i8| set >> number & 1 == 1;
        let mut date = last.date();
        let mut from = (last.hour(), last.minute() + 1);
        while date.year() < last.year() + YEARS {
            let weekday = date.weekday().to_sunday_zero_offset();
            if has(self.months, date.month())
                && has(self.days, date.day())
                && has(self.weekdays, weekday)
            {
                for hour in (from.0..24).filter(|hour| has(self.hours, *hour)) {
                    let first = if hour == from.0 { from.1 } else { 0 };
                    if let Some(minute) = (first..60).find(|minute| has(self.minutes, *minute)) {
                        let found: DateTime = date.at(hour, minute, 0, 0);
                        return Some(TimeZone::UTC.to_timestamp(found).ok()?.into());
                    }
                }
            }
            date = date.tomorrow().ok()?;
            from = (0, 0);
        }
        None
    }
}

/// A set of numbers, a bit for each.
fn read(field: &str, least: u64, most: u64, names: &[&str]) -> Result<u64, String> {
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = match named {
            Some(position) => Some(position as u64 + if least == 0 { 0 } else { 1 }),
            None => text.parse().ok(),
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| format!("{text:?} is not {least} to {most}"))
    };
    let mut set = 0;
    for part in field.split(',') {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let step: u64 = step
            .parse()
            .ok()
            .filter(|step| *step > 0)
            .ok_or_else(|| format!("the step {step:?} is not a number above 0"))?;
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None if part.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if from > to {
            return Err(format!("the range {range:?} runs backwards"));
        }
        (from..=to).step_by(step as usize).for_each(|number| set |= 1 << number);
    }
    Ok(set)
}

impl fmt::Display for Crontab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Crontab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Crontab").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{from_iso, to_iso};

    fn next(crontab: &str, last: &str) -> String {
        let next = Crontab::parse(crontab).unwrap().next(from_iso(last).unwrap());
        to_iso(next)[..16].to_owned()
    }

    #[test]
    fn the_next_time() {
        let sunday = "2026-11-29T09:18:22+00:00";
        for (crontab, wanted) in [
            ("* * * * *", "2026-11-29T09:19"),
            ("*/15 * * * *", "2026-11-29T09:30"),
            ("0 3 * * mon", "2026-11-30T03:00"),
            ("30 8-17 * * mon-fri", "2026-11-30T08:30"),
            ("0 0 1 jan *", "2027-01-01T00:00"),
            ("0 0 29 2 *", "2028-02-29T00:00"),
            ("0 0 * * 7", "2026-12-06T00:00"),
            ("18,20 9 * * *", "2026-11-29T09:20"),
            ("0 0 13 * fri", "2027-08-13T00:00"),
        ] {
            assert_eq!(next(crontab, sunday), wanted, "{crontab}");
        }
    }

    #[test]
    fn what_cannot_be_read() {
        for (bad, word) in [
            ("", "0 fields"),
            ("* * * *", "4 fields"),
            ("60 * * * *", "\"60\""),
            ("* 24 * * *", "\"24\""),
            ("* * 0 * *", "\"0\""),
            ("* * * foo *", "\"foo\""),
            ("*/0 * * * *", "\"0\""),
            ("5-1 * * * *", "backwards"),
            ("0 0 31 feb *", "never"),
        ] {
            let error = Crontab::parse(bad).unwrap_err().to_string();
            assert!(error.contains(word), "{bad:?}: {error}");
        }
    }
}

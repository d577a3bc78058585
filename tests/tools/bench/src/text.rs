//! Figures in words: as in the terminal and in the table.

use std::fmt;

use crate::measured::{Judged, Measured};
use crate::row::{Against, Figure, Goal, Role};
use crate::statistics::Estimate;

/// Three significant digits: `0.28`, `12.3`, `1 230`.
#[must_use]
pub fn nanoseconds(figure: f64) -> String {
    match figure {
        _ if figure < 10.0 => format!("{figure:.2}"),
        _ if figure < 100.0 => format!("{figure:.1}"),
        _ => grouped(figure.round() as u64),
    }
}

/// `1234567` as `1 234 567`, with narrow spaces that do not break.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A share as `3 %`.
#[must_use]
pub fn per_cent(share: f64) -> String {
    let per_cent = share * 100.0;
    if per_cent > 0.0 && per_cent < 0.95 {
        format!("{per_cent:.1}\u{a0}%")
    } else {
        format!("{per_cent:.0}\u{a0}%")
    }
}

/// A ratio with two decimals, or as many as are needed for two digits other than zero, up to nine.
#[must_use]
pub fn ratio(ratio: f64) -> String {
    match ratio {
        _ if ratio < 0.00995 => {
            let zeros = (1..8).find(|&zeros| ratio * 10_f64.powi(zeros) >= 0.0995).unwrap_or(7);
            format!("{ratio:.*}", zeros as usize + 2)
        }
        _ if ratio < 0.0995 => format!("{ratio:.3}"),
        _ if ratio < 99.5 => format!("{ratio:.2}"),
        _ => format!("{ratio:.0}"),
    }
}

/// `0.63 [0.61, 0.66]`
#[must_use]
pub fn estimate(estimate: Estimate) -> String {
    let Estimate { low, median, high } = estimate;
    format!("{} [{}, {}]", ratio(median), ratio(low), ratio(high))
}

/// A goal: `≤ 1.05 × the best peer`.
#[must_use]
pub fn goal(goal: &Goal) -> String {
    let limit = format!("{:.3}", goal.limit);
    let limit = limit.trim_end_matches('0').trim_end_matches('.');
    let whom = match &goal.against {
        Against::Best => "best peer".to_owned(),
        Against::Fastest => "fastest peer".to_owned(),
        Against::BestOf(names) => names.join(" and "),
        Against::Floor => "floor".to_owned(),
        Against::Nobody => String::new(),
    };
    match goal.figure {
        Figure::Time => format!("≤ {limit} × {whom}"),
        Figure::Tail => format!("one wait in 100 ≤ {limit} × {whom}"),
        Figure::Cpu => format!("CPU ≤ {limit} × {whom}"),
        Figure::Fairness => format!("fairness ≥ {limit}"),
    }
}

/// A result: `0.63 [0.61, 0.66] × std`.
#[must_use]
pub fn found(verdict: &Judged) -> String {
    let Some(found) = verdict.found else { return "not measured".to_owned() };
    match &verdict.against {
        Some(name) => format!("{} × {name}", estimate(found)),
        None => estimate(found),
    }
}

/// The verdict in a word.
#[must_use]
pub fn word(verdict: &Judged) -> &'static str {
    match verdict.reached() {
        Some(true) => "reached",
        Some(false) => "MISSED",
        None => "unknown",
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = self.rounds;
        write!(f, "\n{} ({} rounds", self.name, rounds.used)?;
        if rounds.thrown_away > 0 {
            write!(f, ", {} thrown away", rounds.thrown_away)?;
        }
        if let Some(dirty) = rounds.dirty.filter(|&dirty| dirty > 0.0) {
            write!(f, ", {} of runs dirty", per_cent(dirty))?;
        }
        if let Some(others) = self.others {
            write!(f, ", others had {}", per_cent(others))?;
        }
        writeln!(f, ", {:.1} s){}", self.seconds, if rounds.quiet { "" } else { " NOT QUIET" })?;
        for verdict in &self.verdicts {
            let (goal, found, word) = (goal(&verdict.goal), found(verdict), word(verdict));
            writeln!(f, "  {word:<8} {goal:<32} {found}")?;
        }
        writeln!(
            f,
            "    {:<34} {:>10} {:>10}  {:>6} {:>6}  ours by it",
            "", "ns", "CPU ns", "fair", "dirty"
        )?;
        for standing in &self.contestants {
            let told =
                |figure: Option<f64>, text: fn(f64) -> String| figure.map_or("-".into(), text);
            let fairness = standing.fairness.map(|fairness| fairness.median);
            writeln!(
                f,
                "    {:<34} {:>10} {:>10}  {:>6} {:>6}  {}",
                standing.name,
                nanoseconds(standing.nanoseconds.median),
                told(standing.cpu, nanoseconds),
                told(fairness, ratio),
                told(standing.waited, per_cent),
                if standing.role == Role::Ours { String::new() } else { estimate(standing.ratio) },
            )?;
        }
        Ok(())
    }
}

//! What was measured, as the answer to a question: one picture, and one sentence.
//!
//! `{{#speed question}}` reads `generated/bench/results.json`, which `cargo results` writes. The
//! picture is a table whose cells have bars, so that it can be read on a phone and by a screen
//! reader. The tables with all figures are [`bench`](super::bench)'s.

use serde::Deserialize;

use super::escape;

/// A question, and how it is answered; `None` where nothing of it was measured.
type Question = (&'static str, fn(&Results) -> Option<Answer>);

/// All questions.
const QUESTIONS: [Question; 4] =
    [("lock", lock), ("waiting", waiting), ("busy", busy), ("python", python)];

/// The load of the rows that answer `busy`, by its name in the bench: a thread that computes on
/// each core.
const BUSY: &str = "a hog on each core";
/// The goal of these rows.
const NEAR: f64 = 1.2;

/// What the picture and the sentence are made from.
struct Answer {
    /// What the length of a bar means.
    key: &'static str,
    bars: Vec<Bar>,
    sentence: String,
}

/// A line of the picture.
struct Bar {
    name: String,
    /// How much of its cell the bar fills.
    share: f64,
    /// The same of a second bar below it.
    below: Option<f64>,
    figure: String,
}

#[derive(Deserialize)]
struct Results {
    benches: Vec<Bench>,
}

#[derive(Deserialize)]
struct Bench {
    name: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    /// What else ran on the machine.
    load: Option<String>,
    contestants: Vec<Contestant>,
}

#[derive(Deserialize)]
struct Contestant {
    name: String,
    role: String,
    nanoseconds: Estimate,
    /// Ours divided by it.
    ratio: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    median: f64,
}

/// The figure that answers a question.
///
/// # Errors
///
/// There is no such question, or the results are not what `cargo results` writes.
pub fn figure(json: &str, question: &str) -> Result<String, String> {
    let answer = QUESTIONS.iter().find(|(name, _)| *name == question).map(|(_, answer)| answer);
    let answer = answer.ok_or_else(|| {
        let known = QUESTIONS.map(|(name, _)| format!("`{name}`"));
        format!("no question `{question}`; there are {}", known.join(", "))
    })?;
    let results: Results = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let Some(Answer { key, bars, sentence }) = answer(&results) else {
        return Ok(
            "\n*No row of this question was measured; `cargo results` measures all.*\n\n".into()
        );
    };
    let rows = bars.iter().map(|Bar { name, share, below, figure }| {
        let bar = |share: f64| {
            format!("<span style=\"width:{:.1}%\"></span>", 100.0 * share.clamp(0.0, 1.0))
        };
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"speed-bar\">{}{}</td><td>{}</td></tr>",
            escape(name),
            bar(*share),
            below.map(bar).unwrap_or_default(),
            escape(figure),
        )
    });
    Ok(format!(
        "\n<figure class=\"speed\">\n<table>\n<tbody>\n{}\n</tbody>\n</table>\n<figcaption>{}\
         <small>{key}</small></figcaption>\n</figure>\n\n",
        Vec::from_iter(rows).join("\n"),
        escape(&sentence),
    ))
}

/// An operation that waits for nothing, and what the hardware asks for at least.
fn lock(results: &Results) -> Option<Answer> {
    let free = results.row("lock", "uncontended")?;
    let (ours, floor, best) = (free.ours()?, free.floor()?, free.best()?);
    let others = [
        ("rlock", "nested", "RLock, once more"),
        ("semaphore", "uncontended", "Semaphore"),
        ("event", "is_set", "Event, is_set"),
        ("condition", "notify, nobody waits", "Condition, notify"),
        ("queue", "uncontended", "Ring, put and get"),
    ];
    let others = others.iter().filter_map(|(bench, row, name)| {
        Some(((*name).to_owned(), results.row(bench, row)?.ours()?.nanoseconds.median))
    });
    let first = [
        (format!("at least: {}", floor.name), floor.nanoseconds.median),
        (format!("{}, lock and unlock", ours.name), ours.nanoseconds.median),
    ];
    let rows = Vec::from_iter(first.into_iter().chain(others));
    let longest = rows.iter().map(|(_, time)| *time).fold(0.0, f64::max);
    let bars = rows.into_iter().map(|(name, time)| Bar {
        name,
        share: time / longest,
        below: None,
        figure: nanoseconds(time),
    });
    Some(Answer {
        key: "The longest bar is the slowest call.",
        bars: bars.collect(),
        sentence: format!(
            "To take a lock that is free and to give it back costs {}: {} times the least that the hardware asks \
             for, and {} times what the fastest other lock, {}, takes.",
            nanoseconds(ours.nanoseconds.median),
            ratio(floor.ratio.median),
            ratio(best.ratio.median),
            best.name,
        ),
    })
}

/// What one thread waits for another: ours as a share of the standard library's.
fn waiting(results: &Results) -> Option<Answer> {
    let rows = [
        ("lock", "two threads, short", "Lock, two threads"),
        ("event", "ping-pong", "Event, by turns"),
        ("condition", "ping-pong", "Condition, by turns"),
        ("barrier", "two threads", "Barrier, two threads"),
    ];
    let found = Vec::from_iter(rows.iter().filter_map(|(bench, row, name)| {
        let row = results.row(bench, row)?;
        Some((*name, row.ours()?, row.peer("std")?))
    }));
    let (_, turns, asleep) = found.iter().find(|(name, ..)| name.starts_with("Condition"))?;
    let sentence = format!(
        "To pass the turn to another thread costs {} while that one still looks, and {} with std, which \
         puts a waiter to sleep at once: the sleep and the wake-up are most of it.",
        nanoseconds(turns.nanoseconds.median),
        nanoseconds(asleep.nanoseconds.median),
    );
    Some(Answer {
        key: BESIDE,
        bars: found.iter().map(|(name, ours, std)| beside(name, ours, std)).collect(),
        sentence,
    })
}

/// The same operations on a quiet machine and with other work on every core: ours as a share of the
/// other library that is the fastest there.
fn busy(results: &Results) -> Option<Answer> {
    let bench = results.benches.iter().find(|bench| bench.name == "busy")?;
    let by_best = |row: &Row| Some(row.hardest()?.ratio.median);
    let rows = bench.rows.iter().filter(|row| row.load.as_deref() == Some(BUSY));
    let found = Vec::from_iter(rows.filter_map(|row| {
        let name = row.name.strip_suffix(BUSY).unwrap_or(&row.name).trim_end_matches(", ");
        let quiet = results.row(&bench.name, name).and_then(by_best);
        Some((name, quiet, by_best(row)?, row.hardest()?))
    }));
    let worst = found.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    let fastest = found.iter().filter(|(_, _, busy, _)| *busy <= 1.0).count();
    let near = found.iter().filter(|(_, _, busy, _)| *busy <= NEAR).count();
    let sentence = format!(
        "With a thread that computes on every core, ours is the fastest in {fastest} of {} rows and takes at \
         most {NEAR} times as long as the fastest in {near}; the worst, {}, takes {} times as long as {}.",
        found.len(),
        worst.0,
        ratio(worst.2),
        worst.3.name,
    );
    let bars = found.iter().map(|(name, quiet, busy, _)| Bar {
        name: (*name).to_owned(),
        share: quiet.unwrap_or_default(),
        below: Some(*busy),
        figure: match quiet {
            Some(quiet) => format!("{} quiet, {} busy", ratio(*quiet), ratio(*busy)),
            None => format!("{} busy", ratio(*busy)),
        },
    });
    Some(Answer {
        key: "Ours on a quiet machine above, and on a busy one below; the whole width is the time of the \
              other library that is the fastest there. The figures are ours divided by its.",
        bars: bars.collect(),
        sentence,
    })
}

/// Ours as a share of CPython's.
fn python(results: &Results) -> Option<Answer> {
    let bench = results.benches.iter().find(|bench| bench.name == "python")?;
    // What is done by more threads with a queue between them is behind the fold.
    let rows = bench.rows.iter().filter(|row| !row.name.contains(" to "));
    let found = Vec::from_iter(rows.filter_map(|row| {
        let python = row.contestants.iter().find(|other| other.name.starts_with("CPython"))?;
        Some((row.name.as_str(), row.ours()?, python))
    }));
    let times = |(_, _, python): &(&str, &Contestant, &Contestant)| 1.0 / python.ratio.median;
    let (least, most) = found
        .iter()
        .map(times)
        .fold((f64::MAX, 0.0_f64), |(least, most), times| (least.min(times), most.max(times)));
    let python = found.first()?.2.name.clone();
    let sentence = format!(
        "{python} takes between {} and {} times as long for the same call; most of that is the interpreter, \
         not the lock.",
        ratio(least),
        ratio(most),
    );
    Some(Answer {
        key: BESIDE,
        bars: found.iter().map(|(name, ours, other)| beside(name, ours, other)).collect(),
        sentence,
    })
}

/// What [`beside`] draws.
const BESIDE: &str = "Blue is ours; the whole width is the other's.";

/// A bar that is as long as ours is, where the other's fills the cell; both full, where ours is
/// longer.
fn beside(name: &str, ours: &Contestant, other: &Contestant) -> Bar {
    let (mine, theirs) = (ours.nanoseconds.median, other.nanoseconds.median);
    let other = other.name.split(' ').next().unwrap_or_default();
    let figure = format!("{}, {other} {}", nanoseconds(mine), nanoseconds(theirs));
    Bar { name: name.to_owned(), share: mine / theirs, below: None, figure }
}

impl Results {
    fn row(&self, bench: &str, row: &str) -> Option<&Row> {
        let bench = self.benches.iter().find(|found| found.name == bench)?;
        bench.rows.iter().find(|found| found.name == row)
    }
}

impl Row {
    fn ours(&self) -> Option<&Contestant> {
        self.contestants.iter().find(|contestant| contestant.role == "ours")
    }

    fn floor(&self) -> Option<&Contestant> {
        self.contestants.iter().find(|contestant| contestant.role == "floor")
    }

    fn peer(&self, name: &str) -> Option<&Contestant> {
        self.contestants.iter().find(|contestant| contestant.name == name)
    }

    /// The other library beside which ours looks worst, round by round: beside other work a median
    /// of times says little, since some rounds take a hundred times as long as others.
    fn hardest(&self) -> Option<&Contestant> {
        let peers = self.contestants.iter().filter(|contestant| contestant.role == "peer");
        peers.max_by(|a, b| a.ratio.median.total_cmp(&b.ratio.median))
    }

    /// The fastest other library.
    fn best(&self) -> Option<&Contestant> {
        let peers = self.contestants.iter().filter(|contestant| contestant.role == "peer");
        peers.min_by(|a, b| a.nanoseconds.median.total_cmp(&b.nanoseconds.median))
    }
}

/// Two or three digits, and a unit that suits them. A line does not break between the two.
fn nanoseconds(time: f64) -> String {
    match time {
        ..10.0 => format!("{time:.1}\u{a0}ns"),
        ..1e3 => format!("{time:.0}\u{a0}ns"),
        ..1e4 => format!("{:.1}\u{a0}µs", time / 1e3),
        ..1e6 => format!("{:.0}\u{a0}µs", time / 1e3),
        _ => format!("{:.1}\u{a0}ms", time / 1e6),
    }
}

fn ratio(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}") } else { format!("{ratio:.0}") }
}

#[cfg(test)]
mod tests {
    use super::figure;

    /// An example of the format. The numbers are made up and appear in no chapter.
    const FIXTURE: &str = r#"{"benches": [{"name": "lock", "rows": [
        {"name": "uncontended", "load": null, "contestants": [
            {"name": "Lock", "role": "ours", "nanoseconds": {"median": 4.0}, "ratio": {"median": 1.0}},
            {"name": "slow", "role": "peer", "nanoseconds": {"median": 8.0}, "ratio": {"median": 0.5}},
            {"name": "fast", "role": "peer", "nanoseconds": {"median": 2.0}, "ratio": {"median": 2.0}},
            {"name": "a store", "role": "floor", "nanoseconds": {"median": 1.0}, "ratio": {"median": 4.0}}]}]},
        {"name": "busy", "rows": [
        {"name": "Lock", "load": null, "contestants": [
            {"name": "Lock", "role": "ours", "nanoseconds": {"median": 5.0}, "ratio": {"median": 1.0}},
            {"name": "fast", "role": "peer", "nanoseconds": {"median": 10.0}, "ratio": {"median": 0.5}}]},
        {"name": "Lock, a hog on each core", "load": "a hog on each core", "contestants": [
            {"name": "Lock", "role": "ours", "nanoseconds": {"median": 20.0}, "ratio": {"median": 1.0}},
            {"name": "fast", "role": "peer", "nanoseconds": {"median": 80.0}, "ratio": {"median": 0.25}}]}]}]}"#;

    #[test]
    fn an_answer_is_a_picture_and_a_sentence() {
        let html = figure(FIXTURE, "lock").unwrap();
        for part in [
            "<th scope=\"row\">Lock, lock and unlock</th>",
            "<span style=\"width:25.0%\"></span></td><td>1.0\u{a0}ns</td>",
            "costs 4.0\u{a0}ns: 4.00 times the least",
            "and 2.00 times what the fastest other lock, fast, takes.",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(!html.trim().contains("\n\n"), "a blank line would end the block of HTML: {html}");
    }

    #[test]
    fn a_busy_row_stands_below_its_quiet_one() {
        let html = figure(FIXTURE, "busy").unwrap();
        let bars = "<span style=\"width:50.0%\"></span><span style=\"width:25.0%\"></span>";
        assert!(html.contains("\"row\">Lock</th>") && html.contains(bars), "{html}");
        assert!(
            html.contains("fastest in 1 of 1 rows") && html.contains("0.50 quiet, 0.25 busy"),
            "{html}"
        );
    }

    #[test]
    fn what_was_not_measured_and_what_is_not_asked_is_said() {
        assert!(figure(FIXTURE, "python").unwrap().contains("No row of this question"));
        let error = figure(FIXTURE, "locks").unwrap_err();
        assert!(error.contains("`locks`") && error.contains("`lock`, `waiting`"), "{error}");
        assert!(figure("[]", "lock").is_err());
    }
}

//! What is printed: a block for each file, a line for each place and each weaker ordering, and the
//! problems at the end.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::judge::{Fate, Problem, Trial};
use crate::listed::{self, Listed};
use crate::models::Site;
use crate::source::Place;

/// A live progress line on standard error. Nothing if that is not a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// The current tries.
    now: Mutex<Vec<String>>,
}

impl Progress {
    pub(crate) fn new(total: usize, what: &str) -> Self {
        let bar = ProgressBar::new(total as u64);
        let template = format!("{{bar:24.cyan}} {{pos}}/{{len}} {what}  {{wide_msg}}");
        bar.set_style(ProgressStyle::with_template(&template).expect("it is well-formed"));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, now: Mutex::default() }
    }

    pub(crate) fn began(&self, what: String) {
        let mut now = self.now.lock().expect("nothing panics under this lock");
        now.push(what);
        self.bar.set_message(now.join("   "));
    }

    pub(crate) fn ended(&self, what: &str) {
        let mut now = self.now.lock().expect("nothing panics under this lock");
        if let Some(place) = now.iter().position(|it| it == what) {
            now.remove(place);
        }
        self.bar.set_message(now.join("   "));
        self.bar.inc(1);
    }

    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// All results.
pub(crate) struct Report<'a> {
    pub(crate) places: &'a [Place],
    pub(crate) sites: &'a [Site],
    pub(crate) trials: &'a [Trial],
    pub(crate) listed: &'a Listed,
    pub(crate) problems: &'a [Problem],
    pub(crate) began: Instant,
}

impl Report<'_> {
    /// The table of the files that `is_wanted` selects, and the total.
    pub(crate) fn text(&self, is_wanted: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        let mut file = "";
        let mut strongest = 0;
        for site in self.sites.iter().filter(|site| is_wanted(&site.file)) {
            if file != site.file {
                file = &site.file;
                let _ = writeln!(text, "{file}");
            }
            let function = self.place(site).map_or("", |place| &place.function);
            let at = format!("{}:{}", site.line, site.column);
            let _ = writeln!(text, "  {at:<8} {:<34}  {function}", site.text());
            let trials = self.trials.iter().filter(|trial| trial.site == *site);
            for trial in trials.clone() {
                let _ = writeln!(text, "{:11}{:<17}  {}", "", trial.change, self.fate(trial));
            }
            strongest += usize::from(trials.count() == 0);
        }
        let _ = writeln!(text, "{}", self.total(strongest, is_wanted));
        for problem in self.problems {
            let _ = writeln!(text, "WRONG  {problem}");
        }
        let advice: BTreeSet<_> = self.problems.iter().filter_map(Problem::advice).collect();
        for advice in advice {
            let _ = writeln!(text, "{advice}");
        }
        if !self.problems.is_empty() {
            let _ = writeln!(text, "The list is {}.", listed::FILE);
        }
        let passed = self.trials.len().saturating_sub(self.problems.len());
        let _ = writeln!(text, "{passed} passed, {} failed", self.problems.len());
        text
    }

    fn place(&self, site: &Site) -> Option<&Place> {
        self.places.iter().find(|place| {
            (&place.file, place.line, place.column) == (&site.file, site.line, site.column)
        })
    }

    fn fate(&self, trial: &Trial) -> String {
        match &trial.fate {
            Fate::Killed { by, kind, executions, .. } => {
                let s = if *executions == 1 { "" } else { "s" };
                format!("killed by {by} after {executions} execution{s}: {kind}")
            }
            Fate::Broken(why) => format!("COULD NOT BE TRIED: {why}"),
            Fate::Survived(searched) => {
                let reason = self.place(&trial.site).and_then(|place| {
                    let entry = self.listed.survivor.iter().find(|entry| entry.is(place))?;
                    entry.weaker.contains(&trial.change).then_some(&entry.reason)
                });
                let mut text = match reason {
                    Some(reason) => format!("survives, as listed: {}", reason.trim()),
                    None => "SURVIVED".to_owned(),
                };
                let (executions, whole) = (searched.executions, searched.whole);
                let _ = write!(
                    text,
                    "\n{:30}searched: {executions} executions, {whole} scenario{} to the end",
                    "",
                    if whole == 1 { "" } else { "s" },
                );
                for (what, names) in [
                    ("not to the end", &searched.begun),
                    ("came to a limit of the checker", &searched.limited),
                ] {
                    if !names.is_empty() {
                        let _ = write!(text, "; {what}: {}", names.join(", "));
                    }
                }
                text
            }
        }
    }

    fn total(&self, strongest: usize, is_wanted: impl Fn(&str) -> bool) -> String {
        let count =
            |is: fn(&Fate) -> bool| self.trials.iter().filter(|trial| is(&trial.fate)).count();
        let sites = self.sites.iter().filter(|site| is_wanted(&site.file)).count();
        let excluded = |place: &&Place| {
            is_wanted(&place.file)
                && self.listed.not_executed.iter().any(|entry| entry.covers(place))
        };
        format!(
            "{sites} places, {strongest} of them as weak as can be; {} weaker orderings: {} killed, {} \
             survive; {} places are listed as not executed; {:.0} s",
            self.trials.len(),
            count(|fate| matches!(fate, Fate::Killed { .. })),
            count(|fate| matches!(fate, Fate::Survived(_))),
            self.places.iter().filter(excluded).count(),
            self.began.elapsed().as_secs_f64(),
        )
    }
}

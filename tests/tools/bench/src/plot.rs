//! The results as a drawing: a line for each peer of each row, ours divided by the peer's on a
//! logarithmic scale.
//!
//! It is self-contained and adapts its colours: alone it follows the reader's system, light or
//! dark; inside a page it follows the page.

pub mod sides;

use std::fmt::Write;

use crate::measured::{Judged, Measured};
use crate::row::{Figure, Role};
use crate::statistics::Estimate;
use crate::text;

const WIDTH: f64 = 760.0;
/// Where the scale begins and ends.
const LEFT: f64 = 210.0;
const RIGHT: f64 = 650.0;
/// Height of a line.
const LINE: f64 = 17.0;

/// `None` if nothing of the group was measured.
#[must_use]
pub fn svg(rows: &[(&str, &Measured)], title: &str) -> Option<String> {
    let scale = Scale::of(rows.iter().map(|(_, row)| *row))?;
    let mut body = String::new();
    let mut y = 46.0;
    for (bench, row) in rows {
        y = draw_row(&mut body, &scale, y, bench, row);
    }
    let height = y + 8.0;
    let text = begin(
        &scale,
        height,
        &format!("{title}: time of ours divided by that of each peer"),
        "ours divided by the peer's: further left is faster; dashes: the goal",
        29.0,
    );
    Some(text + &body + "</svg>\n")
}

/// The head of a drawing, and its scale; `y` is where the numbers stand.
fn begin(scale: &Scale, height: f64, title: &str, meaning: &str, y: f64) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"currentColor\">\n\
         <title>{}</title>\n\
         <style>svg:root{{color:#222}}@media(prefers-color-scheme:dark){{svg:root{{color:#ddd}}}}\
         .bench-reached{{color:#2e9e5b}}.bench-missed{{color:#d9534f}}.bench-plain{{color:#4a90c2}}\
         .bench-busy{{color:#d9822b}}</style>\n\
         <text x=\"{LEFT}\" y=\"14\" font-size=\"11\" opacity=\".75\">{meaning}</text>\n",
        escape(title),
    );
    for tick in scale.ticks() {
        let x = scale.x(tick);
        let strong = if tick == 1.0 { ".6" } else { ".15" };
        let _ = writeln!(
            text,
            "<line x1=\"{x:.1}\" y1=\"{:.0}\" x2=\"{x:.1}\" y2=\"{:.0}\" stroke=\"currentColor\" opacity=\"{strong}\"/>\
             <text x=\"{x:.1}\" y=\"{y:.0}\" font-size=\"10\" text-anchor=\"middle\" opacity=\".75\">{tick}</text>",
            y + 5.0,
            height - 6.0,
        );
    }
    text
}

fn draw_row(body: &mut String, scale: &Scale, mut y: f64, bench: &str, row: &Measured) -> f64 {
    y += LINE;
    let _ = writeln!(
        body,
        "<text x=\"4\" y=\"{:.0}\" font-weight=\"600\">{}: {}</text>",
        y - 4.0,
        escape(bench),
        escape(&row.name)
    );
    let begin = y;
    for peer in row.contestants.iter().filter(|standing| standing.role == Role::Peer) {
        y += LINE;
        let middle = y - LINE / 2.0;
        let base = middle + 4.0;
        let Estimate { low, median, high } = peer.ratio;
        let (low, x, high) = (scale.x(low), scale.x(median), scale.x(high));
        let class = class(row, &peer.name);
        let _ = writeln!(
            body,
            "<text x=\"{:.0}\" y=\"{base:.1}\" text-anchor=\"end\">{}</text>\
             <g class=\"bench-{class}\"><line x1=\"{low:.1}\" y1=\"{middle:.1}\" x2=\"{high:.1}\" y2=\"{middle:.1}\" \
             stroke=\"currentColor\" stroke-width=\"3\" stroke-linecap=\"round\" opacity=\".55\"/>\
             <circle cx=\"{x:.1}\" cy=\"{middle:.1}\" r=\"3.5\" fill=\"currentColor\"/></g>\
             <text x=\"{:.0}\" y=\"{base:.1}\">{}{}</text>",
            LEFT - 8.0,
            escape(&peer.name),
            RIGHT + 8.0,
            text::ratio(median),
            if class == "missed" { " missed" } else { "" },
        );
    }
    for verdict in row.verdicts.iter().filter(|verdict| is_time_of_a_peer(row, verdict)) {
        let x = scale.x(verdict.goal.limit);
        let _ = writeln!(
            body,
            "<line x1=\"{x:.1}\" y1=\"{begin:.0}\" x2=\"{x:.1}\" y2=\"{y:.0}\" stroke=\"currentColor\" \
             stroke-width=\"1.5\" stroke-dasharray=\"4 3\"/>"
        );
    }
    y + 6.0
}

/// Whether a verdict is about a figure that the drawing shows.
fn is_time_of_a_peer(row: &Measured, verdict: &Judged) -> bool {
    let is_peer = |name: &String| {
        row.contestants.iter().any(|other| other.role == Role::Peer && other.name == *name)
    };
    verdict.goal.figure == Figure::Time && verdict.against.as_ref().is_some_and(is_peer)
}

/// The colour of a peer's line: that of the verdict on it, if there is one.
fn class(row: &Measured, peer: &str) -> &'static str {
    let verdict = row.verdicts.iter().find(|verdict| {
        verdict.goal.figure == Figure::Time && verdict.against.as_deref() == Some(peer)
    });
    match verdict.and_then(Judged::reached) {
        Some(true) => "reached",
        Some(false) => "missed",
        None => "plain",
    }
}

/// Ratios to places.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// A scale that contains every interval and every goal.
    fn of<'a>(rows: impl Iterator<Item = &'a Measured>) -> Option<Self> {
        let mut scale: Option<Self> = None;
        for row in rows {
            let peers = row.contestants.iter().filter(|standing| standing.role == Role::Peer);
            let ends = peers.flat_map(|peer| [peer.ratio.low, peer.ratio.high]);
            let goals = row.verdicts.iter().filter(|verdict| is_time_of_a_peer(row, verdict));
            for figure in ends.chain(goals.map(|verdict| verdict.goal.limit)) {
                let scale = scale.get_or_insert(Self { low: 0.5, high: 1.5 });
                scale.low = scale.low.min(figure * 0.9);
                scale.high = scale.high.max(figure * 1.1);
            }
        }
        scale
    }

    fn x(&self, ratio: f64) -> f64 {
        let part = (ratio / self.low).ln() / (self.high / self.low).ln();
        LEFT + part.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let wide = self.high / self.low > 30.0;
        let all: &[f64] = if wide {
            &[0.0001, 0.001, 0.01, 0.1, 1.0, 10.0, 100.0]
        } else {
            &[0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0]
        };
        all.iter().copied().filter(|tick| (self.low..=self.high).contains(tick))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

//! Quiet and busy side by side: a line for each thing that is done, with a mark for either
//! situation, each by the peer that is best in it.

use std::fmt::Write;

use super::{LEFT, LINE, RIGHT, Scale, begin, escape};
use crate::load::Load;
use crate::measured::Measured;
use crate::row::{Figure, Role};
use crate::text;

/// The load that stands for a busy machine.
const BUSY: Load = Load::OnEachCore(1);

/// A thing that is done, on a quiet machine and on a busy one.
struct Pair<'a> {
    name: &'a str,
    quiet: &'a Measured,
    busy: &'a Measured,
}

/// `None` where not both were measured of anything in the group.
#[must_use]
pub fn svg(rows: &[(&str, &Measured)], title: &str) -> Option<String> {
    let rows = Vec::from_iter(rows.iter().map(|(_, row)| *row));
    let busy = |quiet: &Measured| {
        rows.iter().copied().find(|row| {
            row.load.as_deref() == Some(BUSY.title())
                && row.name.strip_suffix(BUSY.title()) == Some(&format!("{}, ", quiet.name))
        })
    };
    let quiet = rows.iter().copied().filter(|row| row.load.is_none());
    let pairs =
        quiet.filter_map(|quiet| Some(Pair { name: &quiet.name, quiet, busy: busy(quiet)? }));
    let pairs = Vec::from_iter(pairs);
    let scale = Scale::of_best(pairs.iter().flat_map(|pair| [pair.quiet, pair.busy]))?;
    let top = 64.0;
    let height = top + pairs.len() as f64 * LINE + 12.0;
    let mut text = begin(
        &scale,
        height,
        &format!("{title}: time of ours divided by that of the best peer, quiet and busy"),
        "ours divided by the best peer's: further left is faster; dashes: the goal",
        48.0,
    );
    legend(&mut text);
    let goal = pairs.iter().flat_map(|pair| &pair.busy.verdicts);
    let goal = goal.filter(|verdict| verdict.goal.figure == Figure::Time).map(|v| v.goal.limit);
    if let Some(goal) = goal.reduce(f64::min) {
        let x = scale.x(goal);
        let _ = writeln!(
            text,
            "<line x1=\"{x:.1}\" y1=\"{:.0}\" x2=\"{x:.1}\" y2=\"{:.0}\" stroke=\"currentColor\" stroke-width=\"1.5\" \
             stroke-dasharray=\"4 3\"/>",
            top - 10.0,
            height - 8.0,
        );
    }
    for (i, pair) in pairs.iter().enumerate() {
        draw(&mut text, &scale, top + i as f64 * LINE, pair);
    }
    Some(text + "</svg>\n")
}

fn legend(text: &mut String) {
    let _ = writeln!(
        text,
        "<g class=\"bench-plain\"><circle cx=\"{LEFT}\" cy=\"28\" r=\"4\" fill=\"none\" stroke=\"currentColor\" \
         stroke-width=\"2\"/></g><text x=\"{:.0}\" y=\"32\">a quiet machine</text>\
         <g class=\"bench-busy\"><circle cx=\"{:.0}\" cy=\"28\" r=\"4.5\" fill=\"currentColor\"/></g>\
         <text x=\"{:.0}\" y=\"32\">{}: a thread that only computes</text>",
        LEFT + 10.0,
        LEFT + 140.0,
        LEFT + 150.0,
        escape(BUSY.title()),
    );
}

fn draw(text: &mut String, scale: &Scale, y: f64, pair: &Pair<'_>) {
    let middle = y + LINE / 2.0;
    let base = middle + 4.0;
    let ratio = |row: &Measured| row.best_peer().map(|peer| peer.ratio.median);
    let (Some(quiet), Some(busy)) = (ratio(pair.quiet), ratio(pair.busy)) else { return };
    let (from, to) = (scale.x(quiet), scale.x(busy));
    let _ = writeln!(
        text,
        "<text x=\"{:.0}\" y=\"{base:.1}\" text-anchor=\"end\">{}</text>\
         <line x1=\"{from:.1}\" y1=\"{middle:.1}\" x2=\"{to:.1}\" y2=\"{middle:.1}\" stroke=\"currentColor\" \
         opacity=\".35\"/>\
         <g class=\"bench-plain\"><circle cx=\"{from:.1}\" cy=\"{middle:.1}\" r=\"4\" fill=\"none\" \
         stroke=\"currentColor\" stroke-width=\"2\"/></g>\
         <g class=\"bench-busy\"><circle cx=\"{to:.1}\" cy=\"{middle:.1}\" r=\"4.5\" fill=\"currentColor\"/></g>\
         <text x=\"{:.0}\" y=\"{base:.1}\" font-size=\"11\">{} · {}</text>",
        LEFT - 8.0,
        escape(pair.name),
        RIGHT + 8.0,
        text::ratio(quiet),
        text::ratio(busy),
    );
}

impl Scale {
    /// One on which each row's ratio to its best peer has its place.
    fn of_best<'a>(rows: impl Iterator<Item = &'a Measured>) -> Option<Self> {
        let mut scale: Option<Self> = None;
        for peer in rows.filter_map(Measured::best_peer) {
            debug_assert_eq!(peer.role, Role::Peer);
            let scale = scale.get_or_insert(Self { low: 0.5, high: 1.5 });
            scale.low = scale.low.min(peer.ratio.median * 0.9);
            scale.high = scale.high.max(peer.ratio.median * 1.1);
        }
        scale
    }
}

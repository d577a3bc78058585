//! The timeline as a picture in one file, to be read on a light or a dark page.

use std::fmt::Write;

use super::lane::State;
use super::phases::in_rows;
use super::picture::Picture;

/// Columns of time, and how many units wide each is.
const COLUMNS: usize = 400;
const COLUMN: usize = 2;
/// Of all columns together.
const WIDTH: usize = COLUMNS * COLUMN;
/// Of a lane and of the space to the next.
const LANE: f32 = 16.0;
const STEP: f32 = 24.0;
const TOP: f32 = 16.0;
/// Of a row with the names of phases.
const PHASES: f32 = 18.0;
/// Of a character of the names, about.
const CHARACTER: f32 = 7.5;

const STYLE: &str = "\
text{font:12px ui-monospace,monospace;fill:#333}\
.runs{fill:#4c9a52}.waits{fill:#e0776d}.holds{fill:#3b7dd8}.both{fill:#9d4edd}\
.plot{fill:#b7791f}.lane{fill:#8881}.page{fill:#fff}.phase{stroke:#888;stroke-dasharray:3 3}\
@media(prefers-color-scheme:dark){text{fill:#ddd}.page{fill:#16181d}\
.runs{fill:#3f8f47}.waits{fill:#c8574d}.holds{fill:#5a9cf0}.both{fill:#b57bee}.plot{fill:#d69e2e}}";

impl State {
    fn class(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Waits => "waits",
            Self::Holds => "holds",
            Self::HoldsAndWaits => "both",
        }
    }
}

impl Picture {
    pub(super) fn to_svg(&self) -> String {
        let names = self.lanes.iter().map(|lane| lane.name.chars().count());
        let names = names.chain(self.plots.iter().map(|plot| plot.name.chars().count()));
        let left = 24.0 + CHARACTER * names.max().unwrap_or(0) as f32;
        let rows = self.lanes.len() + self.plots.len();
        let names = self.phase_places();
        let name_rows = names.iter().map(|(row, _)| row + 1).max().unwrap_or(0);
        let top = TOP + PHASES * name_rows as f32;
        let bottom = top + STEP * rows as f32;
        let (width, height) = (left + WIDTH as f32 + 110.0, bottom + 56.0);

        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
             <title>What each thread did, over {:.1?}</title>\n<style>{STYLE}</style>\n\
             <rect class=\"page\" width=\"{width}\" height=\"{height}\"/>\n",
            self.length(),
        );
        let mut y = top;
        for lane in &self.lanes {
            let percent = State::ALL.map(|state| lane.percent(&[state]));
            let [runs, waits, holds, both] = percent;
            let name = escape(&lane.name);
            row(&mut svg, left, y, &name, &format!("waits {} %", waits + both));
            let _ = write!(
                svg,
                "<g transform=\"translate({left} {y})\"><title>{name}: runs {runs} %, waits {waits} %, \
                 holds {holds} %, holds and waits {both} %</title>\
                 <rect class=\"lane\" width=\"{WIDTH}\" height=\"{LANE}\"/>",
            );
            let columns = self.lane(lane, COLUMNS);
            for state in State::ALL {
                // The states of a column stand on each other.
                let area = columns.iter().map(|shares| {
                    let below: f32 = shares[..state as usize].iter().sum();
                    (below, below + shares[state as usize])
                });
                let path = path(area);
                if !path.is_empty() {
                    let _ = write!(svg, "<path class=\"{}\" d=\"{path}\"/>", state.class());
                }
            }
            svg.push_str("</g>\n");
            y += STEP;
        }
        for plot in &self.plots {
            row(&mut svg, left, y, &escape(plot.name), &format!("up to {}", plot.most));
            let path = path(self.plot(plot, COLUMNS).into_iter().map(|share| (0.0, share)));
            let _ = writeln!(
                svg,
                "<g transform=\"translate({left} {y})\"><rect class=\"lane\" width=\"{WIDTH}\" \
                 height=\"{LANE}\"/><path class=\"plot\" d=\"{path}\"/></g>",
            );
            y += STEP;
        }
        for (phase, (row, x)) in self.phases.iter().zip(names) {
            let at = left + self.share(phase) * WIDTH as f32;
            let (x, y) = (left + x, TOP + PHASES * row as f32);
            let _ = writeln!(
                svg,
                "<path class=\"phase\" d=\"M{at:.1} {:.1}V{bottom}\"/>\
                 <text class=\"phase-name\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
                y + 4.0,
                escape(&phase.name),
            );
        }
        self.legend_and_axis(&mut svg, left, bottom);
        svg.push_str("</svg>\n");
        svg
    }

    /// For the name of each phase its row above the lanes, and how far from the left of them it
    /// begins.
    fn phase_places(&self) -> Vec<(usize, f32)> {
        let place = |phase: &super::phases::Phase| {
            let width = CHARACTER * phase.name.chars().count() as f32;
            (self.share(phase) * WIDTH as f32, width)
        };
        let places: Vec<_> = self.phases.iter().map(place).collect();
        in_rows(&places, WIDTH as f32, 2.0 * CHARACTER)
    }

    fn legend_and_axis(&self, svg: &mut String, left: f32, bottom: f32) {
        let (right, axis) = (left + WIDTH as f32, bottom + 8.0);
        let _ = writeln!(
            svg,
            "<text x=\"{left}\" y=\"{axis}\">0</text>\
             <text x=\"{right}\" y=\"{axis}\" text-anchor=\"end\">{:.1?}</text>",
            self.length(),
        );
        let words = ["runs", "waits", "holds a lock", "holds one and waits"];
        let (mut x, y) = (left, bottom + 32.0);
        for (state, word) in State::ALL.into_iter().zip(words) {
            let (class, text) = (state.class(), x + 16.0);
            let _ = writeln!(
                svg,
                "<rect class=\"{class}\" x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\"/>\
                 <text x=\"{text}\" y=\"{y}\">{word}</text>",
                y - 10.0,
            );
            x = text + CHARACTER * word.len() as f32 + 24.0;
        }
    }
}

/// The texts on both sides of a lane.
fn row(svg: &mut String, left: f32, y: f32, name: &str, beside: &str) {
    let (base, right) = (y + 12.0, left + WIDTH as f32 + 8.0);
    let _ = writeln!(
        svg,
        "<text x=\"12\" y=\"{base}\">{name}</text><text x=\"{right}\" y=\"{base}\">{beside}</text>"
    );
}

/// Rectangles from `below` to `above` (0 to 1 of a lane) in each column, equal neighbours as one.
fn path(columns: impl Iterator<Item = (f32, f32)>) -> String {
    // Whole tenths of a unit, so that neighbours can be equal, and the file is short.
    let tenths = |share: f32| (LANE * 10.0 * (1.0 - share.clamp(0.0, 1.0))).round() as i32;
    let columns: Vec<_> = columns.map(|(below, above)| (tenths(above), tenths(below))).collect();
    let mut path = String::new();
    let mut x = 0;
    for equal in columns.chunk_by(|a, b| a == b) {
        let (top, bottom) = equal[0];
        if top < bottom {
            let (width, y, height) =
                (equal.len() * COLUMN, f64::from(top) / 10.0, f64::from(bottom - top) / 10.0);
            let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
        }
        x += equal.len() * COLUMN;
    }
    path
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::{escape, path};

    #[test]
    fn equal_neighbours_are_one_rectangle() {
        let columns = [(0.0, 1.0), (0.0, 1.0), (0.0, 0.0), (0.5, 1.0)];
        assert_eq!(path(columns.into_iter()), "M0 0h4v16h-4zM6 0h2v8h-2z");
    }

    #[test]
    fn a_name_cannot_become_markup() {
        assert_eq!(escape("<a & b>"), "&lt;a &amp; b&gt;");
    }
}

//! The timeline in characters.

use console::{Color, Style, measure_text_width, pad_str};

use super::lane::State;
use super::phases::in_rows;
use super::picture::Picture;

/// The most columns of time where the output is no terminal, and the fewest beside a name: where
/// there is room for less, the name stands above.
const COLUMNS: usize = 60;
const FEWEST: usize = 20;
/// The most lanes; a reader of more uses the picture.
const LANES: usize = 24;

/// A column with `n` eighths of the highest level.
const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl State {
    /// The character and the colour. Each can be told without the colour too.
    fn look(self) -> (char, Style) {
        match self {
            Self::Runs => ('━', Style::new().green()),
            Self::Waits => ('·', Style::new().red()),
            Self::Holds => ('█', Style::new().fg(Color::Cyan)),
            Self::HoldsAndWaits => ('▒', Style::new().magenta()),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Waits => "waits",
            Self::Holds => "holds",
            Self::HoldsAndWaits => "holds and waits",
        }
    }
}

impl Picture {
    /// The lines of the drawing, for a terminal of so many columns; `None`: for a file or a pipe.
    pub(crate) fn lines(&self, terminal: Option<usize>) -> Vec<String> {
        let names = self.lanes.iter().map(|lane| lane.name.as_str());
        let names = names.chain(self.plots.iter().map(|plot| plot.name));
        let name_width = names.map(measure_text_width).max().unwrap_or(0);
        let beside = 2 + name_width + 2 + "  waits 100 %".len();
        let room = terminal.map_or(COLUMNS, |width| width.saturating_sub(beside).min(100));
        let is_narrow = room < FEWEST;
        let columns = match terminal {
            Some(width) if is_narrow => width.saturating_sub(2).max(1),
            _ => room,
        };
        // What is drawn for a name, and what is said beside it.
        let row = |name: &str, drawn: &str, said: &str| {
            if is_narrow {
                return vec![format!("  {name}  {}", said.trim_start()), format!("  {drawn}")];
            }
            let name = pad_str(name, name_width, console::Alignment::Left, None);
            vec![format!("  {name}  {drawn}  {said}")]
        };
        let left = if is_narrow { 2 } else { 2 + name_width + 2 };

        let mut lines = self.phase_names(left, columns);
        for lane in self.lanes.iter().take(LANES) {
            let drawn = draw(&self.lane(lane, columns));
            let waits = lane.percent(&[State::Waits, State::HoldsAndWaits]);
            lines.extend(row(&lane.name, &drawn, &format!("waits {waits:>3} %")));
        }
        if self.lanes.len() > LANES {
            lines.push(format!("  and {} more: see them with --svg", self.lanes.len() - LANES));
        }
        for plot in &self.plots {
            let heights = self.plot(plot, columns).into_iter().map(height).collect::<String>();
            lines.extend(row(plot.name, &heights, &format!("up to {}", plot.most)));
        }
        let length = format!("{:.1?}", self.length());
        let axis = columns.saturating_sub(1 + measure_text_width(&length));
        lines.push(format!("{:left$}0{:>axis$}{length}", "", ""));
        lines.push(self.legend());
        lines
    }

    /// A line or more with the names of the phases, each where it begins.
    fn phase_names(&self, left: usize, columns: usize) -> Vec<String> {
        let label = |name: &str| format!("╷{name}");
        let labels: Vec<_> = self.phases.iter().map(|phase| label(&phase.name)).collect();
        let places: Vec<_> = self
            .phases
            .iter()
            .zip(&labels)
            .map(|(phase, label)| {
                let column = (self.share(phase) * columns as f32).floor();
                (column, measure_text_width(label) as f32)
            })
            .collect();
        let mut lines: Vec<String> = Vec::new();
        for ((row, column), label) in in_rows(&places, columns as f32, 1.0).into_iter().zip(&labels)
        {
            if row == lines.len() {
                lines.push(" ".repeat(left));
            }
            let line = &mut lines[row];
            let blanks = (left + column as usize).saturating_sub(measure_text_width(line));
            *line += &format!("{:blanks$}{label}", "");
        }
        lines
    }

    /// Of the states that occur.
    fn legend(&self) -> String {
        let occurs = |state: &State| self.lanes.iter().any(|lane| lane.totals[*state as usize] > 0);
        let entries = State::ALL.into_iter().filter(occurs).map(|state| {
            let (character, style) = state.look();
            format!("{} {}", style.apply_to(character), state.word())
        });
        format!("  {}", entries.collect::<Vec<_>>().join("   "))
    }
}

/// One character a column.
fn draw(columns: &[[f32; 4]]) -> String {
    let states = choose(columns);
    let runs = states.chunk_by(|a, b| a == b).map(|run| match run[0] {
        None => " ".repeat(run.len()),
        Some(state) => {
            let (character, style) = state.look();
            style.apply_to(character.to_string().repeat(run.len())).to_string()
        }
    });
    runs.collect()
}

/// One state a column, or none where the thread is not there. What is less than a column is not
/// lost: it adds up until it is due, so a thread that waits a third of the time is drawn waiting in
/// a third of the columns.
fn choose(columns: &[[f32; 4]]) -> Vec<Option<State>> {
    let choices = [None].into_iter().chain(State::ALL.map(Some));
    let mut due: Vec<_> = choices.map(|choice| (choice, 0.0)).collect();
    let choose = |shares: &[f32; 4]| {
        let absent = (1.0 - shares.iter().sum::<f32>()).max(0.0);
        let share = |choice: Option<State>| choice.map_or(absent, |state| shares[state as usize]);
        due.iter_mut().for_each(|(choice, due)| *due += share(*choice));
        let present = due.iter_mut().filter(|(choice, _)| share(*choice) > 0.0);
        let (choice, due) = present.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        *due -= 1.0;
        *choice
    };
    columns.iter().map(choose).collect()
}

fn height(share: f32) -> char {
    // Something is never nothing.
    let eighths = (share * 8.0).round() as usize;
    HEIGHTS[if share > 0.0 { eighths.clamp(1, 8) } else { 0 }]
}

#[cfg(test)]
mod tests {
    use super::{draw, height};

    fn plain(columns: &[[f32; 4]]) -> String {
        console::strip_ansi_codes(&draw(columns)).into_owned()
    }

    #[test]
    fn a_share_of_the_time_is_that_share_of_the_columns() {
        let thirds = plain(&[[0.667, 0.333, 0.0, 0.0]; 30]);
        assert_eq!(thirds.matches('·').count(), 10, "{thirds}");
        assert_eq!(plain(&[[0.0, 0.0, 1.0, 0.0]; 3]), "███");
    }

    #[test]
    fn a_thread_that_is_not_there_leaves_a_gap() {
        assert_eq!(plain(&[[0.0; 4], [1.0, 0.0, 0.0, 0.0], [0.0; 4]]), " ━ ");
    }

    #[test]
    fn something_is_never_nothing() {
        assert_eq!([height(0.0), height(0.001), height(0.5), height(1.0)], [' ', '▁', '▄', '█']);
    }
}

//! The grid of the Game of Life, plain and shared.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use fastrand::Rng;

use crate::interrupt::interrupted;
use crate::outcome::BadInput;

/// Cells in rows; the edges meet, so that each cell has eight neighbours.
#[derive(Clone, Debug)]
pub(super) struct Grid<Cell> {
    rows: usize,
    columns: usize,
    cells: Vec<Cell>,
}

impl<Cell> Grid<Cell> {
    /// Whether a cell lives in the next generation, given this one, which `alive` describes.
    fn lives_next(&self, row: usize, column: usize, alive: impl Fn(&Cell) -> bool) -> bool {
        let at = |row: usize, column: usize| {
            alive(&self.cells[row % self.rows * self.columns + column % self.columns])
        };
        // One less, wrapping around the edge.
        let (up, left) = (row + self.rows - 1, column + self.columns - 1);
        let block = (up..up + 3).flat_map(|row| (left..left + 3).map(move |column| (row, column)));
        let around = block.filter(|&(row, column)| at(row, column)).count();
        // The cell itself was counted too.
        around == 3 || (around == 4 && at(row, column))
    }
}

impl Grid<AtomicBool> {
    /// Overwrites some rows by their next generation. Relaxed: the barrier between two generations
    /// orders them.
    pub(super) fn become_next_of(&self, old: &Self, rows: Range<usize>) {
        for row in rows.take_while(|_| !interrupted()) {
            for column in 0..self.columns {
                let lives = old.lives_next(row, column, |cell| cell.load(Relaxed));
                self.cells[row * self.columns + column].store(lives, Relaxed);
            }
        }
    }

    pub(super) fn plain(&self) -> Grid<bool> {
        let cells = self.cells.iter().map(|cell| cell.load(Relaxed)).collect();
        Grid { rows: self.rows, columns: self.columns, cells }
    }
}

impl Grid<bool> {
    /// No cell lives.
    pub(super) fn new(rows: usize, columns: usize) -> Self {
        Self { rows, columns, cells: vec![false; rows * columns] }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// A third lives.
    pub(super) fn random(rows: usize, columns: usize, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        Self { rows, columns, cells: (0..rows * columns).map(|_| random.u8(0..3) == 0).collect() }
    }

    /// A pattern from a file, in the middle of the grid. Lines that begin with `!` are comments.
    pub(super) fn from_file(file: &Path, rows: usize, columns: usize) -> Result<Self, BadInput> {
        let refuse = |why: String| BadInput(format!("--input {file:?}: {why}"));
        let text = fs::read_to_string(file)
            .map_err(|error| refuse(format!("{error}; a text file of `O` and `.` is allowed")))?;
        let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('!')).collect();
        let wide = lines.iter().map(|line| line.trim_end().chars().count()).max().unwrap_or(0);
        if wide > columns || lines.len() > rows {
            let size = format!("{} rows of {wide} do not fit in {rows} of {columns}", lines.len());
            return Err(refuse(format!("{size}; choose --rows and --columns")));
        }
        let mut grid = Self::new(rows, columns);
        let (top, left) = ((rows - lines.len()) / 2, (columns - wide) / 2);
        for (row, line) in lines.iter().enumerate() {
            for (column, cell) in line.trim_end().chars().enumerate() {
                let at = (top + row) * columns + left + column;
                grid.cells[at] = match cell {
                    'O' | '*' => true,
                    '.' | ' ' => false,
                    _ => {
                        return Err(refuse(format!(
                            "{cell:?} in line {}; `O` and `.` are allowed",
                            row + 1
                        )));
                    }
                };
            }
        }
        Ok(grid)
    }

    pub(super) fn shared(&self) -> Grid<AtomicBool> {
        let cells = self.cells.iter().map(|&cell| AtomicBool::new(cell)).collect();
        Grid { rows: self.rows, columns: self.columns, cells }
    }

    /// The next generation, by one thread.
    pub(super) fn next(&self) -> Self {
        let cells = 0..self.cells.len();
        let lives = |at| self.lives_next(at / self.columns, at % self.columns, |&cell| cell);
        Self { rows: self.rows, columns: self.columns, cells: cells.map(lives).collect() }
    }

    pub(super) fn alive(&self) -> usize {
        self.cells.iter().filter(|&&cell| cell).count()
    }

    pub(super) fn differences(&self, other: &Self) -> usize {
        self.cells.iter().zip(&other.cells).filter(|(a, b)| a != b).count()
    }

    /// Two rows in a line of characters, which are twice as high as wide.
    pub(super) fn line(&self, line: usize) -> String {
        let row = |row: usize| self.cells.chunks(self.columns).nth(row);
        let (upper, lower) = (row(2 * line).unwrap_or(&[]), row(2 * line + 1));
        let lower = |column: usize| lower.is_some_and(|lower| lower[column]);
        let character = |(column, &upper): (usize, &bool)| match (upper, lower(column)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        };
        upper.iter().enumerate().map(character).collect::<String>().trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Grid;

    #[test]
    fn a_blinker_blinks_across_the_edge() {
        let mut grid = Grid::new(5, 5);
        [0, 1, 4].iter().for_each(|&column| grid.cells[column] = true);
        let next = grid.next();
        let alive: Vec<_> = (0..25).filter(|&at| next.cells[at]).collect();
        assert_eq!(alive, [0, 5, 20]);
        assert_eq!(next.next().differences(&grid), 0);
        assert_eq!(grid.line(0), "▀▀  ▀");
    }
}

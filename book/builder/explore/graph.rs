//! A graph, read back. Its format is told in `explorer/src/graph.rs`.

use std::collections::{BTreeMap, VecDeque};

use serde::Deserialize;

/// What is done in a place, as a number: `KINDS * place + kind`.
pub(super) const KINDS: usize = 3;
/// The kind of a place in which a thread sleeps.
pub(super) const ASLEEP: usize = 1;

/// A graph as `cargo explore` writes it.
#[derive(Clone, Deserialize)]
pub(super) struct Graph {
    pub(super) weak: bool,
    pub(super) threads: usize,
    /// File and anchor.
    pub(super) parts: Vec<(String, String)>,
    /// For each part what it belongs to, if an earlier chapter has finished that.
    #[serde(default)]
    pub(super) folds: Vec<Option<String>>,
    /// Lines in which one thread may be at a time: part, first row, last row.
    #[serde(default)]
    pub(super) inside: Vec<(usize, usize, usize)>,
    /// Part, row, the ordering there and the other one.
    pub(super) toggles: Vec<(usize, usize, String, String)>,
    pub(super) interleavings: String,
    pub(super) words: Vec<(String, String)>,
    /// The sleepers at the start, and their words.
    #[serde(default)]
    pub(super) asleep: Vec<(usize, usize)>,
    /// Part and row.
    pub(super) places: Vec<(usize, usize)>,
    /// The calls in which a thread may be, each from the outermost inwards.
    #[serde(default)]
    pub(super) calls: Vec<Vec<(usize, usize)>>,
    /// For each state and thread, the number of its calls.
    #[serde(default)]
    pub(super) stacks: Vec<usize>,
    /// By the number of a word, the names of what it holds.
    #[serde(default)]
    pub(super) named: BTreeMap<String, Vec<String>>,
    pub(super) labels: Vec<String>,
    pub(super) verdicts: Vec<(String, String)>,
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Node {
    Sound(Vec<Option<u64>>, Vec<i64>, Vec<Edge>),
    Broken(Vec<Option<u64>>, Vec<i64>, Vec<Edge>, usize),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum Edge {
    Fresh(usize, usize, i64, usize),
    /// With what is special about it: [`STALE`], or 2 if the thread is killed.
    Marked(usize, usize, i64, usize, u8),
}

/// An older value was read.
const STALE: u8 = 1;

impl Edge {
    /// Thread, label, word, state.
    pub(super) fn parts(self) -> (usize, usize, i64, usize) {
        match self {
            Self::Fresh(thread, label, word, to) | Self::Marked(thread, label, word, to, _) => {
                (thread, label, word, to)
            }
        }
    }

    fn set_label(&mut self, new: usize) {
        match self {
            Self::Fresh(_, label, ..) | Self::Marked(_, label, ..) => *label = new,
        }
    }

    pub(super) fn is_stale(self) -> bool {
        matches!(self, Self::Marked(.., STALE))
    }

    /// What is special about it.
    pub(super) fn mark(self) -> Option<u8> {
        match self {
            Self::Fresh(..) => None,
            Self::Marked(.., mark) => Some(mark),
        }
    }

    /// The same mark on another step.
    pub(super) fn marked(
        (thread, label, word, to): (usize, usize, i64, usize),
        mark: Option<u8>,
    ) -> Self {
        match mark {
            None => Self::Fresh(thread, label, word, to),
            Some(mark) => Self::Marked(thread, label, word, to, mark),
        }
    }
}

impl Node {
    pub(super) fn values(&self) -> &[Option<u64>] {
        match self {
            Self::Sound(values, ..) | Self::Broken(values, ..) => values,
        }
    }

    pub(super) fn stands(&self) -> &[i64] {
        match self {
            Self::Sound(_, stands, _) | Self::Broken(_, stands, ..) => stands,
        }
    }

    pub(super) fn edges(&self) -> &[Edge] {
        match self {
            Self::Sound(_, _, edges) | Self::Broken(_, _, edges, _) => edges,
        }
    }

    fn edges_mut(&mut self) -> &mut [Edge] {
        match self {
            Self::Sound(_, _, edges) | Self::Broken(_, _, edges, _) => edges,
        }
    }

    pub(super) fn verdict(&self) -> Option<usize> {
        match self {
            Self::Sound(..) => None,
            Self::Broken(.., verdict) => Some(*verdict),
        }
    }
}

impl Graph {
    /// The numbers of the parts in the order of the page: first the program, in which the threads
    /// begin, then the rest as the scenario has it.
    pub(super) fn in_order(&self) -> Vec<usize> {
        let begins = (0..self.threads).filter_map(|thread| {
            let calls = self.calls_of(0, thread).first().copied();
            calls.or_else(|| self.place(0, thread)).map(|(part, _)| part)
        });
        let begins = Vec::from_iter(begins);
        let mut order = Vec::from_iter(0..self.parts.len());
        order.sort_by_key(|part| !begins.contains(part));
        order
    }

    /// Whether a state of it is wrong.
    pub(super) fn is_broken(&self) -> bool {
        self.nodes.iter().any(|node| node.verdict().is_some())
    }

    /// The graph with labels that stand for themselves: which word, and its values by their names.
    pub(super) fn with_whole_labels(mut self) -> Self {
        let mut whole = Vec::new();
        for node in 0..self.nodes.len() {
            for step in 0..self.nodes[node].edges().len() {
                let edge = self.nodes[node].edges()[step];
                let (_, label, word, _) = edge.parts();
                let text = match usize::try_from(word).ok().and_then(|word| self.words.get(word)) {
                    Some((name, _)) => {
                        let names = self.named.get(&word.to_string());
                        let names = names.map(Vec::as_slice).unwrap_or_default();
                        format!("{name}.{}", with_names(&self.labels[label], names))
                    }
                    None => self.labels[label].clone(),
                };
                let label = whole.iter().position(|other| *other == text).unwrap_or_else(|| {
                    whole.push(text);
                    whole.len() - 1
                });
                self.nodes[node].edges_mut()[step].set_label(label);
            }
        }
        self.labels = whole;
        self
    }

    /// What a step does.
    pub(super) fn label(&self, edge: Edge) -> String {
        self.labels[edge.parts().1].clone()
    }

    /// The calls in which a thread is, from the outermost inwards.
    pub(super) fn calls_of(&self, state: usize, thread: usize) -> &[(usize, usize)] {
        let number = self.stacks.get(state * self.threads + thread);
        number.and_then(|&number| self.calls.get(number)).map_or(&[], Vec::as_slice)
    }

    /// Where a thread stands, unless it has ended.
    pub(super) fn place(&self, state: usize, thread: usize) -> Option<(usize, usize)> {
        let stand = usize::try_from(self.nodes[state].stands()[thread]).ok()?;
        Some(self.places[stand / KINDS])
    }

    /// Whether it is about to do something there, sleeps, or waits.
    pub(super) fn how(&self, state: usize, thread: usize) -> Option<usize> {
        usize::try_from(self.nodes[state].stands()[thread]).ok().map(|stand| stand % KINDS)
    }

    /// The same without any state.
    pub(super) fn empty(&self) -> Self {
        Self { nodes: Vec::new(), stacks: Vec::new(), ..self.clone() }
    }

    /// How many ways there are from the start to an end. No step leads back.
    pub(super) fn ways(&self) -> u128 {
        fn from(graph: &Graph, state: usize, known: &mut [Option<u128>]) -> u128 {
            if let Some(ways) = known[state] {
                return ways;
            }
            let edges = graph.nodes[state].edges();
            let sum = edges.iter().map(|edge| from(graph, edge.parts().3, known)).sum();
            let sum = if edges.is_empty() { 1 } else { sum };
            known[state] = Some(sum);
            sum
        }
        from(self, 0, &mut vec![None; self.nodes.len()])
    }

    /// The first of the shortest ways to something wrong, as state and step.
    pub(super) fn shortest_failure(&self) -> Option<Vec<(usize, Edge)>> {
        let mut came_from = vec![None; self.nodes.len()];
        let mut open = VecDeque::from([0]);
        while let Some(state) = open.pop_front() {
            if self.nodes[state].verdict().is_some() {
                let mut way = Vec::new();
                let mut here = state;
                while let Some((from, edge)) = came_from[here] {
                    way.push((from, edge));
                    here = from;
                }
                way.reverse();
                return Some(way);
            }
            for &edge in self.nodes[state].edges() {
                let (.., to) = edge.parts();
                if to != 0 && came_from[to].is_none() {
                    came_from[to] = Some((state, edge));
                    open.push_back(to);
                }
            }
        }
        None
    }
}

/// A label with the names that the source has for the numbers in it.
fn with_names(label: &str, names: &[String]) -> String {
    let mut text = String::new();
    for piece in label.split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
        let end = piece.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
        match end.parse::<usize>().ok().and_then(|number| names.get(number)) {
            Some(name) => text.push_str(&piece.replacen(end, name, 1)),
            None => text.push_str(piece),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::with_names;

    #[test]
    fn numbers_get_their_names() {
        let names = ["UNLOCKED".to_owned(), "LOCKED".to_owned()];
        let named = with_names("compare_exchange(0, 1) → Ok(0)", &names);
        assert_eq!(named, "compare_exchange(UNLOCKED, LOCKED) → Ok(UNLOCKED)");
        assert_eq!(with_names("wait(2) → no: it is 1", &names), "wait(2) → no: it is LOCKED");
        assert_eq!(with_names("load → 0", &[]), "load → 0");
    }
}

//! A graph, read back. Its format is told in `explorer/src/graph.rs`.

use std::collections::VecDeque;

use serde::Deserialize;

/// A graph as `cargo explore` writes it.
#[derive(Deserialize)]
pub(super) struct Graph {
    pub(super) weak: bool,
    pub(super) threads: usize,
    /// File and anchor.
    pub(super) parts: Vec<(String, String)>,
    /// Part, row, the ordering there and the other one.
    pub(super) toggles: Vec<(usize, usize, String, String)>,
    pub(super) interleavings: String,
    pub(super) words: Vec<(String, String)>,
    /// Who sleeps at the start, and on which word.
    #[serde(default)]
    pub(super) asleep: Vec<(usize, usize)>,
    /// Part and row.
    pub(super) places: Vec<(usize, usize)>,
    pub(super) labels: Vec<String>,
    pub(super) verdicts: Vec<(String, String)>,
    pub(super) nodes: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Node {
    Sound(Vec<Option<u64>>, Vec<i64>, Vec<Edge>),
    Broken(Vec<Option<u64>>, Vec<i64>, Vec<Edge>, usize),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum Edge {
    Fresh(usize, usize, i64, usize),
    Stale(usize, usize, i64, usize, u8),
}

impl Edge {
    /// Thread, label, word, state.
    pub(super) fn parts(self) -> (usize, usize, i64, usize) {
        match self {
            Self::Fresh(thread, label, word, to) | Self::Stale(thread, label, word, to, _) => {
                (thread, label, word, to)
            }
        }
    }

    pub(super) fn is_stale(self) -> bool {
        matches!(self, Self::Stale(.., 1))
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

    pub(super) fn verdict(&self) -> Option<usize> {
        match self {
            Self::Sound(..) => None,
            Self::Broken(.., verdict) => Some(*verdict),
        }
    }
}

impl Graph {
    /// Whether a state of it is wrong.
    pub(super) fn is_broken(&self) -> bool {
        self.nodes.iter().any(|node| node.verdict().is_some())
    }

    /// What a step does, and to which word.
    pub(super) fn label(&self, edge: Edge) -> String {
        let (_, label, word, _) = edge.parts();
        let word = usize::try_from(word).ok().and_then(|word| self.words.get(word));
        match word {
            Some((word, _)) => format!("{word}.{}", self.labels[label]),
            None => self.labels[label].clone(),
        }
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

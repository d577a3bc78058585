//! What an exercise asks for, judged by the graphs: here whether it can be done at all, and what
//! the answer is; in the page (`theme/explorer.js`) whether a reader has done it.

use std::fmt::Write;

use super::graph::Graph;
use super::plain;
use crate::builder::escape;

/// A kind of exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Walk to a red state, in as few steps as can be.
    Break,
    /// Find out that there is none.
    Prove,
    /// Choose orderings so that there is none, and no ordering can be weaker.
    Weakest,
}

/// What the builder found out about an exercise.
pub(super) struct Answer {
    /// The variant that the reader begins with.
    pub(super) start: usize,
    /// The right variants, if that is the question.
    pub(super) right: Vec<usize>,
    /// For a reader without scripts.
    pub(super) html: String,
}

impl Task {
    const ALL: [Self; 3] = [Self::Break, Self::Prove, Self::Weakest];

    /// Reads `kind scenario`.
    ///
    /// # Errors
    ///
    /// The kind is not known, or the scenario is missing.
    pub fn read(text: &str) -> Result<(Self, &str), String> {
        let (kind, scenario) = text.split_once(' ').unwrap_or((text, ""));
        let names = Vec::from_iter(Self::ALL.iter().map(|task| task.name())).join("`, `");
        match Self::ALL.into_iter().find(|task| task.name() == kind) {
            Some(task) if !scenario.trim().is_empty() => Ok((task, scenario.trim())),
            Some(_) => Err(format!("an exercise needs a scenario: `{kind} scenario: question`")),
            None => Err(format!("no exercise `{kind}`; there are `{names}`")),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Break => "break",
            Self::Prove => "prove",
            Self::Weakest => "weakest",
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Break => "Break it",
            Self::Prove => "Break it, or prove that it holds",
            Self::Weakest => "The weakest orderings that hold",
        }
    }

    /// The answer for the variants of scenario `name`; `lines` are those of its toggles.
    pub(super) fn answer(
        self,
        name: &str,
        variants: &[Graph],
        lines: &[usize],
    ) -> Result<Answer, String> {
        match self {
            Self::Break => {
                let broken =
                    variants.iter().find_map(|graph| Some((graph, graph.shortest_failure()?)));
                let (graph, way) =
                    broken.ok_or(format!("`{name}` cannot be broken: it has no red state"))?;
                Ok(Answer { start: 0, right: Vec::new(), html: plain::table(graph, &way) })
            }
            Self::Prove if variants[0].is_broken() => {
                Err(format!("`{name}` cannot be proved: it has a red state"))
            }
            Self::Prove => {
                let html = format!(
                    "<p>It holds: of {} states and {} interleavings none goes wrong.</p>",
                    variants[0].nodes.len(),
                    escape(&variants[0].interleavings),
                );
                Ok(Answer { start: 0, right: Vec::new(), html })
            }
            Self::Weakest => weakest(name, variants, lines),
        }
    }
}

fn weakest(name: &str, variants: &[Graph], lines: &[usize]) -> Result<Answer, String> {
    let toggles = &variants[0].toggles;
    // The variant in which each toggle is at the weaker of its two orderings.
    let mut weak = 0;
    for (i, (.., from, to)) in toggles.iter().enumerate() {
        weak |= usize::from(strength(to) < strength(from)) << i;
    }
    let is_right = |variant: usize| {
        let mut weaker = (0..toggles.len()).filter(|i| (variant ^ weak) >> i & 1 == 1);
        !variants[variant].is_broken() && weaker.all(|i| variants[variant ^ (1 << i)].is_broken())
    };
    let right = Vec::from_iter((0..variants.len()).filter(|&variant| is_right(variant)));
    let strong = (variants.len() - 1) ^ weak;
    let start = [weak, strong].into_iter().find(|start| !right.contains(start));
    let (Some(start), false) = (start, right.is_empty()) else {
        return Err(format!(
            "`{name}` has no orderings to choose from, or no choice of them holds"
        ));
    };
    let mut html = String::new();
    for &variant in &right {
        html.push_str("<ul>");
        for (i, (.., from, to)) in toggles.iter().enumerate() {
            let here = if variant >> i & 1 == 1 { to } else { from };
            let _ = write!(html, "<li>line {}: {}</li>", lines[i], escape(here));
        }
        html.push_str("</ul>");
        for (i, (.., from, to)) in toggles.iter().enumerate() {
            let graph = &variants[variant ^ (1 << i)];
            if let Some(way) = graph.shortest_failure() {
                let other = if variant >> i & 1 == 1 { from } else { to };
                let _ = write!(html, "<p>With {other} in line {} it breaks:</p>", lines[i]);
                html.push_str(&plain::table(graph, &way));
            }
        }
    }
    Ok(Answer { start, right, html })
}

fn strength(order: &str) -> usize {
    match order {
        "Relaxed" => 0,
        "Acquire" | "Release" => 1,
        "AcqRel" => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::{Graph, Task};

    /// Two toggles of a made-up scenario; of its variants those in `broken` have a red state.
    fn variants(broken: &[usize]) -> Vec<Graph> {
        let graph = |variant| {
            let end = if broken.contains(&variant) { "[[1],[-1],[],0]" } else { "[[1],[-1],[]]" };
            let text = format!(
                r#"{{ "weak": true, "threads": 1, "parts": [], "toggles": [[0, 0, "Acquire", "Relaxed"],
                [0, 1, "Release", "Relaxed"]], "interleavings": "1", "words": [["word", "number"]],
                "places": [[0, 0]], "labels": ["load → 1"], "verdicts": [["Wrong", "it is"]],
                "nodes": [[[0],[0],[[0,0,0,1]]], {end}] }}"#
            );
            serde_json::from_str::<Graph>(&text).unwrap().with_whole_labels()
        };
        (0..4).map(graph).collect()
    }

    #[test]
    fn a_kind_and_a_scenario_are_read() {
        assert_eq!(Task::read("prove lock"), Ok((Task::Prove, "lock")));
        let error = Task::read("lock").unwrap_err();
        assert_eq!(error, "no exercise `lock`; there are `break`, `prove`, `weakest`");
        assert!(Task::read("break").unwrap_err().starts_with("an exercise needs a scenario"));
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let answer = |task: Task, broken: &[usize]| task.answer("x", &variants(broken), &[7, 8]);
        assert!(answer(Task::Break, &[]).is_err());
        assert!(answer(Task::Prove, &[0]).is_err());
        assert!(answer(Task::Weakest, &[0, 1, 2, 3]).is_err(), "nothing holds");
        assert!(answer(Task::Break, &[2]).unwrap().html.contains(">word.load → 1</span></td>"));
        assert!(answer(Task::Prove, &[1]).unwrap().html.contains("2 states"));
    }

    #[test]
    fn the_weakest_that_hold_are_found() {
        let answer =
            |broken: &[usize]| Task::Weakest.answer("x", &variants(broken), &[7, 8]).unwrap();
        // Both are needed: the reader begins with both weak.
        let both = answer(&[1, 2, 3]);
        assert_eq!((both.start, &*both.right), (3, &[0][..]));
        assert!(both.html.contains("<li>line 7: Acquire</li><li>line 8: Release</li>"));
        assert!(both.html.contains("With Relaxed in line 8 it breaks"));
        // One is enough, either of them.
        let one = answer(&[3]);
        assert_eq!((one.start, &*one.right), (3, &[1, 2][..]));
        // None is needed: the reader begins with both strong.
        let none = answer(&[]);
        assert_eq!((none.start, &*none.right), (0, &[3][..]));
    }
}

//! The report as a drawing.

use std::fmt::Write;

use super::Report;

impl Report {
    /// The report as a [Mermaid](https://mermaid.js.org) flowchart: threads are boxes, what they hold and want
    /// is round, and an arrow goes from who wants to what it wants, and from there to who has it.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut drawing = String::from("flowchart LR\n");
        let mut things = Vec::new();
        let mut number = |what: &str| match things.iter().position(|thing| thing == what) {
            Some(place) => place,
            None => {
                things.push(what.to_owned());
                things.len() - 1
            }
        };
        let mut arrows = String::new();
        for thread in &self.threads {
            let ended = if thread.ended { " (has ended)" } else { "" };
            line(&mut drawing, format_args!("t{}[\"{}{ended}\"]", thread.id, safe(&thread.name)));
            for hold in &thread.holds {
                let thing = number(&hold.what());
                line(
                    &mut arrows,
                    format_args!("r{thing} -->|\"held since {}\"| t{}", hold.since, thread.id),
                );
            }
            if let Some(want) = &thread.wants {
                let thing = number(&want.what);
                line(
                    &mut arrows,
                    format_args!("t{} -->|\"wants at {}\"| r{thing}", thread.id, want.at),
                );
                if want.what.starts_with("end of") {
                    for from in want.from.iter().filter(|from| self.name_of(**from).is_some()) {
                        line(&mut arrows, format_args!("r{thing} --> t{from}"));
                    }
                }
            }
        }
        for (place, thing) in things.iter().enumerate() {
            line(&mut drawing, format_args!("r{place}([\"{}\"])", safe(thing)));
        }
        drawing + &arrows
    }
}

fn line(drawing: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(drawing, "    {text}").expect("a string takes all");
}

/// A quotation mark would end the text.
fn safe(text: &str) -> String {
    text.replace('"', "#quot;").replace('\n', " ")
}

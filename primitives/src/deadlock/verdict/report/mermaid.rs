//! The report as a drawing.

use std::fmt::Write;

use super::Report;

impl Report {
    /// The report as a [Mermaid](https://mermaid.js.org) flowchart: threads are boxes, what they
    /// hold and want is round, and an arrow goes from a thread to what it wants, and from there to
    /// its holder.
    #[must_use]
    pub fn to_mermaid(&self) -> String {
        let mut drawing = String::from("flowchart LR\n");
        let mut resources = Vec::new();
        let mut number = |what: &str| match resources.iter().position(|resource| resource == what) {
            Some(place) => place,
            None => {
                resources.push(what.to_owned());
                resources.len() - 1
            }
        };
        let mut arrows = String::new();
        for thread in &self.threads {
            let ended = if thread.ended { " (has ended)" } else { "" };
            line(&mut drawing, format_args!("t{}[\"{}{ended}\"]", thread.id, safe(&thread.name)));
            for hold in &thread.holds {
                let resource = number(&hold.what());
                line(
                    &mut arrows,
                    format_args!("r{resource} -->|\"held since {}\"| t{}", hold.since, thread.id),
                );
            }
            if let Some(want) = &thread.wants {
                let resource = number(&want.what);
                line(
                    &mut arrows,
                    format_args!("t{} -->|\"wants at {}\"| r{resource}", thread.id, want.at),
                );
                if want.what.starts_with("end of") {
                    for from in want.from.iter().filter(|from| self.name_of(**from).is_some()) {
                        line(&mut arrows, format_args!("r{resource} --> t{from}"));
                    }
                }
            }
        }
        for (place, resource) in resources.iter().enumerate() {
            line(&mut drawing, format_args!("r{place}([\"{}\"])", safe(resource)));
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

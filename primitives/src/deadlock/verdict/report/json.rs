//! The report for programs.

use std::fmt::Write;

use super::Report;

impl Report {
    /// The report as JSON, on one line:
    ///
    /// ```json
    /// {"verdict":"cycle","threads":[{"id":2,"name":"ann","ended":false,
    ///   "holds":[{"what":"lock \"a\"","name":"a","since":"src/main.rs:8:20"}],
    ///   "wants":{"what":"lock \"b\"","name":"b","at":"src/main.rs:9:20","from":[3]}}]}
    /// ```
    ///
    /// `wants` may be `null`; `from` has the numbers of the only threads that could end the wait;
    /// it is empty if any could. A thread that a coroutine was about to block has the field
    /// `polled_at`, too, the place of the poll. Places are strings, `file:line:column`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let threads = list(self.threads.iter().map(|thread| {
            let holds = list(thread.holds.iter().map(|hold| {
                object(&[
                    ("what", string(&hold.what())),
                    ("name", string(&hold.name())),
                    ("since", string(&hold.since.to_string())),
                ])
            }));
            let wants = thread.wants.as_ref().map_or("null".to_owned(), |want| {
                object(&[
                    ("what", string(&want.what)),
                    ("name", string(&want.name)),
                    ("at", string(&want.at.to_string())),
                    ("from", list(want.from.iter().map(u64::to_string))),
                ])
            });
            let mut fields = vec![
                ("id", thread.id.to_string()),
                ("name", string(&thread.name)),
                ("ended", thread.ended.to_string()),
                ("holds", holds),
                ("wants", wants),
            ];
            let polled = thread.polled_at.map(|place| ("polled_at", string(&place.to_string())));
            fields.extend(polled);
            object(&fields)
        }));
        object(&[("verdict", string(self.verdict.as_str())), ("threads", threads)])
    }
}

fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<_> = fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            // All other characters may stay as they are (RFC 8259, section 7).
            '\0'..='\x1f' => write!(quoted, "\\u{:04x}", u32::from(c)).expect("a string takes all"),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::string;

    #[test]
    fn what_json_forbids_in_a_string_is_escaped() {
        assert_eq!(string("a \"b\" \\ \n é"), r#""a \"b\" \\ \u000a é""#);
    }
}

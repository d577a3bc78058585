//! Arguments: checking numbers, and refusing wrong input in one line that says what is allowed.

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::outcome::{BadInput, Outcome};

/// A whole number from `MIN` to `MAX`; for `value_parser`.
pub(crate) fn number<const MIN: usize, const MAX: usize>(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if (MIN..=MAX).contains(&number) => Ok(number),
        _ => Err(format!("a whole number from {MIN} to {MAX} is allowed")),
    }
}

/// The demos among the subcommands.
pub(crate) fn demos(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|demo| demo.get_name() != "list")
}

/// Prints the help, if it was requested. clap's paragraph about a mistake becomes one
/// line.
pub(crate) fn help_or_refusal(error: clap::Error, command: &Command) -> anyhow::Result<Outcome> {
    if error.exit_code() == 0 {
        // The reader closed the pipe, so it has read enough.
        let _ = error.print();
        return Ok(Outcome::Holds);
    }
    let line = match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::InvalidSubcommand, Some(ContextValue::String(name))) => {
            let known: Vec<_> = demos(command).map(Command::get_name).collect();
            format!("no demo is called {name:?}: there are {}, and list", known.join(", "))
        }
        (ErrorKind::UnknownArgument, _) => {
            let called = std::env::args_os().nth(1).unwrap_or_default();
            let called = command.find_subcommand(called).unwrap_or(command);
            format!("{}; allowed: {}", gist(&error), options(called))
        }
        _ => gist(&error),
    };
    Err(BadInput(line).into())
}

/// clap's message in one line, without the tips and the usage.
fn gist(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .filter(|line| !line.is_empty() && !line.starts_with("tip:"));
    let line = lines.collect::<Vec<_>>().join(" ");
    line.trim_start_matches("error: ").to_owned()
}

fn options(command: &Command) -> String {
    let mut options: Vec<_> = command
        .get_arguments()
        .filter(|option| !option.is_hide_set())
        .filter_map(|option| option.get_long())
        .map(|name| format!("--{name}"))
        .collect();
    options.push("--help".to_owned());
    options.join(", ")
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_number_out_of_range_is_refused_with_the_range() {
        assert_eq!(number::<1, 256>("1"), Ok(1));
        assert_eq!(number::<1, 256>("256"), Ok(256));
        for wrong in ["0", "257", "-1", "two", "", "1.5", "99999999999999999999999999"] {
            let allowed = "a whole number from 1 to 256 is allowed".to_owned();
            assert_eq!(number::<1, 256>(wrong), Err(allowed), "{wrong:?}");
        }
    }
}

//! [`Text`]: a string in the detector's own memory.

use std::fmt::{self, Write};
use std::ops::Deref;

use super::List;

/// A string that does not change.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Text(List<u8>);

impl Text {
    /// The result of [`format!`](std::format).
    pub(crate) fn format(arguments: fmt::Arguments<'_>) -> Self {
        let mut text = Self::default();
        // It fails only if a `Display` does; the text so far must then suffice.
        let _ = text.write_fmt(arguments);
        text
    }
}

impl Write for Text {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.append(piece.as_bytes());
        Ok(())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::format(format_args!("{text}"))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        // SAFETY: it consists of whole strings.
        unsafe { std::str::from_utf8_unchecked(&self.0) }
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use super::Text;

    #[test]
    fn it_holds_what_was_written() {
        assert_eq!(&*Text::default(), "");
        assert_eq!(&*Text::from("müde"), "müde");
        let long = "x".repeat(1_000);
        assert_eq!(*Text::format(format_args!("{long}{}", 7)), format!("{long}7"));
    }
}

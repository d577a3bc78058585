//! The lines of a part of a file, the last one first, in memory for a block and the longest line.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

/// Bytes that are read at a time.
const BLOCK: u64 = 64 * 1024;

/// Writes the lines in `part` of `file` to `to`, the last one first. The part ends with the end of
/// a line.
pub(super) fn write_reversed(
    file: &mut File,
    part: Range<u64>,
    to: &mut impl Write,
) -> io::Result<()> {
    // From `read` to the end of the part everything was read, and what is not yet written stands in
    // `rest`: whole lines, but for the first one, whose beginning is still to come.
    let mut read = part.end;
    let mut rest = Vec::new();
    while read > part.start {
        let from = read.saturating_sub(BLOCK).max(part.start);
        let mut block = vec![0; (read - from) as usize];
        file.seek(SeekFrom::Start(from))?;
        file.read_exact(&mut block)?;
        block.append(&mut rest);
        // A line begins after the end of another; the last byte is the end of the last line.
        while let Some(end) = block.iter().rev().skip(1).position(|&byte| byte == b'\n') {
            to.write_all(&block.split_off(block.len() - 1 - end))?;
        }
        rest = block;
        read = from;
    }
    to.write_all(&rest)
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, write_reversed};
    use std::io::Write;

    fn reversed(text: &str, part: std::ops::Range<u64>) -> String {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let mut to = Vec::new();
        write_reversed(&mut file, part, &mut to).unwrap();
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn lines_come_out_the_last_one_first() {
        assert_eq!(reversed("a\nbb\n\nccc\n", 0..10), "ccc\n\nbb\na\n");
        assert_eq!(reversed("a\nbb\n\nccc\n", 2..5), "bb\n");
        assert_eq!(reversed("", 0..0), "");
        assert_eq!(reversed("\n\n", 0..2), "\n\n");
    }

    #[test]
    fn lines_may_be_longer_than_a_block_and_cross_its_edge() {
        let long = "x".repeat(BLOCK as usize * 2);
        let text = format!("first\n{long}\n{}\nlast\n", "y".repeat(100));
        let expected = format!("last\n{}\n{long}\nfirst\n", "y".repeat(100));
        assert_eq!(reversed(&text, 0..text.len() as u64), expected);
    }
}

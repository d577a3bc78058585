//! How much memory the program takes.

use std::fs;

/// Bytes in memory now, without what the kernel keeps for it: `VmRSS` of proc(5). `None` where the
/// system does not say.
pub(super) fn resident() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// `1.5 KB`, `200.0 MB`.
pub(super) fn in_words(bytes: usize) -> String {
    let kilobytes = bytes as f64 / 1024.0;
    match kilobytes < 1024.0 {
        true => format!("{kilobytes:.1} KB"),
        false => format!("{:.1} MB", kilobytes / 1024.0),
    }
}

#[cfg(test)]
mod tests {
    use super::{in_words, resident};

    #[test]
    fn it_is_told_in_the_unit_that_fits() {
        assert_eq!(in_words(1536), "1.5 KB");
        assert_eq!(in_words(200 << 20), "200.0 MB");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn it_grows_with_what_is_written() {
        let before = resident().expect("Linux says it");
        let written = vec![1u8; 64 << 20];
        let after = resident().expect("Linux says it");
        assert!(after > before + (32 << 20), "{before} {after} {}", written.len());
    }
}

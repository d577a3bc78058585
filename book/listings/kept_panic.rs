//! A thread panics, and the joining thread learns of it.

use primitives::threads::{self, PanicError};

// ANCHOR: sum
/// The sum of the numbers, each read by its own thread.
pub fn sum(lines: &[&'static str]) -> Result<u32, PanicError> {
    let read =
        |line: &'static str| threads::spawn(move || line.parse::<u32>().expect("not a number"));
    let threads: Vec<_> = lines.iter().copied().map(read).collect();
    let mut sum = 0;
    for thread in threads {
        sum += thread.join()?;
    }
    Ok(sum)
}
// ANCHOR_END: sum

#[cfg(all(test, not(model)))]
mod tests {
    use super::sum;

    #[test]
    fn who_joins_a_thread_learns_of_its_panic() {
        assert_eq!(sum(&["10", "20"]).unwrap(), 30);
        // ANCHOR: panic
        let panic = sum(&["10", "12a", "20"]).unwrap_err();
        assert_eq!(panic.message(), "not a number: ParseIntError { kind: InvalidDigit }");
        assert!(panic.thread_name().starts_with("Thread-"));
        assert!(panic.location().unwrap().file().ends_with("kept_panic.rs"));
        // ANCHOR_END: panic
    }
}

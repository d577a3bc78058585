//! A thread panics, and the program goes on as if nothing had happened.

use primitives::threads;

// ANCHOR: sum
/// The sum of the numbers, each read by its own thread.
pub fn sum(lines: &[&'static str]) -> u32 {
    let read =
        |line: &'static str| threads::spawn(move || line.parse::<u32>().expect("not a number"));
    let threads: Vec<_> = lines.iter().copied().map(read).collect();
    let mut sum = 0;
    for thread in threads {
        if let Ok(number) = thread.join() {
            sum += number;
        }
    }
    sum
}
// ANCHOR_END: sum

#[cfg(all(test, not(model)))]
mod tests {
    use super::sum;

    #[test]
    fn what_a_thread_has_not_read_is_missing_and_nothing_says_so() {
        assert_eq!(sum(&["10", "20"]), 30);
        assert_eq!(sum(&["10", "12a", "20"]), 30);
    }
}

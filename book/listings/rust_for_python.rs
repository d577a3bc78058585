//! Rust for people who know Python: what the listings of the book are made of.

// ANCHOR: function
/// What two numbers have in common.
pub fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
// ANCHOR_END: function

// ANCHOR: struct
/// Money in an account.
pub struct Account {
    balance: u32,
}

impl Account {
    /// An empty one.
    pub fn new() -> Self {
        Self { balance: 0 }
    }

    /// Puts money in.
    pub fn deposit(&mut self, amount: u32) {
        self.balance += amount;
    }
}
// ANCHOR_END: struct

impl Default for Account {
    fn default() -> Self {
        Self::new()
    }
}

// ANCHOR: option
/// The place of the first 0, if there is one.
pub fn first_zero(numbers: &[u32]) -> Option<usize> {
    for (i, number) in numbers.iter().enumerate() {
        if *number == 0 {
            return Some(i);
        }
    }
    None
}

/// The same, as a sentence.
pub fn say(numbers: &[u32]) -> String {
    match first_zero(numbers) {
        Some(i) => format!("a zero at {i}"),
        None => "no zero".to_owned(),
    }
}
// ANCHOR_END: option

// ANCHOR: closure
/// The squares of the even ones.
pub fn even_squares(numbers: &[u32]) -> Vec<u32> {
    numbers.iter().copied().filter(|n| n % 2 == 0).map(|n| n * n).collect()
}
// ANCHOR_END: closure

// ANCHOR: result
/// Adds up what is written in the lines; an error if one is not a number.
pub fn total(lines: &[&str]) -> Result<u32, std::num::ParseIntError> {
    let mut sum = 0;
    for line in lines {
        sum += line.parse::<u32>()?;
    }
    Ok(sum)
}
// ANCHOR_END: result

// ANCHOR: drop
/// Holds something while it lives.
pub struct Guard<'a>(&'a mut u32);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        *self.0 = 0; // given back
    }
}
// ANCHOR_END: drop

#[cfg(all(test, not(model)))]
mod tests {
    use super::{Account, Guard, even_squares, first_zero, gcd, say, total};

    #[test]
    fn they_do_what_the_python_beside_them_does() {
        assert_eq!(gcd(12, 18), 6);
        let mut account = Account::new();
        account.deposit(5);
        assert_eq!(account.balance, 5);
        assert_eq!((first_zero(&[3, 0]), first_zero(&[3])), (Some(1), None));
        assert_eq!((say(&[0]).as_str(), say(&[]).as_str()), ("a zero at 0", "no zero"));
        assert_eq!(even_squares(&[1, 2, 3, 4]), [4, 16]);
        assert_eq!(total(&["1", "2"]), Ok(3));
        assert!(total(&["1", "x"]).is_err());
        let mut held = 1;
        drop(Guard(&mut held));
        assert_eq!(held, 0);
    }
}

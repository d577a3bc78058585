//! Decimal to binary with a stack: the smallest demo.
//!
//! To write a number in another base, divide it by the base again and again. The remainders are the
//! digits, the last one first; a stack, from which the last that went in comes out first, puts them
//! in order:
//!
//! ```text
//!   13 / 2 = 6  remainder 1 ─┐     ┌───┐
//!    6 / 2 = 3  remainder 0  │     │ 1 │ ─▶ 1101
//!    3 / 2 = 1  remainder 1  ├put▶ │ 1 │
//!    1 / 2 = 0  remainder 1 ─┘     │ 0 │
//!                                  │ 1 │
//!                                  └───┘
//! ```
//!
//! One thread divides, another writes. The writer must not begin before the last digit is on the
//! stack: it waits for the shutdown of the stack, which says that nothing more will come. With
//! `--broken` it takes what it finds, as it would from a queue; the stack has one place, so that
//! the two take turns, and every number comes out the wrong way round.

use std::io;
use std::time::Instant;

use primitives::{Event, threads};
use queues::Stack;

use crate::args::number;
use crate::interrupt::{interrupted, on_ctrl_c};
use crate::outcome::{BadInput, Outcome, Verdict};
use crate::report::{Report, Side, counted};
use crate::timeline::{self, level, phase, waiting};
use crate::workers::{self, Worker};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Whole numbers to convert, below 2^128
    #[arg(value_name = "NUMBER", default_values = ["13", "2026", "1000000007"])]
    numbers: Vec<String>,
    /// Base to convert to, from 2 to 36
    #[arg(long, value_name = "N", default_value = "2", value_parser = number::<2, 36>)]
    base: usize,
    /// The writer does not wait until all digits are on the stack
    #[arg(long)]
    broken: bool,
    #[command(flatten)]
    timeline: timeline::Args,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let numbers = args.numbers.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    let timeline = args.timeline.start()?;
    on_ctrl_c(|| ())?; // looked at between two numbers
    let started = Instant::now();
    let mut panics = Vec::new();
    let mut converted = Vec::new();
    for &number in numbers.iter().take_while(|_| !interrupted()) {
        phase!(format!("{number}").as_str());
        let converter = Converter::new(number, args.base, args.broken);
        let (divider, writer) = converter.run()?;
        panics.extend(workers::panics(&divider).chain(workers::panics(&writer)).cloned());
        converted.extend(workers::done(&writer).cloned());
    }
    let elapsed = started.elapsed();
    let picture = timeline.finish()?;

    let mut report = Report::new(format_args!("Decimal to base {}, with a stack", args.base));
    report.gap();
    if let ([number, ..], false) = (numbers.as_slice(), args.broken) {
        report.columns(steps(*number, args.base as u128));
        report.gap();
    }
    report
        .columns(numbers.iter().zip(&converted).map(|(n, digits)| [n.to_string(), digits.clone()]));
    report.gap();
    report.timeline(picture.as_ref());
    let done = counted(converted.len(), "number");
    report.line(format_args!("{done} in {elapsed:.1?}."));
    let nothing_to_compare = args.broken || interrupted();
    if let (false, [number, ..], [right, ..]) = (nothing_to_compare, &*numbers, &*converted) {
        let (_, writer) = Converter::new(*number, args.base, true).run()?;
        let wrong = workers::done(&writer).cloned().collect::<String>();
        report.argue(
            Side("the writer waits", format!("{number} is {right}")),
            Side("it does not", format!("{number} is {wrong}")),
            match *right == wrong {
                true => {
                    "with a number whose digits read the same from both ends it makes no difference"
                }
                false => {
                    "a stack turns the digits round only if all are on it before the first is taken"
                }
            },
        );
    }
    let so_far = || format!("{done} converted");
    let verdict = Verdict::on(&panics, so_far, || check(&numbers, &converted, args.base as u32));
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- base-converter --base 16 48879 51966", "another base, other numbers"),
        ("cargo run -- base-converter --broken", "the writer does not wait for the last digit"),
        ("cargo run -- base-converter --broken 9", "and a number where the error does not show"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// The divider and the writer, when they have ended.
type Teams = (Vec<Worker<()>>, Vec<Worker<String>>);

/// What the two threads share.
struct Converter {
    number: u128,
    base: u128,
    digits: Stack<char>,
    /// Set when the last digit is on the stack.
    all_there: Event,
    broken: bool,
}

impl Converter {
    fn new(number: u128, base: usize, broken: bool) -> Self {
        let digits = if broken { Stack::bounded(1) } else { Stack::unbounded() };
        Self { number, base: base as u128, digits, all_there: Event::new(), broken }
    }

    /// Two teams of one: the divider, and the writer.
    fn run(&self) -> io::Result<Teams> {
        // What the other waits for if one panics.
        let stop = || self.no_more_digits();
        threads::scope(|scope| {
            let divider = workers::start(scope, "divider", 1, |_| self.divide(), stop)?;
            let writer = workers::start(scope, "writer", 1, |_| self.write(), stop)?;
            Ok((workers::join(divider), workers::join(writer)))
        })
    }

    /// Puts the digits on the stack, the last one first.
    fn divide(&self) {
        let mut left = self.number;
        loop {
            let digit = (left % self.base) as u32;
            let digit = char::from_digit(digit, 36).expect("a remainder is less than the base");
            if waiting!("room on the stack", self.digits.put(digit)).is_err() {
                return; // the writer panicked
            }
            level!("on the stack", self.digits.len());
            left /= self.base;
            if left == 0 {
                break;
            }
        }
        self.no_more_digits();
    }

    /// What is on the stack can still be got.
    fn no_more_digits(&self) {
        self.digits.shutdown();
        self.all_there.set();
    }

    /// Takes them off, and gets the first one first.
    fn write(&self) -> String {
        if !self.broken {
            waiting!("the last digit", self.all_there.wait());
        }
        let mut written = String::new();
        while let Ok(digit) = waiting!("a digit", self.digits.get()) {
            level!("on the stack", self.digits.len());
            written.push(digit);
        }
        written
    }
}

/// `13 / 2 = 6` and `remainder 1`, in the order in which they are found.
fn steps(number: u128, base: u128) -> Vec<[String; 2]> {
    let next = |&left: &u128| Some(left / base).filter(|&left| left > 0);
    let lefts = std::iter::successors(Some(number), next);
    lefts
        .map(|left| {
            [format!("{left} / {base} = {}", left / base), format!("remainder {}", left % base)]
        })
        .collect()
}

/// Whether the standard library reads the number from the digits.
fn check(numbers: &[u128], converted: &[String], base: u32) -> Result<String, String> {
    for (number, digits) in numbers.iter().zip(converted) {
        let right = match base {
            2 => format!("{number:b}"),
            8 => format!("{number:o}"),
            16 => format!("{number:x}"),
            // The library cannot write other bases, but can read them.
            _ if u128::from_str_radix(digits, base) == Ok(*number) => continue,
            _ => format!("something else in base {base}"),
        };
        if *digits != right {
            return Err(format!("{number} is {right}, and not {digits}"));
        }
    }
    Ok("the standard library agrees on every digit".into())
}

fn parse(text: &str) -> Result<u128, BadInput> {
    text.parse().map_err(|_| {
        BadInput(format!("{text:?}: a whole number from 0 to {} is allowed", u128::MAX))
    })
}

//! The ledger, and whether it balances to the cent.

use std::time::Duration;

use super::bank::Bank;
use super::payday::{Paid, Signal};
use super::{Args, Audit, OPENING, Teller, Without};
use crate::outcome::{Outcome, Verdict};
use crate::report::{Report, Side, count, counted, money};
use crate::timeline::Picture;
use crate::workers::{self, Worker};

/// The most accounts that are shown one by one.
const SHOWN: usize = 20;

/// All threads, when they have ended.
pub(super) struct Ended {
    pub(super) tellers: Vec<Worker<Teller>>,
    pub(super) auditor: Vec<Worker<Audit>>,
    pub(super) elapsed: Duration,
    pub(super) paid: Paid,
}

pub(super) fn show(
    args: &Args,
    bank: &Bank,
    ended: &Ended,
    without: Option<&Without>,
    timeline: Option<&Picture>,
) -> anyhow::Result<Outcome> {
    let Ended { tellers, auditor, elapsed, paid } = ended;
    let closing: Vec<_> = bank.balances().iter().map(|&cents| cents as i64).collect();
    let due: Vec<i64> = (0..args.accounts)
        .map(|account| {
            let moved: i64 = workers::done(tellers).map(|teller| teller.journal[account]).sum();
            OPENING as i64 + moved
        })
        .collect();
    let moved: usize = workers::done(tellers).map(|teller| teller.moved).sum();
    let refused: usize = workers::done(tellers).map(|teller| teller.refused).sum();

    let mut report = Report::new(format_args!(
        "{}, {}, {} and one auditor",
        counted(args.threads, "teller"),
        counted(args.accounts, "account"),
        counted(args.transfers, "transfer"),
    ));
    report.gap();
    report.table(["account", "by the journals", "closing", "difference"], &ledger(&due, &closing));
    if args.accounts > SHOWN {
        report.line(format_args!("  and {} more", counted(args.accounts - SHOWN, "account")));
    }
    report.gap();
    report.timeline(timeline);
    let knots = show_knots(&mut report, bank);
    let (waits, waited) = bank.waits();
    report.line(format_args!(
        "{} in {elapsed:.1?}, ~{}/s; {} refused for want of money.",
        counted(moved, "transfer"),
        count((moved as f64 / elapsed.as_secs_f64()) as usize),
        count(refused),
    ));
    report.line(format_args!(
        "A thread found an account locked ~{} times, and waited {:.1?} in all.",
        count(waits),
        Duration::from_nanos(waited),
    ));
    let audits: usize = workers::done(auditor).map(|audit| audit.audits).sum();
    let wrong: usize = workers::done(auditor).map(|audit| audit.wrong).sum();
    report.line(format_args!(
        "The auditor counted ~{} times while they worked, and found a wrong total {}.",
        count(audits),
        if wrong == 0 { "never".into() } else { counted(wrong, "time") },
    ));
    report.line(format_args!(
        "Payday: {} waited ~{} times for {}; left on the account: {}, lowest: {}.",
        counted(paid.customers, "customer"),
        count(paid.waits),
        counted(paid.deposits, "deposit"),
        money(paid.left),
        money(paid.lowest),
    ));

    if let Some(Without { transfers, difference, wrong: wrong_without }) = without {
        let difference = match difference {
            0 => "the total is right".to_owned(),
            1.. => format!("~{} came from nowhere", money(*difference)),
            ..0 => format!("~{} are gone", money(-difference)),
        };
        report.argue(
            Side(
                "with locks",
                format!(
                    "{} in {elapsed:.1?}; no cent too much or too little",
                    counted(moved + refused, "order")
                ),
            ),
            Side(
                "without",
                format!(
                    "{}: {difference}, and ~{} wrong",
                    counted(*transfers, "order"),
                    counted(*wrong_without, "audit")
                ),
            ),
            match args.threads {
                1 => "one teller alone loses nothing; only the auditor can find it in the middle",
                _ => "reading a balance and writing it must be one step, and a lock makes them one",
            },
        );
    }

    let panics = workers::panics(tellers).chain(workers::panics(auditor)).chain(&paid.panics);
    let so_far = || format!("{} of {} transfers done", count(moved + refused), args.transfers);
    let verdict = Verdict::on(panics, so_far, || {
        check_ledger(&due, &closing, auditor)?;
        check_payday(args.signal, paid)?;
        let total = money(closing.iter().sum());
        match knots {
            0 if args.hand_over_hand => Err("no deadlock was found".into()),
            0 => Ok(format!(
                "the ledger balances to the cent ({total}), and no account was overdrawn"
            )),
            _ => Err(format!(
                "{}; all backed off, and the ledger balances to the cent ({total})",
                counted(knots, "deadlock")
            )),
        }
    });
    report.verdict(&verdict);
    report.gap();
    report.next(&[
        ("cargo run -- banking --broken", "no thread locks: money appears and disappears"),
        ("cargo run -- banking --hand-over-hand", "accounts locked in no order: deadlocks"),
        ("cargo run -- banking --signal event", "customers who believe a flag"),
        ("cargo run -- banking --accounts 2", "all want the same two"),
    ]);
    report.print()?;
    Ok(verdict.outcome)
}

/// The report of the first deadlock, and how many there were.
fn show_knots(report: &mut Report, bank: &Bank) -> usize {
    let Some((_, knots)) = bank.hand_over_hand() else { return 0 };
    if let Some(first) = knots.first() {
        let text = first.knot.to_string();
        report.line("The first two tellers each hold what the other wants:");
        text.lines().for_each(|line| report.line(format!("  {line}").trim_end()));
        report.line(format_args!(
            "  Found {:.1?} after the thread had asked for the lock.",
            first.took
        ));
        report.gap();
    }
    let (found, inversions) = knots.counts();
    report.line(format_args!(
        "Found ~{}; each time the thread that was told released its accounts and began again.",
        counted(found, "deadlock"),
    ));
    report.line(format_args!(
        "Besides, ~{} of accounts were locked in both orders, which only could have deadlocked.",
        counted(inversions, "pair"),
    ));
    report
        .line("To lock by account number breaks circular wait, the fourth of the four conditions.");
    report.gap();
    found
}

/// A row for each account; the sums last.
fn ledger(due: &[i64], closing: &[i64]) -> Vec<[String; 4]> {
    let row = |name: String, due: i64, closing: i64| {
        let difference = match closing - due {
            0 => "-".to_owned(),
            difference => money(difference),
        };
        [name, money(due), money(closing), difference]
    };
    let accounts = (1..).zip(due.iter().zip(closing)).take(SHOWN);
    let rows = accounts.map(|(number, (&due, &closing))| row(number.to_string(), due, closing));
    let sums = row("all".into(), due.iter().sum(), closing.iter().sum());
    rows.chain([sums]).collect()
}

fn check_ledger(due: &[i64], closing: &[i64], auditor: &[Worker<Audit>]) -> Result<(), String> {
    let wrong = due.iter().zip(closing).filter(|(due, closing)| due != closing).count();
    if wrong > 0 {
        let difference = closing.iter().sum::<i64>() - due.iter().sum::<i64>();
        return Err(match difference {
            0 => format!("{} differ from the journals", counted(wrong, "account")),
            1.. => format!("{} came from nowhere", money(difference)),
            ..0 => format!("{} are gone", money(-difference)),
        });
    }
    match workers::done(auditor).find_map(|audit| audit.first) {
        None => Ok(()),
        Some(found) => Err(format!(
            "the auditor once counted {} instead of {}",
            money(found as i64),
            money(due.iter().sum()),
        )),
    }
}

fn check_payday(signal: Signal, paid: &Paid) -> Result<(), String> {
    if paid.lowest < 0 {
        return Err(format!(
            "the account was overdrawn down to {}: one flag, and {} who believed that it was for them",
            money(paid.lowest),
            counted(paid.customers, "customer"),
        ));
    }
    if paid.in_vain > 0 || paid.left != 0 {
        return Err(format!(
            "{} waited in vain ({signal:?}), and {} are left",
            counted(paid.in_vain, "customer"),
            money(paid.left),
        ));
    }
    Ok(())
}

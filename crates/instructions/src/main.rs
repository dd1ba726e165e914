//! How many instructions the hot functions take, held to a baseline: what `make instructions` does,
//! and with it `make test`.
//!
//! Time says little on a machine that others share; a count of instructions is the same on every run
//! of one build. So a change that makes a call dearer is seen before anybody measures it. What a
//! count does not see is waiting: caches, locks, system calls. Those are `make bench`'s.
//!
//! This program starts itself again under Valgrind's Callgrind, which counts what happens inside
//! one function of [`cases`] and nothing else.

mod baseline;
mod callgrind;
mod cases;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use baseline::{Baseline, Verdict};

/// Makes this the program that is counted.
const CASES: &str = "--cases";
/// Writes the baseline anew.
const RENEW: &str = "--renew";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        [] => compare(),
        [CASES] => cases::run_all().map(|()| ExitCode::SUCCESS),
        [RENEW] => renew(),
        _ => Err(anyhow::anyhow!("say nothing to compare, or {RENEW} to write the baseline anew")),
    };
    result.unwrap_or_else(|error| {
        // There is nowhere left to report that reporting failed.
        let _written = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

/// Counts, and says where the counts are other than in the baseline. More of them is an error.
fn compare() -> anyhow::Result<ExitCode> {
    let mut output = std::io::stdout();
    if !callgrind::is_possible() {
        writeln!(output, "Instructions are not counted: that takes x86-64 Linux and valgrind")?;
        return Ok(ExitCode::SUCCESS);
    }
    let baseline = Baseline::read()?;
    let counts = callgrind::count()?;
    let verdicts = baseline.judge(&counts);
    for (name, verdict) in &verdicts {
        writeln!(output, "{name:<44} {verdict}")?;
    }
    let worse = verdicts.iter().filter(|(_, verdict)| verdict.is_wrong()).count();
    if worse > 0 {
        bail!(
            "{worse} of {} counts are not those of {}; where that is meant: make instructions \
             INSTRUCTIONS={RENEW}",
            verdicts.len(),
            baseline::FILE
        );
    }
    if verdicts.iter().any(|(_, verdict)| matches!(verdict, Verdict::Less { .. })) {
        writeln!(output, "Some take less: make instructions INSTRUCTIONS={RENEW}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn renew() -> anyhow::Result<ExitCode> {
    if !callgrind::is_possible() {
        bail!("instructions are counted on x86-64 Linux with valgrind only");
    }
    let counts = callgrind::count()?;
    Baseline::write(&counts).context("the baseline can't be written")?;
    writeln!(std::io::stdout(), "{} counts were written to {}", counts.len(), baseline::FILE)?;
    Ok(ExitCode::SUCCESS)
}

//! The laboratory of routing as a program; what `make lab` runs. `docs/lab.md` has the method and
//! what was learnt.

mod cli;
mod progress;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    cli::run(&cli::Cli::parse()).map_or_else(
        |error| {
            // There is nowhere left to report that reporting failed.
            let _written = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

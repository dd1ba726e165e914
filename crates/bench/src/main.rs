//! The gateway measured beside direct and beside a minimal proxy, in one run; what `make bench`
//! runs. Under a subcommand, how long its next attempt takes to begin: `make benchfailover`.
//! `docs/performance.md` has the method and says how to read the result.
//!
//! This process makes the load and reads the clocks. The servers are its children: the upstream
//! and the proxies are this program again, under hidden subcommands, so that the whole benchmark
//! is one binary beside the gateway's.
//!
//! Left out on purpose: comparisons with other products.

mod alone;
mod cell;
mod child;
mod cli;
mod failover;
mod gateway;
mod goals;
mod ledger;
mod load;
mod procfs;
mod progress;
mod proxy;
mod report;
mod run;
mod statistics;
mod summary;
mod target;
mod upstream;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(cli::run(cli)));
    result.unwrap_or_else(|error| {
        // There is nowhere left to report that reporting failed.
        let _written = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

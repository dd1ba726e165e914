//! Commands for those who work on the repository: `cargo run -p xtask -- schemas FILE`.

use std::io::Write as _;
use std::process::ExitCode;

const USAGE: &str = "usage: xtask schemas FILE [EXCHANGES]

Holds what the test of our OpenAPI document recorded (target/exchanges.jsonl) against another
OpenAPI document, such as OpenRouter's, and tells what differs.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let recorded = xtask::root().join("target/exchanges.jsonl");
    let compared = match arguments.as_slice() {
        ["schemas", file] => xtask::schemas::compare(file.as_ref(), &recorded),
        ["schemas", file, recorded] => xtask::schemas::compare(file.as_ref(), recorded.as_ref()),
        _ => Err(USAGE.to_owned()),
    };
    // There is nowhere left to report that reporting failed.
    match compared {
        Ok(comparison) => {
            let _written = write!(std::io::stdout(), "{comparison}");
            if comparison.fits() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(problem) => {
            let _written = writeln!(std::io::stderr(), "{problem}");
            ExitCode::FAILURE
        }
    }
}

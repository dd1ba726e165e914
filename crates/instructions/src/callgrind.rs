//! Valgrind's Callgrind: this program once more under it, and its counts read back.
//!
//! Callgrind counts while one function runs, and writes a file each time it returns. So one run
//! gives a count for each case, and neither starting up nor preparing a case is in any.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use crate::CASES;
use crate::baseline::Count;
use crate::cases;

/// What it counts in. In full: of a pattern it would not write a file.
const FUNCTION: &str = "tollgate_instructions::cases::counted_by_callgrind";

/// Whether counts can be taken here, and compared with those of the baseline.
pub(crate) fn is_possible() -> bool {
    let mut version = Command::new("valgrind");
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    cfg!(all(target_os = "linux", target_arch = "x86_64"))
        && version.status().is_ok_and(|status| status.success())
}

/// Counts every case.
pub(crate) fn count() -> anyhow::Result<Vec<Count>> {
    let folder = tempfile::tempdir().context("no folder for the counts")?;
    let file = folder.path().join("count");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no"])
        .arg(format!("--toggle-collect={FUNCTION}"))
        .arg(format!("--dump-after={FUNCTION}"))
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe()?)
        .arg(CASES)
        // Neither its size nor what is in it shall count.
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .output()
        .context("valgrind can't be run")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the cases failed: {}", said.trim());
    let names = cases::names()?;
    let mut counts = Vec::new();
    for (number, name) in (1_usize..).zip(names) {
        let count = summary(&file.with_extension(number.to_string()));
        counts.push((name.clone(), count.with_context(|| format!("no count of {name}"))?));
    }
    Ok(counts)
}

fn summary(file: &Path) -> anyhow::Result<u64> {
    let text =
        fs::read_to_string(file).with_context(|| format!("{} is missing", file.display()))?;
    parse(&text).context("a file without a sum")
}

/// The sum of the events of one file; there is only one kind of event, `Ir`.
fn parse(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("summary: "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_file_has_its_sum() {
        let text = "# callgrind format\nversion: 1\nevents: Ir\nsummary: 12345\n\nfn=(1) f\n1 5\n";
        assert_eq!(parse(text), Some(12_345));
        assert_eq!(parse("events: Ir\n"), None);
    }
}

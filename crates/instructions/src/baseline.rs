//! The counts that were agreed on, in a file that is read in reviews: a line for each, a name and a
//! number.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Where they are, from the root of the repository.
pub(crate) const FILE: &str = "crates/instructions/baseline.txt";

/// How many of a hundred a count may differ by. Another version of the compiler, or another place
/// where it cuts a crate into units, moves counts by some of a hundred; what is worth finding moves
/// them by more.
const TOLERANCE_PERCENT: u64 = 10;

/// A name, and how many instructions.
pub(crate) type Count = (String, u64);

/// What was agreed on.
#[derive(Debug)]
pub(crate) struct Baseline(Vec<Count>);

/// How a count compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same {
        now: u64,
        before: u64,
    },
    More {
        now: u64,
        before: u64,
    },
    Less {
        now: u64,
        before: u64,
    },
    /// The baseline does not have it.
    Unknown {
        now: u64,
    },
    /// Only the baseline has it.
    Gone,
}

impl Baseline {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let text = fs::read_to_string(path()).with_context(|| format!("{FILE} can't be read"))?;
        Self::parse(&text).with_context(|| format!("{FILE} has a line that is no count"))
    }

    pub(crate) fn write(counts: &[Count]) -> std::io::Result<()> {
        let lines = counts.iter().map(|(name, count)| format!("{name}: {count}\n"));
        fs::write(path(), lines.collect::<String>())
    }

    /// Compares what was counted with what was agreed on.
    pub(crate) fn judge(&self, counts: &[Count]) -> Vec<(String, Verdict)> {
        let known = |name: &str, list: &[Count]| {
            list.iter().find(|(one, _)| one == name).map(|(_, count)| *count)
        };
        let mut verdicts: Vec<(String, Verdict)> = counts
            .iter()
            .map(|(name, now)| (name.clone(), Verdict::of(*now, known(name, &self.0))))
            .collect();
        let gone = self.0.iter().filter(|(name, _)| known(name, counts).is_none());
        verdicts.extend(gone.map(|(name, _)| (name.clone(), Verdict::Gone)));
        verdicts
    }

    fn parse(text: &str) -> Option<Self> {
        let lines = text.lines().map(|line| {
            let (name, count) = line.rsplit_once(": ")?;
            Some((name.to_owned(), count.parse().ok()?))
        });
        lines.collect::<Option<_>>().map(Self)
    }
}

impl Verdict {
    fn of(now: u64, before: Option<u64>) -> Self {
        let Some(before) = before else { return Self::Unknown { now } };
        let tolerated = before.saturating_mul(TOLERANCE_PERCENT) / 100;
        if now > before.saturating_add(tolerated) {
            Self::More { now, before }
        } else if now < before.saturating_sub(tolerated) {
            Self::Less { now, before }
        } else {
            Self::Same { now, before }
        }
    }

    /// Whether somebody has to do something.
    pub(crate) const fn is_wrong(self) -> bool {
        matches!(self, Self::More { .. } | Self::Unknown { .. } | Self::Gone)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same { now, before } => write!(formatter, "{now:>10}  was {before}"),
            Self::More { now, before } => write!(formatter, "{now:>10}  was {before}: MORE"),
            Self::Less { now, before } => write!(formatter, "{now:>10}  was {before}: less"),
            Self::Unknown { now } => write!(formatter, "{now:>10}  NOT IN THE BASELINE"),
            Self::Gone => formatter.write_str("         –  GONE, still in the baseline"),
        }
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.txt")
}

#[cfg(test)]
mod tests {
    use super::{Baseline, Verdict};

    #[test]
    fn counts_may_differ_by_a_tenth() {
        let verdict = |now| Verdict::of(now, Some(1_000));
        assert_eq!(verdict(1_100), Verdict::Same { now: 1_100, before: 1_000 });
        assert_eq!(verdict(900), Verdict::Same { now: 900, before: 1_000 });
        assert!(verdict(1_101).is_wrong());
        assert_eq!(verdict(899), Verdict::Less { now: 899, before: 1_000 });
        assert!(!verdict(899).is_wrong());
    }

    #[test]
    fn both_lists_have_the_same_names() {
        let baseline = Baseline::parse("plan: 20: 10\nsettle: 5\n").unwrap();
        let counts = [("plan: 20".to_owned(), 10), ("new".to_owned(), 1)];
        let verdicts = baseline.judge(&counts);
        let expected = [
            ("plan: 20".to_owned(), Verdict::Same { now: 10, before: 10 }),
            ("new".to_owned(), Verdict::Unknown { now: 1 }),
            ("settle".to_owned(), Verdict::Gone),
        ];
        assert_eq!(verdicts, expected);
        assert!(Baseline::parse("settle 5\n").is_none());
    }

    #[test]
    fn the_baseline_is_one() {
        assert!(!Baseline::read().unwrap().0.is_empty());
    }
}

//! What the operator wants to hear of.

use std::fmt;

use tollgate_types::Usd;

/// As many days before today are what is usual.
pub const USUAL_DAYS: i64 = 14;

/// Highest threshold of a budget, in percent: more than is spent is only spent by calls under way.
const PERCENT_MAX: u32 = 1_000;

/// What the operator wants to hear of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Percentages of budgets, ascending, each once.
    budget_thresholds: Vec<u32>,
    /// Credit below this is low; nobody hears of it when absent.
    pub low_balance: Option<Usd>,
    /// When a day's spend is unusual; nobody hears of it when absent.
    pub spike: Option<Spike>,
    /// When an hour's spend is unusual; nobody hears of it when absent.
    pub hourly_spike: Option<Spike>,
}

/// When a day's or an hour's spend is unusual: more than so many times the mean, and more than the
/// floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spike {
    /// So many times the mean of the days before.
    pub factor: Factor,
    /// What is spent up to this is never unusual.
    pub floor: Usd,
}

/// How many times something, exact to nine decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor(i64);

/// Why settings can't be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsError {
    /// A threshold is not within 1 to 1000 percent.
    Threshold,
    /// A factor is no decimal of at least 1.
    Factor,
}

impl Settings {
    /// Hears of budgets at these percentages, and of nothing else yet.
    ///
    /// # Errors
    ///
    /// When one is not within 1 to 1000.
    pub fn at(thresholds: &[u32]) -> Result<Self, SettingsError> {
        if thresholds.iter().any(|it| !(1..=PERCENT_MAX).contains(it)) {
            return Err(SettingsError::Threshold);
        }
        let mut budget_thresholds = thresholds.to_vec();
        budget_thresholds.sort_unstable();
        budget_thresholds.dedup();
        Ok(Self { budget_thresholds, ..Self::default() })
    }

    /// Percentages of budgets, ascending.
    pub fn budget_thresholds(&self) -> &[u32] {
        &self.budget_thresholds
    }
}

impl Factor {
    /// Reads a decimal such as `3` or `2.5`.
    ///
    /// # Errors
    ///
    /// When it is none, or less than 1.
    pub fn parse(text: &str) -> Result<Self, SettingsError> {
        // Nine decimal places are what amounts have, too.
        let nanos = text.parse::<Usd>().map_err(|_| SettingsError::Factor)?.nanos();
        if nanos < Self::ONE { Err(SettingsError::Factor) } else { Ok(Self(nanos)) }
    }

    pub(crate) const ONE: i64 = 1_000_000_000;

    pub(crate) const fn nanos(self) -> i64 {
        self.0
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Usd::from_nanos(self.0).to_decimal())
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Threshold => "expected percentages from 1 to 1000",
            Self::Factor => "expected a decimal of at least 1, such as 3 or 2.5",
        })
    }
}

impl std::error::Error for SettingsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        assert_eq!(Settings::at(&[100, 50, 80, 50]).unwrap().budget_thresholds(), [50, 80, 100]);
        assert!(Settings::at(&[]).unwrap().budget_thresholds().is_empty());
        for wrong in [[0], [1_001]] {
            assert_eq!(Settings::at(&wrong), Err(SettingsError::Threshold));
        }
        for (text, shown) in [("3", "3"), ("2.50", "2.5"), ("1", "1")] {
            assert_eq!(Factor::parse(text).unwrap().to_string(), shown);
        }
        for wrong in ["0.9", "-3", "three", ""] {
            assert_eq!(Factor::parse(wrong), Err(SettingsError::Factor), "{wrong}");
        }
    }
}

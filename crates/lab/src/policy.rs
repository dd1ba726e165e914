//! How endpoints are chosen: what is compared, and what of it can be set.

use std::time::Duration;

use tollgate_health::BreakerPolicy;
use tollgate_routing::RetryPolicy;

use crate::number::{seconds, whole};

/// A way to choose endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Its name in the table.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What it is set to.
    pub settings: Settings,
}

/// What a policy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The gateway's own plans, health and retries.
    Tollgate,
    /// By price, always; the next one when one fails.
    CheapestFirst,
    /// In an order drawn for each call.
    Random,
    /// Each call begins one endpoint later.
    RoundRobin,
    /// The first drawn by the inverse square of the price, the others by price; knows no health.
    InverseSquare,
    /// Knows the future: the cheapest that serves the call.
    Oracle,
}

/// What a policy is set to. The default is what the gateway does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Whether a second endpoint is started beside one that is late.
    pub hedge: bool,
    /// How long an endpoint is waited for of which nothing was measured, before that.
    pub hedge_unmeasured: Duration,
    /// How long an endpoint is waited for at most, before that.
    pub hedge_max: Duration,
    /// When a plan that failed is gone through again.
    pub retry: RetryPolicy,
    /// When a circuit opens.
    pub breaker: BreakerPolicy,
    /// How long a model may take to its first token, besides what a long prompt takes.
    pub first_token_timeout: Duration,
    /// The same for one that thinks.
    pub thinking_timeout: Duration,
    /// The draw is over endpoints that cost at most so many times what the cheapest does; over all
    /// when there is no bound.
    pub draw_within: Option<f64>,
    /// With that bound: so many of the cheapest are drawn among whatever they cost.
    pub draw_least: u32,
    /// Whether what providers say is left of their limits is kept to.
    pub headroom: bool,
    /// Whether an endpoint that was overtaken by its hedge has failed.
    pub overtaken_fails: bool,
    /// Whether an endpoint that said nothing for so long until the caller left has failed.
    pub abandoned_fails: Option<Duration>,
    /// Whether an endpoint that has said nothing for so long has failed, while it is still waited
    /// for.
    pub silence_fails: Option<Duration>,
    /// Whether a probe that a call did not make is given back.
    pub returns_probes: bool,
    /// Whether an answer that breaks off is continued elsewhere.
    pub continues: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hedge: false,
            hedge_unmeasured: Duration::from_secs(2),
            hedge_max: Duration::MAX,
            retry: RetryPolicy::default(),
            breaker: BreakerPolicy::default(),
            first_token_timeout: Duration::from_secs(15),
            thinking_timeout: Duration::from_mins(3),
            draw_within: None,
            draw_least: 1,
            headroom: true,
            overtaken_fails: true,
            abandoned_fails: Some(Duration::from_secs(5)),
            silence_fails: Some(Duration::from_secs(5)),
            returns_probes: true,
            continues: true,
        }
    }
}

/// Why a setting can't be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingError {
    /// There is none of this name.
    #[error("there is no setting `{0}`; there are {known}", known = KEYS.join(", "))]
    Unknown(String),
    /// It takes no such value.
    #[error("`{key}` takes a number from 0, not `{value}`")]
    Value {
        /// The setting.
        key: String,
        /// What was given.
        value: String,
    },
}

/// The names of settings.
pub const KEYS: &[&str] = &[
    "hedge",
    "hedge-unmeasured",
    "hedge-max",
    "retry-rounds",
    "retry-pause",
    "retry-pause-max",
    "breaker-failures",
    "breaker-percent",
    "breaker-open-min",
    "breaker-open-max",
    "probe-timeout",
    "first-token-timeout",
    "thinking-timeout",
    "draw-within",
    "draw-least",
    "headroom",
    "overtaken-fails",
    "abandoned-fails",
    "silence-fails",
    "returns-probes",
    "continues",
];

impl Settings {
    /// Sets one by its name: times in seconds, shares in percent, and 0 or 1 for no or yes.
    ///
    /// # Errors
    ///
    /// When there is none of this name, or the value is no number from 0.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), SettingError> {
        let number = value.parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0);
        let wrong = || SettingError::Value { key: key.to_owned(), value: value.to_owned() };
        let number = number.ok_or_else(wrong)?;
        let (is_set, time, count) = (number > 0.0, seconds(number), whole(number));
        match key {
            "hedge" => self.hedge = is_set,
            "hedge-unmeasured" => self.hedge_unmeasured = time,
            "hedge-max" => self.hedge_max = time,
            "retry-rounds" => self.retry.rounds_max = count,
            "retry-pause" => self.retry.pause = time,
            "retry-pause-max" => self.retry.pause_max = time,
            "breaker-failures" => self.breaker.failures_in_a_row = count,
            "breaker-percent" => self.breaker.failures_percent = count,
            "breaker-open-min" => self.breaker.open_min = time,
            "breaker-open-max" => self.breaker.open_max = time,
            "probe-timeout" => self.breaker.probe_timeout = time,
            "first-token-timeout" => self.first_token_timeout = time,
            "thinking-timeout" => self.thinking_timeout = time,
            "draw-within" => self.draw_within = is_set.then_some(number),
            "draw-least" => self.draw_least = count,
            "headroom" => self.headroom = is_set,
            "overtaken-fails" => self.overtaken_fails = is_set,
            "abandoned-fails" => self.abandoned_fails = is_set.then_some(time),
            "silence-fails" => self.silence_fails = is_set.then_some(time),
            "returns-probes" => self.returns_probes = is_set,
            "continues" => self.continues = is_set,
            _ => return Err(SettingError::Unknown(key.to_owned())),
        }
        Ok(())
    }
}

impl Policy {
    /// A policy as it comes.
    pub fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, settings: Settings::default() }
    }

    /// All that are compared, the one first that the others are measured by.
    pub fn all() -> Vec<Self> {
        let mut hedging = Self::new("tollgate+hedging", Kind::Tollgate);
        hedging.settings.hedge = true;
        vec![
            Self::new("oracle", Kind::Oracle),
            Self::new("tollgate", Kind::Tollgate),
            hedging,
            Self::new("cheapest-first", Kind::CheapestFirst),
            Self::new("random", Kind::Random),
            Self::new("round-robin", Kind::RoundRobin),
            Self::new("inverse-square", Kind::InverseSquare),
        ]
    }

    /// Whether it is the gateway's own.
    pub fn is_ours(&self) -> bool {
        self.kind == Kind::Tollgate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_that_is_named_can_be_made() {
        for key in KEYS {
            let mut settings = Settings::default();
            let mut changed = |value: &str| {
                settings.set(key, value).unwrap();
                settings != Settings::default()
            };
            assert!(changed("7") || changed("0"), "{key}");
            for value in ["-1", "x", "NaN", "inf"] {
                assert!(settings.set(key, value).is_err(), "{key} {value}");
            }
        }
        let error = Settings::default().set("patience", "1").unwrap_err();
        assert!(error.to_string().contains("hedge-max"), "{error}");
    }
}

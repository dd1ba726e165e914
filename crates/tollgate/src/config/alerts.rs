//! `[alerts]`: what an operator wants to hear of, and how.

use std::fmt;

use serde::Deserialize;
use tollgate_alerts::{Factor, Settings, Spike};
use tollgate_engine::{AlertWebhook, AlertingConfig, Secret};
use tollgate_types::{Chain, Usd};
use tollgate_upstream::Mailer;

use super::Problems;

/// `[alerts]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AlertsSection {
    /// Percentages of budgets.
    budget_thresholds: Vec<u32>,
    /// Credit below this is low; 0 is never.
    low_balance_usd: String,
    /// So many times the usual spend of a day is unusual; 0 is never.
    spike_factor: Number,
    /// Up to this a day's spend is never unusual.
    spike_floor_usd: String,
    /// So many times the usual spend of an hour is unusual; 0 is never.
    hourly_spike_factor: Number,
    /// Up to this an hour's spend is never unusual.
    hourly_spike_floor_usd: String,
    pub(super) webhook: Option<WebhookEntry>,
    pub(super) email: Option<EmailEntry>,
}

/// A number, as TOML has it or as a decimal string.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a number, or a decimal string")]
enum Number {
    Whole(i64),
    Decimal(f64),
    Text(String),
}

/// `[alerts.webhook]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookEntry {
    /// `env:NAME`, `file:PATH`, or the URL itself: where chats take messages it is a secret.
    pub(super) url: String,
    /// The same: what alerts are signed with.
    pub(super) secret: Option<String>,
}

/// `[alerts.email]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmailEntry {
    /// The server, perhaps with a password: `env:NAME`, `file:PATH`, or the URL itself.
    pub(super) smtp_url: String,
    from: String,
    to: Vec<String>,
}

impl Default for AlertsSection {
    fn default() -> Self {
        Self {
            budget_thresholds: vec![50, 80, 100],
            low_balance_usd: "10".to_owned(),
            spike_factor: Number::Whole(3),
            spike_floor_usd: "5".to_owned(),
            hourly_spike_factor: Number::Whole(0),
            hourly_spike_floor_usd: "5".to_owned(),
            webhook: None,
            email: None,
        }
    }
}

impl AlertsSection {
    /// Each by its path, as a person reads it.
    pub(super) fn settings(&self) -> [(&'static str, String); 6] {
        let thresholds: Vec<_> = self.budget_thresholds.iter().map(u32::to_string).collect();
        [
            ("alerts.budget_thresholds", thresholds.join(", ")),
            ("alerts.low_balance_usd", self.low_balance_usd.clone()),
            ("alerts.spike_factor", self.spike_factor.to_string()),
            ("alerts.spike_floor_usd", self.spike_floor_usd.clone()),
            ("alerts.hourly_spike_factor", self.hourly_spike_factor.to_string()),
            ("alerts.hourly_spike_floor_usd", self.hourly_spike_floor_usd.clone()),
        ]
    }

    /// What it becomes, with the webhook's URL and secret and the mail server's URL found.
    pub(super) fn check(
        &self,
        webhook: (Option<Secret>, Option<Secret>),
        smtp_url: Option<&Secret>,
        problems: &mut Problems,
    ) -> AlertingConfig {
        let (url, secret) = webhook;
        let webhook = url.and_then(|url| posted_to(url.expose(), secret, problems));
        let mailer = self.email.as_ref().zip(smtp_url);
        let mailer = mailer.and_then(|(it, url)| it.check(url.expose(), problems));
        AlertingConfig { settings: self.wanted(problems), webhook, mailer }
    }

    fn wanted(&self, problems: &mut Problems) -> Settings {
        let mut settings = Settings::default();
        match Settings::at(&self.budget_thresholds) {
            Ok(read) => settings = read,
            Err(error) => problems.add(format!("alerts.budget_thresholds: {error}")),
        }
        let mut amount = |name: &str, text: &str| match text.parse::<Usd>() {
            Ok(amount) if amount >= Usd::ZERO => amount,
            Ok(_) => {
                problems.add(format!("alerts.{name}: less than zero"));
                Usd::ZERO
            }
            Err(error) => {
                problems.add(format!("alerts.{name}: {error}"));
                Usd::ZERO
            }
        };
        let low = amount("low_balance_usd", &self.low_balance_usd);
        let floor = amount("spike_floor_usd", &self.spike_floor_usd);
        let hourly_floor = amount("hourly_spike_floor_usd", &self.hourly_spike_floor_usd);
        settings.low_balance = (low > Usd::ZERO).then_some(low);
        settings.spike = spike("spike_factor", (&self.spike_factor, floor), problems);
        let hourly = (&self.hourly_spike_factor, hourly_floor);
        settings.hourly_spike = spike("hourly_spike_factor", hourly, problems);
        settings
    }
}

/// When spend is unusual, unless it never is.
fn spike(name: &str, (factor, floor): (&Number, Usd), problems: &mut Problems) -> Option<Spike> {
    let factor = factor.to_string();
    if factor == "0" {
        return None;
    }
    match Factor::parse(&factor) {
        Ok(factor) => Some(Spike { factor, floor }),
        Err(error) => {
            problems.add(format!("alerts.{name}: {error}, or 0"));
            None
        }
    }
}

fn posted_to(url: &str, secret: Option<Secret>, problems: &mut Problems) -> Option<AlertWebhook> {
    let parsed = url::Url::parse(url);
    if parsed.is_ok_and(|it| !it.username().is_empty() || it.password().is_some()) {
        problems.add("alerts.webhook.url: a name and a password in it are not sent; what is sent is signed with alerts.webhook.secret");
    }
    let is_url = url::Url::parse(url).is_ok_and(|it| matches!(it.scheme(), "http" | "https"));
    match url.parse() {
        Ok(url) if is_url => Some(AlertWebhook { url, secret }),
        _ => {
            problems.add("alerts.webhook.url: expected a URL such as https://ops.corp/alerts");
            None
        }
    }
}

impl EmailEntry {
    fn check(&self, url: &str, problems: &mut Problems) -> Option<Mailer> {
        match Mailer::new(url, &self.from, &self.to) {
            Ok(mailer) => Some(mailer),
            Err(error) => {
                problems.add(format!("alerts.email: {}", Chain(&error)));
                None
            }
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => write!(f, "{number}"),
            Self::Decimal(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for WebhookEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookEntry").finish_non_exhaustive()
    }
}

impl fmt::Debug for EmailEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailEntry").field("from", &self.from).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tollgate_types::Usd;

    use crate::config::{Config, Flags};
    use crate::environment::Environment;

    fn read(text: &str) -> Result<Config, String> {
        let environment = Environment::of([
            ("ALERT_SECRET", "whsec_ops"),
            ("SMTP_URL", "smtps://u:hunter2@mail.corp"),
        ]);
        let config = Config::parse(text, &Flags::default(), &environment);
        config.map_err(|it| it.iter().map(str::to_owned).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn without_a_section_alerts_are_listed_and_told_to_nobody() {
        let alerts = read("").unwrap().alerts;
        assert_eq!(alerts.settings.budget_thresholds(), [50, 80, 100]);
        assert_eq!(alerts.settings.low_balance, Some(Usd::from_nanos(10_000_000_000)));
        let spike = alerts.settings.spike.unwrap();
        assert_eq!(spike.factor.to_string(), "3");
        assert_eq!(alerts.settings.hourly_spike, None);
        assert!(alerts.webhook.is_none() && alerts.mailer.is_none());
    }

    #[test]
    fn everything_can_be_said_and_switched_off() {
        let config = read(
            r#"
            [alerts]
            budget_thresholds = [90]
            low_balance_usd = "0"
            spike_factor = 2.5
            hourly_spike_factor = 10
            hourly_spike_floor_usd = "1"
            [alerts.webhook]
            url = "https://ops.corp/alerts"
            secret = "env:ALERT_SECRET"
            [alerts.email]
            smtp_url = "env:SMTP_URL"
            from = "Gateway <gateway@corp.example>"
            to = ["ops@corp.example"]
            "#,
        );
        let config = config.unwrap();
        let alerts = &config.alerts;
        assert_eq!(alerts.settings.budget_thresholds(), [90]);
        assert_eq!(alerts.settings.low_balance, None);
        assert_eq!(alerts.settings.spike.unwrap().factor.to_string(), "2.5");
        let hourly = alerts.settings.hourly_spike.unwrap();
        assert_eq!(
            (hourly.factor.to_string().as_str(), hourly.floor.nanos()),
            ("10", 1_000_000_000)
        );
        let secret = alerts.webhook.as_ref().unwrap().secret.as_ref().unwrap();
        assert_eq!(secret.expose(), "whsec_ops");
        assert!(alerts.mailer.is_some());
        let shown = format!("{config:?}");
        assert!(!shown.contains("whsec_ops") && !shown.contains("hunter2"), "{shown}");
        assert_eq!(config.origins["alerts.email.smtp_url"].value, "(set)");
        assert_eq!(config.origins["alerts.spike_factor"].value, "2.5");
        let off = read("[alerts]\nspike_factor = 0\nbudget_thresholds = []").unwrap();
        assert_eq!(off.alerts.settings.spike, None);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let problems = read(
            r#"
            [alerts]
            budget_thresholds = [0]
            low_balance_usd = "-1"
            spike_factor = "0.5"
            spike_floor_usd = "much"
            hourly_spike_factor = -1
            [alerts.webhook]
            url = "ops.corp"
            secret = "env:NONE"
            [alerts.email]
            smtp_url = "smtp://mail.corp"
            from = "gateway"
            to = []
            "#,
        );
        let problems = problems.unwrap_err();
        for told in [
            "alerts.budget_thresholds: expected percentages from 1 to 1000",
            "alerts.low_balance_usd: less than zero",
            "alerts.spike_factor: expected a decimal of at least 1, such as 3 or 2.5, or 0",
            "alerts.spike_floor_usd: ",
            "alerts.hourly_spike_factor: expected a decimal of at least 1",
            "alerts.webhook.url: expected a URL",
            "alerts.webhook.secret: the variable NONE is not set",
            "alerts.email: it names nobody",
        ] {
            assert!(problems.contains(told), "{told} is not in\n{problems}");
        }
        let named = read("[alerts.webhook]\nurl = \"https://me:hunter2@ops.corp/alerts\"");
        let problems = named.unwrap_err();
        let is_told = problems.contains("a name and a password in it are not sent");
        assert!(is_told && !problems.contains("hunter2"), "{problems}");
    }
}

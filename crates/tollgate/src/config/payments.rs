//! `[payments]`: how credit is sold, as an operator writes it, and what it becomes.

use std::fmt;
use std::net::SocketAddr;

use serde::Deserialize;
use tollgate_engine::CashierConfig;
use tollgate_payments::{Fees, PaymentProvider, Secret, Stripe};

use super::Problems;

/// `[payments]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PaymentsSection {
    /// What statements and the payment provider know this installation as.
    pub(super) installation: Option<String>,
    /// Where payers come back to.
    pub(super) return_url: Option<String>,
    pub(super) stripe: Option<StripeEntry>,
}

/// `[payments.stripe]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StripeEntry {
    /// `env:NAME`, `file:PATH`, or the key itself.
    pub(super) secret_key: String,
    /// The same: the webhook endpoint's signing secret, two with a comma between them while one is
    /// being replaced.
    pub(super) webhook_secret: String,
    /// Another address than Stripe's, for tests.
    pub(super) base_url: Option<String>,
}

/// How credit is sold.
#[derive(Debug, Clone)]
pub struct Payments {
    /// What the operator decides.
    pub cashier: CashierConfig,
    stripe: Stripe,
}

/// What an installation is known as that has no name.
pub(super) const UNNAMED: &str = "tollgate";
const LONGEST_NAME: usize = 128;

impl PaymentsSection {
    /// The installation's name.
    pub(super) fn name(&self, problems: &mut Problems) -> String {
        let name = self.installation.as_deref().unwrap_or(UNNAMED).trim();
        let fits = !name.is_empty() && name.len() <= LONGEST_NAME;
        if !fits || name.chars().any(char::is_control) {
            problems.add("payments.installation: needs 1 to 128 printable characters");
        }
        name.to_owned()
    }

    /// How credit is sold with these keys; `None` where something is missing, which is told of.
    pub(super) fn sold(
        &self,
        [secret_key, webhook_secret]: [&str; 2],
        (installation, fees): (String, Fees),
        listen: SocketAddr,
        problems: &mut Problems,
    ) -> Option<Payments> {
        let entry = self.stripe.as_ref()?;
        let secrets = webhook_secret.split(',').map(str::trim).filter(|it| !it.is_empty());
        let secrets: Vec<Secret> = secrets.map(Secret::new).collect();
        if secrets.is_empty() {
            problems.add("payments.stripe.webhook_secret: it is empty");
        }
        let return_url = self.return_url.clone().unwrap_or_else(|| format!("http://{listen}/"));
        let mut stripe = Stripe::new(Secret::new(secret_key), secrets);
        for (name, url) in
            [("return_url", Some(&return_url)), ("stripe.base_url", entry.base_url.as_ref())]
        {
            let is_url = |url: &String| {
                url::Url::parse(url).is_ok_and(|it| matches!(it.scheme(), "http" | "https"))
            };
            if url.is_some_and(|url| !is_url(url)) {
                problems
                    .add(format!("payments.{name}: expected a URL such as https://gateway.corp/"));
            }
        }
        if let Some(base_url) = &entry.base_url {
            stripe = stripe.at(base_url);
        }
        Some(Payments { cashier: CashierConfig { installation, fees, return_url }, stripe })
    }
}

impl Payments {
    /// The payment provider.
    pub fn provider(&self) -> Box<dyn PaymentProvider> {
        Box::new(self.stripe.clone())
    }
}

impl fmt::Debug for StripeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeEntry").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Flags};
    use crate::environment::Environment;

    fn read(text: &str, environment: &Environment) -> Result<Config, String> {
        let config = Config::parse(text, &Flags::default(), environment);
        config.map_err(|it| it.iter().map(str::to_owned).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn payments_are_off_unless_there_is_a_provider() {
        let config = read("", &Environment::default()).unwrap();
        assert!(config.payments.is_none());
        assert_eq!(config.installation_name, "tollgate");
    }

    #[test]
    fn keys_come_from_the_environment_and_are_not_shown() {
        let text = r#"
            [billing]
            platform_fee = { percent = "5.5", minimum_usd = "0.80" }
            crypto_fee = { percent = "5" }
            [payments]
            installation = "Acme"
            return_url = "https://gateway.corp/paid"
            [payments.stripe]
            secret_key = "env:STRIPE_SECRET_KEY"
            webhook_secret = "whsec_new,whsec_old"
        "#;
        let environment = Environment::of([("STRIPE_SECRET_KEY", "sk_live_1")]);
        let config = read(text, &environment).unwrap();
        let payments = config.payments.as_ref().unwrap();
        assert_eq!(payments.cashier.return_url, "https://gateway.corp/paid");
        assert_eq!(payments.cashier.installation, "Acme");
        assert_eq!(payments.cashier.fees.crypto.millionths, 50_000);
        let headers = payments.provider().headers();
        assert!(headers.contains(&("authorization", "Bearer sk_live_1".to_owned())));
        let shown = format!("{config:?}");
        assert!(!shown.contains("sk_live_1") && !shown.contains("whsec_"), "{shown}");
        assert_eq!(config.origins["payments.stripe.secret_key"].value, "(set)");
    }

    #[test]
    fn what_is_wrong_is_told() {
        let text = r#"
            [billing]
            crypto_fee = { percent = "500" }
            [payments]
            installation = " "
            return_url = "gateway.corp"
            [payments.stripe]
            secret_key = "sk"
            webhook_secret = " , "
            base_url = "ftp://x"
        "#;
        let problems = read(text, &Environment::default()).unwrap_err();
        for told in [
            "billing.crypto_fee.percent: ",
            "payments.installation: needs 1 to 128",
            "payments.return_url: expected a URL",
            "payments.stripe.base_url: expected a URL",
            "payments.stripe.webhook_secret: it is empty",
        ] {
            assert!(problems.contains(told), "{told} is not in\n{problems}");
        }
        let unset = "[payments.stripe]\nsecret_key = \"env:NONE\"\nwebhook_secret = \"x\"";
        let problems = read(unset, &Environment::default()).unwrap_err();
        assert!(
            problems.contains("payments.stripe.secret_key: the variable NONE is not set"),
            "{problems}"
        );
    }
}

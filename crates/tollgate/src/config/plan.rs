//! `[[plan]]`: what calls cost who has agreed to it, as an operator writes it, and what it becomes.

use std::collections::BTreeSet;

use serde::Deserialize;
use tollgate_engine::PlanRow;
use tollgate_ledger::{ByokFee, DiscountTier, NegotiatedRate, Plan, PlanTerms, PlatformFee};
use tollgate_limits::KeyLimits;
use tollgate_types::Usd;

use super::Problems;
use super::fee::{ByokFeeTable, FeeEntry};

/// A row of `[[plan]]`; beside it what a key's limits may have.
#[derive(Debug, Deserialize)]
pub(super) struct PlanEntry {
    slug: String,
    name: Option<String>,
    #[serde(default)]
    default: bool,
    monthly_commitment: Option<String>,
    platform_fee: Option<FeeEntry>,
    crypto_fee: Option<FeeEntry>,
    byok_fee: Option<FeeEntry<ByokFeeTable>>,
    #[serde(default)]
    tiers: Vec<TierEntry>,
    #[serde(default)]
    rates: Vec<RateEntry>,
    #[serde(flatten)]
    limits: KeyLimits,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierEntry {
    from: String,
    percent: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateEntry {
    model: String,
    percent: String,
}

/// The rows as plans.
pub(super) fn check(rows: &[PlanEntry], problems: &mut Problems) -> Vec<PlanRow> {
    let mut slugs = BTreeSet::new();
    let mut plans = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let place = format!("plan[{index}]");
        let is_slug = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if row.slug.is_empty() || !row.slug.bytes().all(is_slug) {
            problems.add(format!("{place}.slug: small letters, digits and hyphens only"));
        }
        if !slugs.insert(row.slug.as_str()) {
            problems.add(format!("{place}.slug: another plan has this one"));
        }
        let mut fee = |name: &str, entry: &Option<FeeEntry>, usual| {
            let entry = entry.as_ref()?;
            Some(entry.fee(&format!("{place}.{name}"), usual, problems))
        };
        let platform_fee = fee("platform_fee", &row.platform_fee, PlatformFee::HOSTED);
        let crypto_fee = fee("crypto_fee", &row.crypto_fee, PlatformFee::HOSTED_CRYPTO);
        let byok_fee = row.byok_fee.as_ref();
        let byok_fee =
            byok_fee.map(|it| it.fee(&format!("{place}.byok_fee"), ByokFee::HOSTED, problems));
        let terms = terms(row, &place, problems);
        if row.default && rows.iter().take(index).any(|it| it.default) {
            problems.add(format!("{place}.default: another plan is the default"));
        }
        let commits = terms.as_ref().is_some_and(|it| it.monthly_commitment > Usd::ZERO);
        if row.default && commits {
            problems
                .add(format!("{place}.monthly_commitment: nobody has agreed to the default plan"));
        }
        match terms.map(Plan::new) {
            Some(Ok(plan)) => plans.push(PlanRow {
                slug: row.slug.clone(),
                name: row.name.clone().unwrap_or_else(|| row.slug.clone()),
                plan,
                limits: row.limits.clone(),
                platform_fee,
                crypto_fee,
                byok_fee,
                is_default: row.default,
            }),
            Some(Err(error)) => problems.add(format!("{place}: {error}")),
            None => {}
        }
    }
    plans
}

/// The terms, unless some of them can't be read, which is told of.
fn terms(row: &PlanEntry, place: &str, problems: &mut Problems) -> Option<PlanTerms> {
    let mut is_whole = true;
    let mut note = |path: String, error: &dyn std::fmt::Display| {
        is_whole = false;
        problems.add(format!("{place}.{path}: {error}"));
    };
    let mut usd = |path: String, text: &str| {
        text.parse::<Usd>().unwrap_or_else(|error| {
            note(path, &error);
            Usd::ZERO
        })
    };
    let commitment = row.monthly_commitment.as_deref();
    let monthly_commitment =
        commitment.map_or(Usd::ZERO, |text| usd("monthly_commitment".to_owned(), text));
    let froms: Vec<Usd> = (row.tiers.iter().enumerate())
        .map(|(index, tier)| usd(format!("tiers[{index}].from"), &tier.from))
        .collect();
    let mut percent = |path: String, text: &str| {
        PlatformFee::percent(text).unwrap_or_else(|error| {
            note(path, &error);
            0
        })
    };
    let tiers = froms.into_iter().zip(&row.tiers).enumerate().map(|(index, (from, tier))| {
        DiscountTier { from, millionths: percent(format!("tiers[{index}].percent"), &tier.percent) }
    });
    let tiers = tiers.collect();
    let rates = row.rates.iter().enumerate().map(|(index, rate)| NegotiatedRate {
        model: rate.model.clone(),
        millionths: percent(format!("rates[{index}].percent"), &rate.percent),
    });
    let rates = rates.collect();
    is_whole.then_some(PlanTerms { monthly_commitment, tiers, rates })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Flags};
    use crate::environment::Environment;

    fn read(text: &str) -> Result<Config, String> {
        let config = Config::parse(text, &Flags::default(), &Environment::default());
        config.map_err(|it| it.iter().map(str::to_owned).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn rows_become_plans() {
        let config = read(
            r#"
            [[plan]]
            slug = "standard"
            default = true
            [[plan]]
            slug = "team"
            name = "Team"
            monthly_commitment = "500"
            platform_fee = { percent = "3" }
            crypto_fee = { percent = "2" }
            byok_fee = { percent = "4", free_usd_per_month = "200000" }
            tiers = [{ from = "1000", percent = "5" }, { from = "5000", percent = "10" }]
            rates = [{ model = "acme/*", percent = "20" }]
            requests_per_minute = 600
            "#,
        )
        .unwrap();
        let usd = |text: &str| text.parse::<Usd>().unwrap();
        let team = Plan::new(PlanTerms {
            monthly_commitment: usd("500"),
            tiers: vec![
                DiscountTier { from: usd("1000"), millionths: 50_000 },
                DiscountTier { from: usd("5000"), millionths: 100_000 },
            ],
            rates: vec![NegotiatedRate { model: "acme/*".to_owned(), millionths: 200_000 }],
        });
        let expected = [
            PlanRow {
                slug: "standard".to_owned(),
                name: "standard".to_owned(),
                plan: Plan::default(),
                limits: KeyLimits::default(),
                platform_fee: None,
                crypto_fee: None,
                byok_fee: None,
                is_default: true,
            },
            PlanRow {
                slug: "team".to_owned(),
                name: "Team".to_owned(),
                plan: team.unwrap(),
                limits: KeyLimits::default().with("requests_per_minute", 600),
                platform_fee: Some(PlatformFee { millionths: 30_000, minimum: Usd::ZERO }),
                crypto_fee: Some(PlatformFee { millionths: 20_000, minimum: Usd::ZERO }),
                byok_fee: Some(ByokFee { millionths: 40_000, free: usd("200000") }),
                is_default: false,
            },
        ];
        assert_eq!(config.plans, expected);
        assert_eq!(config.warnings, Vec::<String>::new());
        assert_eq!(read("").unwrap().warnings, Vec::<String>::new());
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let problems = read(
            r#"
            [[plan]]
            slug = "Team"
            monthly_commitment = "five"
            tiers = [{ from = "x", percent = "500" }]
            rates = [{ model = "a/b", percent = "-1" }]
            [[plan]]
            slug = "a"
            tiers = [{ from = "5", percent = "1" }, { from = "4", percent = "2" }]
            platform_fee = { percent = "101" }
            byok_fee = { percent = "5", free_usd_per_month = "-1" }
            [[plan]]
            slug = "a"
            requests_per_minut = 1
            "#,
        )
        .unwrap_err();
        for told in [
            "plan[0].slug: small letters",
            "plan[0].monthly_commitment: ",
            "plan[0].tiers[0].from: ",
            "plan[0].tiers[0].percent: ",
            "plan[0].rates[0].percent: ",
            "plan[1]: tiers must begin",
            "plan[1].platform_fee.percent: ",
            "plan[1].byok_fee.free_usd_per_month: less than zero",
            "plan[2].slug: another plan has this one",
            "requests_per_minut",
        ] {
            assert!(problems.contains(told), "{told} is not in\n{problems}");
        }
    }
}

//! What the operator takes beside the price list, as it is written, and what it becomes: of
//! purchases of credit, and of calls with keys of the caller's own.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use tollgate_ledger::{ByokFee, PlatformFee};
use tollgate_types::Usd;

use super::Problems;

/// A fee: whether the usual one is taken, or one of the operator's own.
#[derive(Debug)]
pub(super) enum FeeEntry<T = FeeTable> {
    Usual(bool),
    Own(T),
}

/// A fee of the operator's own.
pub(super) trait Table: DeserializeOwned {
    /// What it becomes. The default is none.
    type Fee: Default + fmt::Display;
    /// What a fee may be written as.
    const FORMS: &'static str;

    /// The fee as it is reckoned with; `name` is where it is written.
    fn fee(&self, name: &str, problems: &mut Problems) -> Self::Fee;

    /// The fee as a person reads it.
    fn told(&self) -> String;
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FeeTable {
    /// Of the credit that is bought.
    percent: Option<String>,
    /// The least that is taken.
    minimum_usd: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ByokFeeTable {
    /// Of the list price.
    percent: Option<String>,
    /// What may be called in a month before anything is taken, at list price.
    free_usd_per_month: Option<String>,
}

/// Reads it by hand: an untagged enum would not say which member of a table is wrong.
struct FeeVisitor<T>(PhantomData<T>);

impl<'de, T: Table> Deserialize<'de> for FeeEntry<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FeeVisitor(PhantomData))
    }
}

impl<'de, T: Table> Visitor<'de> for FeeVisitor<T> {
    type Value = FeeEntry<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::FORMS)
    }

    fn visit_bool<E>(self, is_taken: bool) -> Result<FeeEntry<T>, E> {
        Ok(FeeEntry::Usual(is_taken))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<FeeEntry<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(FeeEntry::Own)
    }
}

impl<T: Table> FeeEntry<T> {
    /// The fee as it is reckoned with; `name` is where it is written, `usual` what `true` is there.
    pub(super) fn fee(&self, name: &str, usual: T::Fee, problems: &mut Problems) -> T::Fee {
        match self {
            Self::Usual(true) => usual,
            Self::Usual(false) => T::Fee::default(),
            Self::Own(table) => table.fee(name, problems),
        }
    }

    /// The fee as a person reads it.
    pub(super) fn told(&self, usual: &T::Fee) -> String {
        match self {
            Self::Usual(true) => usual.to_string(),
            Self::Usual(false) => T::Fee::default().to_string(),
            Self::Own(table) => table.told(),
        }
    }
}

impl Table for FeeTable {
    type Fee = PlatformFee;
    const FORMS: &'static str = "true for the usual fee, false for none, or a table such as { percent = \"3\", minimum_usd = \"0.50\" }";

    fn fee(&self, name: &str, problems: &mut Problems) -> PlatformFee {
        PlatformFee {
            millionths: percent(self.percent.as_deref(), name, problems),
            minimum: amount(self.minimum_usd.as_deref(), (name, "minimum_usd"), problems),
        }
    }

    fn told(&self) -> String {
        let (percent, minimum) = (self.percent.as_deref(), self.minimum_usd.as_deref());
        format!("{} %, at least ${}", percent.unwrap_or("0"), minimum.unwrap_or("0"))
    }
}

impl Table for ByokFeeTable {
    type Fee = ByokFee;
    const FORMS: &'static str = "true for the usual fee, false for none, or a table such as { percent = \"3\", free_usd_per_month = \"1000\" }";

    fn fee(&self, name: &str, problems: &mut Problems) -> ByokFee {
        let free = self.free_usd_per_month.as_deref();
        ByokFee {
            millionths: percent(self.percent.as_deref(), name, problems),
            free: amount(free, (name, "free_usd_per_month"), problems),
        }
    }

    fn told(&self) -> String {
        let (percent, free) = (self.percent.as_deref(), self.free_usd_per_month.as_deref());
        let (percent, free) = (percent.unwrap_or("0"), free.unwrap_or("0"));
        format!("{percent} % of the list price beyond ${free} a month")
    }
}

/// A percentage in millionths; nothing where none is written, or a wrong one.
fn percent(text: Option<&str>, name: &str, problems: &mut Problems) -> u32 {
    text.map_or(Ok(0), PlatformFee::percent).unwrap_or_else(|error| {
        problems.add(format!("{name}.percent: {error}"));
        0
    })
}

/// An amount that is not below zero; nothing where none is written, or a wrong one.
fn amount(text: Option<&str>, (name, member): (&str, &str), problems: &mut Problems) -> Usd {
    let Some(text) = text else { return Usd::ZERO };
    match text.parse::<Usd>() {
        Ok(amount) if amount >= Usd::ZERO => return amount,
        Ok(_) => problems.add(format!("{name}.{member}: less than zero")),
        Err(error) => problems.add(format!("{name}.{member}: {error}")),
    }
    Usd::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Flags};
    use crate::environment::Environment;

    /// The fees of a file: on purchases, where stablecoins pay, and of its plan.
    fn fees(text: &str) -> Result<[Option<PlatformFee>; 3], String> {
        let seller = "[payments.stripe]\nsecret_key = \"sk\"\nwebhook_secret = \"whsec\"\n";
        let text = format!("{text}\n{seller}");
        let config = Config::parse(&text, &Flags::default(), &Environment::default());
        let config = config.map_err(|it| it.iter().collect::<Vec<_>>().join("\n"))?;
        let crypto = config.payments.as_ref().map(|it| it.cashier.fees.crypto);
        let plan = config.plans.first().and_then(|it| it.platform_fee);
        Ok([Some(config.platform_fee), crypto, plan])
    }

    #[test]
    fn section_6_2_switched_on_they_are_those_of_the_hosted_one() {
        let all = "[billing]\nplatform_fee = true\ncrypto_fee = true\n\
                   [[plan]]\nslug = \"a\"\nplatform_fee = true";
        let usual = PlatformFee { millionths: 55_000, minimum: Usd::from_nanos(800_000_000) };
        let crypto = PlatformFee { millionths: 50_000, minimum: Usd::ZERO };
        assert_eq!(fees(all).unwrap(), [Some(usual), Some(crypto), Some(usual)]);
        let none = Some(PlatformFee::default());
        assert_eq!(fees("").unwrap(), [none, none, None]);
        let off = all.replace("true", "false");
        assert_eq!(fees(&off).unwrap(), [none, none, none]);
        let one = fees("[billing]\nplatform_fee = true").unwrap();
        assert_eq!(one, [Some(usual), none, None], "each is switched on by itself");
        let own = fees("[billing]\nplatform_fee = { percent = \"3\" }").unwrap();
        assert_eq!(own[0], Some(PlatformFee { millionths: 30_000, minimum: Usd::ZERO }));
    }

    #[test]
    fn what_is_no_fee_is_told_with_what_is_one() {
        for (wrong, told) in [
            ("\"default\"", "true for the usual fee, false for none, or a table"),
            ("5.5", "true for the usual fee, false for none, or a table"),
            ("{ percents = \"3\" }", "unknown key `percents`; did you mean `percent`?"),
            ("{ percent = \"500\" }", "billing.platform_fee.percent: "),
        ] {
            let problems = fees(&format!("[billing]\nplatform_fee = {wrong}")).unwrap_err();
            assert!(problems.contains(told), "{told} is not in\n{problems}");
        }
    }

    /// The fees on calls with own keys: everybody's, and of the plan.
    fn byok_fees(text: &str) -> Result<[Option<ByokFee>; 2], String> {
        let config = Config::parse(text, &Flags::default(), &Environment::default());
        let config = config.map_err(|it| it.iter().collect::<Vec<_>>().join("\n"))?;
        Ok([config.byok_fee, config.plans.first().and_then(|it| it.byok_fee)])
    }

    #[test]
    fn section_6_2_the_fee_on_own_keys_is_off_unless_switched_on_with_billing() {
        let usual = ByokFee { millionths: 50_000, free: Usd::from_nanos(25_000_000_000_000) };
        let larger = ByokFee { free: Usd::from_nanos(200_000_000_000_000), ..usual };
        let none = ByokFee::default();
        let plan = "[[plan]]\nslug = \"a\"\n\
                    byok_fee = { percent = \"5\", free_usd_per_month = \"200000\" }";
        for (billing, expected) in [
            ("enabled = true", Some(none)),
            ("enabled = true\nbyok_fee = true", Some(usual)),
            ("enabled = true\nbyok_fee = false", Some(none)),
            ("byok_fee = true", None),
        ] {
            let found = byok_fees(&format!("[billing]\n{billing}\n{plan}")).unwrap();
            assert_eq!(found, [expected, Some(larger)], "{billing}");
        }
        for (wrong, told) in [
            ("5", "or a table such as { percent = \"3\", free_usd_per_month = \"1000\" }"),
            ("{ percent = \"101\" }", "billing.byok_fee.percent: "),
            ("{ minimum_usd = \"1\" }", "unknown key `minimum_usd`"),
        ] {
            let problems = byok_fees(&format!("[billing]\nbyok_fee = {wrong}")).unwrap_err();
            assert!(problems.contains(told), "{told} is not in\n{problems}");
        }
    }
}

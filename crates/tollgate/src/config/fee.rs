//! What is taken on top of purchases of credit, as an operator writes it, and what it becomes.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use tollgate_ledger::PlatformFee;
use tollgate_types::Usd;

use super::Problems;

/// A fee: whether the usual one is taken, or one of the operator's own.
#[derive(Debug)]
pub(super) enum FeeEntry {
    Usual(bool),
    Own(FeeTable),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FeeTable {
    /// Of the credit that is bought.
    percent: Option<String>,
    /// The least that is taken.
    minimum_usd: Option<String>,
}

/// Reads it by hand: an untagged enum would not say which member of a table is wrong.
struct FeeVisitor;

impl<'de> Deserialize<'de> for FeeEntry {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(FeeVisitor)
    }
}

impl<'de> Visitor<'de> for FeeVisitor {
    type Value = FeeEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "true for the usual fee, false for none, or a table such as { percent = \"3\", minimum_usd = \"0.50\" }",
        )
    }

    fn visit_bool<E>(self, is_taken: bool) -> Result<FeeEntry, E> {
        Ok(FeeEntry::Usual(is_taken))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<FeeEntry, A::Error> {
        FeeTable::deserialize(MapAccessDeserializer::new(members)).map(FeeEntry::Own)
    }
}

impl FeeEntry {
    /// The fee as it is reckoned with; `name` is where it is written, `usual` what `true` is there.
    pub(super) fn fee(
        &self,
        name: &str,
        usual: PlatformFee,
        problems: &mut Problems,
    ) -> PlatformFee {
        match self {
            Self::Usual(true) => usual,
            Self::Usual(false) => PlatformFee::default(),
            Self::Own(table) => table.fee(name, problems),
        }
    }

    /// The fee as a person reads it.
    pub(super) fn told(&self, usual: PlatformFee) -> String {
        match self {
            Self::Usual(true) => usual.to_string(),
            Self::Usual(false) => PlatformFee::default().to_string(),
            Self::Own(FeeTable { percent, minimum_usd }) => {
                let (percent, minimum) = (percent.as_deref(), minimum_usd.as_deref());
                format!("{} %, at least ${}", percent.unwrap_or("0"), minimum.unwrap_or("0"))
            }
        }
    }
}

impl FeeTable {
    fn fee(&self, name: &str, problems: &mut Problems) -> PlatformFee {
        let mut fee = PlatformFee::default();
        if let Some(percent) = &self.percent {
            match PlatformFee::percent(percent) {
                Ok(millionths) => fee.millionths = millionths,
                Err(error) => problems.add(format!("{name}.percent: {error}")),
            }
        }
        if let Some(minimum) = &self.minimum_usd {
            match minimum.parse::<Usd>() {
                Ok(minimum) if minimum >= Usd::ZERO => fee.minimum = minimum,
                Ok(_) => problems.add(format!("{name}.minimum_usd: less than zero")),
                Err(error) => problems.add(format!("{name}.minimum_usd: {error}")),
            }
        }
        fee
    }
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
}

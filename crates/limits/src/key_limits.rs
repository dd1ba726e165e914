//! The limits of a key as operators write them.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tollgate_types::Usd;

use crate::measure::nanos;
use crate::{Limit, Measure, Scope, Window};

/// The members, and what each limits. All are optional.
const MEMBERS: [(&str, Measure, Window); 13] = [
    ("requests_per_minute", Measure::Requests, Window::Minute),
    ("requests_per_day", Measure::Requests, Window::Day),
    ("tokens_per_minute", Measure::Tokens, Window::Minute),
    ("tokens_per_day", Measure::Tokens, Window::Day),
    ("input_tokens_per_minute", Measure::InputTokens, Window::Minute),
    ("input_tokens_per_day", Measure::InputTokens, Window::Day),
    ("output_tokens_per_minute", Measure::OutputTokens, Window::Minute),
    ("output_tokens_per_day", Measure::OutputTokens, Window::Day),
    ("max_concurrent", Measure::Requests, Window::InFlight),
    ("daily_budget", Measure::Spend, Window::Day),
    ("weekly_budget", Measure::Spend, Window::Week),
    ("monthly_budget", Measure::Spend, Window::Month),
    ("lifetime_budget", Measure::Spend, Window::Lifetime),
];

const NAMES: [&str; MEMBERS.len()] = {
    let mut names = [""; MEMBERS.len()];
    let mut rest = MEMBERS.as_slice();
    let mut free = names.as_mut_slice();
    while let ([(member, ..), members @ ..], [name, names @ ..]) = (rest, free) {
        *name = member;
        rest = members;
        free = names;
    }
    names
};

/// The limits of a key, e.g. `{"monthly_budget": "20", "requests_per_minute": 60}`.
///
/// Rates are `requests_per_*`, `tokens_per_*`, `input_tokens_per_*` and `output_tokens_per_*`, each
/// `minute` or `day`; `max_concurrent` is how many calls run at once. Budgets are `daily_budget`,
/// `weekly_budget`, `monthly_budget` and `lifetime_budget`, in dollars: a decimal string, or a
/// number. A member that is absent or null limits nothing; one that is 0 lets nothing through. What
/// is misspelt is refused: a limit that nobody holds is worse than none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyLimits {
    amounts: [Option<u64>; MEMBERS.len()],
}

impl KeyLimits {
    /// Every limit that is set, for the key.
    pub fn limits(&self) -> impl Iterator<Item = Limit> + '_ {
        MEMBERS.iter().zip(&self.amounts).filter_map(|(&(_, measure, window), amount)| {
            Some(Limit { scope: Scope::Key, measure, window, amount: (*amount)? })
        })
    }

    /// The names of the members.
    pub const fn names() -> [&'static str; MEMBERS.len()] {
        NAMES
    }

    /// The same with one member set, in its measure's unit: budgets in nano-dollars. A name that is
    /// none of [`Self::names`] changes nothing.
    #[must_use]
    pub fn with(mut self, name: &str, amount: u64) -> Self {
        if let Some(at) = NAMES.iter().position(|it| *it == name)
            && let Some(place) = self.amounts.get_mut(at)
        {
            *place = Some(amount);
        }
        self
    }

    /// Whether money is limited, so that what has no price would pass by the limit.
    pub fn has_budget(&self) -> bool {
        self.limits().any(|limit| limit.measure.is_money())
    }

    /// Whether whatever these let through, those of `before` do, too: each of them is there, and as
    /// small at least.
    pub fn are_within(&self, before: &Self) -> bool {
        let mut both = self.amounts.iter().zip(&before.amounts);
        both.all(|(after, before)| before.is_none_or(|most| after.is_some_and(|it| it <= most)))
    }

    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.amounts.iter().all(Option::is_none)
    }
}

impl Serialize for KeyLimits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for ((name, measure, _), amount) in MEMBERS.iter().zip(&self.amounts) {
            match (measure, amount) {
                (_, None) => {}
                (Measure::Spend, Some(amount)) => {
                    let amount = Usd::from_nanos(i64::try_from(*amount).unwrap_or(i64::MAX));
                    map.serialize_entry(name, &amount.to_decimal())?;
                }
                (_, Some(amount)) => map.serialize_entry(name, amount)?,
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for KeyLimits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut limits = Self::default();
        KeyLimitsChange::deserialize(deserializer)?.apply_to(&mut limits);
        Ok(limits)
    }
}

/// A change of a key's limits: what is absent stays, `null` takes a limit away. It is read like
/// [`KeyLimits`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::option_option, reason = "absent, null and a value are three things here")]
pub struct KeyLimitsChange {
    amounts: [Option<Option<u64>>; MEMBERS.len()],
}

impl KeyLimitsChange {
    /// Makes the change.
    pub fn apply_to(&self, limits: &mut KeyLimits) {
        for (limit, change) in limits.amounts.iter_mut().zip(&self.amounts) {
            if let Some(amount) = change {
                *limit = *amount;
            }
        }
    }

    /// The first member that another change changes otherwise.
    pub fn contradicted_by(&self, other: &Self) -> Option<&'static str> {
        let mut all = NAMES.iter().zip(self.amounts.iter().zip(&other.amounts));
        let differs = |(one, other): (&Option<_>, &Option<_>)| {
            one.is_some() && other.is_some() && one != other
        };
        all.find(|(_, both)| differs(*both)).map(|(name, _)| *name)
    }

    /// Whether everything stays.
    pub fn is_empty(&self) -> bool {
        self.amounts.iter().all(Option::is_none)
    }
}

impl<'de> Deserialize<'de> for KeyLimitsChange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = KeyLimitsChange;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of limits")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KeyLimitsChange, A::Error> {
        let mut change = KeyLimitsChange::default();
        while let Some(name) = map.next_key::<String>()? {
            let mut places = MEMBERS.iter().zip(&mut change.amounts);
            let Some((&(member, measure, _), amount)) =
                places.find(|((member, ..), _)| *member == name)
            else {
                return Err(A::Error::unknown_field(&name, &NAMES));
            };
            if amount.is_some() {
                return Err(A::Error::duplicate_field(member));
            }
            let written = map.next_value::<Option<Written>>();
            let read =
                match written.map_err(|error| A::Error::custom(format!("{member}: {error}")))? {
                    None => Ok(None),
                    Some(written) => written.amount(measure).map(Some),
                };
            let read = read.map_err(|problem| A::Error::custom(format!("{member}: {problem}")))?;
            *amount = Some(read);
        }
        Ok(change)
    }
}

/// What a member may be written as.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number or a decimal string")]
enum Written {
    Whole(u64),
    Number(f64),
    Text(String),
}

/// Below this, a number in binary stands for one decimal of nine places and no other.
const EXACT_BELOW: f64 = 1_000_000.0;
const NANOS_PER_DOLLAR: u64 = 1_000_000_000;

impl Written {
    fn amount(self, measure: Measure) -> Result<u64, String> {
        match (measure, self) {
            (Measure::Spend, written) => written.dollars(),
            (_, Self::Whole(amount)) => Ok(amount),
            (_, Self::Number(number)) => Err(format!("expected a whole number, not {number}")),
            (_, Self::Text(text)) => Err(format!("expected a whole number, not `{text}`")),
        }
    }

    /// A budget in nano-dollars, exactly as it was written.
    fn dollars(self) -> Result<u64, String> {
        let text = match self {
            Self::Whole(dollars) => {
                let nanos = dollars.checked_mul(NANOS_PER_DOLLAR);
                let nanos = nanos.filter(|nanos| i64::try_from(*nanos).is_ok());
                return nanos.ok_or_else(|| format!("{dollars} dollars are out of range"));
            }
            Self::Text(text) => text,
            Self::Number(number) if number >= EXACT_BELOW => {
                return Err(format!("write {number} as a string, such as \"{number:.2}\""));
            }
            Self::Number(number) => number.to_string(),
        };
        let amount: Usd = text.parse().map_err(|error| format!("{error}"))?;
        if amount < Usd::ZERO {
            return Err(format!("a budget is not less than 0, as {text} is"));
        }
        Ok(nanos(amount))
    }
}

//! Preferences that a request may override, member by member.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::value::RawValue;

/// Members of a `provider` object (contract §5.2) that hold where the request does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Names and raw JSON, each name once, in the order of the rules.
    members: Vec<(Arc<str>, Arc<str>)>,
}

impl Defaults {
    pub(crate) fn new(members: Vec<(Arc<str>, Arc<str>)>) -> Self {
        Self { members }
    }

    /// Takes what a later rule says and no earlier one did.
    pub(crate) fn add(&mut self, later: &Self) {
        for (name, json) in &later.members {
            if self.member(name).is_none() {
                self.members.push((Arc::clone(name), Arc::clone(json)));
            }
        }
    }

    /// The raw JSON of one member.
    pub fn member(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(known, _)| **known == *name).map(|(_, json)| &**json)
    }

    /// The names of its members.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| &**name)
    }

    /// The object itself, as JSON.
    pub fn to_json(&self) -> String {
        object(self.members.iter().map(|(name, json)| (&**name, &**json)))
    }

    /// The request's `provider` object with these defaults beneath it, as JSON: the request's
    /// members win, each whole. A `null` says nothing, as everywhere in the contract. What is not
    /// an object comes back as it is, so that whoever reads it tells the caller.
    pub fn merged_with(&self, request_provider: Option<&str>) -> String {
        let Some(text) = request_provider.filter(|text| text.trim() != "null") else {
            return self.to_json();
        };
        let Ok(own) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) else {
            return text.to_owned();
        };
        let own = || own.iter().filter(|(_, json)| json.get() != "null");
        let defaults = self.members.iter().filter(|(name, _)| own().all(|(it, _)| **it != **name));
        object(
            defaults
                .map(|(name, json)| (&**name, &**json))
                .chain(own().map(|(name, json)| (name.as_str(), json.get()))),
        )
    }
}

fn object<'a>(members: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::from("{");
    for (name, json) in members {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(name).to_string());
        text.push(':');
        text.push_str(json);
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults(members: &[(&str, &str)]) -> Defaults {
        Defaults::new(members.iter().map(|(name, json)| ((*name).into(), (*json).into())).collect())
    }

    #[test]
    fn members_of_the_request_win_and_null_says_nothing() {
        let defaults = defaults(&[("sort", r#""price""#), ("order", r#"["a"]"#)]);
        for (request, merged) in [
            (None, r#"{"sort":"price","order":["a"]}"#),
            (Some("null"), r#"{"sort":"price","order":["a"]}"#),
            (Some("{}"), r#"{"sort":"price","order":["a"]}"#),
            (Some(r#"{"sort":"latency"}"#), r#"{"order":["a"],"sort":"latency"}"#),
            (Some(r#"{"sort":null,"zdr":true}"#), r#"{"sort":"price","order":["a"],"zdr":true}"#),
            (
                Some(r#"{"max_price":{"prompt":1.50},"s\"x":1}"#),
                r#"{"sort":"price","order":["a"],"max_price":{"prompt":1.50},"s\"x":1}"#,
            ),
            (Some("[1]"), "[1]"),
        ] {
            assert_eq!(defaults.merged_with(request), merged, "{request:?}");
        }
    }

    #[test]
    fn an_earlier_rule_wins_member_by_member() {
        let mut earlier = defaults(&[("sort", r#""price""#)]);
        earlier.add(&defaults(&[("sort", r#""latency""#), ("hedge", "true")]));
        assert_eq!(earlier, defaults(&[("sort", r#""price""#), ("hedge", "true")]));
        assert_eq!(earlier.names().collect::<Vec<_>>(), ["sort", "hedge"]);
        assert_eq!(earlier.to_json(), r#"{"sort":"price","hedge":true}"#);
    }
}

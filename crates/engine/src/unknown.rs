//! Names of models outside of calls: which lead to none, in presets and rules, where they are kept
//! all the same because a model may come later.

use std::borrow::Cow;

use tollgate_policy::{Mention, Policy};

use crate::resolve::{lookup, without_variants};
use crate::{Engine, Installation, expand};

impl Installation {
    /// Why a name leads to no model of the catalogue, whether or not there is a key for it;
    /// `None` where it does, or is a router or a wildcard (contract §5.6).
    pub fn unknown(&self, name: &str) -> Option<String> {
        if expand::is_several(name) {
            return None;
        }
        lookup(name, self.known()).err().map(|unknown| unknown.to_string())
    }

    /// A name without the variants that say how to route rather than which model it is
    /// (contract §5.5).
    pub fn without_variants(name: &str) -> Cow<'_, str> {
        without_variants(name).0
    }

    /// The same of every model that rules name, each with its rule.
    pub fn unknown_in(&self, policy: &Policy) -> Vec<String> {
        let mut warnings = Vec::new();
        for mention in policy.mentions() {
            // A preset belongs to the workspace of the caller, whoever that will be.
            let Mention::Model { rule, name } = mention else { continue };
            let warning = self.unknown(name).map(|why| format!("rule `{rule}`: {why}"));
            warnings.extend(warning.filter(|it| !warnings.contains(it)));
        }
        warnings
    }
}

impl Engine {
    /// What stored rules name that leads to no model here.
    pub fn unknown_in_rules(&self, rules: &str) -> Vec<String> {
        // Rules that are stored were read before.
        Policy::from_json(rules)
            .map_or_else(|_| Vec::new(), |it| self.installation().unknown_in(&it))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tollgate_catalog::Catalog;

    use super::*;

    #[test]
    fn what_a_request_may_name_is_known_with_or_without_a_key() {
        let installation = Installation::new(Catalog::builtin().clone(), HashMap::new());
        for name in [
            "openai/gpt-4o",
            "gpt-4o",
            "openai/gpt-4o:nitro",
            "openrouter/auto",
            "openrouter/free:floor",
            "openai/*",
            "*",
        ] {
            assert_eq!(installation.unknown(name), None, "{name}");
        }
        let why = installation.unknown("openai/gpt-4oo");
        let expected = "no model is named `openai/gpt-4oo`; did you mean `openai/gpt-4o`?";
        assert_eq!(why.as_deref(), Some(expected));
    }

    #[test]
    fn every_place_of_a_rule_is_looked_at_and_told_once() {
        let installation = Installation::new(Catalog::builtin().clone(), HashMap::new());
        let rules = r#"[
            { "name": "a", "then": { "models": ["gone/one", "openai/gpt-4o"] } },
            { "name": "b", "then": { "split": { "arms": [
                { "name": "x", "weight": 1, "models": ["gone/two"] },
                { "name": "y", "weight": 1, "models": ["gone/two"] }] } } },
            { "name": "c", "then": { "preset": "gone" } },
            { "name": "d", "then": { "consensus": { "models": ["gone/three", "openai/gpt-4o"] } } }
        ]"#;
        let warnings = installation.unknown_in(&Policy::from_json(rules).unwrap());
        let expected = [
            "a`: no model is named `gone/one`",
            "b`: no model is named `gone/two`",
            "d`: no model is named `gone/three`",
        ];
        assert_eq!(warnings.len(), expected.len(), "{warnings:?}");
        for (warning, expected) in warnings.iter().zip(expected) {
            assert!(warning.starts_with(&format!("rule `{expected}")), "{warning}");
        }
    }
}

//! A call that tests can change, and policies from TOML.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use serde::Deserialize;
use tollgate_policy::{Decision, Facts, Policy, Problem, RuleForm};
use tollgate_types::Timestamp;

/// The facts of a call, owned.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) key_name: String,
    pub(crate) key_hash: String,
    pub(crate) workspace: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) models: Vec<String>,
    pub(crate) dialect: String,
    pub(crate) operation: String,
    pub(crate) stream: bool,
    pub(crate) prompt_tokens: u64,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) messages: u64,
    pub(crate) input: Vec<&'static str>,
    pub(crate) output: Vec<&'static str>,
    pub(crate) parameters: Vec<&'static str>,
    pub(crate) user: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) spent: Option<f64>,
    pub(crate) text: String,
    pub(crate) now: Timestamp,
    pub(crate) seed: u64,
    /// How often the text was asked for.
    pub(crate) text_asked: Cell<u32>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            key_name: "ci-build".to_owned(),
            key_hash: "0abc".to_owned(),
            workspace: "research".to_owned(),
            tags: BTreeMap::new(),
            headers: BTreeMap::new(),
            models: vec!["openai/gpt-4o".to_owned()],
            dialect: "chat".to_owned(),
            operation: "completions".to_owned(),
            stream: false,
            prompt_tokens: 100,
            max_tokens: None,
            messages: 1,
            input: Vec::new(),
            output: vec!["text"],
            parameters: Vec::new(),
            user: None,
            session: None,
            spent: None,
            text: String::new(),
            // A Wednesday.
            now: at("2026-11-04T12:00:00Z"),
            seed: 0,
            text_asked: Cell::new(0),
        }
    }
}

impl World {
    /// What a policy decides for this call.
    pub(crate) fn decide(&self, policy: &Policy) -> Decision {
        self.with_facts(|facts| policy.decide(facts))
    }

    pub(crate) fn with_facts<T>(&self, look: impl FnOnce(&Facts<'_>) -> T) -> T {
        let header = |name: &str| self.headers.get(name).map(String::as_str);
        let text = || {
            self.text_asked.set(self.text_asked.get() + 1);
            Cow::Borrowed(self.text.as_str())
        };
        look(&Facts {
            key_name: &self.key_name,
            key_hash: &self.key_hash,
            workspace: &self.workspace,
            tags: &self.tags,
            header: &header,
            models: &self.models,
            dialect: &self.dialect,
            operation: &self.operation,
            stream: self.stream,
            prompt_tokens: self.prompt_tokens,
            max_tokens: self.max_tokens,
            messages: self.messages,
            input: &self.input,
            output: &self.output,
            parameters: &self.parameters,
            user: self.user.as_deref(),
            session: self.session.as_deref(),
            spent: self.spent,
            text: &text,
            now: self.now,
            seed: self.seed,
        })
    }
}

/// An instant.
pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// As the configuration file holds rules.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    rule: Vec<RuleForm>,
}

/// The policy of a TOML text.
pub(crate) fn read(toml: &str) -> Result<Policy, Vec<Problem>> {
    let file: File = toml::from_str(toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    Policy::from_rules(file.rule)
}

/// The same of one that must be right.
pub(crate) fn policy(toml: &str) -> Policy {
    read(toml).unwrap_or_else(|problems| panic!("{problems:?}\n{toml}"))
}

/// A policy of one rule.
pub(crate) fn rule(when: &str, then: &str) -> Policy {
    policy(&format!("[[rule]]\nname = \"r\"\nwhen = {when}\nthen = {then}"))
}

//! Rules that don't match cost no memory.

use std::borrow::Cow;
use std::collections::BTreeMap;

use allocation_counter::measure;
use tollgate_policy::{Decision, Facts, Policy};

use crate::world::{at, policy};

/// Fifty rules that look at all but the text, none of which matches.
fn fifty() -> Policy {
    let whens = [
        "{ key = ['ops-*', '*-admin'] }",
        "{ workspace = 'sales', stream = true }",
        "{ any = [{ tag = { x-team = 'a*' } }, { header = { x-tier = 'gold' } }] }",
        "{ not = { model = '*/gpt-*' } }",
        "{ prompt_tokens = { min = 100000 } }",
        "{ input = ['image'], output = 'text' }",
        "{ tools = true, parameter = 'seed' }",
        "{ time = { days = ['sun'], from = '18:00', to = '06:00', zone = '+02:00' } }",
        "{ spent = { min = 0.9 } }",
        "{ percent = { of = 0, by = 'user' } }",
    ];
    let rules = (0..50).zip(whens.iter().cycle()).map(|(index, when)| {
        format!(
            "[[rule]]\nname = 'r{index}'\nwhen = {when}\nthen = {{ models = ['a/b'], tag = 't' }}\n"
        )
    });
    policy(&rules.collect::<String>())
}

fn decide(policy: &Policy) -> (Decision, u64) {
    let (tags, models) = (BTreeMap::new(), ["openai/gpt-4o".to_owned()]);
    let facts = Facts {
        key_name: "ci-build",
        key_hash: "0abc",
        workspace: "research",
        tags: &tags,
        header: &|_| None,
        models: &models,
        dialect: "chat",
        operation: "completions",
        stream: true,
        prompt_tokens: 100,
        max_tokens: None,
        messages: 1,
        input: &[],
        output: &["text"],
        parameters: &["tools"],
        user: Some("u"),
        session: None,
        spent: Some(0.5),
        text: &|| Cow::Borrowed("nobody asks"),
        now: at("2026-11-04T12:00:00Z"),
        seed: 1,
    };
    let mut decision = Decision::default();
    let made = measure(|| decision = policy.decide(&facts));
    (decision, made.count_total)
}

#[test]
fn rules_that_do_not_match_allocate_nothing() {
    assert_eq!(decide(&fifty()), (Decision::default(), 0));
}

#[test]
fn an_empty_policy_allocates_nothing() {
    assert_eq!(decide(&Policy::default()), (Decision::default(), 0));
}

#[test]
fn a_rule_that_matches_allocates_little() {
    let policy = policy("[[rule]]\nname = 'r'\nthen = { models = ['a/b', 'c/d', 'e/f'] }");
    let (decision, count) = decide(&policy);
    assert_eq!(decision.models.map(|it| it.len()), Some(3));
    assert!((1..=2).contains(&count), "{count}");
}

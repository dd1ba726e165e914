//! What the operators' page says is so.

use tollgate_policy::{ACTIONS, Judged, PREDICATES, Policy, Strategy};
use tollgate_wire::DIALECTS;
use tollgate_wire::operation::Operation;

use crate::world::{World, at, policy, rule};

const PAGE: &str = include_str!("../../../../docs/policies.md");

/// The TOML under a heading.
fn example(heading: &str) -> Policy {
    let (_, rest) = PAGE.split_once(&format!("## {heading}\n")).unwrap();
    let (_, rest) = rest.split_once("```toml\n").unwrap();
    policy(rest.split_once("```").unwrap().0)
}

fn models(world: &World, policy: &Policy) -> Vec<String> {
    world.decide(policy).models.map(|it| it.to_vec()).unwrap_or_default()
}

#[test]
fn every_example_is_one_and_a_test_reads_it() {
    let blocks: Vec<&str> = PAGE.split("```toml\n").skip(1).collect();
    assert_eq!(blocks.len(), 9);
    for block in blocks {
        assert!(!policy(block.split_once("```").unwrap().0).is_empty());
    }
}

#[test]
fn a_rule_has_predicates_and_actions() {
    let policy = example("A rule");
    let world = World { text: "```\nx\n```".to_owned(), ..World::default() };
    assert_eq!(models(&world, &policy), ["anthropic/claude-sonnet-4.5", "openai/gpt-4o"]);
    assert!(models(&World::default(), &policy).is_empty());
}

#[test]
fn tasks_to_models() {
    let policy = example("Tasks to models");
    let text = |text: &str| World { text: text.to_owned(), ..World::default() };
    let seeing = World { input: vec!["image"], ..text("Translate the sign") };
    assert_eq!(models(&seeing, &policy)[0], "google/gemini-2.5-pro");
    let code = text("Write a Python function that adds two numbers");
    assert_eq!(models(&code, &policy)[0], "anthropic/claude-sonnet-4.5");
    assert_eq!(code.decide(&policy).labels, ["code".into()]);
    let translation = text("Translate this into German: hello");
    assert_eq!(models(&translation, &policy), ["mistralai/mistral-small"]);
    let long = World { prompt_tokens: 5_000, ..translation };
    assert!(models(&long, &policy).is_empty());
}

#[test]
fn tiers_of_users() {
    let policy = example("Tiers of users");
    let tier = |tier: &str| {
        let mut world = World::default();
        world.headers.insert("x-tier".to_owned(), tier.to_owned());
        world.decide(&policy)
    };
    let gold = tier("gold");
    assert_eq!((gold.hedge, gold.labels), (Some(true), vec!["gold".into()]));
    assert_eq!(gold.prefers.unwrap().to_json(), r#"{"sort":"latency"}"#);
    assert_eq!(tier("silver").applied, []);
    let free = World::default().decide(&policy);
    assert_eq!(free.labels, ["free".into()]);
    let most = free.restrictions[0].wants.max_price;
    assert!(most.prompt.is_some() && most.completion.is_some());
    assert_eq!(
        free.prefers.unwrap().merged_with(Some(r#"{"sort":"latency"}"#)),
        r#"{"sort":"latency"}"#
    );
}

/// How many of a thousand users are in an arm.
fn in_arm(policy: &Policy, arm: &str, base: &World) -> usize {
    let is_in = |user: &u32| {
        let user = Some(format!("user-{user}"));
        let world = World { user: user.clone(), session: user, ..base.clone() };
        world.decide(policy).arm.is_some_and(|it| &*it.name == arm)
    };
    (0..1_000).filter(is_in).count()
}

#[test]
fn an_experiment_with_two_arms() {
    let policy = example("An experiment with two arms");
    let base = World { workspace: "chatbot".to_owned(), ..World::default() };
    let treated = in_arm(&policy, "treatment", &base);
    assert!((420..=580).contains(&treated), "{treated}");
    assert_eq!(in_arm(&policy, "control", &base), 1_000 - treated);
    assert_eq!(in_arm(&policy, "control", &World::default()), 0);
}

#[test]
fn a_canary() {
    let policy = example("A canary");
    let canaries = in_arm(&policy, "canary", &World::default());
    assert!((20..=80).contains(&canaries), "{canaries}");
}

#[test]
fn a_gradual_migration() {
    let policy = example("A gradual migration");
    let base = |now: &str| World {
        models: vec!["meta-llama/llama-4-maverick".to_owned()],
        now: at(now),
        ..World::default()
    };
    assert_eq!(in_arm(&policy, "own", &base("2026-10-31T00:00:00Z")), 0);
    let half = in_arm(&policy, "own", &base("2026-11-16T00:00:00Z"));
    assert!((420..=580).contains(&half), "{half}");
    assert_eq!(in_arm(&policy, "own", &base("2026-12-01T00:00:00Z")), 1_000);
    let decision = base("2026-12-01T00:00:00Z").decide(&policy);
    assert_eq!(decision.prefers.unwrap().to_json(), r#"{"order":["own-cluster"]}"#);
}

#[test]
fn less_as_the_budget_goes() {
    let policy = example("Less as the budget goes");
    let spent = |spent: f64, key: &str| {
        let key_name = key.to_owned();
        World { spent: Some(spent), key_name, ..World::default() }.decide(&policy)
    };
    assert_eq!(spent(0.5, "dev").applied, []);
    assert_eq!(spent(0.8, "dev").labels, ["budget-80".into()]);
    let most = spent(0.96, "dev");
    assert_eq!(most.labels, ["budget-95".into(), "budget-80".into()]);
    assert_eq!(&*most.models.unwrap(), ["mistralai/mistral-small"]);
    assert_eq!(most.restrictions.len(), 1);
    assert_eq!(spent(0.96, "prod-1").labels, ["budget-80".into()]);
    assert_eq!(World::default().decide(&policy).applied, []);
}

#[test]
fn a_cascade() {
    let policy = example("A cascade");
    let world = World { workspace: "support".to_owned(), ..World::default() };
    let Strategy::Cascade(cascade) = world.decide(&policy).strategy else { panic!("no cascade") };
    assert_eq!(cascade.models(), ["openai/gpt-4o-mini", "anthropic/claude-sonnet-4.5"]);
    let said = |text| Judged { text, ..Judged::default() };
    assert!(cascade.escalates(&said("I don't know that.")).is_some());
    assert!(cascade.escalates(&said("Open the lid.")).is_none());
    let tools = World { parameters: vec!["tools"], ..world };
    assert_eq!(tools.decide(&policy).strategy, Strategy::Single);
}

#[test]
fn a_consensus() {
    let policy = example("A consensus");
    let mut world = World { text: "Calculate 6 * 7".to_owned(), ..World::default() };
    world.headers.insert("x-careful".to_owned(), "yes".to_owned());
    let Strategy::Consensus(consensus) = world.decide(&policy).strategy else { panic!("none") };
    let verdict = consensus.verdict(&[Some("41"), Some("It is 42."), Some("**42**")], &[]);
    assert_eq!((verdict.winner, verdict.met), (Some(1), true));
}

#[test]
fn every_predicate_and_action_is_in_the_tables() {
    let rows: String = PAGE.lines().filter(|line| line.starts_with("| `")).collect();
    for name in PREDICATES.iter().chain(&ACTIONS) {
        assert!(rows.contains(&format!("`{name}")), "{name}");
    }
}

#[test]
fn rules_know_the_words_of_the_wire() {
    for dialect in DIALECTS {
        rule(&format!("{{ dialect = '{}' }}", dialect.as_str()), "{ tag = 't' }");
    }
    rule("{ operation = 'completions' }", "{ tag = 't' }");
    for operation in Operation::ALL {
        rule(&format!("{{ operation = '{}' }}", operation.api_type()), "{ tag = 't' }");
    }
}

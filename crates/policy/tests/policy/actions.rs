//! Each action, and how the rules that match add up.

use tollgate_policy::{ACTIONS, Applied, Decision, Mention, Policy, Strategy};
use tollgate_routing::{Authority, Preferences, Restriction};

use crate::world::{World, at, policy, rule};

/// The models that are taken instead.
fn models(decision: &Decision) -> Vec<&str> {
    decision.models.iter().flat_map(|it| it.iter()).map(String::as_str).collect()
}

/// The rule that a restriction comes from.
fn whose(restriction: &Restriction) -> &str {
    let Authority::Rule(rule) = &restriction.by else { panic!("no rule: {restriction:?}") };
    rule
}

fn applied(rule: &str, what: &'static str) -> Applied {
    Applied { rule: rule.into(), what: what.into() }
}

#[test]
fn models_and_presets_replace_what_was_asked_for() {
    let decision = World::default().decide(&rule("{ key = '*' }", "{ models = ['a/b', 'c/d'] }"));
    assert_eq!(models(&decision), ["a/b", "c/d"]);
    assert_eq!(decision.preset, None);
    assert_eq!(decision.strategy, Strategy::Single);
    assert_eq!(decision.applied, [applied("r", "models")]);

    let decision = World::default().decide(&rule("{ key = '*' }", "{ preset = 'cheap' }"));
    assert_eq!(decision.preset.as_deref(), Some("cheap"));
    assert_eq!(decision.applied, [applied("r", "preset")]);

    let both = rule("{ key = '*' }", "{ preset = 'cheap', models = 'a/b', hedge = false }");
    let decision = World::default().decide(&both);
    assert_eq!((models(&decision), decision.preset.as_deref()), (vec!["a/b"], Some("cheap")));
    assert_eq!(decision.hedge, Some(false));
    assert_eq!(decision.applied, [applied("r", "models, preset, hedge")]);
}

#[test]
fn restrictions_add_up_and_preferences_go_by_member() {
    let policy = policy(
        r#"
        [[rule]]
        name = "europe"
        then = { restrict = { only = ["mistral"], zdr = true }, prefer = { sort = "price" } }
        [[rule]]
        name = "frugal"
        then = { restrict = { max_price = { prompt = 1 } }, prefer = { sort = "latency", order = ["a"] }, hedge = true, tag = ["x", "y"] }
        [[rule]]
        name = "labels"
        then = { tag = ["y", "z"], hedge = false }
        "#,
    );
    let decision = World::default().decide(&policy);
    let restrictions: Vec<(&str, &Preferences)> =
        decision.restrictions.iter().map(|it| (whose(it), &*it.wants)).collect();
    let parse = |text: &str| Preferences::parse(text).unwrap();
    assert_eq!(
        restrictions,
        [
            ("europe", &parse(r#"{"only":["mistral"],"zdr":true}"#)),
            ("frugal", &parse(r#"{"max_price":{"prompt":1}}"#)),
        ]
    );
    let prefers = decision.prefers.unwrap();
    assert_eq!(prefers.to_json(), r#"{"sort":"price","order":["a"]}"#);
    assert_eq!(
        prefers.merged_with(Some(r#"{"order":["b"]}"#)),
        r#"{"sort":"price","order":["b"]}"#
    );
    assert_eq!(decision.hedge, Some(true));
    assert_eq!(decision.labels, ["x".into(), "y".into(), "z".into()]);
    assert_eq!(
        decision.applied,
        [
            applied("europe", "restrict, prefer"),
            applied("frugal", "restrict, prefer, hedge, tag"),
            applied("labels", "hedge, tag"),
        ]
    );
    assert_eq!(decision.models, None);
}

#[test]
fn the_first_rule_that_chooses_chooses() {
    let policy = policy(
        r#"
        [[rule]]
        name = "never"
        when = { stream = true }
        then = { models = ["never/m"] }
        [[rule]]
        name = "off"
        enabled = false
        then = { models = ["off/m"] }
        [[rule]]
        name = "first"
        then = { models = ["first/m"] }
        [[rule]]
        name = "second"
        then = { models = ["second/m"], restrict = { zdr = true } }
        [[rule]]
        name = "third"
        then = { split = { arms = [{ name = "a", weight = 1, tag = "late" }, { name = "b", weight = 1 }] } }
        "#,
    );
    let decision = World::default().decide(&policy);
    assert_eq!(models(&decision), ["first/m"]);
    assert_eq!(decision.arm, None);
    assert_eq!(decision.restrictions.len(), 1);
    assert!(decision.labels.is_empty());
    assert_eq!(
        decision.applied,
        [
            applied("first", "models"),
            applied("second", "matched, but an earlier rule chose, restrict"),
            applied("third", "matched, but an earlier rule chose"),
        ]
    );
}

#[test]
fn last_ends_it() {
    let policy = policy(
        r#"
        [[rule]]
        name = "exempt"
        when = { key = "ci-*" }
        last = true
        [[rule]]
        name = "rest"
        then = { models = ["a/b"] }
        "#,
    );
    let decision = World::default().decide(&policy);
    assert_eq!(decision.models, None);
    assert_eq!(decision.applied, [applied("exempt", "nothing")]);
    let other = World { key_name: "prod".to_owned(), ..World::default() };
    assert_eq!(models(&other.decide(&policy)), ["a/b"]);
}

#[test]
fn a_call_is_refused_in_the_operators_words() {
    for (then, message) in [
        ("{ deny = true, message = 'Not on Sundays.' }", Some("Not on Sundays.")),
        ("{ message = 'Not on Sundays.', deny = true }", Some("Not on Sundays.")),
        ("{ restrict = { message = 'No.', deny = true } }", Some("No.")),
        ("{ restrict = { deny = true, zdr = true } }", Some(DENIED)),
        ("{ deny = true }", Some(DENIED)),
        ("{ deny = false }", None),
    ] {
        let decision = World::default().decide(&rule("{ key = '*' }", then));
        let denied = decision.denied.as_ref();
        assert_eq!(denied.map(|it| &*it.message), message, "{then}");
        assert_eq!(denied.map(|it| &*it.rule), message.map(|_| "r"), "{then}");
    }
    let two = policy(
        "[[rule]]\nname = 'a'\nthen = { deny = true, message = 'A.' }\n[[rule]]\nname = 'b'\nthen = { deny = true, message = 'B.' }",
    );
    let decision = World::default().decide(&two);
    assert_eq!(decision.denied.unwrap().message, "A.".into());
    assert_eq!(decision.applied, [applied("a", "deny"), applied("b", "deny")]);
}

const DENIED: &str = "The policy of this installation does not allow this call.";

#[test]
fn an_arm_does_what_a_rule_does_and_a_control_keeps_what_was_asked_for() {
    let arms = |control: u32, canary: u32| {
        let policy = policy(&format!(
            r#"
            [[rule]]
            name = "canary"
            then.tag = "experiment"
            then.prefer = {{ sort = "price" }}
            [rule.then.split]
            by = "user"
            arms = [
                {{ name = "control", weight = {control} }},
                {{ name = "canary", weight = {canary}, models = ["new/m"], hedge = true, tag = "new", prefer = {{ sort = "latency" }}, restrict = {{ zdr = true }} }},
            ]
            [[rule]]
            name = "later"
            then = {{ models = ["later/m"] }}
            "#
        ));
        World { user: Some("u".to_owned()), ..World::default() }.decide(&policy)
    };
    let canary = arms(0, 1);
    assert_eq!(models(&canary), ["new/m"]);
    let arm = canary.arm.unwrap();
    assert_eq!((&*arm.rule, &*arm.name), ("canary", "canary"));
    assert_eq!(canary.hedge, Some(true));
    assert_eq!(canary.labels, ["new".into(), "experiment".into()]);
    assert_eq!(canary.restrictions.len(), 1);
    assert_eq!(canary.prefers.unwrap().to_json(), r#"{"sort":"latency"}"#);
    let control = arms(1, 0);
    assert_eq!(control.models, None);
    assert_eq!(&*control.arm.unwrap().name, "control");
    assert_eq!(
        control.applied,
        [
            applied("canary", "split, prefer, tag: control"),
            applied("later", "matched, but an earlier rule chose"),
        ]
    );
}

#[test]
fn a_ramp_moves_subjects_over_time_and_never_back() {
    let policy = rule(
        "{ key = '*' }",
        "{ split = { arms = [
            { name = 'old', weight = { from = 100, to = 0, start = '2026-11-01T00:00:00Z', end = '2026-11-11T00:00:00Z' } },
            { name = 'new', weight = { from = 0, to = 100, start = 2026-11-01T00:00:00Z, end = 2026-11-11T00:00:00Z } },
        ] } }",
    );
    let moved = |now: &str| -> Vec<bool> {
        let of = |user: u32| {
            let user = Some(format!("user-{user}"));
            let decision = World { user, now: at(now), ..World::default() }.decide(&policy);
            &*decision.arm.unwrap().name == "new"
        };
        (0..1_000).map(of).collect()
    };
    let count = |moved: &[bool]| moved.iter().filter(|it| **it).count();
    let times = [
        ("2026-10-01T00:00:00Z", 0..=0),
        ("2026-11-01T00:00:00Z", 0..=0),
        ("2026-11-03T12:00:00Z", 200..=300),
        ("2026-11-06T00:00:00Z", 440..=560),
        ("2026-11-08T12:00:00Z", 700..=800),
        ("2026-11-11T00:00:00Z", 1_000..=1_000),
        ("2027-01-01T00:00:00Z", 1_000..=1_000),
    ];
    let mut before = vec![false; 1_000];
    for (now, expected) in times {
        let after = moved(now);
        assert!(expected.contains(&count(&after)), "{now}: {}", count(&after));
        assert!(before.iter().zip(&after).all(|(before, after)| !before || *after), "{now}");
        before = after;
    }
}

#[test]
fn nothing_is_drawn_while_no_arm_has_any_weight() {
    let policy = rule(
        "{ key = '*' }",
        "{ split = { arms = [
            { name = 'a', weight = { from = 0, to = 1, start = '2030-01-01T00:00:00Z', end = '2030-02-01T00:00:00Z' }, models = 'a/b' },
            { name = 'b', weight = 0 },
        ] } }",
    );
    let decision = World::default().decide(&policy);
    assert_eq!((&decision.models, &decision.arm), (&None, &None));
    assert_eq!(decision.applied, [applied("r", "split: no arm has any weight now")]);
}

#[test]
fn a_subject_is_the_user_or_the_session_or_the_key() {
    let arm = |by: &str, world: &World| {
        let then = format!(
            "{{ split = {{ by = '{by}', arms = [{{ name = 'a', weight = 1 }}, {{ name = 'b', weight = 1 }}] }} }}"
        );
        world.decide(&rule("{ key = '*' }", &then)).arm.unwrap().name
    };
    // Which of two arms: over many subjects, whether a change of one fact can change the arm.
    let depends = |by: &str, base: &World, change: fn(&mut World, u64)| {
        (0..40).any(|number| {
            let mut world = base.clone();
            change(&mut world, number);
            arm(by, &world) != arm(by, base)
        })
    };
    let some = |text: &str| Some(text.to_owned());
    let all = World { user: some("u"), session: some("s"), ..World::default() };
    let no_user = World { user: None, ..all.clone() };
    let bare = World { user: None, session: None, ..all.clone() };
    let user: fn(&mut World, u64) = |it, number| it.user = Some(number.to_string());
    let session: fn(&mut World, u64) = |it, number| it.session = Some(number.to_string());
    let key: fn(&mut World, u64) = |it, number| it.key_hash = number.to_string();
    let seed: fn(&mut World, u64) = |it, number| it.seed = number;
    for (by, base, [by_user, by_session, by_key, by_seed]) in [
        ("user", &all, [true, false, false, false]),
        ("user", &no_user, [true, true, false, false]),
        ("user", &bare, [true, true, true, false]),
        ("session", &all, [false, true, false, false]),
        ("session", &bare, [false, true, true, false]),
        ("key", &all, [false, false, true, false]),
        ("call", &all, [false, false, false, true]),
    ] {
        let found = [user, session, key, seed].map(|change| depends(by, base, change));
        assert_eq!(found, [by_user, by_session, by_key, by_seed], "{by}");
    }
}

#[test]
fn a_cascade_and_a_consensus_are_ways_to_answer() {
    let cascade = rule(
        "{ key = '*' }",
        "{ cascade = { models = ['cheap/m', 'dear/m'], escalate = { error = true, confidence_below = 0.5 } } }",
    );
    let decision = World::default().decide(&cascade);
    let Strategy::Cascade(it) = &decision.strategy else { panic!("{decision:?}") };
    assert_eq!(it.models(), ["cheap/m", "dear/m"]);
    assert!(it.escalates_on_error() && it.judges_by_confidence());
    assert_eq!(decision.applied, [applied("r", "cascade")]);
    assert_eq!(decision.models, None);
    assert_eq!(decision, World::default().decide(&cascade));

    let consensus = rule("{ key = '*' }", "{ consensus = { models = ['a/b', 'c/d', 'e/f'] } }");
    let decision = World::default().decide(&consensus);
    let Strategy::Consensus(it) = &decision.strategy else { panic!("{decision:?}") };
    assert_eq!((it.models().len(), it.quorum(3)), (3, 2));
    assert_eq!(decision.applied, [applied("r", "consensus")]);
}

#[test]
fn a_policy_tells_which_models_headers_and_rules_it_has() {
    let policy = policy(
        r#"
        [[rule]]
        name = "one"
        description = "Why."
        last = true
        when = { header = { X-Tier = "a", x-team = "b" }, not = { header = { x-tier = "c" } } }
        then = { models = ["a/b"], preset = "p" }
        [[rule]]
        name = "two"
        enabled = false
        then.split.arms = [{ name = "a", weight = 1, preset = "q" }, { name = "b", weight = 1, cascade = { models = ["c/d", "e/f"], escalate = { error = true } } }]
        "#,
    );
    let mentions: Vec<Mention<'_>> = policy.mentions().collect();
    let model = |rule, name| Mention::Model { rule, name };
    let preset = |rule, slug| Mention::Preset { rule, slug };
    assert_eq!(
        mentions,
        [
            model("one", "a/b"),
            preset("one", "p"),
            preset("two", "q"),
            model("two", "c/d"),
            model("two", "e/f"),
        ]
    );
    assert_eq!(policy.models().collect::<Vec<_>>(), ["a/b", "p", "q", "c/d", "e/f"]);
    assert_eq!(policy.headers(), ["x-tier".into(), "x-team".into()]);
    let rules: Vec<_> = policy
        .rules()
        .iter()
        .map(|it| (it.name(), it.description(), it.is_enabled(), it.is_last()))
        .collect();
    assert_eq!(rules, [("one", Some("Why."), true, true), ("two", None, false, false)]);
    let again = Policy::from_json(&policy.to_json()).unwrap();
    assert_eq!(again.forms(), policy.forms());
    assert_eq!(again.to_json(), policy.to_json());
}

#[test]
fn json_is_the_same_as_toml() {
    let toml = policy("[[rule]]\nname = 'r'\nwhen.after = 2026-11-01T00:00:00Z\nthen.tag = 't'");
    let text =
        r#"{"rule":[{"name":"r","then":{"tag":"t"},"when":{"after":"2026-11-01T00:00:00Z"}}]}"#;
    assert_eq!(toml.to_json(), text);
    let list = text.strip_prefix(r#"{"rule":"#).and_then(|it| it.strip_suffix('}')).unwrap();
    for json in [text, list] {
        assert_eq!(Policy::from_json(json).unwrap().to_json(), text, "{json}");
    }
    assert!(Policy::from_json("{}").unwrap().is_empty());
    assert_eq!(World::default().decide(&Policy::default()), Decision::default());
}

#[test]
fn every_action_is_listed_once() {
    assert_eq!(
        ACTIONS,
        [
            "models",
            "preset",
            "restrict",
            "prefer",
            "hedge",
            "deny",
            "message",
            "tag",
            "split",
            "cascade",
            "consensus"
        ]
    );
}

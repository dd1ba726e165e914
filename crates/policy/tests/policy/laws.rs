//! What holds of every policy and every call.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tollgate_policy::{ACTIONS, Judged, PREDICATES, Policy};
use tollgate_types::Timestamp;

use crate::world::{World, policy};

/// Predicates of all kinds, as JSON.
fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({ "key": "ci-*" })),
        Just(json!({ "workspace": ["sales", "re*"] })),
        Just(json!({ "tag": { "x-team": "s*" } })),
        Just(json!({ "header": { "x-tier": "*" } })),
        Just(json!({ "model": "*/gpt*" })),
        any::<bool>().prop_map(|it| json!({ "stream": it })),
        any::<bool>().prop_map(|it| json!({ "session": it })),
        any::<bool>().prop_map(|it| json!({ "code": it })),
        any::<bool>().prop_map(|it| json!({ "tools": it })),
        (0..500_u64).prop_map(|it| json!({ "prompt_tokens": { "min": it } })),
        (0..500_u64).prop_map(|it| json!({ "max_tokens": { "max": it } })),
        Just(json!({ "language": "en" })),
        Just(json!({ "task": ["code", "chat"] })),
        Just(json!({ "contains": ["the", "x"] })),
        Just(json!({ "matches": "[a-f]+" })),
        (0..=10_u32).prop_map(|it| json!({ "spent": { "min": f64::from(it) / 10.0 } })),
        (0..=100_u32).prop_map(|it| json!({ "percent": { "of": it, "by": "call" } })),
        (0..23_u32).prop_map(|it| {
            json!({ "time": { "from": format!("{it:02}:30"), "to": "12:00", "days": ["mon", "thu"] } })
        }),
    ]
}

fn predicate() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(|it| json!({ "all": it })),
            vec(inner.clone(), 1..4).prop_map(|it| json!({ "any": it })),
            inner.prop_map(|it| json!({ "not": it })),
        ]
    })
}

fn world() -> impl Strategy<Value = World> {
    let who = ("[a-z]{0,3}-?[a-z]{0,3}", any::<bool>(), any::<bool>(), any::<bool>());
    let what = (any::<bool>(), 0..600_u64, proptest::option::of(0..600_u64), any::<bool>());
    let more = (".{0,80}", proptest::option::of(0.0..1.5_f64), any::<i64>(), any::<u64>());
    (who, what, more).prop_map(|(who, what, more)| {
        let mut world = World {
            key_name: if who.1 { "ci-x".to_owned() } else { who.0 },
            session: who.2.then(|| "s".to_owned()),
            stream: what.0,
            prompt_tokens: what.1,
            max_tokens: what.2,
            parameters: if what.3 { vec!["tools"] } else { Vec::new() },
            text: more.0,
            spent: more.1,
            now: Timestamp::from_unix_millis(more.2),
            seed: more.3,
            ..World::default()
        };
        if who.3 {
            world.tags.insert("x-team".to_owned(), "search".to_owned());
            world.headers.insert("x-tier".to_owned(), "gold".to_owned());
        }
        world
    })
}

fn when(when: &Value) -> Policy {
    let rule = json!([{ "name": "r", "when": when, "then": { "tag": "t" } }]);
    Policy::from_json(&rule.to_string()).unwrap()
}

fn holds(predicate: &Value, world: &World) -> bool {
    !world.decide(&when(predicate)).labels.is_empty()
}

/// Anything, often with the words of rules.
fn anything() -> impl Strategy<Value = Value> {
    let words: Vec<&str> = ["name", "when", "then", "min", "max", "of", "by", "arms", "weight"]
        .into_iter()
        .chain(["models", "escalate", "from", "to", "zone", "days", "quorum"])
        .chain(PREDICATES)
        .chain(ACTIONS)
        .collect();
    let word = proptest::sample::select(words);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((word.clone(), inner), 0..5).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, it)| (name.to_owned(), it)).collect())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_same_facts_have_the_same_decision(predicate in predicate(), world in world()) {
        let policy = when(&predicate);
        prop_assert_eq!(world.decide(&policy), world.decide(&policy));
        let again = Policy::from_json(&policy.to_json()).unwrap();
        prop_assert_eq!(world.decide(&policy), world.decide(&again));
    }

    #[test]
    fn de_morgan(one in predicate(), other in predicate(), world in world()) {
        let not = |it: &Value| json!({ "not": it });
        prop_assert_eq!(
            holds(&not(&json!({ "all": [one, other] })), &world),
            holds(&json!({ "any": [not(&one), not(&other)] }), &world)
        );
        prop_assert_eq!(
            holds(&not(&json!({ "any": [one, other] })), &world),
            holds(&json!({ "all": [not(&one), not(&other)] }), &world)
        );
        prop_assert_eq!(holds(&not(&not(&one)), &world), holds(&one, &world));
        let either = json!({ "any": [one, not(&one)] });
        prop_assert!(holds(&either, &world));
    }

    #[test]
    fn restrictions_of_rules_that_match_never_disappear(
        rules in vec((predicate(), 0..6_u8, any::<bool>()), 1..8),
        world in world(),
    ) {
        let rule = |(index, (when, kind, _)): (usize, &(Value, u8, bool))| {
            let mut then = json!({ "restrict": { "only": [format!("p{index}")] } });
            let other = match kind {
                0 => Some(("models", json!(["a/b"]))),
                1 => Some(("deny", json!(true))),
                2 => Some(("cascade", json!({ "models": ["a", "b"], "escalate": { "error": true } }))),
                3 => Some(("split", json!({ "arms": [
                    { "name": "x", "weight": 1, "restrict": { "zdr": true } },
                    { "name": "y", "weight": 1 },
                ] }))),
                4 => Some(("prefer", json!({ "only": ["everybody"] }))),
                _ => None,
            };
            if let Some((name, value)) = other {
                then[name] = value;
            }
            json!({ "name": index.to_string(), "when": when, "then": then })
        };
        let document: Vec<Value> = rules.iter().enumerate().map(rule).collect();
        let policy = Policy::from_json(&Value::from(document).to_string()).unwrap();
        let decision = world.decide(&policy);
        for (index, (when, _, _)) in rules.iter().enumerate() {
            // A draw depends on the rule's name, so that only others can be asked again.
            if when.to_string().contains("percent") {
                continue;
            }
            let only = [format!("p{index}")];
            let is_in = decision.restrictions.iter().any(|it| it.wants.only == only);
            prop_assert_eq!(is_in, holds(when, &world));
        }
    }

    #[test]
    fn nothing_that_is_written_panics(document in anything(), world in world()) {
        for document in [
            document.clone(),
            json!([document]),
            json!([{ "name": "r", "when": document, "then": { "tag": "t" } }]),
            json!([{ "name": "r", "then": document }]),
        ] {
            if let Ok(policy) = Policy::from_json(&document.to_string()) {
                world.decide(&policy);
            }
        }
    }

    #[test]
    fn nothing_that_is_said_panics(text in "(\\PC|[\\n\\t`{};$#0-9.,eE+-]){0,200}", world in world()) {
        use tollgate_policy::detect;
        detect::is_code(&text);
        detect::task(&text, &[]);
        if let Some(language) = detect::language(&text) {
            prop_assert!(detect::LANGUAGES.contains(&language));
        }
        for agree in ["text", "json", "number", "choice"] {
            let then = json!({ "consensus": { "models": ["a", "b"], "agree": agree } });
            let policy = Policy::from_json(&json!([{ "name": "r", "then": then }]).to_string()).unwrap();
            let tollgate_policy::Strategy::Consensus(it) = world.decide(&policy).strategy else {
                panic!("no consensus");
            };
            let verdict = it.verdict(&[Some(&text), Some(&text)], &[]);
            prop_assert_eq!(verdict.winner, Some(0));
            prop_assert!(verdict.agreeing == 2 || verdict.agreeing == 0);
        }
    }
}

/// Anything that might be a JSON Schema.
fn schema() -> impl Strategy<Value = Value> {
    let words = vec![
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "patternProperties",
        "prefixItems",
        "uniqueItems",
        "minItems",
        "pattern",
        "minLength",
        "maximum",
        "multipleOf",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "$ref",
        "propertyNames",
        "maxProperties",
    ];
    let word = proptest::sample::select(words);
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        proptest::sample::select(vec!["#", "#/allOf/0", "string", "object", "(", "^a", "a"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((word.clone(), inner), 0..5).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, it)| (name.to_owned(), it)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_schema_panics(schema in schema(), value in anything()) {
        let then = "{ cascade = { models = ['a', 'b'], escalate = { schema = true } } }";
        let policy = crate::world::rule("{ key = '*' }", then);
        let tollgate_policy::Strategy::Cascade(cascade) = World::default().decide(&policy).strategy
        else {
            panic!("no cascade");
        };
        let text = value.to_string();
        let judged = Judged { text: &text, schema: Some(&schema), ..Judged::default() };
        let reason = cascade.escalates(&judged);
        prop_assert_eq!(&reason, &cascade.escalates(&judged));
        prop_assert!(reason.is_none_or(|it| it.len() < 300));
    }
}

/// Which arm each of many users is in.
fn arms(weights: &[u32]) -> Vec<usize> {
    let arms = weights
        .iter()
        .enumerate()
        .map(|(index, weight)| format!("{{ name = '{index}', weight = {weight} }}"));
    let arms: Vec<String> = arms.collect();
    let policy = policy(&format!("[[rule]]\nname = 'r'\nthen.split.arms = [{}]", arms.join(", ")));
    let arm = |user: u32| {
        let world = World { user: Some(format!("user-{user}")), ..World::default() };
        world.decide(&policy).arm.unwrap().name.parse().unwrap()
    };
    (0..USERS).map(arm).collect()
}

const USERS: u32 = 8_000;

fn share(arms: &[usize], which: usize) -> f64 {
    let count = arms.iter().filter(|it| **it == which).count();
    f64::from(u32::try_from(count).unwrap()) / f64::from(USERS)
}

#[test]
fn arms_get_the_shares_of_their_weights() {
    for weights in [&[1, 1][..], &[90, 10], &[1, 99], &[5, 3, 2], &[1, 1, 1, 1, 1, 5], &[7, 0, 3]] {
        let found = arms(weights);
        let all = f64::from(weights.iter().sum::<u32>());
        for (index, weight) in weights.iter().enumerate() {
            let expected = f64::from(*weight) / all;
            // Five standard deviations: the draw is fixed, so this holds always or never.
            let bound = 5.0 * (expected * (1.0 - expected) / f64::from(USERS)).sqrt();
            let is = share(&found, index);
            assert!((is - expected).abs() <= bound, "{weights:?}[{index}]: {is}, not {expected}");
        }
    }
}

#[test]
fn a_changed_weight_moves_only_the_share_that_it_must() {
    for (before, after, changed) in [
        (&[90, 10][..], &[90, 20][..], 1),
        (&[5, 3, 2], &[5, 6, 2], 1),
        (&[1, 1, 1, 0], &[1, 1, 1, 1], 3),
    ] {
        let (old, new) = (arms(before), arms(after));
        let moved = || old.iter().zip(&new).filter(|(old, new)| old != new);
        assert!(moved().all(|(_, new)| *new == changed), "{before:?} → {after:?}");
        let grown = share(&new, changed) - share(&old, changed);
        let count = f64::from(u32::try_from(moved().count()).unwrap()) / f64::from(USERS);
        assert!((count - grown).abs() < 1e-9 && grown > 0.0, "{before:?} → {after:?}");
        // And back again: they leave that arm alone.
        let back = new.iter().zip(&old).filter(|(new, old)| new != old);
        assert!(back.into_iter().all(|(new, _)| *new == changed));
    }
}

#[test]
fn two_experiments_draw_apart() {
    let arm = |rule: &str, user: u32| {
        let policy = policy(&format!(
            "[[rule]]\nname = '{rule}'\nthen.split.arms = [{{ name = 'a', weight = 1 }}, {{ name = 'b', weight = 1 }}]"
        ));
        let world = World { user: Some(format!("user-{user}")), ..World::default() };
        world.decide(&policy).arm.unwrap().name
    };
    let same = (0..1_000).filter(|user| arm("one", *user) == arm("two", *user)).count();
    assert!((420..=580).contains(&same), "{same}");
}

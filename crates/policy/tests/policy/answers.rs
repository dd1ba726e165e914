//! Cascades judging answers, and consensus among them.

use std::sync::Arc;

use serde_json::{Value, json};
use tollgate_policy::{Cascade, Consensus, Judged, Strategy, Verdict};
use tollgate_types::Usd;

use crate::world::{World, rule};

fn cascade(escalate: &str) -> Arc<Cascade> {
    let then =
        format!("{{ cascade = {{ models = ['cheap/m', 'dear/m'], escalate = {escalate} }} }}");
    match World::default().decide(&rule("{ key = '*' }", &then)).strategy {
        Strategy::Cascade(it) => it,
        other => panic!("{other:?}"),
    }
}

fn consensus(members: &str) -> Arc<Consensus> {
    let then = format!("{{ consensus = {{ {members} }} }}");
    match World::default().decide(&rule("{ key = '*' }", &then)).strategy {
        Strategy::Consensus(it) => it,
        other => panic!("{other:?}"),
    }
}

fn said(text: &str) -> Judged<'_> {
    Judged { text, finish: Some("stop"), ..Judged::default() }
}

#[test]
fn each_condition_escalates_by_itself_and_says_why() {
    let schema = json!({ "type": "object", "required": ["city"] });
    let json = |text| Judged { wants_json: true, ..said(text) };
    let fitting = |text| Judged { schema: Some(&schema), ..said(text) };
    let called = Judged { tool_calls: 1, wants_json: true, ..said("") };
    for (escalate, answer, reason) in [
        ("{ keywords = ['not sure'] }", said("I'm NOT SURE."), Some("it says \"not sure\"")),
        ("{ keywords = ['not sure'] }", said("It is 4."), None),
        ("{ matches = '(?i)maybe' }", said("Maybe 4."), Some("it matches (?i)maybe")),
        ("{ matches = 'maybe' }", said("Maybe 4."), None),
        ("{ shorter_than = 3 }", said(" ää "), Some("its 2 characters are fewer than 3")),
        ("{ shorter_than = 2 }", said("ää"), None),
        ("{ shorter_than = 3 }", called, None),
        ("{ longer_than = 3 }", said("four"), Some("its 4 characters are more than 3")),
        ("{ longer_than = 4 }", said("four"), None),
        ("{ refusal = true }", said("I cannot help with that."), Some("it is a refusal")),
        ("{ refusal = true }", Judged { refusal: true, ..said("No.") }, Some("it is a refusal")),
        ("{ refusal = true }", said("Yes."), None),
        ("{ refusal = false, longer_than = 99 }", said("I cannot help with that."), None),
        ("{ schema = true }", json("It is {}"), Some("it is not JSON")),
        ("{ schema = true }", json(" {} "), None),
        ("{ schema = true }", said("It is {}"), None),
        ("{ schema = true }", called, None),
        ("{ schema = true }", fitting("{}"), Some("it does not fit the schema: city is missing")),
        ("{ schema = true }", fitting(r#"{"city":1}"#), None),
        (
            "{ confidence_below = 0.6 }",
            Judged { mean_probability: Some(0.519), ..said("x") },
            Some("its confidence of 0.52 is below 0.6"),
        ),
        ("{ confidence_below = 0.6 }", Judged { mean_probability: Some(0.6), ..said("x") }, None),
        ("{ confidence_below = 0.6 }", said("x"), None),
        (
            "{ finish = ['length', 'content_filter'] }",
            Judged { finish: Some("length"), ..said("x") },
            Some("it stopped because of length"),
        ),
        ("{ finish = ['length'] }", said("x"), None),
        ("{ error = true }", said(""), None),
    ] {
        assert_eq!(cascade(escalate).escalates(&answer).as_deref(), reason, "{escalate}");
    }
    assert!(cascade("{ error = true }").escalates_on_error());
    assert!(!cascade("{ refusal = true }").escalates_on_error());
    assert!(!cascade("{ refusal = true }").judges_by_confidence());
}

#[test]
fn a_schema_that_is_made_to_take_forever_does_not() {
    // Each level asks for the next one twice: two to the power of 40 ways.
    let mut levels = serde_json::Map::new();
    for level in 0..40 {
        let next = json!({ "$ref": format!("#/$defs/l{}", level + 1) });
        levels.insert(format!("l{level}"), json!({ "allOf": [next.clone(), next] }));
    }
    levels.insert("l40".to_owned(), json!({ "type": "string" }));
    let wide = json!({ "$ref": "#/$defs/l0", "$defs": levels });
    let endless = json!({ "$ref": "#" });
    let both = json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] });
    let patterns: Vec<Value> =
        (0..20_000).map(|it| json!({ "pattern": format!("^(x|y{it}){{1,50}}$") })).collect();
    let patterns = json!({ "allOf": patterns });
    let cascade = cascade("{ schema = true }");
    for schema in [&wide, &endless, &both, &patterns] {
        assert_eq!(cascade.escalates(&Judged { schema: Some(schema), ..said("\"x\"") }), None);
    }
}

#[test]
fn a_list_that_is_long_to_compare_is_compared_within_the_steps() {
    let once = json!({ "uniqueItems": true });
    let often = json!({ "allOf": vec![once.clone(); 20_000] });
    let items: Vec<u32> = (0..256).collect();
    let (unique, repeated) = (json!(items).to_string(), json!([1, 2, 1]).to_string());
    let cascade = cascade("{ schema = true }");
    for (schema, text, fits) in
        [(&once, &repeated, false), (&once, &unique, true), (&often, &unique, true)]
    {
        let judged = Judged { schema: Some(schema), ..said(text) };
        assert_eq!(cascade.escalates(&judged).is_none(), fits);
    }
}

/// Schemas of many keywords, and values that fit them or not.
fn schemas() -> Vec<Value> {
    vec![
        json!(true),
        json!(false),
        json!({}),
        json!({ "type": "integer" }),
        json!({ "type": ["string", "null"] }),
        json!({ "enum": [1, "a", null, { "a": [1] }] }),
        json!({ "const": { "a": 1.0 } }),
        json!({ "type": "object", "properties": { "a": { "type": "number", "minimum": 1, "exclusiveMaximum": 3 } }, "required": ["a"], "additionalProperties": false }),
        json!({ "properties": { "a": true }, "patternProperties": { "^b": { "type": "string" } }, "additionalProperties": { "type": "null" } }),
        json!({ "minProperties": 1, "maxProperties": 1, "propertyNames": { "maxLength": 1 } }),
        json!({ "type": "array", "items": { "type": "integer" }, "minItems": 1, "maxItems": 2, "uniqueItems": true }),
        json!({ "prefixItems": [{ "type": "integer" }], "items": { "type": "string" } }),
        json!({ "type": "string", "minLength": 2, "maxLength": 3, "pattern": "^a" }),
        json!({ "anyOf": [{ "type": "string" }, { "minimum": 2 }] }),
        json!({ "oneOf": [{ "type": "integer" }, { "minimum": 2 }] }),
        json!({ "allOf": [{ "type": "number" }, { "multipleOf": 0.5 }] }),
        json!({ "not": { "type": ["string", "object"] } }),
        json!({ "if": { "type": "number" }, "then": { "maximum": 1 }, "else": { "type": "string" } }),
        json!({ "$ref": "#/$defs/node", "$defs": { "node": { "type": "object", "properties": { "a": { "$ref": "#/$defs/node" } }, "additionalProperties": false } } }),
    ]
}

fn values() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(1.0),
        json!(1.5),
        json!(2.25),
        json!(-3),
        json!("a"),
        json!("abc"),
        json!("äöü"),
        json!([]),
        json!([1]),
        json!([1, 1.0]),
        json!([1, "x"]),
        json!([1, 2, 3]),
        json!({}),
        json!({ "a": 1 }),
        json!({ "a": 3 }),
        json!({ "a": [1] }),
        json!({ "a": {} }),
        json!({ "a": { "a": { "a": 1 } } }),
        json!({ "a": { "a": { "a": {} } } }),
        json!({ "b": "x", "c": null }),
        json!({ "bb": 1 }),
        json!({ "a": 1, "d": 2 }),
    ]
}

#[test]
fn a_schema_says_what_a_general_validator_says() {
    let cascade = cascade("{ schema = true }");
    let mut fitting = 0;
    for schema in schemas() {
        let validator = jsonschema::validator_for(&schema).unwrap();
        for value in values() {
            let text = value.to_string();
            let judged = Judged { schema: Some(&schema), ..said(&text) };
            let fits = cascade.escalates(&judged).is_none();
            assert_eq!(fits, validator.is_valid(&value), "{schema} {value}");
            fitting += usize::from(fits);
        }
    }
    assert!((100..400).contains(&fitting), "{fitting}");
}

fn verdict(members: &str, answers: &[Option<&str>]) -> (Option<usize>, usize, bool) {
    let Verdict { winner, agreeing, met, .. } = consensus(members).verdict(answers, &[]);
    (winner, agreeing, met)
}

#[test]
fn answers_agree_by_words_json_numbers_or_options() {
    let three = "models = ['a/b', 'c/d', 'e/f']";
    for (agree, answers, expected) in [
        ("text", [Some("Paris."), Some("London"), Some("  paris ")], (Some(0), 2, true)),
        (
            "text",
            [
                Some("The capital of France is Paris"),
                Some("It is Lyon"),
                Some("the capital of france is paris!"),
            ],
            (Some(0), 2, true),
        ),
        ("text", [Some("東京です"), Some("大阪です"), Some("東京です。")], (Some(0), 2, true)),
        ("text", [None, Some("x"), Some("X")], (Some(1), 2, true)),
        ("text", [Some("a"), Some("b"), Some("c")], (Some(0), 1, false)),
        ("text", [None, None, Some("c")], (Some(2), 1, false)),
        ("text", [None, None, None], (None, 0, false)),
        ("text", [Some("…"), Some("!"), None], (Some(0), 0, false)),
        (
            "json",
            [
                Some(r#"{"a":1,"b":[2]}"#),
                Some(r#"{"a":1}"#),
                Some("```json\n{\"b\":[2.0],\"a\":1.0}\n```"),
            ],
            (Some(0), 2, true),
        ),
        ("json", [Some("no"), Some("{}"), None], (Some(1), 1, false)),
        ("number", [Some("41"), Some("so 42."), Some("= 42.0")], (Some(1), 2, true)),
        ("number", [Some("one"), Some("7"), Some("two")], (Some(1), 1, false)),
        ("choice", [Some("(B)"), Some("The answer: C"), Some("c")], (Some(1), 2, true)),
        ("choice", [Some("Yes"), Some("yes, it is"), Some("No")], (Some(0), 2, true)),
    ] {
        let members = format!("{three}, agree = '{agree}'");
        assert_eq!(verdict(&members, &answers), expected, "{agree} {answers:?}");
    }
}

#[test]
fn a_quorum_is_a_count_or_a_share() {
    let four = "models = ['a', 'b', 'c', 'd']";
    let answers = [Some("x"), Some("x"), Some("y"), Some("z")];
    for (quorum, count) in [
        ("", 3),
        (", quorum = 1", 1),
        (", quorum = 2", 2),
        (", quorum = 0.5", 2),
        (", quorum = 0.51", 3),
        (", quorum = 0.75", 3),
        (", quorum = 1.0", 4),
    ] {
        let members = format!("{four}{quorum}");
        assert_eq!(consensus(&members).quorum(4), count, "{quorum}");
        assert_eq!(verdict(&members, &answers), (Some(0), 2, count <= 2), "{quorum}");
    }
    let verdict = consensus(four).verdict(&answers, &[]);
    assert!((verdict.confidence - 0.5).abs() < 1e-9);
}

#[test]
fn a_tie_is_broken_by_the_order_or_by_the_cost() {
    let answers = [Some("x"), Some("y"), Some("x"), Some("y")];
    let costs = [5, 9, 9, 1].map(Usd::from_nanos);
    for (tie, costs, winner) in [
        ("first", &costs[..], 0),
        ("cheapest", &costs[..], 1),
        ("cheapest", &costs[..1], 0),
        ("cheapest", &[], 0),
    ] {
        let members = format!("models = ['a', 'b', 'c', 'd'], quorum = 2, tie = '{tie}'");
        let verdict = consensus(&members).verdict(&answers, costs);
        assert_eq!((verdict.winner, verdict.met), (Some(winner), true), "{tie} {costs:?}");
    }
    // Fewer who are cheaper are still fewer.
    let answers = [Some("x"), Some("x"), Some("y")];
    let members = "models = ['a', 'b', 'c'], tie = 'cheapest'";
    let verdict = consensus(members).verdict(&answers, &[9, 9, 1].map(Usd::from_nanos));
    assert_eq!((verdict.winner, verdict.agreeing), (Some(0), 2));
}

/// Every list of so many of these.
fn lists<T: Copy>(of: &[T], length: u32) -> Vec<Vec<T>> {
    (0..length).fold(vec![Vec::new()], |lists, _| {
        let longer = |list: &Vec<T>| of.iter().map(|it| [&list[..], &[*it]].concat()).collect();
        lists.iter().flat_map(|list| -> Vec<Vec<T>> { longer(list) }).collect()
    })
}

/// What is agreed on, and whether enough agree.
fn outcome<'a>(consensus: &Consensus, answers: &[Option<&'a str>]) -> (Option<&'a str>, bool) {
    let verdict = consensus.verdict(answers, &[]);
    (verdict.winner.and_then(|it| answers.get(it).copied().flatten()), verdict.met)
}

#[test]
fn it_is_decided_when_and_only_when_no_answer_can_change_it() {
    let words = [None, Some("A"), Some("B"), Some("C"), Some("D")];
    for quorum in [1, 2, 3, 4] {
        let members = format!("models = ['a', 'b', 'c', 'd'], agree = 'choice', quorum = {quorum}");
        let consensus = consensus(&members);
        for (waits, answers) in lists(&[false, true], 4).iter().flat_map(|waits| {
            let first = words.iter().take(4);
            let answers = lists(&first.copied().collect::<Vec<_>>(), 4);
            answers.into_iter().map(move |answers| (waits, answers))
        }) {
            let pending: Vec<usize> = (0..4).filter(|at| waits[*at]).collect();
            if pending.iter().any(|at| answers[*at].is_some()) {
                continue;
            }
            let mut all = lists(&words, u32::try_from(pending.len()).unwrap()).into_iter();
            let may_change = all.any(|said| {
                let mut complete = answers.clone();
                for (at, word) in pending.iter().zip(said) {
                    complete[*at] = word;
                }
                outcome(&consensus, &complete) != outcome(&consensus, &answers)
            });
            let is_decided = consensus.is_decided(&answers, &pending);
            assert_eq!(is_decided, !may_change, "{quorum} {answers:?} {pending:?}");
        }
    }
}

#[test]
fn who_is_still_to_come_may_be_cheaper_or_stand_between_two_texts() {
    let five = "models = ['a', 'b', 'c', 'd', 'e'], quorum = 2";
    let decided = |members: &str, answers: &[Option<&str>], pending: &[usize]| {
        consensus(&format!("{five}, {members}")).is_decided(answers, pending)
    };
    let choices = [Some("A"), Some("A"), None, Some("B"), None];
    assert!(decided("agree = 'choice'", &choices, &[4]));
    assert!(!decided("agree = 'choice', tie = 'cheapest'", &choices, &[4]));
    let choices = [Some("A"), Some("A"), Some("A"), Some("B"), None];
    assert!(decided("agree = 'choice', tie = 'cheapest'", &choices, &[4]));
    // Both that stand alone could agree with the one that is to come.
    let texts = [Some("one"), Some("one"), None, Some("a b c d e"), Some("a b c d f")];
    let verdict = consensus(five).verdict(&texts, &[]);
    assert_eq!((verdict.winner, verdict.agreeing), (Some(0), 2));
    assert!(!decided("agree = 'text'", &texts, &[2]));
    let texts = [Some("one"), Some("one"), None, Some("one"), Some("a b c d f")];
    assert!(decided("agree = 'text'", &texts, &[2]));
}

#[test]
fn fewer_who_are_asked_need_not_be_more_who_agree() {
    let quorum = |quorum: &str, asked| {
        consensus(&format!("models = ['a', 'b', 'c', 'd'], quorum = {quorum}")).quorum(asked)
    };
    assert_eq!((quorum("0.5", 4), quorum("0.5", 3), quorum("0.5", 2)), (2, 2, 1));
    assert_eq!((quorum("4", 4), quorum("4", 3)), (4, 3));
    assert_eq!(consensus("models = ['a', 'b', 'c', 'd']").quorum(3), 2);
}

//! What operators are told of their mistakes, word for word.

use tollgate_policy::{Policy, RuleForm};

use crate::world::read;

/// The problems of a TOML text.
fn problems(toml: &str) -> Vec<String> {
    match read(toml) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

fn of_when(when: &str) -> Vec<String> {
    problems(&format!("[[rule]]\nname = 'r'\nthen.tag = 't'\nwhen = {when}"))
}

fn of_then(then: &str) -> Vec<String> {
    problems(&format!("[[rule]]\nname = 'r'\nthen = {then}"))
}

#[test]
fn all_are_told_at_once_with_their_paths() {
    let toml = r#"
        [[rule]]
        name = "one"
        then.modles = ["a/b"]
        [[rule]]
        name = "one"
        whn = { code = true }
        enabled = "yes"
        then.hedge = 1
        [[rule]]
        when.all = [{ time = { from = "25:00" } }, { not = { kee = "x" } }]
    "#;
    assert_eq!(
        problems(toml),
        [
            "rule[0].then: unknown action `modles`; did you mean `models`?",
            "rule[1]: unknown key `whn`; did you mean `when`?",
            "rule[1].enabled: expected true or false, found a text",
            "rule[1].then.hedge: expected true or false, found `1`",
            "rule[1].name: rule[0] has this name already",
            "rule[2]: expected name",
            "rule[2].when.all[0].time.from: expected a time of day such as 18:00",
            "rule[2].when.all[1].not: unknown predicate `kee`; did you mean `key`?",
            "rule[2]: expected then, a table of actions, or last = true",
        ]
    );
}

/// Predicates, and where and what the problem with each is.
const PREDICATES: &[(&str, &str)] = &[
    ("1", ": expected a table, found `1`"),
    ("{}", ": expected at least one key"),
    ("{ all = [] }", ".all: expected at least one entry"),
    ("{ any = true }", ".any: expected a list, found `true`"),
    ("{ any = [{}] }", ".any[0]: expected at least one key"),
    ("{ key = 1.5 }", ".key: expected a text or a list of texts, found `1.5`"),
    ("{ key = ['a', ''] }", ".key[1]: expected a text that is not empty"),
    ("{ key = [['a']] }", ".key[0]: expected a text, found a list"),
    ("{ tag = 'x' }", ".tag: expected a table, found a text"),
    ("{ tag = { x-a = 1 } }", ".tag.x-a: expected a text or a list of texts, found `1`"),
    ("{ header = { 'x y' = 'z' } }", ".header: `x y` is not the name of a header"),
    (
        "{ header = { Authorization = '*' } }",
        ".header: `authorization` holds credentials: no rule looks at it",
    ),
    ("{ session = 'yes' }", ".session: expected true or false, found a text"),
    ("{ dialect = 'mesages' }", ".dialect: unknown dialect `mesages`; did you mean `messages`?"),
    (
        "{ operation = 'embedings' }",
        ".operation: unknown operation `embedings`; did you mean `embeddings`?",
    ),
    ("{ input = ['images'] }", ".input: unknown modality `images`; did you mean `image`?"),
    ("{ output = 'txt' }", ".output: unknown modality `txt`; did you mean `text`?"),
    (
        "{ input = 'hologram' }",
        ".input: unknown modality `hologram`; known are image, audio, file, video",
    ),
    (
        "{ prompt_tokens = { min = -1 } }",
        ".prompt_tokens.min: expected a whole number of at least 0, found `-1`",
    ),
    ("{ messages = { min = 3, max = 2 } }", ".messages: expected min to be at most max"),
    ("{ messages = {} }", ".messages: expected at least one key"),
    ("{ max_tokens = { mx = 3 } }", ".max_tokens: unknown key `mx`; did you mean `max`?"),
    ("{ language = 'deu' }", ".language: unknown language `deu`; did you mean `de`?"),
    ("{ task = 'coding' }", ".task: unknown task `coding`; did you mean `code`?"),
    ("{ matches = '(' }", ".matches: not a regular expression: unclosed group"),
    (
        "{ matches = '(a{1000}){1000}' }",
        ".matches: the regular expression takes too much memory: expected fewer or smaller repetitions",
    ),
    (
        "{ after = '2026-11-01' }",
        ".after: expected an instant with its zone such as 2026-11-01T00:00:00Z",
    ),
    ("{ time = { days = ['monday'] } }", ".time.days: unknown day `monday`; did you mean `mon`?"),
    ("{ time = { to = '24:01' } }", ".time.to: expected a time of day such as 18:00"),
    ("{ time = { from = '24:00' } }", ".time.from: expected a time of day such as 18:00"),
    (
        "{ time = { from = '6:00', to = '7:00' } }",
        ".time.from: expected a time of day such as 18:00",
    ),
    (
        "{ time = { zone = 'Europe/Berlin' } }",
        ".time.zone: expected UTC or an offset such as +02:00",
    ),
    ("{ time = { from = '08:00', to = '08:00' } }", ".time: expected from and to to differ"),
    ("{ spent = { min = 80 } }", ".spent.min: expected a share from 0 to 1"),
    ("{ spent = { min = 0.9, max = 0.1 } }", ".spent: expected min to be at most max"),
    ("{ percent = { by = 'user' } }", ".percent: expected of"),
    ("{ percent = { of = 101 } }", ".percent.of: expected a percentage from 0 to 100"),
    (
        "{ percent = { of = 1, by = 'caller' } }",
        ".percent.by: unknown subject `caller`; did you mean `call`?",
    ),
];

#[test]
fn predicates() {
    for (when, problem) in PREDICATES {
        assert_eq!(of_when(when)[0], format!("rule[0].when{problem}"), "{when}");
    }
    let long = "x".repeat(257);
    let list = vec!["'x'"; 101].join(",");
    for (when, problem) in [
        (&format!("{{ key = '{long}' }}"), ".key: expected a text of at most 256 characters"),
        (&format!("{{ key = [{list}] }}"), ".key: expected at most 100 entries"),
    ] {
        assert_eq!(of_when(when)[0], format!("rule[0].when{problem}"), "{when}");
    }
}

/// Actions, and where and what the problem with each is.
const ACTIONS: &[(&str, &str)] = &[
    ("{}", ": expected at least one key"),
    ("{ models = [] }", ".models: expected at least one entry"),
    ("{ models = ['a/b', 'a/b'] }", ".models: `a/b` is named twice"),
    (
        "{ models = 'a/b', cascade = { models = ['a', 'b'], escalate = { error = true } } }",
        ": models and cascade don't go together: one of them chooses",
    ),
    (
        "{ preset = 'p', consensus = { models = ['a', 'b'] } }",
        ": consensus and preset don't go together: one of them chooses",
    ),
    ("{ message = 'No.' }", ": a message goes with deny = true"),
    ("{ deny = 'No.' }", ".deny: expected true or false, found a text"),
    (
        "{ restrict = { sort = 'price' } }",
        ".restrict.sort: this is a wish, not a bound: put it into prefer",
    ),
    ("{ restrict = { onyl = ['a'] } }", ".restrict: unknown key `onyl`; did you mean `only`?"),
    ("{ restrict = { only = 'a' } }", ".restrict: invalid type: string \"a\", expected a sequence"),
    (
        "{ prefer = { sort = 'speed' } }",
        ".prefer: sort: Expected price, throughput, latency or exacto, or an object with by and partition (model or none)",
    ),
    ("{ prefer = { srt = 'price' } }", ".prefer: unknown key `srt`; did you mean `sort`?"),
    ("{ tag = [''] }", ".tag[0]: expected a text that is not empty"),
    ("{ split = { by = 'user' } }", ".split: expected arms"),
    ("{ split = { arms = [{ name = 'a', weight = 1 }] } }", ".split.arms: expected 2 to 20 arms"),
    (
        "{ split = { arms = [{ name = 'a', weight = 0 }, { name = 'a', weight = 0 }] } }",
        ".split.arms[1].name: there is an arm `a` already",
    ),
    (
        "{ split = { arms = [{ name = 'a', weight = 0 }, { name = 'b', weight = 0 }] } }",
        ".split.arms: expected an arm with a weight above 0",
    ),
    ("{ split = { arms = [{ weight = 1 }, { name = 'b' }] } }", ".split.arms[0]: expected name"),
    (
        "{ split = { arms = [{ name = 'a', weight = -1 }, { name = 'b', weight = 1 }] } }",
        ".split.arms[0].weight: expected a weight from 0 to 1000000",
    ),
    (
        "{ split = { arms = [{ name = 'a', weight = 1, modls = 'x' }, { name = 'b', weight = 1 }] } }",
        ".split.arms[0]: unknown action `modls`; did you mean `models`?",
    ),
    (
        "{ split = { arms = [{ name = 'a', weight = 1, split = {} }, { name = 'b', weight = 1 }] } }",
        ".split.arms[0].split: an arm has no split of its own",
    ),
    (
        "{ split = { arms = [{ name = 'a', weight = { from = 1, to = 2, end = '2026-11-01T00:00:00Z' } }, { name = 'b', weight = 1 }] } }",
        ".split.arms[0].weight: expected start",
    ),
    (
        "{ split = { arms = [{ name = 'a', weight = { from = 1, to = 2, start = '2026-11-01T00:00:00Z', end = '2026-11-01T00:00:00Z' } }, { name = 'b', weight = 1 }] } }",
        ".split.arms[0].weight: expected start to be before end",
    ),
    ("{ cascade = { models = ['a', 'b'] } }", ".cascade: expected escalate"),
    (
        "{ cascade = { models = ['a'], escalate = { error = true } } }",
        ".cascade.models: expected 2 to 8 models",
    ),
    (
        "{ cascade = { models = ['a', 'b'], escalate = { error = false } } }",
        ".cascade.escalate: expected a condition that can hold",
    ),
    (
        "{ cascade = { models = ['a', 'b'], escalate = { keyword = 'x' } } }",
        ".cascade.escalate: unknown key `keyword`; did you mean `keywords`?",
    ),
    (
        "{ cascade = { models = ['a', 'b'], escalate = { finish = 'lenght' } } }",
        ".cascade.escalate.finish: unknown finish reason `lenght`; did you mean `length`?",
    ),
    (
        "{ cascade = { models = ['a', 'b'], escalate = { confidence_below = 60 } } }",
        ".cascade.escalate.confidence_below: expected a probability above 0, at most 1",
    ),
    ("{ consensus = { models = ['a'] } }", ".consensus.models: expected 2 to 8 models"),
    (
        "{ consensus = { models = ['a', 'b'], quorum = 3 } }",
        ".consensus.quorum: expected 1 to 2 models, or a share of them such as 0.5",
    ),
    (
        "{ consensus = { models = ['a', 'b'], quorum = 1.5 } }",
        ".consensus.quorum: expected 1 to 2 models, or a share of them such as 0.5",
    ),
    (
        "{ consensus = { models = ['a', 'b'], agree = 'texts' } }",
        ".consensus.agree: unknown way to agree `texts`; did you mean `text`?",
    ),
    (
        "{ consensus = { models = ['a', 'b'], tie = 'cheapst' } }",
        ".consensus.tie: unknown way to break a tie `cheapst`; did you mean `cheapest`?",
    ),
];

#[test]
fn actions() {
    for (then, problem) in ACTIONS {
        assert_eq!(of_then(then)[0], format!("rule[0].then{problem}"), "{then}");
    }
    let models: Vec<String> = (0..21).map(|number| format!("'a/{number}'")).collect();
    let then = format!("{{ models = [{}] }}", models.join(","));
    assert_eq!(of_then(&then), ["rule[0].then.models: expected 1 to 20 models"]);
}

#[test]
fn a_mistake_in_a_rule_is_told_even_when_it_is_switched_off() {
    let toml = "[[rule]]\nname = 'r'\nenabled = false\nthen.tag = 1";
    assert_eq!(problems(toml), ["rule[0].then.tag: expected a text or a list of texts, found `1`"]);
}

#[test]
fn rules_and_levels_are_bounded() {
    let rule = |index: u32| {
        let json = format!(r#"{{"name":"r{index}","then":{{"tag":"t"}}}}"#);
        serde_json::from_str::<RuleForm>(&json).unwrap()
    };
    assert!(Policy::from_rules((0..500).map(rule).collect()).is_ok());
    let problems = Policy::from_rules((0..501).map(rule).collect()).unwrap_err();
    assert_eq!(problems[0].to_string(), "rule: expected at most 500 rules");

    let nested = |levels: usize| {
        let inner = format!(
            "{}{{ code = true }}{}",
            "{ not = ".repeat(levels - 1),
            " }".repeat(levels - 1)
        );
        of_when(&inner)
    };
    assert_eq!(nested(16), Vec::<String>::new());
    let path = format!("rule[0].when{}", ".not".repeat(16));
    assert_eq!(nested(17), [format!("{path}: expected at most 16 levels")]);
}

#[test]
fn a_hundred_problems_are_enough() {
    let rules = (0..300).map(|index| format!("[[rule]]\nname = 'r{index}'\nthen.x = 1"));
    let toml = rules.collect::<Vec<_>>().join("\n");
    assert_eq!(problems(&toml).len(), 100);
}

#[test]
fn json_of_another_shape_is_told() {
    for (json, problem) in [
        ("{", "body: not JSON: EOF while parsing an object at line 1 column 1"),
        ("1", "body: expected an object with the list rule"),
        (r#"{"rule":{}}"#, "rule: expected a list of rules"),
        (r#"{"rules":[]}"#, "body: unknown key `rules`; did you mean `rule`?"),
        (r#"[{"name":"a","last":true},1]"#, "rule[1]: expected a table"),
        (r#"[{"name":null,"last":true}]"#, "rule[0].name: expected a text, found null"),
    ] {
        let problems = Policy::from_json(json).unwrap_err();
        assert_eq!(problems[0].to_string(), problem, "{json}");
    }
}

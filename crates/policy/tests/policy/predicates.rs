//! Each predicate, with what it holds of and what not.

use tollgate_policy::PREDICATES;

use crate::world::{World, at, policy, rule};

type Change = fn(&mut World);

fn matches(when: &str, change: Change) -> bool {
    let mut world = World::default();
    change(&mut world);
    !world.decide(&rule(when, "{ tag = \"t\" }")).labels.is_empty()
}

#[test]
fn a_rule_without_a_predicate_holds_always() {
    let policy = policy("[[rule]]\nname = \"r\"\nthen = { tag = \"t\" }");
    assert_eq!(World::default().decide(&policy).labels, ["t".into()]);
}

#[test]
fn who_asks() {
    let cases: &[(&str, Change, bool)] = &[
        ("{ key = 'ci-*' }", |_| {}, true),
        ("{ key = ['CI-*'] }", |_| {}, true),
        ("{ key = ['prod', 'dev'] }", |_| {}, false),
        ("{ key_hash = '0a*' }", |_| {}, true),
        ("{ key_hash = '1a*' }", |_| {}, false),
        ("{ workspace = 'research' }", |_| {}, true),
        ("{ workspace = '*' }", |it| it.workspace.clear(), true),
        ("{ workspace = 'sales' }", |_| {}, false),
        ("{ tag = { x-team = 'se*' } }", |_| {}, false),
        ("{ tag = { X-Team = ['ads', 'se*'] } }", |it| tag(it, "x-team", "search"), true),
        ("{ tag = { x-team = '*', x-app = '*' } }", |it| tag(it, "x-team", "search"), false),
        ("{ header = { X-Tier = 'gold' } }", |it| header(it, "x-tier", "Gold"), true),
        ("{ header = { X-Tier = 'gold' } }", |it| header(it, "x-tier", "silver"), false),
        ("{ header = { X-Tier = '*' } }", |_| {}, false),
        ("{ user = 'u*' }", |it| it.user = Some("u-1".to_owned()), true),
        ("{ user = 'u*' }", |it| it.user = Some("v-1".to_owned()), false),
        ("{ user = '*' }", |_| {}, false),
        ("{ session = true }", |it| it.session = Some("s".to_owned()), true),
        ("{ session = true }", |_| {}, false),
        ("{ session = false }", |_| {}, true),
    ];
    check(cases);
}

fn tag(world: &mut World, name: &str, value: &str) {
    world.tags.insert(name.to_owned(), value.to_owned());
}

fn header(world: &mut World, name: &str, value: &str) {
    world.headers.insert(name.to_owned(), value.to_owned());
}

fn check(cases: &[(&str, Change, bool)]) {
    for (index, (when, change, expected)) in cases.iter().enumerate() {
        assert_eq!(matches(when, *change), *expected, "{index}: {when}");
    }
}

#[test]
fn what_is_asked_for() {
    let cases: &[(&str, Change, bool)] = &[
        ("{ model = '*/gpt-4o' }", |_| {}, true),
        ("{ model = 'gpt-4o' }", |_| {}, false),
        ("{ model = 'x/*' }", |it| it.models.push("x/y".to_owned()), true),
        ("{ model = '*' }", |it| it.models.clear(), false),
        ("{ dialect = 'chat' }", |_| {}, true),
        ("{ dialect = ['messages', 'gemini'] }", |_| {}, false),
        ("{ operation = 'completions' }", |_| {}, true),
        ("{ operation = 'embeddings' }", |_| {}, false),
        ("{ stream = true }", |_| {}, false),
        ("{ stream = true }", |it| it.stream = true, true),
        ("{ stream = false }", |_| {}, true),
        ("{ prompt_tokens = { min = 100, max = 100 } }", |_| {}, true),
        ("{ prompt_tokens = { min = 101 } }", |_| {}, false),
        ("{ prompt_tokens = { max = 99 } }", |_| {}, false),
        ("{ max_tokens = { max = 10 } }", |_| {}, false),
        ("{ max_tokens = { max = 10 } }", |it| it.max_tokens = Some(10), true),
        ("{ messages = { min = 2 } }", |_| {}, false),
        ("{ messages = { min = 2 } }", |it| it.messages = 2, true),
        ("{ input = 'image' }", |_| {}, false),
        ("{ input = ['image', 'file'] }", |it| it.input = vec!["audio", "file"], true),
        ("{ output = 'text' }", |_| {}, true),
        ("{ output = ['embeddings'] }", |_| {}, false),
        ("{ tools = true }", |it| it.parameters = vec!["tools"], true),
        ("{ tools = true }", |_| {}, false),
        ("{ tools = false }", |_| {}, true),
        ("{ response_format = true }", |it| it.parameters = vec!["response_format"], true),
        ("{ response_format = true }", |it| it.parameters = vec!["structured_outputs"], true),
        ("{ response_format = true }", |_| {}, false),
        ("{ parameter = ['seed', 'logprobs'] }", |it| it.parameters = vec!["seed"], false),
        (
            "{ parameter = ['seed', 'logprobs'] }",
            |it| it.parameters = vec!["logprobs", "top_p", "seed"],
            true,
        ),
    ];
    check(cases);
}

#[test]
fn what_the_prompt_says() {
    let cases: &[(&str, Change, bool)] = &[
        ("{ contains = 'invoice' }", |it| it.text = "Read these INVOICES".to_owned(), true),
        ("{ contains = ['grüße'] }", |it| it.text = "Schöne GRÜSSE, GRÜßE".to_owned(), true),
        ("{ contains = ['invoice'] }", |_| {}, false),
        ("{ matches = '\\bjava\\b' }", |it| it.text = "javascript".to_owned(), false),
        ("{ matches = '(?i)\\bjava\\b' }", |it| it.text = "In Java, please".to_owned(), true),
        ("{ code = true }", |it| it.text = "```\nx\n```".to_owned(), true),
        ("{ code = true }", |it| it.text = "How are you?".to_owned(), false),
        ("{ code = false }", |it| it.text = "How are you?".to_owned(), true),
        (
            "{ language = ['fr', 'de'] }",
            |it| it.text = "Wie komme ich morgen früh am besten zum Bahnhof?".to_owned(),
            true,
        ),
        (
            "{ language = ['fr', 'de'] }",
            |it| it.text = "What is the best way to the station tomorrow morning?".to_owned(),
            false,
        ),
        ("{ task = 'translation' }", |it| it.text = "Translate this".to_owned(), true),
        ("{ task = ['code', 'math'] }", |it| it.text = "Translate this".to_owned(), false),
        ("{ contains = 'late' }", |it| it.text = format!("{} late", "x".repeat(16_379)), true),
        ("{ contains = 'late' }", |it| it.text = format!("{} late", "x".repeat(16_380)), false),
    ];
    check(cases);
}

#[test]
fn the_text_is_asked_for_once_and_only_when_a_rule_needs_it() {
    let text = policy(
        r#"
        [[rule]]
        name = "one"
        when = { any = [{ contains = "x" }, { matches = "y" }, { code = true }] }
        then = { tag = "one" }
        [[rule]]
        name = "two"
        when = { language = "de", task = "code" }
        then = { tag = "two" }
        "#,
    );
    let world = World::default();
    world.decide(&text);
    assert_eq!(world.text_asked.get(), 1);
    for when in [
        "{ all = [{ stream = true }, { contains = 'x' }] }",
        "{ code = true, contains = 'x', stream = true }",
        "{ any = [{ code = true }], stream = true }",
    ] {
        let world = World::default();
        world.decide(&rule(when, "{ tag = 't' }"));
        assert_eq!(world.text_asked.get(), 0, "{when}");
    }
}

#[test]
fn when_it_is_asked() {
    for (when, now, expected) in [
        ("{ after = '2026-11-04T12:00:00Z' }", "2026-11-04T12:00:00Z", true),
        ("{ after = '2026-11-04T12:00:00Z' }", "2026-11-04T11:59:59Z", false),
        ("{ after = 2026-11-04T12:00:00Z }", "2026-11-04T11:59:59Z", false),
        ("{ before = '2026-11-04T13:00:00+01:00' }", "2026-11-04T12:00:00Z", false),
        ("{ before = '2026-11-04T13:00:00+01:00' }", "2026-11-04T11:59:59Z", true),
        // A Wednesday.
        ("{ time = { from = '08:00', to = '18:00' } }", "2026-11-04T08:00:00Z", true),
        ("{ time = { from = '08:00', to = '18:00' } }", "2026-11-04T18:00:00Z", false),
        ("{ time = { from = 08:00:00, to = 18:00:00 } }", "2026-11-04T17:59:59Z", true),
        ("{ time = { from = '18:00', to = '06:00' } }", "2026-11-04T05:59:00Z", true),
        ("{ time = { from = '18:00', to = '06:00' } }", "2026-11-04T06:00:00Z", false),
        ("{ time = { from = '18:00', to = '06:00' } }", "2026-11-04T18:00:00Z", true),
        ("{ time = { to = '12:00' } }", "2026-11-04T00:00:00Z", true),
        ("{ time = { to = '12:00' } }", "2026-11-04T12:00:00Z", false),
        ("{ time = { from = '12:00', to = '24:00' } }", "2026-11-04T23:59:59Z", true),
        ("{ time = { from = '12:00' } }", "2026-11-04T11:59:59Z", false),
        ("{ time = { days = ['wed'] } }", "2026-11-04T23:59:59Z", true),
        ("{ time = { days = ['wed'] } }", "2026-11-05T00:00:00Z", false),
        ("{ time = { days = 'Thu', zone = '+02:00' } }", "2026-11-04T22:00:00Z", true),
        ("{ time = { days = ['thu'], zone = '-02:00' } }", "2026-11-05T01:59:00Z", false),
        ("{ time = { days = ['sun'], zone = 'UTC' } }", "1969-12-28T12:00:00Z", true),
        // The night from Friday to Saturday is Friday's.
        (
            "{ time = { days = ['fri'], from = '22:00', to = '06:00' } }",
            "2026-11-07T05:00:00Z",
            true,
        ),
        (
            "{ time = { days = ['sat'], from = '22:00', to = '06:00' } }",
            "2026-11-07T05:00:00Z",
            false,
        ),
    ] {
        let world = World { now: at(now), ..World::default() };
        let labels = world.decide(&rule(when, "{ tag = 't' }")).labels;
        assert_eq!(!labels.is_empty(), expected, "{when} {now}");
    }
}

#[test]
fn how_much_is_spent() {
    for (when, spent, expected) in [
        ("{ spent = { min = 0.8 } }", Some(0.8), true),
        ("{ spent = { min = 0.8 } }", Some(0.79), false),
        ("{ spent = { min = 0.8 } }", Some(1.7), true),
        ("{ spent = { min = 0.8 } }", None, false),
        ("{ spent = { max = 0.5 } }", Some(0.5), true),
        ("{ spent = { max = 0.5 } }", Some(0.51), false),
        ("{ spent = { min = 0 } }", Some(f64::NAN), false),
    ] {
        let world = World { spent, ..World::default() };
        let labels = world.decide(&rule(when, "{ tag = 't' }")).labels;
        assert_eq!(!labels.is_empty(), expected, "{when} {spent:?}");
    }
}

#[test]
fn a_share_of_subjects_is_always_the_same_one() {
    let share = |of: f64, by: &str, change: fn(&mut World, u64)| -> Vec<bool> {
        let policy =
            rule(&format!("{{ percent = {{ of = {of:.1}, by = '{by}' }} }}"), "{ tag = 't' }");
        let one = |number: u64| {
            let mut world = World::default();
            change(&mut world, number);
            !world.decide(&policy).labels.is_empty()
        };
        (0..2_000).map(one).collect()
    };
    let user: fn(&mut World, u64) = |it, number| it.user = Some(format!("user-{number}"));
    let seed: fn(&mut World, u64) = |it, number| it.seed = number;
    let count = |hits: &[bool]| hits.iter().filter(|it| **it).count();
    let (ten, twenty) = (share(10.0, "user", user), share(20.0, "user", user));
    assert!((140..=260).contains(&count(&ten)), "{}", count(&ten));
    assert!((320..=480).contains(&count(&twenty)), "{}", count(&twenty));
    assert!(ten.iter().zip(&twenty).all(|(ten, twenty)| !ten || *twenty), "who is in stays in");
    assert!((140..=260).contains(&count(&share(10.0, "call", seed))));
    // One key is in or out as a whole, whoever its users are.
    assert_eq!(count(&share(50.0, "key", user)) % 2_000, 0);
    assert_eq!(count(&share(0.0, "user", user)), 0);
    assert_eq!(count(&share(100.0, "user", user)), 2_000);
}

#[test]
fn predicates_are_combined() {
    let cases: &[(&str, Change, bool)] = &[
        ("{ key = 'ci-*', stream = true }", |_| {}, false),
        ("{ key = 'ci-*', stream = true }", |it| it.stream = true, true),
        ("{ all = [{ key = 'ci-*' }, { stream = true }] }", |_| {}, false),
        ("{ any = [{ key = 'ci-*' }, { stream = true }] }", |_| {}, true),
        ("{ any = [{ key = 'x' }, { stream = true }] }", |_| {}, false),
        ("{ not = { stream = true } }", |_| {}, true),
        ("{ not = { key = 'ci-*', stream = true } }", |_| {}, true),
        ("{ key = 'ci-*', not = { any = [{ session = true }] } }", |_| {}, true),
    ];
    check(cases);
}

#[test]
fn every_predicate_is_listed_once() {
    assert_eq!(PREDICATES.len(), 32);
    let mut names = PREDICATES.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 32);
    assert!(!names.contains(&""));
}

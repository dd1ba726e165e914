//! What a rule asks of a call: a tree of predicates.
//!
//! An open set: a predicate is a function that reads it, and a line in `READERS`. Several keys in
//! one table must all hold.

mod asked;
mod content;
mod share;
mod time;
mod who;

use serde_json::{Map, Value};

use crate::call::Call;
use crate::problem::unknown;
use crate::reader::{Reader, shortened};

/// Whether something holds of a call.
pub(crate) type Test = Box<dyn Fn(&Call<'_, '_>) -> bool + Send + Sync>;

/// Reads what is asked for; nothing where a problem was noted.
type Read = fn(&Value, &mut Reader) -> Option<Test>;

const READERS: &[(&str, Read)] = &[
    ("key", who::key),
    ("key_hash", who::key_hash),
    ("workspace", who::workspace),
    ("tag", who::tag),
    ("header", who::header),
    ("user", who::user),
    ("session", who::session),
    ("model", asked::model),
    ("dialect", asked::dialect),
    ("operation", asked::operation),
    ("stream", asked::stream),
    ("prompt_tokens", asked::prompt_tokens),
    ("max_tokens", asked::max_tokens),
    ("messages", asked::messages),
    ("input", asked::input),
    ("output", asked::output),
    ("tools", asked::tools),
    ("response_format", asked::response_format),
    ("parameter", asked::parameter),
    ("language", content::language),
    ("code", content::code),
    ("contains", content::contains),
    ("matches", content::matches),
    ("task", content::task),
    ("time", time::time),
    ("after", time::after),
    ("before", time::before),
    ("spent", share::spent),
    ("percent", share::percent),
];

/// The names of the predicates, `all`, `any` and `not` among them.
pub const PREDICATES: [&str; READERS.len() + 3] = {
    let mut names = ["all", "any", "not"].as_slice();
    let mut every = [""; READERS.len() + 3];
    let (mut rest, mut left) = (READERS, every.as_mut_slice());
    while let ([slot, others @ ..], true) = (left, true) {
        if let [name, more @ ..] = names {
            *slot = name;
            names = more;
        } else if let [(name, _), more @ ..] = rest {
            *slot = name;
            rest = more;
        }
        left = others;
    }
    every
};

/// Deepest tree.
const DEPTH_MAX: usize = 16;

/// Reads the tree of a rule.
pub(crate) fn read(value: &Value, reader: &mut Reader) -> Option<Test> {
    tree(value, reader, 1)
}

fn tree(value: &Value, reader: &mut Reader, depth: usize) -> Option<Test> {
    if depth > DEPTH_MAX {
        reader.problem(format!("expected at most {DEPTH_MAX} levels"));
        return None;
    }
    let table = reader.any_table(value)?;
    let mut entries: Vec<(&String, &Value)> = table.iter().collect();
    entries.sort_by_key(|(name, _)| cost(name));
    let mut tests = Vec::with_capacity(entries.len());
    for (name, value) in entries {
        let test = match name.as_str() {
            "all" => reader.at("all", |reader| list(value, reader, depth).map(every)),
            "any" => reader.at("any", |reader| list(value, reader, depth).map(some)),
            "not" => reader.at("not", |reader| {
                let inner = tree(value, reader, depth + 1)?;
                let negated: Test = Box::new(move |call| !inner(call));
                Some(negated)
            }),
            name => leaf(name, value, reader),
        };
        tests.extend(test);
    }
    (tests.len() == table.len()).then(|| every(tests))
}

/// Predicates that look at the text of the prompt.
const OF_TEXT: &[&str] = &["matches", "contains", "code", "task", "language"];

/// What stands in one table is asked in this order, because readers of TOML don't keep the
/// operator's: the text last, if it must be.
fn cost(name: &str) -> usize {
    match OF_TEXT.iter().position(|it| *it == name) {
        Some(place) => 2 + place,
        None => usize::from(["all", "any", "not"].contains(&name)),
    }
}

fn leaf(name: &str, value: &Value, reader: &mut Reader) -> Option<Test> {
    let Some((known, read)) = READERS.iter().find(|(known, _)| *known == name) else {
        reader.problem(unknown("predicate", &shortened(name), &PREDICATES));
        return None;
    };
    reader.at(known, |reader| read(value, reader))
}

fn list(value: &Value, reader: &mut Reader, depth: usize) -> Option<Vec<Test>> {
    let list = reader.list(value)?;
    let tests: Vec<Test> = (0_usize..)
        .zip(list)
        .filter_map(|(at, it)| reader.at(&format!("[{at}]"), |reader| tree(it, reader, depth + 1)))
        .collect();
    (tests.len() == list.len()).then_some(tests)
}

fn every(mut tests: Vec<Test>) -> Test {
    match tests.pop() {
        Some(only) if tests.is_empty() => only,
        Some(last) => Box::new(move |call| tests.iter().all(|it| it(call)) && last(call)),
        None => Box::new(|_| true),
    }
}

fn some(tests: Vec<Test>) -> Test {
    Box::new(move |call| tests.iter().any(|it| it(call)))
}

/// A predicate that is switched on or asked not to hold: `code = true`, `code = false`.
fn flag(
    value: &Value,
    reader: &mut Reader,
    holds: impl Fn(&Call<'_, '_>) -> bool + Send + Sync + 'static,
) -> Option<Test> {
    let expected = reader.flag(value)?;
    Some(Box::new(move |call| holds(call) == expected))
}

/// A table of names and patterns, such as `{ "x-team" = "search" }`. All must fit.
fn named(
    table: &Map<String, Value>,
    reader: &mut Reader,
) -> Option<Vec<(String, crate::pattern::Patterns)>> {
    let named: Vec<_> = table
        .iter()
        .filter_map(|(name, value)| {
            let patterns = reader.at(&shortened(name), |reader| reader.patterns(value))?;
            Some((name.to_ascii_lowercase(), patterns))
        })
        .collect();
    (named.len() == table.len()).then_some(named)
}

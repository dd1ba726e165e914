//! Recorded exchanges held against the public document of the API that ours follows.

mod accepted;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use crate::exchange::{Answer, Exchange};
use crate::openapi::{Difference, Document};
use accepted::accepted;

/// What came out of it.
#[derive(Debug, Default)]
pub struct Comparison {
    rows: BTreeMap<Row, Counts>,
    differences: BTreeMap<Found, Examples>,
    not_there: BTreeSet<String>,
}

/// Answers of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    path: String,
    method: String,
    status: u16,
    media_type: String,
}

#[derive(Debug, Default)]
struct Counts {
    fit: usize,
    accepted: usize,
    differ: usize,
}

/// A difference, wherever in a list it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    row: Row,
    difference: Difference,
    /// Why it may be.
    accepted: Option<&'static str>,
}

#[derive(Debug, Default)]
struct Examples {
    count: usize,
    first: String,
}

/// Where our API is; the public document's paths are relative to it.
const BASE: &str = "/api/v1";

/// Holds the exchanges of one file against the document of another. Operations that the document
/// does not have are left out.
///
/// # Errors
///
/// Names the file that can't be read.
pub fn compare(document: &Path, exchanges: &Path) -> Result<Comparison, String> {
    let read = |file: &Path| fs::read(file).map_err(|it| format!("{}: {it}", file.display()));
    let named = |problem: String| format!("{}: {problem}", document.display());
    let document = Document::read(&read(document)?).map_err(named)?;
    let recorded = read(exchanges).map_err(|problem| {
        format!("{problem}\nRun `cargo test -p tollgate --test openapi` first: it records them")
    })?;
    let mut comparison = Comparison::default();
    for line in recorded.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let exchange = serde_json::from_slice(line);
        let exchange: Exchange = exchange.map_err(|it| format!("{}: {it}", exchanges.display()))?;
        comparison.add(&document, exchange);
    }
    Ok(comparison)
}

impl Comparison {
    /// Whether nothing differs but what is accepted.
    pub fn fits(&self) -> bool {
        self.rows.values().all(|counts| counts.differ == 0)
    }

    fn add(&mut self, document: &Document, mut exchange: Exchange) {
        let path = exchange.path.strip_prefix(BASE).unwrap_or(&exchange.path).to_owned();
        exchange.path = path;
        let operation = (exchange.method.clone(), exchange.path.clone());
        if !document.operations().contains(&operation) {
            self.not_there.insert(format!("{} {}", operation.0, operation.1));
            return;
        }
        let row = Row {
            path: exchange.path.clone(),
            method: exchange.method.clone(),
            status: exchange.status,
            media_type: exchange.media_type().to_owned(),
        };
        let in_stream = matches!(exchange.answer, Answer::Events(_));
        let found: BTreeSet<Found> = document
            .check_answer(&exchange)
            .into_iter()
            .map(|difference| {
                let difference = general(&difference, in_stream);
                let accepted = accepted(&row.path, &difference);
                Found { row: row.clone(), difference, accepted }
            })
            .collect();
        let counts = self.rows.entry(row).or_default();
        if found.is_empty() {
            counts.fit += 1;
        } else if found.iter().all(|it| it.accepted.is_some()) {
            counts.accepted += 1;
        } else {
            counts.differ += 1;
        }
        for found in found {
            let examples = self.differences.entry(found).or_default();
            examples.count += 1;
            if examples.first.is_empty() {
                examples.first.clone_from(&exchange.name);
            }
        }
    }

    fn listed(&self, f: &mut fmt::Formatter<'_>, accepted: bool) -> fmt::Result {
        let all = self.differences.iter().filter(|(it, _)| it.accepted.is_some() == accepted);
        for (Found { row, difference, accepted }, examples) in all {
            let Row { path, method, status, media_type } = row;
            writeln!(f, "\n  {method} {path} {status} {media_type}")?;
            writeln!(f, "    {difference}")?;
            writeln!(f, "    {} exchanges, such as: {}", examples.count, examples.first)?;
            if let Some(why) = accepted {
                writeln!(f, "    accepted: {why}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:>5} {:>8} {:>6}  answer", "fit", "accepted", "differ")?;
        for (Row { path, method, status, media_type }, counts) in &self.rows {
            let Counts { fit, accepted, differ } = counts;
            let answer = format!("{method} {path} {status} {media_type}");
            writeln!(f, "{fit:>5} {accepted:>8} {differ:>6}  {answer}")?;
        }
        if !self.not_there.is_empty() {
            let names: Vec<&str> = self.not_there.iter().map(String::as_str).collect();
            writeln!(f, "\nNot in the document: {}", names.join(", "))?;
        }
        if self.differences.keys().any(|it| it.accepted.is_some()) {
            writeln!(f, "\nDifferences that are accepted:")?;
            self.listed(f, true)?;
        }
        if !self.fits() {
            writeln!(f, "\nDifferences:")?;
            self.listed(f, false)?;
        }
        Ok(())
    }
}

/// Places in lists and events of a stream are all one, and what a reason quotes of the value is
/// left out, so that the same difference is told once.
fn general(difference: &Difference, in_stream: bool) -> Difference {
    let mut steps: Vec<&str> = difference.pointer.split('/').collect();
    for step in &mut steps {
        if !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()) {
            *step = "*";
        }
    }
    let pointer = steps.join("/");
    let pointer = if in_stream { pointer.replacen("/*", "event", 1) } else { pointer };
    let known = [
        " is not of type",
        " is not of types",
        " is not one of",
        " was expected",
        " is not valid under any",
        " is not allowed for",
        " does not match",
    ];
    let place = known.iter().find_map(|words| difference.reason.find(words));
    let rest = place.and_then(|at| difference.reason.get(at..));
    let quoted = difference.reason.starts_with(['{', '[']) || difference.reason.len() > 160;
    let reason = rest.filter(|_| quoted).map_or(difference.reason.clone(), |it| format!("…{it}"));
    Difference { pointer, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(pointer: &str, reason: &str, in_stream: bool) -> (String, String) {
        let difference = Difference { pointer: pointer.to_owned(), reason: reason.to_owned() };
        let Difference { pointer, reason } = general(&difference, in_stream);
        (pointer, reason)
    }

    #[test]
    fn the_same_difference_is_told_once() {
        let required = "\"id\" is a required property";
        assert_eq!(seen("/data/12/id", required, false), ("/data/*/id".into(), required.into()));
        assert_eq!(
            seen("/3/choices/0", required, true),
            ("event/choices/*".into(), required.into())
        );
        let (_, reason) = seen("", r#"{"a":1} is not of type "string""#, false);
        assert_eq!(reason, r#"… is not of type "string""#);
    }

    #[test]
    fn what_differs_and_is_not_accepted_fails() {
        let document = r#"{ "paths": { "/key": { "get": { "responses": { "200": { "content": {
            "application/json": { "schema": { "type": "object", "required": ["data"] } } } } } } } } }"#;
        let document = Document::read(document.as_bytes()).unwrap();
        let exchange = |path: &str, body: &str| -> Exchange {
            let text = format!(
                r#"{{"name":"n","method":"GET","path":"{path}","status":200,
                    "headers":{{"content-type":"application/json"}},"answer":{{"json":{body}}}}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        let mut comparison = Comparison::default();
        comparison.add(&document, exchange("/api/v1/key", r#"{ "data": 1 }"#));
        comparison.add(&document, exchange("/health/live", "{}"));
        assert!(comparison.fits(), "{comparison}");
        comparison.add(&document, exchange("/api/v1/key", "{}"));
        assert!(!comparison.fits());
        let told = comparison.to_string();
        assert!(told.contains("\"data\" is a required property"), "{told}");
        assert!(told.contains("Not in the document: GET /health/live"), "{told}");
    }
}

//! Reading a TOML text into the file's structure, with every problem named at once.
//!
//! Serde stops at the first problem. So each problem is noted, the value it concerns is taken out,
//! and the rest is read again, until nothing is left to say.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_path_to_error::Segment;
use tollgate_catalog::{EndpointEntry, ModelEntry, ProviderEntry};
use tollgate_policy::RuleForm;
use toml::{Table, Value};

use super::Problems;
use super::alerts::AlertsSection;
use super::batch::BatchSection;
use super::cache::CacheSection;
use super::limit::LimitEntry;
use super::payments::PaymentsSection;
use super::plan::PlanEntry;
use super::retention::Retention;
use super::routing::RoutingSection;
use super::sections::{
    AttributionSection, BillingSection, DatabaseSection, LimitsSection, RegionsSection,
    ServerSection, SharedSection, SimulatorSection, UpstreamSection,
};

/// The file as an operator writes it. `api_key`s are taken out of the provider rows before, so
/// that no secret enters the catalog.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) listen: Option<String>,
    pub(super) data_dir: Option<String>,
    pub(super) database: DatabaseSection,
    pub(super) shared: SharedSection,
    pub(super) billing: BillingSection,
    pub(super) batch: BatchSection,
    pub(super) cache: CacheSection,
    pub(super) payments: PaymentsSection,
    pub(super) alerts: AlertsSection,
    pub(super) limits: LimitsSection,
    pub(super) routing: RoutingSection,
    pub(super) upstream: UpstreamSection,
    pub(super) attribution: AttributionSection,
    pub(super) server: ServerSection,
    pub(super) regions: RegionsSection,
    pub(super) retention: Retention,
    pub(super) simulator: SimulatorSection,
    #[serde(rename = "provider")]
    pub(super) providers: Vec<ProviderEntry>,
    #[serde(rename = "model")]
    pub(super) models: Vec<ModelEntry>,
    #[serde(rename = "limit")]
    pub(super) limit_rules: Vec<LimitEntry>,
    #[serde(rename = "plan")]
    pub(super) plans: Vec<PlanEntry>,
    #[serde(rename = "rule")]
    pub(super) rules: Vec<RuleForm>,
    #[serde(rename = "endpoint")]
    pub(super) endpoints: Vec<EndpointEntry>,
    /// Beside `providers`, in the same order.
    #[serde(skip)]
    pub(super) api_keys: Vec<Option<String>>,
    /// The settings that are given, by their paths, such as `limits.idle_timeout_ms`.
    #[serde(skip)]
    pub(super) given: BTreeSet<String>,
}

/// A file with more problems than this needs a look, not a list.
const PROBLEMS_MAX: usize = 50;

/// Reads a text.
pub(super) fn read(text: &str, problems: &mut Problems) -> File {
    let mut table = match text.parse::<Table>() {
        Ok(table) => table,
        Err(error) => {
            problems.add(format!("it is not TOML: {}", error.to_string().trim_end()));
            return File::default();
        }
    };
    let api_keys = take_api_keys(&mut table, problems);
    let given = paths(&table);
    let mut root = Value::Table(table);
    for _ in 0..PROBLEMS_MAX {
        match serde_path_to_error::deserialize::<_, File>(root.clone()) {
            Ok(file) => return File { api_keys, given, ..file },
            Err(error) => {
                let path: Vec<Segment> = error.path().iter().cloned().collect();
                let message = error.inner().message();
                problems.add(sentence(&error.path().to_string(), message));
                let unknown = unknown_field(message);
                if !remove(&mut root, &path, unknown) {
                    break;
                }
            }
        }
    }
    File::default()
}

/// The settings a file gives: its own, and those of its sections.
fn paths(table: &Table) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (name, value) in table {
        match value {
            Value::Table(section) => {
                paths.extend(section.keys().map(|key| format!("{name}.{key}")));
            }
            _ => {
                paths.insert(name.clone());
            }
        }
    }
    paths
}

/// Takes `api_key` out of every provider row.
fn take_api_keys(table: &mut Table, problems: &mut Problems) -> Vec<Option<String>> {
    let Some(Value::Array(rows)) = table.get_mut("provider") else { return Vec::new() };
    let mut keys = Vec::new();
    for (index, row) in rows.iter_mut().enumerate() {
        let key = row.as_table_mut().and_then(|row| row.remove("api_key"));
        keys.push(match key {
            Some(Value::String(key)) => Some(key),
            Some(_) => {
                problems.add(format!(
                    "provider[{index}].api_key: expected a string: env:NAME, file:PATH or the key itself"
                ));
                None
            }
            None => None,
        });
    }
    keys
}

/// The problem in words; an unknown key names the nearest known one.
fn sentence(path: &str, message: &str) -> String {
    let Some(unknown) = unknown_field(message) else {
        return format!("{path}: {}", in_words(message.trim_end()));
    };
    let what = if message.starts_with("unknown variant") { "value" } else { "key" };
    let path = path.strip_suffix(&unknown).map_or(path, |it| it.trim_end_matches('.'));
    let place = if path.is_empty() || path == "." { String::new() } else { format!("{path}: ") };
    let known = quoted(message).skip(1);
    let nearest = known
        .map(|known| (strsim::damerau_levenshtein(&unknown, &known), known))
        .min()
        .filter(|(distance, _)| *distance <= (unknown.len() / 2).max(2));
    match nearest {
        Some((_, nearest)) => {
            format!("{place}unknown {what} `{unknown}`; did you mean `{nearest}`?")
        }
        None => format!("{place}unknown {what} `{unknown}`; known are {}", {
            let known: Vec<String> = quoted(message).skip(1).collect();
            known.join(", ")
        }),
    }
}

/// What was expected, which Serde names as Rust does, as operators know it.
fn in_words(message: &str) -> String {
    let Some((received, expected)) = message.rsplit_once("expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "u16" | "u32" | "u64" | "usize" => "a whole number of at least 0",
        "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list",
        "a map" => "a table",
        it if it.starts_with("struct ") => "a table",
        it => it,
    };
    format!("{received}expected {expected}")
}

/// The name in "unknown field `name`, expected one of …".
fn unknown_field(message: &str) -> Option<String> {
    let is_unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    is_unknown.then(|| quoted(message).next()).flatten()
}

fn quoted(message: &str) -> impl Iterator<Item = String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// Takes the value at `path` out; an unknown field may be named by the path or by the message.
fn remove(root: &mut Value, path: &[Segment], unknown: Option<String>) -> bool {
    if let Some(name) = unknown {
        let parent = at(root, path).and_then(Value::as_table_mut);
        if parent.is_some_and(|table| table.remove(&name).is_some()) {
            return true;
        }
    }
    // Up from the value until something can be taken out.
    (1..=path.len()).rev().any(|length| {
        let (parents, last) = (path.get(..length - 1).unwrap_or_default(), path.get(length - 1));
        match (at(root, parents), last) {
            (Some(Value::Table(table)), Some(Segment::Map { key })) => table.remove(key).is_some(),
            (Some(Value::Array(rows)), Some(Segment::Seq { index })) if *index < rows.len() => {
                rows.remove(*index);
                true
            }
            _ => false,
        }
    })
}

fn at<'a>(root: &'a mut Value, path: &[Segment]) -> Option<&'a mut Value> {
    path.iter().try_fold(root, |value, segment| match segment {
        Segment::Map { key } => value.get_mut(key.as_str()),
        Segment::Seq { index } => value.get_mut(*index),
        Segment::Enum { .. } | Segment::Unknown => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_named_at_once() {
        let mut problems = Problems::default();
        let text = r#"
            lisen = "127.0.0.1:1"
            [limits]
            idle_timeout_ms = "long"
            [[provider]]
            slug = "acme"
            base_ur = "http://x"
            api_key = 7
            [[endpoint]]
            model = "a/b"
            provider = "acme"
            max_output = -1
        "#;
        read(text, &mut problems);
        let problems: Vec<&str> = problems.iter().collect();
        assert_eq!(
            problems,
            [
                "provider[0].api_key: expected a string: env:NAME, file:PATH or the key itself",
                "endpoint[0].max_output: invalid value: integer `-1`, expected a whole number of at least 0",
                "limits.idle_timeout_ms: invalid type: string \"long\", expected a whole number of at least 0",
                "unknown key `lisen`; did you mean `listen`?",
                "provider[0]: unknown key `base_ur`; did you mean `base_url`?",
            ]
        );
    }

    #[test]
    fn what_was_expected_is_told_without_the_words_of_rust() {
        for (text, expected) in [
            ("listen = 1", "listen: invalid type: integer `1`, expected a string"),
            ("limits = 1", "limits: invalid type: integer `1`, expected a table"),
            (
                "[attribution]\nheaders = 1",
                "attribution.headers: invalid type: integer `1`, expected a list",
            ),
            (
                "[simulator]\nenabled = 1",
                "simulator.enabled: invalid type: integer `1`, expected a boolean",
            ),
            (
                "[[model]]\nid = \"a/b\"\ncreated = \"x\"",
                "model[0].created: invalid type: string \"x\", expected a whole number",
            ),
        ] {
            let mut problems = Problems::default();
            read(text, &mut problems);
            assert_eq!(problems.iter().collect::<Vec<_>>(), [expected], "{text}");
        }
    }

    #[test]
    fn what_is_not_toml_is_located() {
        let mut problems = Problems::default();
        read("listen = ", &mut problems);
        assert!(problems.to_string().contains("line 1"), "{problems}");
    }
}

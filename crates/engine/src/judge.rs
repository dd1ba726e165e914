//! Whether the tool calls of an answer are ones that the tools of its request permit (contract
//! §5.4): what hosts of the same weights differ in.
//!
//! Done when an answer has ended, off the path of its chunks. What can't be told is not held against
//! anybody: a schema that is too large, that does not compile, or that points elsewhere or to itself
//! permits everything, and requests with tools that are no functions are passed over.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jsonschema::{Draft, PatternOptions, Validator};
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;
use tollgate_providers::ToolCalled;

/// Schemas compiled already: agents send the same ones with every turn.
pub(crate) struct Judge {
    /// `None` for one that can't be judged by.
    compiled: Cache<Box<str>, Option<Arc<Validator>>>,
}

/// How many schemas are kept compiled, by their texts.
const SCHEMAS_MAX: usize = 256;
/// A longer schema is not judged by: so all texts together stay within 4 MB.
const SCHEMA_BYTES_MAX: usize = 16 * 1024;
/// Requests with more tools than fit are passed over.
const TOOLS_BYTES_MAX: usize = 256 * 1024;
/// Longer arguments are not judged by their schema, only by being JSON.
const ARGUMENTS_BYTES_MAX: usize = 16 * 1024;
/// A schema with more in it, each reference counted with all it points to, is not judged by. So is
/// one that refers to itself: with two references on each level what is to be looked at doubles
/// with each level of the arguments.
const SCHEMA_NODES_MAX: u32 = 2_000;
/// The same of one that is nested deeper.
const SCHEMA_DEPTH_MAX: u32 = 64;
/// A pattern whose program is larger is none. Patterns run in linear time.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// A tool in any dialect, as far as calls can be judged by it.
#[derive(Deserialize)]
struct Offered<'a> {
    #[serde(borrow)]
    function: Option<Declared<'a>>,
    #[serde(borrow, alias = "function_declarations")]
    #[serde(rename = "functionDeclarations")]
    declarations: Option<Vec<Declared<'a>>>,
    /// Of Chat's and Responses' custom tools, which take text.
    custom: Option<IgnoredAny>,
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
    #[serde(borrow)]
    input_schema: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Declared<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    /// Gemini's own is no JSON schema; it is told by its types in capitals.
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
    #[serde(borrow, alias = "parameters_json_schema")]
    #[serde(rename = "parametersJsonSchema")]
    json_schema: Option<&'a RawValue>,
}

/// The functions of a request, by name, each with its schema.
type Functions<'a> = Vec<(Cow<'a, str>, Option<&'a RawValue>)>;

impl Default for Judge {
    fn default() -> Self {
        Self { compiled: Cache::new(SCHEMAS_MAX) }
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge").field("schemas", &self.compiled.len()).finish()
    }
}

impl Judge {
    /// Whether every call is one that `tools`, a request's member of that name in any dialect,
    /// permits: the tool is there, the arguments are JSON, and what its schema asks for. `None` when
    /// nothing was called or nothing can be told.
    pub(crate) fn permits(&self, tools: &str, called: &[ToolCalled]) -> Option<bool> {
        if called.is_empty() || tools.len() > TOOLS_BYTES_MAX {
            return None;
        }
        let functions = functions(tools)?;
        Some(called.iter().all(|call| self.permits_one(&functions, call)))
    }

    fn permits_one(&self, functions: &Functions<'_>, call: &ToolCalled) -> bool {
        let Some((_, schema)) = functions.iter().find(|(name, _)| name == call.name()) else {
            return false;
        };
        let Some(arguments) = call.arguments() else { return true };
        // Many models write nothing where there is nothing to say, and clients take it so.
        let text = if arguments.trim().is_empty() { "{}" } else { &arguments };
        let Ok(arguments) = serde_json::from_str::<Value>(text) else { return false };
        let schema = schema.filter(|_| text.len() <= ARGUMENTS_BYTES_MAX);
        let validator = schema.and_then(|schema| self.compiled(schema.get()));
        validator.is_none_or(|validator| validator.is_valid(&arguments))
    }

    fn compiled(&self, schema: &str) -> Option<Arc<Validator>> {
        if schema.len() > SCHEMA_BYTES_MAX {
            return None;
        }
        if let Some(known) = self.compiled.get(schema) {
            return known;
        }
        let compiled = compile(schema).map(Arc::new);
        self.compiled.insert(schema.into(), compiled.clone());
        compiled
    }
}

fn compile(schema: &str) -> Option<Validator> {
    let mut schema: Value = serde_json::from_str(schema).ok()?;
    if let Some(members) = schema.as_object_mut() {
        // What it calls itself, and what draft it says it is of.
        members.shift_remove("$id");
        members.shift_remove("$schema");
    }
    let mut nodes_left = SCHEMA_NODES_MAX;
    if !is_bounded(&schema, &schema, SCHEMA_DEPTH_MAX, &mut nodes_left) {
        return None;
    }
    let patterns =
        PatternOptions::regex().size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX);
    // The draft of the contract, whatever the schema says of itself.
    let options = jsonschema::options().with_draft(Draft::Draft7).with_pattern_options(patterns);
    options.build(&schema).ok()
}

/// Whether a part of a schema, with all that it refers to, stays within what is left. References
/// that are no place in the schema lead out of it.
fn is_bounded(schema: &Value, part: &Value, depth_left: u32, nodes_left: &mut u32) -> bool {
    let (Some(depth_left), Some(left)) = (depth_left.checked_sub(1), nodes_left.checked_sub(1))
    else {
        return false;
    };
    *nodes_left = left;
    let mut is_within = |part: &Value| is_bounded(schema, part, depth_left, nodes_left);
    match part {
        Value::Object(members) => {
            members.iter().all(|(name, value)| match (name.as_str(), value) {
                ("$ref", Value::String(place)) => {
                    let target = place.strip_prefix('#').and_then(|place| schema.pointer(place));
                    target.is_some_and(&mut is_within)
                }
                // From here on references would mean something else.
                ("$id", Value::String(_)) => false,
                _ => is_within(value),
            })
        }
        Value::Array(items) => items.iter().all(is_within),
        _ => true,
    }
}

/// The functions on offer; `None` where there is anything else among the tools, whose calls would
/// have names that are not known here.
fn functions(tools: &str) -> Option<Functions<'_>> {
    let offered: Vec<Offered<'_>> = serde_json::from_str(tools).ok()?;
    let mut functions = Functions::new();
    for tool in offered {
        if tool.custom.is_some()
            || tool.kind.as_deref() == Some("custom") && tool.input_schema.is_none()
        {
            return None;
        }
        let declared = tool.function.into_iter().chain(tool.declarations.into_iter().flatten());
        let before = functions.len();
        functions.extend(declared.map(|it| {
            (it.name, it.json_schema.or(it.parameters).filter(|schema| !is_geminis(schema)))
        }));
        if functions.len() == before {
            functions.push((tool.name?, tool.input_schema.or(tool.parameters)));
        }
    }
    Some(functions)
}

/// Whether types are written in capitals, as in Gemini's own schemas.
fn is_geminis(schema: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Typed<'a> {
        #[serde(rename = "type", borrow)]
        kind: Option<Cow<'a, str>>,
    }
    let kind = serde_json::from_str::<Typed<'_>>(schema.get()).ok().and_then(|it| it.kind);
    kind.is_some_and(|kind| kind.bytes().any(|byte| byte.is_ascii_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_providers::Progress;
    use tollgate_wire::chat::ChatEvent;

    fn called(calls: &[(&str, &str)]) -> Progress {
        let mut progress = Progress::default();
        for (index, (name, arguments)) in (0..).zip(calls) {
            let (id, name) = (String::new(), (*name).to_owned());
            progress.note(&ChatEvent::ToolCallStart { index, id, name });
            let fragment = (*arguments).to_owned();
            progress.note(&ChatEvent::ToolCallArguments { index, fragment });
        }
        progress
    }

    fn permits(tools: &str, calls: &[(&str, &str)]) -> Option<bool> {
        Judge::default().permits(tools, called(calls).called.calls())
    }

    const SCHEMA: &str = r##"{"type":"object","properties":{"city":{"type":"string","pattern":"^[A-Z]"},
        "days":{"$ref":"#/definitions/days"}},"required":["city"],"additionalProperties":false,
        "definitions":{"days":{"type":"integer","minimum":1}}}"##;

    #[test]
    fn contract_5_4_a_tool_failure_is_invalid_json_an_unknown_name_or_a_violated_schema() {
        let tools = format!(
            r#"[{{"type":"function","function":{{"name":"f","parameters":{SCHEMA}}}}},{{"type":"function","function":{{"name":"g"}}}}]"#
        );
        for (calls, expected) in [
            (&[][..], None),
            (&[("f", r#"{"city":"Rome"}"#)], Some(true)),
            (&[("f", r#"{"city":"Rome","days":2}"#), ("g", "{}"), ("g", "")], Some(true)),
            (&[("g", r#"{"anything":[1]}"#)], Some(true)),
            (&[("h", "{}")], Some(false)),
            (&[("", "{}")], Some(false)),
            (&[("g", r#"{"a":"#)], Some(false)),
            (&[("f", "")], Some(false)),
            (&[("f", r#"{"city":"rome"}"#)], Some(false)),
            (&[("f", r#"{"city":"Rome","days":0}"#)], Some(false)),
            (&[("f", r#"{"city":"Rome","nights":1}"#)], Some(false)),
            (&[("f", r#"{"city":"Rome"}"#), ("f", "{}")], Some(false)),
        ] {
            assert_eq!(permits(&tools, calls), expected, "{calls:?}");
        }
    }

    #[test]
    fn tools_are_read_in_every_dialect() {
        let (good, bad) = ([("f", r#"{"city":"Rome"}"#)], [("f", "{}")]);
        for tools in [
            format!(r#"[{{"name":"f","input_schema":{SCHEMA}}}]"#),
            format!(r#"[{{"type":"custom","name":"f","input_schema":{SCHEMA}}}]"#),
            format!(r#"[{{"type":"function","name":"f","parameters":{SCHEMA}}}]"#),
            format!(
                r#"[{{"functionDeclarations":[{{"name":"f","parametersJsonSchema":{SCHEMA}}}]}}]"#
            ),
            format!(
                r#"[{{"function_declarations":[{{"name":"f","parameters_json_schema":{SCHEMA}}}]}}]"#
            ),
        ] {
            assert_eq!(permits(&tools, &good), Some(true), "{tools}");
            assert_eq!(permits(&tools, &bad), Some(false), "{tools}");
            assert_eq!(permits(&tools, &[("other", "{}")]), Some(false), "{tools}");
        }
    }

    #[test]
    fn what_can_t_be_told_is_held_against_nobody() {
        let long = format!(r#"{{"const":"{}"}}"#, "x".repeat(SCHEMA_BYTES_MAX));
        for schema in [
            long.as_str(),
            r#"{"$ref":"https://schemas.example/a.json"}"#,
            r##"{"$ref":"#/definitions/absent"}"##,
            r#"{"type":"nonsense"}"#,
            r#"{"properties":{"a":{"pattern":"(?=look)ahead"}}}"#,
            r#"{"type":"OBJECT","required":["a"]}"#,
            "7",
        ] {
            let tools = format!(r#"[{{"function":{{"name":"f","parameters":{schema}}}}}]"#);
            assert_eq!(permits(&tools, &[("f", "{}")]), Some(true), "{schema}");
        }
        for tools in [
            r#"[{"type":"custom","custom":{"name":"f"}}]"#,
            r#"[{"type":"custom","name":"f"}]"#,
            r#"[{"type":"web_search"}]"#,
            r#"[{"googleSearch":{}}]"#,
            "{}",
        ] {
            assert_eq!(permits(tools, &[("f", "{}")]), None, "{tools}");
        }
    }

    #[test]
    fn a_schema_that_grows_beyond_all_bounds_is_not_judged_by() {
        // Each level asks for the next one twice.
        let level = |level: u32| {
            let next = format!(r##"{{"$ref":"#/definitions/d{}"}}"##, level + 1);
            format!(r#""d{level}":{{"allOf":[{next},{next}]}},"#)
        };
        let levels: Vec<String> = (0..60).map(level).collect();
        let doubling = format!(
            r##"{{"$ref":"#/definitions/d0","definitions":{{{}"d60":{{"type":"string"}}}}}}"##,
            levels.concat()
        );
        let mut nested = String::from(r#"{"type":"string"}"#);
        for _ in 0..60 {
            nested = format!(r#"{{"not":{{"not":{nested}}}}}"#);
        }
        for schema in [
            doubling.as_str(),
            nested.as_str(),
            r##"{"$ref":"#"}"##,
            r##"{"allOf":[{"items":{"$ref":"#"}},{"items":{"$ref":"#"}},{"type":"string"}]}"##,
            r##"{"items":{"$id":"a","$ref":"#/definitions/b","definitions":{"b":{"$ref":"#"}}}}"##,
        ] {
            let tools = format!(r#"[{{"function":{{"name":"f","parameters":{schema}}}}}]"#);
            let arguments = format!("{}{}", "[".repeat(100), "]".repeat(100));
            assert_eq!(permits(&tools, &[("f", &arguments)]), Some(true), "{schema}");
        }
        let long = format!(r#"{{"city":"{}"}}"#, "x".repeat(ARGUMENTS_BYTES_MAX));
        let tools = format!(r#"[{{"name":"f","input_schema":{SCHEMA}}}]"#);
        assert_eq!(permits(&tools, &[("f", &long)]), Some(true));
        // What it is called and the draft that it says it is of change nothing.
        let prefix =
            r#"{"$id":"https://a.example/b","$schema":"http://json-schema.org/draft-07/schema","#;
        let named = SCHEMA.replacen('{', prefix, 1);
        let tools = format!(r#"[{{"name":"f","input_schema":{named}}}]"#);
        assert_eq!(permits(&tools, &[("f", r#"{"city":"Rome","days":0}"#)]), Some(false));
    }
}

//! Tools of a preset and of a call together (contract §5.1 stage 2).

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::BadRequest;
use crate::json::wrong_type;

/// What makes two tools the same.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// A function, or a custom tool, by its name.
    Function(String),
    /// A server's tool of which there may be several: its type and its name.
    Named(String, Option<String>),
    /// Any other server's tool, by its type.
    Kind(String),
}

/// Server tools that a request may have several of (contract §2.3).
const SEVERAL: [&str; 2] = ["advisor", "subagent"];

/// How the contract spells the types of server tools.
const PREFIX: &str = "openrouter:";

#[derive(Debug, Deserialize)]
struct Tool<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    name: Option<String>,
    #[serde(borrow)]
    function: Option<&'a RawValue>,
    #[serde(borrow)]
    custom: Option<&'a RawValue>,
    #[serde(borrow)]
    parameters: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: Option<String>,
}

/// Both lists as one: the preset's first, each once, in the words of the request where both have
/// it.
///
/// # Errors
///
/// When one of them is no list.
pub(super) fn united(kept: &str, asked: &str) -> Result<Vec<u8>, BadRequest> {
    let mut all: Vec<(Option<Identity>, &str)> = Vec::new();
    for raw in list(kept)?.into_iter().chain(list(asked)?) {
        let identity = identity(raw);
        let same = all.iter_mut().find(|(known, _)| known.is_some() && *known == identity);
        match same {
            Some((_, definition)) => *definition = raw,
            None => all.push((identity, raw)),
        }
    }
    let definitions: Vec<&str> = all.into_iter().map(|(_, raw)| raw).collect();
    Ok(format!("[{}]", definitions.join(",")).into_bytes())
}

fn list(raw: &str) -> Result<Vec<&str>, BadRequest> {
    let tools: Vec<&RawValue> =
        serde_json::from_str(raw).map_err(|_| wrong_type("tools", "array", raw))?;
    Ok(tools.into_iter().map(RawValue::get).collect())
}

/// None for what is no tool: whoever reads the request says so.
fn identity(raw: &str) -> Option<Identity> {
    let tool: Tool<'_> = serde_json::from_str(raw).ok()?;
    let within = |object: Option<&RawValue>| {
        serde_json::from_str::<Named>(object?.get()).ok().and_then(|named| named.name)
    };
    let kind = tool.kind.as_deref().unwrap_or("function");
    match kind.strip_prefix(PREFIX).unwrap_or(kind) {
        "function" => within(tool.function).or(tool.name).map(Identity::Function),
        // Calls name either in the same way.
        "custom" => within(tool.custom).or(tool.name).map(Identity::Function),
        kind if SEVERAL.contains(&kind) => {
            let name = within(tool.parameters).or(tool.name);
            Some(Identity::Named(kind.to_owned(), name))
        }
        kind => Some(Identity::Kind(kind.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(kept: &str, asked: &str) -> String {
        String::from_utf8(united(kept, asked).unwrap()).unwrap()
    }

    #[test]
    fn section_5_1_tools_are_united_by_what_they_are() {
        let function = |name: &str, says: &str| {
            format!(
                r#"{{"type":"function","function":{{"name":"{name}","description":"{says}"}}}}"#
            )
        };
        let (a, b, c) = (function("a", "kept"), function("b", "kept"), function("c", "asked"));
        let other_b = function("b", "asked");
        assert_eq!(
            joined(&format!("[{a}, {b}]"), &format!("[{c},{other_b}]")),
            format!("[{a},{other_b},{c}]")
        );
        let search = r#"{"type":"openrouter:web_search","parameters":{"max_results":1}}"#;
        let other_search = r#"{"type":"openrouter:web_search"}"#;
        assert_eq!(joined(&format!("[{search},{a}]"), other_search_list()), {
            format!("[{other_search},{a}]")
        });
        let advisor = |name: &str, model: &str| {
            format!(
                r#"{{"type":"openrouter:advisor","parameters":{{"name":"{name}","model":"{model}"}}}}"#
            )
        };
        let (one, two, again) = (advisor("x", "a/b"), advisor("y", "a/b"), advisor("x", "c/d"));
        assert_eq!(
            joined(&format!("[{one}]"), &format!("[{two},{again}]")),
            format!("[{again},{two}]")
        );
        // An advisor is no subagent, and one without a name is one of its own.
        let subagent = one.replace("advisor", "subagent");
        let unnamed = r#"{"type":"openrouter:advisor"}"#;
        assert_eq!(
            joined(&format!("[{one}]"), &format!("[{subagent},{unnamed},{unnamed}]")),
            format!("[{one},{subagent},{unnamed}]")
        );
    }

    fn other_search_list() -> &'static str {
        r#"[{"type":"openrouter:web_search"}]"#
    }

    #[test]
    fn what_is_no_tool_is_left_for_who_reads_the_request() {
        assert_eq!(joined("[1]", "[1,{}]"), "[1,1,{}]");
        assert_eq!(
            united("{}", "[]").unwrap_err().message(),
            "tools: Expected array, received object"
        );
    }
}

//! Claude's own tools that the caller runs: a shell, an editor, a memory, a computer. The model knows
//! their schemas, so they are named by type only. Converse takes them among the fields of the model:
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/computer-use.html>.
//!
//! Tools that Anthropic's servers run are not among them: nobody would run those here.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

/// How their types begin, before the version.
const KINDS: &[&str] = &["bash_", "text_editor_", "memory_", "computer_"];

/// One of them, as the caller gives it.
#[derive(Debug, Clone)]
pub(super) struct ClaudeTool<'a> {
    json: &'a RawValue,
    /// What the model calls it.
    pub(super) name: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
}

/// Whether a type of tools is one of them.
pub(super) fn is_one(kind: &str) -> bool {
    KINDS.iter().any(|known| kind.starts_with(known))
}

/// Those among a caller's tools.
pub(super) fn read<'a>(tools: Option<&'a str>) -> Vec<ClaudeTool<'a>> {
    let tools: Vec<&'a RawValue> =
        tools.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let read = |json: &'a RawValue| {
        let head: Head<'a> = serde_json::from_str(json.get()).ok()?;
        head.kind.is_some_and(|kind| is_one(&kind)).then_some(ClaudeTool { json, name: head.name })
    };
    tools.into_iter().filter_map(read).collect()
}

impl PartialEq for ClaudeTool<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.json.get() == other.json.get()
    }
}

impl Eq for ClaudeTool<'_> {}

impl Serialize for ClaudeTool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

//! Tools and which of them to call (contract §2.3, §3.6).

use crate::error::BadRequest;
use crate::json::{ObjectWriter, RawObject, write_string};
use crate::messages::fields::{Fields, List, Path, elements, push};
use crate::translation::Translation;

/// What the client wants to be called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'a> {
    kind: &'a str,
    /// The tool's name as a JSON string, when one must be called.
    name: Option<&'a str>,
    /// Whether to call one at a time.
    pub(super) one_at_a_time: bool,
}

/// Reads `tool_choice`.
pub(super) fn choice(object: &RawObject) -> Result<Option<Choice<'_>>, BadRequest> {
    let Some(raw) = object.member("tool_choice") else { return Ok(None) };
    let fields = Fields::read(raw, Path::top("tool_choice"))?;
    let kind = fields.required_text("type")?.as_str();
    let name = match kind {
        "auto" | "any" | "none" => None,
        "tool" => {
            fields.required_text("name")?;
            fields.get("name")
        }
        _ => {
            let path = fields.path().member("type");
            return Err(path.wrong("one of auto, any, none, tool", fields.get("type")));
        }
    };
    let one_at_a_time = fields.flag("disable_parallel_tool_use")?.unwrap_or(false);
    Ok(Some(Choice { kind, name, one_at_a_time }))
}

/// Writes `tools`, `tool_choice` and `parallel_tool_calls`. A choice among no tools is refused
/// everywhere, so it goes with the last tool.
pub(super) fn write(object: &RawObject, chat: &mut Translation<'_, '_>) -> Result<(), BadRequest> {
    let mut tools = List::default();
    if let Some(raw) = object.member("tools") {
        let path = Path::top("tools");
        for (index, raw) in elements(raw, &path)?.into_iter().enumerate() {
            tool(&Fields::read(raw, path.element(index))?, &mut tools, chat)?;
        }
    }
    let choice = choice(object)?;
    match (tools.into_json(), choice) {
        (None, Some(_)) => chat.lose("tool_choice"),
        (None, None) => {}
        (Some(tools), choice) => {
            chat.raw("tools", tools);
            if let Some(choice) = choice {
                write_choice(choice, chat);
            }
        }
    }
    Ok(())
}

fn write_choice(choice: Choice<'_>, chat: &mut Translation<'_, '_>) {
    match (choice.kind, choice.name) {
        (_, Some(name)) => {
            let function = format!(r#"{{"type":"function","function":{{"name":{name}}}}}"#);
            chat.raw("tool_choice", function);
        }
        ("any", None) => chat.field("tool_choice", "required"),
        (word, None) => chat.field("tool_choice", word),
    }
    if choice.one_at_a_time {
        chat.field("parallel_tool_calls", &false);
    }
}

/// Tools with a type of their own run on Anthropic's servers or have a schema that only its models
/// know.
fn tool(
    tool: &Fields<'_, '_>,
    tools: &mut List,
    chat: &mut Translation<'_, '_>,
) -> Result<(), BadRequest> {
    if let Some(kind) = tool.text("type")?.filter(|kind| kind.as_str() != "custom") {
        chat.lose(format!("tools.{}", kind.unescaped()));
        return Ok(());
    }
    tool.required_text("name")?;
    tool.text("description")?;
    tool.flag("strict")?;
    let schema = tool.required("input_schema")?;
    if !schema.starts_with('{') {
        return Err(tool.path().member("input_schema").wrong("object", Some(schema)));
    }
    let marker = tool.marker()?;
    let out = tools.next();
    push(out, &[r#"{"type":"function","function":"#]);
    let mut function = ObjectWriter::new(out);
    let renamed =
        [("name", "name"), ("description", "description"), ("input_schema", "parameters")];
    for (theirs, ours) in renamed.into_iter().chain([("strict", "strict")]) {
        if let Some(raw) = tool.get(theirs) {
            function.raw(ours.as_bytes(), raw.as_bytes());
        }
    }
    function.end();
    if let Some(marker) = marker {
        push(out, &[r#","cache_control":"#, marker]);
    }
    out.push(b'}');
    let known = ["type", "name", "description", "input_schema", "strict", "cache_control"];
    for name in tool.names().filter(|name| !known.contains(name)) {
        chat.lose(format!("tools.{name}"));
    }
    Ok(())
}

/// Writes a call of a tool as chat has it: the arguments are JSON as text.
pub(super) fn write_call(call: &Fields<'_, '_>, calls: &mut List) -> Result<(), BadRequest> {
    let (id, name) = (call.required_text("id")?, call.required_text("name")?);
    let out = calls.next();
    push(out, &[r#"{"id":""#, id.as_str(), r#"","type":"function","function":{"name":""#]);
    push(out, &[name.as_str(), r#"","arguments":"#]);
    write_string(out, call.get("input").unwrap_or("{}"));
    push(out, &["}}"]);
    Ok(())
}

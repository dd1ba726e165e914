//! Streams, read into what their schemas describe.

use serde_json::Value;

/// The data of every event. Events that have a name have it as their `type`, and `[DONE]` is at
/// the end or nowhere.
pub(crate) fn events(stream: &str) -> Result<Vec<Value>, String> {
    let stream = stream.replace("\r\n", "\n");
    if !stream.ends_with("\n\n") {
        return Err(format!("the stream ends within an event: {stream}"));
    }
    let blocks = stream.split("\n\n").map(str::trim_start).filter(|it| !it.is_empty());
    let mut events = Vec::new();
    let mut is_done = false;
    for block in blocks.filter(|block| !block.starts_with(':')) {
        let line = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        let data = line("data: ").ok_or_else(|| format!("no data: {block}"))?;
        if is_done {
            return Err(format!("an event after [DONE]: {block}"));
        }
        if data == "[DONE]" {
            is_done = true;
            continue;
        }
        let event: Value = serde_json::from_str(data).map_err(|it| format!("{it}: {data}"))?;
        if let Some(name) = line("event: ")
            && event["type"] != name
        {
            return Err(format!("the event's name is not its type: {block}"));
        }
        events.push(event);
    }
    if events.is_empty() { Err("the stream is empty".to_owned()) } else { Ok(events) }
}

/// The data of every event of a stream without an end, of which the names say what they are.
pub(crate) fn named(stream: &str) -> Result<Vec<Value>, String> {
    let blocks = stream.split("\n\n").filter(|block| block.starts_with("event: "));
    let data = |block: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix("data: "));
        let line = line.ok_or_else(|| format!("no data: {block}"))?;
        serde_json::from_str(line).map_err(|it| format!("{it}: {line}"))
    };
    blocks.map(data).collect()
}

/// Lines of JSON.
pub(crate) fn lines(stream: &str) -> Result<Vec<Value>, String> {
    if !stream.ends_with('\n') {
        return Err(format!("the stream ends within a line: {stream}"));
    }
    let line = |line: &str| serde_json::from_str(line).map_err(|it| format!("{it}: {line}"));
    stream.lines().map(line).collect()
}

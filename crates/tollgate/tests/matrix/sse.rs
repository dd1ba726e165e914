//! Server-sent events, read as strictly as the clients' libraries do.

use serde_json::Value;

use crate::question::{Proof, parsed, wrong};

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Its name; empty when it has none.
    pub(crate) name: String,
    /// Its data.
    pub(crate) data: String,
}

impl Frame {
    /// The data as JSON.
    pub(crate) fn json(&self) -> Proof<Value> {
        parsed(&self.data)
    }
}

/// The events of a whole stream; comments are passed over.
pub(crate) fn frames(stream: &str) -> Proof<Vec<Frame>> {
    let stream = stream.replace("\r\n", "\n");
    if !stream.ends_with("\n\n") {
        return wrong(format!("the stream ends within an event: {stream}"));
    }
    let mut frames = Vec::new();
    for block in stream.split("\n\n").filter(|block| !block.is_empty()) {
        let mut frame = Frame { name: String::new(), data: String::new() };
        // What keeps a quiet stream open may be an empty line.
        for line in block.lines().filter(|line| !line.is_empty()) {
            match line.split_once(':') {
                Some(("", _)) => {}
                Some(("event", name)) => name.trim_start().clone_into(&mut frame.name),
                Some(("data", data)) => {
                    frame.data.push_str(data.strip_prefix(' ').unwrap_or(data));
                }
                _ => return wrong(format!("not a line of an event: {line:?}")),
            }
        }
        if !frame.data.is_empty() {
            frames.push(frame);
        }
    }
    Ok(frames)
}

/// The same for a dialect of unnamed events that ends with `[DONE]`, without it.
pub(crate) fn chunks(stream: &str) -> Proof<Vec<Value>> {
    let mut frames = frames(stream)?;
    if let Some(named) = frames.iter().find(|frame| !frame.name.is_empty()) {
        return wrong(format!("a named event: {named:?}"));
    }
    if frames.pop().is_none_or(|last| last.data != "[DONE]") {
        return wrong(format!("no [DONE] at the end: {stream}"));
    }
    frames.iter().map(Frame::json).collect()
}

//! A stream of one message, put together as Anthropic's SDKs do, with its rules checked.

use serde_json::{Value, json};

use super::super::Stream;
use super::{error_message, message};
use crate::question::{
    Flaw, Heard, Proof, append, list, must, needed, parsed, same, set, text, wrong,
};
use crate::sse::{Frame, frames};

#[derive(Debug, Default)]
struct Reader {
    message: Value,
    blocks: Vec<Value>,
    /// Arguments of the open block, as text.
    arguments: String,
    open: bool,
    finished: bool,
    stopped: bool,
    error: Option<String>,
}

/// Reads a stream.
pub(super) fn read(stream: &str) -> Proof<Stream> {
    let mut reader = Reader::default();
    for frame in frames(stream)? {
        let taken = reader.take(&frame);
        taken.map_err(|flaw| Flaw::Wrong(format!("{} at {frame:?}", flaw.text())))?;
    }
    reader.end()
}

impl Reader {
    fn take(&mut self, frame: &Frame) -> Proof {
        let event = frame.json()?;
        let kind = text(&event, "/type");
        same("name", &frame.name, &kind)?;
        must(!self.stopped && self.error.is_none(), || "an event behind the last".to_owned())?;
        let begun = self.message.is_object();
        let may = matches!(kind.as_str(), "ping" | "error" | "message_start");
        must(begun || may, || "an event before message_start".to_owned())?;
        let in_block = matches!(kind.as_str(), "content_block_delta" | "content_block_stop");
        must(!in_block || self.open, || "a block that is not open".to_owned())?;
        let index = u64::try_from(self.blocks.len()).unwrap();
        match kind.as_str() {
            "ping" => Ok(()),
            "message_start" => self.start(&event),
            "content_block_start" => {
                must(!self.open && !self.finished, || "a block within another".to_owned())?;
                same("index", &needed(&event, "/index")?, &index)?;
                self.open = true;
                self.arguments.clear();
                self.blocks.push(event["content_block"].clone());
                Ok(())
            }
            "content_block_delta" => {
                same("index", &needed(&event, "/index")?, &(index - 1))?;
                self.delta(&event["delta"])
            }
            "content_block_stop" => {
                same("index", &needed(&event, "/index")?, &(index - 1))?;
                self.close()
            }
            "message_delta" => self.finish(&event),
            "message_stop" => {
                must(self.finished, || "message_stop before message_delta".to_owned())?;
                self.stopped = true;
                Ok(())
            }
            "error" => {
                self.error = Some(error_message(&event)?);
                Ok(())
            }
            kind => wrong(format!("an unknown event {kind}")),
        }
    }

    fn start(&mut self, event: &Value) -> Proof {
        must(self.message.is_null(), || "a second message_start".to_owned())?;
        self.message = event["message"].clone();
        same("content", &list(&self.message, "/content").count(), &0)?;
        must(self.message["stop_reason"].is_null(), || "stop_reason at the start".to_owned())?;
        needed(&self.message, "/usage/input_tokens")?;
        needed(&self.message, "/usage/output_tokens")?;
        Ok(())
    }

    fn delta(&mut self, delta: &Value) -> Proof {
        let Some(block) = self.blocks.last_mut() else { return wrong("no block") };
        match (text(block, "/type").as_str(), text(delta, "/type").as_str()) {
            ("text", "text_delta") => append(block, "text", &text(delta, "/text")),
            ("thinking", "thinking_delta") => append(block, "thinking", &text(delta, "/thinking")),
            ("thinking", "signature_delta") => {
                append(block, "signature", &text(delta, "/signature"));
            }
            ("tool_use", "input_json_delta") => {
                self.arguments.push_str(&text(delta, "/partial_json"));
            }
            ("text", "citations_delta") => {
                let mut citations: Vec<_> = list(block, "/citations").cloned().collect();
                citations.push(delta["citation"].clone());
                set(block, "citations", citations);
            }
            (block, delta) => return wrong(format!("a {delta} in a block of type {block:?}")),
        }
        Ok(())
    }

    fn close(&mut self) -> Proof {
        self.open = false;
        let Some(block) = self.blocks.last_mut() else { return wrong("no block") };
        if text(block, "/type") == "tool_use" {
            same("input at the start", &block["input"], &json!({}))?;
            let arguments = if self.arguments.is_empty() { "{}" } else { &self.arguments };
            let input = parsed(arguments)?;
            set(block, "input", input);
        }
        Ok(())
    }

    fn finish(&mut self, event: &Value) -> Proof {
        must(!self.open && !self.finished, || "message_delta within a block".to_owned())?;
        self.finished = true;
        for name in ["stop_reason", "stop_sequence"] {
            set(&mut self.message, name, event["delta"][name].clone());
        }
        for (name, value) in event["usage"].as_object().into_iter().flatten() {
            set(&mut self.message["usage"], name, value.clone());
        }
        needed(event, "/usage/output_tokens")?;
        Ok(())
    }

    fn end(mut self) -> Proof<Stream> {
        if let Some(error) = self.error {
            let texts = self.blocks.iter().map(|block| text(block, "/text"));
            let heard = Heard { text: texts.collect(), ..Heard::default() };
            return Ok(Stream { heard, error: Some(error) });
        }
        must(self.stopped, || "no message_stop".to_owned())?;
        set(&mut self.message, "content", self.blocks);
        Ok(Stream { heard: message(&self.message)?, error: None })
    }
}

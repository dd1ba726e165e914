//! A stream of Responses, event by event: every item begins, grows and ends as announced, and the
//! last event repeats all of them.

use serde_json::Value;

use super::super::Stream;
use super::response;
use crate::question::{Heard, Proof, list, must, needed, same, text, wrong};
use crate::sse::{Frame, frames};

/// An item that has begun.
#[derive(Debug, Default)]
struct Item {
    id: String,
    kind: String,
    /// Text of its parts of content.
    parts: Vec<Part>,
    /// Text of its parts of summary.
    summary: Vec<Part>,
    arguments: String,
    done: Option<Value>,
}

/// A part that has begun.
#[derive(Debug, Default)]
struct Part {
    text: String,
    ended: bool,
}

#[derive(Debug, Default)]
struct Reader {
    id: String,
    items: Vec<Item>,
    last: Option<(String, Value)>,
}

/// Reads a stream.
pub(super) fn read(stream: &str) -> Proof<Stream> {
    let mut frames = frames(stream)?;
    if frames.pop().is_none_or(|last| last.data != "[DONE]") {
        return wrong(format!("no [DONE] at the end: {stream}"));
    }
    let mut reader = Reader::default();
    for (number, frame) in frames.iter().enumerate() {
        reader.take(number, frame).map_err(|flaw| {
            crate::question::Flaw::Wrong(format!("{} at {frame:?}", flaw.text()))
        })?;
    }
    reader.end()
}

impl Reader {
    fn take(&mut self, number: usize, frame: &Frame) -> Proof {
        let event = frame.json()?;
        let kind = text(&event, "/type");
        same("name", &frame.name, &kind)?;
        let number = u64::try_from(number).unwrap();
        same("sequence_number", &needed(&event, "/sequence_number")?, &number)?;
        must(self.last.is_none(), || "an event behind the last".to_owned())?;
        let opening = ["response.created", "response.in_progress"];
        match opening.get(usize::try_from(number).unwrap()) {
            Some(first) => return self.opening(first, &event),
            None => must(!opening.contains(&kind.as_str()), || format!("a second {kind}"))?,
        }
        match kind.as_str() {
            "response.completed" | "response.incomplete" | "response.failed" => {
                let response = event["response"].clone();
                same("response.id", &text(&response, "/id"), &self.id)?;
                self.last = Some((kind, response));
                Ok(())
            }
            "response.output_item.added" => self.added(&event),
            _ => self.of_item(&kind, &event),
        }
    }

    fn opening(&mut self, kind: &str, event: &Value) -> Proof {
        same("type", &text(event, "/type"), &kind.to_owned())?;
        same("status", &text(event, "/response/status"), &"in_progress".to_owned())?;
        same("output", &list(event, "/response/output").count(), &0)?;
        let id = text(event, "/response/id");
        must(self.id.is_empty() || self.id == id, || "another response.id".to_owned())?;
        self.id = id;
        Ok(())
    }

    fn added(&mut self, event: &Value) -> Proof {
        let index = usize::try_from(needed(event, "/output_index")?).unwrap();
        same("output_index", &index, &self.items.len())?;
        let item = &event["item"];
        let (id, kind) = (text(item, "/id"), text(item, "/type"));
        must(!id.is_empty() && !kind.is_empty(), || "an item without id and type".to_owned())?;
        if kind == "message" {
            same("content", &list(item, "/content").count(), &0)?;
        }
        let arguments = text(item, "/arguments");
        self.items.push(Item { id, kind, arguments, ..Item::default() });
        Ok(())
    }

    fn of_item(&mut self, kind: &str, event: &Value) -> Proof {
        let index = usize::try_from(needed(event, "/output_index")?).unwrap();
        let Some(item) = self.items.get_mut(index) else {
            return wrong(format!("{kind} of an item that has not begun"));
        };
        must(item.done.is_none(), || format!("{kind} of an item that has ended"))?;
        if kind == "response.output_item.done" {
            return item.end(&event["item"]);
        }
        same("item_id", &text(event, "/item_id"), &item.id)?;
        if kind.starts_with("response.image_generation_call.") {
            return Ok(());
        }
        let name = kind.strip_prefix("response.").unwrap_or_default();
        match name {
            "content_part.added" => begin(&mut item.parts, event, "/content_index"),
            "content_part.done" => {
                let part = part(&mut item.parts, event, "/content_index")?;
                part.ended = true;
                let whole = text(event, "/part/text") + &text(event, "/part/refusal");
                same("the whole part", &whole, &part.text)
            }
            "reasoning_summary_part.added" => begin(&mut item.summary, event, "/summary_index"),
            "reasoning_summary_part.done" => {
                let part = part(&mut item.summary, event, "/summary_index")?;
                part.ended = true;
                same("the whole summary", &text(event, "/part/text"), &part.text)
            }
            "function_call_arguments.delta" => {
                item.arguments.push_str(&text(event, "/delta"));
                Ok(())
            }
            "function_call_arguments.done" => {
                same("the whole arguments", &text(event, "/arguments"), &item.arguments)
            }
            _ => item.text(name, event),
        }
    }

    fn end(self) -> Proof<Stream> {
        let Some((kind, body)) = self.last else {
            return wrong("the stream has no last event of a response");
        };
        if kind == "response.failed" {
            let error = text(&body, "/error/message");
            must(!error.is_empty() && !text(&body, "/error/code").is_empty(), || {
                format!("failed without an error: {body}")
            })?;
            same("status", &text(&body, "/status"), &"failed".to_owned())?;
            let parts = self.items.iter().filter(|item| item.kind == "message");
            let texts = parts.flat_map(|item| &item.parts).map(|part| part.text.as_str());
            let heard = Heard { text: texts.collect(), ..Heard::default() };
            return Ok(Stream { heard, error: Some(error) });
        }
        let status = text(&body, "/status");
        same("status", &format!("response.{status}"), &kind)?;
        let done: Vec<Option<Value>> = self.items.into_iter().map(|item| item.done).collect();
        let listed: Vec<Option<Value>> = list(&body, "/output").cloned().map(Some).collect();
        same("the items of the last event", &listed, &done)?;
        Ok(Stream { heard: response(&body)?, error: None })
    }
}

impl Item {
    /// A piece of text, or the whole of it.
    fn text(&mut self, name: &str, event: &Value) -> Proof {
        let (kind, step) = name.rsplit_once('.').unwrap_or_default();
        let (parts, index, whole) = match kind {
            "output_text" | "reasoning_text" => (&mut self.parts, "/content_index", "/text"),
            "refusal" => (&mut self.parts, "/content_index", "/refusal"),
            "reasoning_summary_text" => (&mut self.summary, "/summary_index", "/text"),
            "output_text.annotation" => return Ok(()),
            _ => return wrong(format!("an unknown event {name}")),
        };
        let part = part(parts, event, index)?;
        if step == "delta" {
            part.text.push_str(&text(event, "/delta"));
            return Ok(());
        }
        same("the whole text", &text(event, whole), &part.text)
    }

    fn end(&mut self, item: &Value) -> Proof {
        same("item.id", &text(item, "/id"), &self.id)?;
        same("item.type", &text(item, "/type"), &self.kind)?;
        same("item.arguments", &text(item, "/arguments"), &self.arguments)?;
        let whole = |pointer: &str| -> Vec<String> {
            let text = |part: &Value| text(part, "/text") + &text(part, "/refusal");
            list(item, pointer).map(text).collect()
        };
        let grown = |parts: &[Part]| -> Vec<String> {
            parts.iter().map(|part| part.text.clone()).collect()
        };
        same("item.content", &whole("/content"), &grown(&self.parts))?;
        same("item.summary", &whole("/summary"), &grown(&self.summary))?;
        let open = self.parts.iter().chain(&self.summary).any(|part| !part.ended);
        must(!open, || "an item ends before its parts".to_owned())?;
        self.done = Some(item.clone());
        Ok(())
    }
}

fn begin(parts: &mut Vec<Part>, event: &Value, pointer: &str) -> Proof {
    same(pointer, &usize::try_from(needed(event, pointer)?).unwrap(), &parts.len())?;
    must(text(event, "/part/text").is_empty(), || "a part begins with text".to_owned())?;
    parts.push(Part::default());
    Ok(())
}

fn part<'a>(parts: &'a mut [Part], event: &Value, pointer: &str) -> Proof<&'a mut Part> {
    let index = usize::try_from(needed(event, pointer)?).unwrap();
    match parts.get_mut(index).filter(|part| !part.ended) {
        Some(part) => Ok(part),
        None => wrong(format!("{pointer} {index} is not open")),
    }
}

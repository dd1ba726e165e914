//! OpenAI's Responses: items and parts are repeated all over the stream, and events are numbered.

use serde_json::{Value, json};

use super::{Garnish, SOURCE, put, tokens_of, with};
use crate::answer::Answer;
use crate::event::{Beat, Event, Events, sse_named};

/// Into a whole response.
pub(super) fn whole(garnish: &Garnish, body: &mut Value, answer: &Answer) {
    let Some(output) = body.get_mut("output").and_then(Value::as_array_mut) else { return };
    for item in output.iter_mut() {
        for part in item.get_mut("content").and_then(Value::as_array_mut).into_iter().flatten() {
            fill(garnish, part, &answer.text);
        }
    }
    output.extend(picture(garnish));
    if let Some(tier) = &garnish.tier {
        put(body, "", "service_tier", json!(tier));
    }
}

/// Into the events of a step.
pub(super) fn step(garnish: &Garnish, beat: Beat<'_>, answer: &Answer, made: &mut Events) {
    if let (Beat::Text(piece), true) = (beat, garnish.logprobs)
        && let Some(last) = made.back_mut()
    {
        *last = with(last, |event| put(event, "", "logprobs", tokens_of(piece)));
    }
    if matches!(beat, Beat::Close) {
        close(garnish, answer, made);
    }
    for event in made.iter_mut() {
        *event = with(event, |event| {
            if let Some(response) = event.get_mut("response") {
                return whole(garnish, response, answer);
            }
            let text = answer.text.as_str();
            for pointer in ["/part", "/item/content/0"] {
                if let Some(part) = event.pointer_mut(pointer) {
                    fill(garnish, part, text);
                }
            }
            if garnish.logprobs && event.get("text").is_some() {
                put(event, "", "logprobs", tokens_of(text));
            }
        });
    }
    // A response that is still being written has no picture in it yet.
    if matches!(beat, Beat::Open) && garnish.picture.is_some() {
        for event in made.iter_mut() {
            *event = with(event, |event| put(event, "/response", "output", json!([])));
        }
    }
}

/// The source is told when the text is whole, the picture before the response ends.
fn close(garnish: &Garnish, answer: &Answer, made: &mut Events) {
    let mut events = std::mem::take(made);
    let Some(last) = events.pop_back() else { return };
    let mut numbered = Numbered::from(events.front().unwrap_or(&last));
    for event in events {
        let named = super::parts_of(&event).map(|(_, json, _)| json).unwrap_or_default();
        made.push_back(numbered.again(&event));
        if garnish.source && named.get("type") == Some(&json!("response.output_text.done")) {
            let annotation = annotation(answer);
            let kind = "response.output_text.annotation.added";
            let mut event = named;
            put(&mut event, "", "annotation", annotation);
            put(&mut event, "", "annotation_index", json!(0));
            for name in ["text", "logprobs"] {
                event.as_object_mut().and_then(|it| it.remove(name));
            }
            made.push_back(numbered.new_event(kind, event));
        }
    }
    if let Some(item) = picture(garnish) {
        for kind in ["response.output_item.added", "response.output_item.done"] {
            let event = json!({ "output_index": 1, "item": item });
            made.push_back(numbered.new_event(kind, event));
        }
    }
    made.push_back(numbered.again(&last));
}

/// Numbers events one after the other.
struct Numbered(u64);

impl Numbered {
    /// Goes on with the number that an event has.
    fn from(event: &Event) -> Self {
        let json = super::parts_of(event).map(|(_, json, _)| json).unwrap_or_default();
        Self(json.get("sequence_number").and_then(Value::as_u64).unwrap_or(0))
    }

    fn next(&mut self) -> u64 {
        let number = self.0;
        self.0 += 1;
        number
    }

    fn again(&mut self, event: &Event) -> Event {
        let number = self.next();
        with(event, |event| put(event, "", "sequence_number", json!(number)))
    }

    fn new_event(&mut self, kind: &str, mut event: Value) -> Event {
        put(&mut event, "", "type", json!(kind));
        put(&mut event, "", "sequence_number", json!(self.next()));
        Event::framing(sse_named(kind, &event))
    }
}

/// Fills a part of text that is whole.
fn fill(garnish: &Garnish, part: &mut Value, text: &str) {
    let is_whole = part.get("text").and_then(Value::as_str).is_some_and(|it| !it.is_empty());
    if !is_whole || part.get("type") != Some(&json!("output_text")) {
        return;
    }
    if garnish.source {
        let end = text.chars().count();
        put(part, "", "annotations", json!([cited(end)]));
    }
    if garnish.logprobs {
        put(part, "", "logprobs", tokens_of(text));
    }
}

fn annotation(answer: &Answer) -> Value {
    cited(answer.text.chars().count())
}

fn cited(end: usize) -> Value {
    let (url, title) = SOURCE;
    json!({ "type": "url_citation", "url": url, "title": title, "start_index": 0, "end_index": end })
}

fn picture(garnish: &Garnish) -> Option<Value> {
    let data = garnish.picture.as_ref()?;
    Some(json!({
        "id": "ig_1",
        "type": "image_generation_call",
        "status": "completed",
        "output_format": "png",
        "result": data,
    }))
}

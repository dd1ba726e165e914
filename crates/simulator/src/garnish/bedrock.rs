//! Converse's answers, whose streams are not text but frames.

use serde_json::{Value, json};

use super::{Garnish, SOURCE, put};
use crate::answer::Answer;
use crate::bedrock::frame;
use crate::event::{Beat, Event, Events};

/// Into a whole answer.
pub(super) fn whole(garnish: &Garnish, body: &mut Value, answer: &Answer) {
    let content = body.pointer_mut("/output/message/content").and_then(Value::as_array_mut);
    if let Some(blocks) = content {
        let text = blocks.iter_mut().find(|block| block.get("text").is_some());
        if let (Some(text), true) = (text, garnish.source) {
            let said = json!([{ "text": answer.text }]);
            let cited = json!({ "content": said, "citations": [citation(answer)] });
            *text = json!({ "citationsContent": cited });
        }
        if let Some(bytes) = &garnish.picture {
            blocks.push(json!({ "image": { "format": "png", "source": { "bytes": bytes } } }));
        }
    }
    tier(garnish, body);
}

/// Into the frames of a step. The source is told before the block of text ends; a picture is a
/// block of its own behind it.
pub(super) fn step(garnish: &Garnish, beat: Beat<'_>, answer: &Answer, made: &mut Events) {
    if !matches!(beat, Beat::Close) {
        return;
    }
    let closed = made.front().and_then(|event| frame::payload(&event.bytes));
    let closed = closed.as_ref().and_then(|payload| payload.get("contentBlockIndex")?.as_u64());
    if let (Some(index), true) = (closed, garnish.source) {
        let delta = json!({ "citation": citation(answer) });
        made.push_front(event("contentBlockDelta", index, &json!({ "delta": delta })));
    }
    if let Some(bytes) = &garnish.picture {
        let behind = if closed.is_some() { 1 + usize::from(garnish.source) } else { 0 };
        let index = closed.map_or(0, |index| index + 1);
        let start = json!({ "start": { "image": { "format": "png" } } });
        let delta = json!({ "delta": { "image": { "source": { "bytes": bytes } } } });
        let frames = [
            event("contentBlockStart", index, &start),
            event("contentBlockDelta", index, &delta),
            event("contentBlockStop", index, &json!({})),
        ];
        for (at, frame) in frames.into_iter().enumerate() {
            made.insert(behind + at, frame);
        }
    }
    if garnish.tier.is_some()
        && let Some(last) = made.back_mut()
        && let Some(mut accounts) = frame::payload(&last.bytes)
    {
        tier(garnish, &mut accounts);
        *last = Event::framing(frame::event("metadata", &accounts));
    }
}

fn event(name: &'static str, index: u64, payload: &Value) -> Event {
    let mut payload = payload.clone();
    put(&mut payload, "", "contentBlockIndex", json!(index));
    Event::framing(frame::event(name, &payload))
}

/// Nova's web grounding tells its sources so
/// (<https://docs.aws.amazon.com/nova/latest/nova2-userguide/web-grounding.html>).
fn citation(answer: &Answer) -> Value {
    let (url, title) = SOURCE;
    let domain = url.split('/').nth(2).unwrap_or_default();
    json!({
        "title": title,
        "sourceContent": [{ "text": answer.text }],
        "location": { "web": { "url": url, "domain": domain } },
    })
}

fn tier(garnish: &Garnish, body: &mut Value) {
    if let Some(tier) = &garnish.tier {
        put(body, "", "serviceTier", json!({ "type": tier }));
    }
}

//! OpenAI's legacy completions, as OpenRouter serves them (contract §1.1).

use serde_json::{Value, json};

use super::chat::{error_message, finish, parameters, usage};
use super::{Dialect, Sent, Stream};
use crate::question::{
    Flaw, Heard, Part, Proof, Question, Turn, list, must, same, set, text, wrong,
};
use crate::sse::chunks;

/// The dialect.
pub(super) struct Completions;

impl Dialect for Completions {
    fn write(&self, question: &Question, model: &str, streamed: bool) -> Proof<Sent> {
        let [Turn::User(parts)] = question.turns.as_slice() else {
            return Err(Flaw::Unsayable("a prompt is one text"));
        };
        let [Part::Text(prompt)] = parts.as_slice() else {
            return Err(Flaw::Unsayable("a prompt is a text"));
        };
        if question.system.is_some() {
            return Err(Flaw::Unsayable("there are no system prompts"));
        }
        if !question.tools.is_empty() {
            return Err(Flaw::Unsayable("there are no tools"));
        }
        let mut body = json!({ "model": model, "prompt": prompt });
        parameters(&mut body, question);
        if streamed {
            set(&mut body, "stream", true);
        }
        let path = "/api/v1/completions".to_owned();
        Ok(Sent { path, key: ("authorization", "Bearer "), headers: Vec::new(), body })
    }

    fn whole(&self, body: &Value) -> Proof<Heard> {
        same("object", &text(body, "/object"), &"text_completion".to_owned())?;
        same("choices", &list(body, "/choices").count(), &1)?;
        let choice = &body["choices"][0];
        must(choice["text"].is_string(), || format!("no text: {body}"))?;
        let said = (text(choice, "/text"), text(choice, "/reasoning"));
        let heard = heard(body, said, &text(choice, "/finish_reason"))?;
        Ok(Heard { weighed: tokens(choice), ..heard })
    }

    fn stream(&self, stream: &str) -> Proof<Stream> {
        let chunks = chunks(stream)?;
        let Some((last, before)) = chunks.split_last() else { return wrong("no chunk came") };
        let (mut said, mut reasoning, mut finish) = (String::new(), String::new(), String::new());
        let mut weighed = String::new();
        for chunk in &chunks {
            same("object", &text(chunk, "/object"), &"text_completion".to_owned())?;
            for member in ["id", "created", "model", "provider"] {
                same(member, &chunk[member], &last[member])?;
            }
            for choice in list(chunk, "/choices") {
                must(choice["text"].is_string(), || format!("no text: {chunk}"))?;
                said.push_str(&text(choice, "/text"));
                weighed.push_str(&tokens(choice));
                reasoning.push_str(&text(choice, "/reasoning"));
                if !text(choice, "/finish_reason").is_empty() {
                    finish = text(choice, "/finish_reason");
                }
            }
        }
        let early = |chunk: &&Value| chunk["usage"].is_object() || chunk.get("error").is_some();
        must(!before.iter().any(|chunk| early(&chunk)), || {
            format!("usage or an error before the last chunk: {stream}")
        })?;
        if last.get("error").is_some() {
            same("finish", &finish, &"error".to_owned())?;
            let error = error_message(&last["error"])?;
            let heard = Heard { text: said, ..Heard::default() };
            return Ok(Stream { heard, error: Some(error) });
        }
        let heard = Heard { weighed, ..heard(last, (said, reasoning), &finish)? };
        Ok(Stream { heard, error: None })
    }

    fn error(&self, status: u16, body: &Value) -> Proof<String> {
        same("error.code", &body["error"]["code"], &json!(status))?;
        error_message(&body["error"])
    }
}

/// The tokens of a choice's probabilities.
fn tokens(choice: &Value) -> String {
    list(choice, "/logprobs/tokens").filter_map(Value::as_str).collect()
}

fn heard(body: &Value, (text, reasoning): (String, String), word: &str) -> Proof<Heard> {
    Ok(Heard {
        id: Some(crate::question::text(body, "/id")),
        text,
        reasoning,
        finish: Some(finish(word)?),
        refused: word == "content_filter",
        usage: usage(&body["usage"])?,
        ..Heard::default()
    })
}

//! Words become the bodies of requests, which are checked before anybody is told of them (contract
//! §5.6).

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_types::Usd;
use tollgate_wire::{Address, Call, Dialect, Preset};

use super::{ANSWERED, Answer, Answered, Spoken, failure};
use crate::CallError;
use crate::attempt::{At, first};
use crate::expand::Bodies;
use crate::resolve;
use crate::run::Run;

/// How often a model may write: once, and once more with what was wrong.
const ROUNDS: usize = 2;
/// Most bodies of an answer.
const BODIES_MAX: usize = 64;
/// Most bytes of a wrong answer that is shown again.
const SHOWN_BYTES_MAX: usize = 16 * 1024;

const INSTRUCTIONS: &str = "Turn what the user asks for into the bodies of requests to a chat \
completions API. Do none of it yourself: write what is to be sent to the models that are to do it. \
Answer with one JSON object and nothing around it: {\"requests\": [...]}, with one body for each \
request that is to be made. A body has `model`, and `messages`: a list of objects with `role` \
(system, user or assistant) and `content`. It has `temperature` and `max_tokens` where the user \
wants them, else null. Where the user names models, write one body for each of them; where they \
name none, choose one that suits. Write the names of models exactly as they stand in this list:";

/// What an answer must be like.
const FORMAT: &[u8] = br#"{"response_format":{"type":"json_schema","json_schema":{"name":"requests","strict":true,"schema":{"type":"object","additionalProperties":false,"required":["requests"],"properties":{"requests":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["model","messages","temperature","max_tokens"],"properties":{"model":{"type":"string"},"messages":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["role","content"],"properties":{"role":{"type":"string","enum":["system","user","assistant"]},"content":{"type":"string"}}}},"temperature":{"type":["number","null"]},"max_tokens":{"type":["integer","null"]}}}}}}}}}"#;

/// What a model wrote.
#[derive(Debug, Deserialize)]
struct Written<'a> {
    #[serde(borrow)]
    requests: Vec<&'a RawValue>,
}

/// Asks for bodies until they are right. `heard` reads an answer to its end.
pub(super) async fn bodies<T: Answer>(
    run: &mut Run,
    bodies: &Arc<Bodies>,
    heard: At<Call, (T, Spoken)>,
) -> Result<Answered<T>, CallError> {
    let mut prompt = instructions(bodies);
    let mut wrong = String::new();
    for _ in 0..ROUNDS {
        let preset = Preset::instructing(prompt.clone(), Bytes::from_static(FORMAT))?;
        let asked = run.as_it_came.as_deref().unwrap_or(&run.call).with_preset(&preset)?;
        run.ask_aside(asked);
        run.listens = true;
        let answer = match run.turn_to(&bodies.writers) {
            Ok(()) => first(run, heard).await,
            Err(error) => Err(error),
        };
        run.listens = false;
        let (endpoint, (answer, spoken)) = match answer {
            Ok(answered) => answered,
            Err(error) => {
                let writer = bodies.writers.first().map_or("", String::as_str);
                run.note_stage(writer, failure(&error), Usd::ZERO);
                return Err(error);
            }
        };
        let model = endpoint.model.id.as_str();
        match check(spoken.text(), |name| is_here(run, name)) {
            Ok(()) => {
                run.note_stage(model, ANSWERED.to_owned(), Usd::ZERO);
                run.as_it_came = None;
                return Ok((endpoint, answer));
            }
            Err(why) => {
                run.put_aside(model, &endpoint, answer.progress(), why.clone());
                prompt = again(bodies, spoken.text(), &why);
                wrong = why;
            }
        }
    }
    Err(CallError::NoBodies { why: wrong })
}

fn is_here(run: &Run, name: &str) -> bool {
    resolve::named(name, &run.installation, &run.key.record).is_some()
}

fn instructions(bodies: &Bodies) -> String {
    format!("{INSTRUCTIONS}\n\n{}", bodies.names.join("\n"))
}

/// The same for who was wrong; what they wrote is quoted.
fn again(bodies: &Bodies, text: &str, why: &str) -> String {
    let end = text.floor_char_boundary(SHOWN_BYTES_MAX);
    let shown = serde_json::Value::from(text.get(..end).unwrap_or_default());
    format!(
        "{}\n\nYour last answer was wrong: {why}. Write it anew, and right. This was it, as a JSON \
         string:\n{shown}",
        instructions(bodies)
    )
}

/// What is wrong with an answer, if anything is.
fn check(text: &str, is_here: impl Fn(&str) -> bool) -> Result<(), String> {
    let written: Written<'_> = serde_json::from_str(text)
        .map_err(|error| format!("it is not the JSON that was asked for: {error}"))?;
    match written.requests.len() {
        0 => return Err("it has no requests".to_owned()),
        1..=BODIES_MAX => {}
        _ => return Err(format!("it has more than {BODIES_MAX} requests")),
    }
    for (at, body) in written.requests.iter().enumerate() {
        let body = Bytes::copy_from_slice(body.get().as_bytes());
        let call = Call::read(Dialect::Chat, body, Address::default())
            .map_err(|error| format!("requests.{at}: {}", error.message()))?;
        if call.member("messages").is_none() {
            return Err(format!("requests.{at}: it has no messages"));
        }
        match call.params().model.as_deref() {
            None => return Err(format!("requests.{at}: it names no model")),
            Some(name) if !is_here(name) => {
                let name = serde_json::Value::from(name);
                return Err(format!("requests.{at}: no model here is named {name}"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_checked_whole() {
        let ok = r#"{"model":"a/b","messages":[{"role":"user","content":"x"}],"temperature":null,"max_tokens":9}"#;
        let many = vec![ok; 65].join(",");
        let without = |name: &str| ok.replace(name, "other");
        for (requests, expected) in [
            (ok.to_owned(), None),
            (format!("{ok},{ok}"), None),
            (String::new(), Some("it has no requests")),
            (many, Some("it has more than 64 requests")),
            (without("a/b"), Some(r#"requests.0: no model here is named "other""#)),
            (format!("{ok},{}", without("model")), Some("requests.1: it names no model")),
            (without("messages"), Some("requests.0: messages: Required")),
            (r#"{"model":"a/b","prompt":"x"}"#.to_owned(), Some("requests.0: it has no messages")),
        ] {
            let told = check(&format!(r#"{{"requests":[{requests}]}}"#), |name| name == "a/b");
            assert_eq!(told.err().as_deref(), expected, "{requests}");
        }
        for text in ["", "[]", "{}", "```json\n{\"requests\":[]}\n```", r#"{"requests":{}}"#] {
            let told = check(text, |_| true).unwrap_err();
            assert!(told.starts_with("it is not the JSON"), "{text}: {told}");
        }
    }

    #[test]
    fn the_form_of_an_answer_is_a_schema() {
        let format: serde_json::Value = serde_json::from_slice(FORMAT).unwrap();
        let schema = &format["response_format"]["json_schema"]["schema"];
        jsonschema::validator_for(schema).unwrap();
    }

    #[test]
    fn who_was_wrong_is_told_why() {
        let bodies =
            Bodies { writers: Vec::new(), names: vec!["a/b".to_owned(), "c/d".to_owned()] };
        let first = instructions(&bodies);
        assert!(first.ends_with("\n\na/b\nc/d"), "{first}");
        let second = again(&bodies, "\"no\" <it>", "it has no requests");
        assert!(second.starts_with(&first), "{second}");
        assert!(second.contains("wrong: it has no requests."), "{second}");
        assert!(second.ends_with(r#""\"no\" <it>""#), "{second}");
    }
}

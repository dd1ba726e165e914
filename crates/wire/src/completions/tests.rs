//! Requests and answers.

use serde_json::{Value, json};

use crate::chat::{ChatEvent, FinishReason, ReasoningFormat, Survey};
use crate::translation::testing::{
    USAGE, answers, call, failure, finish, raw, stream, text, thought, whole,
};
use crate::{Dialect, error_body};

const BODY: &str = r#"{"prompt":"hi"}"#;
const ECHO: &str = r#"{"prompt":["Ünd "],"echo":true}"#;

fn chat(body: &str) -> Result<(String, Vec<String>), String> {
    crate::translation::testing::chat(Dialect::Completions, body)
}

#[test]
fn a_prompt_becomes_a_message() {
    for (body, expected, lost) in [
        (r#"{"prompt":"hi\n"}"#, r#"{"messages":[{"role":"user","content":"hi\n"}]}"#, &[][..]),
        (r#"{"prompt":["hi"]}"#, r#"{"messages":[{"role":"user","content":"hi"}]}"#, &[]),
        (
            r#"{"prompt":"hi","max_tokens":5,"temperature":0,"stop":["a"],"logit_bias":{"5":1},"user":"me","reasoning":{"effort":"low"},"response_format":{"type":"json_object"},"provider":{"sort":"price"},"transforms":[],"stream_options":{"include_usage":true},"x":1}"#,
            r#"{"provider":{"sort":"price"},"transforms":[],"messages":[{"role":"user","content":"hi"}],"max_tokens":5,"temperature":0,"stop":["a"],"logit_bias":{"5":1},"user":"me","reasoning":{"effort":"low"},"response_format":{"type":"json_object"},"stream_options":{"include_usage":true},"x":1}"#,
            &[],
        ),
        (
            r#"{"prompt":"hi","echo":true,"n":1,"best_of":1,"suffix":"bye","logprobs":3,"tools":[{}],"tool_choice":"auto","messages":[{}]}"#,
            r#"{"messages":[{"role":"user","content":"hi"}],"logprobs":true,"top_logprobs":3}"#,
            &["suffix", "messages", "tools", "tool_choice"],
        ),
        (
            r#"{"prompt":"hi","logprobs":0,"suffix":"","tools":[],"echo":null}"#,
            r#"{"messages":[{"role":"user","content":"hi"}],"logprobs":true}"#,
            &[],
        ),
        (
            r#"{"prompt":"hi","logprobs":true,"top_logprobs":7}"#,
            r#"{"messages":[{"role":"user","content":"hi"}],"logprobs":true,"top_logprobs":7}"#,
            &[],
        ),
    ] {
        let (text, left_out) = chat(body).unwrap();
        assert_eq!(text, expected);
        assert_eq!(left_out, lost, "{body}");
    }
}

#[test]
fn what_the_gateway_acts_on_is_read() {
    let body = r#"{"model":"a/b","models":["c/d"],"prompt":["hi"],"stream":true,"max_tokens":5,"logprobs":2,"stop":"x","session_id":"s"}"#;
    let call = call(Dialect::Completions, body).unwrap();
    let params = call.params();
    assert_eq!(params.model.as_deref(), Some("a/b"));
    assert_eq!(params.models, ["c/d"]);
    assert_eq!((params.stream, params.max_tokens), (true, Some(5)));
    assert_eq!(call.parameters(), ["max_tokens", "stop", "logprobs", "top_logprobs"]);
    assert_eq!(*call.survey(), Survey { messages: 1, text_bytes: 4, ..Survey::default() });
    assert_eq!(call.stream_type(), "text/event-stream");
    assert_eq!(call.keep_alive(), crate::chat::KEEP_ALIVE);
}

#[test]
fn what_is_wrong_is_named() {
    let tokens = "prompt: Tokens can't be read, because every model has its own; send the text";
    for (body, message) in [
        ("{}", "prompt: Required"),
        (r#"{"prompt":7}"#, "prompt: Expected string or array of one string, received number 7"),
        (r#"{"prompt":[]}"#, "prompt: Array must contain at least 1 element"),
        (r#"{"prompt":["a","b"]}"#, "prompt: Send one prompt per request"),
        (r#"{"prompt":[1,2]}"#, tokens),
        (r#"{"prompt":[[1,2]]}"#, tokens),
        (r#"{"prompt":[{}]}"#, "prompt: Expected string or array of one string, received object"),
        (
            r#"{"prompt":"a","n":2}"#,
            "n: Only one choice per request is supported; send n requests instead",
        ),
        (
            r#"{"prompt":"a","best_of":2}"#,
            "best_of: Only one choice per request is supported; send n requests instead",
        ),
        (r#"{"prompt":"a","echo":1}"#, "echo: Expected boolean, received number 1"),
        (
            r#"{"prompt":"a","logprobs":6}"#,
            "logprobs: Expected integer from 0 to 5, received number 6",
        ),
        (
            r#"{"prompt":"a","temperature":3}"#,
            "temperature: Number must be at least 0 and at most 2, received 3",
        ),
    ] {
        assert_eq!(chat(body).unwrap_err(), message, "{body}");
    }
}

fn chunks(stream: &str) -> Vec<Value> {
    let events = stream.strip_suffix("data: [DONE]\n\n").unwrap();
    let events = events.split_terminator("\n\n");
    events.map(|it| serde_json::from_str(it.strip_prefix("data: ").unwrap()).unwrap()).collect()
}

/// What a client makes of a stream: strings joined, lists appended.
fn collected(chunks: &[Value]) -> Value {
    let mut all = chunks.last().unwrap().clone();
    let (mut text, mut reasoning) = (String::new(), String::new());
    let mut logprobs = Value::Null;
    for chunk in chunks {
        let choice = &chunk["choices"][0];
        text.push_str(choice["text"].as_str().unwrap());
        reasoning.push_str(choice["reasoning"].as_str().unwrap_or_default());
        if let Some(more) = choice["logprobs"].as_object() {
            if logprobs.is_null() {
                logprobs = json!(more);
                continue;
            }
            for (key, list) in more {
                let all = logprobs[key].as_array_mut().unwrap();
                all.extend_from_slice(list.as_array().unwrap());
            }
        }
    }
    let choice = &mut all["choices"][0];
    choice["text"] = json!(text);
    choice["logprobs"] = logprobs;
    if !reasoning.is_empty() {
        choice["reasoning"] = json!(reasoning);
    }
    all
}

#[test]
fn a_stream_and_a_whole_answer_agree() {
    for body in [BODY, ECHO] {
        let call = call(Dialect::Completions, body).unwrap();
        for (name, events, fails) in answers() {
            let streamed = chunks(&stream(&call, &events, fails));
            let mut whole: Value = serde_json::from_str(&whole(&call, &events, fails)).unwrap();
            let ends =
                streamed.iter().filter(|it| it["choices"][0]["finish_reason"].is_string()).count();
            assert_eq!(ends, 1, "{name}");
            let mut collected = collected(&streamed);
            if fails {
                // A stream has its failure beside the choice, a whole answer inside.
                let error = collected.as_object_mut().unwrap().remove("error").unwrap();
                let choice = whole["choices"][0].as_object_mut().unwrap();
                assert_eq!(choice.remove("error"), Some(error), "{name}");
                if streamed.len() == 1 {
                    continue;
                }
            }
            assert_eq!(collected, whole, "{name}");
        }
    }
}

const HEAD: &str = r#"{"id":"gen-1-x","object":"text_completion","created":1790000000,"model":"a/b","provider":"Acme","system_fingerprint":null,"choices":[{"index":0,"#;
const OPEN: &str = r#""finish_reason":null,"native_finish_reason":null"#;
const PROBABILITIES: &str =
    r#"{"tokens":["So"],"token_logprobs":[-0.5],"top_logprobs":[{"So":-0.5}],"text_offset":[4]}"#;

fn events() -> Vec<ChatEvent> {
    let logprobs = r#"{"content":[{"token":"So","logprob":-0.5,"bytes":null,"top_logprobs":[{"token":"So","logprob":-0.5,"bytes":null}]}]}"#;
    vec![
        thought("hm", ReasoningFormat::Unknown, 0),
        text("So"),
        ChatEvent::Logprobs(raw(logprobs)),
        finish(FinishReason::Stop, "end_turn"),
    ]
}

#[test]
fn a_stream_is_written_in_the_contracts_form() {
    let call = call(Dialect::Completions, ECHO).unwrap();
    let expected = [
        format!(r#"data: {HEAD}"text":"Ünd ","logprobs":null,{OPEN}}}]}}"#),
        format!(r#"data: {HEAD}"text":"","logprobs":null,{OPEN},"reasoning":"hm"}}]}}"#),
        format!(r#"data: {HEAD}"text":"So","logprobs":null,{OPEN}}}]}}"#),
        format!(r#"data: {HEAD}"text":"","logprobs":{PROBABILITIES},{OPEN}}}]}}"#),
        format!(
            r#"data: {HEAD}"text":"","logprobs":null,"finish_reason":"stop","native_finish_reason":"end_turn"}}],"usage":{USAGE}}}"#
        ),
        "data: [DONE]".to_owned(),
        String::new(),
    ];
    assert_eq!(stream(&call, &events(), false), expected.join("\n\n"));
}

#[test]
fn a_whole_answer_is_written_in_the_contracts_form() {
    let call = call(Dialect::Completions, ECHO).unwrap();
    assert_eq!(
        whole(&call, &events(), false),
        format!(
            r#"{HEAD}"text":"Ünd So","logprobs":{PROBABILITIES},"finish_reason":"stop","native_finish_reason":"end_turn","reasoning":"hm"}}],"usage":{USAGE}}}"#
        )
    );
}

#[test]
fn failures_are_chats() {
    let call = call(Dialect::Completions, BODY).unwrap();
    let error = String::from_utf8(failure().to_json()).unwrap();
    assert_eq!(
        stream(&call, &[], true),
        format!(
            "data: {HEAD}\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"error\",\"native_finish_reason\":\"error\"}}],{},\"usage\":{USAGE}}}\n\ndata: [DONE]\n\n",
            error.trim_start_matches('{').strip_suffix('}').unwrap()
        )
    );
    assert_eq!(error_body(Dialect::Completions, &failure(), None), failure().to_json());
}

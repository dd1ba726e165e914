//! What a client gets that speaks the protocol itself.

#![expect(clippy::unwrap_used, reason = "a test should panic where something is missing")]

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_providers::{
    Adapter, Fault, FaultKind, Inbound, Ollama, Progress, WholeAnswer, dropped, encode,
};
use tollgate_types::{Timestamp, Usage, Usd};
use tollgate_wire::chat::{AnswerHead, FinishReason, UsageView};
use tollgate_wire::error::{ErrorBody, ErrorType};
use tollgate_wire::{Address, Call, Dialect};

use super::place;
use crate::reading::recording;
use crate::support::{head, recordings, stream, whole_answer};

fn usage() -> UsageView {
    UsageView {
        usage: Usage::default(),
        cost: Usd::from_nanos(1_200),
        prompt_cost: Usd::from_nanos(0),
        completion_cost: Usd::from_nanos(0),
        upstream_cost: Usd::from_nanos(0),
        unpriced: false,
        is_byok: false,
    }
}

fn forwarded(body: &str) -> Value {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let call = Call::read(Dialect::Ollama, body, Address::default()).unwrap();
    let place = place("llama3.2:3b");
    let now = Timestamp::from_unix_millis(1_000);
    let inbound = Inbound { call: &call, target: place.target(), end_user: Some("u-1"), now };
    let request = encode(&Ollama, &inbound).unwrap();
    assert_eq!(request.uri(), "http://ollama.test:11434/api/chat");
    serde_json::from_slice(request.body()).unwrap()
}

#[test]
fn what_chat_alone_knows_is_translated_or_left_out_and_named() {
    let with = |members: &str| {
        forwarded(&format!(
            r#"{{"model":"a/b","messages":[{{"role":"user","content":"hi"}}],{members}}}"#
        ))
    };
    let foreign = r#""verbosity":"low","reasoning":{"effort":"high"},"think":false,"options":{"seed":1},"seed":7,"image_config":{},"include_reasoning":true"#;
    assert_eq!(
        with(foreign),
        json!({
            "model": "llama3.2:3b", "stream": true, "think": false, "options": {"seed": 1},
            "messages": [{"role": "user", "content": "hi"}]
        })
    );
    let body =
        format!(r#"{{"model":"a/b","messages":[{{"role":"user","content":"hi"}}],{foreign}}}"#);
    let call = Call::read(Dialect::Ollama, Bytes::from(body), Address::default()).unwrap();
    assert_eq!(
        dropped(&Ollama, &call, &place("llama3.2:3b").target()),
        ["verbosity", "reasoning", "seed", "image_config"]
    );
    assert_eq!(with(r#""reasoning":{"enabled":true}"#)["think"], json!(true));
    assert_eq!(
        with(r#""seed":7,"options":{"top_k":3}"#)["options"],
        json!({"seed": 7, "top_k": 3})
    );
}

struct Passed {
    out: String,
    result: Result<(), Fault>,
    progress: Progress,
}

fn passed<'a>(head: &AnswerHead, packets: impl IntoIterator<Item = &'a [u8]>) -> Passed {
    let mut stream = Ollama.native().unwrap().stream(head);
    let mut out = Vec::new();
    let mut result = Ok(());
    for packet in packets {
        if result.is_ok() {
            result = stream.push(packet, &mut out);
        }
    }
    if result.is_ok() {
        result = stream.finish(&mut out);
    }
    match &result {
        Ok(()) => stream.end(&mut out, &usage()),
        Err(_) => {
            stream.fail(&mut out, &ErrorBody::new(ErrorType::ProviderUnavailable, "gone"), None);
        }
    }
    let progress = stream.progress().clone();
    Passed { out: String::from_utf8(out).unwrap(), result, progress }
}

fn recorded(name: &str) -> Passed {
    passed(&head(), [recording("ollama", name).as_slice()])
}

#[test]
fn the_clients_bytes_go_up_without_what_is_the_gateways() {
    let sent = forwarded(
        r#"{"model":"a/b","messages":[{"role":"user","content":"hi","images":["AAAA"],"mood":"good"}],
           "options":{"num_ctx":4096},"provider":{"sort":"price"},"models":["c/d"],"user":"me@x.test","think":"low","x\"y":1.50}"#,
    );
    assert_eq!(
        sent,
        json!({
            "model": "llama3.2:3b", "stream": true,
            "messages": [{"role": "user", "content": "hi", "images": ["AAAA"], "mood": "good"}],
            "options": {"num_ctx": 4096}, "think": "low", "x\"y": 1.50
        })
    );
    let whole = r#"{"model":"a/b","stream":false,"messages":[{"role":"user","content":"hi"}]}"#;
    assert_eq!(forwarded(whole)["stream"], json!(false));
}

#[test]
fn lines_come_back_with_our_name_and_the_last_with_the_cost() {
    let Passed { out, result, progress } = recorded("extra-fields.ndjson");
    assert_eq!(result, Ok(()));
    assert_eq!(
        out,
        concat!(
            r#"{"model":"a/b","created_at":"2026-11-20T21:00:15.000001Z","remote_model":"x","message":{"role":"assistant","content":"Hi","mood":"good"},"done":false}"#,
            "\n",
            r#"{"model":"a/b","created_at":"2026-11-20T21:00:15.000999Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":4883583458,"load_duration":1334875,"prompt_eval_count":26,"prompt_eval_duration":342546000,"eval_count":282,"eval_duration":4535599000,"context":[1,2],"new_count":7,"cost":0.0000012,"provider":"Acme"}"#,
            "\n",
        )
    );
    assert_eq!(progress.finish, Some((FinishReason::Stop, "stop".to_owned())));
    let usage = progress.usage.unwrap();
    assert_eq!((usage.prompt_tokens, usage.completion_tokens), (26, 282));
    assert_eq!((progress.output_bytes, progress.tool_calls), (2, 0));
}

#[test]
fn progress_is_noted_of_calls_and_thoughts() {
    let Passed { out, result, progress } = recorded("tools-parallel.ndjson");
    assert_eq!(result, Ok(()));
    assert!(out.contains(r#""arguments":{"city":"Paris \"P\"","days":[1,2.5]}"#), "{out}");
    assert_eq!(progress.tool_calls, 2);
    assert_eq!(progress.finish, Some((FinishReason::ToolCalls, "stop".to_owned())));

    let hiding = AnswerHead { hides_reasoning: true, ..head() };
    let Passed { out, progress, .. } =
        passed(&hiding, [recording("ollama", "thinking.ndjson").as_slice()]);
    assert!(!out.contains("thinking") && out.contains("Three"), "{out}");
    assert_eq!(progress.output_bytes, 17);
}

#[test]
fn a_model_may_be_loaded_without_a_word() {
    let Passed { result, progress, .. } = recorded("load.ndjson");
    assert_eq!(result, Ok(()));
    assert_eq!(progress.finish, Some((FinishReason::Stop, "load".to_owned())));
}

#[test]
fn an_answer_that_breaks_off_ends_in_an_error_line() {
    for (name, kind) in [
        ("cut.ndjson", FaultKind::Truncated),
        ("cut-line.ndjson", FaultKind::Truncated),
        ("malformed.ndjson", FaultKind::Broken),
        ("error-line.ndjson", FaultKind::Broken),
        ("error-at-once.ndjson", FaultKind::Overloaded),
    ] {
        let Passed { out, result, .. } = recorded(name);
        assert_eq!(result.unwrap_err().kind, kind, "{name}");
        let last = out.lines().last().unwrap();
        let last: Value = serde_json::from_str(last).unwrap();
        assert!(last["error"].to_string().contains("gone"), "{name} {last}");
        assert!(out.ends_with('\n'), "{name}");
    }
}

#[test]
fn a_split_anywhere_gives_the_same_lines() {
    for name in [
        "cut-line.ndjson",
        "error-line.ndjson",
        "malformed.ndjson",
        "noise-behind.ndjson",
        "text.ndjson",
        "tools-parallel.ndjson",
    ] {
        let bytes = recording("ollama", name);
        let whole = recorded(name);
        for size in 1..bytes.len() {
            let split = passed(&head(), bytes.chunks(size));
            assert_eq!(split.out, whole.out, "{name} in packets of {size}");
            assert_eq!(split.result, whole.result, "{name} in packets of {size}");
        }
    }
}

#[test]
fn a_whole_answer_comes_back_with_its_cost() {
    let native = Ollama.native().unwrap();
    let bytes = Bytes::from(recording("ollama", "thinking-tools.json"));
    let answer = native.whole(&head(), bytes).unwrap();
    assert_eq!(answer.progress().tool_calls, 1);
    assert_eq!(
        String::from_utf8(answer.render(&head(), &usage())).unwrap(),
        r#"{"model":"a/b","created_at":"2026-11-20T21:00:15.000005Z","message":{"role":"assistant","content":"","thinking":"Look it up.","tool_calls":[{"function":{"name":"get_weather","arguments":{"city":"Paris"}}}]},"done":true,"done_reason":"stop","total_duration":4883583458,"load_duration":1334875,"prompt_eval_count":26,"prompt_eval_duration":342546000,"eval_count":282,"eval_duration":4535599000,"cost":0.0000012,"provider":"Acme"}"#
    );
    for (name, kind) in [
        ("error.json", FaultKind::ModelMissing),
        ("garbage.json", FaultKind::Broken),
        ("shapeless.json", FaultKind::Broken),
        ("cut.ndjson", FaultKind::Broken),
    ] {
        let fault = native.whole(&head(), Bytes::from(recording("ollama", name))).err();
        assert_eq!(fault.map(|it| it.kind), Some(kind), "{name}");
    }
}

#[test]
fn what_is_passed_on_counts_as_what_is_translated() {
    for entry in std::fs::read_dir(recordings("ollama")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let bytes = recording("ollama", &name);
        let (relayed, translated) = if name.rsplit('.').next() == Some("json") {
            let relayed = Ollama.native().unwrap().whole(&head(), bytes.clone().into());
            let translated = whole_answer(&Ollama, bytes.into());
            let progress = |it: Box<dyn WholeAnswer>| it.progress().clone();
            (
                relayed.map(progress).unwrap_or_default(),
                translated.map(progress).unwrap_or_default(),
            )
        } else {
            (recorded(&name).progress, stream(&Ollama, [bytes.as_slice()]).progress)
        };
        assert_eq!(relayed.output_bytes, translated.output_bytes, "{name}");
        assert_eq!(relayed.tool_calls, translated.tool_calls, "{name}");
    }
}

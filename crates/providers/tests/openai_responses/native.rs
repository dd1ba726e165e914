//! Clients of the same dialect: what goes up and what comes back, to the byte.

use bytes::Bytes;
use tollgate_catalog::Quirks;
use tollgate_providers::{
    EncodeError, FaultKind, Inbound, OpenAiResponses, Progress, dropped, encode,
};
use tollgate_types::{Timestamp, Usage, UsageSource, Usd};
use tollgate_wire::chat::{FinishReason, UsageView};
use tollgate_wire::error::{ErrorBody, ErrorType};
use tollgate_wire::{Address, Call, Dialect};

use crate::place;
use crate::reading::{Place, recording};
use crate::support::head;

fn responses(body: &str) -> Call {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Call::read(Dialect::Responses, body, Address::default()).unwrap()
}

/// The body that goes up for a client's.
fn forwarded(place: &Place, body: &str) -> Result<String, EncodeError> {
    let call = responses(body);
    let now = Timestamp::from_unix_millis(1_000);
    let inbound = Inbound { call: &call, target: place.target(), end_user: Some("u-1"), now };
    let request = encode(&OpenAiResponses, &inbound)?;
    assert_eq!(request.uri(), "https://api.openai.test/v1/responses");
    assert_eq!(request.headers()["authorization"], "Bearer sk-x");
    Ok(String::from_utf8(request.body().to_vec()).unwrap())
}

fn usage() -> UsageView {
    UsageView {
        usage: Usage { source: UsageSource::Reported, prompt_tokens: 12, ..Usage::default() },
        cost: Usd::from_nanos(7),
        prompt_cost: Usd::from_nanos(5),
        completion_cost: Usd::from_nanos(2),
        upstream_cost: Usd::from_nanos(7),
        unpriced: false,
        is_byok: false,
    }
}

const COST: &str = r#""cost":0.000000007,"is_byok":false,"cost_details":{"upstream_inference_cost":0.000000007,"upstream_inference_input_cost":0.000000005,"upstream_inference_output_cost":0.000000002}"#;

#[test]
fn what_is_not_ours_goes_up_byte_for_byte() {
    let body = r#"{ "input" : [ {"role":"user", "content":"h\u00e9 "} ], "model":"openai/gpt-5.1",
        "temperature":0.50, "future": {"a" : [1, 2.0]}, "include":["reasoning.encrypted_content"], "reasoning": {"effort" : "low"},
        "tools":[ {"type":"custom","name":"x"} ], "user":"me", "stream":true, "store":false, "max_output_tokens" : 5,
        "models":["x/y"], "route":"fallback", "provider":{"order":["a"]}, "session_id":"s", "trace":{}, "image_config":{} }"#;
    assert_eq!(
        forwarded(&place("gpt-5.1"), body).unwrap(),
        r#"{"model":"gpt-5.1","input":[ {"role":"user", "content":"h\u00e9 "} ],"temperature":0.50,"future":{"a" : [1, 2.0]},"include":["reasoning.encrypted_content"],"reasoning":{"effort" : "low"},"tools":[ {"type":"custom","name":"x"} ],"stream":true,"max_output_tokens":5,"store":false,"user":"u-1"}"#
    );
}

#[test]
fn what_the_endpoint_does_not_take_is_adapted() {
    let refusing = Place {
        quirks: Quirks { drop_params: vec!["metadata".to_owned()], ..Quirks::default() },
        supported: vec!["reasoning".to_owned()],
        max_output: Some(100),
        ..place("gpt-5.1")
    };
    for (members, expected) in [
        (
            r#""metadata":{"a":"b"},"top_p":1,"max_output_tokens":500"#,
            r#","max_output_tokens":100"#,
        ),
        (r#""service_tier":"fast""#, r#","service_tier":"priority""#),
        (
            r#""reasoning":{"enabled":true,"summary":"auto","x":1.0}"#,
            r#","reasoning":{"effort":"medium","summary":"auto","x":1.0}"#,
        ),
        (r#""reasoning":{"enabled":false}"#, r#","reasoning":{"effort":"none"}"#),
        (
            r#""reasoning":{"max_tokens":40,"exclude":true,"summary":"auto"},"max_output_tokens":100"#,
            r#","reasoning":{"effort":"medium"},"max_output_tokens":100"#,
        ),
        (r#""reasoning":{"effort":"minimal"}"#, r#","reasoning":{"effort":"low"}"#),
        (r#""reasoning":{"summary":"auto"}"#, r#","reasoning":{"summary":"auto"}"#),
    ] {
        let body = format!(r#"{{"model":"a/b","input":"hi",{members}}}"#);
        assert_eq!(
            forwarded(&refusing, &body).unwrap(),
            format!(r#"{{"model":"gpt-5.1","input":"hi"{expected},"store":false,"user":"u-1"}}"#)
        );
    }
    let unthinking = Place { supported: vec!["tools".to_owned()], ..place("gpt-4o") };
    let body = r#"{"model":"a/b","input":"hi","reasoning":{"effort":"low"}}"#;
    assert!(!forwarded(&unthinking, body).unwrap().contains("reasoning"));
}

#[test]
fn what_chat_alone_knows_is_reworded_translated_or_named() {
    for (members, sent, names) in [
        (
            r#""max_tokens":9,"reasoning_effort":"high","verbosity":"low","include_reasoning":false"#,
            r#"{"model":"gpt-5.1","input":"hi","max_output_tokens":16,"reasoning":{"effort":"high"},"text":{"verbosity":"low"},"store":false,"user":"u-1"}"#,
            &[][..],
        ),
        (
            r#""verbosity":"low","text":{"format":{"type":"text"}},"reasoning":{"summary":"auto"},"include_reasoning":false"#,
            r#"{"model":"gpt-5.1","input":"hi","text":{"format":{"type":"text"},"verbosity":"low"},"reasoning":{},"store":false,"user":"u-1"}"#,
            &[],
        ),
        (
            r#""seed":7,"image_config":{},"stop":["x"],"max_tool_calls":3,"prompt_cache_key":"k""#,
            r#"{"model":"gpt-5.1","input":"hi","max_tool_calls":3,"prompt_cache_key":"k","store":false,"user":"u-1"}"#,
            &["seed", "image_config", "stop"],
        ),
    ] {
        let body = format!(r#"{{"model":"a/b","input":"hi",{members}}}"#);
        let place = place("gpt-5.1");
        assert_eq!(forwarded(&place, &body).unwrap(), sent, "{members}");
        let names_found = dropped(&OpenAiResponses, &responses(&body), &place.target());
        assert_eq!(names_found, names, "{members}");
    }
    let body = r#"{"model":"a/b","input":"hi","response_format":{"type":"json_object"}}"#;
    let sent = forwarded(&place("gpt-5.1"), body).unwrap();
    assert!(sent.contains(r#""text":{"format":{"type":"json_object"}}"#), "{sent}");
    assert!(!sent.contains("response_format"), "{sent}");
}

#[test]
fn thoughts_of_other_families_do_not_go_up() {
    let body = r#"{"model":"a/b","input":[
        {"type":"reasoning","id":"r1","summary":[],"encrypted_content":"x","format":"anthropic-claude-v1","signature":"s"},
        {"type":"reasoning","id":"r2","summary":[],"encrypted_content":"y","format":"openai-responses-v1"},
        {"role":"user", "content":"hi"}]}"#;
    assert_eq!(
        forwarded(&place("gpt-5.1"), body).unwrap(),
        r#"{"model":"gpt-5.1","input":[{"type":"reasoning","id":"r2","summary":[],"encrypted_content":"y"},{"role":"user", "content":"hi"}],"store":false,"user":"u-1"}"#
    );
}

/// Everything that comes of a stream: what the client gets, and how it ended.
fn relayed<'a>(
    packets: impl IntoIterator<Item = &'a [u8]>,
) -> (String, Result<(), FaultKind>, Progress) {
    let call = responses(r#"{"model":"a/b","input":"hi","stream":true}"#);
    let mut stream = tollgate_providers::stream(&OpenAiResponses, &call, &head());
    let mut out = Vec::new();
    let read = || {
        for packet in packets {
            stream.push(packet, &mut out)?;
        }
        stream.finish(&mut out)
    };
    let result = read().map_err(|fault: tollgate_providers::Fault| fault.kind);
    let progress = stream.progress().clone();
    match result {
        Ok(()) => stream.end(&mut out, &usage()),
        Err(_) => {
            stream.fail(&mut out, &ErrorBody::new(ErrorType::RateLimitExceeded, "no"), None);
        }
    }
    (String::from_utf8(out).unwrap(), result, progress)
}

const ALL: &[&str] = &[
    "text.sse",
    "reasoning-tools.sse",
    "reasoning-text.sse",
    "refusal.sse",
    "length.sse",
    "filter.sse",
    "citations.sse",
    "logprobs.sse",
    "image.sse",
    "failed.sse",
    "error-event.sse",
    "error-at-once.sse",
    "cut.sse",
    "stalled.sse",
    "malformed.sse",
    "late.sse",
    "no-deltas.sse",
    "later-version.sse",
];

fn sse(name: &str) -> Vec<u8> {
    recording("openai-responses", name)
}

#[test]
fn a_stream_comes_back_byte_for_byte_but_for_what_is_ours() {
    for name in ["text.sse", "reasoning-tools.sse", "citations.sse", "length.sse"] {
        let recorded = sse(name);
        let (out, result, _) = relayed([recorded.as_slice()]);
        assert_eq!(result, Ok(()), "{name}");
        let recorded = String::from_utf8(recorded).unwrap();
        let id = recorded.split(r#""id":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let model =
            recorded.split(r#""model":""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let expected = recorded
            .replace(&format!(r#""id":"{id}""#), r#""id":"gen-1-x""#)
            .replace(&format!(r#""model":"{model}""#), r#""model":"a/b""#)
            .replace(r#""created_at":1790000000"#, r#""created_at":1"#);
        let (before, after) = expected.rsplit_once(r#""total_tokens":"#).unwrap();
        let (total, after) = after.split_once('}').unwrap();
        let expected = format!("{before}\"total_tokens\":{total},{COST}}}{after}data: [DONE]\n\n");
        assert_eq!(out, expected, "{name}");
    }
}

#[test]
fn what_nobody_knows_yet_survives() {
    let (out, result, progress) = relayed([sse("later-version.sse").as_slice()]);
    assert_eq!(result, Ok(()));
    assert!(out.starts_with(
        "event: response.created\ndata: { \"type\" : \"response.created\", \"response\" : { \"id\" : \"gen-1-x\" , \"object\":\"response\", \"created_at\": 1, \"model\":\"a/b\", \"output\":[], \"x_new\": {\"a\": 1.50} }, \"response_id\":\"gen-1-x\", \"sequence_number\" : 0 }\n\n\
         event: response.moon.phase\ndata: {\"type\":\"response.moon.phase\",\"delta\":{\"phase\":[0.50]},\"moon_id\":7,\ndata:  \"sequence_number\":1}\n\n"
    ), "{out}");
    assert!(
        out.ends_with(&format!(
            r#""usage":{{"input_tokens":5,"output_tokens":3,"total_tokens":8,"x_moon":{{"tokens":1}},{COST}}},"x_new":[1,2.0]}}}}{}"#,
            "\n\ndata: [DONE]\n\n"
        )),
        "{out}"
    );
    assert_eq!(progress.upstream_id.as_deref(), Some("resp_16"));
}

#[test]
fn the_last_event_waits_for_its_cost() {
    let call = responses(r#"{"model":"a/b","input":"hi","stream":true}"#);
    let mut stream = tollgate_providers::stream(&OpenAiResponses, &call, &head());
    let mut out = Vec::new();
    stream.push(&sse("no-deltas.sse"), &mut out).unwrap();
    assert!(stream.is_done());
    assert!(!String::from_utf8_lossy(&out).contains("response.completed"));
    stream.finish(&mut out).unwrap();
    out.clear();
    stream.end(&mut out, &usage());
    let text = String::from_utf8(out).unwrap();
    // The provider reported no usage.
    assert!(text.ends_with(&format!(
        r#""usage":{{"input_tokens":12,"input_tokens_details":{{"cached_tokens":0,"cache_write_tokens":0}},"output_tokens":0,"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":12,{COST}}}}}}}{}"#,
        "\n\ndata: [DONE]\n\n"
    )), "{text}");
}

#[test]
fn the_progress_of_a_stream_is_known() {
    for (name, finish, calls, prompt, searches, bytes) in [
        ("text.sse", Some((FinishReason::Stop, "completed")), 0, Some(12), 0, 13),
        ("reasoning-tools.sse", Some((FinishReason::ToolCalls, "completed")), 3, Some(90), 0, 69),
        ("length.sse", Some((FinishReason::Length, "max_output_tokens")), 0, Some(9), 0, 17),
        ("filter.sse", Some((FinishReason::ContentFilter, "content_filter")), 0, Some(9), 0, 5),
        ("citations.sse", Some((FinishReason::Stop, "completed")), 0, Some(900), 1, 24),
        ("no-deltas.sse", Some((FinishReason::ToolCalls, "completed")), 1, None, 0, 0),
        ("failed.sse", None, 0, Some(3), 0, 7),
        ("stalled.sse", None, 0, None, 0, 0),
    ] {
        let (_, _, progress) = relayed([sse(name).as_slice()]);
        let reached = progress.finish.as_ref().map(|(reason, native)| (*reason, native.as_str()));
        let usage = progress.usage.unwrap_or_default();
        assert_eq!(reached, finish, "{name}");
        assert_eq!(progress.tool_calls, calls, "{name}");
        assert_eq!(progress.usage.map(|it| it.prompt_tokens), prompt, "{name}");
        assert_eq!((usage.web_searches, progress.output_bytes), (searches, bytes), "{name}");
        assert_eq!(progress.content, name != "stalled.sse", "{name}");
    }
}

#[test]
fn a_stream_that_fails_ends_as_a_failed_response() {
    // What the provider repeated of the request when it began.
    let repeated = r#""background":false,"instructions":null,"max_output_tokens":null,"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"service_tier":"auto","store":false,"temperature":1.0,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","user":null,"metadata":{}"#;
    let nothing = r#""instructions":null,"metadata":null,"parallel_tool_calls":true,"temperature":null,"top_p":null,"tool_choice":"auto","tools":[],"store":false"#;
    for (name, kind, number, members) in [
        ("failed.sse", FaultKind::Broken, 5, repeated),
        ("error-event.sse", FaultKind::RateLimited, 5, repeated),
        ("error-at-once.sse", FaultKind::ContextLength, 0, nothing),
        ("cut.sse", FaultKind::Truncated, 6, repeated),
        ("stalled.sse", FaultKind::Empty, 2, repeated),
        ("malformed.sse", FaultKind::Broken, 5, repeated),
    ] {
        let (out, result, _) = relayed([sse(name).as_slice()]);
        assert_eq!(result, Err(kind), "{name}");
        assert_eq!(out.matches("response.failed").count(), 2, "{name}: {out}");
        let failed = format!(
            "event: response.failed\ndata: {{\"type\":\"response.failed\",\"sequence_number\":{number},\"response\":{{\"id\":\"gen-1-x\",\"object\":\"response\",\"created_at\":1,\"status\":\"failed\",\"model\":\"a/b\",\"error\":{{\"code\":\"rate_limit_exceeded\",\"message\":\"no\"}},\"error_type\":\"rate_limit_exceeded\",\"output\":[],\"incomplete_details\":null,{members},\"usage\":null}}}}\n\ndata: [DONE]\n\n"
        );
        assert!(out.ends_with(&failed), "{name}: {out}");
    }
}

#[test]
fn any_split_gives_the_same_stream_and_a_cut_is_a_beginning() {
    for name in ALL {
        let bytes = sse(name);
        let shown = |(out, result, progress): (String, _, Progress)| {
            format!("{out}\n{result:?}\n{progress:?}")
        };
        let whole = shown(relayed([bytes.as_slice()]));
        assert_eq!(shown(relayed(bytes.chunks(1))), whole, "{name} byte by byte");
        for at in (0..=bytes.len()).step_by(7) {
            let (first, second) = bytes.split_at(at);
            assert_eq!(shown(relayed([first, second])), whole, "{name} split at {at}");
            let (out, result, _) = relayed([first]);
            if result.is_ok() {
                assert!(whole.starts_with(&out), "{name} cut at {at}");
            } else {
                let (said, _) = out.rsplit_once("event: response.failed").unwrap();
                assert!(whole.starts_with(said), "{name} cut at {at}");
            }
        }
    }
}

#[test]
fn a_whole_answer_comes_back_byte_for_byte_but_for_what_is_ours() {
    let call = responses(r#"{"model":"a/b","input":"hi"}"#);
    let whole =
        |body: Vec<u8>| tollgate_providers::whole(&OpenAiResponses, &call, &head(), body.into());
    let recorded = sse("text.json");
    let answer = whole(recorded.clone()).unwrap();
    let expected = String::from_utf8(recorded)
        .unwrap()
        .replace("\"resp_01\"", "\"gen-1-x\"")
        .replace("\"gpt-4o-mini-2024-07-18\"", "\"a/b\"")
        .replace("1790000000", "1")
        .replace("\"total_tokens\": 16\n  }", &format!("\"total_tokens\": 16\n  ,{COST}}}"));
    assert_eq!(String::from_utf8(answer.render(&head(), &usage())).unwrap(), expected);
    let progress = answer.progress();
    assert_eq!(progress.upstream_id.as_deref(), Some("resp_01"));
    assert_eq!(progress.service_tier.as_deref(), Some("default"));
    assert_eq!(progress.finish, Some((FinishReason::Stop, "completed".to_owned())));
    assert_eq!((progress.content, progress.output_bytes), (true, 5));
    assert_eq!(progress.usage.map(|it| (it.completion_tokens, it.cached_tokens)), Some((4, 8)));
    let tools = whole(sse("reasoning-tools.json")).unwrap();
    assert_eq!(tools.progress().tool_calls, 3);

    let bare = br#"{"status":"completed","output":[{"type":"message"}],"usage":{"cost":9,"input_tokens":1}}"#;
    let answer = whole(bare.to_vec()).unwrap();
    assert_eq!(
        String::from_utf8(answer.render(&head(), &usage())).unwrap(),
        r#"{"status":"completed","output":[{"type":"message"}],"usage":{"cost":0.000000007,"input_tokens":1,"is_byok":false,"cost_details":{"upstream_inference_cost":0.000000007,"upstream_inference_input_cost":0.000000005,"upstream_inference_output_cost":0.000000002}},"id":"gen-1-x","created_at":1,"model":"a/b"}"#
    );
    for (name, kind) in [
        ("failed.json", FaultKind::ContentPolicy),
        ("error.json", FaultKind::Overloaded),
        ("garbage.json", FaultKind::Broken),
        ("shapeless.json", FaultKind::Broken),
    ] {
        assert_eq!(whole(sse(name)).unwrap_err().kind, kind, "{name}");
    }
    let cut = sse("text.json");
    for at in 0..cut.len() - 1 {
        assert!(whole(cut[..at].to_vec()).is_err(), "cut at {at}");
    }
}

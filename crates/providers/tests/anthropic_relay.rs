//! Anthropic Messages for clients that speak it themselves: what goes up and what comes down, to
//! the byte.

#![expect(
    clippy::unwrap_used,
    reason = "this is a test, which should panic where something is not as expected"
)]

mod support;

#[path = "support/relay.rs"]
mod relay;

use bytes::Bytes;
use http::{HeaderMap, Request};
use relay::{relayed, relayed_to_the_end, relayed_whole, usage};
use serde_json::Value;
use support::{head, recordings};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{AnthropicMessages, FaultKind, Inbound, Native, Target, dropped, encode};
use tollgate_types::Timestamp;
use tollgate_wire::chat::{AnswerHead, FinishReason, UsageView};
use tollgate_wire::error::{ErrorBody, ErrorType};
use tollgate_wire::{Address, Call, Dialect};

fn recording(name: &str) -> Vec<u8> {
    std::fs::read(recordings("anthropic-messages").join(name)).unwrap()
}

/// Every request needs one; these tests write `[]` for it.
const MESSAGES: &str = r#""messages":[{"role":"user","content":"hi"}]"#;
const NONE: &str = r#""messages":[]"#;

/// What differs between the requests of these tests.
struct Circumstances {
    beta: Option<&'static str>,
    end_user: Option<&'static str>,
    max_output: Option<u64>,
    credential: &'static str,
    quirks: Quirks,
}

impl Default for Circumstances {
    fn default() -> Self {
        Self {
            beta: None,
            end_user: None,
            max_output: Some(64_000),
            credential: "sk-ant-api-1",
            quirks: Quirks::default(),
        }
    }
}

impl Circumstances {
    fn target(&self) -> Target<'_> {
        Target {
            base_url: "https://anthropic.test",
            upstream_model: "claude-sonnet-4-5-20250929",
            credential: Some(self.credential),
            max_output: self.max_output,
            supported_parameters: &[],
            auth: Auth::XApiKey,
            quirks: &self.quirks,
            service: tollgate_catalog::Service::default(),
        }
    }

    fn forwarded(&self, body: &str) -> Request<Bytes> {
        let address =
            Address { anthropic_beta: self.beta.map(str::to_owned), ..Address::default() };
        let body = Bytes::from(body.replace(NONE, MESSAGES));
        let call = Call::read(Dialect::Messages, body, address).unwrap();
        let target = self.target();
        let now = Timestamp::from_unix_millis(1_000);
        let inbound = Inbound { call: &call, target, end_user: self.end_user, now };
        encode(&AnthropicMessages, &inbound).unwrap()
    }

    fn body(&self, body: &str) -> String {
        let sent = String::from_utf8(self.forwarded(body).into_body().to_vec()).unwrap();
        sent.replace(MESSAGES, NONE)
    }

    fn headers(&self) -> HeaderMap {
        self.forwarded(r#"{"model":"a/b","max_tokens":1,"messages":[]}"#).headers().clone()
    }
}

#[test]
fn what_is_not_ours_goes_up_byte_for_byte() {
    let request = r#"{ "model" : "acme/large", "max_tokens": 64 ,"stream":true,
        "system":[ {"type":"text","text":"Br\u00e9f. ","cache_control":{"type":"ephemeral","ttl":"1h"}} ],
        "messages":[ {"role":"user", "content":[{"type":"moon","cheese":1.50}]},
          {"role":"assistant","content":[{"type":"thinking","thinking":"Hm","signature":"EqoBCg=="},{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{ }}]} ],
        "tools":[{"type":"web_search_20250305","name":"web_search"}], "thinking":{"type":"enabled","budget_tokens":32},
        "temperature":1.0, "future": {"a" : [1, 2.0]}, "qu\"ote":null, "metadata":{"tenant":"t"},
        "fallbacks":[{"model":"x/y"}], "route":"fallback", "provider":{"order":["a"]}, "session_id":"s", "trace":{}, "usage":{"include":true}, "user":"me" }"#;
    let request = request.replace("qu\"ote", "qu\\\"ote");
    let there = Circumstances { end_user: Some("u-hash"), ..Circumstances::default() };
    let sent = there.forwarded(&request);
    assert_eq!(sent.uri(), "https://anthropic.test/v1/messages");
    assert_eq!(
        String::from_utf8(sent.into_body().to_vec()).unwrap(),
        r#"{"model":"claude-sonnet-4-5-20250929","max_tokens":64,"stream":true,"system":[ {"type":"text","text":"Br\u00e9f. ","cache_control":{"type":"ephemeral","ttl":"1h"}} ],"messages":[ {"role":"user", "content":[{"type":"moon","cheese":1.50}]},
          {"role":"assistant","content":[{"type":"thinking","thinking":"Hm","signature":"EqoBCg=="},{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{ }}]} ],"tools":[{"type":"web_search_20250305","name":"web_search"}],"thinking":{"type":"enabled","budget_tokens":32},"temperature":1.0,"future":{"a" : [1, 2.0]},"qu\"ote":null,"metadata":{"tenant":"t","user_id":"u-hash"}}"#
            .replace("qu\"ote", "qu\\\"ote")
    );
}

#[test]
fn the_end_user_is_made_anonymous() {
    let known = Circumstances { end_user: Some("u-hash"), ..Circumstances::default() };
    let unknown = Circumstances::default();
    let start = r#"{"model":"claude-sonnet-4-5-20250929","max_tokens":1,"messages":[]"#;
    for (there, members, expected) in [
        (
            &known,
            r#","metadata":{ "user_id" : "me@x.test" }"#,
            r#","metadata":{"user_id":"u-hash"}"#,
        ),
        (
            &known,
            r#","metadata":{"user\u005fid":"me","a":[ 1 ]}"#,
            r#","metadata":{"a":[ 1 ],"user_id":"u-hash"}"#,
        ),
        (&known, r#","metadata":null"#, r#","metadata":{"user_id":"u-hash"}"#),
        (&known, r#","user":"me""#, r#","metadata":{"user_id":"u-hash"}"#),
        (&unknown, r#","metadata":{"a":1}"#, r#","metadata":{"a":1}"#),
        (&unknown, r#","metadata":{"user_id":null}"#, r#","metadata":{}"#),
    ] {
        let request = format!(r#"{{"model":"a/b","max_tokens":1,"messages":[]{members}}}"#);
        assert_eq!(there.body(&request), format!("{start}{expected}}}"), "{members}");
    }
}

#[test]
fn instructions_between_the_turns_go_before_them() {
    let there = Circumstances::default();
    let turns = r#"{"role":"user","content":"hi"},{"role":"system","content":"Be kind."},{"role":"user","content":"?"}"#;
    let sent = there.body(&format!(r#"{{"model":"a/b","max_tokens":9,"messages":[{turns}]}}"#));
    let sent: Value = serde_json::from_str(&sent).unwrap();
    assert_eq!(sent["system"], "Be kind.");
    assert!(!sent["messages"].to_string().contains("system"), "{sent}");
    assert_eq!(sent["messages"][0]["role"], "user");
}

#[test]
fn what_chat_alone_knows_is_translated_or_left_out_and_named() {
    let there = Circumstances::default();
    for (members, sent, names) in [
        (
            r#""seed":7,"frequency_penalty":0.5,"structured_outputs":true,"top_k":3"#,
            r#""max_tokens":9,"messages":[],"top_k":3"#,
            &["seed", "frequency_penalty", "structured_outputs"][..],
        ),
        (
            r#""stop":["x"],"stop_sequences":["y"],"include_reasoning":true"#,
            r#""max_tokens":9,"messages":[],"stop_sequences":["y"]"#,
            &["stop"],
        ),
        (
            r#""stop":["x"],"container":"c""#,
            r#""max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}],"stop_sequences":["x"]"#,
            &["container"],
        ),
        (
            r#""verbosity":"low","web_search_options":{},"image_config":{},"max_tool_calls":3,"prompt_cache_key":"k","audio":{}"#,
            r#""max_tokens":9,"messages":[]"#,
            &[
                "verbosity",
                "web_search_options",
                "image_config",
                "max_tool_calls",
                "prompt_cache_key",
                "audio",
            ],
        ),
        (r#""service_tier":"fast""#, r#""max_tokens":9,"messages":[],"service_tier":"auto""#, &[]),
        (r#""service_tier":"flex""#, r#""max_tokens":9,"messages":[]"#, &["service_tier"]),
        (
            r#""reasoning":{"effort":"high"},"thinking":{"type":"disabled"}"#,
            r#""max_tokens":9,"messages":[],"thinking":{"type":"disabled"}"#,
            &["reasoning"],
        ),
    ] {
        let request = format!(r#"{{"model":"a/b","max_tokens":9,"messages":[],{members}}}"#);
        let model = "claude-sonnet-4-5-20250929";
        assert_eq!(there.body(&request), format!(r#"{{"model":"{model}",{sent}}}"#), "{members}");
        let body = Bytes::from(request.replace(NONE, MESSAGES));
        let call = Call::read(Dialect::Messages, body, Address::default()).unwrap();
        assert_eq!(dropped(&AnthropicMessages, &call, &there.target()), names, "{members}");
    }
    let asked =
        r#"{"model":"a/b","max_tokens":9000,"messages":[],"reasoning":{"max_tokens":2000}}"#;
    let sent: Value = serde_json::from_str(&there.body(asked)).unwrap();
    assert_eq!(sent["thinking"]["budget_tokens"], 2000);
    assert_eq!(sent.get("reasoning"), None);
}

#[test]
fn thoughts_that_nobody_wants_to_see_are_hidden() {
    for wish in [r#""reasoning":{"exclude":true}"#, r#""include_reasoning":false"#] {
        let asked = |stream: bool| {
            let body = format!(
                r#"{{"model":"a/b","max_tokens":9,{MESSAGES},"thinking":{{"type":"adaptive"}},"stream":{stream},{wish}}}"#
            );
            Call::read(Dialect::Messages, Bytes::from(body), Address::default()).unwrap()
        };
        let head = AnswerHead { hides_reasoning: true, ..head() };
        let mut stream = tollgate_providers::stream(&AnthropicMessages, &asked(true), &head);
        let mut out = Vec::new();
        stream.push(&recording("thinking-tools.sse"), &mut out).unwrap();
        stream.finish(&mut out).unwrap();
        let streamed = String::from_utf8(out).unwrap();
        assert!(
            !streamed.contains(r#""type":"thinking""#) && streamed.contains("tool_use"),
            "{streamed}"
        );
        let body = Bytes::from(recording("thinking-tools.json"));
        let whole =
            tollgate_providers::whole(&AnthropicMessages, &asked(false), &head, body).unwrap();
        let whole = String::from_utf8(whole.render(&head, &usage())).unwrap();
        assert!(!whole.contains(r#""type":"thinking""#) && whole.contains("tool_use"), "{whole}");
    }
}

#[test]
fn the_bound_on_the_answer_is_what_the_endpoint_can_write() {
    let small = Circumstances { max_output: Some(100), ..Circumstances::default() };
    let unknown = Circumstances { max_output: None, ..Circumstances::default() };
    for (there, given, expected) in [
        (&small, r#""max_tokens":100.0,"messages":[]"#, r#""max_tokens":100.0,"messages":[]"#),
        (&small, r#""max_tokens":101,"messages":[]"#, r#""max_tokens":100,"messages":[]"#),
        (&small, r#""messages":[]"#, r#""messages":[],"max_tokens":100"#),
        (&small, r#""max_tokens":null,"messages":[]"#, r#""max_tokens":100,"messages":[]"#),
        (&small, r#""messages":[],"max_completion_tokens":7"#, r#""messages":[],"max_tokens":7"#),
        (&unknown, r#""messages":[]"#, r#""messages":[],"max_tokens":8192"#),
        (
            &unknown,
            r#""messages":[],"thinking":{"type":"enabled","budget_tokens":10000}"#,
            r#""messages":[],"thinking":{"type":"enabled","budget_tokens":10000},"max_tokens":18192"#,
        ),
    ] {
        let request = format!(r#"{{"model":"a/b",{given}}}"#);
        let body = format!(r#"{{"model":"claude-sonnet-4-5-20250929",{expected}}}"#);
        assert_eq!(there.body(&request), body, "{given}");
    }
}

#[test]
fn what_the_provider_refuses_is_left_out() {
    let drop_params = ["temperature", "stop", "reasoning"].map(str::to_owned).to_vec();
    let quirks = Quirks { drop_params, ..Quirks::default() };
    let there = Circumstances { quirks, ..Circumstances::default() };
    let request = r#"{"model":"a/b","max_tokens":1,"messages":[],"temperature":0.5,"stop_sequences":["x"],"thinking":{"type":"disabled"},"top_p":0.5}"#;
    assert_eq!(
        there.body(request),
        r#"{"model":"claude-sonnet-4-5-20250929","max_tokens":1,"messages":[],"top_p":0.5}"#
    );
}

#[test]
fn the_features_asked_for_are_those_of_client_and_provider() {
    let beta = |there: &Circumstances| {
        there.headers().get("anthropic-beta").map(|it| it.to_str().unwrap().to_owned())
    };
    let plain = Circumstances::default();
    assert_eq!(plain.headers()["x-api-key"], "sk-ant-api-1");
    assert_eq!(plain.headers()["anthropic-version"], "2023-06-01");
    assert_eq!(beta(&plain), None);
    let asked = Some("context-1m-2025-08-07, oauth-2025-04-20,files-api-2025-04-14");
    let asking = Circumstances { beta: asked, ..Circumstances::default() };
    assert_eq!(beta(&asking).unwrap(), "context-1m-2025-08-07,files-api-2025-04-14");
    let extra_headers =
        [("anthropic-beta".to_owned(), "files-api-2025-04-14".to_owned())].into_iter().collect();
    let quirks = Quirks { extra_headers, ..Quirks::default() };
    let both = Circumstances { beta: asked, quirks, ..Circumstances::default() };
    assert_eq!(beta(&both).unwrap(), "files-api-2025-04-14,context-1m-2025-08-07");
    let subscriber =
        Circumstances { beta: asked, credential: "sk-ant-oat01-x", ..Circumstances::default() };
    assert_eq!(
        beta(&subscriber).unwrap(),
        "oauth-2025-04-20,context-1m-2025-08-07,files-api-2025-04-14"
    );
    assert_eq!(subscriber.headers()["authorization"], "Bearer sk-ant-oat01-x");
}

#[test]
fn other_providers_thoughts_do_not_reach_this_one() {
    let request = r#"{"model":"a/b","max_tokens":9,"messages":[{"role":"user","content":"hi"},
        {"role":"assistant","content":[{"type":"thinking","thinking":"Hm","signature":"tollgate:{\"type\":\"reasoning.text\",\"text\":\"Hm\",\"format\":\"unknown\",\"index\":0}"},{"type":"text","text":"Hello."}]},
        {"role":"user","content":"and?"}]}"#;
    let body: Value = serde_json::from_str(&Circumstances::default().body(request)).unwrap();
    assert_eq!(body["messages"][1]["content"][0]["text"], "Hello.", "{body}");
    assert!(!body.to_string().contains("tollgate:"), "{body}");
}

const COST: &str = r#""cost":0.0000012,"is_byok":false,"cost_details":{"upstream_inference_cost":0.0000012,"upstream_inference_prompt_cost":0.0000009,"upstream_inference_completions_cost":0.0000003}"#;

#[test]
fn a_stream_comes_down_with_our_identity_and_its_cost() {
    let expected = format!(
        r#"event: message_start
data: {{"type":"message_start","message":{{"model":"a/b","id":"gen-1-x","type":"message","role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":12,"cache_creation_input_tokens":300,"cache_read_input_tokens":2000,"cache_creation":{{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100}},"output_tokens":1,"service_tier":"standard","inference_geo":"global"}},"provider":"Acme"}}}}

event: content_block_start
data: {{"type":"content_block_start","index":0,"content_block":{{"type":"text","text":""}}}}

event: ping
data: {{"type":"ping"}}

event: content_block_delta
data: {{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"Grüß"}}}}

event: content_block_delta
data: {{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":" dich, \"Welt\"\n"}}}}

event: content_block_delta
data: {{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"🦀."}}}}

event: content_block_stop
data: {{"type":"content_block_stop","index":0}}

event: message_delta
data: {{"type":"message_delta","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"input_tokens":12,"cache_creation_input_tokens":300,"cache_read_input_tokens":2000,"output_tokens":9,"service_tier":"standard",{COST}}}}}

event: message_stop
data: {{"type":"message_stop"}}

"#
    );
    assert_eq!(relayed_to_the_end(&AnthropicMessages, &recording("text.sse"), &usage()), expected);
    let progress = relayed(&AnthropicMessages, [&recording("text.sse")[..]]).progress;
    assert_eq!(progress.upstream_id.as_deref(), Some("msg_01TextAbc"));
    assert_eq!(progress.service_tier.as_deref(), Some("default"));
    assert_eq!(progress.finish, Some((FinishReason::Stop, "end_turn".to_owned())));
    assert_eq!(progress.output_bytes, 25);
}

#[test]
fn every_event_in_the_middle_comes_down_as_it_went_out() {
    for name in ["thinking-tools.sse", "citations.sse", "tools-parallel.sse", "later-version.sse"] {
        let bytes = recording(name);
        let recorded = std::str::from_utf8(&bytes).unwrap();
        let out = relayed_to_the_end(&AnthropicMessages, &bytes, &usage());
        let middle = |text: &str| {
            let (_, rest) = text.split_once("\n\n").unwrap();
            let (middle, _) = rest.split_once("event: message_delta").unwrap();
            middle.to_owned()
        };
        assert_eq!(middle(&out), middle(recorded), "{name}");
    }
}

#[test]
fn an_imitation_is_made_whole() {
    let out = relayed_to_the_end(&AnthropicMessages, &recording("imitation.sse"), &usage());
    let expected = format!(
        r#"event: message_start
data: {{"type":"message_start","message":{{"id":"gen-1-x","role":"assistant","usage":{{"input_tokens":0,"output_tokens":0}},"model":"a/b","provider":"Acme"}}}}

event: content_block_start
data: {{"type":"content_block_start","index":0,"content_block":{{"type":"text","text":"Hi"}}}}

event: content_block_delta
data: {{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":" there"}}}}

event: message_delta
data: {{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{{"input_tokens":7,"output_tokens":2,{COST}}}}}

event: message_stop
data: {{"type":"message_stop"}}

"#
    );
    assert_eq!(out, expected);
}

#[test]
fn a_stream_of_pieces_gets_a_beginning_and_an_end() {
    let block = "data: {\"type\":\"content_block_start\",\r\ndata: \"content_block\":{\"type\":\"text\",\"text\":\"x\"}}\r\n\r\n";
    let delta = |it: &str| format!("data: {{\"type\":\"message_delta\",{it}}}\n\n");
    let stream = format!(
        "{block}{}{}data: {{\"type\":\"message_stop\",\"extra\":1}}\n\ndata: {{}}\n\n",
        delta(r#""delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}"#),
        delta(r#""delta":{},"usage":null"#),
    );
    let mut view = usage();
    view.unpriced = true;
    let out = relayed_to_the_end(&AnthropicMessages, stream.as_bytes(), &view);
    let expected = format!(
        r#"event: message_start
data: {{"type":"message_start","message":{{"id":"gen-1-x","type":"message","role":"assistant","model":"a/b","provider":"Acme","content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":0,"output_tokens":0}}}}}}

event: content_block_start
data: {{"type":"content_block_start","content_block":{{"type":"text","text":"x"}}}}

event: message_delta
data: {{"type":"message_delta","delta":{{"stop_reason":"end_turn"}},"usage":{{"output_tokens":1}}}}

event: message_delta
data: {{"type":"message_delta","delta":{{}},"usage":{{"input_tokens":3,"cache_creation_input_tokens":5,"cache_read_input_tokens":4,"output_tokens":3,{COST},"is_unpriced":true}}}}

event: message_stop
data: {{"type":"message_stop","extra":1}}

"#
    );
    assert_eq!(out, expected);
    let bare = "data: {\"type\":\"message_stop\"}\n\n";
    let out = relayed_to_the_end(&AnthropicMessages, bare.as_bytes(), &usage());
    assert_eq!(out.matches("event: message_").count(), 3, "{out}");
    assert!(out.contains(r#""delta":{"stop_reason":"end_turn","stop_sequence":null}"#), "{out}");
}

#[test]
fn a_provider_that_bills_like_us_has_its_bill_replaced() {
    let stream = r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"cost":9,"service_tier":"priority","output_tokens":1,"is_unpriced":true,"cost_details":{"x":1}}}

"#;
    let out = relayed_to_the_end(&AnthropicMessages, stream.as_bytes(), &usage());
    let details = COST.split_once(r#""cost_details":"#).unwrap().1;
    let expected = format!(
        r#""usage":{{"cost":0.0000012,"service_tier":"priority","output_tokens":1,"is_unpriced":false,"cost_details":{details},"is_byok":false}}"#
    );
    assert!(out.contains(&expected), "{out}");
}

#[test]
fn an_answer_that_breaks_off_ends_with_an_error() {
    let mut stream = Native::stream(&AnthropicMessages, &head());
    let mut out = Vec::new();
    let fault = stream.push(&recording("error-event.sse"), &mut out).unwrap_err();
    assert_eq!(
        (fault.kind, fault.code.as_deref()),
        (FaultKind::Overloaded, Some("overloaded_error"))
    );
    out.clear();
    let error = ErrorBody::new(ErrorType::ProviderOverloaded, "Busy");
    stream.fail(&mut out, &error, Some(&usage()));
    let text = String::from_utf8(out).unwrap();
    let data = text.strip_prefix("event: error\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
    let body: Value = serde_json::from_str(data).unwrap();
    assert_eq!(body["type"], "error");
    assert_eq!(body["error"]["type"], "overloaded_error");
    assert_eq!(body["request_id"], "gen-1-x");
    assert_eq!(body["usage"]["input_tokens"], 3);
    assert_eq!(body["usage"]["cost"], 0.000_001_2);
}

#[test]
fn a_whole_message_comes_down_with_our_identity_and_its_cost() {
    let answer = relayed_whole(&AnthropicMessages, &recording("text.json")).unwrap();
    assert_eq!(
        String::from_utf8(answer.render(&head(), &usage())).unwrap(),
        format!(
            r#"{{"id":"gen-1-x","type":"message","role":"assistant","model":"a/b","content":[{{"type":"text","text":"Grüß dich.","citations":null}}],"stop_reason":"stop_sequence","stop_sequence":null,"usage":{{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":100,"output_tokens":4,"service_tier":"priority",{COST}}},"provider":"Acme"}}"#
        )
    );
    let odd = br#" { "content" : [ {"type":"moon"} ], "usage":null, "x":[1.0] }"#;
    let estimated = UsageView {
        usage: tollgate_types::Usage { completion_tokens: 2, ..tollgate_types::Usage::default() },
        ..usage()
    };
    let text = relayed_whole(&AnthropicMessages, odd).unwrap().render(&head(), &estimated);
    let counts = r#""input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":2"#;
    assert_eq!(
        String::from_utf8(text).unwrap(),
        format!(
            r#" {{ "content" : [ {{"type":"moon"}} ], "usage":{{{counts},{COST},"is_estimated":true}}, "x":[1.0] ,"id":"gen-1-x","model":"a/b","provider":"Acme"}}"#
        )
    );
}

#[test]
fn the_laws_are_kept() {
    relay::keeps_the_laws(&AnthropicMessages);
}

#[test]
fn whole_messages_come_to_the_same_as_translated() {
    relay::whole_answers_agree(&AnthropicMessages, &[]);
}

#[test]
fn damage_does_no_harm() {
    relay::damage_is_no_panic_and_splits_alike(&AnthropicMessages);
}

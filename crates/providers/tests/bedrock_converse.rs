//! Amazon Bedrock's Converse: calls as they are encoded, and recorded answers as they are read.

#![expect(clippy::indexing_slicing, reason = "a test should panic where something is missing")]

mod support;

#[path = "support/reading.rs"]
mod reading;

#[path = "bedrock_converse/answers.rs"]
mod answers;

#[path = "bedrock_converse/claude_tools.rs"]
mod claude_tools;

#[path = "bedrock_converse/parameters.rs"]
mod parameters;

use http::header::AUTHORIZATION;
use reading::{Place, completion, kept_message, recording};
use serde_json::{Value, json};
use support::{stream, whole_answer};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, BedrockConverse};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "amazon.nova-pro-v1:0";
const LLAMA: &str = "meta.llama3-3-70b-instruct-v1:0";

fn place(model: &'static str) -> Place {
    Place {
        base_url: "https://bedrock-runtime.us-east-1.amazonaws.com",
        model,
        credential: "ABSKx",
        max_output: Some(64_000),
        supported: Vec::new(),
        auth: Auth::Bearer,
        quirks: Quirks::default(),
    }
}

fn body(model: &'static str, call: &Value) -> Value {
    place(model).body(&BedrockConverse, call)
}

/// A call with one message and these members.
fn call(members: &Value) -> Value {
    let mut call = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in members.as_object().into_iter().flatten() {
        call[key] = value.clone();
    }
    call
}

/// What a call with one message and these members has beside that message.
fn beside(model: &'static str, members: &Value) -> Value {
    let mut body = body(model, &call(members));
    body.as_object_mut().map(|body| body.remove("messages"));
    body
}

fn turns(model: &'static str, messages: &Value) -> Value {
    body(model, &json!({ "messages": messages }))["messages"].clone()
}

fn refusal(content: &Value) -> String {
    let call = json!({"messages": [{"role": "user", "content": [content]}]});
    place(CLAUDE).refusal(&BedrockConverse, &call)
}

#[test]
fn a_request_has_the_protocols_address_and_the_key() {
    let request = place(CLAUDE).request(&BedrockConverse, &call(&json!({"user": "me"}))).unwrap();
    assert_eq!(
        request.uri(),
        "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse"
    );
    assert_eq!(request.headers()[AUTHORIZATION], "Bearer ABSKx");
    assert!(request.headers()[AUTHORIZATION].is_sensitive());
    let sent: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(sent, json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}));

    let profile = place("arn:aws:bedrock:us-east-1:1:application-inference-profile/a1");
    let request = profile.request(&BedrockConverse, &call(&json!({"stream": true}))).unwrap();
    assert_eq!(
        request.uri().path(),
        "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aapplication-inference-profile%2Fa1/converse-stream"
    );
}

#[test]
fn an_access_key_signs_the_request() {
    let mut quirks = Quirks::default();
    quirks.extra_headers.insert("x-team".to_owned(), "blue".to_owned());
    let signed = Place { credential: "AKIDEXAMPLE:s/ecret+Key:t/oken==", quirks, ..place(NOVA) };
    let request = signed.request(&BedrockConverse, &call(&json!({}))).unwrap();
    assert_eq!(request.headers()["x-amz-date"], "19700101T000001Z");
    assert_eq!(request.headers()["x-amz-security-token"], "t/oken==");
    assert!(request.headers()["x-amz-security-token"].is_sensitive());
    // Computed by hand after AWS's documentation, not by the library under test.
    assert_eq!(
        request.headers()[AUTHORIZATION],
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/19700101/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-team, Signature=6b100c8946c46c422e030cfa8c18c1aaa2d6e7911a6b3e99cd2f6081e70f4a1e"
    );
    assert!(request.headers()[AUTHORIZATION].is_sensitive());
}

#[test]
fn the_region_is_the_hosts_or_the_credentials() {
    let proxy = |credential| Place { base_url: "http://127.0.0.1:8080", credential, ..place(NOVA) };
    let named = r#"{"access_key_id":"AKID","secret_access_key":"s","region":"eu-west-3"}"#;
    let request = proxy(named).request(&BedrockConverse, &call(&json!({}))).unwrap();
    let authorization = request.headers()[AUTHORIZATION].to_str().unwrap();
    assert!(authorization.contains("/eu-west-3/bedrock/aws4_request"), "{authorization}");
    assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date,"));
    assert_eq!(
        proxy("AKID:s").refusal(&BedrockConverse, &call(&json!({}))),
        "neither the base URL nor the credential says the AWS region"
    );
    // A key of a proxy goes where the operator says.
    let other = Place { auth: Auth::XApiKey, ..proxy("AKID:s") };
    let request = other.request(&BedrockConverse, &call(&json!({}))).unwrap();
    assert_eq!(request.headers()["x-api-key"], "AKID:s");
}

#[test]
fn a_key_can_be_tried_out_and_an_access_key_can_not() {
    let probe = BedrockConverse.probe(&place("").target()).unwrap();
    assert_eq!(probe.uri(), "https://bedrock.us-east-1.amazonaws.com/foundation-models");
    assert_eq!(probe.headers()[AUTHORIZATION], "Bearer ABSKx");
    let signing = Place { credential: "AKID:s", ..place("") };
    assert_eq!(
        BedrockConverse.probe(&signing.target()).unwrap_err().0,
        "an AWS access key can't be tried out; it shows with the first call whether it is taken"
    );
}

#[test]
fn messages_become_turns_that_alternate() {
    let sent = body(
        CLAUDE,
        &json!({"messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hi", "name": "Ada"},
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": [{"type": "text", "text": " \n"}, {"type": "text", "text": "again"}]},
            {"role": "assistant", "content": "I say: "}
        ]}),
    );
    assert_eq!(
        sent,
        json!({
            "system": [{"text": "Be brief."}, {"text": "Be kind."}],
            "messages": [
                {"role": "user", "content": [{"text": "Ada: hi"}, {"text": "again"}]},
                {"role": "assistant", "content": [{"text": "I say:"}]}
            ]
        })
    );
    assert_eq!(
        turns(LLAMA, &json!([{"role": "assistant", "content": "Hello", "refusal": "No."}])),
        json!([
            {"role": "user", "content": [{"text": "."}]},
            {"role": "assistant", "content": [{"text": "Hello"}, {"text": "No."}]}
        ])
    );
}

#[test]
fn media_become_blocks() {
    let sent = turns(
        NOVA,
        &json!([{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,/9j/"}},
            {"type": "image_url", "image_url": {"url": "s3://mine/a.PNG"}},
            {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}},
            {"type": "video_url", "video_url": {"url": "s3://mine/a.3gp"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"type": "file", "file": {"filename": "Q3 report_v2.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
            {"type": "file", "file": {"filename": "Q3 report_v2.md", "file_data": "data:text/markdown;base64,IyBB"}},
            {"type": "file", "file": {"filename": "a.py", "file_data": "data:text/x-python;base64,cHJpbnQ="}},
            {"type": "file", "file": {"file_data": "s3://mine/b.docx"}},
            {"type": "file", "file": {"file_data": "data:image/webp;base64,UklG"}}
        ]}]),
    );
    assert_eq!(
        sent[0]["content"],
        json!([
            {"image": {"format": "jpeg", "source": {"bytes": "/9j/"}}},
            {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://mine/a.PNG"}}}},
            {"video": {"format": "mp4", "source": {"bytes": "AAAA"}}},
            {"video": {"format": "three_gp", "source": {"s3Location": {"uri": "s3://mine/a.3gp"}}}},
            {"audio": {"format": "wav", "source": {"bytes": "UklGRg=="}}},
            {"document": {"format": "pdf", "name": "Q3 report-v2", "source": {"bytes": "JVBERi0="}}},
            {"document": {"format": "md", "name": "Q3 report-v2 [2]", "source": {"bytes": "IyBB"}}},
            {"document": {"format": "txt", "name": "a", "source": {"bytes": "cHJpbnQ="}}},
            {"document": {"format": "docx", "name": "document", "source": {"s3Location": {"uri": "s3://mine/b.docx"}}}},
            {"image": {"format": "webp", "source": {"bytes": "UklG"}}},
            // Documents are refused without words beside them.
            {"text": "."}
        ])
    );
}

#[test]
fn what_the_protocol_can_not_carry_is_refused() {
    for (content, reason) in [
        (
            json!({"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}),
            "an image by an address outside of S3",
        ),
        (
            json!({"type": "image_url", "image_url": {"url": "s3://mine/a"}}),
            "an image whose address does not end in its format",
        ),
        (
            json!({"type": "image_url", "image_url": {"url": "data:image/tiff;base64,AA"}}),
            "an image of type image/tiff",
        ),
        (
            json!({"type": "video_url", "video_url": {"url": "https://x.test/a.mp4"}}),
            "a video by an address outside of S3",
        ),
        (
            json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "aiff"}}),
            "audio in the format aiff",
        ),
        (
            json!({"type": "file", "file": {"file_data": "data:application/zip;base64,AA"}}),
            "a file of type application/zip",
        ),
        (json!({"type": "file", "file": {"file_id": "file-1"}}), "an uploaded file"),
    ] {
        assert_eq!(refusal(&content), reason);
    }
}

#[test]
fn a_tools_use_keeps_ids_thoughts_and_results() {
    let sent = turns(
        CLAUDE,
        &json!([
            {"role": "user", "content": "Weather?"},
            {
                "role": "assistant",
                "content": "Let me see.",
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "The user ", "format": "anthropic-claude-v1", "index": 0},
                    {"type": "reasoning.text", "text": "asks.", "format": "anthropic-claude-v1", "index": 0},
                    {"type": "reasoning.text", "signature": "sig", "format": "anthropic-claude-v1", "index": 0},
                    {"type": "reasoning.encrypted", "data": "c2VhbA==", "format": "anthropic-claude-v1", "index": 1},
                    {"type": "reasoning.text", "text": "unsigned", "format": "anthropic-claude-v1", "index": 2},
                    {"type": "reasoning.encrypted", "data": "other", "format": "google-gemini-v1", "index": 3}
                ],
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Rome\"}"}},
                    {"id": "functions.time:1", "type": "function", "function": {"name": "time", "arguments": ""}}
                ]
            },
            {"role": "user", "content": "Hurry!"},
            {"role": "tool", "tool_call_id": "call_1", "content": "{\"sky\": \"blue\"}"},
            {"role": "tool", "tool_call_id": "functions.time:1", "content": [
                {"type": "text", "text": "A clock:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}
            ]},
            {"role": "tool", "tool_call_id": "call_3", "content": "", "is_error": true}
        ]),
    );
    assert_eq!(
        sent,
        json!([
            {"role": "user", "content": [{"text": "Weather?"}]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "The user asks.", "signature": "sig"}}},
                {"reasoningContent": {"redactedContent": "c2VhbA=="}},
                {"text": "Let me see."},
                {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Rome"}}},
                {"toolUse": {"toolUseId": "functions_time_1", "name": "time", "input": {}}}
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "call_1", "content": [{"text": "{\"sky\": \"blue\"}"}]}},
                {"toolResult": {"toolUseId": "functions_time_1", "content": [
                    {"text": "A clock:"},
                    {"image": {"format": "png", "source": {"bytes": "iVBORw=="}}}
                ]}},
                {"toolResult": {"toolUseId": "call_3", "content": [{"text": "(empty)"}], "status": "error"}},
                {"text": "Hurry!"}
            ]}
        ])
    );
    // Others can't verify thoughts.
    let thoughtful = json!([
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_details": [
            {"type": "reasoning.text", "text": "t", "signature": "sig", "format": "anthropic-claude-v1", "index": 0}
        ]}
    ]);
    assert_eq!(turns(NOVA, &thoughtful)[1]["content"], json!([{"text": "b"}]));
}

#[test]
fn a_mistral_call_has_an_id_of_nine_letters() {
    let sent = turns(
        "mistral.mistral-large-2407-v1:0",
        &json!([
            {"role": "user", "content": "a"},
            {"role": "assistant", "tool_calls": [
                {"id": "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ]},
            {"role": "tool", "tool_call_id": "tooluse_kZJMlvQmRJ6eAyJE5GIl7Q", "content": "x"}
        ]),
    );
    let id = &sent[1]["content"][0]["toolUse"]["toolUseId"];
    assert_eq!(id.as_str().map(str::len), Some(9));
    assert_eq!(id, &sent[2]["content"][0]["toolResult"]["toolUseId"]);
}

#[test]
fn markers_become_cache_points_where_the_model_takes_them() {
    let marked = json!({
        "messages": [
            {"role": "system", "content": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]},
            {"role": "user", "content": [
                {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
                {"type": "text", "text": "b"}
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
            ]},
            {"role": "tool", "tool_call_id": "c", "content": [
                {"type": "text", "text": "r", "cache_control": {"type": "ephemeral"}}
            ]},
            {"role": "user", "content": "more"}
        ],
        "tools": [{"type": "function", "function": {"name": "f"}, "cache_control": {"type": "ephemeral"}}],
        "cache_control": {"type": "ephemeral", "ttl": "5m"}
    });
    let point = json!({"cachePoint": {"type": "default"}});
    let tool = json!({"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object", "properties": {}}}}});
    let call = json!({"toolUse": {"toolUseId": "c", "name": "f", "input": {}}});
    let result = json!({"toolResult": {"toolUseId": "c", "content": [{"text": "r"}]}});
    // Five are one too many: the first in the order of the cache, the tool's, goes.
    assert_eq!(
        body(CLAUDE, &marked),
        json!({
            "system": [{"text": "s"}, {"cachePoint": {"type": "default", "ttl": "1h"}}],
            "messages": [
                {"role": "user", "content": [{"text": "a"}, point, {"text": "b"}]},
                {"role": "assistant", "content": [call]},
                {"role": "user", "content": [result, point, {"text": "more"}, point]}
            ],
            "toolConfig": {"tools": [tool]}
        })
    );
    // Nova knows neither markers among tools nor an hour.
    let mut for_nova = body(CLAUDE, &marked);
    for_nova["system"][1] = point.clone();
    assert_eq!(body(NOVA, &marked), for_nova);
    assert_eq!(
        body(LLAMA, &marked),
        json!({
            "system": [{"text": "s"}],
            "messages": [
                {"role": "user", "content": [{"text": "a"}, {"text": "b"}]},
                {"role": "assistant", "content": [call]},
                {"role": "user", "content": [result, {"text": "more"}]}
            ],
            "toolConfig": {"tools": [tool]}
        })
    );
    let mut fewer = marked;
    fewer["messages"][1]["content"][0]["cache_control"] = Value::Null;
    assert_eq!(body(CLAUDE, &fewer)["toolConfig"], json!({"tools": [tool, point]}));
}

#[test]
fn an_answer_can_be_sent_back_as_it_came() {
    let expected = json!([
        {"reasoningContent": {"reasoningText": {"text": "The user wants weather.", "signature": "EqoB+sig=="}}},
        {"reasoningContent": {"redactedContent": "RW1wdHk="}},
        {"text": "One moment."},
        {"toolUse": {"toolUseId": "tooluse_w", "name": "get_weather", "input": {"city": "Rome"}}}
    ]);
    let bytes = recording("bedrock-converse", "thinking-tools.eventstream");
    let streamed = stream(&BedrockConverse, [bytes.as_slice()]);
    let kept = kept_message(&streamed.out);
    let call = json!([{"role": "user", "content": "hi"}, kept]);
    assert_eq!(turns(CLAUDE, &call)[1]["content"], expected);

    let bytes = recording("bedrock-converse", "thinking-tools.json");
    let answer = whole_answer(&BedrockConverse, bytes.into()).unwrap();
    let kept = completion(answer.as_ref())["choices"][0]["message"].clone();
    let call = json!([{"role": "user", "content": "hi"}, kept]);
    assert_eq!(
        turns(CLAUDE, &call)[1]["content"],
        json!([
            {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "EqoB+sig=="}}},
            {"reasoningContent": {"redactedContent": "RW1wdHk="}},
            {"text": "One moment."},
            {"toolUse": {"toolUseId": "tooluse_a", "name": "f", "input": {"a": [1, {"b": null}]}}},
            {"toolUse": {"toolUseId": "tooluse_b", "name": "g", "input": {}}}
        ])
    );
}

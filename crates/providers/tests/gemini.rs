//! Google Gemini: calls as they are encoded, and recorded answers as they are read.

#![expect(clippy::indexing_slicing, reason = "a test should panic where something is missing")]

mod support;

#[path = "support/reading.rs"]
mod reading;

use http::header::AUTHORIZATION;
use reading::{Place, completion, kept_message, recording, streamed, whole};
use serde_json::{Value, json};
use support::{stream, whole_answer};
use tollgate_catalog::{Auth, Quirks};
use tollgate_providers::{Adapter, Gemini};

fn place(model: &'static str) -> Place {
    Place {
        base_url: "https://google.test/v1beta",
        model,
        credential: "AIza-x",
        max_output: Some(65_536),
        supported: Vec::new(),
        auth: Auth::XGoogApiKey,
        quirks: Quirks::default(),
    }
}

fn body(model: &'static str, call: &Value) -> Value {
    place(model).body(&Gemini, call)
}

/// A call with one message and these members.
fn call(members: &Value) -> Value {
    let mut call = json!({"messages": [{"role": "user", "content": "hi"}]});
    for (key, value) in members.as_object().into_iter().flatten() {
        call[key] = value.clone();
    }
    call
}

fn generation(model: &'static str, members: &Value) -> Value {
    body(model, &call(members))["generationConfig"].clone()
}

fn contents(model: &'static str, messages: &Value) -> Value {
    body(model, &json!({ "messages": messages }))["contents"].clone()
}

#[test]
fn a_request_has_the_protocols_address_and_headers() {
    let request = |place: &Place, members: &Value| place.request(&Gemini, &call(members)).unwrap();
    let whole = request(&place("gemini-2.5-flash"), &json!({"user": "me"}));
    assert_eq!(whole.uri(), "https://google.test/v1beta/models/gemini-2.5-flash:generateContent");
    assert_eq!(whole.headers()["x-goog-api-key"], "AIza-x");
    assert!(whole.headers()["x-goog-api-key"].is_sensitive());
    let sent: Value = serde_json::from_slice(whole.body()).unwrap();
    assert_eq!(sent, json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}));

    let tuned = Place {
        base_url: "https://google.test",
        credential: "ya29.x",
        ..place("tunedModels/mine")
    };
    let streamed = request(&tuned, &json!({"stream": true}));
    assert_eq!(
        streamed.uri(),
        "https://google.test/v1beta/tunedModels/mine:streamGenerateContent?alt=sse"
    );
    assert_eq!(streamed.headers()[AUTHORIZATION], "Bearer ya29.x");

    let probe = Gemini.probe(&place("gemini-2.5-flash").target()).unwrap();
    assert_eq!(probe.uri(), "https://google.test/v1beta/models?pageSize=1");
    assert_eq!(probe.headers()["x-goog-api-key"], "AIza-x");
}

#[test]
fn messages_become_contents() {
    let sent = body(
        "gemini-2.5-flash",
        &json!({"messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hi", "name": "Ada"},
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": [{"type": "text", "text": ""}, {"type": "text", "text": "again"}]},
            {"role": "assistant", "content": "I say: "}
        ]}),
    );
    assert_eq!(
        sent,
        json!({
            "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
            "contents": [
                {"role": "user", "parts": [{"text": "Ada: hi"}, {"text": "again"}]},
                {"role": "model", "parts": [{"text": "I say: "}]}
            ]
        })
    );
    assert_eq!(
        contents("gemini-2.5-flash", &json!([{"role": "assistant", "content": "Hello"}])),
        json!([
            {"role": "user", "parts": [{"text": "."}]}, {"role": "model", "parts": [{"text": "Hello"}]}
        ])
    );
}

#[test]
fn media_become_parts_or_are_refused() {
    let sent = contents(
        "gemini-2.5-flash",
        &json!([{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
            {"type": "image_url", "image_url": {"url": "https://x.test/a.JPG?w=1"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {"type": "video_url", "video_url": {"url": "https://www.youtube.com/watch?v=1"}},
            {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
            {"type": "file", "file": {"file_id": "https://generativelanguage.googleapis.com/v1beta/files/abc"}}
        ]}]),
    );
    assert_eq!(
        sent[0]["parts"],
        json!([
            {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://x.test/a.JPG?w=1"}},
            {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}},
            {"fileData": {"fileUri": "https://www.youtube.com/watch?v=1"}},
            {"inlineData": {"mimeType": "video/mp4", "data": "AAAA"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
            {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc"}}
        ])
    );
    for (part, reason) in [
        (
            json!({"type": "video_url", "video_url": {"url": "https://notyoutube.com/a.mp4"}}),
            "a video by an address other than YouTube's",
        ),
        (json!({"type": "file", "file": {"file_id": "file-1"}}), "an uploaded file"),
        (
            json!({"type": "input_audio", "input_audio": {"data": "AA", "format": "pcm24"}}),
            "audio in the format pcm24",
        ),
    ] {
        let call = json!({"messages": [{"role": "user", "content": [part]}]});
        assert_eq!(place("gemini-2.5-flash").refusal(&Gemini, &call), reason);
    }
}

#[test]
fn tools_and_their_results_become_parts() {
    let messages = json!([
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{\"x\": 1.50}"}},
            {"id": "b", "type": "function", "function": {"name": "g", "arguments": ""}}
        ]},
        {"role": "user", "content": "and?"},
        {"role": "tool", "tool_call_id": "a", "content": "{\"y\": 2}"},
        {"role": "tool", "tool_call_id": "b", "content": [
            {"type": "text", "text": "[1]"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}}
        ]}
    ]);
    let image = json!({"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}});
    let calls = |signature: Value| {
        let mut first = json!({"functionCall": {"id": "a", "name": "f", "args": {"x": 1.50}}});
        if signature.is_string() {
            first["thoughtSignature"] = signature;
        }
        json!([first, {"functionCall": {"id": "b", "name": "g", "args": {}}}])
    };
    let first = json!({"functionResponse": {"id": "a", "name": "f", "response": {"y": 2}}});
    let second =
        json!({"functionResponse": {"id": "b", "name": "g", "response": {"result": "[1]"}}});
    let sent = contents("gemini-2.5-flash", &messages);
    assert_eq!(sent[1]["parts"], calls(Value::Null));
    assert_eq!(sent[2]["parts"], json!([first, second, {"text": "and?"}, image]));
    // The third generation wants calls signed, and takes media inside results.
    let sent = contents("gemini-3-pro-preview", &messages);
    assert_eq!(sent[1]["parts"], calls(json!("skip_thought_signature_validator")));
    let mut nested = second;
    nested["functionResponse"]["parts"] = json!([image]);
    assert_eq!(sent[2]["parts"], json!([first, nested, {"text": "and?"}]));
}

#[test]
fn what_the_model_drew_goes_back_to_it() {
    let image = |data: &str| json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{data}")}});
    let sealed = json!({"type": "reasoning.encrypted", "id": "image_1", "data": "aW1n", "format": "google-gemini-v1", "index": 0});
    let remote = json!({"type": "image_url", "image_url": {"url": "https://x.test/a.png"}});
    let request = json!({"messages": [
        {"role": "user", "content": "Draw two boats."},
        {"role": "assistant", "content": "Here:", "images": [image("AA"), image("BB"), remote],
            "reasoning_details": [sealed]},
        {"role": "user", "content": "Make one blue."}
    ]});
    let drawn = |data: &str| json!({"inlineData": {"mimeType": "image/png", "data": data}});
    let mut second = drawn("BB");
    second["thoughtSignature"] = json!("aW1n");
    let sent = body("gemini-2.5-flash-image", &request);
    assert_eq!(sent["contents"][1]["parts"], json!([{"text": "Here:"}, drawn("AA"), second]));
    let mut first = drawn("AA");
    first["thoughtSignature"] = json!("skip_thought_signature_validator");
    let sent = body("gemini-3-pro-image-preview", &request);
    assert_eq!(sent["contents"][1]["parts"], json!([{"text": "Here:"}, first, second]));
}

#[test]
fn thoughts_leave_room_for_an_answer() {
    for (asked, expected) in [
        (json!({"max_tokens": 2_000, "reasoning": {"max_tokens": 1_000}}), (2_000, 1_000)),
        (json!({"max_tokens": 2_000, "reasoning": {"max_tokens": 2_000}}), (4_000, 2_000)),
        (json!({"max_tokens": 65_000, "reasoning": {"max_tokens": 70_000}}), (65_000, 24_576)),
        (json!({"max_tokens": 10, "reasoning": {"max_tokens": 20_000}}), (20_010, 20_000)),
    ] {
        let sent = generation("gemini-2.5-flash", &asked);
        let budget = &sent["thinkingConfig"]["thinkingBudget"];
        assert_eq!((&sent["maxOutputTokens"], budget), (&json!(expected.0), &json!(expected.1)));
    }
    let mut small = place("gemini-2.5-flash");
    small.max_output = Some(1_500);
    let asked = json!({"max_tokens": 1_000, "reasoning": {"max_tokens": 5_000}});
    let sent = small.body(&Gemini, &call(&asked))["generationConfig"].clone();
    assert_eq!(sent["maxOutputTokens"], 1_500);
    assert_eq!(sent["thinkingConfig"]["thinkingBudget"], 1_499);
}

#[test]
fn tools_are_offered_as_the_protocol_has_them() {
    let tools = json!([
        {"type": "function", "function": {"name": "f", "description": "d", "strict": true,
            "parameters": {"type": "object", "additionalProperties": false, "properties": {"a": {"type": "string"}}}}},
        {"type": "function", "function": {"name": "g"}}
    ]);
    let sent =
        body("gemini-2.5-flash", &call(&json!({"tools": tools, "parallel_tool_calls": false})));
    assert_eq!(
        sent["tools"],
        json!([{"functionDeclarations": [
            {"name": "f", "description": "d", "parametersJsonSchema":
                {"type": "object", "additionalProperties": false, "properties": {"a": {"type": "string"}}}},
            {"name": "g"}
        ]}])
    );
    assert_eq!(sent["toolConfig"], Value::Null);
    for (choice, config) in [
        (json!("auto"), json!({"mode": "AUTO"})),
        (json!("none"), json!({"mode": "NONE"})),
        (json!("required"), json!({"mode": "ANY"})),
        (
            json!({"type": "function", "function": {"name": "f"}}),
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ),
    ] {
        let sent = body("gemini-2.5-flash", &call(&json!({"tools": tools, "tool_choice": choice})));
        assert_eq!(sent["toolConfig"]["functionCallingConfig"], config);
    }
}

#[test]
fn tools_that_are_all_strict_are_called_to_the_letter() {
    let tool = |name: &str, strict: bool| {
        let function = json!({"name": name, "strict": strict, "parameters": {"type": "object"}});
        json!({"type": "function", "function": function})
    };
    let (strict, mixed) = ([tool("f", true), tool("g", true)], [tool("f", true), tool("g", false)]);
    for (tools, choice, mode) in [
        (&strict, Value::Null, json!("VALIDATED")),
        (&strict, json!("auto"), json!("VALIDATED")),
        (&strict, json!("required"), json!("ANY")),
        (&strict, json!("none"), json!("NONE")),
        (&mixed, json!("auto"), json!("AUTO")),
        (&mixed, Value::Null, Value::Null),
    ] {
        let sent = body("gemini-2.5-flash", &call(&json!({"tools": tools, "tool_choice": choice})));
        assert_eq!(sent["toolConfig"]["functionCallingConfig"]["mode"], mode, "{choice}");
    }
}

#[test]
fn parameters_become_the_generation_config() {
    let all = json!({
        "max_tokens": 100_000, "temperature": 1.5, "top_p": 0.5, "top_k": 40, "stop": ["END", ""],
        "seed": 4_294_967_297_i64, "presence_penalty": 0.5, "frequency_penalty": -0.5, "min_p": 0.1,
        "logprobs": true, "top_logprobs": 3, "modalities": ["text", "image"]
    });
    assert_eq!(
        generation("gemini-2.5-flash-image", &all),
        json!({
            "maxOutputTokens": 65_536, "temperature": 1.5, "topP": 0.5, "topK": 40,
            "stopSequences": ["END"], "seed": 1, "presencePenalty": 0.5, "frequencyPenalty": -0.5,
            "responseLogprobs": true, "logprobs": 3, "responseModalities": ["TEXT", "IMAGE"]
        })
    );
    let mut choosy = place("gemini-2.5-flash");
    choosy.supported = vec!["temperature".to_owned()];
    assert_eq!(
        choosy.body(&Gemini, &call(&all))["generationConfig"],
        json!({"maxOutputTokens": 65_536, "temperature": 1.5, "responseModalities": ["TEXT", "IMAGE"]})
    );
    for (tier, sent) in
        [("flex", json!("flex")), ("default", json!("standard")), ("auto", Value::Null)]
    {
        let sent_tier = body("gemini-2.5-flash", &call(&json!({"service_tier": tier})));
        assert_eq!(sent_tier["serviceTier"], sent);
    }
}

#[test]
fn reasoning_is_asked_for_in_the_models_way() {
    for (model, members, expected) in [
        ("gemini-2.5-flash", json!({}), Value::Null),
        ("gemini-2.5-flash", json!({"include_reasoning": true}), json!({"includeThoughts": true})),
        (
            "gemini-2.5-flash",
            json!({"max_tokens": 10_000, "reasoning": {"effort": "high"}}),
            json!({"includeThoughts": true, "thinkingBudget": 8_000}),
        ),
        (
            "gemini-2.5-flash",
            json!({"reasoning": {"effort": "none"}}),
            json!({"includeThoughts": false, "thinkingBudget": 0}),
        ),
        (
            "gemini-2.5-pro",
            json!({"reasoning": {"enabled": false}}),
            json!({"includeThoughts": false, "thinkingBudget": 128}),
        ),
        (
            "gemini-2.5-pro",
            json!({"reasoning": {"max_tokens": 100_000, "exclude": true}}),
            json!({"includeThoughts": false, "thinkingBudget": 32_768}),
        ),
        (
            "gemini-2.5-flash-lite",
            json!({"reasoning": {"max_tokens": 10}}),
            json!({"includeThoughts": true, "thinkingBudget": 512}),
        ),
        ("gemini-2.0-flash", json!({"reasoning": {"enabled": true}}), Value::Null),
        (
            "gemini-3-pro-preview",
            json!({"reasoning": {"enabled": true}}),
            json!({"includeThoughts": true, "thinkingLevel": "high"}),
        ),
        (
            "gemini-3-flash-preview",
            json!({"reasoning": {"effort": "none"}}),
            json!({"includeThoughts": false, "thinkingLevel": "minimal"}),
        ),
        (
            "gemini-3.1-pro-preview",
            json!({"max_tokens": 10_000, "reasoning": {"max_tokens": 2_000}}),
            json!({"includeThoughts": true, "thinkingLevel": "low"}),
        ),
    ] {
        assert_eq!(generation(model, &members)["thinkingConfig"], expected, "{model} {members}");
    }
}

#[test]
fn the_form_of_the_answer_is_enforced_or_asked_for() {
    let schema = json!({"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": false});
    let mut members = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}});
    let enforced = json!({"responseMimeType": "application/json", "responseJsonSchema": schema});
    assert_eq!(generation("gemini-2.5-flash", &members), enforced);
    assert_eq!(
        generation("gemini-2.5-flash", &json!({"response_format": {"type": "json_object"}})),
        json!({"responseMimeType": "application/json"})
    );
    // The second generation refuses it together with tools.
    members["tools"] = json!([{"type": "function", "function": {"name": "f"}}]);
    let sent = body("gemini-2.5-flash", &call(&members));
    assert_eq!(sent["generationConfig"], Value::Null);
    let told = sent["systemInstruction"]["parts"][0]["text"].as_str().unwrap();
    assert!(told.contains("It must match this JSON schema:\n{"), "{told}");
    assert_eq!(generation("gemini-3-flash-preview", &members), enforced);
}

/// What the model said, given back, hangs its signatures where they hung.
#[test]
fn an_answer_goes_back_as_it_came() {
    let collected = |name: &str| {
        let answer = whole_answer(&Gemini, recording("gemini", name).into()).unwrap();
        completion(answer.as_ref())["choices"][0]["message"].clone()
    };
    let bytes = recording("gemini", "tools-parallel.sse");
    let kept = kept_message(&stream(&Gemini, [bytes.as_slice()]).out);
    let back = |message: &Value| {
        let messages =
            json!([{"role": "user", "content": "go"}, message, {"role": "user", "content": "on"}]);
        contents("gemini-3-pro-preview", &messages)[1]["parts"].clone()
    };
    assert_eq!(
        back(&collected("thinking-tools.json")),
        json!([
            {"text": "Let me count."},
            {"functionCall": {"id": "call_w0Le_0", "name": "count", "args": {"what": "fox", "in": [1, 2]}}, "thoughtSignature": "CpoBAXLI2nyA"},
            {"functionCall": {"id": "call_w0Le_1", "name": "count", "args": {"what": "hen"}}}
        ])
    );
    assert_eq!(
        back(&kept),
        json!([
            {"functionCall": {"id": "call_t3Xk_0", "name": "get_weather", "args": {"city": "Paris \"P\""}}, "thoughtSignature": "CpoBAXLI2nyA"},
            {"functionCall": {"id": "call_t3Xk_1", "name": "get_weather", "args": {"city": "Rome", "days": [1, 2.50]}}},
            {"functionCall": {"id": "fc-77", "name": "now", "args": {}}, "thoughtSignature": "CsgBAXLI2nyB"}
        ])
    );
    assert_eq!(
        back(&collected("signed-text.json")),
        json!([{"text": "Just so.", "thoughtSignature": "CiQB0e2Kb=="}])
    );
}

#[test]
fn a_reason_that_comes_with_every_part_is_told_once() {
    let part = |text: &str| {
        format!(
            "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}},\"finishReason\":\"STOP\"}}]}}\n\n"
        )
    };
    let parts = [part("One "), part("two.")];
    let out = stream(&Gemini, parts.iter().map(String::as_bytes)).out;
    assert_eq!(kept_message(&out)["content"], json!("One two."));
    assert_eq!(String::from_utf8(out).unwrap().matches("\"finish_reason\":\"stop\"").count(), 1);
}

#[test]
fn streams_are_read() {
    for (name, expected) in STREAMS {
        assert_eq!(streamed(&Gemini, name), *expected, "{name}");
    }
}

#[test]
fn whole_answers_are_read() {
    for (name, expected) in WHOLES {
        assert_eq!(whole(&Gemini, name), *expected, "{name}");
    }
}

/// What a client sees of each recorded stream, and what is known of it in the end.
const STREAMS: &[(&str, &str)] = &[
    (
        "array-cut.json",
        r#"content "One "
content "two"
id mQk9aZ
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "array-error.json",
        r#"fault credential_refused code=INVALID_ARGUMENT "API key not valid. Please pass a valid API key."
"#,
    ),
    (
        "array.json",
        r#"content "Brackets ]}, \"[{\" and \\ "
call[0] id="call_mQk9aZ_0" name="f"
call[0] arguments={"a":" x  \"\\\" y ","b":[1,{}]}
content "ü."
finish tool_calls (STOP)
id mQk9aZ
usage Reported prompt=11 completion=9
"#,
    ),
    (
        "blocked.sse",
        r#"refusal "The prompt was blocked."
finish content_filter (PROHIBITED_CONTENT)
id bL0c
usage Reported prompt=9
"#,
    ),
    (
        "cut.sse",
        r#"content "It was a dark"
id mQk9aZ
usage Reported prompt=5 completion=3
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "error-at-once.sse",
        r#"fault rate_limited code=RESOURCE_EXHAUSTED "Quota exceeded" retry_after=7.5s
"#,
    ),
    (
        "error-event.sse",
        r#"content "Half an"
id mQk9aZ
fault overloaded code=UNAVAILABLE "The model is overloaded. Please try again later."
"#,
    ),
    (
        "grounding.sse",
        r#"content "Foxes are red."
content " Done."
annotation {"type":"url_citation","url_citation":{"content":"Foxes are red.","end_index":14,"start_index":0,"title":"fox.test","url":"https://vertexaisearch.test/1"}}
annotation {"type":"url_citation","url_citation":{"content":"Foxes are red.","end_index":14,"start_index":0,"title":"grey.test","url":"https://vertexaisearch.test/2"}}
finish stop (STOP)
id mQk9aZ
usage Reported prompt=5 completion=6
"#,
    ),
    (
        "image.sse",
        r#"content "Here it is: "
image "data:image/png;base64,iVBORw0KGgo="
image "data:image/webp;base64,UklGRg=="
encrypted[0] google-gemini-v1 id="image_1" data="aW1n"
finish stop (STOP)
id mQk9aZ
usage Reported prompt=8 completion=1302 image_completion=1290
"#,
    ),
    (
        "late-usage.sse",
        r#"content "Hi"
finish length (MAX_TOKENS)
id mQk9aZ
usage Reported prompt=5 completion=2
"#,
    ),
    (
        "logprobs.sse",
        r#"content "Hi"
logprobs {"content":[{"bytes":[72,105],"logprob":-0.25,"token":"Hi","top_logprobs":[{"bytes":[72,105],"logprob":-0.25,"token":"Hi"},{"bytes":[72,111],"logprob":-1.5,"token":"Ho"}]}],"refusal":null}
finish stop (STOP)
id mQk9aZ
usage Reported prompt=5 completion=1
"#,
    ),
    (
        "malformed-call.sse",
        r#"content "Calling"
finish error (MALFORMED_FUNCTION_CALL)
id mQk9aZ
usage Reported prompt=5 completion=3
"#,
    ),
    (
        "malformed.sse",
        r#"content "Fine so far"
id mQk9aZ
fault broken "The provider's answer is malformed: a part of it is not a response"
"#,
    ),
    (
        "safety.sse",
        r#"content "Well"
finish content_filter (SAFETY)
id mQk9aZ
usage Reported prompt=5 completion=1
"#,
    ),
    (
        "stalled.sse",
        r#"content "Thinking"
id mQk9aZ
usage Reported prompt=5 completion=3
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "text.sse",
        r#"content "Grüß"
content " dich, \"Welt\"\n"
content "🦀."
finish stop (STOP)
id mQk9aZ
tier default
usage Reported prompt=11 completion=9 cached=8 audio_prompt=2 image_prompt=4
"#,
    ),
    (
        "thinking.sse",
        r#"text[0] google-gemini-v1 text="Hmm. "
text[0] google-gemini-v1 text="Foxes."
content "The answer"
content " is 42."
encrypted[1] google-gemini-v1 data="CiQB0e2Kb=="
finish stop (STOP)
id mQk9aZ
usage Reported prompt=9 completion=37 reasoning=31
"#,
    ),
    (
        "tools-parallel.sse",
        r#"text[0] google-gemini-v1 text="**Weather**\n\nBoth cities. "
text[0] google-gemini-v1 text="Then answer."
encrypted[1] google-gemini-v1 id="call_t3Xk_0" data="CpoBAXLI2nyA"
call[0] id="call_t3Xk_0" name="get_weather"
call[0] arguments={"city":"Paris \"P\""}
call[1] id="call_t3Xk_1" name="get_weather"
call[1] arguments={"city":"Rome","days":[1,2.5]}
encrypted[2] google-gemini-v1 id="fc-77" data="CsgBAXLI2nyB"
call[2] id="fc-77" name="now"
call[2] arguments={}
finish tool_calls (STOP)
id t3Xk
usage Reported prompt=67 completion=75 reasoning=45
"#,
    ),
];

/// The same of each recorded whole answer.
const WHOLES: &[(&str, &str)] = &[
    (
        "cited-bytes.json",
        r#"text[0] google-gemini-v1 text="Let me look."
content "😀é wörld und Füchse"
annotation {"type":"url_citation","url_citation":{"content":"wörld","end_index":8,"start_index":3,"title":"fox.test","url":"https://vertexaisearch.test/1"}}
annotation {"type":"url_citation","url_citation":{"content":"Füchse","end_index":19,"start_index":13,"title":"fox.test","url":"https://vertexaisearch.test/1"}}
annotation {"type":"url_citation","url_citation":{"content":"Füchse","end_index":19,"start_index":13,"title":"fox.test","url":"https://vertexaisearch.test/1"}}
finish stop (STOP)
id mQk9aZ
usage Reported prompt=5 completion=6
"#,
    ),
    (
        "error.json",
        r#"fault overloaded code=UNAVAILABLE "The model is overloaded."
"#,
    ),
    (
        "garbage.json",
        r#"fault broken "The provider's answer is malformed: it is not JSON"
"#,
    ),
    (
        "shapeless.json",
        r#"fault broken "The provider's answer is malformed: it is not a response"
"#,
    ),
    (
        "signed-text.json",
        r#"encrypted[0] google-gemini-v1 data="CiQB0e2Kb=="
content "Just so."
finish stop (STOP)
id s1Gn
usage Reported prompt=4 completion=2
"#,
    ),
    (
        "text.json",
        r#"content "Grüß dich."
finish stop (STOP)
id mQk9aZ
usage Reported prompt=11 completion=4
"#,
    ),
    (
        "thinking-tools.json",
        r#"text[0] google-gemini-v1 text="Count them."
encrypted[1] google-gemini-v1 id="call_w0Le_0" data="CpoBAXLI2nyA"
content "Let me count."
call[0] id="call_w0Le_0" name="count" arguments={"what":"fox","in":[1,2]}
call[1] id="call_w0Le_1" name="count" arguments={"what":"hen"}
finish tool_calls (STOP)
id w0Le
usage Reported prompt=40 completion=77 reasoning=50
"#,
    ),
];

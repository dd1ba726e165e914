use serde_json::{Value, json};

use super::*;
use crate::operation::{Operation, OperationCall};
use crate::{Address, Dialect};

fn call_at(dialect: Dialect, body: &Value, address: Address) -> Call {
    Call::read(dialect, Bytes::from(body.to_string()), address).unwrap()
}

fn call(dialect: Dialect, body: &Value) -> Call {
    call_at(dialect, body, Address::default())
}

fn preset(system_prompt: Option<&str>, config: &Value) -> Preset {
    Preset::read(system_prompt.map(str::to_owned), Bytes::from(config.to_string())).unwrap()
}

fn value(raw: &str) -> Value {
    serde_json::from_str(raw).unwrap()
}

/// The chat request that a call is once the preset is laid under it.
fn merged(call: &Call, preset: &Preset) -> Value {
    value(call.with_preset(preset).unwrap().chat().unwrap().object().text())
}

fn function(name: &str) -> Value {
    json!({ "type": "function", "function": { "name": name, "parameters": { "type": "object" } } })
}

#[test]
fn section_1_6_what_of_a_request_becomes_a_preset() {
    let chat = json!({
        "model": "a/b", "models": ["c/d"], "temperature": 0.2, "provider": { "sort": "price" },
        "top_k": null, "custom_word": 7, "cache_enabled": true, "cache_ttl": 60,
        "tools": [function("f")],
        "stream": true, "stream_options": { "include_usage": true }, "user": "u",
        "session_id": "s", "metadata": { "a": "b" }, "trace": {}, "usage": {}, "debug": {},
        "preset": "another",
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "developer", "content": [{ "type": "text", "text": "Be kind." }] },
            { "role": "user", "content": "Hello" },
            { "role": "system", "content": "Not this." },
        ],
    });
    let messages = json!({
        "model": "a/b", "max_tokens": 64, "temperature": 0.2, "stop_sequences": ["x"],
        "system": [{ "type": "text", "text": "Be brief." }, { "type": "text", "text": "Be kind." }],
        "messages": [{ "role": "user", "content": "Hello" }],
        "tools": [{ "name": "f", "input_schema": { "type": "object" } }],
    });
    let responses = json!({
        "model": "a/b", "max_output_tokens": 64, "instructions": "Be brief.\n\nBe kind.",
        "input": "Hello", "text": { "format": { "type": "json_object" } },
    });
    for (dialect, body, expected) in [
        (
            Dialect::Chat,
            chat,
            json!({
                "model": "a/b", "models": ["c/d"], "temperature": 0.2,
                "provider": { "sort": "price" }, "custom_word": 7, "cache_enabled": true,
                "cache_ttl": 60, "tools": [function("f")],
            }),
        ),
        (
            Dialect::Messages,
            messages,
            json!({
                "model": "a/b", "max_tokens": 64, "temperature": 0.2, "stop": ["x"],
                "tools": [function("f")],
            }),
        ),
        (
            Dialect::Responses,
            responses,
            json!({
                "model": "a/b", "max_tokens": 64, "response_format": { "type": "json_object" },
            }),
        ),
    ] {
        let preset = Preset::of_call(&call(dialect, &body)).unwrap();
        assert_eq!(value(preset.config().text()), expected, "{dialect}");
        assert_eq!(preset.system_prompt(), Some("Be brief.\n\nBe kind."), "{dialect}");
    }
}

#[test]
fn what_can_be_no_preset_says_why() {
    let image = json!([{ "type": "image_url", "image_url": { "url": "https://x.test/a.png" } }]);
    for (body, message) in [
        (
            json!({ "model": "@preset/x", "messages": [{ "role": "user", "content": "x" }] }),
            "model: A preset can't name a preset; name the model",
        ),
        (
            json!({ "model": "a/b", "messages": [{ "role": "system", "content": image }] }),
            "messages.0.content: The system prompt of a preset is text, and nothing else",
        ),
        (
            json!({ "model": "a/b", "messages": [{ "role": "system", "content": "x".repeat(BYTES_MAX) }] }),
            "A preset can have at most 262144 bytes",
        ),
    ] {
        let error = Preset::of_call(&call(Dialect::Chat, &body)).unwrap_err();
        assert_eq!(error.message(), message);
    }
    assert!(Preset::read(None, Bytes::from_static(b"[]")).is_err());
}

#[test]
fn section_2_1_a_preset_is_named_in_the_model_or_beside_it() {
    let messages = json!([{ "role": "user", "content": "x" }]);
    for (members, expected) in [
        (json!({ "model": "a/b" }), Ok(None)),
        (json!({ "model": "@preset/x" }), Ok(Some("x"))),
        (json!({ "model": "a/b@preset/x" }), Ok(Some("x"))),
        (json!({ "model": "a/b", "preset": "x" }), Ok(Some("x"))),
        (json!({ "model": "a/b@preset/x", "preset": "x" }), Ok(Some("x"))),
        (json!({ "preset": null }), Ok(None)),
        (
            json!({ "model": "@preset/x", "preset": "y" }),
            Err("preset: The model names another preset, x"),
        ),
        (
            json!({ "models": ["a/b", "@preset/x"] }),
            Err("models: Name a preset in `model` or in `preset`, not among the models"),
        ),
    ] {
        let mut body = members;
        body["messages"] = messages.clone();
        let named = call(Dialect::Chat, &body).preset();
        let named = named.map_err(|error| error.message().to_owned());
        assert_eq!(
            named.as_ref().map(Option::as_deref).map_err(String::as_str),
            expected,
            "{body}"
        );
    }
}

/// What a file that was written by hand may have in a preset: more than is kept of a request.
fn written() -> Value {
    json!({
        "model": "a/b", "models": ["c/d"], "temperature": 0.2, "max_tokens": 64,
        "reasoning": { "effort": "low" }, "provider": { "sort": "price", "hedge": true },
        "stop": ["x"], "tools": [function("f")], "cache_enabled": true, "cache_ttl": 9,
        "stream": true, "messages": [], "user": "u",
    })
}

/// A bare call with that preset, with other members and without some.
fn with(members: Value, without: &[&str]) -> Value {
    let mut expected = written();
    expected["messages"] = json!([
        { "role": "system", "content": "Be \"brief\"." },
        { "role": "user", "content": "Hello" },
    ]);
    for name in ["cache_enabled", "cache_ttl", "stream", "user"].iter().chain(without) {
        expected.as_object_mut().unwrap().remove(*name);
    }
    let Value::Object(members) = members else { return expected };
    expected.as_object_mut().unwrap().extend(members);
    expected
}

#[test]
fn section_5_1_a_requests_fields_override_a_presets() {
    let hello = json!({ "role": "user", "content": "Hello" });
    let own = json!({ "role": "system", "content": "Mine." });
    let brief = json!({ "role": "system", "content": "Be \"brief\"." });
    let base = with(Value::Null, &[]);
    for (body, expected) in [
        (json!({ "model": "@preset/x", "messages": [hello] }), base.clone()),
        (
            json!({ "preset": "x", "model": null, "temperature": null, "messages": [hello] }),
            base.clone(),
        ),
        (
            json!({ "model": "m/n@preset/x", "messages": [hello] }),
            with(json!({ "model": "m/n" }), &[]),
        ),
        (
            json!({ "preset": "x", "model": "m/n", "models": [], "temperature": 0, "provider": { "only": ["p"] }, "messages": [hello] }),
            with(
                json!({ "model": "m/n", "models": [], "temperature": 0, "provider": { "only": ["p"] } }),
                &[],
            ),
        ),
        // The same in other words.
        (
            json!({ "preset": "x", "max_completion_tokens": 5, "reasoning_effort": "high", "messages": [hello] }),
            with(
                json!({ "max_completion_tokens": 5, "reasoning_effort": "high" }),
                &["max_tokens", "reasoning"],
            ),
        ),
        // The preset's instructions stand before the request's.
        (
            json!({ "preset": "x", "messages": [own, hello], "tools": [function("g"), function("f")] }),
            with(
                json!({ "messages": [brief, own, hello], "tools": [function("f"), function("g")] }),
                &[],
            ),
        ),
        (json!({ "preset": "x", "prompt": "Hello" }), base.clone()),
        (
            json!({ "preset": "x", "stream": false, "user": "me", "messages": [hello] }),
            with(json!({ "stream": false, "user": "me" }), &[]),
        ),
    ] {
        let preset = preset(Some("Be \"brief\"."), &written());
        assert_eq!(merged(&call(Dialect::Chat, &body), &preset), expected, "{body}");
    }
}

#[test]
fn a_preset_that_says_nothing_changes_nothing() {
    let hello = json!({ "role": "user", "content": "Hello" });
    let nothing = preset(None, &json!({}));
    let spoken = call(Dialect::Chat, &json!({ "model": "@preset/x", "messages": [hello] }));
    assert_eq!(merged(&spoken, &nothing), json!({ "messages": [hello] }));
    let prompt = call(Dialect::Chat, &json!({ "model": "@preset/x", "prompt": "Hello" }));
    assert_eq!(merged(&prompt, &nothing), json!({ "prompt": "Hello" }));
}

/// A request of one message in each dialect, with its own bound of tokens.
fn asking(dialect: Dialect) -> Value {
    let messages = json!([{ "role": "user", "content": "Hello" }]);
    match dialect {
        Dialect::Completions => json!({ "max_tokens": 5, "prompt": "Hello" }),
        Dialect::Responses => json!({ "max_output_tokens": 5, "input": "Hello" }),
        Dialect::Chat | Dialect::Messages => json!({ "max_tokens": 5, "messages": messages }),
        Dialect::Gemini => {
            json!({ "generationConfig": { "maxOutputTokens": 5 }, "contents": [{ "role": "user", "parts": [{ "text": "Hello" }] }] })
        }
        Dialect::Ollama => {
            json!({ "options": { "num_predict": 5 }, "stream": false, "messages": messages })
        }
    }
}

/// The same call, naming a preset as its clients do.
fn naming(dialect: Dialect, name: &str) -> Call {
    let mut body = asking(dialect);
    if dialect == Dialect::Gemini {
        let address = Address { model: Some(name.to_owned()), ..Address::default() };
        return call_at(dialect, &body, address);
    }
    body["model"] = json!(name);
    call(dialect, &body)
}

#[test]
fn section_5_1_a_preset_applies_in_every_dialect() {
    let preset = preset(
        Some("Be brief."),
        &json!({
            "model": "a/b", "models": ["c/d"], "temperature": 0.2, "max_tokens": 64,
            "provider": { "only": ["p"] }, "reasoning": { "exclude": true },
        }),
    );
    for dialect in crate::DIALECTS {
        for (name, model) in [("@preset/x", "a/b"), ("m/n@preset/x", "m/n")] {
            let call = naming(dialect, name);
            assert_eq!(call.preset().unwrap().as_deref(), Some("x"), "{dialect}");
            let call = call.with_preset(&preset).unwrap();
            assert_eq!(call.preset().unwrap(), None, "{dialect}");
            let params = call.params();
            assert_eq!(params.model.as_deref(), Some(model), "{dialect}");
            assert_eq!(params.models, ["c/d"], "{dialect}");
            assert_eq!(params.max_tokens, Some(5), "{dialect}");
            assert_eq!(params.temperature, Some(0.2), "{dialect}");
            assert!(params.reasoning.exclude && !params.stream, "{dialect}");
            assert_eq!(call.member("provider"), Some(r#"{"only":["p"]}"#), "{dialect}");
            assert!(call.parameters().contains(&"temperature"), "{dialect}");
            assert_eq!(call.survey().messages, 2, "{dialect}");
            // The body has no words of this dialect for what the preset says.
            assert_eq!(call.may_be_passed_on(), dialect == Dialect::Chat, "{dialect}");
            let chat = value(call.chat().unwrap().object().text());
            let system = json!({ "role": "system", "content": "Be brief." });
            assert_eq!(chat["messages"][0], system, "{dialect}: {chat}");
            assert_eq!(chat["messages"][1]["role"], "user", "{dialect}: {chat}");
            assert_eq!(chat["model"], model, "{dialect}: {chat}");
            // What it points to is put inside later, and changes nothing about that.
            let inlined = call.with_media(&[]).unwrap();
            assert_eq!(inlined.may_be_passed_on(), dialect == Dialect::Chat, "{dialect}");
        }
    }
}

#[test]
fn what_means_the_same_everywhere_goes_into_the_body_as_it_is() {
    let none = preset(None, &json!({}));
    let preset = preset(
        None,
        &json!({ "model": "a/b", "models": ["c/d"], "provider": { "only": ["p"] }, "cache_enabled": true }),
    );
    for dialect in crate::DIALECTS {
        let call = naming(dialect, "@preset/x").with_preset(&preset).unwrap();
        assert!(call.may_be_passed_on(), "{dialect}");
        let mut expected = asking(dialect);
        expected["models"] = json!(["c/d"]);
        expected["provider"] = json!({ "only": ["p"] });
        if dialect != Dialect::Gemini {
            expected["model"] = json!("a/b");
        }
        assert_eq!(value(call.object().text()), expected, "{dialect}");
        assert_eq!(call.params().model.as_deref(), Some("a/b"), "{dialect}");
        let own = naming(dialect, "m/n@preset/x").with_preset(&preset).unwrap();
        assert_eq!(own.params().model.as_deref(), Some("m/n"), "{dialect}");
        // A preset without a model leaves none.
        let call = naming(dialect, "@preset/x").with_preset(&none).unwrap();
        assert_eq!(call.params().model, None, "{dialect}");
    }
}

#[test]
fn a_call_that_only_has_a_model_loaded_gets_the_model() {
    let preset = preset(Some("Be brief."), &json!({ "model": "a/b", "temperature": 0.2 }));
    let silent = call(Dialect::Ollama, &json!({ "model": "@preset/x", "messages": [] }));
    let call = silent.with_preset(&preset).unwrap();
    assert_eq!(call.params().model.as_deref(), Some("a/b"));
}

#[test]
fn messages_own_word_for_models_to_fall_back_to_counts() {
    let mut body = asking(Dialect::Messages);
    body["model"] = json!("a/b");
    body["preset"] = json!("x");
    body["fallbacks"] = json!([{ "model": "e/f" }]);
    for prompt in [None, Some("Be brief.")] {
        let preset = preset(prompt, &json!({ "models": ["c/d"] }));
        let call = call(Dialect::Messages, &body).with_preset(&preset).unwrap();
        assert_eq!(call.params().models, ["e/f"], "{prompt:?}");
    }
}

#[test]
fn an_operation_takes_models_and_providers_from_a_preset() {
    let preset = preset(
        Some("Be brief."),
        &json!({ "model": "a/b", "temperature": 0.2, "provider": { "only": ["p"] } }),
    );
    let read = |operation: Operation, body: Value| {
        let call = OperationCall::read(operation, Bytes::from(body.to_string())).unwrap();
        assert_eq!(call.preset().unwrap().as_deref(), Some("x"));
        call.with_preset(&preset).unwrap()
    };
    let call = read(Operation::Embeddings, json!({ "model": "@preset/x", "input": "Hello" }));
    assert_eq!(call.params().model.as_deref(), Some("a/b"));
    assert_eq!(
        value(call.object().text()),
        json!({ "model": "a/b", "input": "Hello", "provider": { "only": ["p"] } })
    );
    let own = json!({ "model": "m/n@preset/x", "input": "Hello", "provider": { "only": ["q"] } });
    let call = read(Operation::Embeddings, own);
    assert_eq!(call.params().model.as_deref(), Some("m/n"));
    assert_eq!(call.member("provider"), Some(r#"{"only":["q"]}"#));
    // The default of a moderation is nobody's choice.
    let call = read(Operation::Moderation, json!({ "preset": "x", "input": "Hello" }));
    assert_eq!(call.params().model.as_deref(), Some("a/b"));
}

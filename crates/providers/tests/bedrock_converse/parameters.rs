//! Parameters, tools and forms of the answer as they are encoded.

use serde_json::{Value, json};
use tollgate_catalog::Quirks;
use tollgate_providers::BedrockConverse;

use crate::reading::Place;
use crate::{CLAUDE, LLAMA, NOVA, beside, body, call, place};

const NOVA_2: &str = "us.amazon.nova-2-lite-v1:0";
const CLAUDE_4_6: &str = "global.anthropic.claude-opus-4-6-v1";

#[test]
fn parameters_go_where_the_model_takes_them() {
    let given = json!({
        "max_tokens": 100, "temperature": 1.5, "top_p": 0.5, "top_k": 7, "stop": ["a", " "],
        "seed": 1, "presence_penalty": 1, "service_tier": "flex"
    });
    let common = json!({"maxTokens": 100, "temperature": 1.0, "topP": 0.5, "stopSequences": ["a"]});
    let tier = json!({"type": "flex"});
    for (model, own) in [
        (LLAMA, None),
        (NOVA, Some(json!({"inferenceConfig": {"topK": 7}}))),
        ("mistral.mistral-large-2407-v1:0", Some(json!({"top_k": 7}))),
    ] {
        let mut expected = json!({"inferenceConfig": common, "serviceTier": tier});
        if let Some(own) = own {
            expected["additionalModelRequestFields"] = own;
        }
        assert_eq!(beside(model, &given), expected, "{model}");
    }
    // Claude since 4.1 takes either temperature or top_p, and says which stop it met.
    assert_eq!(
        beside(CLAUDE, &given),
        json!({
            "inferenceConfig": {"maxTokens": 100, "temperature": 1.0, "stopSequences": ["a"]},
            "additionalModelRequestFields": {"top_k": 7},
            "additionalModelResponseFieldPaths": ["/stop_sequence"],
            "serviceTier": tier
        })
    );
    assert_eq!(
        beside(CLAUDE, &json!({"stop": "a", "stream": true})),
        json!({
            "inferenceConfig": {"stopSequences": ["a"]},
            "additionalModelResponseFieldPaths": ["/delta/stop_sequence"]
        })
    );
    let quirks = Quirks { drop_params: vec!["temperature".to_owned()], ..Quirks::default() };
    let strict = Place { quirks, max_output: Some(50), ..place(LLAMA) };
    assert_eq!(
        strict.body(&BedrockConverse, &call(&given))["inferenceConfig"],
        json!({"maxTokens": 50, "topP": 0.5, "stopSequences": ["a"]})
    );
}

#[test]
fn claude_is_asked_to_think_as_on_its_makers_own_api() {
    for (model, given, expected) in [
        (
            CLAUDE,
            json!({"reasoning": {"max_tokens": 2_000}, "max_tokens": 1_000, "temperature": 0.5, "top_k": 3}),
            json!({
                "inferenceConfig": {"maxTokens": 3_000},
                "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 2_000}}
            }),
        ),
        // A budget needs a limit.
        (
            CLAUDE,
            json!({"reasoning": {"effort": "low"}}),
            json!({
                "inferenceConfig": {"maxTokens": 64_000},
                "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 12_800}}
            }),
        ),
        (
            CLAUDE_4_6,
            json!({"reasoning": {"effort": "high"}}),
            json!({"additionalModelRequestFields": {
                "thinking": {"type": "adaptive", "display": "summarized"},
                "output_config": {"effort": "high"}
            }}),
        ),
        (
            "global.anthropic.claude-opus-4-5-20251101-v1:0",
            json!({"verbosity": "low"}),
            json!({"additionalModelRequestFields": {
                "output_config": {"effort": "low"},
                "anthropic_beta": ["effort-2025-11-24"]
            }}),
        ),
    ] {
        assert_eq!(beside(model, &given), expected, "{model} {given}");
    }
}

#[test]
fn others_are_asked_to_reason_in_their_own_words() {
    let high = json!({"reasoning": {"effort": "high"}, "max_tokens": 10_000, "temperature": 0.5});
    for (model, given, expected) in [
        (
            NOVA_2,
            json!({"reasoning": {"effort": "medium"}, "max_tokens": 10, "top_k": 3}),
            json!({
                "inferenceConfig": {"maxTokens": 10},
                "additionalModelRequestFields": {
                    "inferenceConfig": {"topK": 3},
                    "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}
                }
            }),
        ),
        // At the highest effort it takes neither a limit nor sampling.
        (
            NOVA_2,
            high.clone(),
            json!({"additionalModelRequestFields": {
                "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}
            }}),
        ),
        (
            NOVA_2,
            json!({"reasoning": {"enabled": false}}),
            json!({"additionalModelRequestFields": {"reasoningConfig": {"type": "disabled"}}}),
        ),
        (
            "openai.gpt-oss-120b-1:0",
            json!({"reasoning": {"max_tokens": 1_000}, "max_tokens": 10_000}),
            json!({
                "inferenceConfig": {"maxTokens": 10_000},
                "additionalModelRequestFields": {"reasoning_effort": "low"}
            }),
        ),
        (
            "openai.gpt-5.4",
            json!({"reasoning": {"effort": "none"}}),
            json!({"additionalModelRequestFields": {"reasoning": {"effort": "none"}}}),
        ),
        (LLAMA, high, json!({"inferenceConfig": {"maxTokens": 10_000, "temperature": 0.5}})),
    ] {
        assert_eq!(beside(model, &given), expected, "{model} {given}");
    }
}

fn tools() -> Value {
    json!([
        {"type": "function", "function": {
            "name": "weather", "description": "The weather.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
        }},
        {"type": "function", "function": {"name": "time", "description": "", "parameters": {"properties": {}}}}
    ])
}

fn specs() -> Value {
    json!([
        {"toolSpec": {
            "name": "weather", "description": "The weather.",
            "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}
        }},
        {"toolSpec": {"name": "time", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
    ])
}

#[test]
fn every_choice_among_tools_is_kept() {
    let one = json!({"type": "function", "function": {"name": "time"}});
    for (choice, expected) in [
        (Value::Null, None),
        (json!("auto"), None),
        (json!("required"), Some(json!({"any": {}}))),
        (one.clone(), Some(json!({"tool": {"name": "time"}}))),
    ] {
        let mut config = json!({"tools": specs()});
        if let Some(expected) = expected {
            config["toolChoice"] = expected;
        }
        for model in [CLAUDE, LLAMA] {
            let given = json!({"tools": tools(), "tool_choice": choice});
            assert_eq!(beside(model, &given), json!({"toolConfig": config}), "{model} {choice}");
        }
    }
    for (choice, expected) in [
        (Value::Null, json!({"type": "auto", "disable_parallel_tool_use": true})),
        (json!("required"), json!({"type": "any", "disable_parallel_tool_use": true})),
        (one, json!({"type": "tool", "name": "time", "disable_parallel_tool_use": true})),
    ] {
        let given = json!({"tools": tools(), "tool_choice": choice, "parallel_tool_calls": false});
        assert_eq!(
            beside(CLAUDE, &given),
            json!({
                "toolConfig": {"tools": specs()},
                "additionalModelRequestFields": {"tool_choice": expected}
            })
        );
    }
    // A tool that must be called and thinking exclude each other.
    let forced =
        json!({"tools": tools(), "tool_choice": "required", "reasoning": {"effort": "low"}});
    assert_eq!(
        beside(CLAUDE, &forced),
        json!({"toolConfig": {"tools": specs(), "toolChoice": {"any": {}}}})
    );
    let none = json!({"tools": tools(), "tool_choice": "none"});
    assert_eq!(beside(CLAUDE, &none), json!({}));
}

#[test]
fn tools_that_may_not_be_called_are_offered_where_the_conversation_needs_them() {
    let messages = json!([
        {"role": "user", "content": "a"},
        {"role": "assistant", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "time", "arguments": "{}"}},
            {"id": "d", "type": "function", "function": {"name": "time", "arguments": "{}"}}
        ]},
        {"role": "tool", "tool_call_id": "c", "content": "x"},
        {"role": "tool", "tool_call_id": "d", "content": "y"}
    ]);
    let placeholder = json!([
        {"toolSpec": {"name": "time", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
    ]);
    let none = json!({"additionalModelRequestFields": {"tool_choice": {"type": "none"}}});
    let told = json!({"system": [{"text": "Do not call any tool. Answer in text."}]});
    for (model, tools, expected, how) in [
        (CLAUDE, tools(), specs(), &none),
        (CLAUDE, Value::Null, placeholder.clone(), &none),
        (LLAMA, tools(), specs(), &told),
        (LLAMA, Value::Null, placeholder, &told),
    ] {
        let mut call = json!({"messages": messages, "tool_choice": "none"});
        if tools.is_null() {
            call["tool_choice"] = Value::Null;
        }
        call["tools"] = tools;
        let sent = body(model, &call);
        assert_eq!(sent["toolConfig"], json!({ "tools": expected }), "{model}");
        for (key, value) in how.as_object().into_iter().flatten() {
            assert_eq!(sent[key], *value, "{model}");
        }
    }
}

#[test]
fn the_form_of_the_answer_is_enforced_or_asked_for() {
    let asked = json!({"response_format": {"type": "json_schema", "json_schema": {
        "name": "person", "description": "Somebody.", "strict": true,
        "schema": {"type": "object", "properties": {"age": {"type": "integer", "minimum": 0}}}
    }}});
    for model in [CLAUDE, "qwen.qwen3-32b-v1:0"] {
        assert_eq!(
            beside(model, &asked),
            json!({"outputConfig": {"textFormat": {
                "type": "json_schema",
                "structure": {"jsonSchema": {
                    "name": "person",
                    "description": "Somebody.",
                    "schema": "{\"type\":\"object\",\"properties\":{\"age\":{\"type\":\"integer\",\"description\":\"minimum: 0\"}},\"additionalProperties\":false}"
                }}
            }}})
        );
    }
    assert_eq!(
        beside(NOVA, &asked),
        json!({"system": [{"text": "Respond with a single valid JSON object and nothing else: no prose, no code fences. It must match this JSON schema:\n{\"type\":\"object\",\"properties\":{\"age\":{\"type\":\"integer\",\"minimum\":0}}}"}]})
    );
    assert_eq!(
        beside(CLAUDE, &json!({"response_format": {"type": "json_object"}})),
        json!({"system": [{"text": "Respond with a single valid JSON object and nothing else: no prose, no code fences."}]})
    );
    let grammar = call(&json!({"response_format": {"type": "grammar", "grammar": "x"}}));
    assert_eq!(place(CLAUDE).refusal(&BedrockConverse, &grammar), "answers by a grammar");
}

#[test]
fn tools_are_strict_where_asked_and_the_model_can() {
    let loose = json!({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}});
    let function = |strict: bool| json!({"name": "f", "strict": strict, "parameters": loose});
    let tools = |strict| json!({"tools": [{"type": "function", "function": function(strict)}]});
    let spec = |place: &Place, strict| {
        place.body(&BedrockConverse, &call(&tools(strict)))["toolConfig"]["tools"][0]["toolSpec"]
            .clone()
    };
    let strict = spec(&place(CLAUDE), true);
    assert_eq!(strict["strict"], true);
    let schema = &strict["inputSchema"]["json"];
    assert_eq!(schema["additionalProperties"], false, "{schema}");
    assert_eq!(schema["properties"]["a"].get("minimum"), None, "{schema}");
    let unable = Place {
        quirks: Quirks { structured_outputs: false, ..place(CLAUDE).quirks },
        ..place(CLAUDE)
    };
    for (place, asked) in [(place(CLAUDE), false), (place(LLAMA), true), (unable, true)] {
        let spec = spec(&place, asked);
        assert_eq!((spec.get("strict"), &spec["inputSchema"]["json"]), (None, &loose));
    }
}

//! What clients say, one member at a time.

use serde_json::{Value, json};
use tollgate_wire::Dialect;

/// Members whose name in the record is chat's word for them.
pub(crate) const SUGGESTED: &[(Dialect, &str, &[&str])] = &[
    (Dialect::Responses, "include", &["logprobs"]),
    (Dialect::Responses, "reasoning.effort", &["reasoning"]),
    (Dialect::Responses, "text.format", &["response_format"]),
    (Dialect::Responses, "max_output_tokens", &["max_tokens"]),
    (Dialect::Messages, "stop_sequences", &["stop"]),
    (Dialect::Messages, "thinking", &["reasoning"]),
    (Dialect::Messages, "output_config.effort", &["verbosity"]),
    (Dialect::Messages, "output_config.format", &["response_format"]),
    (Dialect::Messages, "speed", &["service_tier"]),
    (Dialect::Gemini, "generationConfig.stopSequences", &["stop"]),
    (Dialect::Gemini, "generationConfig.maxOutputTokens", &["max_tokens"]),
    (Dialect::Gemini, "generationConfig.thinkingConfig", &["reasoning"]),
    (Dialect::Gemini, "generationConfig.responseLogprobs", &["logprobs"]),
    (Dialect::Gemini, "generationConfig.responseMimeType", &["response_format"]),
    (Dialect::Gemini, "generationConfig.responseModalities", &["modalities"]),
    (Dialect::Gemini, "generationConfig.speechConfig", &["audio"]),
    (Dialect::Ollama, "think", &["reasoning"]),
    (Dialect::Ollama, "format", &["response_format"]),
    (Dialect::Ollama, "options.repeat_penalty", &["repetition_penalty"]),
    (Dialect::Ollama, "options.num_predict", &["max_tokens"]),
];

/// Members that may go without a name.
pub(crate) const SILENT: &[(Dialect, &str)] = &[
    // The gateway has no models to keep loaded.
    (Dialect::Ollama, "keep_alive"),
    // How closely pictures are looked at; there are none here.
    (Dialect::Gemini, "generationConfig.mediaResolution"),
    // How many to tell of, where none are asked for.
    (Dialect::Chat, "top_logprobs"),
    (Dialect::Responses, "top_logprobs"),
    (Dialect::Ollama, "top_logprobs"),
];

/// The members of a dialect's requests, each with a value that is not what holds without it.
pub(crate) fn members(dialect: Dialect) -> Vec<(&'static str, Value)> {
    match dialect {
        Dialect::Chat | Dialect::Completions => chat(),
        Dialect::Responses => responses(),
        Dialect::Messages => messages(),
        Dialect::Gemini => gemini(),
        Dialect::Ollama => ollama(),
    }
}

fn chat() -> Vec<(&'static str, Value)> {
    vec![
        ("temperature", json!(0.5)),
        ("top_p", json!(0.5)),
        ("top_k", json!(5)),
        ("min_p", json!(0.1)),
        ("top_a", json!(0.1)),
        ("frequency_penalty", json!(0.1)),
        ("presence_penalty", json!(0.1)),
        ("repetition_penalty", json!(1.1)),
        ("seed", json!(5)),
        ("stop", json!(["QQ"])),
        ("logit_bias", json!({"1": 1})),
        ("logprobs", json!(true)),
        ("top_logprobs", json!(3)),
        ("max_tokens", json!(50)),
        ("max_completion_tokens", json!(51)),
        ("metadata", json!({"a": "b"})),
        ("store", json!(true)),
        ("verbosity", json!("low")),
        ("prediction", json!({"type": "content", "content": "PRED"})),
        ("modalities", json!(["image", "text"])),
        ("response_format", json!({"type": "json_object"})),
        ("reasoning", json!({"effort": "low"})),
        ("reasoning_effort", json!("low")),
        ("service_tier", json!("flex")),
        ("prompt_cache_key", json!("KEY")),
        ("safety_identifier", json!("SAFE")),
        ("web_search_options", json!({})),
        ("image_config", json!({"aspect_ratio": "16:9"})),
        ("cache_control", json!({"type": "ephemeral"})),
        ("unknown", json!(1)),
        ("guided_json", json!({"x": 1})),
        ("functions", json!([{"name": "f"}])),
        ("function_call", json!("auto")),
        ("audio", json!({"voice": "alloy", "format": "mp3"})),
        ("prompt_cache_retention", json!("24h")),
        ("max_tool_calls", json!(3)),
        ("thinking", json!({"type": "enabled"})),
        ("system", json!("SYS")),
        ("tools", json!([{"type": "function", "function": {"name": "f"}}])),
    ]
}

fn messages() -> Vec<(&'static str, Value)> {
    vec![
        ("temperature", json!(0.5)),
        ("top_p", json!(0.5)),
        ("top_k", json!(5)),
        ("stop_sequences", json!(["QQ"])),
        ("thinking", json!({"type": "enabled", "budget_tokens": 1024})),
        ("system", json!("SYS")),
        ("tools", json!([{"name": "f", "input_schema": {"type": "object"}}])),
        ("context_management", json!({"edits": [{"type": "clear_tool_uses_20250919"}]})),
        ("container", json!("c")),
        ("mcp_servers", json!([{"type": "url", "url": "https://x", "name": "n"}])),
        ("output_config.effort", json!("low")),
        (
            "output_config.format",
            json!({"type": "json_schema", "schema": {"type": "object", "properties": {}}}),
        ),
        ("output_config.task_budget", json!({"type": "tokens", "total": 30000})),
        ("cache_control", json!({"type": "ephemeral"})),
        ("inference_geo", json!("us")),
        ("unknown", json!(1)),
        ("speed", json!("fast")),
        ("service_tier", json!("flex")),
    ]
}

fn responses() -> Vec<(&'static str, Value)> {
    vec![
        ("temperature", json!(0.5)),
        ("top_p", json!(0.5)),
        ("top_k", json!(3)),
        ("top_logprobs", json!(3)),
        ("max_output_tokens", json!(50)),
        ("max_tool_calls", json!(3)),
        ("metadata", json!({"a": "b"})),
        ("reasoning.effort", json!("low")),
        ("text.verbosity", json!("low")),
        ("text.format", json!({"type": "json_object"})),
        ("truncation", json!("auto")),
        ("safety_identifier", json!("s")),
        ("prompt_cache_key", json!("k")),
        ("prompt_cache_retention", json!("24h")),
        ("include", json!(["message.output_text.logprobs"])),
        ("instructions", json!("INS")),
        ("tools", json!([{"type": "function", "name": "f", "parameters": {}}])),
        ("unknown", json!(1)),
        ("service_tier", json!("flex")),
        ("modalities", json!(["image"])),
        ("seed", json!(3)),
        ("context_management", json!([{"type": "compaction", "compact_threshold": 1000}])),
    ]
}

fn gemini() -> Vec<(&'static str, Value)> {
    vec![
        ("systemInstruction", json!({"parts": [{"text": "SYS"}]})),
        (
            "safetySettings",
            json!([{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]),
        ),
        ("cachedContent", json!("cachedContents/x")),
        ("labels", json!({"a": "b"})),
        ("tools", json!([{"functionDeclarations": [{"name": "f"}]}])),
        ("unknown", json!(1)),
        ("serviceTier", json!("flex")),
        ("generationConfig.temperature", json!(0.5)),
        ("generationConfig.topP", json!(0.5)),
        ("generationConfig.topK", json!(5)),
        ("generationConfig.maxOutputTokens", json!(50)),
        ("generationConfig.stopSequences", json!(["Q"])),
        ("generationConfig.responseMimeType", json!("application/json")),
        ("generationConfig.presencePenalty", json!(0.1)),
        ("generationConfig.frequencyPenalty", json!(0.1)),
        ("generationConfig.seed", json!(4)),
        ("generationConfig.responseLogprobs", json!(true)),
        ("generationConfig.enableEnhancedCivicAnswers", json!(true)),
        ("generationConfig.mediaResolution", json!("MEDIA_RESOLUTION_LOW")),
        (
            "generationConfig.speechConfig",
            json!({"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "K"}}}),
        ),
        ("generationConfig.audioTimestamp", json!(true)),
        ("generationConfig.thinkingConfig", json!({"thinkingBudget": 500})),
        ("generationConfig.imageConfig", json!({"aspectRatio": "16:9"})),
        ("generationConfig.responseModalities", json!(["TEXT", "IMAGE"])),
        ("generationConfig.routingConfig", json!({"autoMode": {}})),
        ("generationConfig.unknown", json!(1)),
    ]
}

fn ollama() -> Vec<(&'static str, Value)> {
    vec![
        ("think", json!(true)),
        ("format", json!("json")),
        ("keep_alive", json!("5m")),
        ("logprobs", json!(true)),
        ("tools", json!([{"type": "function", "function": {"name": "f"}}])),
        ("unknown", json!(1)),
        ("template", json!("T")),
        ("raw", json!(true)),
        ("truncate", json!(true)),
        ("shift", json!(true)),
        ("options.temperature", json!(0.5)),
        ("options.top_k", json!(5)),
        ("options.top_p", json!(0.5)),
        ("options.min_p", json!(0.1)),
        ("options.typical_p", json!(0.5)),
        ("options.repeat_last_n", json!(3)),
        ("options.repeat_penalty", json!(1.1)),
        ("options.presence_penalty", json!(0.1)),
        ("options.frequency_penalty", json!(0.1)),
        ("options.mirostat", json!(1)),
        ("options.num_ctx", json!(400)),
        ("options.num_keep", json!(4)),
        ("options.num_predict", json!(50)),
        ("options.seed", json!(3)),
        ("options.stop", json!(["x"])),
        ("options.num_gpu", json!(1)),
        ("options.num_thread", json!(2)),
        ("options.use_mmap", json!(true)),
        ("options.unknown", json!(1)),
    ]
}

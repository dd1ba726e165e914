//! Reads answers of all protocols back into one form.

use aws_smithy_eventstream::frame::read_message_from;
use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use super::{Call, Family, Reply, Said};

impl Reply {
    /// The data of all events; what is no JSON comes as a string.
    pub(crate) fn data(&self) -> Vec<Value> {
        let header = |name| self.headers.get(name).map_or("", |value| value.to_str().unwrap());
        let read = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
        if header("content-type") == "application/vnd.amazon.eventstream" {
            let payloads = self.messages().into_iter().map(|(_, payload)| payload);
            return payloads.map(|payload| read(&String::from_utf8_lossy(&payload))).collect();
        }
        let text = self.text();
        if header("content-type") == "application/x-ndjson" {
            return text.lines().filter(|line| !line.is_empty()).map(read).collect();
        }
        text.lines().filter_map(|line| line.strip_prefix("data: ")).map(read).collect()
    }

    /// The messages of an event stream: their headers as `:event-type=messageStart`, and payloads.
    pub(crate) fn messages(&self) -> Vec<(Vec<String>, Bytes)> {
        let mut rest = Bytes::from(self.chunks.concat());
        let mut messages = Vec::new();
        while rest.len() >= 12 {
            let length = u32::from_be_bytes(rest[..4].try_into().unwrap());
            let length = usize::try_from(length).unwrap();
            if rest.len() < length {
                break;
            }
            let message = read_message_from(rest.split_to(length)).unwrap();
            let headers = message.headers().iter().map(|header| {
                let value = header.value().as_string().unwrap().as_str();
                format!("{}={value}", header.name().as_str())
            });
            messages.push((headers.collect(), message.payload().clone()));
        }
        messages
    }

    /// The message of an error, wherever its protocol has it.
    pub(crate) fn complaint(&self, protocol: Protocol) -> String {
        let data = self.data();
        let error = data.last().cloned().unwrap_or_else(|| self.json());
        let path = match (Family::of(protocol), protocol, self.status.as_u16(), data.is_empty()) {
            (Family::Responses, _, 200, false) => "/response/error/message",
            (Family::Cohere, _, 200, false) => "/delta/error",
            (Family::Ollama, ..) => "/error",
            (Family::Converse | Family::Cohere, ..) | (_, Protocol::Mistral, ..) => "/message",
            (_, Protocol::VertexOpenAi, _, true) => "/0/error/message",
            _ => "/error/message",
        };
        error.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Reads the answer to `call`.
    pub(crate) fn said(&self, call: &Call) -> Said {
        if call.streamed { self.streamed(call.protocol) } else { self.whole(call.protocol) }
    }

    pub(crate) fn whole(&self, protocol: Protocol) -> Said {
        let body = self.json();
        match Family::of(protocol) {
            Family::Chat => chat_whole(&body),
            Family::Responses => responses_whole(&body),
            Family::Messages => messages_whole(&body),
            Family::Contents => contents(&[body]),
            Family::Converse => converse_whole(&body),
            Family::Ollama => ollama(&[body]),
            Family::Cohere => cohere_whole(&body),
        }
    }

    pub(crate) fn streamed(&self, protocol: Protocol) -> Said {
        match Family::of(protocol) {
            Family::Chat => chat_streamed(&self.data()),
            Family::Responses => responses_streamed(&self.data()),
            Family::Messages => messages_streamed(&self.data()),
            Family::Contents => contents(&self.data()),
            Family::Converse => converse_streamed(&self.data()),
            Family::Ollama => ollama(&self.data()),
            Family::Cohere => cohere_streamed(&self.data()),
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}

fn parsed(arguments: &str) -> Value {
    serde_json::from_str(arguments).unwrap()
}

fn chat_usage(usage: &Value) -> [u64; 4] {
    [
        number(&usage["prompt_tokens"]),
        number(&usage["completion_tokens"]),
        number(&usage["completion_tokens_details"]["reasoning_tokens"]),
        number(&usage["prompt_tokens_details"]["cached_tokens"]),
    ]
}

fn chat_whole(body: &Value) -> Said {
    let message = &body["choices"][0]["message"];
    let calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
    let (thinking, content) = chat_content(&message["content"]);
    Said {
        reasoning: text(&message["reasoning_content"]) + &text(&message["reasoning"]) + &thinking,
        text: content + &text(&message["refusal"]),
        calls: calls
            .iter()
            .map(|call| &call["function"])
            .map(|call| (text(&call["name"]), parsed(call["arguments"].as_str().unwrap())))
            .collect(),
        finish: text(&body["choices"][0]["finish_reason"]),
        usage: chat_usage(&body["usage"]),
    }
}

fn chat_streamed(data: &[Value]) -> Said {
    let mut said = Said::default();
    let mut calls: Vec<(String, String)> = Vec::new();
    for chunk in data.iter().filter(|chunk| chunk.is_object()) {
        let choice = &chunk["choices"][0];
        let delta = &choice["delta"];
        let (thinking, content) = chat_content(&delta["content"]);
        said.text += &(content + &text(&delta["refusal"]));
        said.reasoning += &(text(&delta["reasoning_content"]) + &text(&delta["reasoning"]));
        said.reasoning += &thinking;
        said.finish += &text(&choice["finish_reason"]);
        if !chunk["usage"].is_null() {
            said.usage = chat_usage(&chunk["usage"]);
        }
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            if call["id"].is_string() {
                calls.push((text(&call["function"]["name"]), String::new()));
            }
            let index = usize::try_from(number(&call["index"])).unwrap();
            calls[index].1 += &text(&call["function"]["arguments"]);
        }
    }
    said.calls = calls.into_iter().map(|(name, text)| (name, parsed(&text))).collect();
    said
}

fn messages_usage(usage: &Value) -> [u64; 4] {
    let cached = number(&usage["cache_read_input_tokens"]);
    let written = number(&usage["cache_creation_input_tokens"]);
    let prompt = number(&usage["input_tokens"]) + cached + written;
    [prompt, number(&usage["output_tokens"]), 0, cached]
}

fn messages_whole(body: &Value) -> Said {
    let mut said = Said {
        finish: text(&body["stop_reason"]),
        usage: messages_usage(&body["usage"]),
        ..Said::default()
    };
    for block in body["content"].as_array().unwrap() {
        said.text += &text(&block["text"]);
        said.reasoning += &text(&block["thinking"]);
        if block["type"] == "tool_use" {
            said.calls.push((text(&block["name"]), block["input"].clone()));
        }
    }
    said
}

fn messages_streamed(data: &[Value]) -> Said {
    let mut said = Said::default();
    let mut calls: Vec<(String, String)> = Vec::new();
    for event in data {
        if event["content_block"]["type"] == "tool_use" {
            calls.push((text(&event["content_block"]["name"]), String::new()));
        }
        let delta = &event["delta"];
        said.text += &text(&delta["text"]);
        said.reasoning += &text(&delta["thinking"]);
        said.finish += &text(&delta["stop_reason"]);
        if let Some((_, arguments)) = calls.last_mut() {
            *arguments += &text(&delta["partial_json"]);
        }
        if event["type"] == "message_delta" {
            said.usage = messages_usage(&event["usage"]);
        }
    }
    said.calls = calls.into_iter().map(|(name, text)| (name, parsed(&text))).collect();
    said
}

fn contents(items: &[Value]) -> Said {
    let mut said = Said::default();
    for item in items {
        let candidate = &item["candidates"][0];
        for part in candidate["content"]["parts"].as_array().into_iter().flatten() {
            let into = if part["thought"] == true { &mut said.reasoning } else { &mut said.text };
            *into += &text(&part["text"]);
            if part["functionCall"].is_object() {
                let call = &part["functionCall"];
                said.calls.push((text(&call["name"]), call["args"].clone()));
            }
        }
        said.finish += &text(&candidate["finishReason"]);
        let usage = &item["usageMetadata"];
        let thoughts = number(&usage["thoughtsTokenCount"]);
        said.usage = [
            number(&usage["promptTokenCount"]),
            number(&usage["candidatesTokenCount"]) + thoughts,
            thoughts,
            number(&usage["cachedContentTokenCount"]),
        ];
    }
    said
}

/// Reasoning and text; Mistral has both in one list.
fn chat_content(content: &Value) -> (String, String) {
    let mut both = (String::new(), text(content));
    for part in content.as_array().into_iter().flatten() {
        both.0 += &text(&part["thinking"][0]["text"]);
        both.1 += &text(&part["text"]);
    }
    both
}

fn responses_whole(body: &Value) -> Said {
    let usage = &body["usage"];
    let mut said = Said {
        finish: text(&body["status"]),
        usage: [
            number(&usage["input_tokens"]),
            number(&usage["output_tokens"]),
            number(&usage["output_tokens_details"]["reasoning_tokens"]),
            number(&usage["input_tokens_details"]["cached_tokens"]),
        ],
        ..Said::default()
    };
    for item in body["output"].as_array().into_iter().flatten() {
        said.reasoning += &text(&item["summary"][0]["text"]);
        said.text += &(text(&item["content"][0]["text"]) + &text(&item["content"][0]["refusal"]));
        if item["type"] == "function_call" {
            let arguments = parsed(item["arguments"].as_str().unwrap());
            said.calls.push((text(&item["name"]), arguments));
        }
    }
    said
}

/// Reads the deltas, and holds the whole at the end against them.
fn responses_streamed(data: &[Value]) -> Said {
    let mut said = Said::default();
    let mut calls: Vec<(String, String)> = Vec::new();
    for (number, event) in data.iter().filter(|event| event.is_object()).enumerate() {
        assert_eq!(event["sequence_number"], number, "{event}");
        let delta = text(&event["delta"]);
        match event["type"].as_str().unwrap() {
            "response.output_text.delta" | "response.refusal.delta" => said.text += &delta,
            "response.reasoning_summary_text.delta" => said.reasoning += &delta,
            "response.function_call_arguments.delta" => calls.last_mut().unwrap().1 += &delta,
            "response.output_item.added" if event["item"]["type"] == "function_call" => {
                calls.push((text(&event["item"]["name"]), String::new()));
            }
            "response.completed" | "response.incomplete" => {
                let whole = responses_whole(&event["response"]);
                assert_eq!(whole.text, said.text);
                assert_eq!(whole.reasoning, said.reasoning);
                said.finish = whole.finish;
                said.usage = whole.usage;
            }
            _ => {}
        }
    }
    said.calls = calls.into_iter().map(|(name, text)| (name, parsed(&text))).collect();
    said
}

fn converse_usage(usage: &Value) -> [u64; 4] {
    let cached = number(&usage["cacheReadInputTokens"]);
    let written = number(&usage["cacheWriteInputTokens"]);
    let prompt = number(&usage["inputTokens"]) + cached + written;
    [prompt, number(&usage["outputTokens"]), 0, cached]
}

fn converse_whole(body: &Value) -> Said {
    let mut said = Said {
        finish: text(&body["stopReason"]),
        usage: converse_usage(&body["usage"]),
        ..Said::default()
    };
    for block in body["output"]["message"]["content"].as_array().into_iter().flatten() {
        said.text += &text(&block["text"]);
        said.reasoning += &text(&block["reasoningContent"]["reasoningText"]["text"]);
        if block["toolUse"].is_object() {
            let call = &block["toolUse"];
            said.calls.push((text(&call["name"]), call["input"].clone()));
        }
    }
    said
}

fn converse_streamed(data: &[Value]) -> Said {
    let mut said = Said::default();
    let mut calls: Vec<(String, String)> = Vec::new();
    for event in data {
        let start = &event["start"]["toolUse"];
        if start.is_object() {
            calls.push((text(&start["name"]), String::new()));
        }
        let delta = &event["delta"];
        said.text += &text(&delta["text"]);
        said.reasoning += &text(&delta["reasoningContent"]["text"]);
        said.finish += &text(&event["stopReason"]);
        if let Some((_, arguments)) = calls.last_mut() {
            *arguments += &text(&delta["toolUse"]["input"]);
        }
        if event["usage"].is_object() {
            said.usage = converse_usage(&event["usage"]);
        }
    }
    said.calls = calls.into_iter().map(|(name, text)| (name, parsed(&text))).collect();
    said
}

fn ollama(lines: &[Value]) -> Said {
    let mut said = Said::default();
    for line in lines {
        let message = &line["message"];
        said.text += &text(&message["content"]);
        said.reasoning += &text(&message["thinking"]);
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            let function = &call["function"];
            said.calls.push((text(&function["name"]), function["arguments"].clone()));
        }
        said.finish += &text(&line["done_reason"]);
        said.usage = [number(&line["prompt_eval_count"]), number(&line["eval_count"]), 0, 0];
    }
    said
}

fn cohere_usage(usage: &Value) -> [u64; 4] {
    let tokens = &usage["tokens"];
    let (input, output) = (number(&tokens["input_tokens"]), number(&tokens["output_tokens"]));
    [input, output, 0, number(&usage["cached_tokens"])]
}

fn cohere_whole(body: &Value) -> Said {
    let message = &body["message"];
    let mut said = Said {
        finish: text(&body["finish_reason"]),
        usage: cohere_usage(&body["usage"]),
        ..Said::default()
    };
    for block in message["content"].as_array().into_iter().flatten() {
        said.text += &text(&block["text"]);
        said.reasoning += &text(&block["thinking"]);
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let function = &call["function"];
        let arguments = parsed(function["arguments"].as_str().unwrap());
        said.calls.push((text(&function["name"]), arguments));
    }
    said
}

fn cohere_streamed(data: &[Value]) -> Said {
    let mut said = Said::default();
    let mut calls: Vec<(String, String)> = Vec::new();
    for event in data.iter().filter(|event| event.is_object()) {
        let delta = &event["delta"];
        let message = &delta["message"];
        said.text += &text(&message["content"]["text"]);
        said.reasoning += &text(&message["content"]["thinking"]);
        let function = &message["tool_calls"]["function"];
        if event["type"] == "tool-call-start" {
            calls.push((text(&function["name"]), String::new()));
        }
        if let Some((_, arguments)) = calls.last_mut() {
            *arguments += &text(&function["arguments"]);
        }
        said.finish += &text(&delta["finish_reason"]);
        if delta["usage"].is_object() {
            said.usage = cohere_usage(&delta["usage"]);
        }
    }
    said.calls = calls.into_iter().map(|(name, text)| (name, parsed(&text))).collect();
    said
}

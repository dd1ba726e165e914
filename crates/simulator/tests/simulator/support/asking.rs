//! How each protocol asks for the same.

use serde_json::{Value, json};
use tollgate_simulator::Protocol;

use super::{Call, Family};

/// One turn of a conversation.
pub(crate) enum Turn<'a> {
    User(&'a str),
    Assistant(&'a str),
    /// Calls: ids and names.
    Calls(&'a [(&'a str, &'a str)]),
    /// Results: ids, names and what the tools said.
    Results(&'a [(&'a str, &'a str, &'a str)]),
}

impl Call {
    /// At most so many tokens.
    pub(crate) fn limited(self, tokens: u64) -> Self {
        match Family::of(self.protocol) {
            Family::Chat | Family::Cohere | Family::Messages => {
                self.with("max_tokens", json!(tokens))
            }
            Family::Responses => self.with("max_output_tokens", json!(tokens)),
            Family::Contents => self.with("generationConfig", json!({ "maxOutputTokens": tokens })),
            Family::Converse => self.with("inferenceConfig", json!({ "maxTokens": tokens })),
            Family::Ollama => self.with("options", json!({ "num_predict": tokens })),
        }
    }

    /// Stops before `stop`. The Responses API can't.
    pub(crate) fn stopping(self, stop: &str) -> Self {
        match Family::of(self.protocol) {
            Family::Chat => self.with("stop", json!(stop)),
            Family::Messages | Family::Cohere => self.with("stop_sequences", json!([stop])),
            Family::Contents => self.with("generationConfig", json!({ "stopSequences": [stop] })),
            Family::Converse => self.with("inferenceConfig", json!({ "stopSequences": [stop] })),
            Family::Ollama => self.with("options", json!({ "stop": [stop] })),
            Family::Responses => panic!("there is no such parameter"),
        }
    }

    /// Offers tools that want a city and a number of days.
    pub(crate) fn tools(self, names: &[&str]) -> Self {
        let schema = json!({
            "type": "object",
            "properties": { "city": { "type": "string" }, "days": { "type": "integer" } },
            "required": ["city", "days"],
        });
        let list =
            |make: &dyn Fn(&str) -> Value| -> Value { names.iter().map(|one| make(one)).collect() };
        match Family::of(self.protocol) {
            Family::Chat | Family::Ollama | Family::Cohere => {
                let tools = list(&|name| {
                    let function = json!({ "name": name, "parameters": schema });
                    json!({ "type": "function", "function": function })
                });
                self.with("tools", tools)
            }
            Family::Responses => {
                let tools =
                    list(&|name| json!({ "type": "function", "name": name, "parameters": schema }));
                self.with("tools", tools)
            }
            Family::Messages => {
                self.with("tools", list(&|name| json!({ "name": name, "input_schema": schema })))
            }
            Family::Contents => {
                let all = list(&|name| json!({ "name": name, "parameters": schema }));
                self.with("tools", json!([{ "functionDeclarations": all }]))
            }
            Family::Converse => {
                let tools = list(
                    &|name| json!({ "toolSpec": { "name": name, "inputSchema": { "json": schema } } }),
                );
                self.with("toolConfig", json!({ "tools": tools }))
            }
        }
    }

    /// Wants no call, any call, or a call of one tool; nothing where that can't be said.
    pub(crate) fn choosing(self, name: Option<&str>, any: bool) -> Option<Self> {
        let key = "tool_choice";
        let word = match (name, any) {
            (Some(_), _) => "one",
            (None, true) => "any",
            (None, false) => "none",
        };
        let choice = match (Family::of(self.protocol), word) {
            (Family::Ollama, _) | (Family::Cohere, "one") | (Family::Converse, "none") => {
                return None;
            }
            (Family::Chat, "any") if self.protocol == Protocol::Mistral => json!("any"),
            (Family::Chat | Family::Responses, "any") => json!("required"),
            (Family::Chat | Family::Responses, "none") => json!("none"),
            (Family::Chat, _) => json!({ "type": "function", "function": { "name": name } }),
            (Family::Responses, _) => json!({ "type": "function", "name": name }),
            (Family::Messages, "one") => json!({ "type": "tool", "name": name }),
            (Family::Messages, kind) => json!({ "type": kind }),
            (Family::Cohere, "any") => json!("REQUIRED"),
            (Family::Cohere, _) => json!("NONE"),
            (Family::Contents, word) => {
                let mode = if word == "none" { "NONE" } else { "ANY" };
                let names: Vec<_> = name.into_iter().collect();
                let config = json!({ "mode": mode, "allowedFunctionNames": names });
                return Some(self.with("toolConfig", json!({ "functionCallingConfig": config })));
            }
            (Family::Converse, word) => {
                let mut config = self.body["toolConfig"].clone();
                config["toolChoice"] = match word {
                    "one" => json!({ "tool": { "name": name } }),
                    _ => json!({ "any": {} }),
                };
                return Some(self.with("toolConfig", config));
            }
        };
        Some(self.with(key, choice))
    }

    /// Wants to see the reasoning.
    pub(crate) fn thinking(self) -> Self {
        let enabled = json!({ "type": "enabled", "budget_tokens": 1024 });
        match Family::of(self.protocol) {
            Family::Chat | Family::Cohere => self,
            Family::Responses => self.with("reasoning", json!({ "summary": "auto" })),
            Family::Messages => self.with("thinking", enabled),
            Family::Contents => {
                let config = json!({ "thinkingConfig": { "includeThoughts": true } });
                self.with("generationConfig", config)
            }
            Family::Converse => {
                self.with("additionalModelRequestFields", json!({ "thinking": enabled }))
            }
            Family::Ollama => self.with("think", json!(true)),
        }
    }

    /// Wants no reasoning.
    pub(crate) fn thoughtless(self) -> Self {
        match Family::of(self.protocol) {
            Family::Chat => self.with("reasoning_effort", json!("none")),
            Family::Responses => self.with("reasoning", json!({ "effort": "none" })),
            Family::Messages | Family::Converse => self,
            Family::Contents => {
                let config = json!({ "thinkingConfig": { "thinkingBudget": 0 } });
                self.with("generationConfig", config)
            }
            Family::Ollama => self.with("think", json!(false)),
            Family::Cohere => self.with("thinking", json!({ "type": "disabled" })),
        }
    }

    /// Wants JSON after `schema`.
    pub(crate) fn schema(self, schema: &Value) -> Self {
        let format = json!({ "type": "json_schema", "name": "x", "schema": schema });
        match Family::of(self.protocol) {
            Family::Chat => {
                let format = json!({ "name": "x", "schema": schema });
                let format = json!({ "type": "json_schema", "json_schema": format });
                self.with("response_format", format)
            }
            Family::Responses => self.with("text", json!({ "format": format })),
            Family::Messages => self.with("output_config", json!({ "format": format })),
            Family::Contents => {
                let config =
                    json!({ "responseMimeType": "application/json", "responseSchema": schema });
                self.with("generationConfig", config)
            }
            Family::Converse => {
                let schema = json!({ "jsonSchema": { "name": "x", "schema": schema.to_string() } });
                let format = json!({ "type": "json_schema", "structure": schema });
                self.with("outputConfig", json!({ "textFormat": format }))
            }
            Family::Ollama => self.with("format", schema.clone()),
            Family::Cohere => {
                self.with("response_format", json!({ "type": "json_object", "schema": schema }))
            }
        }
    }

    /// Says `text` and shows the image `data` in base64.
    pub(crate) fn image(self, text: &str, data: &str) -> Self {
        let url = format!("data:image/png;base64,{data}");
        let content = match Family::of(self.protocol) {
            Family::Chat | Family::Cohere => json!([
                { "type": "text", "text": text },
                { "type": "image_url", "image_url": { "url": url } },
            ]),
            Family::Responses => json!([
                { "type": "input_text", "text": text },
                { "type": "input_image", "image_url": url },
            ]),
            Family::Messages => {
                let source = json!({ "type": "base64", "media_type": "image/png", "data": data });
                json!([{ "type": "text", "text": text }, { "type": "image", "source": source }])
            }
            Family::Contents => {
                let data = json!({ "mimeType": "image/png", "data": data });
                let content =
                    json!({ "role": "user", "parts": [{ "text": text }, { "inlineData": data }] });
                return self.with("contents", json!([content]));
            }
            Family::Converse => {
                let image = json!({ "format": "png", "source": { "bytes": data } });
                json!([{ "text": text }, { "image": image }])
            }
            Family::Ollama => {
                let message = json!({ "role": "user", "content": text, "images": [data] });
                return self.with("messages", json!([message]));
            }
        };
        let key = if Family::of(self.protocol) == Family::Responses { "input" } else { "messages" };
        self.with(key, json!([{ "role": "user", "content": content }]))
    }

    /// Says `system` before everything else.
    pub(crate) fn system(self, system: &str) -> Self {
        match Family::of(self.protocol) {
            Family::Chat | Family::Ollama | Family::Cohere => {
                let mut messages = vec![json!({ "role": "system", "content": system })];
                messages.extend(self.body["messages"].as_array().unwrap().clone());
                self.with("messages", json!(messages))
            }
            Family::Responses => self.with("instructions", json!(system)),
            Family::Messages => self.with("system", json!([{ "type": "text", "text": system }])),
            Family::Contents => {
                self.with("systemInstruction", json!({ "parts": [{ "text": system }] }))
            }
            Family::Converse => self.with("system", json!([{ "text": system }])),
        }
    }

    /// Has this conversation instead.
    pub(crate) fn turns(self, turns: &[Turn<'_>]) -> Self {
        let family = Family::of(self.protocol);
        let mistral = self.protocol == Protocol::Mistral;
        let mut all: Vec<Value> = turns.iter().flat_map(|turn| messages(family, turn)).collect();
        if mistral && matches!(turns.last(), Some(Turn::Assistant(_))) {
            all.last_mut().unwrap()["prefix"] = json!(true);
        }
        let key = match family {
            Family::Responses => "input",
            Family::Contents => "contents",
            _ => "messages",
        };
        self.with(key, json!(all))
    }
}

fn messages(family: Family, turn: &Turn<'_>) -> Vec<Value> {
    match turn {
        Turn::User(text) => vec![message(family, "user", text)],
        Turn::Assistant(text) => vec![message(family, "assistant", text)],
        Turn::Calls(calls) => assistant(family, calls),
        Turn::Results(results) => self::results(family, results),
    }
}

fn message(family: Family, role: &str, text: &str) -> Value {
    match family {
        Family::Contents => {
            let role = if role == "assistant" { "model" } else { role };
            json!({ "role": role, "parts": [{ "text": text }] })
        }
        Family::Converse => json!({ "role": role, "content": [{ "text": text }] }),
        _ => json!({ "role": role, "content": text }),
    }
}

fn assistant(family: Family, calls: &[(&str, &str)]) -> Vec<Value> {
    let each = |make: &dyn Fn(&str, &str) -> Value| -> Value {
        calls.iter().map(|(id, name)| make(id, name)).collect()
    };
    match family {
        Family::Chat | Family::Cohere => {
            let calls = each(&|id, name| {
                let function = json!({ "name": name, "arguments": "{}" });
                json!({ "id": id, "type": "function", "function": function })
            });
            vec![json!({ "role": "assistant", "content": null, "tool_calls": calls })]
        }
        Family::Ollama => {
            let calls = each(&|_, name| json!({ "function": { "name": name, "arguments": {} } }));
            vec![json!({ "role": "assistant", "content": "", "tool_calls": calls })]
        }
        Family::Messages => {
            let calls = each(
                &|id, name| json!({ "type": "tool_use", "id": id, "name": name, "input": {} }),
            );
            vec![json!({ "role": "assistant", "content": calls })]
        }
        Family::Converse => {
            let calls = each(
                &|id, name| json!({ "toolUse": { "toolUseId": id, "name": name, "input": {} } }),
            );
            vec![json!({ "role": "assistant", "content": calls })]
        }
        Family::Contents => {
            let calls = each(&|_, name| json!({ "functionCall": { "name": name, "args": {} } }));
            vec![json!({ "role": "model", "parts": calls })]
        }
        Family::Responses => {
            let calls = each(
                &|id, name| json!({ "type": "function_call", "call_id": id, "name": name, "arguments": "{}" }),
            );
            calls.as_array().unwrap().clone()
        }
    }
}

fn results(family: Family, results: &[(&str, &str, &str)]) -> Vec<Value> {
    let each = |make: &dyn Fn(&str, &str, &str) -> Value| -> Vec<Value> {
        results.iter().map(|(id, name, said)| make(id, name, said)).collect()
    };
    match family {
        Family::Chat | Family::Cohere => {
            each(&|id, _, said| json!({ "role": "tool", "tool_call_id": id, "content": said }))
        }
        Family::Ollama => {
            each(&|_, name, said| json!({ "role": "tool", "tool_name": name, "content": said }))
        }
        Family::Messages => {
            let results = each(
                &|id, _, said| json!({ "type": "tool_result", "tool_use_id": id, "content": said }),
            );
            vec![json!({ "role": "user", "content": results })]
        }
        Family::Converse => {
            let results = each(&|id, _, said| {
                let content = json!([{ "text": said }]);
                json!({ "toolResult": { "toolUseId": id, "content": content, "status": "success" } })
            });
            vec![json!({ "role": "user", "content": results })]
        }
        Family::Contents => {
            let results = each(
                &|_, name, said| json!({ "functionResponse": { "name": name, "response": { "result": said } } }),
            );
            vec![json!({ "role": "user", "parts": results })]
        }
        Family::Responses => each(
            &|id, _, said| json!({ "type": "function_call_output", "call_id": id, "output": said }),
        ),
    }
}

//! Gemini's `generateContent` and `streamGenerateContent`.

use serde_json::{Value, json};

use super::{Dialect, Sent, Stream};
use crate::media::{FILM, IMAGE, PDF, SOUND, base64};
use crate::question::{
    Call, Choice, Counts, Finish, Flaw, Format, Heard, Part, Proof, Question, Thinking, Tool,
    ToolResult, Turn, count, list, must, needed, same, set, text, wrong,
};
use crate::sse::{Frame, frames};

/// The dialect.
pub(super) struct Gemini;

const BUDGET_TOKENS: u64 = 2_048;

impl Dialect for Gemini {
    fn write(&self, question: &Question, model: &str, streamed: bool) -> Proof<Sent> {
        if question.cached {
            return Err(Flaw::Unsayable("caches are made beforehand, not marked"));
        }
        if question.one_call {
            return Err(Flaw::Unsayable("parallel calls can't be turned off"));
        }
        let contents: Vec<Value> = question.turns.iter().flat_map(contents).collect();
        let mut body = json!({ "contents": contents });
        if let Some(system) = &question.system {
            set(&mut body, "systemInstruction", json!({ "parts": [{ "text": system }] }));
        }
        tools(&mut body, question);
        let config = config(question);
        if config != json!({}) {
            set(&mut body, "generationConfig", config);
        }
        let method = if streamed { "streamGenerateContent?alt=sse" } else { "generateContent" };
        let path = format!("/api/v1beta/models/{model}:{method}");
        Ok(Sent { path, key: ("x-goog-api-key", ""), headers: Vec::new(), body })
    }

    fn whole(&self, body: &Value) -> Proof<Heard> {
        let mut reader = Reader::default();
        reader.take(body)?;
        reader.end()
    }

    fn stream(&self, stream: &str) -> Proof<Stream> {
        let frames = frames(stream)?;
        let chunks: Vec<Value> = frames.iter().map(Frame::json).collect::<Proof<_>>()?;
        let mut reader = Reader::default();
        for (position, chunk) in chunks.iter().enumerate() {
            same("name", &frames[position].name, &String::new())?;
            let is_last = position + 1 == chunks.len();
            if chunk.get("error").is_some() {
                must(is_last, || format!("chunks behind an error: {stream}"))?;
                let error = Some(error_message(chunk)?);
                let heard = Heard { text: reader.heard.text, ..Heard::default() };
                return Ok(Stream { heard, error });
            }
            let taken = reader.take(chunk);
            taken.map_err(|flaw| Flaw::Wrong(format!("{} at {chunk}", flaw.text())))?;
        }
        Ok(Stream { heard: reader.end()?, error: None })
    }

    fn error(&self, status: u16, body: &Value) -> Proof<String> {
        same("error.code", &body["error"]["code"], &json!(status))?;
        error_message(body)
    }
}

fn error_message(body: &Value) -> Proof<String> {
    let status = text(body, "/error/status");
    let is_status =
        !status.is_empty() && status.chars().all(|it| it.is_ascii_uppercase() || it == '_');
    let is_coded = body["error"]["code"].is_u64() && body["error"]["details"].is_array();
    must(is_status && is_coded, || format!("not Google's error: {body}"))?;
    Ok(text(body, "/error/message"))
}

/// Puts responses together, as SDKs do.
#[derive(Debug, Default)]
struct Reader {
    heard: Heard,
    usage: Value,
    finish: String,
}

impl Reader {
    fn take(&mut self, response: &Value) -> Proof {
        let id = text(response, "/responseId");
        must(!id.is_empty(), || "no responseId".to_owned())?;
        must(!text(response, "/modelVersion").is_empty(), || "no modelVersion".to_owned())?;
        same("responseId", &id, self.heard.id.get_or_insert_with(|| id.clone()))?;
        if response["usageMetadata"].is_object() {
            self.usage = response["usageMetadata"].clone();
        }
        must(list(response, "/candidates").count() <= 1, || "several candidates".to_owned())?;
        let candidate = &response["candidates"][0];
        if !candidate.is_object() {
            return Ok(());
        }
        let content = &candidate["content"];
        must(self.finish.is_empty() || content.is_null(), || "more behind the finish".to_owned())?;
        for part in list(content, "/parts") {
            self.part(part)?;
        }
        let chunks = list(candidate, "/groundingMetadata/groundingChunks");
        // Later ones repeat those before them.
        let sources: Vec<String> = chunks.map(|it| text(it, "/web/uri")).collect();
        if !sources.is_empty() {
            self.heard.sources = sources;
        }
        let tokens = list(candidate, "/logprobsResult/chosenCandidates");
        self.heard.weighed.extend(tokens.map(|it| text(it, "/token")));
        if content.get("parts").is_some() {
            same("role", &text(content, "/role"), &"model".to_owned())?;
            self.heard.turn.push(content.clone());
        }
        self.finish.push_str(&text(candidate, "/finishReason"));
        Ok(())
    }

    fn part(&mut self, part: &Value) -> Proof {
        let data = ["text", "functionCall", "inlineData"];
        let members = data.iter().filter(|name| part.get(**name).is_some()).count();
        must(members <= 1, || format!("a part of several kinds: {part}"))?;
        if let Some(call) = part.get("functionCall") {
            let (id, name) = (text(call, "/id"), text(call, "/name"));
            let arguments = call.get("args").cloned().unwrap_or_else(|| json!({}));
            must(arguments.is_object() && !name.is_empty(), || format!("a call: {call}"))?;
            self.heard.calls.push(Call { id, name, arguments });
        } else if let Some(data) = part.get("inlineData") {
            if text(data, "/mimeType").starts_with("image/") {
                self.heard.pictures.push(text(data, "/data"));
            } else {
                self.heard.sound.push_str(&text(data, "/data"));
            }
        } else if part["thought"] == true {
            self.heard.reasoning.push_str(&text(part, "/text"));
        } else {
            self.heard.text.push_str(&text(part, "/text"));
        }
        Ok(())
    }

    fn end(self) -> Proof<Heard> {
        let Self { mut heard, usage, finish } = self;
        heard.finish = Some(match finish.as_str() {
            "STOP" if heard.calls.is_empty() => Finish::Stop,
            "STOP" => Finish::Calls,
            "MAX_TOKENS" => Finish::Length,
            "SAFETY" | "PROHIBITED_CONTENT" | "BLOCKLIST" | "SPII" | "RECITATION" => Finish::Filter,
            finish => return wrong(format!("finishReason {finish:?}")),
        });
        heard.refused = heard.finish == Some(Finish::Filter);
        let thoughts = count(&usage, "/thoughtsTokenCount").unwrap_or(0);
        heard.usage = Counts {
            input: needed(&usage, "/promptTokenCount")?,
            output: count(&usage, "/candidatesTokenCount").unwrap_or(0) + thoughts,
            cached: Some(count(&usage, "/cachedContentTokenCount").unwrap_or(0)),
            reasoning: Some(thoughts),
            cost: None,
        };
        let total = heard.usage.input + heard.usage.output;
        same("totalTokenCount", &needed(&usage, "/totalTokenCount")?, &total)?;
        Ok(heard)
    }
}

/// A schema as `google.genai` writes it.
fn google(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    let member = |(name, value): (&String, &Value)| {
        let value = match (name.as_str(), value) {
            ("type", Value::String(kind)) => json!(kind.to_uppercase()),
            ("properties", Value::Object(properties)) => {
                properties.iter().map(|(name, it)| (name.clone(), google(it))).collect()
            }
            _ => value.clone(),
        };
        (name.clone(), value)
    };
    members.iter().filter(|(name, _)| *name != "additionalProperties").map(member).collect()
}

fn tools(body: &mut Value, question: &Question) {
    if !question.tools.is_empty() {
        let declaration = |tool: &Tool| {
            let (name, description) = (tool.name, tool.description());
            let mut declaration = json!({ "name": name, "description": description });
            // An object without properties is refused here.
            if !tool.parameter.is_empty() {
                set(&mut declaration, "parameters", google(&tool.schema()));
            }
            declaration
        };
        let all: Vec<Value> = question.tools.iter().map(declaration).collect();
        set(body, "tools", json!([{ "functionDeclarations": all }]));
    }
    let calling = match question.choice {
        None => return,
        Some(Choice::Auto) => json!({ "mode": "AUTO" }),
        Some(Choice::None) => json!({ "mode": "NONE" }),
        Some(Choice::Required) => json!({ "mode": "ANY" }),
        Some(Choice::Named(name)) => json!({ "mode": "ANY", "allowedFunctionNames": [name] }),
    };
    set(body, "toolConfig", json!({ "functionCallingConfig": calling }));
}

fn config(question: &Question) -> Value {
    let mut config = json!({});
    let format = match &question.format {
        Format::Free => None,
        Format::Json => Some(Value::Null),
        Format::Schema(schema) => Some(google(schema)),
    };
    if let Some(schema) = format {
        set(&mut config, "responseMimeType", "application/json");
        if !schema.is_null() {
            set(&mut config, "responseSchema", schema);
        }
    }
    if question.thinking != Thinking::Unsaid {
        let shown = question.thinking == Thinking::Shown;
        let thinking = json!({ "includeThoughts": shown, "thinkingBudget": BUDGET_TOKENS });
        set(&mut config, "thinkingConfig", thinking);
    }
    if let Some(stop) = question.stop {
        set(&mut config, "stopSequences", json!([stop]));
    }
    for (name, number) in [("temperature", question.temperature), ("topP", question.top_p)] {
        if let Some(number) = number {
            set(&mut config, name, number);
        }
    }
    for (name, number) in [("maxOutputTokens", question.max_tokens), ("seed", question.seed)] {
        if let Some(number) = number {
            set(&mut config, name, number);
        }
    }
    config
}

fn contents(turn: &Turn) -> Vec<Value> {
    let parts = match turn {
        Turn::User(parts) => parts.iter().map(part).collect(),
        Turn::Said(text) => return vec![json!({ "role": "model", "parts": [{ "text": text }] })],
        // The SDK keeps every content of a stream by itself.
        Turn::Heard(contents) => return contents.clone(),
        Turn::Results(results) => results.iter().map(result).collect::<Vec<_>>(),
    };
    vec![json!({ "role": "user", "parts": parts })]
}

fn result(result: &ToolResult) -> Value {
    let key = if result.failed { "error" } else { "result" };
    let mut response = json!({ "name": result.call.name, "response": { key: result.text } });
    if !result.call.id.is_empty() {
        set(&mut response, "id", result.call.id.as_str());
    }
    if result.image {
        set(&mut response, "parts", json!([inside("image/png", IMAGE)]));
    }
    json!({ "functionResponse": response })
}

fn part(part: &Part) -> Value {
    match part {
        Part::Text(text) => json!({ "text": text }),
        Part::Image => inside("image/png", IMAGE),
        Part::ImageUrl(url) => {
            json!({ "fileData": { "mimeType": "image/png", "fileUri": url } })
        }
        Part::Pdf => inside("application/pdf", PDF),
        Part::Sound => inside("audio/wav", SOUND),
        Part::Film => inside("video/mp4", FILM),
    }
}

fn inside(kind: &str, bytes: &[u8]) -> Value {
    json!({ "inlineData": { "mimeType": kind, "data": base64(bytes) } })
}

//! Parameters: seen in what the model does, else in what reached the provider.

use serde_json::{Value, json};
use tollgate_testkit::Protocol;

use crate::clients::Client;
use crate::question::{Finish, Format, Proof, Question, must, parsed, same, text as at};
use crate::world::Ask;

pub(super) async fn json_mode(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user("Say something")];
    let format = Format::Json;
    let heard = ask.hear(&Question { model: "json", turns, format, ..Question::default() }).await?;
    must(parsed(&heard.text)?.is_object(), || format!("not an object: {}", heard.text))?;
    let (pointer, word) = match ask.protocol {
        Protocol::Responses => ("/text/format/type", "json_object"),
        Protocol::Gemini | Protocol::Vertex => {
            ("/generationConfig/responseMimeType", "application/json")
        }
        Protocol::Ollama => ("/format", "json"),
        _ => ("/response_format/type", "json_object"),
    };
    let upstream = ask.upstream()?.json();
    let is_told =
        matches!(ask.protocol, Protocol::Anthropic | Protocol::VertexAnthropic | Protocol::Bedrock);
    if is_told {
        // There is no such mode: the model is told.
        let system = upstream["system"].to_string();
        return must(system.contains("JSON"), || format!("nothing of JSON is said: {upstream}"));
    }
    let found = at(&upstream, pointer);
    must(found == word, || format!("no JSON mode at {pointer}: {upstream}"))
}

pub(super) async fn json_schema(ask: &mut Ask<'_>) -> Proof {
    let schema = json!({
        "type": "object",
        "properties": { "degrees": { "type": "integer" }, "city": { "type": "string" } },
        "required": ["degrees", "city"],
        "additionalProperties": false,
    });
    let turns = vec![ask.user("How warm is it in Oslo?")];
    let format = Format::Schema(schema);
    let heard = ask.hear(&Question { model: "json", turns, format, ..Question::default() }).await?;
    let value = parsed(&heard.text)?;
    let follows = value["city"].is_string() && value["degrees"].is_i64();
    let upstream = ask.upstream_text()?;
    must(follows, || format!("not of the schema: {value}; sent {upstream}"))?;
    // Models answer in the order of the schema: thoughts that stand first are thought first.
    let order =
        |text: &str| text.find("degrees").zip(text.find("city")).is_some_and(|(a, b)| a < b);
    must(order(&upstream) && order(&heard.text), || format!("reordered: {value}; sent {upstream}"))
}

const WORDS: &str = "one two three four five six seven eight nine ten eleven twelve thirteen \
                     fourteen fifteen sixteen seventeen eighteen nineteen twenty";

/// OpenAI's Responses takes no fewer than 16 tokens.
pub(super) async fn max_tokens(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user(WORDS)];
    let max_tokens = Some(16);
    let question = Question { model: "echo", turns, max_tokens, ..Question::default() };
    let heard = ask.hear(&question).await?;
    same("finish", &heard.finish, &Some(Finish::Length))?;
    let whole = ask.marked(WORDS);
    let cut = whole.starts_with(&heard.text) && heard.text.len() < whole.len();
    must(cut && !heard.text.is_empty(), || format!("text: {}", heard.text))?;
    same("output tokens", &heard.usage.output, &16)
}

pub(super) async fn stop(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user(WORDS)];
    let stop = Some("three");
    let heard = ask.hear(&Question { model: "echo", turns, stop, ..Question::default() }).await?;
    same("text", &heard.text.trim_end(), &ask.marked("one two").as_str())?;
    same("finish", &heard.finish, &Some(Finish::Stop))?;
    let tells = matches!(ask.protocol, Protocol::Anthropic | Protocol::VertexAnthropic);
    if tells && ask.client == Client::Messages {
        same("stop_sequence", &heard.stop_sequence.as_deref(), &stop)?;
    }
    Ok(())
}

pub(super) async fn sampling(ask: &mut Ask<'_>) -> Proof {
    let question = Question {
        model: "echo",
        turns: vec![ask.user("Hello")],
        temperature: Some(0.5),
        top_p: Some(0.75),
        ..Question::default()
    };
    ask.hear(&question).await?;
    let (temperature, top_p) = match ask.protocol {
        Protocol::Gemini | Protocol::Vertex => {
            ("/generationConfig/temperature", "/generationConfig/topP")
        }
        Protocol::Bedrock => ("/inferenceConfig/temperature", "/inferenceConfig/topP"),
        Protocol::Cohere => ("/temperature", "/p"),
        Protocol::Ollama => ("/options/temperature", "/options/top_p"),
        _ => ("/temperature", "/top_p"),
    };
    arrived(ask, temperature, &json!(0.5))?;
    arrived(ask, top_p, &json!(0.75))
}

pub(super) async fn seed(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user("Hello")];
    let seed = Some(77);
    ask.hear(&Question { model: "echo", turns, seed, ..Question::default() }).await?;
    let pointer = match ask.protocol {
        Protocol::Gemini | Protocol::Vertex => "/generationConfig/seed",
        Protocol::Mistral => "/random_seed",
        Protocol::Ollama => "/options/seed",
        _ => "/seed",
    };
    arrived(ask, pointer, &json!(77))
}

/// The value stands there in what reached the provider.
pub(super) fn arrived(ask: &Ask<'_>, pointer: &str, value: &Value) -> Proof {
    let upstream = ask.upstream()?.json();
    let found = upstream.pointer(pointer);
    must(found == Some(value), || format!("{pointer} is not {value} in {upstream}"))
}

pub(super) async fn cache_mark(ask: &mut Ask<'_>) -> Proof {
    let question = Question {
        model: "echo",
        system: Some("A long introduction.".to_owned()),
        turns: vec![ask.user("Hello")],
        cached: true,
        ..Question::default()
    };
    let heard = ask.hear(&question).await?;
    same("text", &heard.text, &ask.marked("Hello"))?;
    let upstream = ask.upstream_text()?;
    let marked = upstream.contains("\"cache_control\":{\"type\":\"ephemeral\"")
        || upstream.contains("\"cachePoint\":{\"type\":\"default\"");
    must(marked, || format!("no cache marker in {upstream}"))
}

//! Tools: which are called, and what becomes of their results.

use std::collections::BTreeSet;

use serde_json::json;
use tollgate_testkit::Protocol;

use crate::media::{IMAGE, base64};
use crate::question::{
    Call, Choice, Finish, Heard, Proof, Question, Tool, ToolResult, Turn, must, same,
};
use crate::world::Ask;

fn tools() -> Vec<Tool> {
    vec![
        Tool { name: "get_weather", parameter: "city" },
        Tool { name: "get_time", parameter: "zone" },
    ]
}

fn asking(ask: &Ask<'_>, model: &'static str, text: &str) -> Question {
    Question { model, turns: vec![ask.user(text)], tools: tools(), ..Question::default() }
}

fn names(heard: &Heard) -> Vec<&str> {
    heard.calls.iter().map(|call| call.name.as_str()).collect()
}

/// The calls are these, each with its argument and an id of its own.
fn called(heard: &Heard, expected: &[&str]) -> Proof {
    same("calls", &names(heard), &expected.to_vec())?;
    same("finish", &heard.finish, &Some(Finish::Calls))?;
    for call in &heard.calls {
        let parameter = if call.name == "get_time" { "zone" } else { "city" };
        let argument = call.arguments[parameter].as_str();
        must(argument.is_some_and(|it| !it.is_empty()), || format!("arguments: {call:?}"))?;
    }
    let ids = heard.calls.iter().map(|call| &call.id).filter(|id| !id.is_empty());
    let (all, unique) = (ids.clone().count(), ids.collect::<BTreeSet<_>>().len());
    same("ids of their own", &unique, &all)
}

pub(super) async fn one(ask: &mut Ask<'_>) -> Proof {
    let question = asking(ask, "tools", "Use get_weather for Oslo");
    called(&ask.hear(&question).await?, &["get_weather"])
}

/// No arguments are an empty object, there and back.
pub(super) async fn bare(ask: &mut Ask<'_>) -> Proof {
    let mut question = asking(ask, "tools", "Use get_news");
    question.tools = vec![Tool { name: "get_news", parameter: "" }];
    let heard = ask.hear(&question).await?;
    same("calls", &names(&heard), &vec!["get_news"])?;
    same("finish", &heard.finish, &Some(Finish::Calls))?;
    must(heard.calls[0].arguments == json!({}), || {
        let upstream = ask.upstream_text().unwrap_or_default();
        format!("arguments: {}; sent {upstream}", heard.calls[0].arguments)
    })?;
    let results = vec![result(&heard.calls[0], "none")];
    question.turns.extend([Turn::Heard(heard.turn), Turn::Results(results)]);
    let heard = ask.hear(&question).await?;
    same("text", &heard.text.as_str(), &"Tool results: get_news: none")
}

pub(super) async fn parallel(ask: &mut Ask<'_>) -> Proof {
    let question = asking(ask, "tools", "Use get_weather and get_time for Oslo");
    called(&ask.hear(&question).await?, &["get_weather", "get_time"])
}

/// The model calls tools only because it must.
pub(super) async fn named(ask: &mut Ask<'_>) -> Proof {
    let mut question = asking(ask, "echo", "Say hello");
    question.choice = Some(Choice::Named("get_time"));
    called(&ask.hear(&question).await?, &["get_time"])
}

pub(super) async fn required(ask: &mut Ask<'_>) -> Proof {
    let mut question = asking(ask, "echo", "Say hello");
    question.choice = Some(Choice::Required);
    called(&ask.hear(&question).await?, &["get_weather"])
}

pub(super) async fn forbidden(ask: &mut Ask<'_>) -> Proof {
    let mut question = asking(ask, "tools", "Use get_weather for Oslo");
    question.choice = Some(Choice::None);
    let heard = ask.hear(&question).await?;
    same("calls", &names(&heard), &Vec::new())?;
    same("finish", &heard.finish, &Some(Finish::Stop))?;
    must(!heard.text.is_empty(), || "no text".to_owned())
}

pub(super) async fn one_at_most(ask: &mut Ask<'_>) -> Proof {
    let mut question = asking(ask, "tools", "Use get_weather and get_time for Oslo");
    question.choice = Some(Choice::Auto);
    question.one_call = true;
    called(&ask.hear(&question).await?, &["get_weather"])
}

fn result(call: &Call, text: &str) -> ToolResult {
    ToolResult { call: call.clone(), text: text.to_owned(), failed: false, image: false }
}

const NOON: &str = "noon, \"12:00\" \u{2600}";

/// Results come back in another order than the calls, so that only ids or names can tell them
/// apart.
pub(super) async fn results(ask: &mut Ask<'_>) -> Proof {
    let mut question = asking(ask, "tools", "Use get_weather and get_time for Oslo");
    question.choice = None;
    let heard = ask.hear(&question).await?;
    called(&heard, &["get_weather", "get_time"])?;
    let results = vec![result(&heard.calls[1], NOON), result(&heard.calls[0], "sunny")];
    question.turns.extend([Turn::Heard(heard.turn), Turn::Results(results)]);
    let heard = ask.hear(&question).await?;
    same("finish", &heard.finish, &Some(Finish::Stop))?;
    let said = heard.text.strip_prefix("Tool results: ").unwrap_or_default();
    let said: BTreeSet<&str> = said.split("; ").collect();
    let get_time = format!("get_time: {NOON}");
    let expected = BTreeSet::from(["get_weather: sunny", get_time.as_str()]);
    must(said == expected, || {
        let upstream = ask.upstream_text().unwrap_or_default();
        format!("got {:?}, want {expected:?}; sent {upstream}", heard.text)
    })
}

/// What agents do: the results, and what the user has said meanwhile.
pub(super) async fn results_and_text(ask: &mut Ask<'_>) -> Proof {
    let mut question = asking(ask, "tools", "Use get_weather for Oslo");
    let heard = ask.hear(&question).await?;
    called(&heard, &["get_weather"])?;
    let results = vec![result(&heard.calls[0], "sunny")];
    question.turns.extend([Turn::Heard(heard.turn), Turn::Results(results)]);
    question.turns.push(ask.user("And be quick."));
    ask.hear(&question).await?;
    let upstream = ask.upstream_text()?;
    let words = upstream.contains(&ask.marked("And be quick."));
    must(words && upstream.contains("sunny"), || format!("something is lost: {upstream}"))
}

pub(super) async fn failed_result(ask: &mut Ask<'_>) -> Proof {
    let (upstream, said) = after_result(ask, |result| result.failed = true).await?;
    must(said.contains("it is as it is"), || format!("the result is lost: {said}"))?;
    let flag = match ask.protocol {
        Protocol::Anthropic | Protocol::VertexAnthropic => "\"is_error\":true",
        Protocol::Bedrock => "\"status\":\"error\"",
        Protocol::Gemini | Protocol::Vertex => "\"error\":",
        // These have no flag: the text says what happened.
        _ => "it is as it is",
    };
    must(upstream.contains(flag), || format!("no {flag} in {upstream}"))
}

pub(super) async fn image_result(ask: &mut Ask<'_>) -> Proof {
    let (upstream, said) = after_result(ask, |result| result.image = true).await?;
    must(said.contains("it is as it is"), || format!("the result's text is lost: {said}"))?;
    must(upstream.contains(&base64(IMAGE)), || format!("the image did not arrive: {upstream}"))
}

/// What reached the provider with a result, and what was said to it.
async fn after_result(
    ask: &mut Ask<'_>,
    change: impl FnOnce(&mut ToolResult),
) -> Proof<(String, String)> {
    let mut question = asking(ask, "tools", "Use get_weather for Oslo");
    let heard = ask.hear(&question).await?;
    called(&heard, &["get_weather"])?;
    let mut result = result(&heard.calls[0], "it is as it is");
    change(&mut result);
    question.turns.extend([Turn::Heard(heard.turn), Turn::Results(vec![result])]);
    let heard = ask.hear(&question).await?;
    Ok((ask.upstream_text()?, heard.text))
}

//! How answers end: what they cost, refusals, failures before and within.

use tollgate_testkit::{Reply, amount, usd};
use tollgate_types::Usd;

use crate::question::{Counts, Flaw, Proof, Question, must, parsed, same, wrong};
use crate::world::Ask;

/// The price of the rows: $2 a million in, $0.50 of them from a cache, $10 out.
fn price(counts: &Counts) -> Usd {
    let cached = counts.cached.unwrap_or(0);
    let nanos = (counts.input - cached) * 2_000 + cached * 500 + counts.output * 10_000;
    usd(&format!("0.{nanos:09}"))
}

fn priced(counts: &Counts) -> Proof {
    match counts.cost {
        Some(cost) => same("cost", &amount(&cost.into()), &price(counts)),
        None => Ok(()),
    }
}

pub(super) async fn cached_tokens(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user("a b c d e f g h")];
    let heard = ask.hear(&Question { model: "cached", turns, ..Question::default() }).await?;
    let Some(cached) = heard.usage.cached else {
        return Err(Flaw::Unsayable("the dialect has no count of cached tokens"));
    };
    must(cached > 0 && cached < heard.usage.input, || format!("cached: {:?}", heard.usage))?;
    priced(&heard.usage)
}

pub(super) async fn usage(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user("one two three")];
    let question = Question { model: "echo", turns, ..Question::default() };
    let reply = ask.send(&question).await?;
    let id = reply.header("x-generation-id").unwrap_or_default().to_owned();
    let heard = ask.hear(&question).await?;
    let counted = heard.usage.input > 0 && heard.usage.output > 0;
    must(counted, || format!("usage: {:?}", heard.usage))?;
    priced(&heard.usage)?;
    let record = ask.world.gateway.generation(&id).await;
    same("cost on record", &amount(&record["total_cost"]), &price(&heard.usage))?;
    let counts = (&record["tokens_prompt"], &record["tokens_completion"]);
    let expected = (&heard.usage.input.into(), &heard.usage.output.into());
    same("tokens on record", &counts, &expected)
}

pub(super) async fn refusal(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user("Help me")];
    let heard = ask.hear(&Question { model: "refuse", turns, ..Question::default() }).await?;
    same("text", &heard.text.as_str(), &"I'm sorry, but I can't help with that.")?;
    must(heard.refused, || format!("the refusal is not marked as one: {:?}", heard.finish))
}

/// An error instead of an answer, in the dialect's form.
pub(super) fn failed(ask: &Ask<'_>, reply: &Reply, statuses: &[u16]) -> Proof<String> {
    let text = reply.text();
    must(statuses.contains(&reply.status), || format!("status {}: {text}", reply.status))?;
    same("content-type", &reply.header("content-type"), &Some("application/json"))?;
    let message = ask.client.dialect().error(reply.status, &parsed(&text)?)?;
    must(!message.is_empty(), || format!("no message: {text}"))?;
    Ok(message)
}

pub(super) async fn rate_limited(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user("Hello")];
    let reply = ask.send(&Question { model: "limited", turns, ..Question::default() }).await?;
    failed(ask, &reply, &[429])?;
    same("retry-after", &reply.header("retry-after"), &Some("7"))?;
    let id = reply.header("x-generation-id");
    must(id.is_some(), || "no x-generation-id".to_owned())
}

pub(super) async fn overloaded(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user("Hello")];
    let reply = ask.send(&Question { model: "overloaded", turns, ..Question::default() }).await?;
    failed(ask, &reply, &[502, 503, 529]).map(drop)
}

pub(super) async fn unknown_model(ask: &mut Ask<'_>) -> Proof {
    let turns = vec![ask.user("Hello")];
    let reply = ask.send(&Question { model: "nonesuch", turns, ..Question::default() }).await?;
    let message = failed(ask, &reply, &[400, 404])?;
    must(message.contains("nonesuch"), || format!("the model is not named: {message}"))
}

/// What came before stays, the error is said once, and nothing is billed.
pub(super) async fn breaks_off(ask: &mut Ask<'_>, model: &'static str) -> Proof {
    let said = "one two three four five six seven eight";
    let turns = vec![ask.user(said)];
    let reply = ask.send(&Question { model, turns, ..Question::default() }).await?;
    if !ask.streamed {
        return failed(ask, &reply, &[500, 502, 503, 504, 529]).map(drop);
    }
    same("status", &reply.status, &200)?;
    let stream = ask.stream_of(&reply)?;
    if stream.error.as_deref().is_none_or(str::is_empty) {
        return wrong(format!("no error in {}", reply.text()));
    }
    let (whole, text) = (ask.marked(said), stream.heard.text);
    must(whole.starts_with(&text) && !text.is_empty() && text != whole, || {
        format!("text {text:?} in {}", reply.text())
    })
}

//! `tollgate route health`

use std::process::ExitCode;

use anyhow::Context;
use bytes::Bytes;
use clap::Args;
use http::Request;
use serde::Deserialize;
use serde_json::Value;
use tollgate_upstream::read_bounded;

use super::Session;
use super::running::{Running, RunningArgs};
use crate::output;

#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// All endpoints of this model; of all models those that were called when not given
    model: Option<String>,
    #[command(flatten)]
    at: RunningArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `GET /routing/health` answers, as far as the table shows it.
#[derive(Deserialize)]
struct Answer {
    data: Vec<Endpoint>,
}

#[derive(Deserialize)]
struct Endpoint {
    endpoint_id: String,
    status: i8,
    status_text: String,
    open_for_ms: Option<u64>,
    cooling_for_ms: Option<u64>,
    uptime_last_5m: Option<f64>,
    uptime_last_30m: Option<f64>,
    uptime_last_1d: Option<f64>,
    failures_last_30m: serde_json::Map<String, Value>,
    latency_last_5m: Option<Percentiles>,
    throughput_last_5m: Option<Percentiles>,
    tool_calls_last_2h: ToolCalls,
    in_flight: u32,
    requests_left: Option<u64>,
}

#[derive(Deserialize)]
struct Percentiles {
    p50: f64,
    p90: f64,
}

#[derive(Deserialize)]
struct ToolCalls {
    succeeded: u64,
    failed: u64,
}

/// Most of an answer that is read, in bytes: some thousands of endpoints.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Asks a running gateway how endpoints are doing.
pub(super) async fn run(args: HealthArgs, session: &Session) -> anyhow::Result<ExitCode> {
    let gateway = Running::reach(args.at, session).await?;
    let answer = ask(&gateway, args.model.as_deref()).await;
    gateway.leave().await?;
    let answer = answer?;
    if args.json {
        let answer: Value = serde_json::from_slice(&answer).context(MALFORMED)?;
        output::json(answer.get("data").unwrap_or(&answer))?;
    } else {
        let Answer { data } = serde_json::from_slice(&answer).context(MALFORMED)?;
        print(&data);
    }
    Ok(ExitCode::SUCCESS)
}

const MALFORMED: &str = "the answer can't be understood: is it a gateway of this version?";

async fn ask(gateway: &Running, model: Option<&str>) -> anyhow::Result<Bytes> {
    let query = model.map(|model| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("model", model);
        format!("?{}", query.finish())
    });
    let url = gateway.url("/routing/health") + &query.unwrap_or_default();
    let body = gateway.ask(Request::get(url).body(Bytes::new())?).await?;
    read_bounded(body, ANSWER_BYTES_MAX).await.context("the answer broke off")
}

fn print(endpoints: &[Endpoint]) {
    let columns = [
        "endpoint",
        "standing",
        "uptime 5m",
        "30m",
        "1d",
        "first token",
        "p90",
        "tokens/s",
        "in flight",
        "left",
        "tool calls",
        "failures in 30m",
    ];
    let mut table = output::table(&columns);
    let unknown = || "–".to_owned();
    let percent = |it: Option<f64>| it.map_or_else(unknown, |it| format!("{it:.1} %"));
    let millis = |it: Option<f64>| it.map_or_else(unknown, |it| format!("{it:.0} ms"));
    for it in endpoints {
        let first_token = it.latency_last_5m.as_ref();
        let throughput = it.throughput_last_5m.as_ref();
        table.add_row([
            it.endpoint_id.clone(),
            standing(it),
            percent(it.uptime_last_5m),
            percent(it.uptime_last_30m),
            percent(it.uptime_last_1d),
            millis(first_token.map(|it| it.p50)),
            millis(first_token.map(|it| it.p90)),
            throughput.map_or_else(unknown, |it| format!("{:.0}", it.p50)),
            it.in_flight.to_string(),
            it.requests_left.map_or_else(unknown, |it| it.to_string()),
            tool_calls(&it.tool_calls_last_2h),
            failures(&it.failures_last_30m),
        ]);
    }
    output::right(&mut table, &[2, 3, 4, 5, 6, 7, 8, 9, 10]);
    output::print(&table, "No endpoint was called yet. Name a model to see all of its endpoints.");
}

/// The number, what it means, and how long what keeps calls away still does.
fn standing(it: &Endpoint) -> String {
    let words = format!("{} {}", it.status, it.status_text);
    match it.open_for_ms.max(it.cooling_for_ms) {
        Some(left) => format!("{words}, {}.{} s", left / 1_000, left % 1_000 / 100),
        None => words,
    }
}

/// How many of the answers with tool calls had none but permitted ones.
fn tool_calls(counts: &ToolCalls) -> String {
    match counts.succeeded.saturating_add(counts.failed) {
        0 => "–".to_owned(),
        total => format!("{} of {total}", counts.succeeded),
    }
}

fn failures(kinds: &serde_json::Map<String, Value>) -> String {
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    kinds.join(", ")
}

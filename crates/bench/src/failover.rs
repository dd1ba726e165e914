//! How long the gateway takes from a provider's failure to the first byte of its next attempt; what
//! `make benchfailover` measures.
//!
//! Two providers are bare sockets of this process: the first fails, the second notes when a byte
//! comes. A connection that is refused is noticed by nobody but the gateway, so there the clock
//! starts when the call is sent: reading, planning and the attempt that is refused are part of it.
//! What these take where nothing fails is printed beside it.
//! Between two failures the first provider answers well, twice: one that only fails would be left
//! alone, and nothing would be measured.

mod provider;

use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::cli::FailoverArgs;
use crate::gateway::Gateway;
use crate::statistics::Samples;
use provider::{Fault, Provider, contains};

/// Good answers between two failures: fewer, and the gateway would leave the provider alone.
const GOOD: usize = 2;
/// Failures before the clock counts.
const WARM_UP: u32 = 20;
/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(20);
const MODEL: &str = "bench/model";

/// The two providers, and the gateway in front of them.
struct World {
    first: Provider,
    second: Provider,
    gateway: Gateway,
}

/// Measures every kind of failure, streamed and whole, and prints the times.
pub(crate) async fn run(args: &FailoverArgs) -> anyhow::Result<ExitCode> {
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        "the first provider",
        "answer",
        "p50 µs",
        "p90 µs",
        "p99 µs",
        "max µs",
        "first attempt p50",
        "p99",
    ]);
    for fault in Fault::ALL {
        // Where connections are refused none may be left from before.
        let first = Provider::start(fault != Fault::Refused).await?;
        let second = Provider::start(true).await?;
        let configuration = configuration(first.address, second.address);
        let gateway = Gateway::start(args.gateway.clone(), &configuration, None).await?;
        let mut world = World { first, second, gateway };
        for streams in [false, true] {
            let (mut samples, mut attempts) = (Samples::default(), Samples::default());
            for call in 0..args.calls.saturating_add(WARM_UP) {
                let (took, attempt) = world.measure(fault, streams).await?;
                if call >= WARM_UP {
                    samples.push(took);
                    attempts.push(attempt);
                }
            }
            let it = samples.percentiles().context("nothing was measured")?;
            let well = attempts.percentiles().context("nothing was measured")?;
            let figures = [it.p50_us, it.p90_us, it.p99_us, it.max_us, well.p50_us, well.p99_us];
            let figures = figures.map(|it| format!("{it:.0}"));
            let kind = if streams { "streamed" } else { "whole" };
            table.add_row([fault.as_str(), kind].map(str::to_owned).into_iter().chain(figures));
        }
    }
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut output = std::io::stdout();
    writeln!(
        output,
        "From the failure to the next attempt's first byte, {} calls each",
        args.calls
    )?;
    writeln!(output, "Load averages of the machine: {}\n\n{table}", load.trim())?;
    Ok(ExitCode::SUCCESS)
}

impl World {
    /// Has one call fail over, between others that do not. Returns how long that took, and how long
    /// one of the others took from being sent to its attempt's first byte.
    async fn measure(
        &mut self,
        fault: Fault,
        streams: bool,
    ) -> anyhow::Result<(Duration, Duration)> {
        let mut attempt = Duration::ZERO;
        for _ in 0..GOOD {
            let sent = self.call(streams).await?;
            let asked = self.first.asked().context("the first provider was left alone")?;
            attempt = asked.saturating_duration_since(sent);
        }
        ensure!(self.second.asked().is_none(), "the first provider was left alone");
        let begun = if fault == Fault::Refused {
            self.first.close().await;
            let sent = self.call(streams).await;
            self.first.reopen().await?;
            sent?
        } else {
            self.first.fail_next(fault);
            self.call(streams).await?;
            self.first.failed().context("the first provider was not asked")?
        };
        let asked = self.second.asked().context("the second provider was not asked")?;
        Ok((asked.saturating_duration_since(begun), attempt))
    }

    /// Makes a call, checks its answer, and returns when it was sent.
    async fn call(&self, streams: bool) -> anyhow::Result<Instant> {
        let Gateway { address, key, .. } = &self.gateway;
        let mut connection = TcpStream::connect(address).await?;
        connection.set_nodelay(true)?;
        let request = request(*address, key, streams);
        let sent = Instant::now();
        connection.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        let read = connection.read_to_end(&mut answer);
        timeout(ANSWER_MAX, read).await.context("no answer in time")??;
        let end: &[u8] = if streams { b"data: [DONE]" } else { b"chat.completion" };
        let is_good = answer.starts_with(b"HTTP/1.1 200")
            && contains(&answer, b"Hello")
            && contains(&answer, end);
        ensure!(is_good, "a wrong answer: {}", String::from_utf8_lossy(&answer));
        Ok(sent)
    }
}

fn request(address: SocketAddr, key: &str, streams: bool) -> String {
    let body = format!(
        r#"{{"model":"{MODEL}","stream":{streams},"provider":{{"order":["first","second"]}},"messages":[{{"role":"user","content":"Hello"}}]}}"#
    );
    format!(
        "POST /api/v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Two providers of one model.
fn configuration(first: SocketAddr, second: SocketAddr) -> String {
    let provider = |slug: &str, address: SocketAddr| {
        format!(
            r#"
[[provider]]
slug = "{slug}"
name = "{slug}"
protocol = "openai-chat"
base_url = "http://{address}/v1"
api_key = "sk-upstream"

[[endpoint]]
model = "{MODEL}"
provider = "{slug}"
upstream_model = "m"
price = {{ input = "0.15", output = "0.60" }}
"#
        )
    };
    let model = format!("[[model]]\nid = \"{MODEL}\"\ninput = [\"text\"]\noutput = [\"text\"]\n");
    [model, provider("first", first), provider("second", second)].concat()
}

//! A provider of bare sockets, which fails when it is told to and notes when something happens.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How a provider fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It answers 503.
    Unavailable,
    /// Nobody listens.
    Refused,
    /// It sends the headers of an answer, and closes the connection.
    Cut,
}

impl Fault {
    pub(super) const ALL: [Self; 3] = [Self::Unavailable, Self::Refused, Self::Cut];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "503",
            Self::Refused => "refused",
            Self::Cut => "cut behind the headers",
        }
    }
}

/// What a provider is told, and what it has noted.
#[derive(Debug, Default)]
struct State {
    /// How the next request fails.
    fault: Mutex<Option<Fault>>,
    /// When the first byte of the last request came.
    asked: Mutex<Option<Instant>>,
    /// When it last began to fail.
    failed: Mutex<Option<Instant>>,
}

/// A provider that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) address: SocketAddr,
    state: Arc<State>,
    accepting: Option<JoinSet<()>>,
    /// Held open between requests, or closed behind each: a provider that is to refuse connections
    /// must have none.
    keeps: bool,
}

const UNAVAILABLE: &str = r#"{"error":{"message":"down","code":503}}"#;
const COMPLETION: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Hello"}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;
const STREAM: &str = concat!(
    r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"},"finish_reason":null}]}"#,
    "\n\n",
    r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#,
    "\n\ndata: [DONE]\n\n"
);

impl Provider {
    pub(super) async fn start(keeps: bool) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut provider = Self { address, state: Arc::default(), accepting: None, keeps };
        provider.accept(listener);
        Ok(provider)
    }

    fn accept(&mut self, listener: TcpListener) {
        let (state, keeps) = (Arc::clone(&self.state), self.keeps);
        // Dropping the provider ends its connections with it.
        let mut accepting = JoinSet::new();
        let accept = async move {
            let mut connections = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                connections.spawn(serve(connection, Arc::clone(&state), keeps));
                while connections.try_join_next().is_some() {}
            }
        };
        accepting.spawn(accept);
        self.accepting = Some(accepting);
    }

    /// The next request fails.
    pub(super) fn fail_next(&self, fault: Fault) {
        *self.state.fault.lock() = Some(fault);
    }

    /// Refuses connections from now on.
    pub(super) async fn close(&mut self) {
        if let Some(mut accepting) = self.accepting.take() {
            accepting.shutdown().await;
        }
    }

    /// Takes connections again.
    pub(super) async fn reopen(&mut self) -> anyhow::Result<()> {
        let listener = TcpListener::bind(self.address).await.context("the port is taken")?;
        self.accept(listener);
        Ok(())
    }

    /// When the first byte of a request came, since this was asked last.
    pub(super) fn asked(&self) -> Option<Instant> {
        self.state.asked.lock().take()
    }

    /// When it began to fail, since this was asked last.
    pub(super) fn failed(&self) -> Option<Instant> {
        self.state.failed.lock().take()
    }
}

/// Answers one request after another.
async fn serve(mut connection: TcpStream, state: Arc<State>, keeps: bool) {
    // The first byte of an answer should not wait for more.
    if connection.set_nodelay(true).is_err() {
        return;
    }
    let (mut request, mut packet) = (Vec::new(), vec![0; 16 * 1024]);
    loop {
        let Ok(read @ 1..) = connection.read(&mut packet).await else { return };
        if request.is_empty() {
            *state.asked.lock() = Some(Instant::now());
        }
        request.extend_from_slice(packet.get(..read).unwrap_or_default());
        if !is_whole(&request) {
            continue;
        }
        let streams = contains(&request, br#""stream":true"#);
        request.clear();
        let fault = state.fault.lock().take();
        let (bytes, stays) = answer(fault, streams, keeps);
        if fault.is_some() {
            *state.failed.lock() = Some(Instant::now());
        }
        if connection.write_all(bytes.as_bytes()).await.is_err() {
            return;
        }
        if !stays {
            if fault.is_none() {
                closed_by_the_other(&mut connection).await;
            }
            return;
        }
    }
}

/// Waits until the gateway has closed the connection. Who closes first keeps the pair of ports for
/// a minute (RFC 9293, 3.3.2, TIME-WAIT), and Linux does not refuse a connection that comes over
/// such a pair while nobody listens: it challenges it, and its sender tries again two ticks of the
/// kernel's clock later. After some thousand calls one refusal in ten would be told 8 ms late.
async fn closed_by_the_other(connection: &mut TcpStream) {
    let mut rest = [0; 64];
    while matches!(connection.read(&mut rest).await, Ok(1..)) {}
}

/// What is answered, and whether the connection stays open behind it.
fn answer(fault: Option<Fault>, streams: bool, keeps: bool) -> (String, bool) {
    let (media_type, good) =
        if streams { ("text/event-stream", STREAM) } else { ("application/json", COMPLETION) };
    let (status, media_type, body) = match fault {
        Some(Fault::Unavailable) => ("503 Service Unavailable", "application/json", UNAVAILABLE),
        Some(Fault::Cut | Fault::Refused) | None => ("200 OK", media_type, good),
    };
    let is_cut = matches!(fault, Some(Fault::Cut | Fault::Refused));
    let connection = if keeps { "keep-alive" } else { "close" };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\
         connection: {connection}\r\n\r\n",
        body.len()
    );
    (if is_cut { head } else { head + body }, keeps && !is_cut)
}

/// Whether a request with a length is there to its end.
fn is_whole(request: &[u8]) -> bool {
    let end = request.windows(4).position(|it| it == b"\r\n\r\n");
    let Some((head, body)) = end.and_then(|end| request.split_at_checked(end)) else {
        return false;
    };
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|it| it.trim().parse::<usize>().ok()).unwrap_or(0);
    body.len() >= length.saturating_add(4)
}

pub(super) fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|it| it == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole_when_its_body_is() {
        let whole = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
        assert!(is_whole(whole));
        for cut in 0..whole.len() {
            assert!(!is_whole(&whole[..cut]), "{cut}");
        }
    }

    #[test]
    fn answers_fail_as_they_are_told() {
        for streams in [false, true] {
            let (good, stays) = answer(None, streams, true);
            assert!(good.starts_with("HTTP/1.1 200") && good.contains("Hello") && stays);
            let (bad, stays) = answer(Some(Fault::Unavailable), streams, true);
            assert!(bad.starts_with("HTTP/1.1 503") && stays);
            let (cut, stays) = answer(Some(Fault::Cut), streams, true);
            assert!(cut.ends_with("\r\n\r\n") && !cut.contains("Hello") && !stays);
            assert!(!answer(None, streams, false).1);
        }
    }
}

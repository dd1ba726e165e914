//! Receivers of alerts over real sockets: one of posted ones, and a mail server. Written from what
//! receivers are told (`docs/alerts.md`) and RFC 5321, not from the gateway's senders.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A receiver of posted alerts that runs until it is dropped.
#[derive(Debug)]
pub struct AlertReceiver {
    address: SocketAddr,
    accepting: JoinHandle<()>,
    state: Arc<Mutex<Received>>,
}

#[derive(Debug, Default)]
struct Received {
    posted: Vec<Posted>,
    refuses: u32,
    hangs: u32,
}

/// A posted alert.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, as it came.
    pub body: Bytes,
}

/// A mail server that runs until it is dropped.
#[derive(Debug)]
pub struct MailServer {
    address: SocketAddr,
    accepting: JoinHandle<()>,
    mails: Arc<Mutex<Vec<Mail>>>,
}

/// A mail that was taken.
#[derive(Debug, Clone, Default)]
pub struct Mail {
    /// Who sent it, as the envelope says.
    pub from: String,
    /// Whom it is for, as the envelope says.
    pub to: Vec<String>,
    /// Headers and text, with the dots that SMTP adds taken away.
    pub text: String,
}

#[expect(clippy::disallowed_methods, reason = "nothing is lost when the receiver of a test stops")]
impl AlertReceiver {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(Received::default()));
        let shared = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| take(Arc::clone(&state), request));
                let io = TokioIo::new(connection);
                tokio::spawn(http1::Builder::new().serve_connection(io, service));
            }
        });
        Self { address, accepting, state }
    }
}

impl AlertReceiver {
    /// The lines of a configuration file that name it.
    pub fn config(&self, secret: &str) -> String {
        let url = format!("http://{}/alerts", self.address);
        format!("[alerts.webhook]\nurl = \"{url}\"\nsecret = \"{secret}\"\n")
    }

    /// What has come, in its order.
    pub fn posted(&self) -> Vec<Posted> {
        self.state.lock().posted.clone()
    }

    /// Answers the next so many with 500.
    pub fn refuse(&self, count: u32) {
        self.state.lock().refuses = count;
    }

    /// Takes the next so many and never answers.
    pub fn hang(&self, count: u32) {
        self.state.lock().hangs = count;
    }
}

impl Posted {
    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Whether it is signed with a secret.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let (time, hex) = self.header("x-tollgate-signature").split_once(",v1=").unwrap();
        let signed = [time.trim_start_matches("t=").as_bytes(), b",", &self.body].concat();
        let digits = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).unwrap());
        let tag: Vec<u8> = digits.map(|it| u8::from_str_radix(it, 16).unwrap()).collect();
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hmac::verify(&key, &signed, &tag).is_ok()
    }
}

impl Drop for AlertReceiver {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn take(
    state: Arc<Mutex<Received>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let (is_refused, is_hung) = {
        let mut state = state.lock();
        state.posted.push(Posted { headers: head.headers, body });
        let said = (state.refuses > 0, state.hangs > 0);
        state.refuses = state.refuses.saturating_sub(1);
        state.hangs = state.hangs.saturating_sub(1);
        said
    };
    if is_hung {
        std::future::pending::<()>().await;
    }
    let status = if is_refused { 500 } else { 204 };
    Ok(Response::builder().status(status).body(Full::default()).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "nothing is lost when the server of a test stops")]
impl MailServer {
    /// Starts on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&mails);
        let accepting = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(talk(connection, Arc::clone(&shared)));
            }
        });
        Self { address, accepting, mails }
    }
}

impl MailServer {
    /// Its URL.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// What was taken, in its order.
    pub fn mails(&self) -> Vec<Mail> {
        self.mails.lock().clone()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Speaks RFC 5321 with one client to its end.
async fn talk(connection: TcpStream, mails: Arc<Mutex<Vec<Mail>>>) -> Option<()> {
    let mut connection = BufReader::new(connection);
    let mut mail = Mail::default();
    say(&mut connection, "220 mail.test ESMTP").await?;
    loop {
        let line = hear(&mut connection).await?;
        let command = line.to_ascii_uppercase();
        let answer = match command.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250-mail.test\r\n250 8BITMIME",
            "HELO" | "NOOP" => "250 mail.test",
            "RSET" => {
                mail = Mail::default();
                "250 OK"
            }
            "MAIL" => {
                mail = Mail { from: address(&line), ..Mail::default() };
                "250 OK"
            }
            "RCPT" if mail.from.is_empty() => "503 Who are you?",
            "RCPT" => {
                mail.to.push(address(&line));
                "250 OK"
            }
            "DATA" if mail.to.is_empty() => "503 For whom?",
            "DATA" => {
                say(&mut connection, "354 Go on").await?;
                mail.text = text(&mut connection).await?;
                mails.lock().push(std::mem::take(&mut mail));
                "250 Taken"
            }
            "QUIT" => {
                say(&mut connection, "221 Bye").await?;
                return Some(());
            }
            _ => "500 What?",
        };
        say(&mut connection, answer).await?;
    }
}

/// Lines up to the one that is a dot.
async fn text(connection: &mut BufReader<TcpStream>) -> Option<String> {
    let mut text = String::new();
    loop {
        let line = hear(connection).await?;
        if line == "." {
            return Some(text);
        }
        text.push_str(line.strip_prefix('.').unwrap_or(&line));
        text.push('\n');
    }
}

/// What is between angle brackets.
fn address(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(address, _)| address.to_owned())
}

async fn hear(connection: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    let read = connection.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn say(connection: &mut BufReader<TcpStream>, line: &str) -> Option<()> {
    connection.write_all(format!("{line}\r\n").as_bytes()).await.ok()
}

//! A provider that gives every request the same answer, byte for byte, or one after another: for
//! what no simulator would say.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A provider that runs until it is dropped.
#[derive(Debug)]
pub struct Canned {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

#[expect(clippy::disallowed_methods, reason = "nothing is lost when the provider of a test stops")]
impl Canned {
    /// Answers each request with status 200, this media type and this body, and hangs up.
    pub async fn start(media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self::in_turn(media_type, vec![body.into()]).await
    }

    /// The same a while after each request has come.
    pub async fn late(delay: Duration, media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self::answering(delay, media_type, vec![body.into()]).await
    }

    /// Answers one request after another with these bodies; the last one stays.
    pub async fn in_turn(media_type: &'static str, bodies: Vec<Vec<u8>>) -> Self {
        Self::answering(Duration::ZERO, media_type, bodies).await
    }

    async fn answering(delay: Duration, media_type: &'static str, bodies: Vec<Vec<u8>>) -> Self {
        let answer = |body: Vec<u8>| {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\
                 connection: close\r\n\r\n"
            );
            [head.into_bytes(), body].concat()
        };
        let mut answers: VecDeque<Vec<u8>> = bodies.into_iter().map(answer).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let next =
                    if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
                tokio::spawn(give(connection, delay, next.unwrap()));
            }
        });
        Self { address, accepting }
    }

    /// Where it is.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Reads one request to its end, as its length says, and answers it.
async fn give(mut connection: TcpStream, delay: Duration, answer: Vec<u8>) {
    let (mut request, mut packet) = (Vec::new(), [0; 8_192]);
    while !is_whole(&request) {
        match connection.read(&mut packet).await {
            Ok(read) if read > 0 => request.extend_from_slice(&packet[..read]),
            _ => return,
        }
    }
    tokio::time::sleep(delay).await;
    if connection.write_all(&answer).await.is_ok() {
        // The caller may be gone already.
        connection.shutdown().await.ok();
    }
}

fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|it| it == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.map_or(0, |it| it.trim().parse().unwrap());
    request.len() >= end + 4 + length
}

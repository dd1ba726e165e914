//! Gives the simulator's models the names of Claude at Bedrock, where a model's name decides what
//! it is asked and how. The simulator knows its models by their own names only.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Passes requests on under another name. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Alias {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Alias {
    /// What stands before the simulator's names.
    pub(crate) const PREFIX: &str = "anthropic.claude-";

    /// Listens on a free port.
    pub(crate) async fn open(simulator: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut passing = tokio::task::JoinSet::new();
        let serving = tokio::runtime::Handle::current().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                passing.spawn(pass(stream, simulator));
            }
        });
        Self { address, serving }
    }

    /// Where it listens.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Alias {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Passes one request on, and closes both connections behind its answer.
async fn pass(mut from: TcpStream, simulator: SocketAddr) -> std::io::Result<()> {
    let mut request = Vec::new();
    let (head, body) = loop {
        let mut bytes = [0; 4096];
        let read = from.read(&mut bytes).await?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&bytes[..read]);
        let end = request.windows(4).position(|it| it == b"\r\n\r\n");
        let Some(end) = end else { continue };
        let head = String::from_utf8_lossy(&request[..end]).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let body = &request[end + 4..];
        if body.len() >= length.unwrap_or(0) {
            break (head, body.to_vec());
        }
    };
    let head = head.replacen(Alias::PREFIX, "", 1);
    let kept = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let mut lines: Vec<&str> = kept.collect();
    lines.push("connection: close");
    let head = lines.join("\r\n") + "\r\n\r\n";
    let mut to = TcpStream::connect(simulator).await?;
    to.write_all(&[head.as_bytes(), &body].concat()).await?;
    tokio::io::copy(&mut to, &mut from).await?;
    from.shutdown().await
}

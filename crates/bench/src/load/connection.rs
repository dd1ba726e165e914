//! HTTP/1.1 as a load generator needs it, on a bare socket.
//!
//! A client library costs as much per request as a proxy does, and the load shares its CPU with
//! the upstream: every microsecond here lowers the rate that can be measured at all. So this
//! reads exactly what servers under test send: one answer at a time, by length or in chunks.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest head or line that is read.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// How much is read at once.
const READ_BYTES: usize = 16 << 10;

/// A connection to a server under test.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    input: BytesMut,
}

/// What stands before an answer's body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) body: Framing,
    /// Whether the server closes the connection behind this answer.
    pub(super) closes: bool,
}

/// How the rest of a body is delimited.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes to come.
    Length(usize),
    /// A chunk's size comes next.
    ChunkSize,
    /// So many bytes of a chunk to come.
    Chunk(usize),
    /// The line end behind a chunk comes next.
    ChunkEnd,
    /// The lines behind the last chunk come next.
    Trailer,
}

/// What was found in the input.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Data(Bytes),
    More,
    End,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.context("no connection")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: BytesMut::with_capacity(READ_BYTES) })
    }

    pub(super) async fn send(&mut self, request: &[u8]) -> anyhow::Result<Head> {
        self.stream.write_all(request).await.context("the request was not taken")?;
        loop {
            if let Some(head) = head(&mut self.input)? {
                return Ok(head);
            }
            self.fill().await?;
        }
    }

    /// The next piece of the body, or nothing at its end.
    pub(super) async fn data(&mut self, framing: &mut Framing) -> anyhow::Result<Option<Bytes>> {
        loop {
            match framing.next(&mut self.input)? {
                Found::Data(bytes) => return Ok(Some(bytes)),
                Found::End => return Ok(None),
                Found::More => self.fill().await?,
            }
        }
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        self.input.reserve(READ_BYTES);
        let count = self.stream.read_buf(&mut self.input).await.context("the connection broke")?;
        if count == 0 {
            bail!("the connection was closed before the answer's end");
        }
        Ok(())
    }
}

impl Framing {
    fn next(&mut self, input: &mut BytesMut) -> anyhow::Result<Found> {
        loop {
            match self {
                Self::Length(0) => return Ok(Found::End),
                Self::Length(left) | Self::Chunk(left) => {
                    if input.is_empty() {
                        return Ok(Found::More);
                    }
                    let count = input.len().min(*left);
                    *left -= count;
                    if *self == Self::Chunk(0) {
                        *self = Self::ChunkEnd;
                    }
                    return Ok(Found::Data(input.split_to(count).freeze()));
                }
                Self::ChunkSize | Self::ChunkEnd | Self::Trailer => {
                    let Some(line) = line(input)? else { return Ok(Found::More) };
                    *self = self.behind(&line)?;
                }
            }
        }
    }

    /// What follows a line between chunks.
    fn behind(&self, line: &[u8]) -> anyhow::Result<Self> {
        match self {
            Self::ChunkSize => match chunk_size(line).context("a chunk without a size")? {
                0 => Ok(Self::Trailer),
                size => Ok(Self::Chunk(size)),
            },
            Self::ChunkEnd if line.is_empty() => Ok(Self::ChunkSize),
            Self::Trailer if line.is_empty() => Ok(Self::Length(0)),
            Self::Trailer => Ok(Self::Trailer),
            Self::ChunkEnd | Self::Length(_) | Self::Chunk(_) => bail!("a chunk that does not end"),
        }
    }
}

/// Takes a head from the input, when it is there as a whole.
fn head(input: &mut BytesMut) -> anyhow::Result<Option<Head>> {
    let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") else {
        if input.len() > HEAD_BYTES_MAX {
            bail!("a head of more than {HEAD_BYTES_MAX} bytes");
        }
        return Ok(None);
    };
    let bytes = input.split_to(end + 4);
    let text = std::str::from_utf8(&bytes).context("a head that is not text")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    let status = status.context("an answer without a status")?;
    let (mut body, mut closes) = (None, false);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            body = Some(Framing::Length(value.parse().context("a length that is not a number")?));
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            body = Some(Framing::ChunkSize);
        } else if name.eq_ignore_ascii_case("connection") {
            closes = value.eq_ignore_ascii_case("close");
        }
    }
    let body = body.context("a body with neither length nor chunks")?;
    Ok(Some(Head { status, body, closes }))
}

/// Takes a line from the input, without its end.
fn line(input: &mut BytesMut) -> anyhow::Result<Option<BytesMut>> {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        if input.len() > HEAD_BYTES_MAX {
            bail!("a line of more than {HEAD_BYTES_MAX} bytes");
        }
        return Ok(None);
    };
    let mut line = input.split_to(end + 1);
    while matches!(line.last(), Some(b'\r' | b'\n')) {
        line.truncate(line.len() - 1);
    }
    Ok(Some(line))
}

fn chunk_size(line: &[u8]) -> Option<usize> {
    let digits = line.split(|byte| *byte == b';').next()?;
    usize::from_str_radix(std::str::from_utf8(digits).ok()?.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{Found, Framing, HEAD_BYTES_MAX, Head, head, line};

    /// Reads a body that arrives in parts of `size` bytes; says whether it ended.
    fn body(mut framing: Framing, bytes: &[u8], size: usize) -> anyhow::Result<(Vec<u8>, bool)> {
        let (mut input, mut body) = (BytesMut::new(), Vec::new());
        let mut parts = bytes.chunks(size);
        loop {
            match framing.next(&mut input)? {
                Found::Data(data) => body.extend_from_slice(&data),
                Found::End => return Ok((body, true)),
                Found::More => match parts.next() {
                    Some(part) => input.extend_from_slice(part),
                    None => return Ok((body, false)),
                },
            }
        }
    }

    #[test]
    fn bodies_are_read_however_they_are_cut() {
        let chunked = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nvary: x\r\n\r\n";
        for size in 1..=chunked.len() {
            let read = body(Framing::ChunkSize, chunked, size).unwrap();
            assert_eq!(read, (b"hello world".to_vec(), true), "in parts of {size}");
            let read = body(Framing::Length(7), b"bytes 7", size).unwrap();
            assert_eq!(read, (b"bytes 7".to_vec(), true), "in parts of {size}");
        }
    }

    #[test]
    fn a_body_that_stops_early_has_no_end() {
        for chunked in ["5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n"] {
            assert!(!body(Framing::ChunkSize, chunked.as_bytes(), 3).unwrap().1, "{chunked}");
        }
        assert!(!body(Framing::Length(3), b"12", 1).unwrap().1);
    }

    #[test]
    fn broken_chunks_are_errors() {
        for chunked in ["x\r\n", "\r\n", "2\r\nabc\r\n"] {
            assert!(body(Framing::ChunkSize, chunked.as_bytes(), 64).is_err(), "{chunked}");
        }
    }

    #[test]
    fn heads_say_how_the_body_ends() {
        let read = |text: &str| head(&mut BytesMut::from(text));
        let found = read("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
        let expected = Head { status: 200, body: Framing::Length(3), closes: true };
        assert_eq!(found.unwrap(), Some(expected));
        let found = read("HTTP/1.1 503 Busy\r\ntransfer-encoding: chunked\r\n\r\n");
        let expected = Head { status: 503, body: Framing::ChunkSize, closes: false };
        assert_eq!(found.unwrap(), Some(expected));
        assert_eq!(read("HTTP/1.1 200 OK\r\ncontent-le").unwrap(), None);
        assert!(read("HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(read("nonsense\r\n\r\n").is_err());
    }

    #[test]
    fn heads_and_lines_are_bounded() {
        let at_most = vec![b'x'; HEAD_BYTES_MAX];
        assert_eq!(head(&mut BytesMut::from(at_most.as_slice())).unwrap(), None);
        assert_eq!(line(&mut BytesMut::from(at_most.as_slice())).unwrap(), None);
        let longer = vec![b'x'; HEAD_BYTES_MAX + 1];
        assert!(head(&mut BytesMut::from(longer.as_slice())).is_err());
        assert!(line(&mut BytesMut::from(longer.as_slice())).is_err());
    }
}

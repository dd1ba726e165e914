//! A picture and a document, and who serves the picture.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What a picture begins with, and then some.
pub(crate) const IMAGE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\
    the picture of the matrix";
/// A document.
pub(crate) const PDF: &[u8] = b"%PDF-1.4\n% the document of the matrix\n%%EOF\n";

/// A sound of one sample.
pub(crate) const SOUND: &[u8] =
    b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\xc0\x5d\0\0\x80\xbb\0\0\
    \x02\0\x10\0data\x02\0\0\0\0\0";
/// A film, as far as its first letters say.
pub(crate) const FILM: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isomthe film of the matrix";

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 with padding.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| usize::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = char::from(ALPHABET[bits >> (18 - 6 * at) & 63]);
            text.push(if at <= group.len() { letter } else { '=' });
        }
    }
    text
}

/// The picture as a data URI.
pub(crate) fn image_uri() -> String {
    format!("data:image/png;base64,{}", base64(IMAGE))
}

/// The document as a data URI.
pub(crate) fn pdf_uri() -> String {
    format!("data:application/pdf;base64,{}", base64(PDF))
}

/// The film as a data URI.
pub(crate) fn film_uri() -> String {
    format!("data:video/mp4;base64,{}", base64(FILM))
}

/// Serves the picture at any path. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Gallery {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Gallery {
    /// Listens on a free port.
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut visitors = tokio::task::JoinSet::new();
        let serving = tokio::runtime::Handle::current().spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                visitors.spawn(show(stream));
            }
        });
        Self { address, serving }
    }

    /// Where the picture is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/picture.png", self.address)
    }
}

impl Drop for Gallery {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn show(mut stream: TcpStream) {
    let mut request = Vec::new();
    let mut bytes = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut bytes).await {
            Ok(read) if read > 0 => request.extend_from_slice(&bytes[..read]),
            _ => return,
        }
    }
    let length = IMAGE.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    // Whoever has gone needs no picture.
    let _sent = stream.write_all(&[head.as_bytes(), IMAGE].concat()).await;
}

//! Connections over HTTP/1.1, which are driven by the calls that use them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tollgate_upstream::UpstreamConfig;

use crate::support::{SOON, Server, Speaks, client, opened, post, send};

/// A bare socket to be called.
async fn bare() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The head of a request, as it is on the wire; its body is read, too.
async fn head(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(read).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    head
}

#[tokio::test]
async fn a_request_names_its_host_and_a_path() {
    let (listener, address) = bare().await;
    let client = client(UpstreamConfig::default());
    let asked = async {
        let body = send(&client, post("http", address, "/v1/chat?beta=true")).await.unwrap();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "ok");
    };
    let answered = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let head = head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        (stream, head)
    };
    let ((), (_stream, head)) = tokio::join!(asked, answered);
    assert!(head.starts_with("POST /v1/chat?beta=true HTTP/1.1\r\n"), "{head}");
    assert_eq!(head.matches(&format!("host: {address}\r\n")).count(), 1, "{head}");
}

#[tokio::test]
async fn a_connection_that_its_server_has_closed_is_not_used_again() {
    let (listener, address) = bare().await;
    let client = client(UpstreamConfig::default());
    for round in 0..3 {
        let asked = async {
            let body = send(&client, post("http", address, "/")).await.unwrap();
            assert_eq!(body.collect().await.unwrap().to_bytes(), "ok", "round {round}");
        };
        let answered = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        };
        tokio::join!(asked, answered);
        // The end has to come through.
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_connection_that_nobody_uses_is_closed() {
    let (listener, address) = bare().await;
    let config =
        UpstreamConfig { idle_timeout: Duration::from_millis(100), ..UpstreamConfig::default() };
    let client = client(config);
    let asked = async { send(&client, post("http", address, "/")).await.unwrap().collect().await };
    let answered = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        stream
    };
    let (body, mut stream) = tokio::join!(asked, answered);
    body.unwrap();
    // No call comes to see that it is old.
    let ended = timeout(SOON, stream.read_u8()).await.unwrap();
    assert_eq!(ended.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_body_that_is_not_read_to_its_end_takes_its_connection_with_it() {
    for speaks in [Speaks::Http1, Speaks::Http1OverTls] {
        let server = Server::start(speaks).await;
        let client = server.client();
        drop(opened(&client, &server).await);
        server.until_live(0).await;
        send(&client, server.post("/bytes/3")).await.unwrap().collect().await.unwrap();
        assert_eq!(server.connections(), 2, "{speaks:?}");
    }
}

/// No chunk waits for the next.
#[tokio::test]
async fn chunks_are_there_as_they_come() {
    let (listener, address) = bare().await;
    let client = client(UpstreamConfig::default());
    let (asked, taken) = tokio::join!(send(&client, post("http", address, "/")), async {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head).await.unwrap();
        stream
    });
    let (mut body, mut stream) = (asked.unwrap(), taken);
    for word in ["one", "two", "six"] {
        stream.write_all(format!("3\r\n{word}\r\n").as_bytes()).await.unwrap();
        let frame = timeout(SOON, body.frame()).await.unwrap().unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), word);
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert!(timeout(SOON, body.frame()).await.unwrap().is_none());
    // Read to its end: the next call has the connection.
    let (again, head) =
        tokio::join!(timeout(SOON, send(&client, post("http", address, "/next"))), async {
            let head = head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            head
        });
    assert!(again.unwrap().unwrap().collect().await.unwrap().to_bytes().is_empty());
    assert!(head.starts_with("POST /next "), "{head}");
}

/// Callers move between threads while their connections do.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_callers_each_get_their_own_answer() {
    let server = Arc::new(Server::start(Speaks::Http1).await);
    let client = Arc::new(server.client());
    let mut callers = JoinSet::new();
    for caller in 1..=64 {
        let (client, server) = (Arc::clone(&client), Arc::clone(&server));
        callers.spawn(async move {
            for round in 1..=20 {
                // Some need many reads.
                let bytes = caller * round * 199;
                let path = format!("/bytes/{bytes}");
                let body = send(&client, server.post(&path)).await.unwrap();
                let body = timeout(SOON, body.collect()).await.unwrap().unwrap().to_bytes();
                assert_eq!(body.len(), bytes);
            }
        });
    }
    callers.join_all().await;
    assert!(server.connections() <= 64, "{}", server.connections());
}

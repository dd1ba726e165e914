//! How much is allocated for a call, from its first byte to its record.
//!
//! The gateway runs on one thread, whose allocations are counted; the client and the provider are on
//! others. SQLite's own thread is not counted. What is done now and then, such as writing a batch
//! of records, is shared by the calls between.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use allocation_counter::{AllocationInfo, measure};
use serde_json::json;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tollgate_testkit::{PATIENCE, Protocol, TestGateway, simulator};

use crate::routing::P1;

/// Calls that fill caches and pools.
const WARM_UP: u64 = 50;
/// So many rounds of calls are counted, of which the one with the fewest allocations counts: what
/// falls into a round now and then, such as looking whether the configuration changed, only ever
/// adds.
const ROUNDS: u64 = 5;
const CALLS: u64 = 200;
/// How many of a hundred a count may be above what was agreed on.
const TOLERANCE_PERCENT: u64 = 15;
/// From here on the agreed figure is to be lowered, so that what was gained is not lost unseen.
const SLACK_PERCENT: u64 = 40;

/// What a call may allocate: how often, and how many bytes.
struct Agreed {
    allocations: u64,
    bytes: u64,
}

const WHOLE: Agreed = Agreed { allocations: 180, bytes: 51_000 };
const STREAMED: Agreed = Agreed { allocations: 1_915, bytes: 200_500 };

#[test]
fn a_whole_call_allocates_no_more_than_was_agreed() {
    check(false, &WHOLE);
}

#[test]
fn a_streamed_call_allocates_no_more_than_was_agreed() {
    check(true, &STREAMED);
}

fn check(streamed: bool, agreed: &Agreed) {
    let counted = counted(streamed);
    let each = [counted.count_total / CALLS, counted.bytes_total / CALLS];
    let figures = [("allocations", each[0], agreed.allocations), ("bytes", each[1], agreed.bytes)];
    for (what, now, agreed) in figures {
        let most = agreed + agreed * TOLERANCE_PERCENT / 100;
        let least = agreed - agreed * SLACK_PERCENT / 100;
        assert!(now <= most, "a call has {now} {what}, of which {agreed} were agreed on: {each:?}");
        assert!(now >= least, "a call has {now} {what}: agree on less than {agreed}: {each:?}");
    }
}

/// What the gateway's thread allocated for all calls of a round.
fn counted(streamed: bool) -> AllocationInfo {
    let (provider, end) = provider();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let gateway = runtime.block_on(
        TestGateway::builder()
            .provider_at("acme", Protocol::OpenAi, &provider)
            .endpoint("acme/small", "acme", "bench", P1)
            .start(),
    );
    let (address, key) = (gateway.address(), gateway.key().to_owned());
    let made = |calls: u64| {
        let request = request(address, &key, streamed);
        runtime.block_on(async {
            let (done, end) = oneshot::channel();
            let client = thread::spawn(move || {
                call(address, &request, calls);
                done.send(()).unwrap();
            });
            let ended = end.await;
            client.join().unwrap();
            ended.unwrap();
            gateway.engine().recorder().flush().await;
        });
    };
    made(WARM_UP);
    let counted = (0..ROUNDS).map(|_| measure(|| made(CALLS))).min_by_key(|it| it.count_total);
    assert_eq!(runtime.block_on(gateway.generations()), WARM_UP + ROUNDS * CALLS);
    runtime.block_on(gateway.stop());
    drop(end);
    counted.unwrap()
}

/// A provider on a thread of its own, which ends when the second is dropped.
fn provider() -> (String, oneshot::Sender<()>) {
    let (told, base) = std::sync::mpsc::channel();
    let (end, ended) = oneshot::channel::<()>();
    thread::spawn(move || {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let simulator = simulator().await;
            told.send(simulator.openai_base()).unwrap();
            // An error is what is waited for: the other half was dropped.
            ended.await.unwrap_err();
        });
    });
    (base.recv_timeout(PATIENCE).unwrap(), end)
}

fn request(address: SocketAddr, key: &str, streamed: bool) -> String {
    let body = json!({
        "model": "acme/small",
        "messages": [
            { "role": "system", "content": "Keep to what you were told." },
            { "role": "user", "content": "What would you look at first?" },
        ],
        "temperature": 0.2,
        "max_tokens": 400,
        "stream": streamed,
    })
    .to_string();
    format!(
        "POST /api/v1/chat/completions HTTP/1.1\r\nhost: {address}\r\n\
         authorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends one request after the other over one connection, and reads each answer to its end.
fn call(address: SocketAddr, request: &str, calls: u64) {
    let mut connection = TcpStream::connect(address).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut buffer = vec![0; 65_536];
    for _ in 0..calls {
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !is_whole(&answer) {
            let count = connection.read(&mut buffer).unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&buffer[..count]);
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    }
}

/// A stream ends with its last chunk, a whole answer has the length that its head says.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    match length {
        Some(length) => body.len() == length.parse::<usize>().unwrap(),
        None => body.ends_with("\r\n0\r\n\r\n"),
    }
}

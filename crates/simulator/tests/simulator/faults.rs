//! Each fault, as a client sees it.

use std::time::Duration;

use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tollgate_simulator::Protocol;

use crate::support::{Call, Family, PROTOCOLS, Reply, World};

const FIVE_WORDS: &str = "one two three four five";
/// How long silence is listened to.
const PATIENCE: Duration = Duration::from_millis(40);
/// Longer than anything that does come can take.
const SOON: Duration = Duration::from_secs(5);

fn stream(protocol: Protocol, script: &str) -> Call {
    Call::new(protocol, &format!("echo+{script}"), FIVE_WORDS).streamed()
}

#[tokio::test]
async fn streams_break_off_where_they_are_told_to() {
    let world = World::new().await;
    let cases = [
        ("cut-after:2", "one two", false),
        ("reset-after:2", "one two", false),
        ("end-after:2", "one two", true),
        ("end-after:0", "", true),
        ("end-after:4", "one two three four", true),
        ("cut-after:6", FIVE_WORDS, true),
        ("cut-after:3+coalesce", "one two three", false),
    ];
    for protocol in PROTOCOLS {
        for (script, text, ended) in cases {
            let reply = world.call(&stream(protocol, script)).await;
            let context = format!("{protocol} {script} {}", reply.text());
            assert_eq!(reply.status, 200, "{context}");
            assert_eq!(reply.ended, ended, "{context}");
            let said = reply.streamed(protocol);
            assert_eq!(said.text, text, "{context}");
            assert_eq!(said.finish.is_empty(), text != FIVE_WORDS, "{context}");
        }
    }
}

/// Whatever the protocol, streamed or whole: the first bytes of the same answer, and no more.
#[tokio::test]
async fn bodies_break_off_at_a_byte() {
    for protocol in PROTOCOLS {
        for streamed in [false, true] {
            // The same request in the same place has the same answer.
            let whole = bytes_of(protocol, streamed, "").await;
            let whole = whole.chunks.concat();
            let length = whole.len();
            let places = [0, 1, length / 2, length - 1];
            let kinds = [("cut", false), ("reset", false), ("end", true)];
            for (at, (kind, ended)) in places.into_iter().flat_map(|at| kinds.map(|it| (at, it))) {
                let reply = bytes_of(protocol, streamed, &format!("+{kind}-at:{at}")).await;
                let context = format!("{protocol} {kind} {at}: {}", reply.text());
                assert_eq!((reply.status.as_u16(), reply.ended), (200, ended), "{context}");
                // A reset may overtake what was written before it.
                let body = reply.chunks.concat();
                let is_whole = kind == "reset" || body.len() == at;
                assert!(is_whole && whole.starts_with(&body), "{context}");
            }
            let behind = bytes_of(protocol, streamed, &format!("+cut-at:{}", length + 1)).await;
            assert!(behind.ended && behind.chunks.concat() == whole, "{protocol}");
        }
    }
}

async fn bytes_of(protocol: Protocol, streamed: bool, script: &str) -> Reply {
    let world = World::new().await;
    world.simulator.script(script).unwrap();
    let call = Call::new(protocol, "echo", "one two");
    world.call(&if streamed { call.streamed() } else { call }).await
}

#[tokio::test]
async fn an_answer_claims_the_type_that_it_is_told_to() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        for (name, header) in
            [("html", Some("text/html")), ("json", Some("application/json")), ("unsaid", None)]
        {
            let reply = world.call(&stream(protocol, &format!("media-type:{name}"))).await;
            let told = reply.headers.get("content-type").map(|it| it.to_str().unwrap());
            assert_eq!(told, header, "{protocol}");
            let length = reply.chunks.concat().len();
            assert!(reply.ended && length > FIVE_WORDS.len(), "{protocol}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn who_hangs_up_says_nothing() {
    let world = World::new().await;
    let (mut socket, body) = (
        TcpStream::connect(world.simulator.address()).await.unwrap(),
        json!({ "model": "echo+hang-up", "messages": [{ "role": "user", "content": "hi" }] }),
    );
    let body = body.to_string();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(SOON, socket.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(answer.is_empty(), "{answer:?}");
    assert_eq!(world.simulator.calls("echo+hang-up"), 1);
}

#[tokio::test]
async fn whole_answers_break_off_in_the_middle() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        for (script, ended) in [
            ("cut-after:1", false),
            ("reset-after:1", false),
            ("end-after:1", true),
            ("garbage-after:1", true),
        ] {
            let reply = world.call(&Call::new(protocol, &format!("echo+{script}"), "hi")).await;
            assert_eq!((reply.status.as_u16(), reply.ended), (200, ended), "{script}");
            assert!(reply.text().starts_with('{') && reply.json().is_null(), "{script}");
        }
    }
}

#[tokio::test]
async fn silence_is_silent_until_the_client_goes_away() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        for (script, text) in [("stall", ""), ("stall-after:2", "one two")] {
            let response = world.send(&stream(protocol, script)).await;
            assert_eq!(response.status(), 200);
            assert_eq!(world.simulator.open_streams(), 1);
            let (head, mut body) = response.into_parts();
            let (status, headers) = (head.status, head.headers);
            let mut reply = Reply { status, headers, chunks: Vec::new(), ended: false };
            while reply.streamed(protocol).text != text {
                let frame = timeout(SOON, body.frame()).await.unwrap();
                reply.chunks.extend(frame.unwrap().unwrap().into_data());
            }
            assert!(timeout(PATIENCE, body.frame()).await.is_err(), "{protocol} {script}");
            drop(body);
            world.simulator.wait_for_open_streams(0).await;
        }
        let whole = Call::new(protocol, "echo+stall", "hi");
        let response = world.send(&whole).await;
        assert_eq!(response.headers()["content-type"], "application/json");
        drop(response);
        world.simulator.wait_for_open_streams(0).await;
    }
}

#[tokio::test]
async fn a_hanging_request_is_dropped_with_its_client() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "echo", "hi").simulate("hang");
        assert!(timeout(PATIENCE, world.send(&call)).await.is_err());
        world.simulator.wait_for_open_streams(0).await;
    }
}

#[tokio::test]
async fn garbage_stands_between_good_events() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let reply = world.call(&stream(protocol, "garbage-after:2")).await;
        assert!(reply.ended);
        let broken =
            reply.data().iter().filter(|data| data.is_string() && *data != "[DONE]").count();
        assert_eq!(broken, 1, "{}", reply.text());
        assert_eq!(reply.streamed(protocol).text, FIVE_WORDS);
        let page = world.call(&stream(protocol, "garbage")).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html"));
        assert!(page.text().contains("<html>"));
    }
}

#[tokio::test]
async fn errors_come_in_the_stream_and_in_place_of_it() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let reply = world.call(&stream(protocol, "error-after:2")).await;
        assert!(reply.ended);
        assert_eq!(reply.streamed(protocol).text, "one two");
        assert!(!reply.complaint(protocol).is_empty(), "{protocol} {}", reply.text());
        assert!(!reply.text().contains("[DONE]"));
        let named = matches!(Family::of(protocol), Family::Messages | Family::Responses);
        assert_eq!(reply.text().contains("event: error\n"), named);
        for script in ["error-in-200", "error-after:1"] {
            let reply = world.call(&Call::new(protocol, "echo", "hi").simulate(script)).await;
            assert_eq!(reply.status, 200);
            assert!(!reply.complaint(protocol).is_empty(), "{protocol} {}", reply.text());
        }
    }
}

#[tokio::test]
async fn an_empty_answer_is_well_formed() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        for call in [stream(protocol, "empty"), Call::new(protocol, "echo+empty", "hi")] {
            let said = world.said(&call).await;
            assert_eq!((said.text.as_str(), said.usage[1]), ("", 0));
            assert!(!said.finish.is_empty());
        }
    }
}

#[tokio::test]
async fn the_first_requests_fail() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let model = format!("echo-{protocol}+fail-first:2:503");
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(world.call(&Call::new(protocol, &model, "hi")).await.status.as_u16());
        }
        assert_eq!(statuses, [503, 503, 200, 200]);
        assert_eq!(world.simulator.calls(&model), 4);
    }
}

#[tokio::test]
async fn usage_and_the_end_marker_can_be_left_out() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "echo", "hi").simulate("no-usage");
        for call in [call.clone(), call.streamed()] {
            let reply = world.call(&call).await;
            let text = reply.text();
            assert!(!text.contains("usage") && !text.contains("eval_count"), "{text}");
        }
    }
    let reply = world.call(&stream(Protocol::OpenAi, "no-done")).await;
    assert!(reply.ended && !reply.text().contains("[DONE]"));
}

#[tokio::test]
async fn a_dripping_body_is_cut_anywhere_and_still_whole() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        for bytes in [1, 7] {
            let call = Call::new(protocol, "echo", "wörld 🌍").simulate(&format!("drip:{bytes}"));
            for call in [call.clone(), call.streamed()] {
                let reply = world.call(&call).await;
                assert!(reply.ended);
                assert!(reply.chunks.iter().all(|chunk| chunk.len() <= bytes));
                assert_eq!(reply.said(&call).text, "wörld 🌍");
            }
        }
    }
}

/// Sends `call` on a bare socket; returns what was read and how the connection ended.
async fn bare(world: &World, call: &Call) -> (String, std::io::Result<()>) {
    let fields = format!("{{\"model\":\"{}\",\"stream\":true,", call.model);
    let body = call.body.to_string().replacen('{', &fields, 1);
    let mut socket = TcpStream::connect(world.simulator.address()).await.unwrap();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let ended = socket.read_to_end(&mut answer).await.map(|_| ());
    (String::from_utf8_lossy(&answer).into_owned(), ended)
}

/// The sizes of the HTTP chunks of the answer to `call`, the last one of none included.
async fn chunk_sizes(world: &World, call: &Call) -> Vec<usize> {
    let (answer, _) = bare(world, call).await;
    let mut rest = answer.split_once("\r\n\r\n").unwrap().1.as_bytes();
    let mut sizes = Vec::new();
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        sizes.push(size);
        rest = rest.get(end + size + 4..).unwrap_or_default();
    }
    sizes
}

#[tokio::test]
async fn a_cut_closes_the_socket_and_a_reset_resets_it() {
    let world = World::new().await;
    for (script, reset) in [("cut-after:2", false), ("reset-after:2", true)] {
        let call = Call::new(Protocol::OpenAi, &format!("echo+{script}"), FIVE_WORDS);
        let (answer, ended) = bare(&world, &call).await;
        assert!(answer.contains(" two") && !answer.contains(" three"), "{answer}");
        assert!(!answer.ends_with("0\r\n\r\n"), "there is no end of the body");
        let kind = ended.err().map(|error| error.kind());
        assert_eq!(kind, reset.then_some(std::io::ErrorKind::ConnectionReset), "{script}");
    }
}

#[tokio::test]
async fn writes_are_as_large_as_asked() {
    let world = World::new().await;
    let call = |model: &str| Call::new(Protocol::OpenAi, model, FIVE_WORDS);
    let apart = chunk_sizes(&world, &call("echo")).await;
    assert_eq!(apart.len(), 9, "role, five words, end, marker, end of body");
    let together = chunk_sizes(&world, &call("echo+coalesce")).await;
    assert_eq!(
        together,
        [apart.iter().sum::<usize>() + 8 * "+coalesce".len() - "+coalesce".len(), 0]
    );
    let dripped = chunk_sizes(&world, &call("echo+drip:9")).await;
    assert!(dripped.iter().all(|size| *size <= 9) && dripped.len() > 100);
}

#[tokio::test(start_paused = true)]
async fn waits_are_as_long_as_asked() {
    let world = World::new().await;
    let cases = [
        ("delay:2000", 2_000, 2_000),
        ("ttft:3000", 3_000, 3_000),
        // The first of five words waits for nothing in a stream.
        ("tps:10;jitter:0", 400, 500),
        ("delay:100;ttft:200;tps:100", 340, 350),
    ];
    for protocol in PROTOCOLS {
        for (script, streamed_ms, whole_ms) in cases {
            let call = Call::new(protocol, "echo", FIVE_WORDS).simulate(script);
            for (call, expected_ms) in [(call.clone().streamed(), streamed_ms), (call, whole_ms)] {
                let begun = Instant::now();
                world.said(&call).await;
                let took = u64::try_from(begun.elapsed().as_millis()).unwrap();
                // The paused clock goes on by whole timers only, with a little slack between them.
                assert!(took.abs_diff(expected_ms) <= 20, "{protocol} {script}: {took} ms");
            }
        }
    }
}

#[tokio::test]
async fn the_later_script_wins() {
    let world = World::new().await;
    world.simulator.script("status:503").unwrap();
    let status = async |model: &str, header: &str| {
        let call = Call::new(Protocol::OpenAi, model, "hi").simulate(header);
        world.call(&call).await.status.as_u16()
    };
    assert_eq!(status("echo", "").await, 503);
    assert_eq!(status("echo+status:429", "").await, 429);
    assert_eq!(status("echo+status:429", "status:500").await, 500);
    assert_eq!(status("echo+status:429", "none").await, 200);
    assert_eq!(status("bench", "").await, 503);
    world.simulator.script("").unwrap();
    assert_eq!(status("echo", "").await, 200);
    assert!(world.simulator.script("stal").is_err());
}

#[tokio::test]
async fn faults_strike_whatever_is_asked() {
    let world = World::new().await;
    for protocol in PROTOCOLS {
        let call = Call::new(protocol, "echo", "").with("messages", json!(7));
        let reply = world.call(&call.simulate("status:503")).await;
        assert_eq!(reply.status, 503);
    }
}

//! Faults strike operations as they do conversations.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{Order, orders};
use crate::support::World;

/// How long silence is listened to.
const PATIENCE: Duration = Duration::from_millis(20);

#[tokio::test]
async fn errors_have_their_providers_shape() {
    let world = World::new().await;
    for (order, place, _) in orders() {
        for (script, status) in [("status:429;retry-after:7", 429), ("error-in-200", 200)] {
            let reply = order.simulate(script).send(&world).await;
            let context = format!("{} {}", order.path, reply.text());
            assert_eq!(reply.status, status, "{context}");
            assert!(reply.json().pointer(place).is_some_and(Value::is_string), "{context}");
            assert_eq!(reply.header("retry-after") == "7", status == 429, "{context}");
        }
        let wrong = Order { key: Some("wrong"), ..order.clone() }.send(&world).await;
        assert!(matches!(wrong.status.as_u16(), 400 | 401), "{} {}", order.path, wrong.text());
        let broken = Order { body: b"{".to_vec(), ..order.clone() }.send(&world).await;
        assert!(matches!(broken.status.as_u16(), 400 | 422), "{} {}", order.path, broken.text());
    }
}

#[tokio::test]
async fn answers_break_off_in_the_middle() {
    let world = World::new().await;
    for (order, _, _) in orders() {
        let whole = order.send(&world).await;
        let length = whole.chunks.concat().len();
        assert_eq!((whole.status.as_u16(), whole.ended), (200, true), "{}", whole.text());
        for (script, ended) in
            [("cut-after:1", false), ("reset-after:1", false), ("end-after:1", true)]
        {
            let reply = order.simulate(script).send(&world).await;
            let context = format!("{} {script}", order.path);
            assert_eq!((reply.status.as_u16(), reply.ended), (200, ended), "{context}");
            assert_eq!(reply.header("content-type"), whole.header("content-type"), "{context}");
            // A reset may overtake what was sent before it.
            let sent = reply.chunks.concat().len();
            assert!(sent <= length / 2 + 1, "{context}: {sent} of {length}");
        }
        let page = order.simulate("garbage").send(&world).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html"));
        let dripped = order.simulate("drip:64").send(&world).await;
        assert!(dripped.chunks.iter().all(|chunk| chunk.len() <= 64), "{}", order.path);
        assert_eq!(dripped.chunks.concat().len(), length, "{}", order.path);
    }
}

#[tokio::test]
async fn silence_is_silent_until_the_client_goes_away() {
    let world = World::new().await;
    for (order, _, _) in orders() {
        for script in ["hang", "stall"] {
            assert!(timeout(PATIENCE, order.simulate(script).send(&world)).await.is_err());
            world.simulator.wait_for_open_streams(0).await;
        }
    }
}

#[tokio::test]
async fn the_first_requests_fail() {
    let world = World::new().await;
    for (order, _, _) in orders() {
        let mut statuses = Vec::new();
        for _ in 0..2 {
            let reply = order.simulate("fail-first:1:503").send(&world).await;
            statuses.push(reply.status.as_u16());
        }
        assert_eq!(statuses, [503, 200], "{}", order.path);
        world.simulator.clear();
    }
}

#[tokio::test]
async fn answers_can_be_empty_and_leave_out_their_usage() {
    let world = World::new().await;
    for (order, _, counted) in orders() {
        let usual = order.send(&world).await;
        let text = usual.text();
        let tells = |text: &str| {
            ["usage", "billed_units", "eval_count"].iter().any(|key| text.contains(key))
        };
        assert_eq!(tells(&text), counted, "{} {text}", order.path);
        let empty = order.simulate("empty").send(&world).await;
        assert_eq!((empty.status.as_u16(), empty.ended), (200, true), "{}", order.path);
        assert!(empty.text().len() < text.len(), "{}", order.path);
        let uncounted = order.simulate("no-usage").send(&world).await;
        assert_eq!(uncounted.status, 200, "{}", order.path);
        assert!(!tells(&uncounted.text()), "{} {}", order.path, uncounted.text());
    }
}

#[tokio::test(start_paused = true)]
async fn waits_are_as_long_as_asked() {
    let world = World::new().await;
    for (order, _, _) in orders() {
        let begun = Instant::now();
        order.simulate("delay:300;ttft:200").send(&world).await;
        let took = u64::try_from(begun.elapsed().as_millis()).unwrap();
        assert!(took.abs_diff(500) <= 20, "{}: {took} ms", order.path);
    }
    let image = json!({ "model": "image+tps:10", "prompt": "a", "quality": "low" });
    let begun = Instant::now();
    Order::new("/v1/images/generations", &image).send(&world).await;
    assert!(begun.elapsed().as_millis().abs_diff(400) <= 20, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn suffixes_of_models_are_scripts_in_forms_and_paths_too() {
    let world = World::new().await;
    let file = super::recording();
    let path = "/v1/audio/transcriptions";
    let form = Order::form(path, Some(("a.mp3", &file)), &[("model", "transcribe+status:503")]);
    assert_eq!(form.send(&world).await.status, 503);
    assert_eq!(world.simulator.calls("transcribe+status:503"), 1);
    assert_eq!(world.simulator.requests()[0].model.as_deref(), Some("transcribe+status:503"));
    let content = json!({ "content": { "parts": [{ "text": "hi" }] } });
    let embed = Order::new("/v1beta/models/embed+status:503:embedContent", &content);
    assert_eq!(embed.send(&world).await.status, 503);
}

#[tokio::test]
async fn the_same_requests_have_the_same_answers() {
    let bytes = async || {
        let world = World::new().await;
        let mut all = Vec::new();
        for (order, _, _) in orders() {
            all.push(order.send(&world).await.chunks.concat());
        }
        all
    };
    assert_eq!(bytes().await, bytes().await);
}

#[tokio::test]
async fn a_model_that_is_missing_is_missing_for_operations() {
    let world = World::new().await;
    for (path, status, place) in [
        ("/v1/embeddings", 404, "/error/message"),
        ("/v2/rerank", 404, "/message"),
        ("/mistral/v1/embeddings", 400, "/message"),
        ("/api/embed", 404, "/error"),
    ] {
        let reply = Order::new(path, &json!({ "model": "missing-model" })).send(&world).await;
        assert_eq!(reply.status, status, "{path}");
        let said = reply.json().pointer(place).unwrap().to_string();
        assert!(said.contains("missing-model"), "{path} {said}");
        let nameless = Order::new(path, &json!({})).send(&world).await;
        assert!(matches!(nameless.status.as_u16(), 400 | 422), "{path} {}", nameless.text());
    }
}

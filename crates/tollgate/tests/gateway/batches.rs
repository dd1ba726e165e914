//! Batches (contract §1.1): submitted at once, answered in the background, for half the price.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use tollgate_engine::Clock;
use tollgate_ledger::{AccountId, Kind, Movement, audit};
use tollgate_simulator::Simulator;
use tollgate_store::{BatchRecord, BatchRequest, BatchStatus, BatchStep, BatchTally};
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{Builder, Protocol, Reply, TestGateway, amount, eventually, simulator, usd};
use tollgate_types::{BatchId, GenerationId, Timestamp, Usd};

use crate::postgres::SECRET_KEY;
use crate::served::unpacked;

/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;

fn built(simulator: &Simulator) -> Builder {
    TestGateway::builder()
        .config("[billing]\nenabled = true\n")
        .provider("acme", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
        .endpoint("acme/slow", "acme", "echo+ttft:400", PRICE)
        .endpoint("acme/wrong", "acme", "echo+status:400", PRICE)
        .endpoint("acme/busy", "acme", "echo+fail-first:1:429+retry-after:1", PRICE)
        .config(
            "[[model]]\nid = \"acme/vectors\"\ncontext_length = 1000\noutput = [\"embeddings\"]\n\
             [[model.endpoint]]\nprovider = \"acme\"\nupstream_model = \"embeddings\"\n\
             price = { input = \"1000\" }\n",
        )
}

async fn with_credit(gateway: &TestGateway, dollars: &str) {
    let engine = gateway.engine();
    let (account, amount) = (AccountId::default(), usd(dollars));
    let bought = Movement::new("purchase", account, Kind::Purchase, amount, engine.now());
    assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
}

/// Four tokens, which the simulator says again.
fn four() -> Value {
    json!({ "messages": [{ "role": "user", "content": "a b c d" }] })
}

/// A batch of so many requests of four tokens each way: 0.8 cents without the discount.
fn batch(model: &str, requests: usize) -> String {
    let requests = (0..requests).map(|at| json!({ "custom_id": format!("r{at}"), "body": four() }));
    of("/v1/chat/completions", model, &requests.collect::<Vec<_>>())
}

/// The members in the order that the contract wants.
fn of(endpoint: &str, model: &str, requests: &[Value]) -> String {
    let requests = Value::from(requests);
    format!(r#"{{"endpoint":"{endpoint}","model":"{model}","requests":{requests}}}"#)
}

async fn submit(gateway: &TestGateway, body: String) -> Reply {
    let call = gateway.call("POST", "/batches").key(gateway.key());
    call.header("content-type", "application/json").body(body).send().await
}

async fn submitted(gateway: &TestGateway, body: String) -> String {
    let reply = submit(gateway, body).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let batch = reply.json();
    assert_eq!((&batch["status"], &batch["results"]), (&json!("validating"), &Value::Null));
    batch["id"].as_str().unwrap().to_owned()
}

async fn get(gateway: &TestGateway, id: &str) -> Value {
    gateway.call("GET", &format!("/batches/{id}")).key(gateway.key()).send().await.json()
}

/// The batch once it has ended.
async fn ended(gateway: &TestGateway, id: &str) -> Value {
    let terminal = ["completed", "failed", "expired", "cancelled"];
    eventually("the batch has ended", || async {
        let batch = get(gateway, id).await;
        let is_over = terminal.contains(&batch["status"].as_str().unwrap());
        if !is_over {
            sleep(Duration::from_millis(20)).await;
        }
        is_over.then_some(batch)
    })
    .await
}

async fn spent(gateway: &TestGateway) -> Usd {
    gateway.engine().recorder().flush().await;
    let stores = gateway.engine().stores();
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
    stores.ledger.balance(&AccountId::default()).await.unwrap().spent
}

#[tokio::test]
async fn every_request_is_answered_for_half_the_price() {
    let simulator = simulator().await;
    let gateway = built(&simulator).start().await;
    with_credit(&gateway, "10").await;
    let id = submitted(&gateway, batch("acme/m:batch", 150)).await;
    let batch = ended(&gateway, &id).await;
    assert_eq!(batch["status"], "completed");
    assert_eq!(batch["request_counts"], json!({ "total": 150, "completed": 150, "failed": 0 }));
    let call = gateway.call("GET", &format!("/batches/{id}")).header("accept-encoding", "gzip");
    let short = call.send().await;
    assert_eq!(short.header("content-encoding"), Some("gzip"));
    assert_eq!(serde_json::from_str::<Value>(&unpacked(&short)).unwrap(), batch);
    let usage = &batch["usage"];
    assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"]), (&json!(600), &json!(600)));
    assert_eq!(amount(&usage["cost"]), usd("0.6"));
    assert_eq!(spent(&gateway).await, usd("0.6"));
    let results = batch["results"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for (at, result) in results.iter().enumerate() {
        assert_eq!(
            (&result["custom_id"], &result["error"]),
            (&json!(format!("r{at}")), &Value::Null)
        );
        assert_eq!(result["id"], format!("{}_{}", id.replace("batch_", "batch_req_"), at + 1));
        let response = &result["response"];
        assert_eq!(response["status_code"], 200);
        assert_eq!(response["body"]["choices"][0]["message"]["content"], "a b c d");
        assert_eq!(amount(&response["body"]["usage"]["cost"]), usd("0.004"));
        let generation = response["request_id"].as_str().unwrap();
        assert!(generation.starts_with("gen-batch-"), "{generation}");
        ids.insert(generation.to_owned());
    }
    assert_eq!((results.len(), ids.len()), (150, 150));
    let generation = gateway.generation(ids.first().unwrap()).await;
    assert_eq!(generation["service_tier"], "batch");
    assert_eq!(amount(&generation["total_cost"]), usd("0.004"));
    assert_eq!(amount(&generation["upstream_inference_cost"]), usd("0.008"));
}

#[tokio::test]
async fn requests_may_be_of_each_dialect_and_embeddings() {
    let simulator = simulator().await;
    let gateway = built(&simulator).start().await;
    with_credit(&gateway, "10").await;
    let message = json!([{ "role": "user", "content": "a b c d" }]);
    for (endpoint, model, body, pointer) in [
        (
            "/v1/messages",
            "acme/m",
            json!({ "messages": message, "max_tokens": 9 }),
            "/content/0/text",
        ),
        ("/v1/responses", "acme/m", json!({ "input": "a b c d" }), "/output/0/content/0/text"),
        ("/v1/embeddings", "acme/vectors", json!({ "input": "a b c d" }), "/data/0/embedding/0"),
    ] {
        let body = of(endpoint, model, &[json!({ "custom_id": "one", "body": body })]);
        let batch = ended(&gateway, &submitted(&gateway, body).await).await;
        assert_eq!(batch["request_counts"]["completed"], 1, "{batch}");
        assert_eq!(batch["endpoint"], endpoint);
        let answer = &batch["results"][0]["response"]["body"];
        assert!(answer.pointer(pointer).is_some_and(|it| !it.is_null()), "{answer}");
    }
    // Four tokens each way, twice, and four tokens read.
    assert_eq!(spent(&gateway).await, usd("0.010"));
}

#[tokio::test]
async fn a_request_that_no_answer_can_come_of_fails_the_batch_before_anything_is_paid() {
    let simulator = simulator().await;
    let gateway = built(&simulator).start().await;
    with_credit(&gateway, "10").await;
    let picture = json!([{ "role": "user", "content": [
        { "type": "image_url", "image_url": { "url": "https://example.com/a.png" } }] }]);
    let requests = [
        json!({ "custom_id": "first", "body": four() }),
        json!({ "custom_id": "second", "body": { "messages": picture } }),
    ];
    let id = submitted(&gateway, of("/v1/chat/completions", "acme/m", &requests)).await;
    let batch = ended(&gateway, &id).await;
    assert_eq!((&batch["status"], &batch["results"]), (&json!("failed"), &json!([])));
    let message = batch["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("requests[1] (custom_id \"second\"): "), "{message}");
    assert!(message.contains("images"), "{message}");
    assert_eq!((spent(&gateway).await, simulator.calls("echo")), (Usd::ZERO, 0));
}

#[tokio::test]
async fn what_is_wrong_with_a_batch_is_said_at_once() {
    let simulator = simulator().await;
    let gateway =
        built(&simulator).config("[batch]\nrequests_max = 3\nbytes_max = 2000\n").start().await;
    let poor = submit(&gateway, batch("acme/m", 1)).await;
    assert_eq!((poor.status, poor.json()["error"]["code"].clone()), (402, json!(402)));
    with_credit(&gateway, "10").await;
    let one = json!({ "custom_id": "a", "body": four() });
    let chat = "/v1/chat/completions";
    let long = json!({ "custom_id": "b", "body": { "messages": "x".repeat(2_000) } });
    for (body, status, expected) in [
        (of(chat, "acme/none", std::slice::from_ref(&one)), 400, "acme/none"),
        (of("/v1/images", "acme/m", std::slice::from_ref(&one)), 400, "endpoint: Expected one of"),
        (of(chat, "acme/m", &[]), 400, "requests: Required"),
        (of(chat, "acme/m", &[one.clone(), one.clone()]), 400, "is taken by an earlier request"),
        (batch("acme/m", 4), 413, "More than 3 requests"),
        (of(chat, "acme/m", &[one, long]), 413, "A batch is of at most 2000 bytes here"),
        (r#"{"requests":[],"model":"acme/m"}"#.to_owned(), 400, "must stand before `requests`"),
        ("[".to_owned(), 400, "not a valid JSON object"),
    ] {
        let reply = submit(&gateway, body).await;
        let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(reply.status, status, "{message}");
        assert!(message.contains(expected), "{message}");
    }
    // Nothing is left of what was begun.
    let listed = gateway.call("GET", "/batches").key(gateway.key()).send().await.json();
    assert_eq!(listed["data"], json!([]));
    let nobody = gateway.at("POST", "/api/v1/batches").body(batch("acme/m", 1)).send().await;
    assert_eq!(nobody.status, 401);
    let manager = gateway.call("POST", "/batches").key(gateway.management_key());
    let manager = manager.header("content-type", "application/json").body(batch("acme/m", 1));
    assert_eq!(manager.send().await.status, 403);
}

#[tokio::test]
async fn a_request_that_fails_is_an_error_of_its_own_and_costs_nothing() {
    let simulator = simulator().await;
    let gateway = built(&simulator).start().await;
    with_credit(&gateway, "10").await;
    let batch_of = |model: &str| batch(model, 2);
    let wrong = ended(&gateway, &submitted(&gateway, batch_of("acme/wrong")).await).await;
    assert_eq!(wrong["status"], "completed");
    assert_eq!(wrong["request_counts"], json!({ "total": 2, "completed": 0, "failed": 2 }));
    assert_eq!(wrong["usage"], Value::Null);
    let result = &wrong["results"][0];
    assert_eq!((&result["response"], &result["error"]["code"]), (&Value::Null, &json!(400)));
    assert_eq!(result["error"]["type"], "invalid_request");
    assert_eq!(spent(&gateway).await, Usd::ZERO);
    // One that is too early is asked again.
    let busy = ended(&gateway, &submitted(&gateway, batch_of("acme/busy")).await).await;
    assert_eq!(busy["request_counts"], json!({ "total": 2, "completed": 2, "failed": 0 }));
    assert_eq!(spent(&gateway).await, usd("0.008"));
}

#[tokio::test]
async fn limits_are_waited_for_and_keys_that_end_are_not() {
    let simulator = simulator().await;
    let gateway = built(&simulator).start().await;
    with_credit(&gateway, "10").await;
    // Two are under way at a time, however many places there are.
    let key = gateway
        .post("/keys", &json!({ "name": "few", "rate_limits": { "max_concurrent": 2 } }))
        .await
        .json();
    let secret = key["key"].as_str().unwrap();
    let send = |body: String| {
        let call = gateway.call("POST", "/batches").key(secret);
        call.header("content-type", "application/json").body(body).send()
    };
    let id = send(batch("acme/m", 12)).await.json()["id"].as_str().unwrap().to_owned();
    let batch_ended = ended(&gateway, &id).await;
    assert_eq!(batch_ended["request_counts"]["completed"], 12, "{batch_ended}");

    let id = send(batch("acme/slow", 60)).await.json()["id"].as_str().unwrap().to_owned();
    eventually("some are answered", || async {
        (get(&gateway, &id).await["request_counts"]["completed"].as_u64()? > 0).then_some(())
    })
    .await;
    let hash = key["data"]["hash"].as_str().unwrap();
    let off = gateway.patch(&format!("/keys/{hash}"), &json!({ "disabled": true })).await;
    assert_eq!(off.status, 200);
    let batch_ended = ended(&gateway, &id).await;
    let counts = &batch_ended["request_counts"];
    assert!(counts["failed"].as_u64() > Some(40), "{counts}");
    let last = batch_ended["results"].as_array().unwrap().last().unwrap();
    assert_eq!(last["error"]["code"], 401);
}

#[tokio::test]
async fn a_batch_that_is_cancelled_keeps_what_was_answered() {
    let simulator = simulator().await;
    let gateway = built(&simulator).config("[batch]\nconcurrency = 2\n").start().await;
    with_credit(&gateway, "10").await;
    let id = submitted(&gateway, batch("acme/slow", 40)).await;
    let path = format!("/batches/{id}");
    let at = |method: &str, path: &str| gateway.call(method, path).key(gateway.key()).send();
    assert_eq!(at("DELETE", &path).await.status, 409);
    eventually("some are answered", || async {
        (get(&gateway, &id).await["request_counts"]["completed"].as_u64()? > 0).then_some(())
    })
    .await;
    let cancelled = at("POST", &format!("{path}/cancel")).await;
    assert_eq!((cancelled.status, cancelled.json()["status"].clone()), (200, json!("cancelling")));
    let batch = ended(&gateway, &id).await;
    assert_eq!(batch["status"], "cancelled");
    let counts = &batch["request_counts"];
    let (completed, total) = (counts["completed"].as_u64().unwrap(), counts["total"].as_u64());
    assert!((1..20).contains(&completed) && total == Some(40), "{counts}");
    let results = batch["results"].as_array().unwrap();
    let answered = results.iter().filter(|it| it["response"].is_object()).count();
    assert_eq!((results.len(), u64::try_from(answered).unwrap()), (40, completed));
    assert_eq!(results[39]["error"]["type"], "batch_cancelled");
    assert_eq!(spent(&gateway).await, amount(&batch["usage"]["cost"]));
    assert_eq!(at("POST", &format!("{path}/cancel")).await.status, 200);
    let operator =
        |method: &str, path: &str| gateway.call(method, path).key(gateway.management_key()).send();
    let gone = operator("DELETE", &path).await;
    assert_eq!((gone.status, gone.json()["deleted"].clone()), (200, json!(true)));
    let acts = operator("GET", "/audit").await.json();
    let last = &acts["data"][0];
    assert_eq!((&last["action"], &last["outcome"]), (&json!("DELETE /batches/{id}"), &json!(200)));
    for (method, path) in
        [("GET", path.clone()), ("DELETE", path.clone()), ("POST", path + "/cancel")]
    {
        assert_eq!(at(method, &path).await.status, 404, "{method} {path}");
    }
}

/// A gateway was killed while a batch was being ended: nobody asks for the lost answer anew.
#[tokio::test]
async fn what_was_lost_of_a_batch_that_ends_is_paid_back() {
    let simulator = simulator().await;
    let gateway = built(&simulator).start().await;
    with_credit(&gateway, "10").await;
    let mut call = four();
    call["model"] = json!("acme/m");
    let lost = gateway.chat(call).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(spent(&gateway).await, usd("0.008"));
    // As the gateway that is gone has left it.
    let id = submitted(&gateway, batch("acme/m", 1)).await;
    let done = ended(&gateway, &id).await;
    assert_eq!(done["status"], "completed");
    let batches = &gateway.engine().stores().batches;
    let finished = batches.batch(&BatchId::from_text(&id)).await.unwrap().unwrap();
    let left = BatchRecord {
        id: BatchId::new([7; 24]),
        status: BatchStatus::Receiving,
        finalized_at: None,
        tally: BatchTally::default(),
        ..finished
    };
    batches.open_batch(left.clone()).await.unwrap();
    let body = four().to_string().into_bytes();
    let request = BatchRequest { number: 1, custom_id: "lost".to_owned(), body };
    batches.add_requests(&left.id, vec![request]).await.unwrap();
    let (place, lost) = ((&left.id, 1), GenerationId::from_text(&lost));
    assert!(batches.begin_request(place, "gone", &lost).await.unwrap());
    let (from, to, at) = (vec![BatchStatus::Receiving], BatchStatus::Cancelling, left.created_at);
    let step = BatchStep { from, to, at, error: None };
    assert!(batches.step_batch(&left.id, step).await.unwrap());
    let left = ended(&gateway, left.id.as_str()).await;
    assert_eq!(
        (&left["status"], &left["results"][0]["error"]["type"]),
        (&json!("cancelled"), &json!("batch_cancelled"))
    );
    // The batch's own request alone.
    assert_eq!(spent(&gateway).await, usd("0.004"));
}

#[tokio::test]
async fn batches_are_listed_for_their_workspace_only() {
    let simulator = simulator().await;
    let gateway = built(&simulator).start().await;
    with_credit(&gateway, "10").await;
    let mut ids = Vec::new();
    for model in ["acme/m", "acme/m", "acme/wrong"] {
        let id = submitted(&gateway, batch(model, 1)).await;
        ended(&gateway, &id).await;
        ids.insert(0, id);
        // The list is in the order of milliseconds.
        sleep(Duration::from_millis(2)).await;
    }
    let list = async |key: &str, query: &str| {
        let reply = gateway.at("GET", &format!("/api/beta/batches{query}")).key(key).send().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    let of = |list: &Value| -> Vec<String> {
        let ids = list["data"].as_array().unwrap().iter();
        ids.map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = list(gateway.key(), "").await;
    assert_eq!((of(&all), &all["has_more"]), (ids.clone(), &json!(false)));
    let page = list(gateway.key(), "?limit=2").await;
    assert_eq!((of(&page), &page["has_more"]), (ids[..2].to_vec(), &json!(true)));
    let behind = format!("?limit=2&after={}", page["last_id"].as_str().unwrap());
    assert_eq!(of(&list(gateway.key(), &behind).await), ids[2..]);
    assert_eq!(of(&list(gateway.key(), "?status=failed&status=expired").await), [""; 0]);
    assert_eq!(of(&list(gateway.key(), "?status=completed&created_after=1").await), ids);
    assert_eq!(of(&list(gateway.key(), "?created_before=2026-01-01T00:00:00Z").await), [""; 0]);
    assert_eq!(of(&list(gateway.management_key(), "").await), ids);
    for query in ["?limit=0", "?status=receiving", "?created_after=x", "?offset=1"] {
        let reply = gateway.call("GET", &format!("/batches{query}")).key(gateway.key()).send();
        assert_eq!(reply.await.status, 400, "{query}");
    }
    let other = gateway
        .key_with(|key| key.workspace_id = "11111111-1111-4111-8111-111111111111".to_owned())
        .await;
    assert_eq!(of(&list(&other, "").await), [""; 0]);
    for (method, path) in [
        ("GET", format!("/batches/{}", ids[0])),
        ("DELETE", format!("/batches/{}", ids[0])),
        ("POST", format!("/batches/{}/cancel", ids[0])),
        ("GET", "/batches?workspace_id=default".to_owned()),
    ] {
        let reply = gateway.call(method, &path).key(&other).send().await;
        assert_eq!(reply.status, 404, "{method} {path}");
    }
}

/// A clock that is set by hand, in milliseconds.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn what_is_not_answered_within_a_day_is_given_up() {
    let simulator = simulator().await;
    let now = Timestamp::parse_rfc3339("2026-11-18T12:00:00Z").unwrap();
    let clock = Arc::new(Hand(AtomicI64::new(now.unix_millis())));
    let rows = "[batch]\nconcurrency = 2\n";
    let gateway = built(&simulator).clock(clock.clone()).config(rows).start().await;
    with_credit(&gateway, "10").await;
    let id = submitted(&gateway, batch("acme/slow", 40)).await;
    eventually("some are answered", || async {
        (get(&gateway, &id).await["request_counts"]["completed"].as_u64()? > 0).then_some(())
    })
    .await;
    clock.0.fetch_add(86_400_000, Ordering::Relaxed);
    let batch = ended(&gateway, &id).await;
    assert_eq!(batch["status"], "expired");
    let completed = batch["request_counts"]["completed"].as_u64().unwrap();
    assert!((1..30).contains(&completed), "{completed}");
    assert_eq!(batch["results"][39]["error"]["type"], "batch_expired");
    let (created, expired) = (now.unix_seconds(), now.unix_seconds() + 86_400);
    assert_eq!((&batch["created_at"], &batch["expires_at"]), (&json!(created), &json!(expired)));
    assert!(batch["finalized_at"].as_i64() >= Some(expired));
    assert_eq!(spent(&gateway).await, amount(&batch["usage"]["cost"]));
}

#[tokio::test]
async fn a_gateway_goes_on_with_a_batch_after_its_restart() {
    let simulator = simulator().await;
    let rows = "[batch]\nconcurrency = 2\n";
    let gateway = built(&simulator).config(rows).start().await;
    with_credit(&gateway, "10").await;
    let id = submitted(&gateway, batch("acme/slow", 12)).await;
    eventually("some are answered", || async {
        (get(&gateway, &id).await["request_counts"]["completed"].as_u64()? > 0).then_some(())
    })
    .await;
    let key = gateway.key().to_owned();
    let stopped = gateway.stop().await;
    let before = simulator.calls("echo+ttft:400");
    assert!((1..12).contains(&before), "{before}");
    let gateway = built(&simulator).config(rows).on(stopped).start().await;
    let ended = eventually("the batch has ended", || async {
        let reply = gateway.call("GET", &format!("/batches/{id}")).key(&key).send().await.json();
        (reply["status"] == "completed").then_some(reply)
    })
    .await;
    // Those that were under way when it stopped were answered before it did.
    assert_eq!(simulator.calls("echo+ttft:400"), 12);
    assert_eq!(ended["request_counts"], json!({ "total": 12, "completed": 12, "failed": 0 }));
    assert_eq!(spent(&gateway).await, usd("0.048"));
}

#[tokio::test]
async fn another_gateway_goes_on_with_a_batch_that_one_has_left() {
    let simulator = simulator().await;
    let database = TestServer::shared().database().await;
    let on = || {
        built(&simulator)
            .config(&format!("[database]\nurl = \"{database}\"\n[batch]\nconcurrency = 2\n"))
            .env([("TOLLGATE_SECRET_KEY", SECRET_KEY)])
            .start()
    };
    let (first, second) = (on().await, on().await);
    with_credit(&first, "10").await;
    let key = first.key().to_owned();
    // Both look for batches: the other one takes up half of them, whoever received them.
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(submitted(&first, batch("acme/slow", 8)).await);
    }
    eventually("some are answered", || async {
        (get(&first, &ids[0]).await["request_counts"]["completed"].as_u64()? > 0).then_some(())
    })
    .await;
    first.stop().await;
    for id in &ids {
        let ended = eventually("the batch has ended", || async {
            let reply = second.call("GET", &format!("/batches/{id}")).key(&key).send().await;
            let batch = reply.json();
            (batch["status"] == "completed").then_some(batch)
        })
        .await;
        assert_eq!(ended["request_counts"], json!({ "total": 8, "completed": 8, "failed": 0 }));
    }
    assert_eq!(simulator.calls("echo+ttft:400"), 32);
    assert_eq!(spent(&second).await, usd("0.128"));
}

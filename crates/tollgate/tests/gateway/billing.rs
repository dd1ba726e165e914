//! Where calls need credit: nobody calls without, nobody spends what is not there, and after
//! whatever happened the books balance (contract §4.6, §6.2).

use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tollgate_ledger::{AccountId, Balance, Kind, Movement, audit};
use tollgate_simulator::Simulator;
use tollgate_store::MovementQuery;
use tollgate_testkit::{Canned, Protocol, Reply, TestGateway, eventually, simulator, usd};
use tollgate_types::Usd;

const BILLING: &str = "[billing]\nenabled = true\n";
/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;

/// Eight tokens each way, unless another answer is asked for.
fn eight() -> Value {
    json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "a b c d e f g h" }] })
}

fn at_most(tokens: u64) -> Value {
    let mut body = eight();
    body["max_tokens"] = tokens.into();
    body
}

async fn world(config: &str, upstream_model: &str) -> (TestGateway, Simulator) {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .config(config)
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", upstream_model, PRICE)
        .endpoint("acme/free", "acme", "echo", r#"{ input = "0", output = "0" }"#)
        .start()
        .await;
    (gateway, simulator)
}

async fn add(gateway: &TestGateway, dollars: &str) {
    let engine = gateway.engine();
    let id = format!("purchase-{dollars}");
    let (account, amount) = (AccountId::default(), usd(dollars));
    let bought = Movement::new(&id, account, Kind::Purchase, amount, engine.now());
    assert!(engine.stores().ledger.post(vec![bought]).await.unwrap());
}

async fn balance(gateway: &TestGateway) -> Balance {
    gateway.engine().recorder().flush().await;
    gateway.engine().stores().ledger.balance(&AccountId::default()).await.unwrap()
}

/// The books balance, and nothing is held once everything is given back.
async fn assert_sound(gateway: &TestGateway) {
    gateway.engine().recorder().flush().await;
    gateway.engine().purses().give_back_all().await.unwrap();
    assert_eq!(balance(gateway).await.held, Usd::ZERO);
    let books = gateway.engine().stores().ledger.books().await.unwrap();
    assert_eq!(audit(&books), []);
}

fn refusal(reply: &Reply) -> (String, Value) {
    let error = reply.error(402, "payment_required");
    (error["message"].as_str().unwrap().to_owned(), error["metadata"]["limit_source"].clone())
}

#[tokio::test]
async fn section_4_6_without_credit_only_what_is_free_is_called() {
    let (gateway, simulator) = world(BILLING, "echo").await;
    let (message, source) = refusal(&gateway.chat(eight()).await);
    assert!(message.starts_with("Insufficient credits"), "{message}");
    assert_eq!(source, "openrouter_credits");
    let mut streamed = eight();
    streamed["stream"] = true.into();
    refusal(&gateway.chat(streamed).await);
    assert_eq!(simulator.calls("echo"), 0);
    let mut free = eight();
    free["model"] = "acme/free".into();
    assert_eq!(gateway.chat(free).await.status, 200);
    add(&gateway, "1").await;
    assert_eq!(gateway.chat(eight()).await.said().cost(), usd("0.016"));
    let credits = gateway.get("/credits").await.json();
    assert_eq!(credits["data"], json!({ "total_credits": 1, "total_usage": 0.016 }));
    assert_sound(&gateway).await;
    assert_eq!(balance(&gateway).await.available, usd("0.984"));
}

#[tokio::test]
async fn section_4_6_who_asks_for_more_than_there_is_hears_how_much_there_is_enough_for() {
    let (gateway, _simulator) = world(BILLING, "echo").await;
    add(&gateway, "0.1").await;
    let (message, source) = refusal(&gateway.chat(at_most(1_000)).await);
    // Of 100 tokens 10 are held for a prompt of 19 bytes.
    let told = "You requested up to 1000 tokens, but can only afford 90";
    assert!(message.contains(told), "{message}");
    assert_eq!(source, "openrouter_credits");
    // Whoever says nothing is not refused for what the model could write.
    assert_eq!(gateway.chat(eight()).await.status, 200);
    assert_eq!(gateway.chat(at_most(60)).await.status, 200);
    assert_sound(&gateway).await;
}

/// A provider may read all that is sent on: it is held for wherever in the body it stands.
#[tokio::test]
async fn what_is_no_message_is_held_for_too() {
    let (gateway, simulator) = world(BILLING, "echo").await;
    add(&gateway, "1").await;
    let long = "word ".repeat(20_000);
    let schema = json!({ "type": "json_schema", "json_schema": {
        "name": "s", "schema": { "type": "object", "description": long },
    } });
    for (member, value) in [
        ("response_format", schema),
        ("prediction", json!({ "type": "content", "content": long })),
        ("functions", json!([{ "name": "f", "description": long }])),
        ("a_field_nobody_knows", json!(long)),
        ("messages", json!([{ "role": "user", "content": "x", "name": long }])),
    ] {
        let mut body = at_most(2);
        body[member] = value;
        let (message, source) = refusal(&gateway.chat(body).await);
        assert_eq!(source, "openrouter_credits", "{member}: {message}");
    }
    assert_eq!(simulator.calls("echo"), 0);
    assert_sound(&gateway).await;
}

/// Wherever the next call goes first: of two endpoints the dearer one counts, and a key's limit as
/// the account's credit does.
#[tokio::test]
async fn what_can_be_afforded_is_enough_when_it_is_asked_for() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .config(BILLING)
        .provider("acme", Protocol::OpenAi, &simulator)
        .provider("other", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
        .endpoint("acme/m", "other", "echo", r#"{ input = "1500", output = "1100" }"#)
        .start()
        .await;
    add(&gateway, "0.1").await;
    let key = json!({ "name": "limited", "limit": 0.05 });
    let made = gateway.post("/keys", &key).await.json();
    let limited = made["key"].as_str().unwrap();
    for (key, affordable) in [(gateway.key(), 77), (limited, 31)] {
        let call = |tokens| gateway.chat_call(&at_most(tokens)).key(key).send();
        for _ in 0..8 {
            let (message, _) = refusal(&call(1_000).await);
            let told = format!("can only afford {affordable}");
            assert!(message.ends_with(&told), "{message}");
        }
        refusal(&call(affordable + 1).await);
        assert_eq!(call(affordable).await.status, 200);
        gateway.engine().recorder().flush().await;
        add(&gateway, &format!("0.{affordable}")).await;
    }
}

#[tokio::test]
async fn section_4_6_what_is_held_for_others_comes_back() {
    let (gateway, _simulator) = world(BILLING, "echo+stall-after:3").await;
    add(&gateway, "0.1").await;
    let mut body = at_most(60);
    body["stream"] = true.into();
    let mut stream = gateway.open_stream(body.clone()).await;
    stream.next_text().await;
    let refused = gateway.chat(body.clone()).await;
    let (_, source) = refusal(&refused);
    assert_eq!(source, "openrouter_in_flight_budget");
    assert_eq!(refused.header("retry-after"), Some("1"));
    // The client leaves: what was written is charged, and the rest is there again.
    let id = stream.id();
    drop(stream);
    let record = gateway.generation(&id).await;
    assert_eq!(record["cancelled"], true);
    let cost = tollgate_testkit::amount(&record["total_cost"]);
    assert!(cost > Usd::ZERO, "{record}");
    let stream = gateway.open_stream(body).await;
    drop(stream);
    eventually("both are settled", || async { (gateway.generations().await == 2).then_some(()) })
        .await;
    assert_sound(&gateway).await;
    assert_eq!(balance(&gateway).await.spent.nanos() % 1_000_000, 0);
}

/// A key with a dollar, an account with a dollar: two hundred at once spend no more.
#[tokio::test(flavor = "multi_thread")]
async fn parallel_callers_never_overspend() {
    let (gateway, simulator) = world(BILLING, "echo").await;
    add(&gateway, "1").await;
    let limited = gateway.key_with(|key| key.limit = Some(usd("0.5"))).await;
    let gateway = std::sync::Arc::new(gateway);
    for (key, most) in [(limited, "0.5"), (gateway.key().to_owned(), "1")] {
        let mut calls = JoinSet::new();
        for _ in 0..200 {
            let (gateway, key) = (std::sync::Arc::clone(&gateway), key.clone());
            calls
                .spawn(async move { gateway.chat_call(&at_most(8)).key(&key).send().await.status });
        }
        let statuses = calls.join_all().await;
        assert!(statuses.iter().all(|status| [200, 402].contains(status)), "{statuses:?}");
        assert!(statuses.contains(&200));
        let spent = balance(&gateway).await.spent;
        assert!(spent <= usd(most), "{spent}");
    }
    // And everything that is there can be spent, to the last whole call.
    while gateway.chat(at_most(8)).await.status == 200 {}
    assert_eq!(balance(&gateway).await.spent, usd("0.992"));
    assert_eq!(simulator.calls("echo"), 62);
    assert_sound(&gateway).await;
}

/// Rules have several models asked: no more is begun than the key's limit allows.
#[tokio::test]
async fn several_models_for_one_answer_stay_within_a_limit() {
    let rules = r#"
[[rule]]
name = "three at once"
then = { consensus = { models = ["acme/m", "acme/n", "acme/o"] } }
"#;
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .config(rules)
        .provider("acme", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
        .endpoint("acme/n", "acme", "echo", PRICE)
        .endpoint("acme/o", "acme", "echo", PRICE)
        .start()
        .await;
    let limited = gateway.key_with(|key| key.limit = Some(usd("0.04"))).await;
    let refused = gateway.chat_call(&at_most(8)).key(&limited).send().await;
    let (message, source) = refusal(&refused);
    assert!(message.contains("this key's limit"), "{message}");
    assert_eq!((source, simulator.calls("echo")), ("openrouter_key_limit".into(), 0));
    let limited = gateway.key_with(|key| key.limit = Some(usd("0.06"))).await;
    let answered = gateway.chat_call(&at_most(8)).key(&limited).send().await;
    assert!(answered.said().cost() <= usd("0.048"));
}

#[tokio::test]
async fn where_nothing_needs_credit_calls_are_metered() {
    let (gateway, _simulator) = world("", "echo").await;
    let said = gateway.chat(eight()).await.said();
    let balance = balance(&gateway).await;
    assert_eq!((balance.metered, balance.charged()), (usd("0.016"), Usd::ZERO));
    let about = MovementQuery { about: Some(said.id), limit: 9, ..MovementQuery::default() };
    let rows = gateway.engine().stores().ledger.movements(&about).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].movement.kind, Kind::Metered);
    assert_sound(&gateway).await;
}

/// Failed calls cost nothing, those that were answered elsewhere once.
#[tokio::test]
async fn failures_cost_nothing_and_failover_costs_once() {
    let simulator = simulator().await;
    let gateway = TestGateway::builder()
        .config(BILLING)
        .provider("acme", Protocol::OpenAi, &simulator)
        .provider("bravo", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo+status:503", PRICE)
        .endpoint("acme/m", "bravo", "echo", r#"{ input = "2000", output = "2000" }"#)
        .endpoint("acme/down", "acme", "echo+status:503", PRICE)
        .start()
        .await;
    add(&gateway, "1").await;
    assert_eq!(gateway.chat(eight()).await.said().cost(), usd("0.032"));
    let mut down = eight();
    down["model"] = "acme/down".into();
    assert_eq!(gateway.chat(down).await.status, 503);
    assert_eq!(balance(&gateway).await.spent, usd("0.032"));
    assert_sound(&gateway).await;
}

/// However much a call lets be written, it is not more than what counts as too much.
#[tokio::test]
async fn absurd_bounds_are_too_dear() {
    let (gateway, simulator) = world(BILLING, "echo").await;
    add(&gateway, "1").await;
    let limited = gateway.key_with(|key| key.limit = Some(usd("0.5"))).await;
    for tokens in [1 << 40, 1 << 44, 1 << 53, 1 << 62] {
        for key in [gateway.key(), &limited] {
            let refused = gateway.chat_call(&at_most(tokens)).key(key).send().await;
            assert_eq!(refused.status, 402, "{tokens}: {}", refused.text());
        }
    }
    assert_eq!(simulator.calls("echo"), 0);
}

/// A gateway that stops leaves nothing set aside, and the next one goes on with what is left.
#[tokio::test]
async fn credit_outlives_the_gateway() {
    let (gateway, _simulator) = world(BILLING, "echo").await;
    add(&gateway, "1").await;
    assert_eq!(gateway.chat(eight()).await.status, 200);
    let stopped = gateway.stop().await;
    let again = TestGateway::builder().config(BILLING).on(stopped).start().await;
    let balance = balance(&again).await;
    let places = [balance.available, balance.held, balance.spent];
    assert_eq!(places, ["0.984", "0", "0.016"].map(usd));
}

/// Also at a gateway that has set nothing aside of the account: after a start, and where the account
/// never called anything.
#[tokio::test]
async fn section_4_6_below_zero_what_is_free_is_refused_too() {
    let (gateway, simulator) = world(BILLING, "echo").await;
    let engine = gateway.engine();
    let take = |id: &str, dollars: &str| {
        let (account, amount) = (AccountId::default(), usd(dollars));
        Movement::new(id, account, Kind::Deduction, amount, engine.now())
    };
    assert!(engine.stores().ledger.post(vec![take("t", "1")]).await.unwrap());
    let mut free = eight();
    free["model"] = "acme/free".into();
    let (message, source) = refusal(&gateway.chat(free.clone()).await);
    assert!(message.starts_with("Insufficient credits"), "{message}");
    assert_eq!((source, simulator.calls("echo")), (json!("openrouter_credits"), 0));
    // Free calls are few in a minute: each waits until the account is looked at again.
    add(&gateway, "2").await;
    sleep(Duration::from_millis(1_050)).await;
    gateway.chat(free.clone()).await.said();
    assert!(engine.stores().ledger.post(vec![take("u", "3")]).await.unwrap());
    sleep(Duration::from_millis(1_050)).await;
    // This one does not wait for the store, and has it asked.
    gateway.chat(free.clone()).await.said();
    sleep(Duration::from_millis(500)).await;
    refusal(&gateway.chat(free.clone()).await);
    let database = gateway.stop().await;
    let world = TestGateway::builder().config(BILLING).on(database);
    let world = world.provider("acme", Protocol::OpenAi, &simulator);
    let world = world.endpoint("acme/free", "acme", "echo", r#"{ input = "0", output = "0" }"#);
    let gateway = world.start().await;
    refusal(&gateway.chat(free).await);
}

/// A gateway with $50 whose only provider answers with `content`, ends so, and reports this much.
async fn reporting(content: &str, finish: &Value, (read, written): (u64, u64)) -> TestGateway {
    let answer = json!({
        "id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "finish_reason": finish,
            "message": { "role": "assistant", "content": content } }],
        "usage": { "prompt_tokens": read, "completion_tokens": written,
            "total_tokens": read + written },
    });
    let provider = Canned::start("application/json", answer.to_string()).await;
    let gateway = TestGateway::builder()
        .config(BILLING)
        .config(&format!(
            "[upstream]\nfetch_private_addresses = true\n\
             [[provider]]\nslug = \"acme\"\nprotocol = \"openai-chat\"\nbase_url = \"{}\"\n\
             api_key = \"sk\"\n[[model]]\nid = \"acme/m\"\ncontext_length = 1000\n\
             [[model.endpoint]]\nprovider = \"acme\"\nupstream_model = \"m\"\nprice = {PRICE}\n",
            provider.base_url()
        ))
        .start()
        .await;
    add(&gateway, "50").await;
    let body = json!({ "model": "acme/m", "messages": [{ "role": "user", "content": "a" }] });
    gateway.chat(body).await;
    gateway
}

/// What a provider reports to have read for an answer that is none is not charged; an answer that
/// says why it has no words is.
#[tokio::test]
async fn section_6_2_zero_completions_are_insured() {
    for (finish, cost) in [(json!(null), "0"), (json!(""), "0"), (json!("length"), "0.05")] {
        let gateway = reporting("", &finish, (50, 0)).await;
        assert_eq!(balance(&gateway).await.spent, usd(cost), "{finish}");
        assert_sound(&gateway).await;
    }
}

/// What no answer can have come to is not billed, whatever a provider reports: it is counted here.
/// What its own tools may have read is.
#[tokio::test]
async fn reports_that_cannot_be_true_are_not_billed() {
    for (reported, cost) in
        [((10, 5_000_000_000), "0.002"), ((10_000_000, 1), "0.002"), ((16_000, 4_000), "20")]
    {
        let gateway = reporting("ok", &json!("stop"), reported).await;
        assert_eq!(balance(&gateway).await.spent, usd(cost), "{reported:?}");
        assert_sound(&gateway).await;
    }
}

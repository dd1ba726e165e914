//! What operators are told of: once, signed, and again when it can't be told (docs/alerts.md).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use tollgate_alerts::{Alert, Channel, Delivery, Pending, Reason, Subject, SubjectKind};
use tollgate_engine::Clock;
use tollgate_ledger::{AccountId, Kind, Movement};
use tollgate_simulator::Simulator;
use tollgate_store::{Document, GenerationRecord};
use tollgate_store_postgres::test_server::TestServer;
use tollgate_testkit::{AlertReceiver, Builder, MailServer, Protocol, TestGateway, simulator, usd};
use tollgate_types::{GenerationId, KeyHash, ModelSlug, Timestamp};

use crate::postgres::SECRET_KEY;

/// A tenth of a cent a token.
const PRICE: &str = r#"{ input = "1000", output = "1000" }"#;
const DEFAULT: &str = "00000000-0000-0000-0000-000000000000";
const DAILY: &str = "/workspaces/00000000-0000-0000-0000-000000000000/budgets/daily";
const SECRET: &str = "whsec_ops";

/// A clock that is set by hand, in milliseconds.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

impl Hand {
    fn noon() -> Arc<Self> {
        let noon = Timestamp::parse_rfc3339("2026-11-18T12:00:00Z").unwrap();
        Arc::new(Self(AtomicI64::new(noon.unix_millis())))
    }

    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000, Ordering::Relaxed);
    }
}

const DAY: i64 = 86_400;

/// Eight tokens each way: 1.6 cents.
fn eight() -> Value {
    let messages = json!([{ "role": "user", "content": "a b c d e f g h" }]);
    json!({ "model": "acme/m", "messages": messages, "max_tokens": 8 })
}

fn world(simulator: &Simulator, config: &str) -> Builder {
    TestGateway::builder()
        .config(config)
        .provider("acme", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", PRICE)
}

async fn manage(gateway: &TestGateway, method: &str, path: &str, body: Value) -> Value {
    let call = gateway.call(method, path).key(gateway.management_key());
    let reply = if body.is_null() { call.send().await } else { call.json(&body).send().await };
    assert!(reply.status < 300, "{}", reply.text());
    reply.json()
}

async fn budget(gateway: &TestGateway, dollars: f64) {
    manage(gateway, "PUT", DAILY, json!({ "limit_usd": dollars })).await;
}

async fn call(gateway: &TestGateway, times: u32) {
    for _ in 0..times {
        gateway.chat(eight()).await.said();
    }
}

async fn costs_more(gateway: &TestGateway) {
    let (id, model) = (GenerationId::from_text("gen-more"), ModelSlug::parse("acme/m").unwrap());
    let key = KeyHash::from_bytes([1; 32]);
    let record = GenerationRecord::new(id, key, model, gateway.engine().now());
    let record = GenerationRecord { cost: usd("0.016"), ..record };
    gateway.engine().stores().generations.append(vec![record]).await.unwrap();
}

async fn round(gateway: &TestGateway) -> u64 {
    gateway.alerting().round().await.unwrap()
}

async fn listed(gateway: &TestGateway) -> Vec<Value> {
    let listed = manage(gateway, "GET", "/alerts", Value::Null).await;
    listed["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_tell_of_each_threshold_once() {
    let simulator = simulator().await;
    let receiver = AlertReceiver::start().await;
    let database = TestServer::shared().database().await;
    let config = format!("[database]\nurl = \"{database}\"\n{}", receiver.config(SECRET));
    // Gateways on one database need the same.
    let node = || world(&simulator, &config).env([("TOLLGATE_SECRET_KEY", SECRET_KEY)]).start();
    let (first, second) = (node().await, node().await);
    budget(&first, 0.16).await;
    for gateway in [&first, &second] {
        gateway.engine().refresh_organisation().await.unwrap();
    }
    let mut told = Vec::new();
    for n in 1..=10 {
        let gateway = if n % 2 == 0 { &first } else { &second };
        if n < 10 {
            call(gateway, 1).await;
        } else {
            // No call begins that may need more than is left: this one has cost more than it held.
            costs_more(gateway).await;
        }
        gateway.engine().recorder().flush().await;
        let (one, other) = tokio::join!(round(&first), round(&second));
        assert!(one + other <= 1, "call {n}: {one} and {other}");
        if one + other == 1 {
            told.push(n);
        }
    }
    assert_eq!(told, [5, 8, 10]);
    tokio::join!(round(&first), round(&second));

    let posted = receiver.posted();
    let thresholds: Vec<_> =
        posted.iter().map(|it| it.json()["details"]["threshold_percent"].clone()).collect();
    assert_eq!(thresholds, [50, 80, 100]);
    for alert in &posted {
        assert!(alert.is_signed_with(SECRET) && !alert.is_signed_with("whsec_guessed"));
        assert_eq!(alert.header("x-tollgate-idempotency-key"), alert.json()["id"]);
    }
    let eighty = posted[1].json();
    assert_eq!(eighty["kind"], "budget_threshold");
    assert_eq!(
        eighty["message"],
        "80 % of the daily budget of workspace default is spent: $0.128 of $0.16"
    );
    let subject =
        json!({ "type": "workspace", "id": DEFAULT, "name": "default", "workspace_id": DEFAULT });
    assert_eq!(eighty["subject"], subject);

    // Newest first, at either node.
    let alerts = listed(&second).await;
    let ids: Vec<_> = alerts.iter().map(|it| it["id"].clone()).collect();
    let expected: Vec<_> = posted.iter().rev().map(|it| it.json()["id"].clone()).collect();
    assert_eq!(ids, expected);
    for alert in &alerts {
        let delivery = &alert["deliveries"][0];
        assert_eq!(
            (&delivery["channel"], &delivery["state"]),
            (&json!("webhook"), &json!("delivered"))
        );
        assert_eq!((&delivery["attempts"], &delivery["error"]), (&json!(1), &Value::Null));
    }
}

#[tokio::test]
async fn a_key_s_budget_is_told_of_anew_every_window() {
    let simulator = simulator().await;
    let (receiver, clock) = (AlertReceiver::start().await, Hand::noon());
    let config = format!("[alerts]\nbudget_thresholds = [50]\n{}", receiver.config(SECRET));
    let gateway = world(&simulator, &config).clock(clock.clone()).in_memory().start().await;
    let budgets: tollgate_limits::KeyLimits =
        serde_json::from_value(json!({ "daily_budget": "0.032", "monthly_budget": "10" })).unwrap();
    let key = gateway.key_with(|key| key.rate_limits = budgets).await;
    for day in 1..=2 {
        assert_eq!(round(&gateway).await, 0);
        gateway.chat_call(&eight()).key(&key).send().await.said();
        assert_eq!((round(&gateway).await, round(&gateway).await), (1, 0));
        assert_eq!(receiver.posted().len(), day);
        clock.pass(DAY);
    }
    let starts: Vec<_> =
        receiver.posted().iter().map(|it| it.json()["details"]["window_start"].clone()).collect();
    assert_eq!(starts, ["2026-11-18T00:00:00.000Z", "2026-11-19T00:00:00.000Z"]);
    assert_eq!(receiver.posted()[0].json()["subject"]["type"], "key");
}

#[tokio::test]
async fn a_low_balance_is_told_of_again_only_after_it_was_filled() {
    let simulator = simulator().await;
    let receiver = AlertReceiver::start().await;
    let config = format!(
        "[billing]\nenabled = true\n[alerts]\nlow_balance_usd = \"0.99\"\n{}",
        receiver.config(SECRET)
    );
    let gateway = world(&simulator, &config).start().await;
    let post = |kind, id: &'static str, dollars| {
        let engine = Arc::clone(gateway.engine());
        async move {
            let moved = Movement::new(id, AccountId::default(), kind, usd(dollars), engine.now());
            assert!(engine.stores().ledger.post(vec![moved]).await.unwrap());
        }
    };
    assert_eq!(round(&gateway).await, 0, "nobody has bought credit yet");
    post(Kind::Purchase, "one", "1").await;
    assert_eq!(round(&gateway).await, 0);
    call(&gateway, 1).await;
    assert_eq!((round(&gateway).await, round(&gateway).await), (1, 0));
    call(&gateway, 1).await;
    assert_eq!(round(&gateway).await, 0, "it is still low");
    post(Kind::Purchase, "two", "1").await;
    assert_eq!(round(&gateway).await, 0);
    post(Kind::Deduction, "three", "1").await;
    assert_eq!((round(&gateway).await, round(&gateway).await), (1, 0));
    let left: Vec<_> =
        receiver.posted().iter().map(|it| it.json()["details"]["balance_usd"].clone()).collect();
    assert_eq!(left, ["0.984", "0.968"]);
    assert_eq!(receiver.posted()[0].json()["subject"]["id"], "default");
}

#[tokio::test]
async fn a_day_unlike_the_days_before_is_told_of() {
    let simulator = simulator().await;
    let (receiver, clock) = (AlertReceiver::start().await, Hand::noon());
    let config = format!("[alerts]\nspike_floor_usd = \"0.01\"\n{}", receiver.config(SECRET));
    let gateway = world(&simulator, &config).clock(clock.clone()).in_memory().start().await;
    // The first day is like no other: there is none.
    call(&gateway, 5).await;
    assert_eq!(round(&gateway).await, 0);
    clock.pass(DAY);
    for _ in 0..3 {
        call(&gateway, 1).await;
        assert_eq!(round(&gateway).await, 0);
        clock.pass(DAY);
    }
    // Eight calls in four days: two are usual, and more than six are not.
    call(&gateway, 6).await;
    assert_eq!(round(&gateway).await, 0);
    call(&gateway, 1).await;
    assert_eq!((round(&gateway).await, round(&gateway).await), (1, 0));
    let alert = receiver.posted()[0].json();
    assert_eq!(alert["kind"], "spend_spike");
    let expected =
        json!({ "date": "2026-11-22", "spent_usd": "0.112", "usual_usd": "0.032", "factor": "3" });
    assert_eq!(alert["details"], expected);
    // What was unusual becomes a part of what is usual.
    clock.pass(DAY);
    call(&gateway, 9).await;
    assert_eq!(round(&gateway).await, 0);
}

#[tokio::test]
async fn an_hour_unlike_the_hours_before_is_told_of() {
    let simulator = simulator().await;
    let (receiver, clock) = (AlertReceiver::start().await, Hand::noon());
    let config = format!(
        "[alerts]\nspike_factor = 0\nhourly_spike_factor = 2\nhourly_spike_floor_usd = \"0.01\"\n{}",
        receiver.config(SECRET)
    );
    let gateway = world(&simulator, &config).clock(clock.clone()).in_memory().start().await;
    // Three in a day: an eighth of a call is usual in an hour.
    call(&gateway, 3).await;
    assert_eq!(round(&gateway).await, 0);
    clock.pass(DAY);
    // What was spent before anybody looked is of no hour that is known.
    call(&gateway, 5).await;
    assert_eq!(round(&gateway).await, 0);
    call(&gateway, 1).await;
    assert_eq!((round(&gateway).await, round(&gateway).await), (1, 0));
    let alert = receiver.posted()[0].json();
    assert_eq!(alert["kind"], "hourly_spend_spike");
    let expected = json!({
        "hour": "2026-11-19T12:00:00.000Z",
        "spent_usd": "0.016",
        "usual_usd": "0.002",
        "factor": "2",
    });
    assert_eq!(alert["details"], expected);
    clock.pass(3_600);
    assert_eq!(round(&gateway).await, 0);
    call(&gateway, 1).await;
    assert_eq!((round(&gateway).await, round(&gateway).await), (1, 0));
    assert_eq!(receiver.posted()[1].json()["details"]["hour"], "2026-11-19T13:00:00.000Z");
}

/// Whoever a rule limits is told of, each once: all together, a workspace, a key, a model, a tag and
/// an end user that it names.
#[tokio::test]
async fn budgets_of_the_operator_s_rules_are_told_of() {
    let simulator = simulator().await;
    let (receiver, clock) = (AlertReceiver::start().await, Hand::noon());
    let mut config = "[alerts]\nbudget_thresholds = [50]\nspike_factor = 0\n".to_owned();
    config += &receiver.config(SECRET);
    config += "[attribution]\nheaders = [\"X-Team\"]\n";
    for whom in [
        "scope = \"organisation\"",
        "scope = \"workspace\"",
        "scope = \"key\"",
        "scope = \"model\"",
        "scope = \"user\"\nof = \"ann\"",
        "scope = \"user\"",
        "scope = \"tag\"\ntag = \"x-team\"\nvalue = \"sales\"",
        "scope = \"tag\"\ntag = \"x-team\"",
    ] {
        config += &["[[limit]]\n", whom, "\ndaily_budget = \"0.1\"\n"].concat();
    }
    let gateway = world(&simulator, &config).clock(clock.clone()).in_memory().start().await;
    let key = gateway.key().to_owned();
    let ask = |user: &'static str, team: &'static str| {
        let mut body = eight();
        body["user"] = user.into();
        let call = gateway.chat_call(&body).key(&key).header("x-team", team);
        async move { call.send().await.said() }
    };
    for _ in 0..3 {
        ask("ann", "sales").await;
    }
    assert_eq!(round(&gateway).await, 0, "$0.048 of $0.1");
    // Others bring the rest to the threshold, but not ann and sales.
    ask("bob", "support").await;
    assert_eq!((round(&gateway).await, round(&gateway).await), (4, 0));
    ask("ann", "sales").await;
    assert_eq!((round(&gateway).await, round(&gateway).await), (2, 0));
    let mut told: Vec<_> = receiver
        .posted()
        .iter()
        .map(|it| {
            let alert = it.json();
            assert_eq!(alert["details"]["threshold_percent"], 50);
            let subject = alert["subject"].clone();
            format!("{} {}", subject["type"], subject["name"]).replace('"', "")
        })
        .collect();
    told.sort_unstable();
    let expected = [
        "key first key",
        "model acme/m",
        "organisation default",
        "tag x-team=sales",
        "user ann",
        "workspace default",
    ];
    assert_eq!(told, expected);
    clock.pass(DAY);
    assert_eq!(round(&gateway).await, 0, "nothing is spent of the new day");
}

/// What an account's plan allows is a budget of the account.
#[tokio::test]
async fn budgets_of_plans_are_told_of() {
    let simulator = simulator().await;
    let (receiver, clock) = (AlertReceiver::start().await, Hand::noon());
    let config = "[alerts]\nbudget_thresholds = [50]\nspike_factor = 0\n".to_owned()
        + &receiver.config(SECRET)
        + "[[plan]]\nslug = \"small\"\nname = \"Small\"\ndaily_budget = \"0.1\"\n";
    let gateway = world(&simulator, &config).clock(clock.clone()).in_memory().start().await;
    call(&gateway, 2).await;
    let agreed = gateway.call("PUT", "/credits/plan").json(&json!({ "plan": "small" }));
    assert_eq!(agreed.send().await.status, 200);
    call(&gateway, 3).await;
    assert_eq!(round(&gateway).await, 0, "$0.048 of $0.1");
    call(&gateway, 1).await;
    assert_eq!((round(&gateway).await, round(&gateway).await), (1, 0));
    let alert = receiver.posted()[0].json();
    assert_eq!(alert["subject"]["type"], "organisation");
    assert_eq!(alert["subject"]["name"], "default");
    assert_eq!(alert["details"]["spent_usd"], "0.064");
}

/// One gateway looks for all; the next when it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_gateways_looks() {
    let simulator = simulator().await;
    let (receiver, clock) = (AlertReceiver::start().await, Hand::noon());
    let database = TestServer::shared().database().await;
    let config = format!("[database]\nurl = \"{database}\"\n{}", receiver.config(SECRET));
    let node = || {
        let node = world(&simulator, &config).env([("TOLLGATE_SECRET_KEY", SECRET_KEY)]);
        node.clock(clock.clone()).start()
    };
    let (first, second) = (node().await, node().await);
    budget(&first, 0.05).await;
    for gateway in [&first, &second] {
        gateway.engine().refresh_organisation().await.unwrap();
    }
    let look = |gateway: &TestGateway| {
        let alerting = Arc::clone(gateway.alerting());
        async move { alerting.look_in_turn().await.unwrap() }
    };
    assert_eq!(look(&first).await, 0);
    call(&second, 2).await;
    assert_eq!(look(&second).await, 0, "it is the first one's turn");
    assert_eq!(look(&first).await, 1);
    call(&second, 1).await;
    clock.pass(119);
    assert_eq!(look(&second).await, 0);
    clock.pass(2);
    assert_eq!(look(&second).await, 1, "80 percent");
    assert_eq!(look(&first).await, 0);
}

/// A receiver that hangs holds up its own alert, and no other.
#[tokio::test]
async fn several_are_told_at_once() {
    let simulator = simulator().await;
    let receiver = AlertReceiver::start().await;
    let gateway = world(&simulator, &receiver.config(SECRET)).in_memory().start().await;
    budget(&gateway, 0.02).await;
    call(&gateway, 1).await;
    receiver.hang(1);
    timeout(Duration::from_secs(2), round(&gateway)).await.unwrap_err();
    assert_eq!(receiver.posted().len(), 2, "50 and 80 percent");
}

fn alert_of(workspace: &str, nth: i64, next_at: Timestamp) -> Document<Alert> {
    let at = Timestamp::from_unix_millis(1_700_000_000_000 + nth);
    let subject = Subject {
        kind: SubjectKind::Workspace,
        id: workspace.to_owned(),
        name: workspace.to_owned(),
        workspace_id: Some(workspace.to_owned()),
    };
    let (threshold, left) = (usd("1"), usd("0"));
    let deliveries = vec![Delivery { next_at, ..Delivery::new(Channel::Webhook, at) }];
    let alert = Alert { subject, reason: Reason::LowBalance { threshold, left }, at, deliveries };
    Document::new(Alert::id(at, &format!("{nth}")), alert, at)
}

async fn enter(gateway: &TestGateway, alerts: impl Iterator<Item = Document<Alert>>) {
    let changes: Vec<_> = alerts.map(|it| it.insertion().unwrap()).collect();
    gateway.engine().stores().documents.write(changes).await.unwrap();
}

/// Many that wait for their next try leave room for the one that is due.
#[tokio::test]
async fn what_is_due_is_told_however_many_wait() {
    let simulator = simulator().await;
    let (receiver, clock) = (AlertReceiver::start().await, Hand::noon());
    let config = receiver.config(SECRET);
    let gateway = world(&simulator, &config).clock(clock.clone()).in_memory().start().await;
    let (later, now) = (clock.now().plus_millis(60_000), clock.now());
    let waiting = (0..1_200).map(|nth| alert_of("w", nth, later));
    let due = std::iter::once(alert_of("due", 1_200, now));
    enter(&gateway, waiting.chain(due).map(|it| it.of(Pending::PARENT))).await;
    assert_eq!(round(&gateway).await, 0);
    let posted = receiver.posted();
    assert_eq!(posted.len(), 1);
    assert_eq!(posted[0].json()["subject"]["id"], "due");
}

/// Of a workspace's few alerts among many others', pages are found without looking through all at
/// once.
#[tokio::test]
async fn few_alerts_among_many_are_listed_in_bounded_steps() {
    let simulator = simulator().await;
    let gateway = world(&simulator, "").in_memory().start().await;
    let never = Timestamp::from_unix_millis(i64::MAX);
    let among = |nth| if nth == 7 || nth == 11_000 { "mine" } else { "others" };
    enter(&gateway, (0..12_000).map(|nth| alert_of(among(nth), nth, never))).await;
    let mut found = Vec::new();
    let mut path = "/alerts?workspace_id=mine&limit=1".to_owned();
    let mut pages = 0;
    loop {
        let page = manage(&gateway, "GET", &path, Value::Null).await;
        pages += 1;
        found.extend(page["data"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/alerts?workspace_id=mine&limit=1&before={next}");
    }
    let ids: Vec<_> = found.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, [11_000, 7].map(|nth| alert_of("mine", nth, never).id));
    assert_eq!(pages, 4, "one for each, one to look on, and the last");
    let asked = gateway.call("GET", "/alerts?offset=1").key(gateway.management_key()).send().await;
    assert!(asked.error_message(400, "invalid_request").contains("before"));
}

#[tokio::test]
async fn alerts_are_mailed() {
    let simulator = simulator().await;
    let server = MailServer::start().await;
    let config = format!(
        "[alerts.email]\nsmtp_url = \"{}\"\nfrom = \"Gateway <gateway@corp.example>\"\n\
         to = [\"ops@corp.example\", \"Boss <boss@corp.example>\"]\n",
        server.url()
    );
    let gateway = world(&simulator, &config).in_memory().start().await;
    budget(&gateway, 0.032).await;
    call(&gateway, 1).await;
    assert_eq!((round(&gateway).await, round(&gateway).await), (1, 0));
    let mails = server.mails();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let mail = &mails[0];
    assert_eq!(mail.from, "gateway@corp.example");
    assert_eq!(mail.to, ["ops@corp.example", "boss@corp.example"]);
    let alert = &listed(&gateway).await[0];
    let id = alert["id"].as_str().unwrap();
    assert!(mail.text.contains(&format!("Message-ID: <{id}@corp.example>")), "{}", mail.text);
    assert!(mail.text.contains("50 % of the daily budget of workspace default"), "{}", mail.text);
    assert_eq!(alert["deliveries"][0]["channel"], "email");
    assert_eq!(alert["deliveries"][0]["state"], "delivered");
}

#[tokio::test]
async fn what_can_t_be_told_is_tried_again_later_and_then_given_up() {
    let simulator = simulator().await;
    let (receiver, clock) = (AlertReceiver::start().await, Hand::noon());
    let config = receiver.config(SECRET);
    let gateway = world(&simulator, &config).clock(clock.clone()).in_memory().start().await;
    budget(&gateway, 0.032).await;
    call(&gateway, 1).await;
    receiver.refuse(6);
    assert_eq!(round(&gateway).await, 1);
    let delivery = listed(&gateway).await[0]["deliveries"][0].clone();
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("pending"), &json!(1)));
    assert_eq!(delivery["error"], "the receiver answered 500 Internal Server Error");
    assert_eq!(delivery["next_attempt_at"], "2026-11-18T12:00:30.000Z");
    for (attempt, pause) in [30, 60, 120, 240, 480].into_iter().enumerate() {
        clock.pass(pause - 1);
        round(&gateway).await;
        assert_eq!(receiver.posted().len(), attempt + 1, "too early");
        clock.pass(1);
        round(&gateway).await;
        assert_eq!(receiver.posted().len(), attempt + 2);
    }
    clock.pass(DAY / 4);
    round(&gateway).await;
    let posted = receiver.posted();
    assert_eq!(posted.len(), 6, "it was given up");
    assert!(posted.iter().all(|it| it.json()["id"] == posted[0].json()["id"]));
    assert_eq!(listed(&gateway).await[0]["deliveries"][0]["state"], "failed");
}

/// A round that is cut off in the middle of sending is a node that dies there.
#[tokio::test]
async fn what_a_dead_node_was_telling_another_takes_over() {
    let simulator = simulator().await;
    let (receiver, clock) = (AlertReceiver::start().await, Hand::noon());
    let config = receiver.config(SECRET);
    let gateway = world(&simulator, &config).clock(clock.clone()).in_memory().start().await;
    budget(&gateway, 0.032).await;
    call(&gateway, 1).await;
    receiver.hang(1);
    timeout(Duration::from_millis(500), round(&gateway)).await.unwrap_err();
    assert_eq!(receiver.posted().len(), 1);
    clock.pass(299);
    assert_eq!(round(&gateway).await, 0);
    assert_eq!(receiver.posted().len(), 1, "it is still its taker's");
    clock.pass(1);
    assert_eq!(round(&gateway).await, 0);
    let posted = receiver.posted();
    assert_eq!(posted.len(), 2);
    assert_eq!(posted[0].body, posted[1].body, "the receiver can tell that it is the same");
    let delivery = listed(&gateway).await[0]["deliveries"][0].clone();
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("delivered"), &json!(2)));
}

#[tokio::test]
async fn members_see_the_alerts_of_their_workspaces() {
    let simulator = simulator().await;
    let gateway = world(&simulator, "").in_memory().start().await;
    let wanted = json!({ "name": "Lab", "slug": "lab" });
    let lab = manage(&gateway, "POST", "/workspaces", wanted).await["data"]["id"].clone();
    let lab = lab.as_str().unwrap().to_owned();
    let path = format!("/workspaces/{lab}/budgets/daily");
    manage(&gateway, "PUT", &path, json!({ "limit_usd": 0.032 })).await;
    budget(&gateway, 0.032).await;
    let key = gateway.key_with(|key| key.workspace_id.clone_from(&lab)).await;
    call(&gateway, 1).await;
    gateway.chat_call(&eight()).key(&key).send().await.said();
    assert_eq!(round(&gateway).await, 2);
    let all = listed(&gateway).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[0]["deliveries"], json!([]), "nobody is told where nobody is named");

    let places = json!([{ "workspace_id": lab, "role": "member" }]);
    let wanted = json!({ "email": "m@corp.example", "access": "member", "workspaces": places });
    let invited = manage(&gateway, "POST", "/organization/invitations", wanted).await;
    let token = json!({ "token": invited["token"] });
    let accept = gateway.call("POST", "/organization/invitations/accept").no_key();
    let accepted = accept.json(&token).send().await.json();
    let member = accepted["key"].as_str().unwrap();
    let asked = |path: String| gateway.call("GET", &path).key(member).send();
    asked("/alerts".to_owned()).await.error(403, "permission_denied");
    asked(format!("/alerts?workspace_id={DEFAULT}")).await.error(404, "not_found");
    let own = asked(format!("/alerts?workspace_id={lab}&limit=1")).await.json();
    assert_eq!(own["data"][0]["subject"]["name"], "lab");
    assert_eq!(own["data"].as_array().unwrap().len(), 1);
}

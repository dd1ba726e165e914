//! Questions about what was used (contract §1.7).

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tollgate_engine::Clock;
use tollgate_simulator::Simulator;
use tollgate_store::conformance::sample::{generation, hash};
use tollgate_testkit::{Protocol, Reply, TestGateway, simulator};
use tollgate_types::Timestamp;

/// A clock that is set by hand, in milliseconds.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::Relaxed))
    }
}

const DAY: i64 = 86_400_000;
const ELSEWHERE: &str = "0b7e1f2a-0000-4000-8000-000000000001";

fn call(model: &str) -> Value {
    json!({ "model": model, "messages": [{ "role": "user", "content": "a b c d e f g h" }] })
}

/// On a Sunday two calls of `acme/m` for research and one for sales; on Monday one of `acme/n`
/// from another workspace, and one that fails. Each call costs 1.6 cents.
async fn world(simulator: &Simulator) -> TestGateway {
    let sunday = Timestamp::parse_rfc3339("2026-11-01T12:00:00Z").unwrap();
    let clock = Arc::new(Hand(AtomicI64::new(sunday.unix_millis())));
    let price = r#"{ input = "1000", output = "1000" }"#;
    let gateway = TestGateway::builder()
        .clock(clock.clone())
        .config("[attribution]\nheaders = [\"X-Department\", \"X-Project\"]\n")
        .provider("acme", Protocol::OpenAi, simulator)
        .endpoint("acme/m", "acme", "echo", price)
        .endpoint("acme/n", "acme", "echo", price)
        .endpoint("acme/broken", "acme", "echo+status:500", price)
        .start()
        .await;
    for department in ["research", "research", "sales"] {
        let call = gateway.chat_call(&call("acme/m")).header("x-department", department);
        call.send().await.said();
    }
    clock.0.fetch_add(DAY, Ordering::Relaxed);
    let other = gateway.key_with(|key| ELSEWHERE.clone_into(&mut key.workspace_id)).await;
    gateway.chat_call(&call("acme/n")).key(&other).send().await.said();
    assert!(gateway.chat(call("acme/broken")).await.status >= 500);
    gateway
}

async fn ask_by(gateway: &TestGateway, key: &str, question: Value) -> Reply {
    gateway.call("POST", "/analytics/query").key(key).json(&question).send().await
}

async fn ask(gateway: &TestGateway, question: Value) -> Value {
    let reply = ask_by(gateway, gateway.management_key(), question.clone()).await;
    assert_eq!(reply.status, 200, "{question}: {}", reply.text());
    reply.json()["data"].clone()
}

#[tokio::test]
async fn section_1_7_questions_are_answered_from_the_days() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    for (question, expected) in [
        (
            json!({ "metrics": ["requests", "failed", "error_rate", "usage", "total_tokens"] }),
            json!([{ "requests": 5, "failed": 1, "error_rate": 0.2, "usage": 0.064, "total_tokens": 64 }]),
        ),
        (
            json!({ "metrics": ["requests"], "granularity": "day" }),
            json!([{ "date": "2026-11-01", "requests": 3 }, { "date": "2026-11-02", "requests": 2 }]),
        ),
        // A Sunday is in the week before.
        (
            json!({ "metrics": ["requests"], "granularity": "week" }),
            json!([{ "date": "2026-10-26", "requests": 3 }, { "date": "2026-11-02", "requests": 2 }]),
        ),
        (
            json!({ "metrics": ["requests"], "granularity": "month" }),
            json!([{ "date": "2026-11-01", "requests": 5 }]),
        ),
        (
            json!({
                "metrics": ["usage"], "dimensions": ["model"],
                "order_by": { "field": "usage", "direction": "desc" }, "limit": 2,
            }),
            json!([{ "model": "acme/m", "usage": 0.048 }, { "model": "acme/n", "usage": 0.016 }]),
        ),
        (
            json!({ "metrics": ["requests"], "dimensions": ["x-department", "model"] }),
            json!([
                { "x-department": "research", "model": "acme/m", "requests": 2 },
                { "x-department": "sales", "model": "acme/m", "requests": 1 },
            ]),
        ),
        (
            json!({
                "metrics": ["requests"],
                "time_range": { "start": "2026-11-02T00:00:00Z", "end": "2026-11-03T00:00:00Z" },
            }),
            json!([{ "requests": 2 }]),
        ),
    ] {
        assert_eq!(ask(&gateway, question.clone()).await["data"], expected, "{question}");
    }
    let keys = ask(&gateway, json!({ "metrics": ["requests"], "dimensions": ["api_key"] })).await;
    let keys = keys["data"].as_array().unwrap();
    assert_eq!(keys.len(), 2, "{keys:?}");
    assert!(keys.iter().all(|row| row["api_key"].as_str().unwrap().len() == 64));
}

#[tokio::test]
async fn section_1_7_hours_and_minutes_are_told_of() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    let range = |start: &str, end: &str| json!({ "start": start, "end": end });
    let days = range("2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z");
    let (sunday, monday) = ("2026-11-01T12:00:00.000Z", "2026-11-02T12:00:00.000Z");
    for (question, expected) in [
        (
            json!({ "metrics": ["requests", "usage"], "granularity": "hour", "time_range": days }),
            json!([
                { "date": sunday, "requests": 3, "usage": 0.048 },
                { "date": monday, "requests": 2, "usage": 0.016 },
            ]),
        ),
        (
            json!({ "metrics": ["requests"], "granularity": "minute", "time_range": days }),
            json!([{ "date": sunday, "requests": 3 }, { "date": monday, "requests": 2 }]),
        ),
        // The last day and the last hour.
        (
            json!({ "metrics": ["requests"], "granularity": "hour" }),
            json!([{ "date": monday, "requests": 2 }]),
        ),
        (
            json!({ "metrics": ["requests"], "granularity": "minute", "dimensions": ["model"] }),
            json!([
                { "date": monday, "model": "acme/broken", "requests": 1 },
                { "date": monday, "model": "acme/n", "requests": 1 },
            ]),
        ),
        (
            json!({
                "metrics": ["requests"], "granularity": "hour", "dimensions": ["x-department"],
                "time_range": days, "order_by": { "field": "requests" },
            }),
            json!([
                { "date": sunday, "x-department": "research", "requests": 2 },
                { "date": sunday, "x-department": "sales", "requests": 1 },
            ]),
        ),
    ] {
        assert_eq!(ask(&gateway, question.clone()).await["data"], expected, "{question}");
    }
    // A range is told of in whole parts.
    let cut = range("2026-11-01T12:30:00Z", "2026-11-01T12:40:00Z");
    let hour = json!({ "metrics": ["requests"], "granularity": "hour", "time_range": cut });
    let hour = ask(&gateway, hour).await;
    assert_eq!(hour["data"], json!([{ "date": sunday, "requests": 3 }]));
    assert_eq!(hour["warnings"], json!(["Sums are kept by hour: hours are told of whole"]));
    let minute = json!({ "metrics": ["requests"], "granularity": "minute", "time_range": cut });
    let minute = ask(&gateway, minute).await;
    assert_eq!((&minute["data"], minute.get("warnings")), (&json!([]), None));
    let old = range("2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z");
    let old = json!({ "metrics": ["requests"], "granularity": "minute", "time_range": old });
    let warnings = &ask(&gateway, old).await["warnings"];
    assert_eq!(warnings, &json!(["Sums by minutes are kept for 2 days"]));
}

#[tokio::test]
async fn section_1_7_how_long_calls_took_is_told() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    let monday = Timestamp::parse_rfc3339("2026-11-02T09:00:00Z").unwrap();
    // Of a hundred, the first words came after 10 to 1,000 ms, the ends a second later.
    let calls = (1..=100_u64).map(|at| {
        let after = monday.plus_millis(i64::try_from(at).unwrap() * 30_000);
        let mut call = generation(&format!("gen-{at}"), hash(7), after);
        (call.latency_ms, call.generation_time_ms) = (Some(at * 10), Some(at * 10 + 1_000));
        (call.streamed, call.usage.completion_tokens) = (true, 50);
        call
    });
    gateway.engine().stores().generations.append(calls.collect()).await.unwrap();
    let metrics = json!([
        "requests",
        "latency",
        "latency_p50",
        "latency_p95",
        "generation_time",
        "generation_time_p50",
        "generation_time_p95",
        "throughput"
    ]);
    let theirs = json!([{ "field": "api_key", "operator": "eq", "value": hash(7).to_hex() }]);
    for granularity in [Value::Null, json!("day"), json!("month")] {
        let mut question = json!({ "metrics": metrics, "filters": theirs });
        question["granularity"] = granularity;
        let answer = ask(&gateway, question.clone()).await;
        let row = &answer["data"][0];
        assert_eq!(answer["data"].as_array().unwrap().len(), 1, "{answer}");
        assert_eq!((&row["requests"], &row["latency"]), (&json!(100), &json!(505)), "{row}");
        assert_eq!(row["generation_time"], 1_505, "{row}");
        assert_eq!(row["throughput"], 50, "{row}");
        for (name, truth) in [
            ("latency_p50", 500.0),
            ("latency_p95", 950.0),
            ("generation_time_p50", 1_500.0),
            ("generation_time_p95", 1_950.0),
        ] {
            let told = row[name].as_f64().unwrap();
            assert!((told - truth).abs() <= truth / 8.0, "{name}: {told} {truth}");
        }
    }
    let hours = json!({
        "metrics": ["latency"], "granularity": "hour", "filters": theirs,
        "order_by": { "field": "latency", "direction": "desc" },
    });
    let hours = ask(&gateway, hours).await["data"].clone();
    // The last one had its first word after the first of the next hour was asked.
    assert_eq!(hours[0], json!({ "date": "2026-11-02T09:00:00.000Z", "latency": 505 }), "{hours}");
    // Whoever is asked about nobody who spoke, and by tag, nothing is known.
    let tagged = json!({ "metrics": ["latency_p95"], "dimensions": ["x-department"] });
    let tagged = ask(&gateway, tagged).await;
    assert_eq!(tagged["data"][0], json!({ "x-department": "research", "latency_p95": null }));
    assert_eq!(
        tagged["warnings"],
        json!([
            "Calls without x-department are left out",
            "How long calls took is not known by x-department"
        ])
    );
    let slow = json!([theirs[0], { "field": "latency_p95", "operator": "gt", "value": 5_000 }]);
    let slow = json!({ "metrics": ["requests"], "filters": slow });
    assert_eq!(ask(&gateway, slow).await["data"], json!([]));
}

/// Whole days are read as days, the hours before and behind them as hours: together they are all
/// calls between two instants, once each, whatever tells them apart.
#[tokio::test]
async fn section_1_7_ranges_that_cut_days_count_each_call_once() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    let begin = Timestamp::parse_rfc3339("2026-10-10T00:30:00Z").unwrap();
    let calls = (0..120_u8).map(|hour| {
        let at = begin.plus_millis(i64::from(hour) * 3_600_000);
        let mut call = generation(&format!("gen-{hour}"), hash(20 + hour % 3), at);
        (call.latency_ms, call.generation_time_ms) = (Some(u64::from(hour) * 10), Some(2_000));
        call
    });
    gateway.engine().stores().generations.append(calls.collect()).await.unwrap();
    for (start, end, first, behind) in [
        ("2026-10-10T05:00:00Z", "2026-10-14T20:00:00Z", 5_u32, 116_u32),
        ("2026-10-11T00:00:00Z", "2026-10-13T07:00:00Z", 24, 79),
        ("2026-10-10T05:00:00Z", "2026-10-13T00:00:00Z", 5, 72),
        ("2026-10-11T00:00:00Z", "2026-10-13T00:00:00Z", 24, 72),
        ("2026-10-11T05:00:00Z", "2026-10-11T09:00:00Z", 29, 33),
        ("2026-10-10T23:00:00Z", "2026-10-11T02:00:00Z", 23, 26),
    ] {
        let asked = |more: Value| {
            let mut question = json!({
                "metrics": ["requests", "latency", "latency_p50"],
                "time_range": { "start": start, "end": end },
            });
            question.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            question
        };
        let mean = f64::from(first + behind - 1) * 5.0;
        for (more, groups) in [
            (json!({}), 1),
            (json!({ "dimensions": ["model"] }), 1),
            (json!({ "dimensions": ["api_key"] }), 3),
            (json!({ "dimensions": ["api_key", "model"] }), 3),
        ] {
            let told = ask(&gateway, asked(more.clone())).await["data"].clone();
            let rows = told.as_array().unwrap();
            let sum = |of: &dyn Fn(&Value) -> f64| rows.iter().map(of).sum::<f64>();
            let requests = sum(&|row| row["requests"].as_f64().unwrap());
            let millis =
                |row: &Value| row["latency"].as_f64().unwrap() * row["requests"].as_f64().unwrap();
            assert_eq!(
                (rows.len(), requests),
                (groups, f64::from(behind - first)),
                "{start} {more}"
            );
            assert!((sum(&millis) / requests - mean).abs() < 0.001, "{start} {more}: {told}");
            let by_day = ask(&gateway, {
                let mut question = asked(more.clone());
                question["granularity"] = json!("day");
                question
            });
            let by_day = by_day.await["data"].clone();
            let by_day = by_day.as_array().unwrap().iter();
            let days: u64 = by_day.map(|row| row["requests"].as_u64().unwrap()).sum();
            assert_eq!(days, u64::from(behind - first), "{start} {more}");
        }
    }
}

#[tokio::test]
async fn section_1_7_small_groups_are_told_of_together() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    for (question, expected) in [
        (
            json!({ "metrics": ["requests"], "dimensions": ["model"], "group_limit": 1 }),
            json!([{ "model": "acme/m", "requests": 3 }, { "model": "other", "requests": 2 }]),
        ),
        (
            json!({ "metrics": ["requests"], "dimensions": ["model"], "group_limit": 3 }),
            json!([
                { "model": "acme/broken", "requests": 1 },
                { "model": "acme/m", "requests": 3 },
                { "model": "acme/n", "requests": 1 },
            ]),
        ),
        // By what is ordered by, over the whole time.
        (
            json!({
                "metrics": ["requests"], "dimensions": ["model"], "group_limit": 1,
                "order_by": { "field": "error_rate" }, "granularity": "day",
            }),
            json!([
                { "date": "2026-11-02", "model": "acme/broken", "requests": 1 },
                { "date": "2026-11-01", "model": "other", "requests": 3 },
                { "date": "2026-11-02", "model": "other", "requests": 1 },
            ]),
        ),
        (
            json!({
                "metrics": ["usage"], "dimensions": ["model", "workspace"], "group_limit": 1,
                "filters": [{ "field": "model", "operator": "neq", "value": "acme/m" }],
            }),
            json!([
                { "model": "acme/n", "workspace": ELSEWHERE, "usage": 0.016 },
                { "model": "other", "workspace": "other", "usage": 0 },
            ]),
        ),
        (json!({ "metrics": ["requests"], "group_limit": 1 }), json!([{ "requests": 5 }])),
    ] {
        assert_eq!(ask(&gateway, question.clone()).await["data"], expected, "{question}");
    }
}

#[tokio::test]
async fn section_1_7_filters_leave_what_they_name() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    let filter = |field: &str, operator: &str, value: Value| json!({ "field": field, "operator": operator, "value": value });
    for (filters, models) in [
        (json!([filter("model", "eq", json!("acme/m"))]), json!(["acme/m"])),
        (json!([filter("model", "in", json!(["acme/m", "acme/n"]))]), json!(["acme/m", "acme/n"])),
        (json!([filter("model", "not_in", json!(["acme/m", "acme/n"]))]), json!(["acme/broken"])),
        (json!([filter("workspace", "eq", json!(ELSEWHERE))]), json!(["acme/n"])),
        // Who failed was answered by nobody.
        (json!([filter("provider", "neq", json!("x"))]), json!(["acme/m", "acme/n"])),
        (
            json!([{ "field": "provider", "operator": "neq", "value": "x", "include_unset": true }]),
            json!(["acme/broken", "acme/m", "acme/n"]),
        ),
        (json!([filter("x-department", "eq", json!("sales"))]), json!(["acme/m"])),
        (json!([filter("usage", "gt", json!(0.016))]), json!(["acme/m"])),
        (json!([filter("usage", "gte", json!(0.016))]), json!(["acme/m", "acme/n"])),
        (json!([filter("requests", "lt", json!(3))]), json!(["acme/broken", "acme/n"])),
        (
            json!([filter("requests", "lte", json!(3)), filter("error_rate", "eq", json!(1))]),
            json!(["acme/broken"]),
        ),
    ] {
        let question =
            json!({ "metrics": ["requests"], "dimensions": ["model"], "filters": filters });
        let answer = ask(&gateway, question).await;
        let found: Vec<_> =
            answer["data"].as_array().unwrap().iter().map(|row| row["model"].clone()).collect();
        assert_eq!(json!(found), models, "{filters}");
    }
}

#[tokio::test]
async fn section_1_7_answers_say_what_they_leave_out() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    let cut = json!({ "metrics": ["requests"], "dimensions": ["model"], "limit": 1 });
    let cut = ask(&gateway, cut).await;
    assert_eq!(
        (&cut["metadata"]["row_count"], &cut["metadata"]["truncated"]),
        (&json!(1), &json!(true))
    );
    assert!(cut["metadata"]["query_time_ms"].is_u64() && cut.get("warnings").is_none());
    let range = json!({ "start": "2026-11-01T18:00:00Z", "end": "2026-11-02T06:00:00Z" });
    let tagged =
        json!({ "metrics": ["requests"], "dimensions": ["X-Department"], "time_range": range });
    let tagged = ask(&gateway, tagged).await;
    assert_eq!(tagged["metadata"]["truncated"], false);
    assert_eq!(
        tagged["warnings"],
        json!([
            "Sums are kept by UTC day: days are told of whole",
            "Calls without x-department are left out"
        ])
    );
}

#[tokio::test]
async fn section_1_7_wrong_questions_are_refused() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    let filters: Vec<_> =
        (0..21).map(|_| json!({ "field": "model", "operator": "eq", "value": "x" })).collect();
    let with = |name: &str, value: Value| {
        let mut question = json!({ "metrics": ["requests"] });
        question[name] = value;
        question
    };
    for wrong in [
        json!({ "metrics": [] }),
        json!({ "metrics": ["latencies"] }),
        with("metric", json!(["requests"])),
        with("dimensions", json!(["colour"])),
        with("dimensions", json!(["model", "provider", "endpoint"])),
        with("dimensions", json!(["model", "model"])),
        with("dimensions", json!(["x-department", "x-project"])),
        with("granularity", json!("second")),
        json!({ "metrics": ["requests"], "granularity": "minute", "time_range":
            { "start": "2026-10-30T00:00:00Z", "end": "2026-11-01T00:00:01Z" } }),
        json!({ "metrics": ["requests"], "granularity": "hour", "time_range":
            { "start": "2026-07-01T00:00:00Z", "end": "2026-11-01T00:00:00Z" } }),
        json!({ "metrics": ["latency"], "granularity": "day", "time_range":
            { "start": "2026-07-01T00:00:00Z", "end": "2026-11-01T00:00:00Z" } }),
        with("filters", json!(filters)),
        with("filters", json!([{ "field": "model", "operator": "gt", "value": "x" }])),
        with("filters", json!([{ "field": "model", "operator": "in", "value": "x" }])),
        with("filters", json!([{ "field": "model", "operator": "eq", "value": ["x"] }])),
        with("filters", json!([{ "field": "usage", "operator": "like", "value": 1 }])),
        with("filters", json!([{ "field": "usage", "operator": "eq", "value": "much" }])),
        with("order_by", json!({ "field": "model" })),
        with("order_by", json!({ "field": "requests", "direction": "up" })),
        with("limit", json!(0)),
        with("limit", json!(1_001)),
        with(
            "time_range",
            json!({ "start": "2026-11-02T00:00:00Z", "end": "2026-11-01T00:00:00Z" }),
        ),
        with(
            "time_range",
            json!({ "start": "2020-11-02T00:00:00Z", "end": "2026-11-01T00:00:00Z" }),
        ),
        with("group_limit", json!(0)),
        with("group_limit", json!("3")),
        with("classifier_dimensions", json!({ "classifier_id": "x" })),
    ] {
        let reply = ask_by(&gateway, gateway.management_key(), wrong.clone()).await;
        assert_eq!(reply.status, 400, "{wrong}: {}", reply.text());
    }
}

#[tokio::test]
async fn section_1_7_what_can_be_asked_is_told() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    let meta = gateway.call("GET", "/analytics/meta").key(gateway.management_key()).send().await;
    let meta = meta.json()["data"].clone();
    let names = |of: &str| -> Vec<String> {
        let all = meta[of].as_array().unwrap().iter();
        all.map(|it| it["name"].as_str().unwrap().to_owned()).collect()
    };
    let dimensions = [
        "model",
        "provider",
        "endpoint",
        "workspace",
        "api_key",
        "creator",
        "x-department",
        "x-project",
    ];
    assert_eq!(names("dimensions"), dimensions);
    assert_eq!(names("granularities"), ["minute", "hour", "day", "week", "month"]);
    // Everything that is told can be asked.
    for metric in names("metrics") {
        for dimension in dimensions {
            for granularity in names("granularities") {
                ask(
                    &gateway,
                    json!({ "metrics": [metric], "dimensions": [dimension], "granularity": granularity }),
                )
                .await;
            }
        }
    }
}

/// Of calls with keys that nobody is known to have made there is no user.
#[tokio::test]
async fn section_1_7_who_made_a_key_is_told_apart() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    for (maker, calls) in [("user-ann", 2), ("user-bob", 1)] {
        for _ in 0..calls {
            let key = gateway.key_with(|key| key.creator_user_id = Some(maker.to_owned())).await;
            gateway.chat_call(&call("acme/n")).key(&key).send().await.said();
        }
    }
    let by = json!({ "metrics": ["requests"], "dimensions": ["creator"] });
    let expected = json!([
        { "creator": "", "requests": 5 },
        { "creator": "user-ann", "requests": 2 },
        { "creator": "user-bob", "requests": 1 },
    ]);
    assert_eq!(ask(&gateway, by).await["data"], expected);
    for (operator, value, requests) in
        [("eq", "user-ann", 2), ("neq", "user-ann", 1), ("eq", "", 5)]
    {
        let filter = json!([{ "field": "creator", "operator": operator, "value": value }]);
        let found = ask(&gateway, json!({ "metrics": ["requests"], "filters": filter })).await;
        assert_eq!(found["data"], json!([{ "requests": requests }]), "{operator} {value}");
    }
}

#[tokio::test]
async fn section_1_7_what_was_told_again_and_what_fell_back_is_counted() {
    let simulator = simulator().await;
    let price = r#"{ input = "1000", output = "1000" }"#;
    let gateway = TestGateway::builder()
        .provider("acme", Protocol::OpenAi, &simulator)
        .provider("other", Protocol::OpenAi, &simulator)
        .endpoint("acme/m", "acme", "echo+status:500", price)
        .endpoint("acme/m", "other", "echo", price)
        .start()
        .await;
    let mut asked = call("acme/m");
    asked["provider"] = json!({ "order": ["acme", "other"] });
    for status in ["MISS", "HIT", "HIT"] {
        let reply = gateway.chat_call(&asked).header("x-openrouter-cache", "true").send().await;
        assert_eq!(reply.header("x-openrouter-cache-status"), Some(status));
    }
    gateway.chat_call(&call("acme/none")).send().await.error(400, "invalid_request");
    let metrics = ["requests", "cache_hits", "cache_hit_rate", "fallbacks", "fallback_rate"];
    let counted = json!([{
        "requests": 3, "cache_hits": 2, "cache_hit_rate": 0.666_666_666,
        "fallbacks": 1, "fallback_rate": 0.333_333_333,
    }]);
    for granularity in [json!(null), json!("day"), json!("hour"), json!("minute")] {
        let question = json!({ "metrics": metrics, "granularity": granularity });
        let mut found = ask(&gateway, question).await["data"].clone();
        found[0].as_object_mut().unwrap().remove("date");
        assert_eq!(found, counted, "{granularity}");
    }
    let log = gateway.call("GET", "/logs?fallback=true").key(gateway.management_key());
    assert_eq!(log.send().await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn members_and_viewers_may_ask_and_members_see_their_own() {
    let simulator = simulator().await;
    let gateway = world(&simulator).await;
    let manage = |path: &'static str, body: Value| {
        gateway.call("POST", path).key(gateway.management_key()).json(&body).send()
    };
    let lab = manage("/workspaces", json!({ "name": "Lab", "slug": "lab" })).await.json();
    let lab = lab["data"]["id"].as_str().unwrap().to_owned();
    let key = gateway.key_with(|key| key.workspace_id.clone_from(&lab)).await;
    gateway.chat_call(&call("acme/n")).key(&key).send().await.said();
    let entries = || async {
        let audit = gateway.call("GET", "/audit").key(gateway.management_key()).send().await;
        audit.json()["data"].as_array().unwrap().len()
    };
    let question = json!({ "metrics": ["requests"] });
    for (access, expected) in [("member", 1), ("viewer", 6), ("billing", 6)] {
        let places = json!([{ "workspace_id": lab, "role": "member" }]);
        let email = format!("{access}@corp.example");
        let invited = manage(
            "/organization/invitations",
            json!({ "email": email, "access": access, "workspaces": places }),
        );
        let token = json!({ "token": invited.await.json()["token"] });
        let accept = gateway.call("POST", "/organization/invitations/accept").no_key();
        let accepted = accept.json(&token).send().await.json();
        let before = entries().await;
        let key = accepted["key"].as_str().unwrap();
        let answer = ask_by(&gateway, key, question.clone()).await;
        assert_eq!(answer.json()["data"]["data"], json!([{ "requests": expected }]), "{access}");
        assert_eq!(entries().await, before, "a question is no act");
    }
    ask_by(&gateway, gateway.key(), question).await.error(403, "permission_denied");
}

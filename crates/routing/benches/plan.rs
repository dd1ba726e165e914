//! What a plan costs: time and allocations, by how many endpoints there are and what is wanted.
//!
//! A plain program, run by `make benchplan`. The endpoints have lived through some traffic, so that
//! their standings are read from real measurements, by name, as the gateway reads them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for people, which measures time"
)]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use allocation_counter::measure;
use tollgate_catalog::{Catalog, Endpoint, EndpointId};
use tollgate_health::{Health, Outcome, Standing};
use tollgate_routing::{CallShape, Candidates, Preferences, Question, plan};
use tollgate_types::Timestamp;

/// How many endpoints the model has.
const CANDIDATES: [usize; 4] = [1, 5, 20, 100];

/// What is wanted, and which parameters are sent.
const CASES: [(&str, &str, &[&str]); 4] = [
    ("balanced", "{}", &["temperature"]),
    ("sorted", r#"{"sort":"throughput"}"#, &["temperature"]),
    (
        "preferences",
        r#"{"order":["p3","p7"],"ignore":["p2","p5"],"quantizations":["fp8"],
            "max_price":{"prompt":50,"completion":50},"preferred_max_latency":{"p90":3}}"#,
        &["temperature"],
    ),
    ("tools", "{}", &["temperature", "tools", "tool_choice"]),
];

/// What a plan over 20 endpoints may take.
const TARGET: Duration = Duration::from_micros(5);
/// So many batches are measured, of which the fastest counts: what disturbs only ever adds.
const BATCHES: u32 = 40;
const PLANS_PER_BATCH: u32 = 2_000;

fn now() -> Timestamp {
    Timestamp::from_unix_millis(1_790_000_000_000)
}

fn endpoints(count: usize) -> Vec<Arc<Endpoint>> {
    let parameters = r#"["temperature", "top_p", "stop", "seed", "max_tokens", "tools", "tool_choice", "response_format"]"#;
    let mut text = format!(
        "[[model]]\nid = \"a/m\"\ncontext_length = 128000\nmax_output = 16000\nsupported_parameters = {parameters}\n"
    );
    for place in 0..count {
        // Not in the order of the plan: 37 has no divisor in common with the counts.
        let price = 10 + place * 37 % count.max(1);
        writeln!(
            text,
            "[[model.endpoint]]\nprovider = \"p{place}\"\nquantization = \"fp8\"\nprice = {{ input = \"0.{price:03}\", output = \"1.{price:03}\" }}"
        )
        .unwrap();
    }
    for place in 0..count {
        writeln!(
            text,
            "[[provider]]\nslug = \"p{place}\"\nname = \"Provider {place}\"\nprotocol = \"openai-chat\"\nbase_url = \"http://h/v1\""
        )
        .unwrap();
    }
    let catalog = Catalog::from_rows(toml::from_str(&text).unwrap()).unwrap();
    catalog.endpoints("a/m").to_vec()
}

/// Endpoints that have answered some calls, each at its own speed; every ninth has failed of late.
fn vitals(endpoints: &[Arc<Endpoint>]) -> HashMap<EndpointId, Arc<Health>> {
    let mut vitals = HashMap::new();
    for (place, endpoint) in (0..).zip(endpoints) {
        let health = Arc::new(Health::default());
        for call in 0..250 {
            let then = now().plus_millis(-(call * 1_000));
            health.first_token(Duration::from_millis(300 + place * 7 % 50), then);
            health.generated(100 + place * 13 % 40, Duration::from_secs(2), then);
            health.observe(Outcome::Success, then);
        }
        if place % 9 == 8 {
            for _ in 0..3 {
                let timeout = tollgate_health::FailureKind::Timeout;
                health.observe(Outcome::Failure(timeout), now());
            }
        }
        vitals.insert(endpoint.id.clone(), health);
    }
    vitals
}

/// The least that a plan took, and how often it allocated.
fn measured(question: &Question<'_>) -> (Duration, u64) {
    let mut least = Duration::MAX;
    for _ in 0..BATCHES {
        let begin = Instant::now();
        for seed in 0..PLANS_PER_BATCH {
            black_box(plan(black_box(&Question { seed: seed.into(), ..*question })));
        }
        least = least.min(begin.elapsed() / PLANS_PER_BATCH);
    }
    let allocations = measure(|| drop(black_box(plan(question)))).count_total;
    (least, allocations)
}

fn main() {
    println!("time of a plan, and its allocations, by the number of endpoints\n");
    let heads = CANDIDATES.map(|count| format!("{count:>16}")).concat();
    println!("{:<12}{heads}", "");
    let mut slowest = Duration::ZERO;
    for (name, wants, parameters) in CASES {
        let wants = Preferences::parse(wants).unwrap();
        let shape = CallShape {
            parameters: parameters.to_vec(),
            prompt_tokens: 1_000,
            max_tokens: Some(1_000),
            ..CallShape::default()
        };
        let mut line = format!("{name:<12}");
        for count in CANDIDATES {
            let endpoints = endpoints(count);
            let vitals = vitals(&endpoints);
            let standing = |endpoint: &Endpoint| -> Standing {
                vitals.get(&endpoint.id).map_or_else(Standing::default, |it| it.standing(now()))
            };
            let (took, allocations) = measured(&Question {
                models: &[Candidates { endpoints: &endpoints, variant: None }],
                shape: &shape,
                wants: &wants,
                restrictions: &[],
                sort: None,
                standing: &standing,
                sticky: None,
                seed: 0,
                now: now(),
            });
            if count == 20 {
                slowest = slowest.max(took);
            }
            let nanos = took.as_nanos();
            write!(line, "{nanos:>9} ns {allocations:>3}×").unwrap();
        }
        println!("{line}");
    }
    let verdict = if slowest <= TARGET { "met" } else { "missed" };
    println!("\n20 endpoints within {} µs: {verdict}", TARGET.as_micros());
}

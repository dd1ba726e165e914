//! In which order endpoints are tried, by table: each rule of the contract by its section.

use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate_catalog::{Endpoint, Modality};
use tollgate_health::{Circuit, Percentiles, Quality, Standing, UptimeTier};
use tollgate_routing::{CallShape, Demotion, Funds, Place, Sort, Tier};
use tollgate_types::Timestamp;

use crate::support::{Asked, CHEAPEST_DRAWN, NOW, P1, P2, P3, endpoints, model, tags};

const ABC: [(&str, &str); 3] = [("a", P1), ("b", P2), ("c", P3)];

fn percentiles(p50: f64, p99: f64) -> Percentiles {
    Percentiles { p50, p75: p50, p90: p99, p99 }
}

/// An endpoint that writes so many tokens per second and speaks after so many milliseconds.
fn measured(tokens_per_second: f64, first_token_ms: f64) -> Standing {
    Standing {
        tokens_per_second: Some(percentiles(tokens_per_second, tokens_per_second / 2.0)),
        first_token_ms: Some(percentiles(first_token_ms, first_token_ms * 2.0)),
        quality: Quality { tokens_per_second: Some(tokens_per_second), tool_success: None },
        ..Standing::default()
    }
}

/// An endpoint that writes so many tokens per second, and so many of a thousand of whose answers
/// with tools had calls as they should be; -1 is not known.
fn serving_tools(tokens_per_second: i32, per_mille: i32) -> Standing {
    let known = |value: i32| (value >= 0).then(|| f64::from(value));
    let tool_success = known(per_mille).map(|it| it / 1_000.0);
    let quality = Quality { tokens_per_second: known(tokens_per_second), tool_success };
    Standing { quality, ..Standing::default() }
}

fn unstable() -> Standing {
    Standing { stable: false, ..Standing::default() }
}

fn open() -> Standing {
    let until = Timestamp::from_unix_millis(NOW.unix_millis() + 1_000);
    Standing { stable: false, circuit: Circuit::Open { until }, ..Standing::default() }
}

fn order(rows: &[(&str, &str)], asked: &Asked) -> String {
    tags(&asked.plan(&[&endpoints(rows)]))
}

#[test]
fn by_price_the_cheapest_is_first_and_the_unpriced_last() {
    let by_price = Asked::wanting(r#"{"sort":"price"}"#);
    assert_eq!(order(&[("b", P2), ("a", P1), ("c", "")], &by_price), "a b c");
    assert_eq!(order(&[("resale", P1), ("origin", P1)], &by_price), "origin resale");
    assert_eq!(order(&[("b", P1), ("a", P1)], &by_price), "a b");
    // What a long prompt makes cheap is not what a short one does.
    let rows = [
        ("cheap-in", "price = { input = \"1\", output = \"9\" }"),
        ("cheap-out", "price = { input = \"3\", output = \"1\" }"),
    ];
    for (prompt_tokens, max_tokens, expected) in
        [(900, 10, "cheap-in cheap-out"), (1, 100, "cheap-out cheap-in")]
    {
        let shape =
            CallShape { prompt_tokens, max_tokens: Some(max_tokens), ..CallShape::default() };
        assert_eq!(order(&rows, &Asked { shape, ..Asked::wanting("{}") }), expected);
    }
}

#[test]
fn an_endpoint_priced_by_the_piece_does_not_look_free() {
    let speech =
        CallShape { output: vec![Modality::Speech], prompt_tokens: 1_000, ..CallShape::default() };
    let rows = [
        ("dear", "output = [\"speech\"]\nprice = { character = \"30\" }"),
        ("cheap", "output = [\"speech\"]\nprice = { character = \"15\" }"),
        ("by-token", "output = [\"speech\"]\nprice = { input = \"1\", audio_output = \"12\" }"),
        ("unknown", "output = [\"speech\"]"),
        ("text", P1),
    ];
    let asked = Asked { shape: speech.clone(), ..Asked::wanting("{}") };
    assert_eq!(order(&rows, &asked), "by-token cheap dear unknown");
    // A price by the piece is a price.
    let paying = CallShape { funds: Funds { must_be_priced: true, ..Funds::default() }, ..speech };
    let asked = Asked { shape: paying, ..Asked::wanting("{}") };
    assert_eq!(order(&rows, &asked), "by-token cheap dear");
}

/// How often each provider is drawn in this many plans.
fn drawn(rows: &[(&str, &str)], asked: impl Fn(u64) -> Asked) -> BTreeMap<String, f64> {
    const PLANS: u32 = 20_000;
    let candidates = endpoints(rows);
    let mut drawn = BTreeMap::new();
    for seed in 0..PLANS {
        let plan = asked(seed.into()).plan(&[&candidates]);
        *drawn.entry(plan.steps[0].endpoint.tag()).or_insert(0.0) += 1.0 / f64::from(PLANS);
    }
    drawn
}

#[test]
fn section_5_3_the_first_is_drawn_by_the_inverse_square_of_price() {
    // The contract's own example: A is nine times as likely as C, and B is last.
    let asked = |seed| Asked { seed, ..Asked::wanting("{}").with("b", unstable()) };
    let shares = drawn(&ABC, asked);
    assert!((shares["a"] - 0.9).abs() < 0.01 && (shares["c"] - 0.1).abs() < 0.01, "{shares:?}");
    assert_eq!(order(&ABC, &asked(CHEAPEST_DRAWN)), "a c b");
    // The others follow by price, whoever was drawn.
    assert_eq!(order(&ABC, &asked(259)), "c a b");
    // What is free is drawn among the free, and what has no price never.
    let free = "price = { input = \"0\", output = \"0\", free = true }";
    let rows = [("a", free), ("b", free), ("c", P1), ("d", "")];
    let shares = drawn(&rows, |seed| Asked { seed, ..Asked::wanting("{}") });
    assert_eq!(shares.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert!((shares["a"] - 0.5).abs() < 0.02, "{shares:?}");
}

#[test]
fn section_5_3_a_draw_says_its_chance() {
    let plan = Asked::wanting("{}").plan(&[&endpoints(&[("a", P1), ("c", P3)])]);
    assert!(
        matches!(plan.steps[0].place, Place::Drawn { chance } if (chance - 0.9).abs() < 1e-9),
        "{:?}",
        plan.steps[0].place
    );
    assert_eq!(plan.steps[1].place, Place::Price);
}

#[test]
fn section_5_3_what_does_badly_stands_behind_in_this_order() {
    let standings = [
        ("e", Standing { tier: UptimeTier::Lowered, ..Standing::default() }, Demotion::Lowered),
        (
            "d",
            Standing { tier: UptimeTier::LastResort, ..Standing::default() },
            Demotion::LastResort,
        ),
        ("c", unstable(), Demotion::Unstable),
        (
            "b",
            Standing {
                cooling_until: Some(Timestamp::from_unix_millis(NOW.unix_millis() + 1)),
                ..Standing::default()
            },
            Demotion::Cooling,
        ),
        ("a", open(), Demotion::Open),
    ];
    let rows = ["a", "b", "c", "d", "e", "f"].map(|name| (name, P1));
    let mut asked = Asked::wanting("{}");
    for (provider, standing, _) in standings {
        asked = asked.with(provider, standing);
    }
    let plan = asked.plan(&[&endpoints(&rows)]);
    assert_eq!(tags(&plan), "f e d c b a");
    let demotions: Vec<Option<Demotion>> = plan.steps.iter().map(|it| it.demotion).collect();
    let expected = standings.iter().map(|(_, _, demotion)| Some(*demotion));
    assert_eq!(demotions, std::iter::once(None).chain(expected).collect::<Vec<_>>());
    // A pause that is over, and a provider that has nothing left to grant.
    let over = Standing { cooling_until: Some(NOW), ..Standing::default() };
    let empty = Standing { requests_left: Some(0), ..Standing::default() };
    let asked = Asked::wanting("{}").with("a", over).with("b", empty);
    assert_eq!(order(&[("b", P1), ("a", P2)], &asked), "a b");
}

#[test]
fn section_5_2_the_callers_order_comes_before_health_but_not_before_what_is_shut() {
    let wants = r#"{"order":["c","b"]}"#;
    let asked = Asked::wanting(wants).with("c", unstable());
    assert_eq!(order(&ABC, &asked), "c b a");
    assert_eq!(order(&ABC, &Asked::wanting(wants).with("c", open())), "b a c");
    // With nothing else to try, it is tried.
    let alone = Asked::wanting(r#"{"only":["c"]}"#).with("c", open());
    assert_eq!(order(&ABC, &alone), "c");
}

#[test]
fn section_5_2_order_sort_by_throughput_and_latency() {
    let with = |wants: &str| {
        let asked = Asked::wanting(wants);
        asked.with("a", measured(10.0, 900.0)).with("b", measured(90.0, 500.0))
    };
    assert_eq!(order(&ABC, &with(r#"{"sort":"throughput"}"#)), "b a c");
    assert_eq!(order(&ABC, &with(r#"{"sort":"latency"}"#)), "b a c");
    assert_eq!(order(&ABC, &with(r#"{"sort":"price"}"#)), "a b c");
    let plan = with(r#"{"sort":"latency"}"#).plan(&[&endpoints(&ABC)]);
    assert!(plan.steps.iter().all(|step| step.place == Place::Sorted(Sort::Latency)));
    // A sort disables the draw.
    let other = Asked { seed: 259, ..Asked::wanting(r#"{"sort":"price"}"#) };
    assert_eq!(order(&ABC, &other), "a b c");
}

#[test]
fn section_5_2_cutoffs_move_to_the_end_and_never_remove() {
    let with = |wants: &str| {
        let asked = Asked::wanting(wants);
        asked.with("a", measured(40.0, 900.0)).with("b", measured(90.0, 500.0))
    };
    for (wants, expected) in [
        (r#"{"preferred_min_throughput":50}"#, "b c a"),
        (r#"{"preferred_min_throughput":40}"#, "a b c"),
        (r#"{"preferred_min_throughput":{"p50":30,"p99":30}}"#, "b c a"),
        (r#"{"preferred_min_throughput":100}"#, "c a b"),
        (r#"{"preferred_max_latency":0.6}"#, "b c a"),
        (r#"{"preferred_max_latency":{"p99":1.8}}"#, "a b c"),
        (r#"{"preferred_max_latency":{"p99":1.7}}"#, "b c a"),
    ] {
        assert_eq!(order(&ABC, &with(wants)), expected, "{wants}");
    }
}

#[test]
fn section_5_4_with_tools_hosts_far_below_the_median_stand_last() {
    let rows = ["a", "b", "c", "d", "e"].map(|name| (name, P1));
    let shape = CallShape { parameters: vec!["tools"], ..CallShape::default() };
    let with = |wants: &str, tools: bool| {
        let shape = if tools { shape.clone() } else { CallShape::default() };
        let mut asked = Asked { shape, ..Asked::wanting(wants) };
        for (provider, throughput) in [("a", 10.0), ("b", 95.0), ("c", 100.0), ("d", 105.0)] {
            asked = asked.with(provider, measured(throughput, 100.0));
        }
        asked
    };
    // Of `e` nothing is known, and `a` is far too slow.
    assert_eq!(order(&rows, &with("{}", true)), "b c d e a");
    assert_eq!(order(&rows, &with("{}", false)), "a b c d e");
    assert_eq!(order(&rows, &with(r#"{"sort":"exacto"}"#, false)), "b c d e a");
    assert_eq!(order(&rows, &with(r#"{"sort":"price"}"#, true)), "a b c d e");
    // Three hosts are too few to tell.
    assert_eq!(order(&rows[..3], &with("{}", true)), "a b c");
}

#[test]
fn section_5_4_each_signal_that_counts_can_put_a_host_last() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let rows = names.map(|name| (name, P1));
    let shape = CallShape { parameters: vec!["tools"], ..CallShape::default() };
    for (told, measured, expected) in [
        (
            "calls that are not as they should be",
            [(-1, 700), (-1, 980), (-1, 990), (-1, 1_000), (-1, 995), (-1, -1)],
            "b c d e f a",
        ),
        (
            "three hosts are too few for a signal",
            [(-1, 700), (-1, 980), (-1, 990), (-1, -1), (-1, -1), (-1, -1)],
            "a b c d e f",
        ),
        (
            "one signal is enough to be good, and to be poor",
            [(100, -1), (100, 990), (100, 990), (10, 990), (100, 700), (-1, -1)],
            "a b c f d e",
        ),
        (
            "a signal too few have says nothing, not even of those who have it",
            [(10, 990), (100, 990), (100, 990), (-1, 990), (-1, 1_000), (-1, -1)],
            "a b c d e f",
        ),
        (
            "where all are alike, one request of two hundred is not poor",
            [(100, 995), (100, 1_000), (100, 1_000), (100, 1_000), (98, 1_000), (100, 1_000)],
            "a b c d e f",
        ),
        (
            "1.5 deviations of 7.4 below 100 tokens per second, and 2 of 1.48 % below 96 %",
            [(89, 931), (95, 950), (100, 960), (105, 970), (110, 980), (-1, -1)],
            "a b c d e f",
        ),
        (
            "a token per second less",
            [(88, 931), (95, 950), (100, 960), (105, 970), (110, 980), (-1, -1)],
            "b c d e f a",
        ),
        (
            "a thousandth less",
            [(89, 930), (95, 950), (100, 960), (105, 970), (110, 980), (-1, -1)],
            "b c d e f a",
        ),
    ] {
        let mut asked = Asked { shape: shape.clone(), ..Asked::wanting("{}") };
        for (name, (tokens_per_second, per_mille)) in names.into_iter().zip(measured) {
            asked = asked.with(name, serving_tools(tokens_per_second, per_mille));
        }
        assert_eq!(order(&rows, &asked), expected, "{told}");
    }
}

#[test]
fn section_5_7_priority_endpoints_stand_by_throughput_before_the_rest() {
    let rows = [("a/priority", P1), ("b/priority", P2), ("c", P1)];
    let shape = CallShape { tier: Some(Tier::Priority), ..CallShape::default() };
    let asked = Asked { shape, ..Asked::wanting("{}") };
    let asked = asked.with("a", measured(10.0, 1.0)).with("b", measured(20.0, 1.0));
    let plan = asked.plan(&[&endpoints(&rows)]);
    assert_eq!(tags(&plan).split(' ').next_back(), Some("c"));
}

#[test]
fn section_2_1_fallback_models_follow_the_primary() {
    let primary = model("a/m", &[("a", P3), ("b", P2)]);
    let fallback = model("a/n", &[("a", P1)]);
    let models: [&[Arc<Endpoint>]; 2] = [&primary, &fallback];
    let named = |asked: &Asked| {
        let plan = asked.plan(&models);
        let steps = plan.steps.iter().map(|it| format!("{}:{}", it.model, it.endpoint.tag()));
        steps.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(named(&Asked::wanting("{}")), "0:b 0:a 1:a");
    // What is shut is tried after all that may answer, of whatever model.
    assert_eq!(named(&Asked::wanting("{}").with("b", open())), "0:a 1:a 0:b");
    // Sorted across the models (contract §5.2).
    let across = Asked::wanting(r#"{"sort":{"by":"price","partition":"none"}}"#);
    assert_eq!(named(&across), "1:a 0:b 0:a");
    let alone = Asked::wanting(r#"{"allow_fallbacks":false}"#);
    assert_eq!(named(&alone), "0:b 1:a");
}

#[test]
fn section_5_8_a_conversation_stays_where_its_cache_is() {
    let cached = "price = { input = \"2\", output = \"1\", cache_read = \"0.2\" }";
    let little = "price = { input = \"2\", output = \"1\", cache_read = \"1.9\" }";
    let rows = [("a", P1), ("b", cached), ("c", little)];
    let candidates = endpoints(&rows);
    let id = |tag: &str| candidates.iter().find(|it| it.tag() == tag).map(|it| it.id.clone());
    let shape = CallShape { prompt_tokens: 900, max_tokens: Some(10), ..CallShape::default() };
    let asked = |wants: &str, tag: &str| Asked {
        sticky: id(tag),
        shape: shape.clone(),
        ..Asked::wanting(wants)
    };
    let plan = asked("{}", "b").plan(&[&candidates]);
    assert_eq!((tags(&plan).as_str(), plan.steps[0].place), ("b a c", Place::Sticky));
    // It holds against the caller's order, which would lose the cache for nothing.
    assert_eq!(tags(&asked(r#"{"order":["c"]}"#, "b").plan(&[&candidates])), "b c a");
    // It does not where the first is the cheaper even so, nor where it is not well.
    assert_eq!(tags(&asked("{}", "c").plan(&[&candidates])), "a b c");
    let ill = asked("{}", "b").with("b", unstable());
    assert_eq!(tags(&ill.plan(&[&candidates])), "a c b");
    // It can't bring back what a filter ruled out.
    assert_eq!(tags(&asked(r#"{"ignore":["b"]}"#, "b").plan(&[&candidates])), "a c");
}

#[test]
fn what_is_to_be_tried_again_stands_where_it_would() {
    let half_open = Standing { stable: false, circuit: Circuit::HalfOpen, ..Standing::default() };
    assert_eq!(order(&ABC, &Asked::wanting("{}").with("a", half_open)), "a b c");
}

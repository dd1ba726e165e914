//! Plans by table: which endpoints, in which order, and why not the others.

#![expect(
    clippy::unwrap_used,
    reason = "this is a test, which should panic where something is not as expected"
)]

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use tollgate_catalog::{Catalog, Endpoint, Modality};
use tollgate_routing::{CallShape, Dropped, Preferences, plan};

/// Endpoints of one model, one row each: provider, then `key = value` pairs of its row.
fn endpoints(rows: &[(&str, &str)]) -> Vec<Arc<Endpoint>> {
    let mut text = "[[model]]\nid = \"a/m\"\ncontext_length = 1000\nmax_output = 100\ninput = [\"text\", \"image\"]\n".to_owned();
    for (provider, row) in rows {
        writeln!(text, "[[model.endpoint]]\nprovider = \"{provider}\"\n{row}").unwrap();
    }
    for (provider, _) in rows {
        let reseller = provider.starts_with("re");
        writeln!(
            text,
            "[[provider]]\nslug = \"{provider}\"\nname = \"The {provider}\"\nprotocol = \"openai-chat\"\nbase_url = \"http://h/v1\"\nreseller = {reseller}"
        )
        .unwrap();
    }
    let catalog = Catalog::from_rows(toml::from_str(&text).unwrap()).unwrap();
    catalog.endpoints("a/m").to_vec()
}

const P1: &str = "price = { input = \"1\", output = \"1\" }";
const P2: &str = "price = { input = \"2\", output = \"2\" }";
const P3: &str = "price = { input = \"3\", output = \"3\" }";

/// The only line that knows the API under test.
#[track_caller]
fn check(rows: &[(&str, &str)], shape: &CallShape, wants: &str, expected: &str, why: &[Dropped]) {
    let planned = plan(&endpoints(rows), shape, &Preferences::parse(wants).unwrap());
    let order: Vec<&str> = planned.steps.iter().map(|it| it.provider.slug.as_str()).collect();
    assert_eq!(order.join(" "), expected, "{wants}");
    let dropped: Vec<Dropped> = planned.dropped.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(dropped, why, "{wants}");
}

#[test]
fn the_cheapest_is_first_and_the_unpriced_last() {
    let any = CallShape::default();
    check(&[("b", P2), ("a", P1), ("c", "")], &any, "{}", "a b c", &[]);
    check(&[("resale", P1), ("origin", P1)], &any, "{}", "origin resale", &[]);
    check(&[("b", P1), ("a", P1)], &any, "{}", "a b", &[]);
    // What a long prompt makes cheap is not what a short one does.
    let rows = [
        ("cheap-in", "price = { input = \"1\", output = \"9\" }"),
        ("cheap-out", "price = { input = \"3\", output = \"1\" }"),
    ];
    let long = CallShape { prompt_tokens: 900, max_tokens: Some(10), ..CallShape::default() };
    check(&rows, &long, "{}", "cheap-in cheap-out", &[]);
    let short = CallShape { prompt_tokens: 1, max_tokens: Some(100), ..CallShape::default() };
    check(&rows, &short, "{}", "cheap-out cheap-in", &[]);
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
    let text = [Dropped::Output(Modality::Speech)];
    check(&rows, &speech, "{}", "by-token cheap dear unknown", &text);
    // A price by the piece is a price.
    let paying = CallShape { must_be_priced: true, ..speech };
    let both = [Dropped::Unpriced, Dropped::Output(Modality::Speech)];
    check(&rows, &paying, "{}", "by-token cheap dear", &both);
}

#[test]
fn a_conversation_needs_a_model_that_writes_text() {
    let chat = CallShape { output: vec![Modality::Text], ..CallShape::default() };
    let rows = [("vectors", "output = [\"embeddings\"]"), ("images", "output = [\"image\"]")];
    let neither = [Dropped::Output(Modality::Text), Dropped::Output(Modality::Text)];
    check(&rows, &chat, "{}", "", &neither);
    let message = neither[0].message("a/m");
    assert_eq!(message, "No endpoints found that support the requested output modalities: text");
    let both = "output = [\"image\", \"text\"]";
    check(&[("both", both), rows[0]], &chat, "{}", "both", &neither[..1]);
    let embeddings = CallShape { output: vec![Modality::Embeddings], ..CallShape::default() };
    let image = [Dropped::Output(Modality::Embeddings)];
    check(&rows, &embeddings, "{}", "vectors", &image);
}

#[test]
fn section_5_2_order_only_ignore_allow_fallbacks() {
    let rows = [("a", P1), ("b", P2), ("c", P3)];
    let any = CallShape::default();
    check(&rows, &any, r#"{"order":["c","b"]}"#, "c b a", &[]);
    check(&rows, &any, r#"{"order":["The c"]}"#, "c a b", &[]);
    check(&rows, &any, r#"{"only":["B","c"]}"#, "b c", &[Dropped::NotAllowed]);
    check(&rows, &any, r#"{"ignore":["a"]}"#, "b c", &[Dropped::Ignored]);
    let alone = [Dropped::NoFallbacks, Dropped::NoFallbacks];
    check(&rows, &any, r#"{"allow_fallbacks":false}"#, "a", &alone);
    let ordered = r#"{"order":["c","b"],"allow_fallbacks":false}"#;
    check(&rows, &any, ordered, "c b", &[Dropped::NoFallbacks]);
    let none = [Dropped::NotAllowed, Dropped::NotAllowed, Dropped::NotAllowed];
    check(&rows, &any, r#"{"only":["z"]}"#, "", &none);
}

#[test]
fn section_5_1_hard_filters_name_their_reason() {
    let rows = [
        ("a", "price = { input = \"1\", output = \"1\" }\ninput = [\"text\"]\nmax_output = 10"),
        ("b", P2),
    ];
    let image = CallShape { input: vec![Modality::Image], ..CallShape::default() };
    check(&rows, &image, "{}", "b", &[Dropped::Input(Modality::Image)]);
    let audio = CallShape { output: vec![Modality::Audio], ..CallShape::default() };
    let both = [Dropped::Output(Modality::Audio), Dropped::Output(Modality::Audio)];
    check(&rows, &audio, "{}", "", &both);
    let long = CallShape { max_tokens: Some(50), ..CallShape::default() };
    check(&rows, &long, "{}", "b", &[Dropped::MaxOutput]);
    let edge = CallShape { max_tokens: Some(10), ..CallShape::default() };
    check(&rows, &edge, "{}", "a b", &[]);
    let huge = CallShape { prompt_tokens: 3_000, ..CallShape::default() };
    let both = [Dropped::ContextLength, Dropped::ContextLength];
    check(&rows, &huge, "{}", "", &both);
    let paying = CallShape { must_be_priced: true, ..CallShape::default() };
    check(&[("a", ""), ("b", P1)], &paying, "{}", "b", &[Dropped::Unpriced]);
}

#[test]
fn section_5_2_policy_price_and_precision() {
    let rows = [
        ("a", "price = { input = \"1\", output = \"1\" }\nquantization = \"fp8\""),
        ("b", P2),
        ("c", ""),
    ];
    let any = CallShape::default();
    let dear = [Dropped::MaxPrice, Dropped::MaxPrice];
    check(&rows, &any, r#"{"max_price":{"prompt":1.5}}"#, "a", &dear);
    check(&rows, &any, r#"{"max_price":{"completion":"2"}}"#, "a b", &[Dropped::MaxPrice]);
    let other = [Dropped::Quantization, Dropped::Quantization];
    check(&rows, &any, r#"{"quantizations":["FP8"]}"#, "a", &other);
    // Nothing is known of these providers, which is taken to be the worst.
    let rows = [("a", P1)];
    let deny = r#"{"data_collection":"deny"}"#;
    check(&rows, &any, deny, "", &[Dropped::DataCollection]);
    check(&rows, &any, r#"{"data_collection":"allow","zdr":false}"#, "a", &[]);
    check(&rows, &any, r#"{"zdr":true}"#, "", &[Dropped::Retention]);
    for wrong in [r#"{"data_collection":"maybe"}"#, r#"{"max_price":{"prompt":"x"}}"#] {
        assert!(Preferences::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn section_5_1_tools_are_a_soft_preference() {
    let without = "price = { input = \"1\", output = \"1\" }\nwithout_parameters = [\"tools\"]";
    let tools = CallShape { parameters: vec!["tools"], ..CallShape::default() };
    let rows = [("a", without), ("b", P2)];
    check(&rows, &tools, "{}", "b", &[Dropped::Preferred("tools")]);
    // Where no endpoint knows them, the parameter is ignored rather than the call refused.
    check(&[("a", without)], &tools, "{}", "a", &[]);
    let strict = r#"{"require_parameters":true}"#;
    check(&[("a", without)], &tools, strict, "", &[Dropped::Parameter("tools")]);
}

proptest! {
    /// Every endpoint is either tried once or dropped with a reason; the same inputs give the same
    /// plan.
    #[test]
    fn nothing_is_lost_and_nothing_is_doubled(
        prices in prop::collection::vec(prop::option::of(0u32..5), 1..8),
        only in prop::option::of(0usize..8),
        fallbacks in any::<bool>(),
        must_be_priced in any::<bool>(),
        max_tokens in prop::option::of(1u64..200),
    ) {
        let rows: Vec<(String, String)> = prices.iter().enumerate().map(|(index, price)| {
            let row = price.map_or_else(String::new, |it| {
                format!("price = {{ input = \"{it}\", output = \"1\", free = true }}")
            });
            (format!("p{index}"), row)
        }).collect();
        let rows: Vec<(&str, &str)> = rows.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let candidates = endpoints(&rows);
        let shape = CallShape { must_be_priced, max_tokens, ..CallShape::default() };
        let wants = Preferences {
            only: only.iter().map(|index| format!("p{index}")).collect(),
            allow_fallbacks: fallbacks,
            ..Preferences::default()
        };
        let planned = plan(&candidates, &shape, &wants);
        let ids = |planned: &tollgate_routing::Plan| -> Vec<String> {
            planned.steps.iter().map(|it| it.id.to_string()).collect()
        };
        let mut seen = ids(&planned);
        seen.extend(planned.dropped.iter().map(|(it, _)| it.id.to_string()));
        seen.sort();
        let mut all: Vec<String> = candidates.iter().map(|it| it.id.to_string()).collect();
        all.sort();
        prop_assert_eq!(seen, all);
        prop_assert_eq!(ids(&planned), ids(&plan(&candidates, &shape, &wants)));
        prop_assert!(planned.steps.iter().all(|it| !must_be_priced || it.price.is_some()));
    }
}

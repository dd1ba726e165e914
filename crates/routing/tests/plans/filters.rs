//! What rules endpoints out, by table: each rule of the contract by its section.

use tollgate_catalog::Modality;
use tollgate_routing::{CallShape, Dropped, Funds, Preferences, Restriction, Sort, Tier};

use crate::support::{Asked, P1, P2, P3, endpoints, tags};

#[track_caller]
fn check(rows: &[(&str, &str)], shape: &CallShape, wants: &str, expected: &str, why: &[Dropped]) {
    let asked = Asked { shape: shape.clone(), ..Asked::wanting(wants) };
    check_asked(rows, &asked, expected, why);
}

#[track_caller]
fn check_asked(rows: &[(&str, &str)], asked: &Asked, expected: &str, why: &[Dropped]) {
    let planned = asked.plan(&[&endpoints(rows)]);
    assert_eq!(tags(&planned), expected);
    let dropped: Vec<Dropped> = planned.dropped.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(dropped, why);
}

#[test]
fn a_conversation_needs_a_model_that_writes_text() {
    let chat = CallShape { output: vec![Modality::Text], ..CallShape::default() };
    let rows = [("vectors", "output = [\"embeddings\"]"), ("images", "output = [\"image\"]")];
    let neither = [Dropped::Output(Modality::Text), Dropped::Output(Modality::Text)];
    check(&rows, &chat, "{}", "", &neither);
    let message = neither.first().unwrap().message("a/m");
    assert_eq!(message, "No endpoints found that support the requested output modalities: text");
    let both = "output = [\"image\", \"text\"]";
    check(
        &[("both", both), *rows.first().unwrap()],
        &chat,
        "{}",
        "both",
        neither.get(..1).unwrap(),
    );
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
    // Only those of the order: where none of them is there, none is.
    let nobody = r#"{"order":["z"],"allow_fallbacks":false}"#;
    check(&rows, &any, nobody, "", &[const { Dropped::NoFallbacks }; 3]);
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
    let paying = CallShape {
        funds: Funds { must_be_priced: true, ..Funds::default() },
        ..CallShape::default()
    };
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

#[test]
fn section_5_2_max_price_by_piece() {
    let piece = "price = { input = \"1\", output = \"1\", request = \"0.01\", image = \"0.02\", audio = \"40\" }";
    let rows = [("a", piece), ("b", P2)];
    let any = CallShape::default();
    for (most, expected) in [
        (r#"{"max_price":{"request":0.005}}"#, "b"),
        (r#"{"max_price":{"request":0.01}}"#, "b a"),
        (r#"{"max_price":{"image":"0.01"}}"#, "b"),
        (r#"{"max_price":{"audio":39}}"#, "b"),
        (r#"{"max_price":{"audio":40}}"#, "b a"),
    ] {
        let why = if expected == "b" { vec![Dropped::MaxPrice] } else { Vec::new() };
        check(&rows, &any, most, expected, &why);
    }
}

#[test]
fn section_5_2_a_slug_covers_regions_and_variants_but_no_tiers() {
    let rows = [("a", P1), ("a/us-east5", P2), ("a/fp8", P2), ("a/priority", P3)];
    let any = CallShape::default();
    let tier = Dropped::Tier(Tier::Priority);
    for (wants, expected, dropped) in [
        (r#"{"only":["a"]}"#, "a a/fp8 a/us-east5", 1),
        (r#"{"only":["A/US-east5"]}"#, "a/us-east5", 3),
        (r#"{"only":["a/us"]}"#, "", 4),
        (r#"{"only":["The a/priority"]}"#, "a/priority", 3),
        (r#"{"ignore":["a/us-east5"]}"#, "a a/fp8", 2),
    ] {
        let planned =
            Asked { shape: any.clone(), ..Asked::wanting(wants) }.plan(&[&endpoints(&rows)]);
        assert_eq!(
            (tags(&planned).as_str(), planned.dropped.len()),
            (expected, dropped),
            "{wants}"
        );
    }
    check(&rows, &any, "{}", "a a/fp8 a/us-east5", &[tier]);
}

#[test]
fn section_5_7_tiers_are_for_those_who_ask() {
    let rows = [("a", P2), ("a/priority", P3), ("a/flex", P1), ("b", P2)];
    let of = |tier| CallShape { tier, ..CallShape::default() };
    let priority = Dropped::Tier(Tier::Priority);
    let flex = Dropped::Tier(Tier::Flex);
    check(&rows, &of(None), "{}", "a b", &[priority.clone(), flex.clone()]);
    // Priority endpoints first, then the rest.
    check(&rows, &of(Some(Tier::Priority)), "{}", "a/priority a b", std::slice::from_ref(&flex));
    // Flex endpoints only, where there are any.
    let others = [priority.clone(), Dropped::NotOfTier(Tier::Flex), Dropped::NotOfTier(Tier::Flex)];
    check(&rows, &of(Some(Tier::Flex)), "{}", "a/flex", &others);
    check(&[("a", P1), ("b", P2)], &of(Some(Tier::Flex)), "{}", "a b", &[]);
    // A variant lets a tier in; a caller's order, and who asks for the ordinary service, does not.
    for (variant, order, ordinary, expected) in [
        (Sort::Throughput, "", false, "a b a/priority"),
        (Sort::Price, "", false, "a/flex a b"),
        (Sort::Price, "a", false, "a b"),
        (Sort::Price, "", true, "a b"),
        (Sort::Latency, "", false, "a b"),
    ] {
        let mut asked = Asked { variant: Some(variant), ..Asked::wanting("{}") };
        asked.wants.order = order.split_whitespace().map(str::to_owned).collect();
        asked.shape.wants_ordinary_tier = ordinary;
        let planned = asked.plan(&[&endpoints(&rows)]);
        assert_eq!(tags(&planned), expected, "{variant:?} {order} {ordinary}");
    }
    // The sort of a request lets none in.
    let sorted = Asked::wanting(r#"{"sort":"price"}"#);
    assert_eq!(tags(&sorted.plan(&[&endpoints(&rows)])), "a b");
}

#[test]
fn section_5_2_enforce_distillable_text_takes_known_permission_only() {
    let wants = r#"{"enforce_distillable_text":true}"#;
    check(&[("a", P1)], &CallShape::default(), wants, "", &[Dropped::Distillation]);
}

#[test]
fn section_5_1_room_for_prompt_and_answer_is_a_soft_preference() {
    let small = "price = { input = \"1\", output = \"1\" }\ncontext_length = 100";
    let shape = CallShape { prompt_tokens: 90, max_tokens: Some(20), ..CallShape::default() };
    check(&[("a", small), ("b", P2)], &shape, "{}", "b", &[Dropped::Room]);
    // The count is made from bytes: where none has room by it, the provider judges.
    check(&[("a", small)], &shape, "{}", "a", &[]);
}

#[test]
fn section_5_10_what_is_not_known_to_stay_in_a_region_is_out_of_it() {
    let of = |region: Option<&str>| CallShape {
        region: region.map(str::to_owned),
        ..CallShape::default()
    };
    let (eu, us) = (format!("{P1}\nregion = \"eu\""), format!("{P2}\nregion = \"US\""));
    let rows = [("a", P1), ("b", eu.as_str()), ("c", us.as_str())];
    let out = |region: &str| Dropped::Region(region.to_owned());
    check(&rows, &of(None), "{}", "a b c", &[]);
    check(&rows, &of(Some("eu")), "{}", "b", &[out("eu"), out("eu")]);
    check(&rows, &of(Some("us")), "{}", "c", &[out("us"), out("us")]);
    check(&rows, &of(Some("ch")), "{}", "", &[out("ch"), out("ch"), out("ch")]);
    assert_eq!(out("eu").excluded_by(), "data_region");
}

#[test]
fn a_rule_narrows_whatever_the_request_says() {
    let rows = [("a", P1), ("b", P2), ("c", P3), ("c/priority", P3)];
    let by = |reason| Dropped::ByRule { rule: "r".into(), reason: Box::new(reason) };
    let tier = || Dropped::Tier(Tier::Priority);
    let asked = |wants: &str, rule: &str| Asked::wanting(wants).under("r", rule);
    let only = asked("{}", r#"{"only":["b","c"]}"#);
    check_asked(&rows, &only, "b c", &[by(Dropped::NotAllowed), tier()]);
    // The request may narrow further, not widen, and its own reason is told first.
    let both = asked(r#"{"only":["a","b"]}"#, r#"{"only":["b","c"]}"#);
    let reasons = [by(Dropped::NotAllowed), Dropped::NotAllowed, Dropped::NotAllowed];
    check_asked(&rows, &both, "b", &reasons);
    // A rule about a provider is about its tiers too, and leaves it to the request to ask for one.
    let tiered = asked(r#"{"only":["c/priority","b"]}"#, r#"{"only":["c"]}"#);
    let reasons = [Dropped::NotAllowed, by(Dropped::NotAllowed), Dropped::NotAllowed];
    check_asked(&rows, &tiered, "c/priority", &reasons);
    let ignored = asked(r#"{"order":["c/priority"]}"#, r#"{"ignore":["c"]}"#);
    let reasons = [by(Dropped::Ignored), by(Dropped::Ignored)];
    check_asked(&rows, &ignored, "a b", &reasons);
    // Several rules all hold.
    let two = asked("{}", r#"{"max_price":{"prompt":2}}"#).under("s", r#"{"ignore":["a"]}"#);
    let by_second = Dropped::ByRule { rule: "s".into(), reason: Box::new(Dropped::Ignored) };
    check_asked(&rows, &two, "b", &[by_second.clone(), by(Dropped::MaxPrice), tier()]);
    let alone = asked("{}", r#"{"allow_fallbacks":false}"#);
    check_asked(&rows, &alone, "a", &[tier(), Dropped::NoFallbacks, Dropped::NoFallbacks]);
    assert_eq!(by_second.reason(), "is ignored, by the rule `s`");
    assert_eq!(
        by(Dropped::NotAllowed).message("a/m"),
        "No endpoints found for a/m that the rule `r` of this installation allows: the last one is not allowed."
    );
}

#[test]
fn a_key_narrows_whatever_the_request_says() {
    let rows = [("a", P1), ("b", P2)];
    let by = |reason| Dropped::ByKey(Box::new(reason));
    let list = |items: &[&str]| items.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
    let (model, providers) = (list(&["a/m"]), list(&["b"]));
    let restriction = Restriction::of_key(Some(&model), Some(&providers)).unwrap();
    check_asked(&rows, &Asked::wanting("{}").by(restriction), "b", &[by(Dropped::NotAllowed)]);
    let other = list(&["a/other"]);
    let restriction = Restriction::of_key(Some(&other), None).unwrap();
    assert!(!restriction.permits(&endpoints(&rows)[0]));
    let none = [by(Dropped::ModelNotAllowed), by(Dropped::ModelNotAllowed)];
    check_asked(&rows, &Asked::wanting("{}").by(restriction), "", &none);
    assert_eq!(Restriction::of_key(None, None), None);
    for (reason, told, message) in [
        (
            Dropped::ModelNotAllowed,
            "is of a model that is not allowed, by the restrictions of this key",
            "This key may not call a/m: it is not among the key's allowed_models",
        ),
        (
            Dropped::NotAllowed,
            "is not allowed, by the restrictions of this key",
            "No allowed providers are available for the selected model: none of a/m is among this key's allowed_providers.",
        ),
    ] {
        let reason = by(reason);
        assert_eq!((&*reason.reason(), &*reason.message("a/m")), (told, message));
        assert_eq!(reason.excluded_by(), "allowed_providers");
    }
}

//! Records to test with.

use std::collections::BTreeMap;

use tollgate_ledger::{AccountId, Kind, Movement, NodeId};
use tollgate_limits::KeyLimits;
use tollgate_types::{
    GenerationId, KeyHash, ModelSlug, ProviderSlug, Timestamp, Usage, UsageSource, Usd,
};

use crate::{
    ArmRecord, AskedRecord, AttemptRecord, Attribution, CandidateRecord, ErrorRecord, FormerSecret,
    GenerationRecord, KeyRecord, ResetInterval, RoutingRecord, RuleRecord, StageRecord,
    SteeredRecord,
};

/// The hash made of 32 times `byte`.
pub fn hash(byte: u8) -> KeyHash {
    KeyHash::from_bytes([byte; 32])
}

/// An instant.
pub fn at(rfc3339: &str) -> Timestamp {
    Timestamp::parse_rfc3339(rfc3339).unwrap()
}

/// Saturday, 21 November 2026, noon.
pub fn noon() -> Timestamp {
    at("2026-11-21T12:00:00Z")
}

/// A key whose optional fields are all set.
pub fn key(byte: u8) -> KeyRecord {
    KeyRecord {
        management: true,
        disabled: true,
        limit: Some(Usd::from_nanos(12_500_000_000)),
        limit_reset: Some(ResetInterval::Weekly),
        include_byok_in_limit: true,
        updated_at: Some(noon().plus_millis(1)),
        expires_at: Some(noon().plus_millis(86_400_000)),
        rate_limits: rate_limits(),
        allowed_models: Some(vec!["acme/small".to_owned(), "acme/grün".to_owned()]),
        allowed_providers: Some(vec!["acme".to_owned()]),
        allowed_addresses: Some(vec!["10.0.0.0/8".parse().unwrap()]),
        former: vec![FormerSecret { hash: hash(byte ^ 0xf0), until: noon().plus_millis(7) }],
        creator_user_id: Some("user_1".to_owned()),
        workspace_id: "0b7e1f2a-0000-4000-8000-000000000001".to_owned(),
        ..plain_key(byte)
    }
}

/// Limits of a key of every measure.
pub fn rate_limits() -> KeyLimits {
    KeyLimits::default()
        .with("requests_per_minute", u64::MAX)
        .with("tokens_per_day", 0)
        .with("max_concurrent", 3)
        .with("monthly_budget", 20_000_000_001)
}

/// A key without limits.
pub fn plain_key(byte: u8) -> KeyRecord {
    KeyRecord::new(hash(byte), "Team Grün 🌱", "sk-or-v1-0a1...f9e", noon())
}

/// A record of nothing but its identity.
pub fn generation(id: &str, key: KeyHash, created_at: Timestamp) -> GenerationRecord {
    let model = ModelSlug::parse("acme/small").unwrap();
    GenerationRecord::new(GenerationId::from_text(id), key, model, created_at)
}

/// A record of nothing but its identity and what it cost, in nano-dollars.
pub fn spend(id: &str, key: KeyHash, created_at: Timestamp, nanos: i64) -> GenerationRecord {
    GenerationRecord { cost: Usd::from_nanos(nanos), ..generation(id, key, created_at) }
}

/// A record whose every field differs from its default.
pub fn full_generation(id: &str) -> GenerationRecord {
    GenerationRecord {
        request_id: Some("req-1".to_owned()),
        account: AccountId::new("Forschung").unwrap(),
        paid_by: Some(NodeId::new("node-1")),
        workspace_id: "0b7e1f2a-0000-4000-8000-000000000001".to_owned(),
        requested_model: "acme/auto".to_owned(),
        router: Some("acme/auto".to_owned()),
        preset_id: Some("preset-1".to_owned()),
        provider: Some("Acme".to_owned()),
        provider_slug: Some(ProviderSlug::parse("acme").unwrap()),
        endpoint_id: Some("acme/acme/small".to_owned()),
        upstream_id: Some("chatcmpl-1".to_owned()),
        api_type: "embeddings".into(),
        streamed: true,
        cancelled: true,
        is_byok: true,
        unpriced: true,
        price_source: Some("config".to_owned()),
        finish_reason: Some("stop".into()),
        native_finish_reason: Some("end_turn".to_owned()),
        latency_ms: Some(321),
        generation_time_ms: Some(4_321),
        usage: usage(),
        cost: Usd::from_nanos(1_234_567),
        upstream_cost: Usd::from_nanos(1_100_000),
        cache_discount: Some(Usd::from_nanos(-1_000)),
        service_tier: Some("flex".to_owned()),
        attribution: attribution(),
        attempts: attempts(),
        routing: Some(Box::new(routing())),
        error: Some(ErrorRecord {
            status: 502,
            error_type: "provider_error".to_owned(),
            message: "the provider hung up".to_owned(),
        }),
        ..generation(id, hash(1), noon())
    }
}

/// Counts that all differ.
pub fn usage() -> Usage {
    Usage {
        source: UsageSource::Reported,
        prompt_tokens: 1_000,
        completion_tokens: 200,
        cached_tokens: 30,
        cache_write_tokens: 40,
        cache_write_1h_tokens: 5,
        audio_prompt_tokens: 6,
        image_prompt_tokens: 7,
        video_prompt_tokens: 8,
        reasoning_tokens: 9,
        audio_completion_tokens: 10,
        image_completion_tokens: 11,
        accepted_prediction_tokens: 12,
        rejected_prediction_tokens: 13,
        prompt_images: 14,
        web_searches: 15,
        prompt_characters: 16,
        prompt_audio_milliseconds: 17,
        completion_images: 18,
        search_units: 19,
    }
}

/// A movement of the default account.
pub fn movement(id: &str, kind: Kind, nanos: i64) -> Movement {
    Movement::new(id, AccountId::default(), kind, Usd::from_nanos(nanos), noon())
}

/// A bought dollar.
pub fn bought(id: &str) -> Movement {
    Movement {
        note: Some("Überweisung".to_owned()), ..movement(id, Kind::Purchase, 1_000_000_000)
    }
}

/// A call that `node` had set credit aside for.
pub fn paid(id: &str, node: &NodeId, nanos: i64) -> GenerationRecord {
    GenerationRecord { paid_by: Some(node.clone()), ..spend(id, hash(1), noon(), nanos) }
}

fn attribution() -> Attribution {
    Attribution {
        http_referer: Some("https://app.example/ä".to_owned()),
        app_title: Some("App 🚀".to_owned()),
        app_categories: vec!["cli-agent".to_owned(), "ide".to_owned()],
        origin: Some("https://app.example".to_owned()),
        user_agent: Some("client/1.0".to_owned()),
        external_user: Some("user-7".to_owned()),
        session_id: Some("session-7".to_owned()),
        tags: BTreeMap::from([
            ("x-department".to_owned(), "Forschung & Entwicklung".to_owned()),
            ("x-project".to_owned(), String::new()),
        ]),
    }
}

fn attempts() -> Vec<AttemptRecord> {
    let failed = AttemptRecord {
        endpoint: "other/acme/small".to_owned(),
        provider: "Other".to_owned(),
        model: "acme/small".to_owned(),
        status: Some(503),
        fault: Some("endpoint: overloaded".to_owned()),
        latency_ms: 12,
        started_at: noon(),
        dropped: vec!["top_k".to_owned()],
        continued: false,
    };
    let silent = AttemptRecord {
        status: None,
        fault: Some("endpoint: connection reset".to_owned()),
        dropped: Vec::new(),
        ..failed.clone()
    };
    let answered =
        AttemptRecord { status: Some(200), fault: None, continued: true, ..failed.clone() };
    vec![failed, silent, answered]
}

fn routing() -> RoutingRecord {
    let first = CandidateRecord {
        endpoint: "other/acme/small".into(),
        place: "drawn".into(),
        reason: None,
        price_picos: Some(1_500_000),
        chance_millionths: Some(900_000),
        first_token_ms: Some(120),
        tokens_per_second: Some(80),
    };
    let left_out = CandidateRecord {
        endpoint: "third/acme/small".into(),
        place: "dropped".into(),
        reason: Some("does not read image".into()),
        price_picos: None,
        chance_millionths: None,
        first_token_ms: None,
        tokens_per_second: None,
    };
    let asked = AskedRecord {
        models: vec!["acme/auto".to_owned(), "acme/small".to_owned()],
        dialect: "chat".into(),
        messages: 3,
        input: ["image".into()].into_iter().collect(),
        output: ["text".into()].into_iter().collect(),
        parameters: ["tools".into(), "seed".into()].into(),
        prompt_tokens: 7,
        max_tokens: Some(8),
        region: Some("eu".into()),
        provider: Some(r#"{"sort":"price"}"#.into()),
    };
    let candidates = vec![first, left_out];
    let steered = Some(Box::new(steered("tests", "canary")));
    RoutingRecord {
        seed: u64::MAX,
        sort: "balanced".into(),
        asked,
        candidates,
        steered,
        cache_source: Some("gen-0".into()),
    }
}

/// What rules made of a call, with every field.
pub fn steered(experiment: &str, arm: &str) -> SteeredRecord {
    let rule = RuleRecord { rule: experiment.into(), what: "split".into() };
    let stage = |model: &str, outcome: &str, nanos| StageRecord {
        model: model.to_owned(),
        outcome: outcome.to_owned(),
        cost: Usd::from_nanos(nanos),
    };
    SteeredRecord {
        version: Some(4),
        rules: vec![rule, RuleRecord { rule: "späte \"Regel\"".into(), what: "tag".into() }],
        labels: vec!["night".into()],
        arm: Some(ArmRecord { experiment: experiment.into(), arm: arm.into() }),
        stages: vec![stage("acme/small", "it is a refusal", 12), stage("acme/big", "answered", 34)],
        confidence_millionths: Some(666_667),
    }
}

//! The log of calls: which records a filter finds, in which pages, and what they add up to.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_types::{GenerationId, KeyHash, ProviderSlug, Timestamp, Usd};

use super::sample::{at, full_generation, generation, hash, noon, plain_key};
use crate::{
    AttemptRecord, Attribution, CallStatus, Choice, Coverage, DEFAULT_WORKSPACE_ID, ErrorRecord,
    FacetField, FacetQuery, FaultQuery, GenerationRecord, GenerationSummary, HistogramQuery,
    KeySuccessor, LogBounds, LogQuery, RecordFilter, StatusCounts, Stores, WantedStatus,
};

const BOUNDS: LogBounds = LogBounds { walked: 1_000, looked_at: 1_000 };

/// Ten calls a minute apart that differ in whatever is filtered by, the newest last.
fn calls() -> Vec<GenerationRecord> {
    let call = |number: u8| generation(&format!("gen-{number}"), hash(1), minute(number));
    let answered = |number, slug: &str| GenerationRecord {
        provider: Some(slug.to_uppercase()),
        provider_slug: ProviderSlug::parse(slug).ok(),
        attempts: vec![attempt(slug, None)],
        ..call(number)
    };
    let said_by = |user: &str, app: &str| Attribution {
        external_user: Some(user.to_owned()),
        app_title: Some(app.to_owned()),
        session_id: Some(format!("session of {user}")),
        tags: BTreeMap::from([
            ("x-department".to_owned(), "R\u{26}D \"west\"\u{0}\\".to_owned()),
            ("x-project".to_owned(), user.to_owned()),
        ]),
        user_agent: Some("\"x-project\":\"nobody\"".to_owned()),
        ..Attribution::default()
    };
    let mut calls = vec![
        answered(0, "alpha"),
        GenerationRecord { attribution: said_by("Ada", "Ändern 100%"), ..answered(1, "alpha") },
        GenerationRecord { attribution: said_by("bob_b", "notes"), ..answered(2, "beta") },
        GenerationRecord { key_hash: hash(2), is_byok: true, ..answered(3, "beta") },
        GenerationRecord {
            key_hash: hash(3),
            streamed: true,
            cancelled: true,
            ..answered(4, "beta")
        },
        GenerationRecord {
            workspace_id: "elsewhere".to_owned(),
            preset_id: Some("preset-1".to_owned()),
            cost: Usd::from_nanos(5_000),
            ..answered(5, "alpha")
        },
        GenerationRecord {
            api_type: "embeddings".into(),
            generation_time_ms: Some(2_000),
            latency_ms: Some(100),
            ..answered(6, "alpha")
        },
        failed(call(7), 429, "slow down, 7 s", &["alpha", "beta"]),
        failed(call(8), 429, "slow down, 18 s", &["beta"]),
        failed(call(9), 502, "the provider hung up", &["alphabet", "beta"]),
    ];
    let other = full_generation("x").model;
    for (record, name) in calls.iter_mut().zip(["acme/large", "acme/large", "Zeta/small"]) {
        record.model = tollgate_types::ModelSlug::parse(name).unwrap_or_else(|_| other.clone());
        "acme/auto".clone_into(&mut record.requested_model);
    }
    calls
}

fn minute(number: u8) -> Timestamp {
    noon().plus_millis(i64::from(number) * 60_000)
}

fn attempt(slug: &str, fault: Option<&str>) -> AttemptRecord {
    let sample = full_generation("x").attempts.remove(0);
    AttemptRecord {
        endpoint: format!("{slug}/acme/small"),
        provider: slug.to_uppercase(),
        fault: fault.map(str::to_owned),
        ..sample
    }
}

fn failed(call: GenerationRecord, status: u16, said: &str, tried: &[&str]) -> GenerationRecord {
    let error = ErrorRecord { status, error_type: "provider".to_owned(), message: said.to_owned() };
    let attempts = tried.iter().map(|slug| attempt(slug, Some(said))).collect();
    GenerationRecord { attempts, error: Some(error), ..call }
}

fn page_of(filter: RecordFilter) -> LogQuery {
    LogQuery { filter, limit: 100, before: None, window: 1_000 }
}

async fn numbers(stores: &Stores, filter: &RecordFilter) -> Vec<usize> {
    let page = stores.generations.list(&page_of(filter.clone())).await.unwrap();
    assert_eq!(page.next, None, "{filter:?}");
    page.rows.iter().map(number).collect()
}

fn number(row: &GenerationSummary) -> usize {
    row.id.as_str().rsplit('-').next().unwrap().parse().unwrap()
}

fn texts<const N: usize>(values: [&str; N]) -> Vec<String> {
    values.map(str::to_owned).to_vec()
}

fn one_of<const N: usize>(values: [&str; N]) -> Choice<String> {
    Choice::of(texts(values))
}

fn none_of<const N: usize>(values: [&str; N]) -> Choice<String> {
    Choice::but(texts(values))
}

/// All that a list shows is there, as it was; the key is that which counts now.
pub async fn a_page_shows_records_as_they_were(stores: &Stores) {
    let full = full_generation("gen-1");
    let bare = generation("gen-2", hash(2), noon().plus_millis(1));
    stores.generations.append(vec![full.clone(), bare.clone()]).await.unwrap();
    let page = stores.generations.list(&page_of(RecordFilter::default())).await.unwrap();
    let expected = [(&bare, hash(2)), (&full, hash(1))];
    assert_eq!(page.rows, expected.map(|(record, key)| GenerationSummary::of(record, key)));
    let successor = KeySuccessor { hash: hash(9), label: "new".to_owned(), overlap_until: None };
    stores.keys.insert(plain_key(1)).await.unwrap();
    stores.keys.replace(hash(1), successor, noon()).await.unwrap();
    for (keys, expected) in [
        (Choice::of(vec![hash(9)]), vec![1]),
        (Choice::of(vec![hash(1)]), vec![1]),
        (Choice::of(vec![hash(9), hash(2)]), vec![2, 1]),
        (Choice::but(vec![hash(9)]), vec![2]),
    ] {
        let filter = RecordFilter { keys, ..RecordFilter::default() };
        assert_eq!(numbers(stores, &filter).await, expected, "{filter:?}");
    }
    let page = stores.generations.list(&page_of(RecordFilter::default())).await.unwrap();
    assert_eq!(page.rows[1].key_hash, hash(9));
}

/// Whether a filter finds what it is for, each alone.
#[expect(clippy::too_many_lines, reason = "a line for each filter")]
pub async fn filters_find_what_they_ask_for(stores: &Stores) {
    stores.generations.append(calls()).await.unwrap();
    let all = RecordFilter::default;
    let tag = |name: &str, choice| {
        let tags = BTreeMap::from([(name.to_owned(), choice)]);
        RecordFilter { tags, ..all() }
    };
    let text = |text: &str| RecordFilter { text: Some(text.to_owned()), ..all() };
    let status = |statuses| RecordFilter { statuses, ..all() };
    let ended = WantedStatus::Ended;
    let cases = vec![
        (all(), vec![9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        (RecordFilter { from: Some(minute(8)), ..all() }, vec![9, 8]),
        (RecordFilter { until: Some(minute(1)), ..all() }, vec![0]),
        (RecordFilter { from: Some(minute(3)), until: Some(minute(3)), ..all() }, vec![]),
        (RecordFilter { models: one_of(["acme/large"]), ..all() }, vec![1, 0]),
        (RecordFilter { models: one_of(["acme/large", "Zeta/small"]), ..all() }, vec![2, 1, 0]),
        (RecordFilter { models: none_of(["acme/small", "acme/large"]), ..all() }, vec![2]),
        (
            RecordFilter {
                models: Choice {
                    any_of: texts(["acme/large", "Zeta/small"]),
                    none_of: texts(["acme/large"]),
                },
                ..all()
            },
            vec![2],
        ),
        // Who was tried counts where nobody answered; a part of a name does not.
        (RecordFilter { providers: one_of(["alpha"]), ..all() }, vec![7, 6, 5, 1, 0]),
        (RecordFilter { providers: none_of(["beta"]), ..all() }, vec![6, 5, 1, 0]),
        (RecordFilter { providers: one_of(["alphabet"]), ..all() }, vec![9]),
        (RecordFilter { keys: Choice::of(vec![hash(2), hash(3)]), ..all() }, vec![4, 3]),
        (RecordFilter { keys: Choice::of(vec![hash(3)]), ..all() }, vec![4]),
        (RecordFilter { keys: Choice::but(vec![hash(1), hash(3)]), ..all() }, vec![3]),
        (RecordFilter { users: one_of(["Ada", "nobody"]), ..all() }, vec![1]),
        // What is absent is not what is not wanted.
        (RecordFilter { users: none_of(["Ada"]), ..all() }, vec![9, 8, 7, 6, 5, 4, 3, 2, 0]),
        (RecordFilter { apps: one_of(["notes"]), ..all() }, vec![2]),
        (RecordFilter { sessions: one_of(["session of Ada"]), ..all() }, vec![1]),
        (RecordFilter { presets: one_of(["preset-1"]), ..all() }, vec![5]),
        (RecordFilter { workspaces: none_of([DEFAULT_WORKSPACE_ID]), ..all() }, vec![5]),
        (RecordFilter { api_types: one_of(["embeddings"]), ..all() }, vec![6]),
        (RecordFilter { streamed: Some(true), ..all() }, vec![4]),
        (RecordFilter { byok: Some(true), ..all() }, vec![3]),
        (RecordFilter { fallback: Some(true), ..all() }, vec![9, 7]),
        (RecordFilter { fallback: Some(false), from: Some(minute(6)), ..all() }, vec![8, 6]),
        (RecordFilter { min_cost: Some(Usd::from_nanos(5_000)), ..all() }, vec![5]),
        (RecordFilter { min_cost: Some(Usd::from_nanos(5_001)), ..all() }, vec![]),
        (RecordFilter { min_ms: Some(2_000), ..all() }, vec![6]),
        (RecordFilter { min_ms: Some(u64::MAX), ..all() }, vec![]),
        (RecordFilter { id: Some(GenerationId::from_text("gen-3")), ..all() }, vec![3]),
        (RecordFilter { id: Some(GenerationId::from_text("gen-33")), ..all() }, vec![]),
        (status(Choice::of(vec![ended(CallStatus::Failed)])), vec![9, 8, 7]),
        (status(Choice::of(vec![ended(CallStatus::Cancelled)])), vec![4]),
        (status(Choice::of(vec![ended(CallStatus::Ok)])), vec![6, 5, 3, 2, 1, 0]),
        (status(Choice::of(vec![WantedStatus::Code(429)])), vec![8, 7]),
        (
            status(Choice::of(vec![WantedStatus::Code(502), ended(CallStatus::Cancelled)])),
            vec![9, 4],
        ),
        (
            status(Choice {
                any_of: vec![ended(CallStatus::Failed)],
                none_of: vec![WantedStatus::Code(429)],
            }),
            vec![9],
        ),
        (status(Choice::but(vec![WantedStatus::Code(429), ended(CallStatus::Ok)])), vec![9, 4]),
        (tag("x-project", one_of(["Ada"])), vec![1]),
        (tag("x-project", one_of(["Ad", "da", "nobody"])), vec![]),
        (tag("x-project", none_of(["Ada"])), vec![9, 8, 7, 6, 5, 4, 3, 2, 0]),
        (tag("x-department", one_of(["R&D \"west\"\0\\"])), vec![2, 1]),
        (tag("x-nothing", one_of([""])), vec![]),
        (text("ZETA"), vec![2]),
        (text("auto"), vec![2, 1, 0]),
        (text("ada"), vec![1]),
        (text("bob_b"), vec![2]),
        // Signs are signs, and only letters of ASCII have two cases.
        (text("100%"), vec![1]),
        (text("%"), vec![1]),
        (text("bobxb"), vec![]),
        (text("Ändern"), vec![1]),
        (text("ändern"), vec![]),
        (RecordFilter { within: Some(texts(["elsewhere"])), ..all() }, vec![5]),
        (RecordFilter { within: Some(vec![]), ..all() }, vec![]),
        (
            RecordFilter {
                within: Some(texts(["elsewhere"])),
                workspaces: one_of([DEFAULT_WORKSPACE_ID]),
                ..all()
            },
            vec![],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(numbers(stores, &filter).await, expected, "{filter:?}");
    }
}

/// Every filter together with every other finds what the reference finds.
pub async fn filters_agree_with_the_reference(stores: &Stores) {
    let calls = calls();
    stores.generations.append(calls.clone()).await.unwrap();
    let all = RecordFilter::default;
    let parts = [
        all(),
        RecordFilter { models: none_of(["acme/large"]), ..all() },
        RecordFilter { providers: one_of(["alpha", "alphabet"]), ..all() },
        RecordFilter { keys: Choice::of(vec![hash(1)]), ..all() },
        RecordFilter { users: none_of(["bob_b"]), ..all() },
        RecordFilter { fallback: Some(false), ..all() },
        RecordFilter {
            statuses: Choice::of(vec![WantedStatus::Ended(CallStatus::Failed)]),
            ..all()
        },
        RecordFilter { within: Some(texts([DEFAULT_WORKSPACE_ID])), ..all() },
        RecordFilter { from: Some(minute(1)), until: Some(minute(9)), ..all() },
    ];
    for one in &parts {
        for other in &parts {
            let both = RecordFilter {
                models: other.models.clone(),
                providers: one.providers.clone(),
                keys: other.keys.clone(),
                users: one.users.clone(),
                fallback: other.fallback.or(one.fallback),
                statuses: one.statuses.clone(),
                within: other.within.clone(),
                from: one.from,
                until: one.until,
                ..all()
            };
            let expected = calls.iter().enumerate().rev().filter(|(_, it)| both.matches(it));
            let expected: Vec<usize> = expected.map(|(number, _)| number).collect();
            assert_eq!(numbers(stores, &both).await, expected, "{both:?}");
        }
    }
}

/// Pages of any length and any window, one after the other, leave nothing out and repeat nothing,
/// also among records of one millisecond.
pub async fn pages_of_the_log_are_whole(stores: &Stores) {
    let record = |number: usize| GenerationRecord {
        streamed: number.is_multiple_of(3),
        key_hash: hash(u8::from(number.is_multiple_of(2))),
        ..generation(
            &format!("gen-{number:02}"),
            hash(1),
            minute(u8::try_from(number / 7).unwrap()),
        )
    };
    stores.generations.append((0..40).map(record).collect()).await.unwrap();
    let rare = RecordFilter { streamed: Some(true), ..RecordFilter::default() };
    let of_key = RecordFilter { keys: Choice::of(vec![hash(1)]), ..rare.clone() };
    for (filter, expected) in [
        (RecordFilter::default(), (0..40).rev().collect::<Vec<_>>()),
        (rare, (0..40).rev().filter(|it| it % 3 == 0).collect()),
        (of_key, (0..40).rev().filter(|it| it % 6 == 0).collect()),
    ] {
        for (limit, window) in [(1, 100), (3, 100), (3, 2), (100, 5), (7, 7), (100, 100)] {
            let mut query = LogQuery { filter: filter.clone(), limit, before: None, window };
            let mut found = Vec::new();
            for _ in 0..=41 {
                let page = stores.generations.list(&query).await.unwrap();
                assert!(page.rows.len() <= usize::try_from(limit.min(window)).unwrap());
                found.extend(page.rows.iter().map(number));
                query.before = page.next;
                if query.before.is_none() {
                    break;
                }
            }
            assert_eq!(query.before, None, "{limit} {window}");
            assert_eq!(found, expected, "{limit} {window} {filter:?}");
        }
    }
}

/// What comes in between two pages moves nothing.
pub async fn pages_of_the_log_hold_still(stores: &Stores) {
    let record = |number: usize| generation(&format!("gen-{number}"), hash(1), noon());
    stores.generations.append([2, 4, 6].map(record).to_vec()).await.unwrap();
    let query = LogQuery { limit: 2, ..page_of(RecordFilter::default()) };
    let first = stores.generations.list(&query).await.unwrap();
    assert_eq!(first.rows.iter().map(number).collect::<Vec<_>>(), [6, 4]);
    stores.generations.append([3, 5, 7].map(record).to_vec()).await.unwrap();
    let next = LogQuery { before: first.next, ..query };
    let second = stores.generations.list(&next).await.unwrap();
    assert_eq!(second.rows.iter().map(number).collect::<Vec<_>>(), [3, 2]);
}

/// Buckets begin at multiples of their width; what does not match is in none.
pub async fn a_histogram_counts_by_status(stores: &Stores) {
    stores.generations.append(calls()).await.unwrap();
    let query = |filter, bucket_ms| HistogramQuery { filter, bucket_ms, bounds: BOUNDS };
    let counts = |ok, failed, cancelled| StatusCounts { ok, failed, cancelled };
    let found = stores.generations.histogram(&query(RecordFilter::default(), 300_000)).await;
    let found = found.unwrap();
    assert_eq!(found.coverage, Coverage::default());
    let expected = [(minute(0), counts(4, 0, 1)), (minute(5), counts(2, 3, 0))];
    assert_eq!(found.buckets, expected);
    let some = RecordFilter {
        from: Some(minute(4)),
        until: Some(minute(9)),
        providers: one_of(["beta"]),
        ..RecordFilter::default()
    };
    let found = stores.generations.histogram(&query(some, 60_000)).await.unwrap();
    let expected =
        [(minute(4), counts(0, 0, 1)), (minute(7), counts(0, 1, 0)), (minute(8), counts(0, 1, 0))];
    assert_eq!(found.buckets, expected);
}

/// The most frequent first, by each field, of those that have it.
pub async fn facets_count_values(stores: &Stores) {
    stores.generations.append(calls()).await.unwrap();
    let successor = KeySuccessor { hash: hash(9), label: "new".to_owned(), overlap_until: None };
    stores.keys.insert(plain_key(1)).await.unwrap();
    stores.keys.replace(hash(1), successor, noon()).await.unwrap();
    let hex = |byte| KeyHash::to_hex(&hash(byte));
    let (two, three, nine) = (hex(2), hex(3), hex(9));
    for (field, expected) in [
        (FacetField::Model, vec![("acme/small", 7), ("acme/large", 2), ("Zeta/small", 1)]),
        (FacetField::Provider, vec![("alpha", 4), ("beta", 3)]),
        (FacetField::Key, vec![(nine.as_str(), 8), (two.as_str(), 1), (three.as_str(), 1)]),
        (FacetField::User, vec![("Ada", 1), ("bob_b", 1)]),
        (FacetField::App, vec![("notes", 1), ("Ändern 100%", 1)]),
        (
            FacetField::Status,
            vec![("ok", 6), ("error", 3), ("429", 2), ("502", 1), ("cancelled", 1)],
        ),
    ] {
        let query =
            FacetQuery { filter: RecordFilter::default(), field, limit: 50, bounds: BOUNDS };
        let found = stores.generations.facets(&query).await.unwrap();
        let told: Vec<_> = found.values.iter().map(|it| (it.value.as_str(), it.count)).collect();
        assert_eq!(told, expected, "{field:?}");
        let is_named = field == FacetField::Provider;
        assert!(found.values.iter().all(|it| it.label.is_some() == is_named), "{field:?}");
        assert_eq!(found.coverage, Coverage::default());
        let few = stores.generations.facets(&FacetQuery { limit: 1, ..query }).await.unwrap();
        assert_eq!(few.values, found.values[..1]);
    }
    let filter = RecordFilter { keys: Choice::of(vec![hash(9)]), ..RecordFilter::default() };
    let query = FacetQuery { filter, field: FacetField::Provider, limit: 50, bounds: BOUNDS };
    let found = stores.generations.facets(&query).await.unwrap();
    assert_eq!(found.values[0].label.as_deref(), Some("ALPHA"));
    assert_eq!(found.values[1].count, 1);
}

/// Of more records than may be looked at, some stand for the others; of a range with too many the
/// newest are counted. Both is said.
pub async fn what_is_too_much_is_sampled_and_says_so(stores: &Stores) {
    let record = |number: i64| {
        let at = noon().plus_millis(number * 1_000);
        generation(&format!("gen-{number}"), hash(1), at)
    };
    stores.generations.append((0..400).map(record).collect()).await.unwrap();
    let bounds = LogBounds { walked: 300, looked_at: 50 };
    let filter = RecordFilter::default();
    let query = HistogramQuery { filter: filter.clone(), bucket_ms: 3_600_000, bounds };
    let found = stores.generations.histogram(&query).await.unwrap();
    let since = Some(noon().plus_millis(100_000));
    assert_eq!(found.coverage, Coverage { one_in: 6, since });
    assert_eq!(found.buckets.len(), 1);
    let counts = found.buckets[0].1;
    assert!((100..=600).contains(&counts.ok), "{counts:?}");
    let query = FacetQuery { filter, field: FacetField::Status, limit: 50, bounds };
    let found = stores.generations.facets(&query).await.unwrap();
    assert_eq!(found.coverage, Coverage { one_in: 6, since });
    assert_eq!(found.values[0].count, counts.ok);
}

/// By provider, status and what the message has in common, with whose and when.
pub async fn faults_are_grouped(stores: &Stores) {
    let mut calls = calls();
    calls[8].key_hash = hash(2);
    stores.generations.append(calls).await.unwrap();
    let query = FaultQuery { filter: RecordFilter::default(), looked_at: 100, limit: 50 };
    let found = stores.generations.faults(&query).await.unwrap();
    assert_eq!((found.groups.len(), found.since), (2, None));
    let (first, second) = (&found.groups[0], &found.groups[1]);
    assert_eq!(
        (first.provider.as_deref(), first.provider_slug.as_deref()),
        (Some("BETA"), Some("beta"))
    );
    assert_eq!((first.status, first.count, first.error_type.as_str()), (429, 2, "provider"));
    assert_eq!(first.message, "slow down, 18 s");
    assert_eq!((first.first_at, first.last_at), (minute(7), minute(8)));
    assert_eq!(first.keys, BTreeSet::from([hash(1), hash(2)]));
    assert_eq!((second.status, second.count), (502, 1));

    let few = FaultQuery { looked_at: 2, ..query.clone() };
    let found = stores.generations.faults(&few).await.unwrap();
    assert_eq!(found.since, Some(minute(8)));
    assert_eq!(found.groups.iter().map(|it| it.count).sum::<u64>(), 2);
    let filter = RecordFilter { until: Some(at("2020-01-01T00:00:00Z")), ..query.filter.clone() };
    let none = stores.generations.faults(&FaultQuery { filter, ..query }).await.unwrap();
    assert_eq!((none.groups, none.since), (vec![], None));
}

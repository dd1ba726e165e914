//! Cases of [`GenerationStore`](crate::GenerationStore).

use tokio::task::JoinSet;
use tollgate_ledger::{AccountId, NodeId, SlicePolicy, audit};
use tollgate_types::{GenerationId, Timestamp, Usage, Usd};

use super::sample::{bought, full_generation, generation, hash, noon, paid, spend, steered};
use crate::{
    ActivityQuery, ArmResult, FeedbackCategory, FeedbackRecord, GenerationRecord, LeaseRequest,
    RoutingRecord, Stores,
};

/// Every field survives.
pub async fn a_full_record_reads_back_whole(stores: &Stores) {
    reads_back(stores, full_generation("gen-1")).await;
}

/// Absent fields stay absent.
pub async fn an_empty_record_reads_back_whole(stores: &Stores) {
    reads_back(stores, generation("gen-1", hash(1), noon())).await;
    let unknown = GenerationId::from_text("gen-2");
    assert_eq!(stores.generations.get(&unknown).await.unwrap(), None);
}

/// Text of any script, with quotes and control characters; integers at both ends.
pub async fn unicode_and_extremes_read_back(stores: &Stores) {
    let text = "Grüße 世界 🦀 '; DROP TABLE generation; -- \"\\ \u{0}\u{7f}\u{202e}\r\n";
    let mut record = full_generation(text);
    text.clone_into(&mut record.requested_model);
    record.attribution.app_title = Some(text.to_owned());
    record.attribution.app_categories = vec![text.to_owned(), String::new()];
    record.attribution.tags.insert(text.to_owned(), text.to_owned());
    reads_back(stores, record).await;
    let count = i64::MAX.unsigned_abs();
    for (id, millis) in [("gen-min", i64::MIN), ("gen-max", i64::MAX)] {
        let mut record = full_generation(id);
        record.created_at = Timestamp::from_unix_millis(millis);
        record.cost = Usd::from_nanos(millis);
        record.upstream_cost = Usd::from_nanos(millis);
        record.cache_discount = Some(Usd::from_nanos(millis));
        record.latency_ms = Some(count);
        record.usage = Usage {
            prompt_tokens: count,
            web_searches: count,
            prompt_characters: count,
            prompt_audio_milliseconds: count,
            completion_images: count,
            search_units: count,
            ..record.usage
        };
        record.attempts[0].started_at = Timestamp::from_unix_millis(millis);
        record.attempts[0].status = Some(u16::MAX);
        record.attempts[0].latency_ms = count;
        reads_back(stores, record).await;
    }
    let zeros = GenerationRecord { latency_ms: Some(0), ..generation("gen-0", hash(1), noon()) };
    reads_back(stores, GenerationRecord { cache_discount: Some(Usd::ZERO), ..zeros }).await;
}

/// The first record of an id wins, and counts once.
pub async fn a_known_id_changes_nothing(stores: &Stores) {
    let first = spend("gen-1", hash(1), noon(), 7);
    assert_eq!(stores.generations.append(vec![first.clone()]).await.unwrap(), 1);
    assert_eq!(stores.generations.append(vec![first.clone()]).await.unwrap(), 0);
    let other = spend("gen-1", hash(2), noon().plus_millis(1), 900);
    let fresh = spend("gen-2", hash(1), noon(), 1);
    assert_eq!(stores.generations.append(vec![other, fresh]).await.unwrap(), 1);
    assert_eq!(stores.generations.get(&first.id).await.unwrap(), Some(first));
    assert_eq!(stores.generations.count().await.unwrap(), 2);
    let usage = stores.usage.key_usage(hash(1), noon()).await.unwrap();
    assert_eq!((usage.total, usage.daily, usage.requests), (nanos(8), nanos(8), 2));
    let usage = stores.usage.key_usage(hash(2), noon()).await.unwrap();
    assert_eq!((usage.total, usage.requests), (Usd::ZERO, 0));
}

/// The first of them wins.
pub async fn an_id_twice_in_one_batch_counts_once(stores: &Stores) {
    let batch = [7, 8].map(|cost| spend("gen-1", hash(1), noon(), cost));
    assert_eq!(stores.generations.append(batch.to_vec()).await.unwrap(), 1);
    assert_eq!(stores.generations.get(&batch[0].id).await.unwrap().as_ref(), Some(&batch[0]));
    let usage = stores.usage.account_usage().await.unwrap();
    assert_eq!((usage.total, usage.requests), (nanos(7), 1));
}

/// However a backend cuts it up, and wherever the repeats are.
pub async fn a_large_batch_with_repeats_counts_each_id_once(stores: &Stores) {
    let known = spend("gen-7", hash(1), noon(), 7);
    stores.generations.append(vec![known]).await.unwrap();
    let records = (0..300).map(|n| {
        let nth = n % 211;
        GenerationRecord {
            requested_model: format!("sent-{n}"),
            ..spend(&format!("gen-{nth}"), hash(1), noon(), nth)
        }
    });
    assert_eq!(stores.generations.append(records.collect()).await.unwrap(), 210);
    let usage = stores.usage.key_usage(hash(1), noon()).await.unwrap();
    assert_eq!((usage.total, usage.requests), (nanos((0..211).sum()), 211));
    for record in stores.generations.recent(u32::MAX, None).await.unwrap() {
        let first = record.id.as_str().replace("gen-", "sent-");
        assert!(record.requested_model == first || record.id.as_str() == "gen-7", "{record:?}");
    }
}

/// Nothing to do is done.
pub async fn an_empty_batch_is_fine(stores: &Stores) {
    assert_eq!(stores.generations.append(Vec::new()).await.unwrap(), 0);
    assert_eq!(stores.generations.count().await.unwrap(), 0);
    assert_eq!(stores.generations.recent(10, None).await.unwrap(), []);
}

/// Pages follow one another by cursor, through records of the same millisecond, too.
pub async fn recent_pages_newest_first_without_gaps(stores: &Stores) {
    let mut records: Vec<_> = (0..10_u8)
        .map(|n| {
            // Out of order, three to a millisecond; "gen-é" sorts after every ASCII id.
            let id = if n == 4 { "gen-é".to_owned() } else { format!("gen-{n}") };
            generation(&id, hash(n), noon().plus_millis(i64::from((n * 7) % 10 / 3)))
        })
        .collect();
    stores.generations.append(records.clone()).await.unwrap();
    records.sort_by(|a, b| (b.created_at, b.id.as_str()).cmp(&(a.created_at, a.id.as_str())));
    for limit in [1, 3, 4, 10, u32::MAX] {
        let mut seen: Vec<GenerationRecord> = Vec::new();
        loop {
            let cursor = seen.last().map(GenerationRecord::cursor);
            let page = stores.generations.recent(limit, cursor.as_ref()).await.unwrap();
            assert!(u32::try_from(page.len()).unwrap() <= limit);
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        assert_eq!(seen, records, "pages of {limit}");
    }
    assert_eq!(stores.generations.recent(0, None).await.unwrap(), []);
}

/// A thousand appends of 250 ids from many tasks: each id counts once.
pub async fn concurrent_appends_of_the_same_ids_count_once(stores: &Stores) {
    let mut tasks = JoinSet::new();
    for n in 0..1_000_u32 {
        let generations = stores.generations.clone();
        let nth = n % 250;
        let key = hash(u8::try_from(nth % 5).unwrap());
        // Each id is sent four times, sometimes with a neighbour that others send as well.
        let mut batch = vec![spend(&format!("gen-{nth}"), key, noon(), i64::from(nth))];
        if n.is_multiple_of(3) && nth >= 5 {
            let neighbour = nth - 5;
            let cost = i64::from(neighbour);
            batch.push(spend(&format!("gen-{neighbour}"), key, noon(), cost));
        }
        tasks.spawn(async move { generations.append(batch).await.unwrap() });
    }
    let added: u64 = tasks.join_all().await.into_iter().sum();
    assert_eq!(added, 250);
    assert_eq!(stores.generations.count().await.unwrap(), 250);
    let account = stores.usage.account_usage().await.unwrap();
    assert_eq!((account.total, account.requests), (nanos((0..250).sum()), 250));
    let all = stores.usage.all_key_usage(noon()).await.unwrap();
    let sum: i64 = all.iter().map(|(_, usage)| usage.daily.nanos()).sum();
    assert_eq!((all.len(), sum), (5, (0..250).sum()));
}

async fn reads_back(stores: &Stores, record: GenerationRecord) {
    assert_eq!(stores.generations.append(vec![record.clone()]).await.unwrap(), 1);
    assert_eq!(stores.generations.get(&record.id).await.unwrap(), Some(record));
}

fn nanos(nanos: i64) -> Usd {
    Usd::from_nanos(nanos)
}

fn complaint(id: &str, about: &str) -> FeedbackRecord {
    FeedbackRecord {
        id: id.to_owned(),
        generation_id: GenerationId::from_text(about),
        category: FeedbackCategory::Latency,
        comment: None,
        key_hash: hash(1),
        created_at: noon(),
    }
}

/// Calls count for the arm they belonged to, those without an arm for none, and old ones not.
pub async fn arms_are_added_up_by_experiment(stores: &Stores) {
    let call = |id: &str, arm: &str, latency_ms, cost| {
        let steered = Some(Box::new(steered("tests", arm)));
        let routing = Some(Box::new(RoutingRecord { steered, ..RoutingRecord::default() }));
        let cost = Usd::from_nanos(cost);
        let usage = Usage { completion_tokens: 7, ..Usage::default() };
        let record = generation(id, hash(1), noon());
        GenerationRecord { latency_ms, usage, cost, routing, ..record }
    };
    let failed = GenerationRecord { error: full_generation("x").error, ..call("c", "b", None, 0) };
    let old = GenerationRecord { created_at: noon().plus_millis(-1), ..call("d", "b", None, 5) };
    let batch = vec![
        call("a", "a", Some(10), 100),
        call("b", "a", Some(21), 200),
        failed,
        old,
        generation("e", hash(1), noon()),
    ];
    stores.generations.append(batch).await.unwrap();
    for (id, about) in [("1", "a"), ("2", "a"), ("3", "d"), ("4", "e"), ("5", "nobody")] {
        stores.feedback.add(complaint(id, about)).await.unwrap();
    }
    let result = |arm: &str, calls, failed, cost, latency_ms| ArmResult {
        feedback: if arm == "a" { 2 } else { 0 },
        experiment: "tests".into(),
        arm: arm.into(),
        calls,
        failed,
        cost: Usd::from_nanos(cost),
        completion_tokens: 7 * calls,
        latency_ms,
        generation_time_ms: None,
    };
    let expected = [result("a", 2, 0, 300, Some(15)), result("b", 1, 1, 0, None)];
    assert_eq!(stores.generations.arms(noon()).await.unwrap(), expected);
    let later = noon().plus_millis(1);
    assert_eq!(stores.generations.arms(later).await.unwrap(), []);
}

const DAY_MILLIS: i64 = 86_400_000;

/// Paid, free and metered calls of four months, of two accounts.
async fn some_months(stores: &Stores) -> Vec<GenerationRecord> {
    let node = NodeId::new("node-1");
    stores.ledger.post(vec![bought("b")]).await.unwrap();
    let lease = LeaseRequest {
        id: "lease-1".to_owned(),
        account: AccountId::default(),
        node: node.clone(),
        need: nanos(100_000),
        policy: SlicePolicy::default(),
        at: noon(),
    };
    stores.ledger.lease(lease).await.unwrap();
    let mut calls = Vec::new();
    for (index, days) in [95, 94, 70, 40, 3, 2, 1, 0].into_iter().enumerate() {
        let created_at = noon().plus_millis(-days * DAY_MILLIS);
        let id = format!("gen-{index}");
        let cost = 1_000 + days;
        let call = match index % 3 {
            0 => paid(&id, &node, cost),
            1 => GenerationRecord {
                account: AccountId::new("research").unwrap(),
                ..spend(&id, hash(2), created_at, cost)
            },
            _ => spend(&id, hash(1), created_at, 0),
        };
        calls.push(GenerationRecord { created_at, ..call });
    }
    stores.generations.append(calls.clone()).await.unwrap();
    for (id, about) in [("f-1", "gen-1"), ("f-2", "gen-7")] {
        stores.feedback.add(complaint(id, about)).await.unwrap();
    }
    calls
}

/// Everything that is told of the calls without their records.
async fn told(stores: &Stores) -> String {
    let activity = stores.usage.activity(&ActivityQuery::default()).await.unwrap();
    let keys = stores.usage.all_key_usage(noon()).await.unwrap();
    let account = stores.usage.account_usage().await.unwrap();
    let books = stores.ledger.books().await.unwrap();
    assert_eq!(audit(&books), []);
    let count = stores.generations.count().await.unwrap();
    format!("{activity:?} {keys:?} {account:?} {books:?} {count}")
}

/// Removes until nothing is left; Postgres removes a whole month at once.
async fn removed(stores: &Stores, before: Timestamp) -> u64 {
    let mut removed = 0;
    loop {
        match stores.generations.remove_before(before, 1).await.unwrap() {
            0 => return removed,
            more => removed += more,
        }
    }
}

/// What was told of them without their records is told afterwards, too.
pub async fn old_records_go_and_their_money_stays(stores: &Stores) {
    let calls = some_months(stores).await;
    let before = told(stores).await;
    let since = noon().plus_millis(-2 * DAY_MILLIS);
    assert_eq!(removed(stores, since).await, 5);
    assert_eq!(told(stores).await, before);
    let left = stores.generations.recent(100, None).await.unwrap();
    let expected: Vec<GenerationRecord> = calls.iter().rev().take(3).cloned().collect();
    assert_eq!(left, expected);
    for call in &calls[..5] {
        assert_eq!(stores.generations.get(&call.id).await.unwrap(), None);
    }
    for (id, count) in [("gen-1", 0), ("gen-7", 1)] {
        let said = stores.feedback.about(&GenerationId::from_text(id), 9).await.unwrap();
        assert_eq!(said.len(), count, "{id}");
    }
    assert_eq!(removed(stores, since).await, 0);
    assert_eq!(removed(stores, noon().plus_millis(1)).await, 3);
    assert_eq!(told(stores).await, before);
}

/// Sent again late, alone or before others in its batch, they are known.
pub async fn what_was_removed_is_never_counted_again(stores: &Stores) {
    let calls = some_months(stores).await;
    removed(stores, noon()).await;
    let before = told(stores).await;
    assert_eq!(stores.generations.append(calls.clone()).await.unwrap(), 0);
    assert_eq!(told(stores).await, before);
    let new = spend("gen-new", hash(1), noon().plus_millis(-95 * DAY_MILLIS), 5);
    let mixed = vec![calls[0].clone(), new.clone(), calls[1].clone()];
    assert_eq!(stores.generations.append(mixed).await.unwrap(), 1);
    assert_eq!(stores.generations.get(&new.id).await.unwrap(), Some(new));
    assert_eq!(removed(stores, noon()).await, 1);
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
}

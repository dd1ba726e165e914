//! Cases of [`UsageStore`](crate::UsageStore).

use std::collections::BTreeMap;

use tollgate_types::{GenerationId, KeyHash, ModelSlug, Timestamp, Usd, UtcDay};

use super::sample::{at, full_generation, generation, hash, noon, plain_key, spend};
use crate::{
    AccountUsage, ActivityQuery, ActivityRow, ActivitySums, CallTimes, DayUsage, GenerationRecord,
    KeySuccessor, KeyUsage, PartQuery, RowTime, Span, StoreError, Stores, Timed, TimesAsked,
    ToldApart, WorkspaceDay,
};

/// Known key or not.
pub async fn a_key_that_never_spent_has_zeros(stores: &Stores) {
    stores.keys.insert(plain_key(1)).await.unwrap();
    for byte in [1, 2] {
        let usage = stores.usage.key_usage(hash(byte), noon()).await.unwrap();
        assert_eq!(usage, KeyUsage::default());
    }
    assert_eq!(stores.usage.all_key_usage(noon()).await.unwrap(), []);
    assert_eq!(stores.usage.account_usage().await.unwrap(), AccountUsage::default());
}

/// The edges of a day, a Monday week and a month, in UTC.
pub async fn spend_is_counted_by_day_week_and_month(stores: &Stores) {
    // Each bill is another power of ten, so that a sum shows which ones are in it.
    let bills = [
        ("2026-11-21T00:00:00.000Z", 1),
        ("2026-11-21T23:59:59.999Z", 10),
        ("2026-11-20T23:59:59.999Z", 100),
        ("2026-11-16T00:00:00.000Z", 1_000),
        ("2026-11-15T23:59:59.999Z", 10_000),
        ("2026-11-01T00:00:00.000Z", 100_000),
        ("2026-10-31T23:59:59.999Z", 1_000_000),
        ("2025-11-21T12:00:00.000Z", 10_000_000),
    ];
    let batch = bills.map(|(when, cost)| spend(when, hash(1), at(when), cost));
    stores.generations.append(batch.to_vec()).await.unwrap();
    for (now, daily, weekly, monthly) in [
        ("2026-11-21T12:00:00Z", 11, 1_111, 111_111),
        ("2026-11-22T23:59:59.999Z", 0, 1_111, 111_111),
        ("2026-11-23T00:00:00Z", 0, 0, 111_111),
        ("2026-12-01T00:00:00Z", 0, 0, 0),
        ("2026-11-01T12:00:00Z", 100_000, 1_100_000, 111_111),
        ("2026-10-31T00:00:00Z", 1_000_000, 1_100_000, 1_000_000),
        ("2025-11-21T00:00:00Z", 10_000_000, 10_000_000, 10_000_000),
    ] {
        let usage = stores.usage.key_usage(hash(1), at(now)).await.unwrap();
        let expected = KeyUsage {
            total: nanos(11_111_111),
            daily: nanos(daily),
            weekly: nanos(weekly),
            monthly: nanos(monthly),
            requests: 8,
            ..KeyUsage::default()
        };
        assert_eq!(usage, expected, "{now}");
    }
}

/// What a provider charges the caller's own account is counted, and not as ours.
pub async fn byok_spend_is_counted_apart(stores: &Stores) {
    let own = |id, is_byok| GenerationRecord {
        upstream_cost: nanos(100),
        is_byok,
        ..spend(id, hash(1), noon(), 5)
    };
    stores.generations.append(vec![own("gen-1", true), own("gen-2", false)]).await.unwrap();
    let expected = KeyUsage {
        total: nanos(10),
        daily: nanos(10),
        weekly: nanos(10),
        monthly: nanos(10),
        byok_total: nanos(100),
        byok_daily: nanos(100),
        byok_weekly: nanos(100),
        byok_monthly: nanos(100),
        requests: 2,
    };
    assert_eq!(stores.usage.key_usage(hash(1), noon()).await.unwrap(), expected);
    let account = AccountUsage { total: nanos(10), byok_total: nanos(100), requests: 2 };
    assert_eq!(stores.usage.account_usage().await.unwrap(), account);
}

/// One row for each key that ever spent, in the order of hashes, long ago or today.
pub async fn all_usage_agrees_with_each_keys(stores: &Stores) {
    let bills = [
        (3, "2026-11-21T00:00:00Z"),
        (1, "2026-11-02T00:00:00Z"),
        (2, "2020-01-01T00:00:00Z"),
        (1, "2026-11-21T00:00:00Z"),
    ];
    for (cost, (byte, when)) in (1..).zip(bills) {
        let record = spend(&format!("gen-{cost}"), hash(byte), at(when), cost);
        stores.generations.append(vec![record]).await.unwrap();
    }
    let all = stores.usage.all_key_usage(noon()).await.unwrap();
    let hashes: Vec<_> = all.iter().map(|(hash, _)| *hash).collect();
    assert_eq!(hashes, [1, 2, 3].map(hash));
    for (hash, usage) in all {
        assert_eq!(stores.usage.key_usage(hash, noon()).await.unwrap(), usage);
    }
}

/// Counters are for showing: they stop at the end of the range, and records are still kept.
pub async fn absurd_amounts_stay_at_the_end_of_the_range(stores: &Stores) {
    let absurd = |id, byte, nanos| GenerationRecord {
        upstream_cost: Usd::from_nanos(nanos),
        is_byok: true,
        ..spend(id, hash(byte), noon(), nanos)
    };
    let batch = vec![absurd("gen-1", 1, i64::MAX), absurd("gen-2", 1, i64::MAX)];
    assert_eq!(stores.generations.append(batch).await.unwrap(), 2);
    assert_eq!(stores.generations.append(vec![absurd("gen-3", 1, 5)]).await.unwrap(), 1);
    for id in ["gen-4", "gen-5"] {
        assert_eq!(stores.generations.append(vec![absurd(id, 2, i64::MIN)]).await.unwrap(), 1);
    }
    for (byte, end, requests) in [(1, i64::MAX, 3), (2, i64::MIN, 2)] {
        let end = nanos(end);
        let expected = KeyUsage {
            total: end,
            daily: end,
            weekly: end,
            monthly: end,
            byok_total: end,
            byok_daily: end,
            byok_weekly: end,
            byok_monthly: end,
            requests,
        };
        assert_eq!(stores.usage.key_usage(hash(byte), noon()).await.unwrap(), expected);
    }
    let yesterday = noon().plus_millis(-86_400_000);
    let record = spend("gen-6", hash(1), yesterday, i64::MAX);
    stores.generations.append(vec![record]).await.unwrap();
    let usage = stores.usage.key_usage(hash(1), noon()).await.unwrap();
    assert_eq!(usage.weekly, nanos(i64::MAX));
}

fn nanos(nanos: i64) -> Usd {
    Usd::from_nanos(nanos)
}

/// Three calls: two alike, one failed elsewhere on another day.
async fn some_activity(stores: &Stores) -> [GenerationRecord; 3] {
    let first = GenerationRecord { is_byok: false, error: None, ..full_generation("gen-1") };
    let second = GenerationRecord { id: GenerationId::from_text("gen-2"), ..first.clone() };
    let later = GenerationRecord {
        created_at: noon().plus_millis(86_400_000),
        ..generation("gen-3", hash(2), noon())
    };
    let failed = GenerationRecord { error: full_generation("gen-1").error, ..later };
    let calls = [first, second, failed];
    stores.generations.append(calls.to_vec()).await.unwrap();
    // Again, for nothing.
    assert_eq!(stores.generations.append(calls.to_vec()).await.unwrap(), 0);
    calls
}

/// What is alike is one row; who answered nothing has one, too.
pub async fn activity_is_added_up_by_day_model_and_endpoint(stores: &Stores) {
    let [first, _, failed] = some_activity(stores).await;
    let rows = stores.usage.activity(&ActivityQuery::default()).await.unwrap();
    let mut twice = ActivitySums::of(&first);
    twice.add(&ActivitySums::of(&first));
    let expected = [
        ActivityRow {
            day: failed.utc_day(),
            starts_at: failed.utc_day().starts_at(),
            workspace_id: failed.workspace_id.clone(),
            model: "acme/small".to_owned(),
            endpoint_id: String::new(),
            provider: String::new(),
            tag_value: String::new(),
            key: None,
            sums: ActivitySums { requests: 1, failed: 1, ..ActivitySums::default() },
            times: CallTimes::default(),
        },
        ActivityRow {
            day: first.utc_day(),
            starts_at: first.utc_day().starts_at(),
            workspace_id: first.workspace_id.clone(),
            model: "acme/small".to_owned(),
            endpoint_id: "acme/acme/small".to_owned(),
            provider: "Acme".to_owned(),
            tag_value: String::new(),
            key: None,
            sums: twice,
            times: CallTimes::default(),
        },
    ];
    assert_eq!(rows, expected);
    assert_eq!((twice.requests, twice.prompt_tokens, twice.reasoning_tokens), (2, 2_000, 18));
    assert_eq!((twice.cache_hits, twice.fallbacks), (2, 2));
}

/// Each question leaves out what it does not ask for.
pub async fn activity_is_asked_for_by_days_keys_workspaces_and_tags(stores: &Stores) {
    let [first, _, failed] = some_activity(stores).await;
    let successor = KeySuccessor { hash: hash(9), label: "new".to_owned(), overlap_until: None };
    stores.keys.insert(plain_key(1)).await.unwrap();
    stores.keys.replace(hash(1), successor, noon()).await.unwrap();
    let all = ActivityQuery::default();
    let asked = [
        (ActivityQuery { from: Some(failed.utc_day()), ..all.clone() }, vec![1]),
        (ActivityQuery { until: Some(failed.utc_day()), ..all.clone() }, vec![2]),
        (ActivityQuery { keys: Some(vec![hash(9)]), ..all.clone() }, vec![2]),
        (ActivityQuery { keys: Some(vec![hash(9), hash(2)]), ..all.clone() }, vec![1, 2]),
        (ActivityQuery { keys: Some(vec![hash(1)]), ..all.clone() }, vec![]),
        (ActivityQuery { keys: Some(vec![]), ..all.clone() }, vec![]),
        (ActivityQuery { workspace_id: Some(first.workspace_id.clone()), ..all.clone() }, vec![2]),
        (ActivityQuery { tag: Some("x-project".to_owned()), ..all.clone() }, vec![2]),
        (ActivityQuery { tag: Some("x-nothing".to_owned()), ..all.clone() }, vec![]),
    ];
    for (query, expected) in asked {
        let rows = stores.usage.activity(&query).await.unwrap();
        let requests: Vec<u64> = rows.iter().map(|row| row.sums.requests).collect();
        assert_eq!(requests, expected, "{query:?}");
    }
    let by_key = ActivityQuery { by_key: true, ..all.clone() };
    let rows = stores.usage.activity(&by_key).await.unwrap();
    let keys: Vec<_> = rows.iter().map(|row| (row.key, row.sums.requests)).collect();
    assert_eq!(keys, [(Some(hash(2)), 1), (Some(hash(9)), 2)]);
    let tagged = ActivityQuery { tag: Some("x-department".to_owned()), ..all };
    let rows = stores.usage.activity(&tagged).await.unwrap();
    assert_eq!(rows[0].tag_value, "Forschung & Entwicklung");
}

/// What is left together in a question is one row, and adds up to the same.
pub async fn activity_leaves_together_what_is_not_asked_for(stores: &Stores) {
    let mut calls = some_minutes(stores).await;
    let other = GenerationRecord {
        model: ModelSlug::parse("acme/other").unwrap(),
        endpoint_id: None,
        provider: None,
        ..full_generation("gen-other")
    };
    calls.push(GenerationRecord { key_hash: hash(2), ..full_generation("gen-second") });
    calls.push(other);
    stores.generations.append(calls[4..].to_vec()).await.unwrap();
    let part = PartQuery {
        span: Span::Hour,
        from: noon(),
        until: noon().plus_millis(7_200_000),
        times: TimesAsked::ALL,
    };
    let day = ActivityQuery::default();
    let hour = ActivityQuery { part: Some(part), ..day.clone() };
    let tagged = ActivityQuery { tag: Some("x-department".to_owned()), ..day.clone() };
    for asked in [day, hour, tagged] {
        for (by_key, models_together, rows_of_noon) in
            [(false, false, 2), (false, true, 1), (true, true, 2), (true, false, 3)]
        {
            let served = if models_together { ToldApart::NOTHING } else { ToldApart::default() };
            let query = ActivityQuery { by_key, served, ..asked.clone() };
            let rows = stores.usage.activity(&query).await.unwrap();
            let of_noon = rows.iter().filter(|row| row.starts_at <= noon());
            assert_eq!(of_noon.count(), rows_of_noon, "{query:?}");
            let requests: u64 = rows.iter().map(|row| row.sums.requests).sum();
            let spent: i64 = rows.iter().map(|row| row.sums.spent.nanos()).sum();
            let expected: i64 = calls.iter().map(|call| call.cost.nanos()).sum();
            assert_eq!((requests, spent), (6, expected), "{query:?}");
            assert!(rows.iter().all(|row| row.key.is_some() == by_key));
            assert!(rows.iter().all(|row| row.model.is_empty() == models_together));
            assert!(!models_together || rows.iter().all(|it| it.endpoint_id.is_empty()));
            let (mut told, mut all) = (CallTimes::default(), CallTimes::default());
            for row in &rows {
                told.add_all(&row.times);
            }
            for call in calls.iter().filter(|_| !query.times().is_empty()) {
                all.add_all(&CallTimes::of(call));
            }
            assert_eq!(told, all, "{query:?}");
        }
    }
}

/// However coarsely it is asked, the answer is what the finest one adds up to.
pub async fn activity_is_added_up_as_it_is_asked_for(stores: &Stores) {
    some_minutes(stores).await;
    let next_day = GenerationRecord {
        created_at: noon().plus_millis(Span::Day.millis()),
        key_hash: hash(2),
        model: ModelSlug::parse("acme/other").unwrap(),
        provider: Some("Other".to_owned()),
        ..full_generation("gen-next-day")
    };
    let elsewhere =
        GenerationRecord { endpoint_id: Some("else".to_owned()), ..full_generation("gen-else") };
    stores.generations.append(vec![next_day, elsewhere]).await.unwrap();
    let midnight = noon().plus_millis(-Span::Day.millis() / 2);
    let hours = |from, days| PartQuery {
        span: Span::Hour,
        from,
        until: Timestamp::plus_millis(from, days * Span::Day.millis()),
        times: TimesAsked::ALL,
    };
    let whole = ActivityQuery { part: Some(hours(midnight, 2)), ..ActivityQuery::default() };
    let cut = ActivityQuery { part: Some(hours(noon(), 1)), ..ActivityQuery::default() };
    let minutes = PartQuery { span: Span::Minute, ..hours(noon(), 2) };
    let minutes = ActivityQuery { part: Some(minutes), ..ActivityQuery::default() };
    for asked in [ActivityQuery::default(), whole, cut, minutes] {
        let finest = ActivityQuery { by_key: true, ..asked.clone() };
        let finest = stores.usage.activity(&finest).await.unwrap();
        for choice in 0..48 {
            let [model, endpoint, provider, by_key] = [1, 2, 4, 8].map(|bit| choice & bit > 0);
            let rows = [RowTime::Each, RowTime::Day, RowTime::All][choice >> 4];
            let served = ToldApart { model, endpoint, provider };
            let query = ActivityQuery { by_key, served, rows, ..asked.clone() };
            let answer = stores.usage.activity(&query).await.unwrap();
            assert_eq!(added_up(&query, &answer), added_up(&query, &finest), "{query:?}");
            let told = answer.len();
            let (enough, few) = (Some(told.max(100)), Some(told - 1));
            let most = |rows_max| ActivityQuery { rows_max, ..query.clone() };
            assert_eq!(stores.usage.activity(&most(enough)).await.unwrap(), answer);
            let refused = stores.usage.activity(&most(few)).await;
            assert!(matches!(refused, Err(StoreError::TooMuch)), "{query:?}: {refused:?}");
        }
    }
    let mut asked = hours(midnight, 2);
    asked.times = [Timed::Whole].into_iter().collect();
    let query = ActivityQuery { part: Some(asked), ..ActivityQuery::default() };
    let rows = stores.usage.activity(&query).await.unwrap();
    assert!(rows.iter().any(|row| row.times.total(Timed::Whole).calls > 0));
    assert!(rows.iter().all(|row| row.times.total(Timed::FirstWord).calls == 0));
}

type AddedUp = BTreeMap<(i64, String, [String; 3], Option<KeyHash>), (ActivitySums, CallTimes)>;

fn added_up(query: &ActivityQuery, rows: &[ActivityRow]) -> AddedUp {
    let mut all = AddedUp::new();
    for row in rows {
        let names = [&row.model, &row.endpoint_id, &row.provider];
        let mut told = query.served.columns().into_iter().map(|(_, is_told)| is_told);
        let names = names.map(|it| if told.next().unwrap() { it.clone() } else { String::new() });
        let key = row.key.filter(|_| query.by_key);
        let place = (query.row_of(row.starts_at), row.workspace_id.clone(), names, key);
        let (sums, times) = all.entry(place).or_default();
        sums.add(&row.sums);
        times.add_all(&row.times);
    }
    all
}

/// Four calls, two of them in one minute; of some it is known how long they took.
async fn some_minutes(stores: &Stores) -> Vec<GenerationRecord> {
    let timed = [(0, 10, 100), (59_999, 10, 90_000), (60_000, 700, 701), (3_600_000, 1, 2)];
    let call = |(at, (after, latency, time)): (usize, (i64, u64, u64))| GenerationRecord {
        created_at: noon().plus_millis(after),
        latency_ms: Some(latency),
        generation_time_ms: Some(time).filter(|_| at != 3),
        error: None,
        ..full_generation(&format!("gen-{at}"))
    };
    let calls: Vec<_> = timed.into_iter().enumerate().map(call).collect();
    stores.generations.append(calls[..1].to_vec()).await.unwrap();
    stores.generations.append(calls.clone()).await.unwrap();
    calls
}

async fn parts(stores: &Stores, query: &ActivityQuery) -> Vec<(i64, u64, CallTimes)> {
    let rows = stores.usage.activity(query).await.unwrap();
    let told = rows.into_iter().map(|row| {
        assert_eq!(row.day, UtcDay::of(row.starts_at));
        (row.starts_at.millis_since(noon()), row.sums.requests, row.times)
    });
    told.collect()
}

/// Each minute and hour has its own sums, and knows how long its calls took.
pub async fn activity_is_added_up_by_hour_and_minute(stores: &Stores) {
    let calls = some_minutes(stores).await;
    let times = |of: &[usize]| {
        let mut all = CallTimes::default();
        for at in of {
            all.add_all(&CallTimes::of(&calls[*at]));
        }
        all
    };
    let (from, until) = (noon(), noon().plus_millis(7_200_000));
    let part = PartQuery { span: Span::Minute, from, until, times: TimesAsked::ALL };
    let ask = |part| ActivityQuery { part: Some(part), ..ActivityQuery::default() };
    let expected = [(3_600_000, 1, times(&[3])), (60_000, 1, times(&[2])), (0, 2, times(&[0, 1]))];
    assert_eq!(parts(stores, &ask(part)).await, expected);
    let hours = PartQuery { span: Span::Hour, ..part };
    let expected = [(3_600_000, 1, times(&[3])), (0, 3, times(&[0, 1, 2]))];
    assert_eq!(parts(stores, &ask(hours)).await, expected);
    assert!(times(&[0, 1, 2]).percentile(Timed::Whole, 95).unwrap() > 80_000);

    let nothing = CallTimes::default;
    let some = PartQuery { from: noon().plus_millis(60_000), times: TimesAsked::default(), ..part };
    let some = PartQuery { until: noon().plus_millis(120_000), ..some };
    assert_eq!(parts(stores, &ask(some)).await, [(60_000, 1, nothing())]);
    let tagged = ActivityQuery { tag: Some("x-department".to_owned()), ..ask(hours) };
    assert_eq!(parts(stores, &tagged).await, [(3_600_000, 1, nothing()), (0, 3, nothing())]);
    let theirs = ActivityQuery { workspace_id: Some("other".to_owned()), ..ask(hours) };
    assert_eq!(parts(stores, &theirs).await, []);
    let by_key = ActivityQuery { keys: Some(vec![calls[0].key_hash]), by_key: true, ..ask(hours) };
    let rows = stores.usage.activity(&by_key).await.unwrap();
    assert_eq!(rows[1].key, Some(calls[0].key_hash));
    assert_eq!((rows[1].sums.requests, &rows[1].times), (3, &times(&[0, 1, 2])));
}

/// The oldest first, one at a time; days and the other kind of part stay.
pub async fn old_hours_and_minutes_go_and_days_stay(stores: &Stores) {
    some_minutes(stores).await;
    let until = noon().plus_millis(86_400_000);
    let of = |span| {
        let part = PartQuery { span, from: noon(), until, times: TimesAsked::ALL };
        ActivityQuery { part: Some(part), ..ActivityQuery::default() }
    };
    let days = stores.usage.activity(&ActivityQuery::default()).await.unwrap();
    let before = noon().plus_millis(90_000);
    assert!(stores.usage.remove_part_before(Span::Minute, before).await.unwrap());
    assert!(!stores.usage.remove_part_before(Span::Minute, before).await.unwrap());
    let left: Vec<_> = parts(stores, &of(Span::Minute)).await.iter().map(|it| it.0).collect();
    assert_eq!(left, [3_600_000, 60_000]);
    assert_eq!(parts(stores, &of(Span::Hour)).await.len(), 2);
    assert!(!stores.usage.remove_part_before(Span::Hour, before).await.unwrap());
    assert!(stores.usage.remove_part_before(Span::Hour, until).await.unwrap());
    assert!(stores.usage.remove_part_before(Span::Hour, until).await.unwrap());
    assert!(!stores.usage.remove_part_before(Span::Hour, until).await.unwrap());
    assert_eq!(parts(stores, &of(Span::Hour)).await, []);
    assert_eq!(stores.usage.activity(&ActivityQuery::default()).await.unwrap(), days);
}

/// By workspace, and by day; since a day or ever; absurd amounts at the end of the range.
pub async fn spend_is_added_up_by_workspace(stores: &Stores) {
    assert_eq!(stores.usage.spent_since(None).await.unwrap(), []);
    let of = |id: &str, workspace: &str, when: &str, cost| GenerationRecord {
        workspace_id: workspace.to_owned(),
        upstream_cost: nanos(cost),
        is_byok: true,
        ..spend(id, hash(1), at(when), cost)
    };
    let calls = [
        of("gen-1", "a", "2026-11-19T23:59:59.999Z", 1),
        of("gen-2", "a", "2026-11-20T00:00:00Z", 10),
        of("gen-3", "a", "2026-11-20T12:00:00Z", 100),
        of("gen-4", "a", "2026-11-21T12:00:00Z", 1_000),
        of("gen-5", "b", "2026-11-19T12:00:00Z", i64::MAX),
        of("gen-6", "b", "2026-11-21T12:00:00Z", i64::MAX),
    ];
    let another_key =
        GenerationRecord { key_hash: hash(2), ..of("gen-7", "a", "2026-11-20T13:00:00Z", 10_000) };
    stores.generations.append(calls.to_vec()).await.unwrap();
    stores.generations.append(vec![another_key]).await.unwrap();
    let usage = |amount, requests| DayUsage { spent: nanos(amount), byok: nanos(amount), requests };
    let day = |text: &str| UtcDay::of(at(&format!("{text}T00:00:00Z")));
    let absurd = i64::MAX;
    for (from, of_a, of_b) in [
        (None, Some((11_111, 5)), Some((absurd, 2))),
        (Some("2026-11-19"), Some((11_111, 5)), Some((absurd, 2))),
        (Some("2026-11-20"), Some((11_110, 4)), Some((absurd, 1))),
        (Some("2026-11-21"), Some((1_000, 1)), Some((absurd, 1))),
        (Some("2026-11-22"), None, None),
    ] {
        let spent = stores.usage.spent_since(from.map(day)).await.unwrap();
        let row = |id: &str, of: Option<(i64, u64)>| {
            of.map(|(amount, requests)| (id.to_owned(), usage(amount, requests)))
        };
        let expected: Vec<_> = [row("a", of_a), row("b", of_b)].into_iter().flatten().collect();
        assert_eq!(spent, expected, "{from:?}");
    }
    let row = |id: &str, date, amount, requests| WorkspaceDay {
        workspace_id: id.to_owned(),
        day: day(date),
        usage: usage(amount, requests),
    };
    let expected = [
        row("a", "2026-11-20", 10_110, 3),
        row("a", "2026-11-21", 1_000, 1),
        row("b", "2026-11-21", absurd, 1),
    ];
    assert_eq!(stores.usage.spent_by_day(day("2026-11-20")).await.unwrap(), expected);
}

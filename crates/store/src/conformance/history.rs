//! Cases of [`HistoryStore`](crate::HistoryStore).

use tollgate_health::{FailureKind, OutcomeKind, QuarterHour};
use tollgate_types::Timestamp;

use super::sample::noon;
use crate::{EndpointCount, HistoryBatch, HistoryQuery, HistoryRows, Stores};

const SUCCESS: OutcomeKind = OutcomeKind::Success;
const TIMEOUT: OutcomeKind = OutcomeKind::Failure(FailureKind::Timeout);
const EMPTY: OutcomeKind = OutcomeKind::Failure(FailureKind::Empty);
const LIMITED: OutcomeKind = OutcomeKind::RateLimited;
const CALLERS: OutcomeKind = OutcomeKind::Callers;

fn quarter(place: i64) -> QuarterHour {
    QuarterHour::of(noon()).plus(place)
}

fn at(place: i64) -> Timestamp {
    quarter(place).starts_at()
}

fn count(place: i64, endpoint: &str, outcome: OutcomeKind, count: u64) -> EndpointCount {
    let quarter = quarter(place);
    EndpointCount { quarter, endpoint_id: endpoint.to_owned(), outcome, count }
}

fn batch(writer: &str, number: u64, counts: Vec<EndpointCount>) -> HistoryBatch {
    HistoryBatch { writer: writer.to_owned(), number, told_at: at(0), counts }
}

async fn tell(stores: &Stores, counts: Vec<EndpointCount>) {
    assert!(stores.history.add_history(batch("only", 1, counts)).await.unwrap());
}

/// All between two places, as they are.
fn between(from: i64, until: i64) -> HistoryQuery {
    HistoryQuery::between(quarter(from), quarter(until))
}

async fn asked(stores: &Stores, query: HistoryQuery) -> Vec<EndpointCount> {
    stores.history.history(&query).await.unwrap()
}

/// What all tell is added up, and what is told again changes nothing.
pub async fn outcomes_of_all_writers_are_added_up_once(stores: &Stores) {
    let (store, all) = (&stores.history, between(-9, 9));
    assert_eq!(asked(stores, all.clone()).await, []);
    let endpoint = "acme/Grün 🌱@fp8";
    let first = batch("a", 7, vec![count(0, endpoint, SUCCESS, 3), count(0, "x/y", TIMEOUT, 1)]);
    for is_new in [true, false, false] {
        assert_eq!(store.add_history(first.clone()).await.unwrap(), is_new);
        let told = asked(stores, all.clone()).await;
        assert_eq!(told, first.counts);
    }
    let more = vec![count(1, endpoint, SUCCESS, 1), count(0, endpoint, SUCCESS, 10)];
    assert!(store.add_history(batch("b", 1, more.clone())).await.unwrap());
    assert!(store.add_history(batch("a", 8, more.clone())).await.unwrap());
    assert!(!store.add_history(batch("a", 7, more.clone())).await.unwrap());
    assert!(store.add_history(batch("a", 9, Vec::new())).await.unwrap());
    assert!(!store.add_history(batch("a", 9, more)).await.unwrap());
    assert_eq!(
        asked(stores, all).await,
        [
            count(0, endpoint, SUCCESS, 23),
            count(0, "x/y", TIMEOUT, 1),
            count(1, endpoint, SUCCESS, 2),
        ]
    );
}

/// Every way to end reads back, by its word; sums are held at the end of the range.
pub async fn every_outcome_reads_back_and_sums_are_held(stores: &Stores) {
    let all: Vec<_> = OutcomeKind::ALL.into_iter().map(|it| count(0, "a", it, 2)).collect();
    tell(stores, all.clone()).await;
    let mut expected = all;
    expected.sort_by_key(|it| it.outcome.as_str());
    assert_eq!(asked(stores, between(0, 1)).await, expected);
    for (number, many) in [(2, u64::MAX), (3, i64::MAX.unsigned_abs()), (4, 5)] {
        let told = batch("only", number, vec![count(1, "a", SUCCESS, many)]);
        assert!(stores.history.add_history(told).await.unwrap());
        let held = asked(stores, between(1, 2)).await;
        assert_eq!(held, [count(1, "a", SUCCESS, i64::MAX.unsigned_abs())]);
    }
    let more = batch("only", 5, vec![count(2, "a", SUCCESS, u64::MAX)]);
    assert!(stores.history.add_history(more).await.unwrap());
    let summed =
        asked(stores, HistoryQuery { rows: HistoryRows::Steps(96), ..between(1, 3) }).await;
    assert_eq!(summed.len(), 1);
    assert_eq!(summed[0].count, i64::MAX.unsigned_abs());
}

/// By time and endpoint, as they are or added up.
pub async fn outcomes_are_listed_by_time_and_endpoint(stores: &Stores) {
    // Noon is in the middle of a day.
    let counts = vec![
        count(-49, "a", SUCCESS, 1),
        count(-48, "a", SUCCESS, 2),
        count(-48, "b", CALLERS, 4),
        count(0, "a", SUCCESS, 8),
        count(0, "a", TIMEOUT, 16),
        count(47, "a", SUCCESS, 32),
        count(48, "b", LIMITED, 64),
    ];
    tell(stores, counts.clone()).await;
    assert_eq!(asked(stores, between(-49, 49)).await, counts);
    assert_eq!(asked(stores, between(-48, 48)).await, counts[1..6]);
    assert_eq!(asked(stores, between(0, 0)).await, []);
    let of = |endpoints: &[&str], query: HistoryQuery| HistoryQuery {
        endpoints: Some(endpoints.iter().map(|it| (*it).to_owned()).collect()),
        ..query
    };
    assert_eq!(asked(stores, of(&[], between(-99, 99))).await, []);
    assert_eq!(asked(stores, of(&["c"], between(-99, 99))).await, []);
    assert_eq!(
        asked(stores, of(&["b"], between(-99, 99))).await,
        [counts[2].clone(), counts[6].clone()]
    );
    assert_eq!(asked(stores, of(&["b", "c", "a"], between(-99, 99))).await, counts);
    let by_day = HistoryQuery { rows: HistoryRows::Steps(96), ..between(-49, 49) };
    assert_eq!(
        asked(stores, by_day.clone()).await,
        [
            count(-144, "a", SUCCESS, 1),
            count(-48, "a", SUCCESS, 42),
            count(-48, "a", TIMEOUT, 16),
            count(-48, "b", CALLERS, 4),
            count(48, "b", LIMITED, 64),
        ]
    );
    assert_eq!(
        asked(stores, of(&["b"], by_day)).await,
        [count(-48, "b", CALLERS, 4), count(48, "b", LIMITED, 64)]
    );
}

/// Only quarters of which enough failed, whole.
pub async fn quarters_that_show_an_incident_are_listed(stores: &Stores) {
    let shown = vec![
        count(1, "a", CALLERS, 100),
        count(1, "a", EMPTY, 1),
        count(1, "a", SUCCESS, 3),
        count(1, "a", TIMEOUT, 1),
        count(2, "b", TIMEOUT, 5),
    ];
    let others = [
        count(1, "b", SUCCESS, 4),
        count(1, "b", TIMEOUT, 1),
        count(2, "a", TIMEOUT, 4),
        count(2, "a", LIMITED, 100),
        count(3, "a", SUCCESS, 1_000_000),
    ];
    tell(stores, shown.iter().cloned().chain(others).collect()).await;
    let query = HistoryQuery { rows: HistoryRows::Incidents, ..between(0, 9) };
    assert_eq!(asked(stores, query.clone()).await, shown);
    let of_b = HistoryQuery { endpoints: Some(vec!["b".to_owned()]), ..query };
    assert_eq!(asked(stores, of_b).await, shown[4..]);
}

/// The oldest first, one after the other; and who told it, when nothing is left of that time.
pub async fn old_quarters_go_oldest_first(stores: &Stores) {
    let counts = [-3, -2, -2, 0].into_iter().zip(["a", "a", "b", "a"]);
    let counts: Vec<_> = counts.map(|(place, id)| count(place, id, SUCCESS, 1)).collect();
    tell(stores, counts.clone()).await;
    let (store, before) = (&stores.history, at(0).plus_millis(899_999));
    for left in [1, 3] {
        assert!(store.remove_quarter_before(before).await.unwrap());
        assert_eq!(asked(stores, between(-9, 9)).await, counts[left..]);
    }
    assert!(!store.remove_quarter_before(before).await.unwrap());
    assert_eq!(asked(stores, between(-9, 9)).await, counts[3..]);
    // Told at the beginning of quarter 0: the writer is forgotten now.
    assert!(stores.history.add_history(batch("only", 1, Vec::new())).await.unwrap());
    assert!(!store.remove_quarter_before(at(0)).await.unwrap());
    assert!(!stores.history.add_history(batch("only", 1, Vec::new())).await.unwrap());
}

/// Whoever tells at the same time, nothing is lost and nothing counted twice.
pub async fn writers_at_the_same_time_lose_nothing(stores: &Stores) {
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..8 {
        for number in 0..2_u64 {
            let store = stores.history.clone();
            tasks.spawn(async move {
                let mut ids = ["a", "b", "c", "d"];
                ids.rotate_left(writer % 4);
                let counts = ids.map(|id| count(0, id, SUCCESS, 1)).to_vec();
                let name = format!("{writer}-{number}");
                // The same, twice.
                let told = batch(&name, 1, counts);
                store.add_history(told.clone()).await.unwrap();
                assert!(!store.add_history(told).await.unwrap());
            });
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    let expected = ["a", "b", "c", "d"].map(|id| count(0, id, SUCCESS, 16));
    assert_eq!(asked(stores, between(0, 1)).await, expected);
}

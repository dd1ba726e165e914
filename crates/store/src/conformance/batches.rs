//! Cases of [`BatchStore`](crate::BatchStore).

use tollgate_types::{BatchId, GenerationId, Timestamp, Usd};

use super::sample::{full_generation, hash, noon};
use crate::{
    Attribution, BatchOutcome, BatchQuery, BatchRecord, BatchRequest, BatchStatus, BatchStep,
    BatchTally, OpenRequest, StoreError, Stores,
};

/// A batch that nobody has said more of than is needed.
pub fn plain(id: &str, millis: i64) -> BatchRecord {
    BatchRecord {
        id: BatchId::from_text(id),
        key_hash: hash(1),
        workspace_id: "w".to_owned(),
        endpoint: "/v1/chat/completions".to_owned(),
        model: "acme/small".to_owned(),
        only: Vec::new(),
        region: None,
        attribution: Attribution::default(),
        status: BatchStatus::Receiving,
        created_at: noon().plus_millis(millis),
        expires_at: noon().plus_millis(86_400_000),
        finalized_at: None,
        error: None,
        provider: None,
        requests: 0,
        tally: BatchTally::default(),
    }
}

/// A batch of which everything is said.
fn full(id: &str) -> BatchRecord {
    BatchRecord {
        key_hash: hash(7),
        workspace_id: "0b7e1f2a-0000-4000-8000-00000000000\0".to_owned(),
        endpoint: "/v1/embeddings\0".to_owned(),
        model: "acme/grün\0".to_owned(),
        only: vec!["acme".to_owned(), "\"grün\"\0".to_owned()],
        region: Some("eu\0".to_owned()),
        attribution: full_generation("gen-1").attribution,
        status: BatchStatus::Failed,
        finalized_at: Some(noon().plus_millis(3)),
        error: Some("späte \"Absage\"\0".to_owned()),
        provider: Some("Acmé\0".to_owned()),
        requests: u32::MAX,
        tally: BatchTally {
            completed: u32::MAX,
            failed: 2,
            prompt_tokens: i64::MAX.unsigned_abs(),
            completion_tokens: 4,
            cost: Usd::from_nanos(i64::MAX),
            with_own_keys: u32::MAX,
        },
        ..plain(id, 5)
    }
}

/// A request with a name of its own.
pub fn request(number: u32, body: &[u8]) -> BatchRequest {
    BatchRequest { number, custom_id: format!("request-{number}"), body: body.to_vec() }
}

pub(super) fn answer(generation: &str) -> BatchOutcome {
    BatchOutcome {
        status: 200,
        generation_id: Some(GenerationId::from_text(generation)),
        body: b"{\"answer\":\0}".to_vec(),
        provider: Some("Acme\0".to_owned()),
        prompt_tokens: 10,
        completion_tokens: 3,
        cost: Usd::from_nanos(70),
        is_byok: true,
    }
}

pub(super) fn refusal() -> BatchOutcome {
    BatchOutcome {
        status: 429,
        generation_id: None,
        body: b"{\"code\":429}".to_vec(),
        provider: None,
        prompt_tokens: 0,
        completion_tokens: 0,
        cost: Usd::ZERO,
        is_byok: false,
    }
}

pub(super) fn id(text: &str) -> BatchId {
    BatchId::from_text(text)
}

pub(super) fn later(seconds: i64) -> Timestamp {
    noon().plus_millis(1_000 * seconds)
}

pub(super) async fn open(stores: &Stores, batch: BatchRecord) {
    stores.batches.open_batch(batch).await.unwrap();
}

/// A whole batch of so many requests.
pub(super) async fn submit(stores: &Stores, batch: BatchRecord, requests: u32) {
    let id = batch.id.clone();
    open(stores, batch).await;
    let requests = (1..=requests).map(|number| request(number, b"{}")).collect();
    stores.batches.add_requests(&id, requests).await.unwrap();
    assert!(stores.batches.close_batch(&id).await.unwrap());
}

pub(super) async fn of(stores: &Stores, text: &str) -> BatchRecord {
    stores.batches.batch(&id(text)).await.unwrap().unwrap()
}

pub(super) async fn step(stores: &Stores, text: &str, from: BatchStatus, to: BatchStatus) -> bool {
    let step = BatchStep { from: vec![from], to, at: later(9), error: None };
    stores.batches.step_batch(&id(text), step).await.unwrap()
}

async fn listed(stores: &Stores, query: BatchQuery) -> Vec<String> {
    let found = stores.batches.batches(&query).await.unwrap();
    found.iter().map(|batch| batch.id.as_str().to_owned()).collect()
}

pub(super) async fn claim(
    stores: &Stores,
    node: &str,
    now: i64,
    except: &[&str],
) -> Option<String> {
    let except: Vec<_> = except.iter().map(|text| id(text)).collect();
    let until = later(now + 60);
    let claimed = stores.batches.claim_batch(node, (later(now), until), &except).await.unwrap();
    claimed.map(|batch| batch.id.as_str().to_owned())
}

pub(super) async fn begin(
    stores: &Stores,
    text: &str,
    number: u32,
    node: &str,
    call: &str,
) -> bool {
    let (id, call) = (id(text), GenerationId::from_text(call));
    stores.batches.begin_request((&id, number), node, &call).await.unwrap()
}

pub(super) async fn finish(
    stores: &Stores,
    (text, number): (&str, u32),
    node: &str,
    outcome: BatchOutcome,
) -> bool {
    stores.batches.finish_request((&id(text), number), node, outcome).await.unwrap()
}

pub(super) async fn open_numbers(stores: &Stores, text: &str) -> Vec<u32> {
    let open = stores.batches.open_requests(&id(text), 0, 100).await.unwrap();
    open.iter().map(|it| it.request.number).collect()
}

/// Every field, and all of its range; what is there already stays.
pub async fn a_batch_reads_back_whole_and_the_first_stays(stores: &Stores) {
    let (plain, full) = (plain("batch_a", 0), full("batch_\0É"));
    open(stores, plain.clone()).await;
    open(stores, full.clone()).await;
    open(stores, BatchRecord { model: "other".to_owned(), ..plain.clone() }).await;
    assert_eq!(of(stores, "batch_a").await, plain);
    assert_eq!(of(stores, "batch_\0É").await, full);
    assert_eq!(stores.batches.batch(&id("batch_b")).await.unwrap(), None);
    for status in BatchStatus::ALL {
        let batch = BatchRecord { status, id: id(status.as_str()), ..plain.clone() };
        open(stores, batch.clone()).await;
        assert_eq!(of(stores, status.as_str()).await, batch);
    }
}

/// Requests may come in any order and twice, until the batch is whole.
pub async fn requests_are_received_until_a_batch_is_whole(stores: &Stores) {
    let batch = plain("batch_a", 0);
    open(stores, batch.clone()).await;
    let large: Vec<u8> = (0..=255).cycle().take(1024 * 1024).collect();
    let first = vec![request(3, b"three"), request(1, &large), request(1, b"again")];
    stores.batches.add_requests(&batch.id, first.clone()).await.unwrap();
    let second = vec![request(2, b""), request(3, b"other")];
    stores.batches.add_requests(&batch.id, second.clone()).await.unwrap();
    stores.batches.add_requests(&batch.id, Vec::new()).await.unwrap();
    // Opening it again takes nothing away.
    open(stores, batch.clone()).await;
    assert_eq!(of(stores, "batch_a").await, batch);

    assert!(stores.batches.close_batch(&batch.id).await.unwrap());
    assert!(!stores.batches.close_batch(&batch.id).await.unwrap());
    let whole = BatchRecord { status: BatchStatus::Validating, requests: 3, ..batch.clone() };
    assert_eq!(of(stores, "batch_a").await, whole);
    let open = stores.batches.open_requests(&batch.id, 0, 9).await.unwrap();
    let expected = [&first[1], &second[0], &first[0]];
    let expected = expected.map(|it| OpenRequest { request: it.clone(), begun: None });
    assert_eq!(open, expected);

    for unready in ["batch_a", "batch_b"] {
        for requests in [vec![request(4, b"late")], Vec::new()] {
            let late = stores.batches.add_requests(&id(unready), requests).await;
            assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
        }
    }
    assert!(!stores.batches.close_batch(&id("batch_b")).await.unwrap());
    assert_eq!(open_numbers(stores, "batch_a").await, [1, 2, 3]);
}

/// The newest first, those of one millisecond by their ids, in pages without gaps.
pub async fn batches_list_newest_first_in_pages(stores: &Stores) {
    for (id, millis) in [("c", 1), ("B", 1), ("old", 0), ("ä", 1), ("a", 1), ("new", 2)] {
        submit(stores, plain(id, millis), 1).await;
    }
    let expected = ["new", "B", "a", "c", "ä", "old"];
    let query = BatchQuery { limit: 100, ..BatchQuery::default() };
    assert_eq!(listed(stores, query.clone()).await, expected);
    for limit in [1, 2, 4, 6] {
        let mut seen: Vec<String> = Vec::new();
        loop {
            let after = seen.last().map(|text| id(text));
            let page = listed(stores, BatchQuery { after, limit, ..query.clone() }).await;
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        assert_eq!(seen, expected, "{limit}");
    }
    assert!(listed(stores, BatchQuery { limit: 0, ..query.clone() }).await.is_empty());
    let unknown = BatchQuery { after: Some(id("unknown")), ..query.clone() };
    assert!(listed(stores, unknown).await.is_empty());
    let own = BatchQuery { workspace_id: Some("w".to_owned()), after: Some(id("c")), ..query };
    assert_eq!(listed(stores, own.clone()).await, ["ä", "old"]);
    let elsewhere = BatchQuery { workspace_id: Some("v".to_owned()), ..own };
    assert!(listed(stores, elsewhere).await.is_empty());
}

/// By workspace, status and time, each alone and all together.
pub async fn batches_are_listed_as_they_are_asked_for(stores: &Stores) {
    for (id, millis, workspace, status) in [
        ("a", 0, "w", BatchStatus::Receiving),
        ("b", 1, "w", BatchStatus::InProgress),
        ("c", 2, "v", BatchStatus::InProgress),
        ("d", 3, "w", BatchStatus::Completed),
        ("e", 4, "w", BatchStatus::InProgress),
        ("f", 5, "v", BatchStatus::Cancelled),
    ] {
        let workspace_id = workspace.to_owned();
        open(stores, BatchRecord { workspace_id, status, ..plain(id, millis) }).await;
    }
    let query = BatchQuery { limit: 9, ..BatchQuery::default() };
    assert_eq!(listed(stores, query.clone()).await, ["f", "e", "d", "c", "b"]);
    let own = BatchQuery { workspace_id: Some("w".to_owned()), ..query.clone() };
    assert_eq!(listed(stores, own.clone()).await, ["e", "d", "b"]);
    let with =
        |statuses: &[BatchStatus]| BatchQuery { statuses: statuses.to_vec(), ..query.clone() };
    assert_eq!(listed(stores, with(&[BatchStatus::InProgress])).await, ["e", "c", "b"]);
    assert_eq!(listed(stores, with(&[BatchStatus::Receiving])).await, ["a"]);
    let ended = with(&[BatchStatus::Completed, BatchStatus::Cancelled]);
    assert_eq!(listed(stores, ended).await, ["f", "d"]);
    assert!(listed(stores, with(&[BatchStatus::Expired])).await.is_empty());
    let at = |millis| Some(noon().plus_millis(millis));
    let since = BatchQuery { created_after: at(3), ..query.clone() };
    assert_eq!(listed(stores, since).await, ["f", "e", "d"]);
    let until = BatchQuery { created_before: at(3), ..query.clone() };
    assert_eq!(listed(stores, until).await, ["c", "b"]);
    let all = BatchQuery {
        statuses: vec![BatchStatus::InProgress, BatchStatus::Completed],
        created_after: at(1),
        created_before: at(4),
        ..own
    };
    assert_eq!(listed(stores, all.clone()).await, ["d", "b"]);
    // A place in the list stays one when the batch there is no longer asked for.
    let behind = BatchQuery { after: Some(id("e")), limit: 1, ..all.clone() };
    assert_eq!(listed(stores, behind).await, ["d"]);
    let behind = BatchQuery { after: Some(id("d")), ..all };
    assert_eq!(listed(stores, behind).await, ["b"]);
}

/// A step is taken from the statuses that it names only; the last one says when and why.
pub async fn a_batch_takes_the_steps_it_may_take(stores: &Stores) {
    use BatchStatus::{Cancelled, Completed, Finalizing, InProgress};
    submit(stores, plain("a", 0), 1).await;
    submit(stores, plain("b", 0), 1).await;
    let begun = BatchRecord { status: InProgress, ..of(stores, "a").await };
    assert!(!step(stores, "a", InProgress, Finalizing).await);
    assert_eq!(of(stores, "a").await.status, BatchStatus::Validating);
    assert!(step(stores, "a", BatchStatus::Validating, InProgress).await);
    assert_eq!(of(stores, "a").await, begun);
    assert!(!step(stores, "a", BatchStatus::Validating, InProgress).await);
    assert!(!step(stores, "unknown", InProgress, Finalizing).await);
    for to in [Completed, BatchStatus::Expired, Cancelled] {
        assert!(step(stores, "b", of(stores, "b").await.status, to).await);
        assert_eq!(of(stores, "b").await.finalized_at, Some(later(9)));
    }
}

/// Several statuses may be named, or none; why a batch failed stays.
pub async fn a_batch_fails_from_the_statuses_named(stores: &Stores) {
    use BatchStatus::{Cancelling, Completed, Failed, InProgress};
    let begun = BatchRecord { status: InProgress, ..plain("a", 0) };
    open(stores, begun.clone()).await;
    let failing = |from: &[BatchStatus], error: Option<&str>| BatchStep {
        from: from.to_vec(),
        to: Failed,
        at: later(4),
        error: error.map(str::to_owned),
    };
    let batches = &stores.batches;
    let nowhere = failing(&[], Some("x"));
    assert!(!batches.step_batch(&begun.id, nowhere).await.unwrap());
    let refused = failing(&[Cancelling, Completed], Some("x"));
    assert!(!batches.step_batch(&begun.id, refused).await.unwrap());
    assert_eq!(of(stores, "a").await, begun);
    let taken = failing(&[Cancelling, InProgress], Some("no key \0"));
    assert!(batches.step_batch(&begun.id, taken).await.unwrap());
    let failed = BatchRecord {
        status: Failed,
        finalized_at: Some(later(4)),
        error: Some("no key \0".to_owned()),
        ..begun.clone()
    };
    assert_eq!(of(stores, "a").await, failed);
    // Why something failed stays where a step doesn't say.
    let silent = failing(&[Failed], None);
    assert!(batches.step_batch(&begun.id, silent).await.unwrap());
    assert_eq!(of(stores, "a").await, failed);
}

/// A batch goes with its requests: one that is opened under its id has none of them.
pub async fn a_removed_batch_is_gone_with_its_requests(stores: &Stores) {
    submit(stores, plain("a", 0), 600).await;
    submit(stores, plain("b", 0), 1).await;
    assert!(finish(stores, ("a", 1), "one", answer("gen-1")).await);
    assert!(stores.batches.remove_batch(&id("a")).await.unwrap());
    assert!(!stores.batches.remove_batch(&id("a")).await.unwrap());
    assert_eq!(stores.batches.batch(&id("a")).await.unwrap(), None);
    let query = BatchQuery { limit: 9, ..BatchQuery::default() };
    assert_eq!(listed(stores, query).await, ["b"]);
    for text in ["a", "unknown"] {
        assert_nothing_is_there(stores, text).await;
    }
    assert_eq!(open_numbers(stores, "b").await, [1]);
    submit(stores, plain("a", 3), 0).await;
    assert_eq!(of(stores, "a").await.requests, 0);
    assert!(open_numbers(stores, "a").await.is_empty());
}

async fn assert_nothing_is_there(stores: &Stores, text: &str) {
    assert!(open_numbers(stores, text).await.is_empty());
    assert!(stores.batches.batch_results(&id(text), 0, 9).await.unwrap().is_empty());
    assert!(!begin(stores, text, 2, "one", "gen-2").await);
    assert!(!finish(stores, (text, 2), "one", refusal()).await);
    assert!(!step(stores, text, BatchStatus::Validating, BatchStatus::Cancelling).await);
}

/// What ended goes by its end, what was never whole by its beginning; the rest stays.
pub async fn old_batches_go_oldest_first(stores: &Stores) {
    use BatchStatus::{Cancelled, Completed, Expired, Failed, InProgress, Receiving};
    for (text, begun, status, ended) in [
        ("ended late", 0, Completed, Some(10)),
        ("ended third", 0, Failed, Some(8)),
        ("ended first", 5, Expired, Some(6)),
        ("stale second", 7, Receiving, None),
        ("new", 10, Receiving, None),
        ("under way", -9, InProgress, None),
        ("ended fourth", 8, Cancelled, Some(9)),
    ] {
        let finalized_at = ended.map(|millis| noon().plus_millis(millis));
        open(stores, BatchRecord { finalized_at, ..plain(text, begun) }).await;
        stores.batches.add_requests(&id(text), vec![request(1, b"{}")]).await.unwrap();
        if status != Receiving {
            let at = finalized_at.unwrap_or(noon());
            let step = BatchStep { from: vec![Receiving], to: status, at, error: None };
            assert!(stores.batches.step_batch(&id(text), step).await.unwrap());
        }
    }
    let before = noon().plus_millis(10);
    let statuses = BatchStatus::ALL.to_vec();
    let all = BatchQuery { statuses, limit: 9, ..BatchQuery::default() };
    assert_eq!(stores.batches.remove_batches_before(before, 0).await.unwrap(), 0);
    assert_eq!(listed(stores, all.clone()).await.len(), 7);
    assert_eq!(stores.batches.remove_batches_before(before, 2).await.unwrap(), 2);
    let left = ["new", "ended fourth", "ended late", "ended third", "under way"];
    assert_eq!(listed(stores, all.clone()).await, left);
    assert_eq!(stores.batches.remove_batches_before(before, 9).await.unwrap(), 2);
    assert_eq!(stores.batches.remove_batches_before(before, 9).await.unwrap(), 0);
    assert_eq!(listed(stores, all).await, ["new", "ended late", "under way"]);
    for (text, left) in [("stale second", 0), ("ended first", 0), ("under way", 1), ("new", 1)] {
        assert_eq!(open_numbers(stores, text).await.len(), left, "{text}");
    }
}

//! Cases of [`BatchStore`](crate::BatchStore).

use tollgate_types::{BatchId, GenerationId, Timestamp, Usd};

use super::sample::{full_generation, hash, noon};
use crate::{
    Attribution, BatchOutcome, BatchQuery, BatchRecord, BatchRequest, BatchStatus, BatchStep,
    BatchTally, OpenRequest, StoreError, Stores,
};

/// A batch that nobody has said more of than is needed.
fn plain(id: &str, millis: i64) -> BatchRecord {
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

fn request(number: u32, body: &[u8]) -> BatchRequest {
    BatchRequest { number, custom_id: format!("request-{number}"), body: body.to_vec() }
}

fn answer(generation: &str) -> BatchOutcome {
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

fn refusal() -> BatchOutcome {
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

fn id(text: &str) -> BatchId {
    BatchId::from_text(text)
}

fn later(seconds: i64) -> Timestamp {
    noon().plus_millis(1_000 * seconds)
}

async fn open(stores: &Stores, batch: BatchRecord) {
    stores.batches.open_batch(batch).await.unwrap();
}

/// A whole batch of so many requests.
async fn submit(stores: &Stores, batch: BatchRecord, requests: u32) {
    let id = batch.id.clone();
    open(stores, batch).await;
    let requests = (1..=requests).map(|number| request(number, b"{}")).collect();
    stores.batches.add_requests(&id, requests).await.unwrap();
    assert!(stores.batches.close_batch(&id).await.unwrap());
}

async fn of(stores: &Stores, text: &str) -> BatchRecord {
    stores.batches.batch(&id(text)).await.unwrap().unwrap()
}

async fn step(stores: &Stores, text: &str, from: BatchStatus, to: BatchStatus) -> bool {
    let step = BatchStep { from: vec![from], to, at: later(9), error: None };
    stores.batches.step_batch(&id(text), step).await.unwrap()
}

async fn listed(stores: &Stores, query: BatchQuery) -> Vec<String> {
    let found = stores.batches.batches(&query).await.unwrap();
    found.iter().map(|batch| batch.id.as_str().to_owned()).collect()
}

async fn claim(stores: &Stores, node: &str, now: i64, except: &[&str]) -> Option<String> {
    let except: Vec<_> = except.iter().map(|text| id(text)).collect();
    let until = later(now + 60);
    let claimed = stores.batches.claim_batch(node, (later(now), until), &except).await.unwrap();
    claimed.map(|batch| batch.id.as_str().to_owned())
}

async fn begin(stores: &Stores, text: &str, number: u32, node: &str, call: &str) -> bool {
    let (id, call) = (id(text), GenerationId::from_text(call));
    stores.batches.begin_request((&id, number), node, &call).await.unwrap()
}

async fn finish(
    stores: &Stores,
    (text, number): (&str, u32),
    node: &str,
    outcome: BatchOutcome,
) -> bool {
    stores.batches.finish_request((&id(text), number), node, outcome).await.unwrap()
}

async fn open_numbers(stores: &Stores, text: &str) -> Vec<u32> {
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
    use BatchStatus::{Cancelled, Cancelling, Completed, Failed, Finalizing, InProgress};
    submit(stores, plain("a", 0), 1).await;
    submit(stores, plain("b", 0), 1).await;
    let begun = BatchRecord { status: InProgress, ..of(stores, "a").await };
    assert!(!step(stores, "a", InProgress, Finalizing).await);
    assert_eq!(of(stores, "a").await.status, BatchStatus::Validating);
    assert!(step(stores, "a", BatchStatus::Validating, InProgress).await);
    assert_eq!(of(stores, "a").await, begun);
    assert!(!step(stores, "a", BatchStatus::Validating, InProgress).await);
    assert!(!step(stores, "unknown", InProgress, Finalizing).await);

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

    for to in [Completed, BatchStatus::Expired, Cancelled] {
        assert!(step(stores, "b", of(stores, "b").await.status, to).await);
        assert_eq!(of(stores, "b").await.finalized_at, Some(later(9)));
    }
}

/// Only those that somebody has to go on with, the oldest first.
pub async fn due_batches_are_claimed_oldest_first(stores: &Stores) {
    for (place, status) in (0..).zip(BatchStatus::ALL) {
        let batch = BatchRecord { status, ..plain(status.as_str(), 100 - place) };
        open(stores, batch).await;
    }
    for due in ["cancelling", "finalizing", "in_progress", "validating"] {
        assert_eq!(claim(stores, due, 0, &[]).await.as_deref(), Some(due));
    }
    assert_eq!(claim(stores, "node", 0, &[]).await, None);
    let none_is_there = stores.batches.claim_batch("", (later(0), later(0)), &[]).await.unwrap();
    assert_eq!(none_is_there, None);
    // Of one millisecond by their ids; a claimed batch is told whole.
    for text in ["y", "X", "z"] {
        submit(stores, plain(text, -1), 2).await;
    }
    let first = stores.batches.claim_batch("node", (later(0), later(60)), &[]).await.unwrap();
    assert_eq!(first, Some(of(stores, "X").await));
    assert_eq!(claim(stores, "node", 0, &["X"]).await.as_deref(), Some("y"));
    assert_eq!(claim(stores, "node", 0, &["X", "unknown", "y"]).await.as_deref(), Some("z"));
    assert_eq!(claim(stores, "node", 0, &["X", "y", "z"]).await, None);
}

/// Nobody else takes a batch over while its lease lasts; whoever has it may take it again.
pub async fn a_lease_keeps_others_away_until_it_ends(stores: &Stores) {
    submit(stores, plain("a", 0), 1).await;
    let batches = &stores.batches;
    let a = id("a");
    assert_eq!(claim(stores, "one", 0, &[]).await.as_deref(), Some("a"));
    assert_eq!(claim(stores, "two", 59, &[]).await, None);
    // Its own lease is renewed: to 90, then to 100.
    assert_eq!(claim(stores, "one", 30, &[]).await.as_deref(), Some("a"));
    assert_eq!(claim(stores, "two", 89, &[]).await, None);
    assert!(batches.renew_batch(&a, "one", later(100)).await.unwrap());
    assert!(!batches.renew_batch(&a, "two", later(900)).await.unwrap());
    assert!(!batches.renew_batch(&id("unknown"), "one", later(900)).await.unwrap());
    assert_eq!(claim(stores, "two", 99, &[]).await, None);
    // Giving up what another has changes nothing.
    batches.release_batch(&a, "two").await.unwrap();
    batches.release_batch(&id("unknown"), "two").await.unwrap();
    assert_eq!(claim(stores, "two", 99, &[]).await, None);
    assert_eq!(claim(stores, "two", 100, &[]).await.as_deref(), Some("a"));
    assert!(!batches.renew_batch(&a, "one", later(900)).await.unwrap());
    assert_eq!(claim(stores, "one", 101, &[]).await, None);
    batches.release_batch(&a, "two").await.unwrap();
    assert_eq!(claim(stores, "one", 101, &[]).await.as_deref(), Some("a"));
    assert!(step(stores, "a", BatchStatus::Validating, BatchStatus::Completed).await);
    assert_eq!(claim(stores, "one", 101, &[]).await, None);
}

/// Of many nodes that claim at once each gets another batch, and all batches are had.
pub async fn nodes_claim_different_batches(stores: &Stores) {
    for text in ["a", "b", "c"] {
        submit(stores, plain(text, 0), 1).await;
    }
    let claimed = tokio::join!(
        claim(stores, "one", 0, &[]),
        claim(stores, "two", 0, &[]),
        claim(stores, "three", 0, &[]),
        claim(stores, "four", 0, &[]),
    );
    let mut claimed = [claimed.0, claimed.1, claimed.2, claimed.3];
    claimed.sort();
    let expected = [None, Some("a"), Some("b"), Some("c")];
    assert_eq!(claimed, expected.map(|text| text.map(str::to_owned)));
}

/// What was begun is told until it is finished, and a request is finished once.
pub async fn requests_are_begun_and_finished_once(stores: &Stores) {
    submit(stores, plain("a", 0), 4).await;
    assert_eq!(claim(stores, "one", 0, &[]).await.as_deref(), Some("a"));
    assert!(begin(stores, "a", 2, "one", "gen-1").await);
    assert!(begin(stores, "a", 2, "one", "gen-2\0").await);
    assert!(begin(stores, "a", 3, "one", "gen-3").await);
    assert!(!begin(stores, "a", 5, "one", "gen-4").await);
    assert!(!begin(stores, "unknown", 1, "one", "gen-4").await);
    let open = stores.batches.open_requests(&id("a"), 1, 2).await.unwrap();
    let begun = |number, call: &str| OpenRequest {
        request: request(number, b"{}"),
        begun: Some(GenerationId::from_text(call)),
    };
    assert_eq!(open, [begun(2, "gen-2\0"), begun(3, "gen-3")]);

    assert!(finish(stores, ("a", 2), "one", answer("gen-2")).await);
    let before = of(stores, "a").await;
    assert!(!finish(stores, ("a", 2), "one", refusal()).await);
    assert!(!finish(stores, ("a", 5), "one", refusal()).await);
    assert!(!finish(stores, ("unknown", 1), "one", refusal()).await);
    assert!(!begin(stores, "a", 2, "one", "gen-9").await);
    assert_eq!(of(stores, "a").await, before);
    // What was never begun may have an outcome, too.
    assert!(finish(stores, ("a", 1), "one", refusal()).await);
    assert_eq!(open_numbers(stores, "a").await, [3, 4]);
    let open = stores.batches.open_requests(&id("a"), 3, 9).await.unwrap();
    assert_eq!(open, [OpenRequest { request: request(4, b"{}"), begun: None }]);
    assert!(stores.batches.open_requests(&id("a"), 0, 0).await.unwrap().is_empty());
    assert!(open_numbers(stores, "unknown").await.is_empty());
}

/// The sums are those of the outcomes, also when many come at once or there is no number for them.
pub async fn outcomes_are_added_up(stores: &Stores) {
    submit(stores, plain("a", 0), 40).await;
    submit(stores, plain("b", 1), 2).await;
    assert_eq!(of(stores, "a").await.provider, None);
    let mut tasks = tokio::task::JoinSet::new();
    for number in (1..=40).chain(1..=40) {
        let stores = stores.clone();
        tasks.spawn(async move {
            let is_answer = number % 4 != 0;
            let outcome = if is_answer { answer("gen-1") } else { refusal() };
            finish(&stores, ("a", number), "one", outcome).await
        });
    }
    let kept = tasks.join_all().await.into_iter().filter(|kept| *kept).count();
    assert_eq!(kept, 40);
    let expected = BatchTally {
        completed: 30,
        failed: 10,
        prompt_tokens: 300,
        completion_tokens: 90,
        cost: Usd::from_nanos(2_100),
        with_own_keys: 30,
    };
    let batch = of(stores, "a").await;
    assert_eq!((batch.tally, batch.provider.as_deref()), (expected, Some("Acme\0")));
    assert_eq!(of(stores, "b").await.tally, BatchTally::default());

    let absurd = BatchOutcome {
        prompt_tokens: i64::MAX.unsigned_abs(),
        cost: Usd::from_nanos(i64::MAX),
        provider: Some("Other".to_owned()),
        ..answer("gen-2")
    };
    assert!(finish(stores, ("b", 1), "one", absurd.clone()).await);
    assert!(finish(stores, ("b", 2), "one", absurd.clone()).await);
    let tally = of(stores, "b").await.tally;
    assert_eq!((tally.completed, tally.completion_tokens), (2, 6));
    assert_eq!((tally.prompt_tokens, tally.cost), (absurd.prompt_tokens, absurd.cost));
    assert_eq!(of(stores, "b").await.provider.as_deref(), Some("Other"));
}

/// Who has lost a batch to another node writes nothing for it any more.
pub async fn a_lost_lease_writes_nothing(stores: &Stores) {
    submit(stores, plain("a", 0), 2).await;
    assert_eq!(claim(stores, "one", 0, &[]).await.as_deref(), Some("a"));
    assert!(begin(stores, "a", 1, "one", "gen-1").await);
    assert_eq!(claim(stores, "two", 60, &[]).await.as_deref(), Some("a"));
    let before = of(stores, "a").await;
    assert!(!begin(stores, "a", 1, "one", "gen-2").await);
    assert!(!begin(stores, "a", 2, "one", "gen-3").await);
    assert!(!finish(stores, ("a", 1), "one", answer("gen-1")).await);
    assert_eq!(of(stores, "a").await, before);
    let open = stores.batches.open_requests(&id("a"), 0, 9).await.unwrap();
    let begun: Vec<_> = open.iter().map(|it| it.begun.as_ref().map(GenerationId::as_str)).collect();
    assert_eq!(begun, [Some("gen-1"), None]);
    // Who has it writes, and so does anybody once it is given up.
    assert!(finish(stores, ("a", 1), "two", answer("gen-1")).await);
    stores.batches.release_batch(&id("a"), "two").await.unwrap();
    assert!(begin(stores, "a", 2, "one", "gen-4").await);
    assert!(finish(stores, ("a", 2), "one", refusal()).await);
    assert_eq!(of(stores, "a").await.tally.failed, 1);
}

/// Every request in its place, with what came of it if anything did.
pub async fn results_read_back_in_order(stores: &Stores) {
    submit(stores, plain("a", 0), 5).await;
    submit(stores, plain("b", 0), 1).await;
    let bare = BatchOutcome { body: Vec::new(), ..refusal() };
    for (number, outcome) in [(4, answer("gen-\0É")), (1, refusal()), (2, bare.clone())] {
        assert!(finish(stores, ("a", number), "one", outcome).await);
    }
    let expected = [Some(refusal()), Some(bare), None, Some(answer("gen-\0É")), None];
    let mut seen = Vec::new();
    loop {
        let after = seen.last().map_or(0, |it: &crate::BatchResult| it.number);
        let page = stores.batches.batch_results(&id("a"), after, 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        seen.extend(page);
    }
    let numbers: Vec<_> = seen.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert!(seen.iter().all(|it| it.custom_id == format!("request-{}", it.number)));
    let outcomes: Vec<_> = seen.into_iter().map(|it| it.outcome).collect();
    assert_eq!(outcomes, expected);
    assert!(stores.batches.batch_results(&id("a"), 5, 9).await.unwrap().is_empty());
    assert!(stores.batches.batch_results(&id("unknown"), 0, 9).await.unwrap().is_empty());
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
        assert!(open_numbers(stores, text).await.is_empty());
        assert!(stores.batches.batch_results(&id(text), 0, 9).await.unwrap().is_empty());
        assert!(!begin(stores, text, 2, "one", "gen-2").await);
        assert!(!finish(stores, (text, 2), "one", refusal()).await);
        assert!(!step(stores, text, BatchStatus::Validating, BatchStatus::Cancelling).await);
    }
    assert_eq!(open_numbers(stores, "b").await, [1]);
    submit(stores, plain("a", 3), 0).await;
    assert_eq!(of(stores, "a").await.requests, 0);
    assert!(open_numbers(stores, "a").await.is_empty());
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

//! Cases of whoever works on batches: leases, and what comes of requests.

use tollgate_types::{GenerationId, Usd};

use super::batches::{
    answer, begin, claim, finish, id, later, of, open, open_numbers, plain, refusal, request, step,
    submit,
};
use crate::{BatchOutcome, BatchRecord, BatchResult, BatchStatus, BatchTally, OpenRequest, Stores};

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
    assert_eq!(claim(stores, "two", 100, &[]).await.as_deref(), Some("a"));
    assert!(!batches.renew_batch(&a, "one", later(900)).await.unwrap());
    assert_eq!(claim(stores, "one", 101, &[]).await, None);
}

/// Whoever has a lease may give it up, and nobody else; what has ended needs none.
pub async fn a_lease_is_given_up_by_its_node(stores: &Stores) {
    submit(stores, plain("a", 0), 1).await;
    let batches = &stores.batches;
    let a = id("a");
    assert_eq!(claim(stores, "two", 100, &[]).await.as_deref(), Some("a"));
    batches.release_batch(&a, "one").await.unwrap();
    batches.release_batch(&id("unknown"), "two").await.unwrap();
    assert_eq!(claim(stores, "one", 101, &[]).await, None);
    batches.release_batch(&a, "two").await.unwrap();
    assert_eq!(claim(stores, "one", 101, &[]).await.as_deref(), Some("a"));
    batches.release_batch(&a, "one").await.unwrap();
    // Nobody has it: whoever keeps it has it from then on.
    assert!(batches.renew_batch(&a, "two", later(200)).await.unwrap());
    assert_eq!(claim(stores, "one", 199, &[]).await, None);
    assert_eq!(claim(stores, "one", 200, &[]).await.as_deref(), Some("a"));
    assert!(step(stores, "a", BatchStatus::Validating, BatchStatus::Completed).await);
    assert_eq!(claim(stores, "one", 201, &[]).await, None);
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

/// What was begun last is told, in the requests' order and by the page.
pub async fn requests_tell_what_was_begun_for_them(stores: &Stores) {
    submit(stores, plain("a", 0), 4).await;
    assert_eq!(claim(stores, "one", 0, &[]).await.as_deref(), Some("a"));
    assert!(begin(stores, "a", 2, "one", "gen-1").await);
    assert!(begin(stores, "a", 2, "one", "gen-2\0").await);
    assert!(begin(stores, "a", 3, "one", "gen-3").await);
    assert!(!begin(stores, "a", 5, "one", "gen-4").await);
    assert!(!begin(stores, "unknown", 1, "one", "gen-4").await);
    let begun = |number, call: Option<&str>| OpenRequest {
        request: request(number, b"{}"),
        begun: call.map(GenerationId::from_text),
    };
    let open = stores.batches.open_requests(&id("a"), 1, 2).await.unwrap();
    assert_eq!(open, [begun(2, Some("gen-2\0")), begun(3, Some("gen-3"))]);
    let open = stores.batches.open_requests(&id("a"), 3, 9).await.unwrap();
    assert_eq!(open, [begun(4, None)]);
    assert!(stores.batches.open_requests(&id("a"), 0, 0).await.unwrap().is_empty());
    assert!(open_numbers(stores, "unknown").await.is_empty());
}

/// A request is finished once, begun or not, and is not open any more.
pub async fn requests_are_finished_once(stores: &Stores) {
    submit(stores, plain("a", 0), 4).await;
    assert_eq!(claim(stores, "one", 0, &[]).await.as_deref(), Some("a"));
    assert!(begin(stores, "a", 2, "one", "gen-2").await);
    assert!(finish(stores, ("a", 2), "one", answer("gen-2")).await);
    let before = of(stores, "a").await;
    let results = stores.batches.batch_results(&id("a"), 0, 9).await.unwrap();
    assert!(!finish(stores, ("a", 2), "one", refusal()).await);
    assert!(!finish(stores, ("a", 5), "one", refusal()).await);
    assert!(!finish(stores, ("unknown", 1), "one", refusal()).await);
    assert!(!begin(stores, "a", 2, "one", "gen-9").await);
    assert_eq!(of(stores, "a").await, before);
    assert_eq!(stores.batches.batch_results(&id("a"), 0, 9).await.unwrap(), results);
    assert!(finish(stores, ("a", 1), "one", refusal()).await);
    assert_eq!(open_numbers(stores, "a").await, [3, 4]);
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
        let after = seen.last().map_or(0, |it: &BatchResult| it.number);
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

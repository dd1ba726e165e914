use tokio::task::JoinSet;
use tollgate_store::{GenerationRecord, MemoryStore, Whose};
use tollgate_types::{GenerationId, KeyHash, ModelSlug};

use super::*;
use crate::SystemClock;

const BELIEVED: Duration = Duration::from_mins(10);
const KEY: KeyHash = KeyHash::from_bytes([1; 32]);
const KEY_SPENDER: Spender = Spender { whose: Whose::Key(KEY), with_own: false };

fn usd(nanos: i64) -> Usd {
    Usd::from_nanos(nanos)
}

fn need(most: i64, least: i64) -> Need {
    Need { most: usd(most), least: usd(least) }
}

fn limit(nanos: i64) -> Vec<Cap> {
    vec![Cap { since: None, amount: usd(nanos) }]
}

fn stores() -> Stores {
    MemoryStore::new().into_shared_stores()
}

fn node(name: &str, stores: &Stores) -> Arc<Allotments> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Arc::new(Allotments::of(&NodeId::new(name), stores, &clock, BELIEVED).unwrap())
}

async fn hold(
    node: &Arc<Allotments>,
    need: Need,
    limit_nanos: i64,
) -> Result<AllotmentHold, Short> {
    node.hold(&KEY_SPENDER, need, &limit(limit_nanos)).await
}

/// Writes down what a call cost, as the recorder does.
async fn write(stores: &Stores, id: &str, spent: Spent, cost: i64) {
    let model = ModelSlug::parse("acme/small").unwrap();
    let (id, at) = (GenerationId::from_text(id), Timestamp::from_unix_millis(1));
    let record = GenerationRecord { cost: usd(cost), ..GenerationRecord::new(id, KEY, model, at) };
    stores.generations.append(vec![record]).await.unwrap();
    drop(spent);
}

#[tokio::test(start_paused = true)]
async fn what_one_node_may_spend_no_other_may() {
    let stores = stores();
    let (a, b) = (node("a", &stores), node("b", &stores));
    let first = hold(&a, need(600, 600), 1_000).await.unwrap();
    let refused = hold(&b, need(600, 600), 1_000).await;
    assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    let second = hold(&b, need(400, 400), 1_000).await.unwrap();
    // What it cost less is free when it is on record, and said.
    write(&stores, "g1", first.settle(usd(100)), 100).await;
    let refused = hold(&b, need(500, 500), 1_000).await;
    assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    a.allotments.read()[&KEY_SPENDER].state.lock().used_at = Timestamp::from_unix_millis(0);
    a.tell().await.unwrap();
    drop(hold(&b, need(500, 500), 1_000).await.unwrap());
    write(&stores, "g2", second.settle(usd(900)), 900).await;
    let refused = hold(&b, need(1, 1), 1_000).await;
    assert!(matches!(refused, Err(Short::Empty)), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_guess_holds_half_and_shuts_nobody_out() {
    let stores = stores();
    let (a, b) = (node("a", &stores), node("b", &stores));
    let guess = hold(&a, need(10_000, 10), 1_000).await.unwrap();
    drop(hold(&a, need(100, 100), 1_000).await.unwrap());
    drop(hold(&b, need(400, 400), 1_000).await.unwrap());
    let refused = hold(&b, need(600, 600), 1_000).await;
    assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    drop(guess);
}

/// However many begin at once: what they cost beyond what they hold is what one of them does.
#[tokio::test(start_paused = true)]
async fn one_guess_at_a_time_is_under_way() {
    let stores = stores();
    let a = node("a", &stores);
    let guess = hold(&a, need(10_000, 10), 1_000).await.unwrap();
    let refused = hold(&a, need(10_000, 10), 1_000).await;
    assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    // One that cost less than it held is over with its answer.
    let spent = guess.settle(usd(100));
    let guess = hold(&a, need(10_000, 10), 1_000).await.unwrap();
    write(&stores, "g1", spent, 100).await;
    // One that cost more is over when that is on record.
    let spent = guess.settle(usd(850));
    let refused = hold(&a, need(10_000, 10), 1_000).await;
    assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    write(&stores, "g2", spent, 850).await;
    let guess = hold(&a, need(10_000, 10), 1_000).await.unwrap();
    drop(guess);
    drop(hold(&a, need(10_000, 10), 1_000).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_uses_goes_back() {
    let stores = stores();
    let (a, b) = (node("a", &stores), node("b", &stores));
    // What nobody has given back yet nobody else has.
    drop(hold(&a, need(1_000, 1_000), 1_000).await.unwrap());
    assert!(hold(&b, need(1, 1), 1_000).await.is_err());
    a.tell().await.unwrap();
    assert!(a.allotments.read().is_empty());
    // A part is kept for the next call, until there is none for long.
    drop(hold(&b, need(10, 10), 1_000).await.unwrap());
    let refused = hold(&a, need(1_000, 1_000), 1_000).await;
    assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    b.tell().await.unwrap();
    assert!(hold(&a, need(1_000, 1_000), 1_000).await.is_err());
    let before = SystemClock.now().plus_millis(-SCARCE_IDLE_MILLIS);
    b.allotments.read()[&KEY_SPENDER].state.lock().used_at = before;
    b.tell().await.unwrap();
    drop(hold(&a, need(1_000, 1_000), 1_000).await.unwrap());
    a.tell().await.unwrap();
    drop(hold(&b, need(1_000, 1_000), 1_000).await.unwrap());
    b.forget().await.unwrap();
    drop(hold(&a, need(1_000, 1_000), 1_000).await.unwrap());
}

/// What cost more than was held for it is on record like everything else: nobody has it besides.
#[tokio::test(start_paused = true)]
async fn what_cost_more_gives_nobody_more() {
    let stores = stores();
    let (a, b) = (node("a", &stores), node("b", &stores));
    let held = hold(&a, need(100, 100), 1_000).await.unwrap();
    write(&stores, "g1", held.settle(usd(700)), 700).await;
    a.tell().await.unwrap();
    let refused = hold(&b, need(301, 301), 1_000).await;
    assert!(matches!(refused, Err(Short::Less { available }) if available == usd(300)));
    drop(hold(&b, need(300, 300), 1_000).await.unwrap());
}

/// A cap that was lowered is the same at all nodes, whatever they were allotted under the old one.
#[tokio::test(start_paused = true)]
async fn what_was_allotted_under_another_cap_is_given_up() {
    let stores = stores();
    let (a, b) = (node("a", &stores), node("b", &stores));
    for node in [&a, &b] {
        drop(hold(node, need(10, 10), 16_000).await.unwrap());
    }
    let first = hold(&a, need(600, 600), 1_000).await;
    assert!(matches!(first, Err(Short::InFlight)), "the other has a part of what there was");
    let second = hold(&b, need(600, 600), 1_000).await;
    assert!(matches!(second, Err(Short::InFlight)));
    a.tell().await.unwrap();
    b.tell().await.unwrap();
    let held = hold(&a, need(600, 600), 1_000).await.unwrap();
    assert!(hold(&b, need(600, 600), 1_000).await.is_err());
    drop(hold(&b, need(400, 400), 1_000).await.unwrap());
    drop(held);
}

/// What one caller spends who calls again and again, whether it may or not, and whose calls cost less
/// each time.
async fn spend(node: Arc<Allotments>, stores: Stores, caller: usize, limit_nanos: i64) -> i64 {
    let mut spent = 0;
    for call in 0..20_i64 {
        if let Ok(hold) = hold(&node, need(300, 300), limit_nanos).await {
            tokio::task::yield_now().await;
            let cost = 300 - call * 10;
            spent += cost;
            let id = format!("gen-{caller}-{call}");
            write(&stores, &id, hold.settle(usd(cost)), cost).await;
        } else {
            node.tell().await.unwrap();
        }
    }
    spent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_limit_is_the_same_at_three_nodes() {
    const LIMIT: i64 = 100_000;
    let stores = stores();
    let nodes: Vec<Arc<Allotments>> =
        ["a", "b", "c"].iter().map(|name| node(name, &stores)).collect();
    let mut callers = JoinSet::new();
    for caller in 0..200_usize {
        let node = Arc::clone(&nodes[caller % nodes.len()]);
        callers.spawn(spend(node, stores.clone(), caller, LIMIT));
    }
    let spent: i64 = callers.join_all().await.into_iter().sum();
    assert!((LIMIT / 2..=LIMIT).contains(&spent), "{spent} of {LIMIT}");
}

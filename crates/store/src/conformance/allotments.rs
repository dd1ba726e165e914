//! Cases of [`AllotmentStore`](crate::AllotmentStore).

use std::time::Duration;

use tokio::task::JoinSet;
use tollgate_ledger::{NodeId, SlicePolicy};
use tollgate_types::{Timestamp, Usd, UtcDay};

use super::sample::{at, hash, noon, spend};
use crate::{
    AllotmentRequest, AllotmentStore, Allotted, Cap, GenerationRecord, Spender, Stores, Whose,
};

const ALWAYS: Duration = Duration::from_hours(1);

fn usd(nanos: i64) -> Usd {
    Usd::from_nanos(nanos)
}

fn store(stores: &Stores) -> &dyn AllotmentStore {
    stores.allotments.as_deref().unwrap()
}

fn of(whose: Whose) -> Spender {
    Spender { whose, with_own: false }
}

fn ever(nanos: i64) -> Cap {
    Cap { since: None, amount: usd(nanos) }
}

fn of_key(node: &str, caps: Vec<Cap>, (has, need): (i64, i64)) -> AllotmentRequest {
    AllotmentRequest {
        spender: of(Whose::Key(hash(1))),
        node: NodeId::new(node),
        caps,
        has: usd(has),
        need: usd(need),
        policy: SlicePolicy::default(),
        believed: ALWAYS,
    }
}

async fn allot(stores: &Stores, request: AllotmentRequest) -> Allotted {
    store(stores).allot(request).await.unwrap()
}

async fn record(stores: &Stores, id: &str, nanos: i64, when: Timestamp) {
    stores.generations.append(vec![spend(id, hash(1), when, nanos)]).await.unwrap();
}

/// A sixteenth of what is left, or what is needed if that is more, and nothing where there is less.
pub async fn an_allotment_is_cut_of_what_is_left(stores: &Stores) {
    for (has, need, more, free) in
        [(0, 10, Some(100), 1_500), (100, 500, Some(500), 1_000), (600, 1_001, None, 1_000)]
    {
        let given = allot(stores, of_key("a", vec![ever(1_600)], (has, need))).await;
        assert_eq!(given, Allotted { more: more.map(usd), free: usd(free), elsewhere: Usd::ZERO });
    }
}

/// What is on record is spent, and what other nodes have can be.
pub async fn what_is_on_record_and_what_nodes_have_never_exceed_a_cap(stores: &Stores) {
    assert_eq!(allot(stores, of_key("a", vec![ever(1_000)], (0, 400))).await.more, Some(usd(400)));
    record(stores, "g1", 300, noon()).await;
    // Until the first node says that it has less, what it spent counts twice.
    let given = allot(stores, of_key("b", vec![ever(1_000)], (0, 300))).await;
    assert_eq!(given, Allotted { more: Some(usd(300)), free: Usd::ZERO, elsewhere: usd(400) });
    let none = allot(stores, of_key("b", vec![ever(1_000)], (300, 1))).await;
    assert_eq!(none.more, None);
    let spender = of(Whose::Key(hash(1)));
    store(stores).has_left(&NodeId::new("a"), vec![(spender, usd(100))]).await.unwrap();
    let given = allot(stores, of_key("b", vec![ever(1_000)], (300, 300))).await;
    assert_eq!(given, Allotted { more: Some(usd(300)), free: Usd::ZERO, elsewhere: usd(100) });
}

/// Of several caps the one of which least is left.
pub async fn the_smallest_cap_holds(stores: &Stores) {
    record(stores, "yesterday", 950, at("2026-11-20T12:00:00Z")).await;
    record(stores, "today", 10, at("2026-11-21T12:00:00Z")).await;
    let today = UtcDay::of(at("2026-11-21T12:00:00Z"));
    let daily = Cap { since: Some(today), amount: usd(60) };
    let given = allot(stores, of_key("a", vec![ever(1_000), daily], (0, 41))).await;
    assert_eq!(given, Allotted { more: None, free: usd(40), elsewhere: Usd::ZERO });
    let given = allot(stores, of_key("a", vec![daily], (0, 41))).await;
    assert_eq!(given, Allotted { more: Some(usd(41)), free: usd(9), elsewhere: Usd::ZERO });
    // Below a cap there is nothing, and what is missing is told.
    let given = allot(stores, of_key("a", vec![ever(900)], (0, 1))).await;
    assert_eq!(given, Allotted { more: None, free: usd(-60), elsewhere: Usd::ZERO });
}

/// Nobody has to be asked for what a node gives back, or forgets.
pub async fn what_a_node_has_less_others_may_have(stores: &Stores) {
    let caps = || vec![ever(1_000)];
    assert_eq!(allot(stores, of_key("a", caps(), (0, 1_000))).await.more, Some(usd(1_000)));
    let none = allot(stores, of_key("b", caps(), (0, 1))).await;
    assert_eq!(none, Allotted { more: None, free: Usd::ZERO, elsewhere: usd(1_000) });
    let spender = of(Whose::Key(hash(1)));
    store(stores).has_left(&NodeId::new("a"), vec![(spender.clone(), usd(0))]).await.unwrap();
    assert_eq!(allot(stores, of_key("b", caps(), (0, 1_000))).await.more, Some(usd(1_000)));
    assert_eq!(allot(stores, of_key("a", caps(), (0, 1))).await.more, None);
    store(stores).forget_node(&NodeId::new("b")).await.unwrap();
    assert_eq!(allot(stores, of_key("a", caps(), (0, 1))).await.elsewhere, Usd::ZERO);
}

/// Whoever has not been heard of for long counts no more.
pub async fn a_node_that_is_gone_has_nothing(stores: &Stores) {
    let caps = || vec![ever(1_000)];
    assert_eq!(allot(stores, of_key("a", caps(), (0, 900))).await.more, Some(usd(900)));
    let patient = of_key("b", caps(), (0, 200));
    let hasty = AllotmentRequest { believed: Duration::ZERO, ..patient.clone() };
    assert_eq!(allot(stores, patient).await.more, None);
    assert_eq!(allot(stores, hasty).await.more, Some(usd(200)));
}

/// A key's spend is not its workspace's, nor another's.
pub async fn windows_and_workspaces_have_their_own_caps(stores: &Stores) {
    let record = spend("g1", hash(1), noon(), 300);
    let workspace = record.workspace_id.clone();
    let own = GenerationRecord {
        is_byok: true,
        upstream_cost: usd(300),
        workspace_id: "own".to_owned(),
        ..spend("g2", hash(3), noon(), 0)
    };
    stores.generations.append(vec![record, own]).await.unwrap();
    let wanted = |whose: Whose, with_own: bool| AllotmentRequest {
        spender: Spender { whose, with_own },
        ..of_key("a", vec![ever(500)], (0, 201))
    };
    let all = Some(usd(201));
    for (whose, with_own, more) in [
        (Whose::Key(hash(1)), false, None),
        (Whose::Key(hash(1)), true, None),
        (Whose::Key(hash(2)), false, all),
        (Whose::Workspace(workspace), false, None),
        (Whose::Workspace("other".to_owned()), false, all),
        // What its own accounts are charged for counts where it is to.
        (Whose::Key(hash(3)), false, all),
        (Whose::Key(hash(3)), true, None),
        (Whose::Workspace("own".to_owned()), false, all),
        (Whose::Workspace("own".to_owned()), true, None),
    ] {
        let given = allot(stores, wanted(whose.clone(), with_own)).await;
        assert_eq!(given.more, more, "{whose:?} {with_own}");
    }
}

/// However many ask at once.
pub async fn parallel_nodes_are_allotted_no_more_than_there_is(stores: &Stores) {
    let mut tasks = JoinSet::new();
    for node in 0..8 {
        let stores = stores.clone();
        tasks.spawn(async move {
            let (name, mut has) = (format!("node {node}"), 0);
            for _ in 0..20 {
                let request = of_key(&name, vec![ever(1_000)], (has, 30));
                let given = store(&stores).allot(request).await.unwrap();
                has += given.more.map_or(0, Usd::nanos);
            }
            has
        });
    }
    let has: i64 = tasks.join_all().await.into_iter().sum();
    assert!((971..=1_000).contains(&has), "{has}");
}

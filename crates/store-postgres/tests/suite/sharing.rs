//! Several gateways on one database, each with a pool of its own.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Row as _;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tollgate_ledger::{AccountId, Kind, Movement, NodeId, SlicePolicy, audit};
use tollgate_limits::{Entry, Measure, Scope, Window};
use tollgate_store::conformance::batches::{plain, request};
use tollgate_store::conformance::sample::{
    bought, full_generation, hash, key, movement, noon, paid, plain_key, spend,
};
use tollgate_store::{
    BELIEVED, BatchQuery, Change, Heard, KeyPatch, KeyRecord, KeySuccessor, LeaseRequest,
    MovementQuery, Rekeyed, StoreError, Stores, UtcDay,
};
use tollgate_types::{BatchId, Usd};

use crate::fixture::{Fresh, fresh, open};

/// Three gateways.
async fn three() -> (Fresh, [Stores; 3]) {
    let fresh = fresh().await;
    let stores = [fresh.stores.clone(), open(&fresh.url).await, open(&fresh.url).await];
    (fresh, stores)
}

async fn assert_sound(stores: &Stores) {
    let books = stores.ledger.books().await.unwrap();
    assert_eq!(audit(&books), []);
}

#[tokio::test]
async fn each_sees_what_the_other_changed() {
    let gateway = fresh().await;
    let command = open(&gateway.url).await;
    let before = gateway.keys.revision().await.unwrap();

    command.keys.insert(plain_key(1)).await.unwrap();
    let inserted = gateway.keys.revision().await.unwrap();
    assert!(inserted > before);
    assert_eq!(gateway.keys.get(hash(1)).await.unwrap(), Some(plain_key(1)));
    let again = gateway.keys.insert(plain_key(1)).await;
    assert!(matches!(again, Err(StoreError::Conflict)), "{again:?}");

    let patch = KeyPatch { disabled: Change::Set(true), ..KeyPatch::default() };
    gateway.keys.update(hash(1), patch, noon()).await.unwrap();
    assert!(command.keys.revision().await.unwrap() > inserted);

    assert!(gateway.ledger.post(vec![bought("payment-1")]).await.unwrap());
    assert!(!command.ledger.post(vec![bought("payment-1")]).await.unwrap());
    command.health.close().await;
    gateway.keys.insert(plain_key(2)).await.unwrap();
}

/// Of payments that all send at once, each is entered once, whoever was first.
#[tokio::test(flavor = "multi_thread")]
async fn a_movement_that_all_enter_is_entered_once() {
    let (fresh, nodes) = three().await;
    let mut entering = JoinSet::new();
    for n in 0..20 {
        for stores in &nodes {
            let ledger = Arc::clone(&stores.ledger);
            let payment = movement(&format!("payment-{n}"), Kind::Purchase, 5);
            entering.spawn(async move { u32::from(ledger.post(vec![payment]).await.unwrap()) });
        }
    }
    assert_eq!(entering.join_all().await.into_iter().sum::<u32>(), 20);
    let balance = fresh.ledger.balance(&AccountId::default()).await.unwrap();
    assert_eq!(balance.available, Usd::from_nanos(100));
    assert_sound(&fresh).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_may_append_the_same_ids_at_once() {
    let (_fresh, nodes) = three().await;
    let mut tasks = JoinSet::new();
    for n in 0..60_u32 {
        for (index, stores) in nodes.iter().enumerate() {
            // The same ids in another order at each, over many keys, so that locks cross.
            let mut batch: Vec<_> = (n..n + 5)
                .map(|n| {
                    let key = hash(u8::try_from(n % 7).unwrap());
                    spend(&format!("gen-{n}"), key, noon(), i64::from(n))
                })
                .collect();
            batch.rotate_left(index);
            let generations = Arc::clone(&stores.generations);
            tasks.spawn(async move { generations.append(batch).await.unwrap() });
        }
    }
    assert_eq!(tasks.join_all().await.into_iter().sum::<u64>(), 64);
    for stores in &nodes {
        let account = stores.usage.account_usage().await.unwrap();
        assert_eq!((account.total.nanos(), account.requests), ((0..64).sum(), 64));
        let all = stores.usage.all_key_usage(noon()).await.unwrap();
        let daily: i64 = all.iter().map(|(_, usage)| usage.daily.nanos()).sum();
        assert_eq!((all.len(), daily), (7, (0..64).sum()));
    }
    assert_sound(&nodes[0]).await;
}

fn account(n: usize) -> AccountId {
    AccountId::new(&format!("Konto {n}")).unwrap()
}

/// Slices, calls, transfers in both directions and returns, from three pools at once over the
/// same accounts: nothing is lent twice, nothing is lost, and nobody waits for ever.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_many_nodes_do_at_once_the_books_balance() {
    let (fresh, nodes) = three().await;
    for n in 0..3 {
        let given = Movement { account: account(n), ..bought(&format!("payment-{n}")) };
        assert!(fresh.ledger.post(vec![given]).await.unwrap());
    }
    let mut tasks = JoinSet::new();
    for (node, stores) in nodes.iter().enumerate() {
        for step in 0..40 {
            let (stores, name) = (stores.clone(), NodeId::new(&format!("node-{node}")));
            tasks.spawn(async move { work(&stores, &name, (node, step)).await });
        }
    }
    tasks.join_all().await;
    assert_sound(&fresh).await;
    let mut credited = 0;
    for (n, stores) in nodes.iter().enumerate() {
        let balance = stores.ledger.balance(&account(n)).await.unwrap();
        assert!(balance.proves() && balance.available >= Usd::ZERO, "{balance:?}");
        credited += balance.credited.nanos();
    }
    assert_eq!(credited, 3_000_000_000);
    assert_eq!(fresh.generations.count().await.unwrap(), 3 * 40 * 3);
}

/// One of a node's steps: it sets aside, spends over two accounts, moves some, gives some back.
async fn work(stores: &Stores, node: &NodeId, (index, step): (usize, usize)) {
    let (here, there) = (account((index + step) % 3), account((index + step + 1) % 3));
    let id = format!("{}-{step}", node.as_str());
    for (name, account) in [("here", &here), ("there", &there)] {
        let request = LeaseRequest {
            id: format!("{id}-{name}"),
            account: account.clone(),
            node: node.clone(),
            need: Usd::from_nanos(1_000),
            policy: SlicePolicy { parts: 64, most: Usd::from_nanos(100_000) },
            at: noon(),
        };
        stores.ledger.lease(request).await.unwrap();
    }
    let call = |n: u32, account: &AccountId| tollgate_store::GenerationRecord {
        account: account.clone(),
        ..paid(&format!("gen-{id}-{n}"), node, 300)
    };
    let batch = vec![call(1, &there), call(2, &here), call(3, &there)];
    assert_eq!(stores.generations.append(batch).await.unwrap(), 3);
    let moved = Movement {
        account: here.clone(),
        counter: Some(there),
        ..movement(&format!("moved-{id}"), Kind::Transfer, 7)
    };
    assert!(stores.ledger.post(vec![moved]).await.unwrap());
    let back = Usd::from_nanos(200);
    stores.ledger.release(&format!("back-{id}"), (node, &here), back, noon()).await.unwrap();
}

/// More than there is, asked for by everybody: exactly what is there is lent.
#[tokio::test(flavor = "multi_thread")]
async fn many_nodes_are_never_lent_more_than_there_is() {
    let (fresh, nodes) = three().await;
    let bought = movement("payment", Kind::Purchase, 1_000);
    assert!(fresh.ledger.post(vec![bought]).await.unwrap());
    let mut asking = JoinSet::new();
    for n in 0..90 {
        let ledger = Arc::clone(&nodes[n % 3].ledger);
        let request = LeaseRequest {
            id: format!("slice-{n}"),
            account: AccountId::default(),
            node: NodeId::new(&format!("node-{}", n % 3)),
            need: Usd::from_nanos(40),
            policy: SlicePolicy { parts: 1_000, most: Usd::from_nanos(40) },
            at: noon(),
        };
        asking.spawn(async move { ledger.lease(request).await.unwrap().slice });
    }
    let lent = asking.join_all().await;
    assert_eq!(lent.iter().flatten().map(|it| it.nanos()).sum::<i64>(), 1_000);
    assert_sound(&fresh).await;
}

/// A key is rotated again and again while others count its spend under every hash that it had: all
/// of it ends with the last.
#[tokio::test(flavor = "multi_thread")]
async fn no_spend_is_lost_between_a_key_and_its_successor() {
    let (fresh, nodes) = three().await;
    fresh.keys.insert(key(0)).await.unwrap();
    let mut counting = JoinSet::new();
    for n in 0..120_u8 {
        let generations = Arc::clone(&nodes[usize::from(n % 2) + 1].generations);
        let record = spend(&format!("gen-{n}"), hash(n % 4), noon(), 1);
        counting.spawn(async move { generations.append(vec![record]).await.unwrap() });
    }
    for next in 1..=20 {
        let successor =
            KeySuccessor { hash: hash(next), label: "new".to_owned(), overlap_until: None };
        let rotated = fresh.keys.replace(hash(next - 1), successor, noon()).await.unwrap();
        assert!(rotated.is_some());
    }
    assert_eq!(counting.join_all().await.into_iter().sum::<u64>(), 120);
    // Those that were counted under a hash before it was one of the key's stay there until it is.
    let all = nodes[0].usage.all_key_usage(noon()).await.unwrap();
    let last = all.iter().find(|(key, _)| *key == hash(20)).unwrap().1;
    assert_eq!((last.total.nanos(), last.daily.nanos(), all.len()), (120, 120, 1), "{all:?}");
}

/// Gateways that start at once on a new database keep one pepper, and hash anew what there is once.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_agree_on_a_pepper() {
    let (fresh, nodes) = three().await;
    fresh.keys.insert(KeyRecord { keyed: false, ..key(0) }).await.unwrap();
    let mut starting = JoinSet::new();
    for n in 1..=30_u8 {
        let keys = Arc::clone(&nodes[usize::from(n % 3)].keys);
        let rekeyed = Rekeyed { old: hash(0), hash: hash(n), former: Vec::new() };
        starting.spawn(async move {
            let kept = keys.keep_pepper(vec![n], vec![rekeyed]).await;
            kept.unwrap().then_some(n)
        });
    }
    let kept: Vec<u8> = starting.join_all().await.into_iter().flatten().collect();
    assert_eq!(fresh.keys.pepper().await.unwrap(), Some(kept.clone()));
    let all = fresh.keys.all().await.unwrap();
    assert_eq!(
        all.iter().map(|key| (key.hash, key.keyed)).collect::<Vec<_>>(),
        [(hash(kept[0]), true)]
    );
}

/// Each in its turn, however quick they are: a batch looks for a key's successor and counts, a key
/// gets one.
#[tokio::test]
async fn counting_and_rotating_wait_for_each_other() {
    let fresh = fresh().await;
    fresh.keys.insert(key(1)).await.unwrap();
    let mut other = fresh.connect().await;
    let a_while = Duration::from_millis(300);

    let counting = "BEGIN; SELECT pg_advisory_xact_lock_shared(7021788203141529601)";
    sqlx::raw_sql(counting).execute(&mut other).await.unwrap();
    let successor = KeySuccessor { hash: hash(2), label: "new".to_owned(), overlap_until: None };
    let mut rotation = pin!(fresh.keys.replace(hash(1), successor, noon()));
    assert!(timeout(a_while, rotation.as_mut()).await.is_err());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert!(rotation.await.unwrap().is_some());

    let rotating = "BEGIN; SELECT pg_advisory_xact_lock(7021788203141529601)";
    sqlx::raw_sql(rotating).execute(&mut other).await.unwrap();
    let record = spend("gen-1", hash(1), noon(), 1);
    let mut append = pin!(fresh.generations.append(vec![record]));
    assert!(timeout(a_while, append.as_mut()).await.is_err());
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(append.await.unwrap(), 1);
    let usage = fresh.usage.key_usage(hash(2), noon()).await.unwrap();
    assert_eq!(usage.total, Usd::from_nanos(1));
}

/// Everything that is read, as it is then.
async fn everything(stores: &Stores) -> String {
    let record = stores.generations.get(&full_generation("gen-1").id).await.unwrap();
    let recent = stores.generations.recent(9, None).await.unwrap();
    let arms = stores.generations.arms(noon()).await.unwrap();
    let said = stores.feedback.about(&full_generation("gen-1").id, 9).await.unwrap();
    let keys = (stores.keys.all().await.unwrap(), stores.keys.get(hash(1)).await.unwrap());
    let usage = stores.usage.all_key_usage(noon()).await.unwrap();
    let query = MovementQuery { limit: 9, ..MovementQuery::default() };
    let rows = stores.ledger.movements(&query).await.unwrap();
    let books = (stores.ledger.books().await.unwrap(), stores.ledger.leases(None).await.unwrap());
    let presets = (stores.presets.all().await.unwrap(), stores.policies.newest().await.unwrap());
    let own = stores.credentials.all().await.unwrap();
    let id = BatchId::from_text("batch_a");
    let query = BatchQuery { limit: 9, ..BatchQuery::default() };
    let batches = (
        stores.batches.batch(&id).await.unwrap(),
        stores.batches.batches(&query).await.unwrap(),
        stores.batches.claim_batch("node", (noon(), noon()), &[]).await.unwrap(),
        stores.batches.open_requests(&id, 0, 9).await.unwrap(),
        stores.batches.batch_results(&id, 0, 9).await.unwrap(),
    );
    format!(
        "{record:?}{recent:?}{arms:?}{said:?}{keys:?}{usage:?}{rows:?}{books:?}{presets:?}{own:?}\
         {batches:?}"
    )
}

/// A newer gateway adds columns while this one has its statements prepared.
#[tokio::test]
async fn columns_that_a_newer_gateway_adds_disturb_nobody() {
    let fresh = fresh().await;
    fresh.keys.insert(key(1)).await.unwrap();
    fresh.ledger.post(vec![bought("payment-1")]).await.unwrap();
    fresh.generations.append(vec![full_generation("gen-1")]).await.unwrap();
    fresh.batches.open_batch(plain("batch_a", 0)).await.unwrap();
    let id = BatchId::from_text("batch_a");
    fresh.batches.add_requests(&id, vec![request(1, b"{}")]).await.unwrap();
    fresh.batches.close_batch(&id).await.unwrap();
    let before = everything(&fresh).await;
    // Until every connection knows every statement.
    for _ in 0..20 {
        assert_eq!(everything(&fresh).await, before);
    }
    let tables = [
        "api_key",
        "batch",
        "batch_request",
        "generation",
        "generation_id",
        "key_usage",
        "key_usage_day",
        "account_usage",
        "feedback",
        "ledger_movement",
        "ledger_balance",
        "ledger_lease",
        "ledger_lot",
        "ledger_node",
        "preset",
        "preset_version",
        "policy_version",
        "credential",
        "revision",
    ];
    let add = tables.map(|table| format!("ALTER TABLE {table} ADD COLUMN colour TEXT;"));
    fresh.execute(&add.concat()).await;
    for _ in 0..5 {
        assert_eq!(everything(&fresh).await, before);
    }
    fresh.ledger.post(vec![bought("payment-2")]).await.unwrap();
    let patch = KeyPatch { disabled: Change::Set(true), ..KeyPatch::default() };
    fresh.keys.update(hash(1), patch, noon()).await.unwrap();
    fresh.generations.append(vec![full_generation("gen-2")]).await.unwrap();
    assert_sound(&fresh).await;
}

/// A count that a node tells counts for the others, however long it waits to be committed.
#[tokio::test]
async fn what_is_told_late_is_heard() {
    let (fresh, [teller, hearer, _]) = three().await;
    let (a, b) = (NodeId::new("a"), NodeId::new("b"));
    let count = |used| Entry {
        scope: Scope::Tag,
        id: "x".to_owned(),
        measure: Measure::Tokens,
        window: Window::Lifetime,
        starts_day: None,
        used,
        held: 0,
    };
    teller.limit_counts.keep(&a, vec![count(1)]).await.unwrap();
    // Somebody holds the row: the next count waits in the middle of its transaction.
    let mut other = fresh.connect().await;
    sqlx::raw_sql("BEGIN; SELECT FROM limit_count FOR UPDATE").execute(&mut other).await.unwrap();
    let mut telling = pin!(teller.limit_counts.keep(&a, vec![count(5)]));
    assert!(timeout(Duration::from_millis(300), telling.as_mut()).await.is_err());
    let mut heard = Heard::default();
    for _ in 0..3 {
        heard = hearer.limit_counts.elsewhere(&b, heard, BELIEVED).await.unwrap().heard;
        // What others tell meanwhile moves the hearer on.
        fresh
            .limit_counts
            .keep(&NodeId::new("c"), vec![Entry { id: "y".to_owned(), ..count(1) }])
            .await
            .unwrap();
    }
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    telling.await.unwrap();
    let news = hearer.limit_counts.elsewhere(&b, heard, BELIEVED).await.unwrap();
    assert!(news.counts.contains(&count(5)), "{news:?}");
}

/// At midnight all nodes tell, and forget what has ended, at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_another_at_midnight() {
    let (fresh, nodes) = three().await;
    let count = |n: usize, day| Entry {
        scope: Scope::Tag,
        id: format!("tag-{n}"),
        measure: Measure::Tokens,
        window: Window::Day,
        starts_day: Some(day),
        used: 1,
        held: 0,
    };
    let midnight = noon().plus_millis(12 * 3_600_000);
    let today = UtcDay::of(midnight).days();
    for round in 0..5 {
        let mut telling = JoinSet::new();
        for (index, stores) in nodes.iter().enumerate() {
            let (store, node) =
                (Arc::clone(&stores.limit_counts), NodeId::new(&format!("n{index}")));
            telling.spawn(async move {
                // Half of them of long ago: everybody is to forget them.
                let counts = (0..500).map(|n| count(n, today - i64::from(n % 2 == 0) * 9));
                store.keep(&node, counts.collect()).await?;
                store.forget_ended(&node, midnight).await
            });
        }
        for told in telling.join_all().await {
            told.unwrap();
        }
        for index in 0..3 {
            let own = nodes[0].limit_counts.counts(&NodeId::new(&format!("n{index}"))).await;
            let left = own.unwrap().into_iter().filter(|it| it.starts_day == Some(today)).count();
            assert_eq!(left, 250, "round {round}");
        }
    }
    let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let row = sqlx::query(sql).fetch_one(&mut fresh.connect().await).await.unwrap();
    assert_eq!(row.get::<i64, _>("deadlocks"), 0);
}

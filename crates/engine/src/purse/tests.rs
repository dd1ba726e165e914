use std::time::Duration;

use tollgate_ledger::{Kind, Movement, audit};
use tollgate_store::{GenerationRecord, MemoryStore};
use tollgate_types::{GenerationId, KeyHash, ModelSlug};

use super::*;
use crate::{SystemClock, SystemEntropy};

fn usd(nanos: i64) -> Usd {
    Usd::from_nanos(nanos)
}

fn exactly(nanos: i64) -> Need {
    Need { most: usd(nanos), least: usd(nanos) }
}

async fn with_credit(nanos: i64) -> (Arc<Purses>, Stores) {
    let stores = MemoryStore::new().into_stores();
    if nanos > 0 {
        let at = Timestamp::from_unix_millis(0);
        let bought = Movement::new("p", AccountId::default(), Kind::Purchase, usd(nanos), at);
        stores.ledger.post(vec![bought]).await.unwrap();
    }
    (node("a", &stores), stores)
}

fn node(name: &str, stores: &Stores) -> Arc<Purses> {
    let seams: (Arc<dyn Clock>, Arc<dyn Entropy>) =
        (Arc::new(SystemClock), Arc::new(SystemEntropy));
    Arc::new(Purses::new(NodeId::new(name), stores.clone(), seams, TaskTracker::new()))
}

/// Writes down what a call cost, as the recorder does.
async fn write(purses: &Purses, stores: &Stores, id: usize, cost: i64) {
    let model = ModelSlug::parse("acme/small").unwrap();
    let id = GenerationId::from_text(&format!("gen-{id}"));
    let at = Timestamp::from_unix_millis(1);
    let record = GenerationRecord {
        cost: usd(cost),
        paid_by: Some(purses.node().clone()),
        ..GenerationRecord::new(id, KeyHash::from_bytes([1; 32]), model, at)
    };
    stores.generations.append(vec![record]).await.unwrap();
}

async fn available(stores: &Stores) -> i64 {
    stores.ledger.balance(&AccountId::default()).await.unwrap().available.nanos()
}

#[tokio::test]
async fn a_call_holds_and_gives_back_what_it_did_not_cost() {
    let (purses, stores) = with_credit(16_000).await;
    let account = AccountId::default();
    let hold = purses.hold(&account, exactly(100)).await.unwrap();
    assert_eq!(available(&stores).await, 15_000, "a slice of a sixteenth");
    hold.settle(usd(30));
    write(&purses, &stores, 1, 30).await;
    drop(purses.hold(&account, exactly(970)).await.unwrap());
    assert_eq!(available(&stores).await, 15_000, "the same slice");
    purses.give_back_all().await.unwrap();
    assert_eq!(available(&stores).await, 15_970);
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
}

/// As a fee that became due while the call was under way: the ledger takes it from the slice.
#[tokio::test]
async fn what_is_charged_without_a_hold_is_not_left_for_others() {
    let (purses, stores) = with_credit(16_000).await;
    let account = AccountId::default();
    drop(purses.hold(&account, exactly(100)).await.unwrap());
    assert!(purses.nothing(&account).settle(usd(30)).is_none());
    write(&purses, &stores, 1, 30).await;
    assert_eq!(purses.purse(&account).standing(), (usd(970), Usd::ZERO));
    let lease = stores.ledger.leases(Some(&account)).await.unwrap();
    assert_eq!(lease.iter().map(|it| it.amount).collect::<Vec<_>>(), [usd(970)]);
    // Where nothing was set aside, it is owed.
    let (purses, stores) = with_credit(0).await;
    purses.nothing(&account).settle(usd(30));
    write(&purses, &stores, 1, 30).await;
    assert_eq!(
        (purses.purse(&account).standing(), available(&stores).await),
        ((usd(0), usd(0)), -30)
    );
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
}

#[tokio::test]
async fn whoever_can_not_pay_is_told_why() {
    let account = AccountId::default();
    let (purses, _) = with_credit(0).await;
    let refused = purses.hold(&account, exactly(1)).await;
    assert!(matches!(refused, Err(Short::Empty)), "{refused:?}");
    let (purses, _) = with_credit(100).await;
    let refused = purses.hold(&account, exactly(101)).await;
    let Err(Short::Less { available }) = refused else { panic!("{refused:?}") };
    assert_eq!(available, usd(100));
    let held = purses.hold(&account, exactly(60)).await.unwrap();
    let refused = purses.hold(&account, exactly(60)).await;
    assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    drop(held);
    purses.hold(&account, exactly(60)).await.unwrap();
}

#[tokio::test]
async fn of_calls_without_a_bound_one_holds_half_of_what_there_is() {
    let (purses, stores) = with_credit(100).await;
    let account = AccountId::default();
    let open = Need { most: usd(1_000), least: usd(10) };
    let hold = purses.hold(&account, open).await.unwrap();
    assert_eq!(hold.amount, usd(50));
    let refused = purses.hold(&account, open).await;
    assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    // Others go on beside it, here and at other nodes.
    purses.hold(&account, exactly(20)).await.unwrap().settle(usd(5));
    let refused = purses.hold(&account, exactly(60)).await;
    assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    write(&purses, &stores, 1, 5).await;
    purses.give_back_all().await.unwrap();
    assert_eq!(available(&stores).await, 45);
    hold.settle(usd(87));
    write(&purses, &stores, 2, 87).await;
    assert_eq!(available(&stores).await, 8);
    let refused = purses.hold(&account, open).await;
    assert!(matches!(refused, Err(Short::Less { .. })), "{refused:?}");
    // Where its least is more than half, it holds that.
    let (purses, _) = with_credit(100).await;
    let hold = purses.hold(&account, Need { most: usd(101), least: usd(90) }).await.unwrap();
    assert_eq!(hold.amount, usd(90));
}

/// While the ledger does not have what a call cost beyond what it held, the account looks as if it had
/// more than it has.
#[tokio::test]
async fn nobody_begins_between_a_surprise_and_its_charge() {
    let (purses, stores) = with_credit(100).await;
    let account = AccountId::default();
    let open = Need { most: usd(1_000), least: usd(10) };
    let overspent = purses.hold(&account, open).await.unwrap().settle(usd(150));
    let refused = purses.hold(&account, open).await;
    assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    write(&purses, &stores, 1, 150).await;
    drop(overspent);
    let refused = purses.hold(&account, open).await;
    assert!(matches!(refused, Err(Short::Empty)), "{refused:?}");
    // What costs no more than it holds keeps nobody waiting.
    let (purses, _) = with_credit(100).await;
    assert!(purses.hold(&account, open).await.unwrap().settle(usd(50)).is_none());
    purses.hold(&account, open).await.unwrap();
}

/// With more credit no fewer begin: what is mostly a guess leaves others half.
#[tokio::test]
async fn a_guess_leaves_as_much_as_it_takes() {
    let account = AccountId::default();
    let guess = Need { most: usd(260), least: usd(2) };
    for (credit, held) in [(100, 50), (261, 130), (519, 259), (520, 260), (1_000, 260)] {
        let (purses, _) = with_credit(credit).await;
        let hold = purses.hold(&account, guess).await.unwrap();
        assert_eq!(hold.amount, usd(held), "{credit}");
        let other = purses.hold(&account, exactly(credit - held)).await;
        assert!(other.is_ok(), "{credit}: {other:?}");
    }
    // What is nearly certain takes what it needs.
    let (purses, _) = with_credit(100).await;
    let hold = purses.hold(&account, Need { most: usd(80), least: usd(60) }).await.unwrap();
    assert_eq!(hold.amount, usd(80));
}

#[tokio::test]
async fn what_costs_more_than_was_held_is_owed() {
    let (purses, stores) = with_credit(100).await;
    let account = AccountId::default();
    let open = Need { most: usd(60), least: usd(1) };
    purses.hold(&account, open).await.unwrap().settle(usd(150));
    write(&purses, &stores, 1, 150).await;
    assert_eq!(available(&stores).await, -50);
    let refused = purses.hold(&account, open).await;
    assert!(matches!(refused, Err(Short::Empty)), "{refused:?}");
    assert!(purses.owes(&account).await);
    let at = Timestamp::from_unix_millis(2);
    let paid = Movement::new("q", account.clone(), Kind::Purchase, usd(60), at);
    stores.ledger.post(vec![paid]).await.unwrap();
    assert!(purses.owes(&account).await, "it was asked a moment ago");
    tokio::time::sleep(Duration::from_millis(1_010)).await;
    assert!(!purses.owes(&account).await);
    purses.give_back_all().await.unwrap();
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
}

/// The next life of a node gives back what the last one had set aside.
#[tokio::test]
async fn a_node_that_died_gets_its_slice_back() {
    let (purses, stores) = with_credit(16_000).await;
    let hold = purses.hold(&AccountId::default(), exactly(100)).await.unwrap();
    std::mem::forget(hold);
    assert_eq!(available(&stores).await, 15_000);
    node("b", &stores).recover().await.unwrap();
    assert_eq!(available(&stores).await, 15_000, "not of others");
    assert_eq!(node("a", &stores).recover().await.unwrap(), usd(1_000));
    assert_eq!(available(&stores).await, 16_000);
}

/// Two hundred callers at three nodes, and credit for some: nobody spends what is not there.
#[tokio::test(flavor = "multi_thread")]
async fn parallel_callers_at_several_nodes_never_overspend() {
    let (first, stores) = with_credit(10_000).await;
    let nodes = [first, node("b", &stores), node("c", &stores)];
    let mut calls = tokio::task::JoinSet::new();
    for index in 0..200_usize {
        let (purses, stores) = (Arc::clone(&nodes[index % 3]), stores.clone());
        calls.spawn(async move {
            let hold = purses.hold(&AccountId::default(), exactly(150)).await.ok()?;
            tokio::task::yield_now().await;
            let cost = 100 + i64::try_from(index % 50).unwrap();
            hold.settle(usd(cost));
            write(&purses, &stores, index, cost).await;
            Some(cost)
        });
    }
    let spent: i64 = calls.join_all().await.into_iter().flatten().sum();
    assert!((5_000..=10_000).contains(&spent), "{spent}");
    for purses in &nodes {
        purses.give_back_all().await.unwrap();
    }
    assert_eq!(available(&stores).await, 10_000 - spent);
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
}

/// While slices last the store is not asked.
#[tokio::test]
async fn a_warm_call_asks_nobody() {
    let (purses, stores) = with_credit(1_000_000).await;
    let account = AccountId::default();
    drop(purses.hold(&account, exactly(10)).await.unwrap());
    stores.health.close().await;
    for _ in 0..1_000 {
        drop(purses.hold(&account, exactly(10)).await.unwrap());
    }
    let refused = purses.hold(&account, exactly(100_000)).await;
    assert!(matches!(refused, Err(Short::Unavailable(_))), "{refused:?}");
}

async fn take_back(stores: &Stores, nanos: i64) {
    let at = Timestamp::from_unix_millis(3);
    let taken = Movement::new("taken", AccountId::default(), Kind::Reversal, usd(nanos), at);
    assert!(stores.ledger.post(vec![taken]).await.unwrap());
}

/// A payment went back: what nodes had set aside of it is not spent.
#[tokio::test]
async fn what_was_taken_back_is_not_spent_from_what_was_set_aside() {
    let (first, stores) = with_credit(16_000).await;
    let nodes = [first, node("b", &stores)];
    let account = AccountId::default();
    let under_way = nodes[0].hold(&account, exactly(100)).await.unwrap();
    drop(nodes[1].hold(&account, exactly(100)).await.unwrap());
    take_back(&stores, 16_000).await;
    for purses in &nodes {
        purses.follow().await.unwrap();
        let refused = purses.hold(&account, exactly(1)).await;
        assert!(matches!(refused, Err(Short::Empty)), "{refused:?}");
        assert!(purses.owes(&account).await);
    }
    // What is under way ends as it would have; what it has left is not spent, either.
    under_way.settle(usd(30));
    write(&nodes[0], &stores, 1, 30).await;
    let refused = nodes[0].hold(&account, exactly(1)).await;
    assert!(matches!(refused, Err(Short::Empty)), "{refused:?}");
    assert_eq!(available(&stores).await, -30);
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
    let at = Timestamp::from_unix_millis(4);
    let paid = Movement::new("again", account.clone(), Kind::Purchase, usd(1_030), at);
    stores.ledger.post(vec![paid]).await.unwrap();
    for purses in &nodes {
        drop(purses.hold(&account, exactly(1)).await.unwrap());
    }
}

/// A node that finds an account below zero makes up for it with what it has set aside.
#[tokio::test]
async fn what_is_owed_is_made_up_for_before_anything_is_held() {
    let (purses, stores) = with_credit(16_000).await;
    let account = AccountId::default();
    drop(purses.hold(&account, exactly(100)).await.unwrap());
    take_back(&stores, 15_500).await;
    assert_eq!(available(&stores).await, -500);
    let held = purses.hold(&account, exactly(1_001)).await;
    assert!(matches!(held, Err(Short::Less { available }) if available == usd(500)), "{held:?}");
    drop(purses.hold(&account, exactly(500)).await.unwrap());
    let refused = purses.hold(&account, exactly(501)).await;
    assert!(matches!(refused, Err(Short::Less { .. })), "{refused:?}");
}

/// Until credit that lies idle at another node comes back, nobody is told that there is none.
#[tokio::test]
async fn idle_credit_of_another_node_comes_back_where_little_is_left() {
    let (first, stores) = with_credit(100).await;
    let second = node("b", &stores);
    let account = AccountId::default();
    drop(first.hold(&account, exactly(90)).await.unwrap());
    first.follow().await.unwrap();
    assert_eq!(available(&stores).await, 10, "it was used a moment ago");
    for need in [exactly(50), Need { most: usd(1_000), least: usd(50) }] {
        let refused = second.hold(&account, need).await;
        assert!(matches!(refused, Err(Short::InFlight)), "{refused:?}");
    }
    let refused = second.hold(&account, exactly(101)).await;
    assert!(matches!(refused, Err(Short::Less { .. })), "{refused:?}");
    tokio::time::sleep(Duration::from_millis(2_010)).await;
    first.follow().await.unwrap();
    assert_eq!(available(&stores).await, 100);
    drop(second.hold(&account, exactly(50)).await.unwrap());
}

/// A call that holds all there is leaves the rest to all nodes, at once.
#[tokio::test]
async fn what_a_call_leaves_that_held_everything_comes_back_at_once() {
    let (first, stores) = with_credit(100).await;
    let second = node("b", &stores);
    let account = AccountId::default();
    let open = Need { most: usd(1_000), least: usd(10) };
    for index in 0..8 {
        let purses = [&first, &second][index % 2];
        let hold = purses.hold(&account, open).await.unwrap();
        hold.settle(usd(10));
        write(purses, &stores, index, 10).await;
        tokio::task::yield_now().await;
        assert_eq!(stores.ledger.balance(&account).await.unwrap().held, Usd::ZERO, "{index}");
    }
    assert_eq!(available(&stores).await, 20);
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
}

const PATIENCE: Duration = Duration::from_mins(10);

/// Nodes tell each other, and time passes, ten times within `time`.
async fn pass(time: Duration, telling: &[&Arc<Purses>]) {
    for _ in 0..10 {
        for purses in telling {
            purses.keep_company(PATIENCE).await.unwrap();
        }
        tokio::time::advance(time / 10).await;
    }
    for purses in telling {
        purses.keep_company(PATIENCE).await.unwrap();
    }
}

/// What it had aside is there for others, and once it is back it spends no more of it.
#[tokio::test(start_paused = true)]
async fn a_node_that_was_cut_off_hears_that_its_slice_is_gone() {
    let (a, stores) = with_credit(16_000).await;
    let (b, account) = (node("b", &stores), AccountId::default());
    for purses in [&a, &b] {
        purses.recover().await.unwrap();
    }
    let under_way = a.hold(&account, exactly(100)).await.unwrap();
    a.hold(&account, exactly(50)).await.unwrap().settle(usd(40));
    // As long as it is heard of, it keeps what it has.
    pass(PATIENCE * 3, &[&a, &b]).await;
    assert_eq!(available(&stores).await, 15_000);
    pass(PATIENCE * 9 / 10, &[&b]).await;
    assert_eq!(available(&stores).await, 15_000);
    pass(PATIENCE / 5, &[&b]).await;
    assert_eq!(available(&stores).await, 16_000);
    // It does not know yet, and goes on with what it has: at most what it had aside.
    a.hold(&account, exactly(20)).await.unwrap().settle(usd(20));
    assert!(a.hold(&account, exactly(841)).await.is_ok(), "it asks for more");
    a.keep_company(PATIENCE).await.unwrap();
    let aside: i64 = {
        let leases = stores.ledger.leases(Some(&account)).await.unwrap();
        leases.iter().map(|it| it.amount.nanos()).sum()
    };
    let (left, held) = a.purse(&account).standing();
    // 60 were spent and are not written yet.
    assert_eq!((left.nanos() + held.nanos() + 60, held.nanos()), (aside, 100));
    under_way.settle(usd(100));
    for (id, cost) in [(1, 40), (2, 20), (3, 100)] {
        write(&a, &stores, id, cost).await;
    }
    for purses in [&a, &b] {
        purses.give_back_all().await.unwrap();
    }
    let balance = stores.ledger.balance(&account).await.unwrap();
    assert_eq!((balance.available, balance.held, balance.spent), (usd(15_840), usd(0), usd(160)));
    assert_eq!(audit(&stores.ledger.books().await.unwrap()), []);
    // And what it sets aside from now on is as before.
    drop(a.hold(&account, exactly(10)).await.unwrap());
    a.give_back_all().await.unwrap();
    assert_eq!(available(&stores).await, 15_840);
}

/// A node that could not look does not know who told nothing meanwhile.
#[tokio::test(start_paused = true)]
async fn nobody_is_gone_because_the_database_was_away() {
    let (a, stores) = with_credit(16_000).await;
    let b = node("b", &stores);
    let hold = a.hold(&AccountId::default(), exactly(100)).await.unwrap();
    pass(Duration::from_mins(1), &[&a, &b]).await;
    tokio::time::advance(PATIENCE * 5).await;
    b.keep_company(PATIENCE).await.unwrap();
    assert_eq!(available(&stores).await, 15_000);
    drop(hold);
    // The next life of a node does not miss what was taken from the last one.
    pass(PATIENCE * 2, &[&b]).await;
    assert_eq!(available(&stores).await, 16_000);
    let next = node("a", &stores);
    next.recover().await.unwrap();
    drop(next.hold(&AccountId::default(), exactly(100)).await.unwrap());
    next.keep_company(PATIENCE).await.unwrap();
    drop(next.hold(&AccountId::default(), exactly(900)).await.unwrap());
    assert_eq!(available(&stores).await, 15_000, "the same slice");
}

/// Also one that was never called here, and without asking the store again and again.
#[tokio::test]
async fn what_is_owed_is_known_before_the_first_call() {
    let (purses, stores) = with_credit(100).await;
    let account = AccountId::default();
    let at = Timestamp::from_unix_millis(2);
    let taken = Movement::new("t", account.clone(), Kind::Deduction, usd(150), at);
    stores.ledger.post(vec![taken]).await.unwrap();
    assert!(purses.owes(&account).await);
    let paid = Movement::new("q", account.clone(), Kind::Purchase, usd(60), at);
    stores.ledger.post(vec![paid]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_010)).await;
    assert!(!purses.owes(&account).await);
    let taken = Movement::new("u", account.clone(), Kind::Deduction, usd(60), at);
    stores.ledger.post(vec![taken]).await.unwrap();
    assert!(!purses.owes(&account).await, "it was asked a moment ago");
    tokio::time::sleep(Duration::from_millis(1_010)).await;
    assert!(!purses.owes(&account).await, "it does not wait for the store");
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(purses.owes(&account).await);
}

//! Cases of [`LedgerStore`](crate::LedgerStore).

use tollgate_ledger::{
    AccountId, Balance, Kind, LedgerError, Movement, NodeId, SlicePolicy, audit,
};
use tollgate_types::{Month, Usd};

use super::sample::{hash, movement, noon, paid, spend};
use crate::{LeaseRequest, MemoryStore, MovementQuery, StoreError, Stores};

pub(super) fn account() -> AccountId {
    AccountId::default()
}

pub(super) fn usd(nanos: i64) -> Usd {
    Usd::from_nanos(nanos)
}

pub(super) fn everything() -> MovementQuery {
    MovementQuery { limit: u32::MAX, ..MovementQuery::default() }
}

pub(super) fn wish(id: &str, node: &NodeId, need: i64) -> LeaseRequest {
    LeaseRequest {
        id: id.to_owned(),
        account: account(),
        node: node.clone(),
        need: usd(need),
        policy: SlicePolicy { parts: 4, most: usd(1_000) },
        at: noon(),
    }
}

pub(super) async fn buy(stores: &Stores, nanos: i64) {
    let bought = movement(&format!("purchase-{nanos}"), Kind::Purchase, nanos);
    assert!(stores.ledger.post(vec![bought]).await.unwrap());
}

/// The balance as available, held and spent.
pub(super) async fn places(stores: &Stores) -> [i64; 3] {
    let balance = stores.ledger.balance(&account()).await.unwrap();
    assert!(balance.proves(), "{balance:?}");
    [balance.available, balance.held, balance.spent].map(Usd::nanos)
}

pub(super) async fn assert_sound(stores: &Stores) {
    let found = audit(&stores.ledger.books().await.unwrap());
    assert!(found.is_empty(), "{found:?}");
}

async fn ids(stores: &Stores, query: &MovementQuery) -> Vec<String> {
    let rows = stores.ledger.movements(query).await.unwrap();
    rows.into_iter().map(|row| row.movement.id).collect()
}

/// Everything a movement says is kept, and every question about them is answered.
pub async fn movements_read_back_whole_newest_first(stores: &Stores) {
    let given = Movement {
        reference: Some("Aktion 7".to_owned()),
        note: Some("Willkommen 🌱".to_owned()),
        expires_at: Some(noon().plus_millis(5)),
        ..movement("gift", Kind::Promotional, 9)
    };
    let other = AccountId::new("Konto 2").unwrap();
    let moved = Movement {
        counter: Some(other.clone()),
        at: noon().plus_millis(3),
        ..movement("moved", Kind::Transfer, 4)
    };
    for one in [given.clone(), movement("bought", Kind::Purchase, 10), moved.clone()] {
        assert!(stores.ledger.post(vec![one]).await.unwrap());
    }
    stores.ledger.lease(wish("slice", &NodeId::new("a"), 1)).await.unwrap();
    let rows = stores.ledger.movements(&everything()).await.unwrap();
    assert_eq!(rows.len(), 4);
    assert_eq!((&rows[1].movement, &rows[3].movement), (&moved, &given));
    assert!(rows.windows(2).all(|pair| pair[0].sequence > pair[1].sequence));
    let asked = [
        (MovementQuery { account: Some(other), ..everything() }, vec!["moved"]),
        (MovementQuery { about: Some("Aktion 7".to_owned()), ..everything() }, vec!["gift"]),
        (MovementQuery { about: Some("gift".to_owned()), ..everything() }, vec!["gift"]),
        (MovementQuery { entered_only: true, ..everything() }, vec!["moved", "bought", "gift"]),
        (MovementQuery { since: Some(noon().plus_millis(1)), ..everything() }, vec!["moved"]),
        (
            MovementQuery { until: Some(noon().plus_millis(1)), ..everything() },
            vec!["slice", "bought", "gift"],
        ),
        (
            MovementQuery { before: Some(rows[1].sequence), limit: 1, ..everything() },
            vec!["bought"],
        ),
        (MovementQuery { limit: 0, ..everything() }, vec![]),
    ];
    for (query, expected) in asked {
        assert_eq!(ids(stores, &query).await, expected, "{query:?}");
    }
    assert_sound(stores).await;
}

/// The first movement of an id wins, for whatever account.
pub async fn a_known_movement_changes_nothing(stores: &Stores) {
    buy(stores, 7).await;
    let elsewhere = AccountId::new("Konto 2").unwrap();
    for again in [
        movement("purchase-7", Kind::Purchase, 7),
        movement("purchase-7", Kind::Purchase, 8),
        Movement { account: elsewhere.clone(), ..movement("purchase-7", Kind::Purchase, 7) },
    ] {
        assert!(!stores.ledger.post(vec![again]).await.unwrap());
    }
    assert!(stores.ledger.post(Vec::new()).await.unwrap());
    assert_eq!(places(stores).await, [7, 0, 0]);
    assert_eq!(stores.ledger.balance(&elsewhere).await.unwrap(), Balance::default());
    assert_eq!(ids(stores, &everything()).await, ["purchase-7"]);
}

/// A payment and its fee are entered together.
pub async fn movements_are_posted_all_or_none(stores: &Stores) {
    let both = vec![movement("p", Kind::Purchase, 100), movement("p/fee", Kind::Fee, 6)];
    assert!(stores.ledger.post(both.clone()).await.unwrap());
    assert!(!stores.ledger.post(both).await.unwrap());
    assert_eq!(places(stores).await, [100, 0, 0]);
    let half = vec![movement("q", Kind::Purchase, 5), movement("r", Kind::Refund, 1_000)];
    let refused = stores.ledger.post(half).await;
    assert!(matches!(refused, Err(StoreError::Refused(LedgerError::Insufficient { .. }))));
    let known = vec![movement("s", Kind::Purchase, 5), movement("p/fee", Kind::Fee, 6)];
    assert!(matches!(stores.ledger.post(known).await, Err(StoreError::Conflict)));
    let twice = vec![movement("t", Kind::Purchase, 5), movement("t", Kind::Purchase, 5)];
    assert!(matches!(stores.ledger.post(twice).await, Err(StoreError::Conflict)));
    assert_eq!(places(stores).await, [100, 0, 0]);
    assert_eq!(ids(stores, &everything()).await, ["p/fee", "p"]);
    assert_sound(stores).await;
}

/// Credit is never held at the end of its range: what doesn't fit is refused whole.
pub async fn what_does_not_fit_is_refused(stores: &Stores) {
    buy(stores, i64::MAX).await;
    let over = stores.ledger.post(vec![movement("over", Kind::Adjustment, 1)]).await;
    assert!(matches!(over, Err(StoreError::Refused(LedgerError::OutOfRange))), "{over:?}");
    let nothing = stores.ledger.post(vec![movement("nothing", Kind::Purchase, 0)]).await;
    assert!(matches!(nothing, Err(StoreError::Refused(LedgerError::Malformed))));
    let taken = vec![movement("over", Kind::Deduction, 2)];
    assert!(stores.ledger.post(taken).await.unwrap(), "the refused id was not taken");
    assert_eq!(places(stores).await, [i64::MAX - 2, 0, 0]);
    assert_sound(stores).await;
}

/// One row, two accounts.
pub async fn transfers_are_seen_by_both_accounts(stores: &Stores) {
    buy(stores, 100).await;
    let team = AccountId::new("workspace/1").unwrap();
    let counter = Some(team.clone());
    let moved = Movement { counter, ..movement("moved", Kind::Transfer, 30) };
    assert!(stores.ledger.post(vec![moved.clone()]).await.unwrap());
    assert_eq!(places(stores).await, [70, 0, 0]);
    assert_eq!(stores.ledger.balance(&team).await.unwrap().available, usd(30));
    let too_much = Movement { amount: usd(71), id: "more".to_owned(), ..moved };
    assert!(stores.ledger.post(vec![too_much]).await.is_err());
    assert_sound(stores).await;
}

/// A slice is a part of the balance or what is needed, and comes back as far as it is left.
pub async fn slices_are_cut_and_given_back(stores: &Stores) {
    buy(stores, 1_000).await;
    let (a, b) = (NodeId::new("a"), NodeId::new("b"));
    let leased = stores.ledger.lease(wish("1", &a, 10)).await.unwrap();
    assert_eq!((leased.slice, leased.available), (Some(usd(250)), usd(750)));
    let leased = stores.ledger.lease(wish("2", &b, 700)).await.unwrap();
    assert_eq!((leased.slice, leased.available), (Some(usd(700)), usd(50)));
    let leased = stores.ledger.lease(wish("3", &a, 51)).await.unwrap();
    assert_eq!((leased.slice, leased.available), (None, usd(50)));
    assert_eq!(places(stores).await, [50, 950, 0]);
    let back = |id: &'static str, node: NodeId, nanos| async move {
        stores.ledger.release(id, (&node, &account()), usd(nanos), noon()).await.unwrap().nanos()
    };
    assert_eq!(back("4", a.clone(), 50).await, 50);
    assert_eq!(back("4", a.clone(), 50).await, 0, "given back once");
    assert_eq!(back("5", a.clone(), i64::MAX).await, 200);
    assert_eq!(back("6", a.clone(), 1).await, 0);
    assert_eq!(back("7", NodeId::new("nobody"), 1).await, 0);
    assert_eq!(places(stores).await, [300, 700, 0]);
    let aside = stores.ledger.leases(None).await.unwrap();
    assert_eq!(stores.ledger.leases(Some(&account())).await.unwrap(), aside);
    let other = AccountId::new("other").unwrap();
    assert_eq!(stores.ledger.leases(Some(&other)).await.unwrap(), []);
    let left: Vec<_> = aside.iter().map(|it| (it.node.as_str(), it.amount.nanos())).collect();
    assert_eq!(left.into_iter().filter(|(_, left)| *left > 0).collect::<Vec<_>>(), [("b", 700)]);
    assert_sound(stores).await;
}

/// Where nodes have set aside more than is left besides, and nowhere else.
pub async fn accounts_with_more_aside_than_is_left_are_found(stores: &Stores) {
    buy(stores, 1_000).await;
    let node = NodeId::new("a");
    assert_eq!(stores.ledger.scarce().await.unwrap(), []);
    stores.ledger.lease(wish("1", &node, 500)).await.unwrap();
    assert_eq!(stores.ledger.scarce().await.unwrap(), [], "as much");
    let taken = Movement::new("taken", account(), Kind::Deduction, usd(1), noon());
    stores.ledger.post(vec![taken]).await.unwrap();
    let kept = stores.ledger.balance(&account()).await.unwrap();
    assert_eq!(stores.ledger.scarce().await.unwrap(), [(account(), kept)]);
    stores.ledger.release("2", (&node, &account()), usd(500), noon()).await.unwrap();
    assert_eq!(stores.ledger.scarce().await.unwrap(), []);
    let taken = Movement::new("more", account(), Kind::Deduction, usd(1_000), noon());
    stores.ledger.post(vec![taken]).await.unwrap();
    assert_eq!(stores.ledger.scarce().await.unwrap(), [], "nothing is set aside");
}

/// Whoever did not hear the answer asks again.
pub async fn leasing_twice_under_one_id_is_leasing_once(stores: &Stores) {
    buy(stores, 1_000).await;
    let node = NodeId::new("a");
    let first = stores.ledger.lease(wish("1", &node, 10)).await.unwrap();
    assert_eq!(stores.ledger.lease(wish("1", &node, 10)).await.unwrap(), first);
    assert_eq!(places(stores).await, [750, 250, 0]);
}

/// In the step that keeps their records, and once.
pub async fn calls_are_paid_from_their_nodes_slice(stores: &Stores) {
    buy(stores, 1_000).await;
    let node = NodeId::new("a");
    stores.ledger.lease(wish("slice", &node, 500)).await.unwrap();
    let calls = vec![paid("gen-1", &node, 100), paid("gen-2", &node, 30), paid("gen-1", &node, 9)];
    assert_eq!(stores.generations.append(calls.clone()).await.unwrap(), 2);
    assert_eq!(stores.generations.append(calls).await.unwrap(), 0);
    let free = paid("gen-3", &node, 0);
    assert_eq!(stores.generations.append(vec![free]).await.unwrap(), 1);
    assert_eq!(places(stores).await, [500, 370, 130]);
    let about = MovementQuery { about: Some("gen-1".to_owned()), ..everything() };
    let rows = stores.ledger.movements(&about).await.unwrap();
    assert_eq!(rows.len(), 1, "{rows:?}");
    let charge = &rows[0].movement;
    assert_eq!((charge.kind, charge.amount), (Kind::Charge, usd(100)));
    let back = stores.ledger.release("end", (&node, &account()), usd(1_000), noon()).await;
    assert_eq!(back.unwrap(), usd(370));
    assert_eq!(places(stores).await, [870, 0, 130]);
    assert_sound(stores).await;
}

/// What was not set aside is taken from what is there, and then owed.
pub async fn calls_beyond_their_slice_overrun(stores: &Stores) {
    buy(stores, 100).await;
    let (a, b) = (NodeId::new("a"), NodeId::new("b"));
    stores.ledger.lease(wish("slice", &a, 60)).await.unwrap();
    let calls = vec![paid("gen-1", &a, 70), paid("gen-2", &b, 5), paid("gen-3", &a, 40)];
    assert_eq!(stores.generations.append(calls).await.unwrap(), 3);
    assert_eq!(places(stores).await, [-15, 0, 115]);
    let about = MovementQuery { about: Some("gen-1".to_owned()), ..everything() };
    assert_eq!(ids(stores, &about).await, ["gen-1/overrun", "gen-1"]);
    let leased = stores.ledger.lease(wish("more", &a, 1)).await.unwrap();
    assert_eq!((leased.slice, leased.available), (None, usd(-15)));
    assert_sound(stores).await;
}

/// Where nothing needs credit, what calls cost is on the books all the same.
pub async fn calls_without_credit_are_metered(stores: &Stores) {
    let call = spend("gen-1", hash(1), noon(), 70);
    assert_eq!(stores.generations.append(vec![call]).await.unwrap(), 1);
    let balance = stores.ledger.balance(&account()).await.unwrap();
    assert_eq!((balance.metered, balance.charged()), (usd(70), Usd::ZERO));
    assert_eq!(places(stores).await, [0, 0, 70]);
    assert_sound(stores).await;
}

/// What ends first is spent first; what is left of it ends, once.
pub async fn given_credit_is_spent_first_and_expires(stores: &Stores) {
    buy(stores, 1_000).await;
    let gift = |id: &str, nanos, millis| Movement {
        expires_at: Some(noon().plus_millis(millis)),
        ..movement(id, Kind::Promotional, nanos)
    };
    for given in [gift("late", 50, 20), gift("soon", 50, 10)] {
        assert!(stores.ledger.post(vec![given]).await.unwrap());
    }
    let node = NodeId::new("a");
    stores.ledger.lease(wish("slice", &node, 100)).await.unwrap();
    stores.generations.append(vec![paid("gen-1", &node, 30)]).await.unwrap();
    assert_eq!(stores.ledger.expire(noon().plus_millis(9)).await.unwrap(), []);
    let ended = stores.ledger.expire(noon().plus_millis(10)).await.unwrap();
    let ended: Vec<_> = ended.iter().map(|it| (it.id.as_str(), it.amount.nanos())).collect();
    let id = format!("soon/expiry/{}", noon().plus_millis(10).unix_millis());
    assert_eq!(ended, [(id.as_str(), 20)]);
    stores.generations.append(vec![paid("gen-2", &node, 60)]).await.unwrap();
    assert_eq!(stores.ledger.expire(noon().plus_millis(30)).await.unwrap(), []);
    assert_eq!(places(stores).await.iter().sum::<i64>(), 1_080);
    assert_sound(stores).await;
}

/// What nodes have set aside when its time comes ends when it comes back.
pub async fn what_is_set_aside_expires_when_it_comes_back(stores: &Stores) {
    let expires_at = Some(noon().plus_millis(10));
    let gift = Movement { expires_at, ..movement("gift", Kind::Promotional, 100) };
    assert!(stores.ledger.post(vec![gift]).await.unwrap());
    let node = NodeId::new("a");
    stores.ledger.lease(wish("slice", &node, 70)).await.unwrap();
    let ended = |at: i64| async move {
        let ended = stores.ledger.expire(noon().plus_millis(at)).await.unwrap();
        ended.iter().map(|it| it.amount.nanos()).sum::<i64>()
    };
    assert_eq!((ended(10).await, ended(11).await), (30, 0));
    stores.generations.append(vec![paid("gen-1", &node, 20)]).await.unwrap();
    stores.ledger.release("back", (&node, &account()), usd(70), noon()).await.unwrap();
    assert_eq!((ended(12).await, ended(13).await), (50, 0));
    assert_eq!(places(stores).await, [0, 0, 20]);
    assert_sound(stores).await;
}

/// However many nodes ask at once.
pub async fn parallel_leases_never_exceed_the_balance(stores: &Stores) {
    buy(stores, 1_000).await;
    let mut asking = tokio::task::JoinSet::new();
    for index in 0..40 {
        let ledger = std::sync::Arc::clone(&stores.ledger);
        let request = wish(&format!("slice-{index}"), &NodeId::new(&format!("{}", index % 3)), 70);
        asking.spawn(async move { ledger.lease(request).await.unwrap().slice });
    }
    let leased = asking.join_all().await;
    let sum: i64 = leased.iter().flatten().map(|it| it.nanos()).sum();
    assert!((931..=1_000).contains(&sum), "{sum}");
    assert_eq!(places(stores).await, [1_000 - sum, sum, 0]);
    assert_sound(stores).await;
}

/// Random histories of everything that can happen, beside the same in memory: the same balances
/// after every step, and books that prove.
pub async fn every_history_balances(stores: &Stores) {
    let model = MemoryStore::new().into_stores();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for step in 0..300 {
        let (kind, nanos) = (random.below(9), i64::try_from(1 + random.below(400)).unwrap());
        let node = NodeId::new(["a", "b"][usize::from(random.below(2) == 1)]);
        let mut outcomes = Vec::with_capacity(2);
        for each in [stores, &model] {
            outcomes.push(act(each, (step, kind), nanos, &node).await);
        }
        assert_eq!(outcomes[0], outcomes[1], "step {step}");
        let [ours, theirs] = [places(stores).await, places(&model).await];
        assert_eq!(ours, theirs, "step {step}");
        if step % 50 == 0 {
            assert_sound(stores).await;
        }
    }
    assert_eq!(stores.ledger.books().await.unwrap(), model.ledger.books().await.unwrap());
    let of_calls = stores.ledger.calls_in(Month::of(noon())).await.unwrap();
    assert_eq!(of_calls, model.ledger.calls_in(Month::of(noon())).await.unwrap());
    assert_eq!(of_calls.len(), 1);
    for month in [Month::of(noon()), Month::of(noon()).next()] {
        let ours = stores.ledger.balance_before(&account(), month).await.unwrap();
        let theirs = model.ledger.balance_before(&account(), month).await.unwrap();
        assert_eq!(ours, theirs, "before {month}");
    }
    assert_sound(stores).await;
}

/// What has gone back outside, and what was agreed on, is taken whether it is there or not.
pub async fn what_has_gone_back_and_what_is_owed_may_overdraw(stores: &Stores) {
    buy(stores, 10).await;
    let back = vec![movement("re", Kind::Reversal, 15), movement("re/fee", Kind::FeeReversal, 2)];
    assert!(stores.ledger.post(back.clone()).await.unwrap());
    assert!(!stores.ledger.post(back).await.unwrap());
    assert!(stores.ledger.post(vec![movement("least", Kind::Commitment, 4)]).await.unwrap());
    assert_eq!(places(stores).await, [-9, 0, 4]);
    let entered = MovementQuery { entered_only: true, ..everything() };
    assert_eq!(ids(stores, &entered).await, ["least", "re/fee", "re", "purchase-10"]);
    assert_sound(stores).await;
}

async fn act(stores: &Stores, (step, kind): (u64, u64), nanos: i64, node: &NodeId) -> String {
    let id = format!("{step}");
    let at = noon().plus_millis(i64::try_from(step).unwrap());
    let post = |kind, expires_at| Movement { expires_at, at, ..movement(&id, kind, nanos) };
    match kind {
        0 => format!("{:?}", stores.ledger.post(vec![post(Kind::Purchase, None)]).await.is_ok()),
        1 => {
            let ends = Some(at.plus_millis(nanos % 40));
            format!("{:?}", stores.ledger.post(vec![post(Kind::Promotional, ends)]).await.is_ok())
        }
        2 => format!("{:?}", stores.ledger.post(vec![post(Kind::Refund, None)]).await.is_ok()),
        3 => format!("{:?}", stores.ledger.lease(wish(&id, node, nanos)).await.unwrap()),
        4 => {
            let back = stores.ledger.release(&id, (node, &account()), usd(nanos), at).await;
            format!("{:?}", back.unwrap())
        }
        5 => format!("{:?}", stores.ledger.expire(at).await.unwrap()),
        8 => format!("{:?}", stores.ledger.reclaim(node, None, at).await.unwrap()),
        _ => {
            let calls: Vec<_> = (0..nanos % 4)
                .map(|index| {
                    let mut call = paid(&format!("gen-{step}-{index}"), node, nanos / 3);
                    call.paid_by = call.paid_by.filter(|_| index != 2);
                    call
                })
                .collect();
            let first = stores.generations.append(calls.clone()).await.unwrap();
            format!("{first} {}", stores.generations.append(calls).await.unwrap())
        }
    }
}

/// Numbers that are the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What came and went over the years may be more than an account ever has.
pub async fn sums_beyond_any_amount_are_audited(stores: &Stores) {
    let other = AccountId::new("other").unwrap();
    let counter = Some(other.clone());
    for round in 0..3 {
        let id = |what: &str| format!("{what}-{round}");
        let moved = Movement {
            counter: counter.clone(),
            ..movement(&id("moved"), Kind::Transfer, i64::MAX)
        };
        let back =
            Movement { account: other.clone(), ..movement(&id("back"), Kind::Refund, i64::MAX) };
        for one in [movement(&id("bought"), Kind::Purchase, i64::MAX), moved, back] {
            assert!(stores.ledger.post(vec![one]).await.unwrap());
        }
        let node = NodeId::new("a");
        stores.ledger.post(vec![movement(&id("again"), Kind::Purchase, i64::MAX)]).await.unwrap();
        let wish =
            LeaseRequest { id: id("slice"), need: Usd::from_nanos(i64::MAX), ..wish("", &node, 1) };
        assert_eq!(stores.ledger.lease(wish).await.unwrap().slice, Some(Usd::from_nanos(i64::MAX)));
        let (lease, all) = ((&node, &account()), Usd::from_nanos(i64::MAX));
        stores.ledger.release(&id("given back"), lease, all, noon()).await.unwrap();
        stores.ledger.post(vec![movement(&id("gone"), Kind::Deduction, i64::MAX)]).await.unwrap();
    }
    assert_sound(stores).await;
    let next = Month::of(noon()).next();
    let then = stores.ledger.balance_before(&account(), next).await.unwrap();
    assert_eq!(then, stores.ledger.balance(&account()).await.unwrap());
}

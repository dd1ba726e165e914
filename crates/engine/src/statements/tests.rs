use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use tollgate_ledger::{Books, Kind, NodeId};
use tollgate_statement::{Line, csv};
use tollgate_store::{Lease, LeaseRequest, Leased, LedgerRow, LedgerStore, MemoryStore};
use tollgate_types::Usd;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

async fn moved(stores: &Stores, (id, kind, nanos): (&str, Kind, i64), when: &str) {
    let amount = Usd::from_nanos(nanos);
    let movement = Movement::new(id, AccountId::default(), kind, amount, at(when));
    assert!(stores.ledger.post(vec![movement]).await.unwrap());
}

async fn told(stores: &Stores, of: &str, now: &str) -> Result<Statement, StatementFailure> {
    statement(stores, ("Acme", &[]), &AccountId::default(), month(of), at(now)).await
}

/// Opening, corrections, and closing.
fn ends(statement: &Statement) -> [i64; 3] {
    let lines = Line::OF_BALANCE.into_iter().map(|it| statement.sum(it).nanos());
    let (opening, closing) = (statement.opening().nanos(), statement.closing().nanos());
    assert_eq!(opening + lines.sum::<i64>(), closing);
    [opening, statement.sum(Line::Corrections).nanos(), closing]
}

#[tokio::test]
async fn a_number_comes_when_calls_that_were_under_way_are_settled() {
    let stores = MemoryStore::new().into_stores();
    moved(&stores, ("p", Kind::Purchase, 100), "2026-09-10T00:00:00Z").await;
    for now in ["2026-09-20T00:00:00Z", "2026-10-01T01:59:59Z"] {
        assert_eq!(told(&stores, "2026-09", now).await.unwrap().number(), None, "{now}");
    }
    // Settled in the hours after the month's end, at the time at which it was made.
    moved(&stores, ("c", Kind::Overrun, 30), "2026-09-30T23:59:59Z").await;
    let issued = told(&stores, "2026-09", "2026-10-01T02:00:00Z").await.unwrap();
    assert_eq!(issued.number().unwrap().to_string(), "default-2026-09-001");
    assert_eq!(ends(&issued), [0, 0, 70]);
}

#[tokio::test]
async fn what_has_a_number_stays_and_what_comes_later_is_a_correction() {
    let stores = MemoryStore::new().into_stores();
    moved(&stores, ("p", Kind::Purchase, 100), "2026-09-10T00:00:00Z").await;
    let issued = told(&stores, "2026-09", "2026-10-02T00:00:00Z").await.unwrap();
    moved(&stores, ("late", Kind::Overrun, 30), "2026-09-30T12:00:00Z").await;
    moved(&stores, ("free", Kind::Metered, 7), "2026-09-30T12:00:00Z").await;
    moved(&stores, ("now", Kind::Overrun, 5), "2026-10-01T12:00:00Z").await;
    let again = told(&stores, "2026-09", "2026-12-02T00:00:00Z").await.unwrap();
    assert_eq!(again, issued);
    assert_eq!(csv(&again).unwrap(), csv(&issued).unwrap());
    // Preliminary, and then with a number.
    for now in ["2026-10-20T00:00:00Z", "2026-11-20T00:00:00Z"] {
        let next = told(&stores, "2026-10", now).await.unwrap();
        assert_eq!(ends(&next), [100, -30, 65], "{now}");
        assert_eq!(next.sum(Line::MeteredCorrections).nanos(), 7, "{now}");
        assert_eq!(next.sum(Line::Metered).nanos(), 0, "{now}");
        assert_eq!(next.usage_total().unwrap().nanos(), 5, "{now}");
    }
    let after = told(&stores, "2026-11", "2026-12-20T00:00:00Z").await.unwrap();
    assert_eq!(ends(&after), [65, 0, 65]);
}

#[tokio::test]
async fn months_are_issued_in_their_order_however_they_are_asked_for() {
    let stores = MemoryStore::new().into_stores();
    moved(&stores, ("p", Kind::Purchase, 100), "2026-06-10T00:00:00Z").await;
    moved(&stores, ("a", Kind::Overrun, 1), "2026-08-10T00:00:00Z").await;
    assert_eq!(ends(&told(&stores, "2026-09", "2026-12-01T03:00:00Z").await.unwrap()), [99, 0, 99]);
    // In months that nobody has asked for until now.
    moved(&stores, ("b", Kind::Overrun, 2), "2026-07-10T00:00:00Z").await;
    moved(&stores, ("c", Kind::Overrun, 4), "2026-09-10T00:00:00Z").await;
    let now = "2026-12-01T04:00:00Z";
    let mut closing = 0;
    for (of, expected) in [
        ("2026-06", [0, 0, 100]),
        ("2026-07", [100, 0, 100]),
        ("2026-08", [100, 0, 99]),
        ("2026-09", [99, 0, 99]),
        ("2026-10", [99, -6, 93]),
        ("2026-11", [93, 0, 93]),
    ] {
        let statement = told(&stores, of, now).await.unwrap();
        assert_eq!(ends(&statement), expected, "{of}");
        assert_eq!(statement.opening().nanos(), closing, "{of}");
        closing = statement.closing().nanos();
    }
    // Before the first one that was told, there is none, whatever comes.
    moved(&stores, ("d", Kind::Overrun, 8), "2026-05-10T00:00:00Z").await;
    let refused = told(&stores, "2026-05", now).await.unwrap_err();
    assert!(matches!(refused, StatementFailure::BeforeTheFirst(..)), "{refused}");
    assert_eq!(ends(&told(&stores, "2026-12", now).await.unwrap()), [93, -8, 85]);
}

#[tokio::test]
async fn who_is_not_known_and_what_was_before_is_said() {
    let stores = MemoryStore::new().into_stores();
    let now = "2026-10-20T00:00:00Z";
    let typo = AccountId::new("defualt").unwrap();
    let refused = statement(&stores, ("Acme", &[]), &typo, month("2026-10"), at(now)).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, StatementFailure::NoSuchAccount(_)), "{refused}");
    // The month that goes on may have nothing yet.
    assert_eq!(ends(&told(&stores, "2026-10", now).await.unwrap()), [0, 0, 0]);
    moved(&stores, ("p", Kind::Purchase, 100), "2026-10-10T00:00:00Z").await;
    let refused = told(&stores, "2026-09", now).await.unwrap_err();
    assert!(matches!(refused, StatementFailure::NothingYet(..)), "{refused}");
    let refused = told(&stores, "2026-11", now).await.unwrap_err();
    assert!(matches!(refused, StatementFailure::NotBegun(_)), "{refused}");
}

/// A ledger in which something is paid between the reads of the balance and of what was entered.
struct Moving {
    ledger: Arc<dyn LedgerStore>,
    has_moved: AtomicBool,
}

#[async_trait]
impl LedgerStore for Moving {
    async fn post(&self, movements: Vec<Movement>) -> Result<bool, StoreError> {
        self.ledger.post(movements).await
    }

    async fn balance(&self, account: &AccountId) -> Result<Balance, StoreError> {
        self.ledger.balance(account).await
    }

    async fn movements(&self, query: &MovementQuery) -> Result<Vec<LedgerRow>, StoreError> {
        if query.entered_only && !self.has_moved.swap(true, Ordering::Relaxed) {
            let (account, amount) = (AccountId::default(), Usd::from_nanos(25));
            let when = at("2026-10-11T00:00:00Z");
            let paid = Movement::new("webhook", account, Kind::Purchase, amount, when);
            self.ledger.post(vec![paid]).await?;
        }
        self.ledger.movements(query).await
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Leased, StoreError> {
        self.ledger.lease(request).await
    }

    async fn release(
        &self,
        id: &str,
        lease: (&NodeId, &AccountId),
        amount: Usd,
        at: Timestamp,
    ) -> Result<Usd, StoreError> {
        self.ledger.release(id, lease, amount, at).await
    }

    async fn leases(&self, account: Option<&AccountId>) -> Result<Vec<Lease>, StoreError> {
        self.ledger.leases(account).await
    }

    async fn scarce(&self) -> Result<Vec<(AccountId, Balance)>, StoreError> {
        self.ledger.scarce().await
    }

    async fn tell(
        &self,
        node: &NodeId,
        at: Timestamp,
    ) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        self.ledger.tell(node, at).await
    }

    async fn nodes(&self) -> Result<Vec<(NodeId, Timestamp)>, StoreError> {
        self.ledger.nodes().await
    }

    async fn reclaim(
        &self,
        node: &NodeId,
        heard_at: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        self.ledger.reclaim(node, heard_at, at).await
    }

    async fn expire(&self, now: Timestamp) -> Result<Vec<Movement>, StoreError> {
        self.ledger.expire(now).await
    }

    async fn balance_before(
        &self,
        account: &AccountId,
        month: Month,
    ) -> Result<Balance, StoreError> {
        self.ledger.balance_before(account, month).await
    }

    async fn first_month(&self, account: &AccountId) -> Result<Option<Month>, StoreError> {
        self.ledger.first_month(account).await
    }

    async fn calls_in(&self, month: Month) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        self.ledger.calls_in(month).await
    }

    async fn books(&self) -> Result<BTreeMap<AccountId, Books>, StoreError> {
        self.ledger.books().await
    }
}

#[tokio::test]
async fn what_is_paid_between_two_reads_does_not_break_it() {
    let mut stores = MemoryStore::new().into_stores();
    moved(&stores, ("p", Kind::Purchase, 100), "2026-10-10T00:00:00Z").await;
    let ledger = Arc::clone(&stores.ledger);
    stores.ledger = Arc::new(Moving { ledger, has_moved: AtomicBool::new(false) });
    let statement = told(&stores, "2026-10", "2026-10-20T00:00:00Z").await.unwrap();
    assert_eq!(ends(&statement), [0, 0, 125]);
    assert_eq!(statement.entries().len(), 2);
}

//! The ledger in memory.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use tollgate_ledger::{
    AccountId, Balance, Books, CallCost, Counted, Kind, Lot, Movement, NodeId, Till, Total,
    reclaim, slice,
};
use tollgate_types::{Month, Timestamp, Usd};

use super::{MemoryStore, State, take};
use crate::{
    GenerationRecord, Lease, LeaseRequest, Leased, LedgerRow, LedgerStore, MovementQuery,
    StoreError,
};

/// Everything that the ledger remembers.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    rows: Vec<Movement>,
    ids: HashSet<String>,
    balances: BTreeMap<AccountId, Balance>,
    leases: BTreeMap<(NodeId, AccountId), (Usd, Timestamp)>,
    /// When each node last told that it is there.
    nodes: BTreeMap<NodeId, Timestamp>,
    /// What was ever taken back of leases.
    reclaimed: BTreeMap<(NodeId, AccountId), Usd>,
    lots: BTreeMap<AccountId, Vec<Lot>>,
}

#[async_trait]
impl LedgerStore for MemoryStore {
    async fn post(&self, movements: Vec<Movement>) -> Result<bool, StoreError> {
        let mut state = self.state()?;
        let ledger = &mut state.ledger;
        let Some(first) = movements.first() else { return Ok(true) };
        if ledger.ids.contains(&first.id) {
            return Ok(false);
        }
        let ids: HashSet<&String> = movements.iter().map(|it| &it.id).collect();
        if ids.len() < movements.len() || ids.into_iter().any(|id| ledger.ids.contains(id)) {
            return Err(StoreError::Conflict);
        }
        let mut balances = ledger.balances.clone();
        for movement in &movements {
            apply(&mut balances, movement)?;
        }
        ledger.balances = balances;
        for movement in movements {
            ledger.keep(movement);
        }
        Ok(true)
    }

    async fn balance(&self, account: &AccountId) -> Result<Balance, StoreError> {
        Ok(self.state()?.ledger.balance(account))
    }

    async fn movements(&self, query: &MovementQuery) -> Result<Vec<LedgerRow>, StoreError> {
        let state = self.state()?;
        let rows = state.ledger.rows.iter().enumerate().rev();
        let rows = rows.map(|(index, it)| (u64::try_from(index).unwrap_or(u64::MAX), it));
        let rows = rows.filter(|(sequence, it)| wants(query, *sequence, it));
        let row = |(sequence, movement): (u64, &Movement)| LedgerRow {
            sequence,
            movement: movement.clone(),
        };
        Ok(rows.take(take(query.limit)).map(row).collect())
    }

    async fn lease(&self, request: LeaseRequest) -> Result<Leased, StoreError> {
        let mut state = self.state()?;
        let ledger = &mut state.ledger;
        let balance = ledger.balance(&request.account);
        if let Some(known) = ledger.rows.iter().find(|it| it.id == request.id) {
            return Ok(Leased { slice: Some(known.amount), available: balance.available });
        }
        let cut = slice(balance.available, request.need, &request.policy);
        let Some(amount) = cut.filter(|it| *it > Usd::ZERO) else {
            return Ok(Leased { slice: cut, available: balance.available });
        };
        let account = request.account;
        let hold = Movement {
            reference: Some(request.node.as_str().to_owned()),
            ..Movement::new(&request.id, account.clone(), Kind::Hold, amount, request.at)
        };
        let after = balance.after(&hold, &account)?;
        ledger.balances.insert(account.clone(), after);
        ledger.keep(hold);
        ledger.set_aside((request.node, account), amount, request.at)?;
        Ok(Leased { slice: Some(amount), available: after.available })
    }

    async fn release(
        &self,
        id: &str,
        (node, account): (&NodeId, &AccountId),
        amount: Usd,
        at: Timestamp,
    ) -> Result<Usd, StoreError> {
        let mut state = self.state()?;
        let ledger = &mut state.ledger;
        let key = (node.clone(), account.clone());
        let leased = ledger.leases.get(&key).map_or(Usd::ZERO, |(amount, _)| *amount);
        let amount = amount.min(leased);
        if amount <= Usd::ZERO || ledger.ids.contains(id) {
            return Ok(Usd::ZERO);
        }
        let release = Movement {
            reference: Some(node.as_str().to_owned()),
            ..Movement::new(id, account.clone(), Kind::Release, amount, at)
        };
        let after = ledger.balance(account).after(&release, account)?;
        ledger.balances.insert(account.clone(), after);
        ledger.keep(release);
        let back = Usd::from_nanos(amount.nanos().saturating_neg());
        ledger.set_aside(key, back, at)?;
        Ok(amount)
    }

    async fn leases(&self, account: Option<&AccountId>) -> Result<Vec<Lease>, StoreError> {
        let state = self.state()?;
        let lease = |((node, account), (amount, touched_at)): (&(NodeId, AccountId), &_)| Lease {
            node: node.clone(),
            account: account.clone(),
            amount: *amount,
            touched_at: *touched_at,
        };
        let leases = state.ledger.leases.iter();
        let leases = leases.filter(|((_, of), _)| account.is_none_or(|it| it == of));
        Ok(leases.map(lease).collect())
    }

    async fn scarce(&self) -> Result<Vec<(AccountId, Balance)>, StoreError> {
        let state = self.state()?;
        let balances = state.ledger.balances.iter();
        let scarce = balances.filter(|(_, it)| it.held > Usd::ZERO && it.available < it.held);
        Ok(scarce.map(|(account, balance)| (account.clone(), *balance)).collect())
    }

    async fn tell(
        &self,
        node: &NodeId,
        at: Timestamp,
    ) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        let mut state = self.state()?;
        let ledger = &mut state.ledger;
        let heard = ledger.nodes.get(node).map_or(at, |before| before.plus_millis(1).max(at));
        ledger.nodes.insert(node.clone(), heard);
        let of_it = ledger.reclaimed.iter().filter(|((of, _), _)| of == node);
        Ok(of_it.map(|((_, account), ever)| (account.clone(), *ever)).collect())
    }

    async fn nodes(&self) -> Result<Vec<(NodeId, Timestamp)>, StoreError> {
        Ok(self.state()?.ledger.nodes.clone().into_iter().collect())
    }

    async fn reclaim(
        &self,
        node: &NodeId,
        heard_at: Option<Timestamp>,
        at: Timestamp,
    ) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        let mut state = self.state()?;
        let ledger = &mut state.ledger;
        if heard_at.is_some() && ledger.nodes.get(node).copied() != heard_at {
            return Ok(Vec::new());
        }
        let leases = ledger.leases.iter();
        let leases = leases.filter(|((of, _), (amount, _))| of == node && *amount > Usd::ZERO);
        let leases: Vec<_> = leases.map(|(key, (amount, _))| (key.clone(), *amount)).collect();
        let mut back = Vec::with_capacity(leases.len());
        for (key, amount) in leases {
            let account = key.1.clone();
            let before = ledger.reclaimed.get(&key).copied().unwrap_or_default();
            let ever = before.saturating_add(amount);
            let release = reclaim((node, &account), amount, ever, at);
            let after = ledger.balance(&account).after(&release, &account)?;
            ledger.balances.insert(account.clone(), after);
            ledger.keep(release);
            ledger.reclaimed.insert(key.clone(), ever);
            ledger.leases.insert(key, (Usd::ZERO, at));
            back.push((account, amount));
        }
        ledger.nodes.remove(node);
        Ok(back)
    }

    async fn expire(&self, now: Timestamp) -> Result<Vec<Movement>, StoreError> {
        let mut state = self.state()?;
        let ledger = &mut state.ledger;
        let mut ended = Vec::new();
        for (account, lots) in std::mem::take(&mut ledger.lots) {
            let (mut over, left): (Vec<Lot>, Vec<Lot>) =
                lots.into_iter().partition(|lot| lot.expires_at <= now);
            ledger.lots.insert(account.clone(), left);
            over.sort_by(|a, b| (a.expires_at, &a.id).cmp(&(b.expires_at, &b.id)));
            for mut lot in over {
                let balance = ledger.balance(&account);
                let amount = lot.remaining.min(balance.available).max(Usd::ZERO);
                lot.remaining = lot.remaining.checked_sub(amount).unwrap_or(Usd::ZERO);
                if lot.remaining > Usd::ZERO {
                    ledger.lots.entry(account.clone()).or_default().push(lot.clone());
                }
                if amount == Usd::ZERO {
                    continue;
                }
                let expiry = lot.expiry(&account, amount, now);
                ledger.balances.insert(account.clone(), balance.after(&expiry, &account)?);
                ledger.keep(expiry.clone());
                ended.push(expiry);
            }
        }
        Ok(ended)
    }

    async fn balance_before(
        &self,
        account: &AccountId,
        month: Month,
    ) -> Result<Balance, StoreError> {
        let state = self.state()?;
        let mut counted = Counted::default();
        for movement in state.ledger.rows.iter().filter(|it| Month::of(it.at) < month) {
            counted.count(&movement.into(), account);
        }
        Ok(counted.balance()?)
    }

    async fn first_month(&self, account: &AccountId) -> Result<Option<Month>, StoreError> {
        let state = self.state()?;
        let own = state.ledger.rows.iter().filter(|it| accounts(it).any(|of| of == account));
        Ok(own.map(|it| Month::of(it.at)).min())
    }

    async fn calls_in(&self, month: Month) -> Result<Vec<(AccountId, Usd)>, StoreError> {
        let state = self.state()?;
        let mut sums: BTreeMap<AccountId, Total> = BTreeMap::new();
        let rows = state.ledger.rows.iter().filter(|it| Month::of(it.at) == month);
        for movement in rows.filter(|it| it.kind.is_call()) {
            let sum = sums.entry(movement.account.clone()).or_default();
            *sum = sum.plus(movement.amount.into());
        }
        Ok(sums.into_iter().map(|(account, sum)| (account, sum.held())).collect())
    }

    async fn books(&self) -> Result<BTreeMap<AccountId, Books>, StoreError> {
        let state = self.state()?;
        let ledger = &state.ledger;
        let mut books: BTreeMap<AccountId, Books> = BTreeMap::new();
        for (account, balance) in &ledger.balances {
            books.entry(account.clone()).or_default().kept = *balance;
        }
        for movement in &ledger.rows {
            for account in accounts(movement) {
                let of = books.entry(account.clone()).or_default();
                of.counted.count(&movement.into(), account);
            }
            if movement.kind.is_call() {
                let of = books.entry(movement.account.clone()).or_default();
                of.charged = of.charged.plus(movement.amount.into());
            }
        }
        for ((_, account), (amount, _)) in &ledger.leases {
            let of = books.entry(account.clone()).or_default();
            of.leased = of.leased.plus((*amount).into());
        }
        let records = state.generations.values().chain(&state.gone);
        for record in records.filter(|it| it.cost > Usd::ZERO) {
            let of = books.entry(record.account.clone()).or_default();
            of.generations = of.generations.plus(record.cost.into());
        }
        Ok(books)
    }
}

fn apply(
    balances: &mut BTreeMap<AccountId, Balance>,
    movement: &Movement,
) -> Result<(), StoreError> {
    for account in accounts(movement) {
        let balance = balances.entry(account.clone()).or_default();
        *balance = balance.after(movement, account)?;
    }
    Ok(())
}

/// Those whom a movement is about.
fn accounts(movement: &Movement) -> impl Iterator<Item = &AccountId> {
    [Some(&movement.account), movement.counter.as_ref()].into_iter().flatten()
}

fn wants(query: &MovementQuery, sequence: u64, movement: &Movement) -> bool {
    let is_of = |account: &AccountId| {
        movement.account == *account || movement.counter.as_ref() == Some(account)
    };
    let is_about = |id: &String| movement.id == *id || movement.reference.as_ref() == Some(id);
    query.account.as_ref().is_none_or(is_of)
        && query.about.as_ref().is_none_or(is_about)
        && (!query.entered_only || movement.kind.is_entered())
        && query.since.is_none_or(|since| movement.at >= since)
        && query.until.is_none_or(|until| movement.at < until)
        && query.before.is_none_or(|before| sequence < before)
}

impl Ledger {
    fn balance(&self, account: &AccountId) -> Balance {
        self.balances.get(account).copied().unwrap_or_default()
    }

    fn keep(&mut self, movement: Movement) {
        if let Some(expires_at) = movement.expires_at {
            let lot = Lot { id: movement.id.clone(), remaining: movement.amount, expires_at };
            self.lots.entry(movement.account.clone()).or_default().push(lot);
        }
        self.ids.insert(movement.id.clone());
        self.rows.push(movement);
    }

    fn set_aside(
        &mut self,
        key: (NodeId, AccountId),
        more: Usd,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (amount, touched_at) = self.leases.entry(key).or_insert((Usd::ZERO, at));
        *amount = amount
            .checked_add(more)
            .ok_or(StoreError::OutOfRange { what: "what a node has set aside" })?;
        *touched_at = at;
        Ok(())
    }
}

impl State {
    /// Pays a new record's cost. One that does not fit is left to the audit to find: an absurd bill
    /// must not stop honest ones.
    pub(super) fn pay(&mut self, record: &GenerationRecord) {
        let ledger = &mut self.ledger;
        let key = record.paid_by.clone().map(|node| (node, record.account.clone()));
        let leased = key.as_ref().and_then(|key| ledger.leases.get(key));
        let mut till = Till {
            account: record.account.clone(),
            balance: ledger.balance(&record.account),
            leased: leased.map_or(Usd::ZERO, |(amount, _)| *amount),
            lots: ledger.lots.get(&record.account).cloned().unwrap_or_default(),
        };
        let call = CallCost {
            id: record.id.as_str(),
            amount: record.cost,
            at: record.created_at,
            takes_credit: record.paid_by.is_some(),
        };
        let Ok(movements) = till.pay(&call) else { return };
        if let Some((amount, touched_at)) = key.and_then(|key| ledger.leases.get_mut(&key)) {
            *amount = till.leased;
            *touched_at = record.created_at;
        }
        if !movements.is_empty() {
            ledger.balances.insert(till.account.clone(), till.balance);
            ledger.lots.insert(till.account, till.lots);
        }
        for movement in movements {
            ledger.keep(movement);
        }
    }
}

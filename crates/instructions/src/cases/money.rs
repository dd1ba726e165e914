//! Letting a call in by its limits, and settling it: its price, what pays it, its entry in the
//! journal.

use anyhow::Context as _;
use tollgate_ledger::{AccountId, Balance, CallCost, Till};
use tollgate_limits::{Counters, Limit, Load, Measure, Reservation, Scope, Window, admit};
use tollgate_store::conformance::sample::full_generation;
use tollgate_types::{Usage, Usd};

use super::Case;
use super::planning::{NOW, endpoints};

/// Limits of everyday keys.
const LIMITS: [Limit; 4] = [
    limit(Measure::Requests, Window::Minute, 1_000_000),
    limit(Measure::Tokens, Window::Day, 1_000_000_000_000),
    limit(Measure::Requests, Window::InFlight, 1_000),
    limit(Measure::Spend, Window::Month, 1_000_000_000_000),
];
const NEED: Load = load(1_000, 400, 1_000_000);
const USED: Load = load(900, 100, 500_000);

const fn limit(measure: Measure, window: Window, amount: u64) -> Limit {
    Limit { scope: Scope::Key, measure, window, amount }
}

const fn load(input_tokens: u64, output_tokens: u64, nanos: i64) -> Load {
    let spend = Usd::from_nanos(nanos);
    Load { input_tokens, output_tokens, spend, spend_with_own: spend }
}

pub(super) fn cases() -> anyhow::Result<Vec<Case>> {
    Ok(vec![admitted()?, settled()?, priced()?, paid()?, journaled()?])
}

fn reserved(counters: &Counters) -> anyhow::Result<Reservation> {
    let mut applied = Vec::new();
    for limit in &LIMITS {
        let one = counters.applied(limit, "key", NOW);
        applied.push(one.map_err(|error| anyhow::anyhow!("{error:?}"))?);
    }
    admit(&applied, &NEED, NOW).map_err(|refusal| anyhow::anyhow!("{refusal:?}"))
}

fn admitted() -> anyhow::Result<Case> {
    let counters = Counters::new(100);
    reserved(&counters)?.cancel();
    Ok(Case::new("admit a call by 4 limits and let it go", move || {
        reserved(&counters).map(Reservation::cancel)
    }))
}

fn settled() -> anyhow::Result<Case> {
    let counters = Counters::new(100);
    reserved(&counters)?.settle(&USED, NOW);
    Ok(Case::new("admit a call by 4 limits and settle it", move || {
        reserved(&counters).map(|reservation| reservation.settle(&USED, NOW))
    }))
}

fn priced() -> anyhow::Result<Case> {
    let endpoints = endpoints(1)?;
    let endpoint = endpoints.first().context("there is no endpoint")?;
    let price = endpoint.price.clone().context("it has no price")?;
    let usage = Usage {
        prompt_tokens: 900,
        completion_tokens: 100,
        cached_tokens: 512,
        reasoning_tokens: 20,
        ..Usage::default()
    };
    price.cost(&usage, NOW)?;
    Ok(Case::new("price a call", move || price.cost(&usage, NOW)))
}

fn paid() -> anyhow::Result<Case> {
    let credit = Usd::from_nanos(1_000_000_000_000);
    let till = Till {
        account: AccountId::default(),
        balance: Balance { credited: credit, held: credit, ..Balance::default() },
        leased: credit,
        lots: Vec::new(),
    };
    let pay = move || {
        let cost = Usd::from_nanos(1_234_567);
        let call = CallCost { id: "gen-1-x", amount: cost, at: NOW, takes_credit: true };
        till.clone().pay(&call)
    };
    pay()?;
    Ok(Case::new("pay a call from what was set aside", pay))
}

fn journaled() -> anyhow::Result<Case> {
    let record = full_generation("gen-1795327570-00000000000000000001");
    let mut entry = Vec::new();
    record.write_entry(&mut entry)?;
    Ok(Case::new("write a call's entry in the journal", move || {
        entry.clear();
        record.write_entry(&mut entry)
    }))
}

//! The counters against a model that knows nothing of days since the epoch or running sums: it
//! keeps all bills and asks the calendar about each.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tollgate_store::conformance::sample::{at, hash, spend};
use tollgate_store::{GenerationRecord, KeyUsage, MemoryStore, Stores};
use tollgate_types::{Timestamp, Usd};

use crate::fixture::fresh;

#[derive(Debug, Clone)]
struct Bill {
    id: u8,
    key: u8,
    at: Timestamp,
    nanos: i64,
    byok: bool,
}

impl Bill {
    fn record(&self) -> GenerationRecord {
        let record = spend(&format!("gen-{}", self.id), hash(self.key), self.at, self.nanos);
        let upstream_cost = Usd::from_nanos(self.nanos / 2);
        GenerationRecord { upstream_cost, is_byok: self.byok, ..record }
    }
}

/// Around the turn of a year that is also the middle of a week, and a leap day.
fn instants() -> impl Strategy<Value = Timestamp> {
    let around = |rfc3339: &str| at(rfc3339).unix_millis();
    let (year, leap) = (around("2026-01-01T00:00:00Z"), around("2028-03-01T00:00:00Z"));
    let day = 86_400_000_i64;
    let edges = (prop_oneof![Just(year), Just(leap)], -40..40_i64, prop_oneof![Just(-1), Just(0)]);
    prop_oneof![
        (year - 40 * day)..(year + 40 * day),
        (leap - 40 * day)..(leap + 40 * day),
        edges.prop_map(move |(base, days, millis)| base + days * day + millis),
    ]
    .prop_map(Timestamp::from_unix_millis)
}

fn bills() -> impl Strategy<Value = Vec<Vec<Bill>>> {
    let bill = (0..40_u8, 0..4_u8, instants(), -1_000..1_000_000_i64, any::<bool>())
        .prop_map(|(id, key, at, nanos, byok)| Bill { id, key, at, nanos, byok });
    prop::collection::vec(prop::collection::vec(bill, 0..12), 0..8)
}

/// What the contract says, in the calendar's words.
fn model(bills: &[Vec<Bill>], now: Timestamp) -> BTreeMap<u8, KeyUsage> {
    let mut first = BTreeMap::new();
    for bill in bills.iter().flatten() {
        first.entry(bill.id).or_insert(bill);
    }
    let today = now.utc_date();
    let mut usage: BTreeMap<u8, KeyUsage> = BTreeMap::new();
    for bill in first.into_values() {
        let date = bill.at.utc_date();
        let of_key = usage.entry(bill.key).or_default();
        let byok = if bill.byok { bill.nanos / 2 } else { 0 };
        of_key.requests += 1;
        add(&mut of_key.total, &mut of_key.byok_total, bill.nanos, byok);
        if date == today {
            add(&mut of_key.daily, &mut of_key.byok_daily, bill.nanos, byok);
        }
        if date.iso_week_date().year() == today.iso_week_date().year()
            && date.iso_week_date().week() == today.iso_week_date().week()
        {
            add(&mut of_key.weekly, &mut of_key.byok_weekly, bill.nanos, byok);
        }
        if date.first_of_month() == today.first_of_month() {
            add(&mut of_key.monthly, &mut of_key.byok_monthly, bill.nanos, byok);
        }
    }
    usage
}

fn add(spent: &mut Usd, byok_spent: &mut Usd, nanos: i64, byok: i64) {
    *spent = spent.checked_add(Usd::from_nanos(nanos)).unwrap();
    *byok_spent = byok_spent.checked_add(Usd::from_nanos(byok)).unwrap();
}

async fn agrees(stores: &Stores, bills: &[Vec<Bill>], moments: &[Timestamp]) {
    for batch in bills {
        let batch = batch.iter().map(Bill::record).collect();
        stores.generations.append(batch).await.unwrap();
    }
    for now in moments {
        let expected = model(bills, *now);
        let all = stores.usage.all_key_usage(*now).await.unwrap();
        let listed: Vec<_> = expected.iter().map(|(key, usage)| (hash(*key), *usage)).collect();
        assert_eq!(all, listed, "at {}", now.to_rfc3339());
        for key in 0..4 {
            let usage = stores.usage.key_usage(hash(key), *now).await.unwrap();
            assert_eq!(usage, expected.get(&key).copied().unwrap_or_default());
        }
        let account = stores.usage.account_usage().await.unwrap();
        let total: i64 = expected.values().map(|usage| usage.total.nanos()).sum();
        let requests: u64 = expected.values().map(|usage| usage.requests).sum();
        assert_eq!((account.total.nanos(), account.requests), (total, requests));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counters_agree_with_the_calendar(
        bills in bills(),
        moments in prop::collection::vec(instants(), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            agrees(&MemoryStore::new().into_stores(), &bills, &moments).await;
            let fresh = fresh().await;
            agrees(&fresh, &bills, &moments).await;
            fresh.health.close().await;
        });
    }
}

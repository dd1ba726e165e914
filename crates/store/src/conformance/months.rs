//! Cases of what months came to, by account.

use tollgate_ledger::{AccountId, Kind, Movement, NodeId};
use tollgate_types::{Month, Timestamp, Usd};

use super::ledger::{account, assert_sound, buy, usd, wish};
use super::sample::{movement, noon, paid};
use crate::{GenerationRecord, Stores};

/// A balance of long ago is counted from what had happened by then, from and to other accounts, too.
pub async fn a_balance_of_long_ago_is_counted(stores: &Stores) {
    let (other, nobody) = (AccountId::new("other").unwrap(), AccountId::new("nobody").unwrap());
    let month = |text: &str| text.parse::<Month>().unwrap();
    let at = |text| Timestamp::parse_rfc3339(text).unwrap();
    let counter = Some(other.clone());
    let moved =
        Movement { counter, at: at("2026-12-01T00:00:00Z"), ..movement("m", Kind::Transfer, 30) };
    let bought = at("2026-11-30T23:59:59.999Z");
    for one in [
        Movement { at: bought, ..movement("bought", Kind::Purchase, 100) },
        Movement { at: bought, ..movement("fee", Kind::Fee, 6) },
        moved,
        // Later in the ledger, and earlier by its time.
        Movement { at: at("2026-02-28T12:00:00Z"), ..movement("given", Kind::Promotional, 7) },
    ] {
        assert!(stores.ledger.post(vec![one]).await.unwrap());
    }
    for (account, before, available) in [
        (account(), "2026-02", 0),
        (account(), "2026-03", 7),
        (account(), "2026-11", 7),
        (account(), "2026-12", 107),
        (account(), "2027-01", 77),
        (other.clone(), "2026-12", 0),
        (other.clone(), "2027-01", 30),
        (nobody.clone(), "2027-01", 0),
    ] {
        let then = stores.ledger.balance_before(&account, month(before)).await.unwrap();
        assert_eq!(then.available, usd(available), "{account} before {before}");
        assert!(then.proves());
    }
    let now = stores.ledger.balance(&account()).await.unwrap();
    assert_eq!(stores.ledger.balance_before(&account(), month("2030-01")).await.unwrap(), now);
    for (account, first) in [(account(), Some("2026-02")), (other, Some("2026-12")), (nobody, None)]
    {
        let known = stores.ledger.first_month(&account).await.unwrap();
        assert_eq!(known, first.map(month), "{account}");
    }
    assert_eq!(stores.ledger.calls_in(month("2026-12")).await.unwrap(), []);
    assert_sound(stores).await;
}

/// By the account that paid and the month they were admitted in, whatever took part in it.
pub async fn what_calls_of_a_month_cost_is_known_by_account(stores: &Stores) {
    buy(stores, 100).await;
    let node = NodeId::new("a");
    stores.ledger.lease(wish("slice", &node, 40)).await.unwrap();
    let month = Month::of(noon());
    let of = |id: &str, account: &AccountId, cost, byok| GenerationRecord {
        account: account.clone(),
        is_byok: byok > 0,
        upstream_cost: usd(byok),
        ..paid(id, &node, cost)
    };
    let other = AccountId::new("other").unwrap();
    let metered =
        |id: &str, cost, byok| GenerationRecord { paid_by: None, ..of(id, &other, cost, byok) };
    let later = |record: GenerationRecord| GenerationRecord {
        created_at: month.next().instants().start,
        ..record
    };
    let calls = vec![
        // More than was set aside: a charge, and what is beyond it.
        of("gen-1", &account(), 50, 0),
        of("gen-2", &account(), 0, 9),
        of("gen-3", &account(), 1, 2),
        metered("gen-4", 7, i64::MAX),
        metered("gen-5", 5, i64::MAX),
        later(metered("gen-6", 3, 4)),
        later(of("gen-7", &account(), 0, 0)),
    ];
    stores.generations.append(calls[..4].to_vec()).await.unwrap();
    stores.generations.append(calls.clone()).await.unwrap();
    let spent = |mine: i64, others: i64| {
        let all = [(account(), usd(mine)), (other.clone(), usd(others))];
        all.into_iter().filter(|(_, amount)| *amount > Usd::ZERO).collect::<Vec<_>>()
    };
    assert_eq!(stores.ledger.calls_in(month).await.unwrap(), spent(51, 12));
    assert_eq!(stores.ledger.calls_in(month.next()).await.unwrap(), spent(0, 3));
    assert_eq!(stores.ledger.calls_in(month.previous()).await.unwrap(), []);
    let own = &stores.usage;
    assert_eq!(own.own_keys_in(month).await.unwrap(), spent(11, i64::MAX));
    assert_eq!(own.own_keys_in(month.next()).await.unwrap(), spent(0, 4));
    assert_eq!(own.own_keys_in(month.previous()).await.unwrap(), []);
    assert_sound(stores).await;
}

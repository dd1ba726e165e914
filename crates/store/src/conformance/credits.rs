//! Cases of [`CreditStore`](crate::CreditStore).

use tollgate_types::{Timestamp, Usd};

use super::sample::{credit, noon};
use crate::{CreditEntry, CreditKind, DEFAULT_ACCOUNT, StoreError, Stores};

/// Accounts don't mix; adjustments may take away.
pub async fn entries_add_up_per_account(stores: &Stores) {
    assert_eq!(stores.credits.total(DEFAULT_ACCOUNT).await.unwrap(), Usd::ZERO);
    let kinds = [
        ("a", DEFAULT_ACCOUNT, CreditKind::Purchase, 10_000),
        ("b", DEFAULT_ACCOUNT, CreditKind::Adjustment, -11_000),
        ("c", DEFAULT_ACCOUNT, CreditKind::Promotional, 3),
        ("d", "Konto 2", CreditKind::Purchase, 77),
    ];
    for (id, account, kind, nanos) in kinds {
        let amount = Usd::from_nanos(nanos);
        let entry = CreditEntry { account: account.to_owned(), kind, amount, ..credit(id, noon()) };
        assert!(stores.credits.add(entry.clone()).await.unwrap());
        assert_eq!(stores.credits.list(account, 10).await.unwrap().last(), Some(&first(account)));
        assert!(stores.credits.list(account, 10).await.unwrap().contains(&entry));
    }
    let total = stores.credits.total(DEFAULT_ACCOUNT).await.unwrap();
    assert_eq!(total, Usd::from_nanos(-997));
    assert_eq!(stores.credits.total("Konto 2").await.unwrap(), Usd::from_nanos(77));
    assert_eq!(stores.credits.total("nobody").await.unwrap(), Usd::ZERO);
}

/// The first entry of an id wins, for whatever account.
pub async fn a_known_entry_changes_nothing(stores: &Stores) {
    let entry = credit("payment-1", noon());
    assert!(stores.credits.add(entry.clone()).await.unwrap());
    let other = CreditEntry { amount: Usd::from_nanos(5), ..entry.clone() };
    let elsewhere = CreditEntry { account: "Konto 2".to_owned(), ..entry.clone() };
    for again in [entry.clone(), other, elsewhere] {
        assert!(!stores.credits.add(again).await.unwrap());
    }
    assert_eq!(stores.credits.total(DEFAULT_ACCOUNT).await.unwrap(), entry.amount);
    assert_eq!(stores.credits.list(DEFAULT_ACCOUNT, 10).await.unwrap(), [entry]);
    assert_eq!(stores.credits.total("Konto 2").await.unwrap(), Usd::ZERO);
}

/// Newest first, then by id, last first.
pub async fn entries_list_newest_first(stores: &Stores) {
    let later = noon().plus_millis(1);
    let bare = CreditEntry { note: None, ..credit("c", noon()) };
    let ancient = credit("z", Timestamp::from_unix_millis(i64::MIN));
    for entry in [credit("a", noon()), bare.clone(), ancient.clone(), credit("b", later)] {
        stores.credits.add(entry).await.unwrap();
    }
    let expected = [credit("b", later), bare, credit("a", noon()), ancient];
    assert_eq!(stores.credits.list(DEFAULT_ACCOUNT, u32::MAX).await.unwrap(), expected);
    assert_eq!(stores.credits.list(DEFAULT_ACCOUNT, 2).await.unwrap(), expected[..2]);
    assert_eq!(stores.credits.list(DEFAULT_ACCOUNT, 0).await.unwrap(), []);
}

/// Credit is never held at the end of its range: what doesn't fit is refused whole.
pub async fn a_total_out_of_range_is_refused(stores: &Stores) {
    let amount = |id, nanos| CreditEntry { amount: Usd::from_nanos(nanos), ..credit(id, noon()) };
    assert!(stores.credits.add(amount("a", i64::MAX)).await.unwrap());
    let refused = stores.credits.add(amount("b", 1)).await;
    assert!(matches!(refused, Err(StoreError::OutOfRange { .. })), "{refused:?}");
    assert_eq!(stores.credits.total(DEFAULT_ACCOUNT).await.unwrap(), Usd::from_nanos(i64::MAX));
    assert!(stores.credits.add(amount("c", i64::MIN)).await.unwrap());
    assert_eq!(stores.credits.total(DEFAULT_ACCOUNT).await.unwrap(), Usd::from_nanos(-1));
    // The refused id was not taken, and now there is room.
    assert!(stores.credits.add(amount("b", 1)).await.unwrap());
    assert_eq!(stores.credits.total(DEFAULT_ACCOUNT).await.unwrap(), Usd::ZERO);
}

fn first(account: &str) -> CreditEntry {
    let (id, nanos) = if account == DEFAULT_ACCOUNT { ("a", 10_000) } else { ("d", 77) };
    let amount = Usd::from_nanos(nanos);
    CreditEntry { account: account.to_owned(), amount, ..credit(id, noon()) }
}

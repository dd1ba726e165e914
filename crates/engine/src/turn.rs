//! Whose turn it is: what one of the nodes on a store does, and not all of them.

use serde::{Deserialize, Serialize};
use tollgate_store::{Document, DocumentBody, StoreError, Stores, form};
use tollgate_types::Timestamp;

/// Who does it, and until when.
#[derive(Debug, Serialize, Deserialize)]
struct Turn {
    holder: String,
    #[serde(with = "form")]
    until: Timestamp,
}

impl DocumentBody for Turn {
    const KIND: &'static str = "turn";
}

/// Takes the turn of doing `what` from `now` on for so many milliseconds, or goes on with one that
/// `holder` has. Of several who try at the same time one has it; a holder who is gone loses it at its
/// end. With a holder that is made up each time it is a round that nobody begins again before.
///
/// # Errors
///
/// When the store can't be read or written.
pub async fn takes_turn(
    stores: &Stores,
    what: &str,
    holder: &str,
    (now, millis): (Timestamp, i64),
) -> Result<bool, StoreError> {
    let turn = Turn { holder: holder.to_owned(), until: now.plus_millis(millis) };
    let change = match stores.documents.load::<Turn>(what).await? {
        None => Document::new(what.to_owned(), turn, now).insertion()?,
        Some(last) => {
            let left = last.body.until.millis_since(now);
            // One that lasts longer than any was begun by a clock that was out.
            let is_on = 0 < left && left <= millis;
            let has_it = last.body.holder == holder;
            if is_on && !has_it {
                return Ok(false);
            }
            // Every change is heard of by all nodes: only now and then.
            if is_on && left > millis.div_euclid(2) {
                return Ok(true);
            }
            Document { body: turn, ..last }.replacement(now)?
        }
    };
    match stores.documents.write(vec![change]).await {
        Err(StoreError::Conflict) => Ok(false),
        written => written.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use tollgate_store::MemoryStore;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_unix_millis(1_790_000_000_000).plus_millis(minutes * 60_000)
    }

    #[tokio::test]
    async fn a_round_is_one_nodes_and_an_hour_apart() {
        let stores = MemoryStore::new().into_stores();
        for (holder, minutes, takes) in [
            ("a", 0, true),
            ("b", 0, false),
            ("b", 59, false),
            ("b", 60, true),
            ("a", 61, false),
            // The clock was out by years.
            ("c", -1_000_000, true),
            ("d", -999_999, false),
        ] {
            let taken = takes_turn(&stores, "round", holder, (at(minutes), HOUR)).await.unwrap();
            assert_eq!(taken, takes, "{holder} {minutes}");
        }
        assert!(takes_turn(&stores, "other", "d", (at(0), HOUR)).await.unwrap());
    }

    #[tokio::test]
    async fn who_has_it_keeps_it_and_writes_seldom() {
        let stores = MemoryStore::new().into_stores();
        for minutes in 0..300 {
            assert!(takes_turn(&stores, "watch", "a", (at(minutes), HOUR)).await.unwrap());
            assert!(!takes_turn(&stores, "watch", "b", (at(minutes), HOUR)).await.unwrap());
        }
        assert_eq!(stores.documents.revision().await.unwrap(), 10);
        assert!(!takes_turn(&stores, "watch", "b", (at(329), HOUR)).await.unwrap());
        assert!(takes_turn(&stores, "watch", "b", (at(330), HOUR)).await.unwrap());
        assert!(!takes_turn(&stores, "watch", "a", (at(331), HOUR)).await.unwrap());
    }
}

//! Cases of nodes that have set credit aside and are gone.

use tollgate_ledger::{AccountId, Kind, NodeId};
use tollgate_types::Usd;

use super::ledger::{account, assert_sound, buy, everything, places, usd, wish};
use super::sample::{noon, paid};
use crate::{MovementQuery, Stores};

async fn reclaimed(stores: &Stores, node: &NodeId) -> Vec<(AccountId, Usd)> {
    let heard_at = heard_at(stores, node).await;
    stores.ledger.reclaim(node, Some(heard_at), noon()).await.unwrap()
}

async fn heard_at(stores: &Stores, node: &NodeId) -> tollgate_types::Timestamp {
    let nodes = stores.ledger.nodes().await.unwrap();
    nodes.into_iter().find(|(of, _)| of == node).unwrap().1
}

/// Every word of a node is another, whatever its clock says.
pub async fn nodes_are_heard_in_order(stores: &Stores) {
    let (a, b) = (NodeId::new("a"), NodeId::new("b"));
    assert_eq!(stores.ledger.nodes().await.unwrap(), []);
    for (millis, expected) in [(5, 5), (5, 6), (-9, 7), (8, 8)] {
        assert_eq!(stores.ledger.tell(&a, noon().plus_millis(millis)).await.unwrap(), []);
        assert_eq!(heard_at(stores, &a).await, noon().plus_millis(expected));
    }
    stores.ledger.tell(&b, noon()).await.unwrap();
    let nodes = stores.ledger.nodes().await.unwrap();
    assert_eq!(nodes, [(a, noon().plus_millis(8)), (b, noon())]);
}

/// What a node had aside that is gone is there for others; it is told when it comes back.
pub async fn what_a_silent_node_had_aside_is_taken_back(stores: &Stores) {
    buy(stores, 1_000).await;
    let (a, b) = (NodeId::new("a"), NodeId::new("b"));
    for node in [&a, &b] {
        stores.ledger.tell(node, noon()).await.unwrap();
    }
    stores.ledger.lease(wish("1", &a, 600)).await.unwrap();
    stores.ledger.lease(wish("2", &b, 300)).await.unwrap();
    assert_eq!(places(stores).await, [100, 900, 0]);
    assert_eq!(reclaimed(stores, &a).await, [(account(), usd(600))]);
    assert_eq!(places(stores).await, [700, 300, 0]);
    assert_eq!(stores.ledger.nodes().await.unwrap(), [(b.clone(), noon())]);
    let back = stores.ledger.release("3", (&a, &account()), usd(600), noon()).await.unwrap();
    assert_eq!(back, Usd::ZERO, "it has nothing any more");
    // What it had spent by then is booked all the same.
    stores.generations.append(vec![paid("gen-1", &a, 50)]).await.unwrap();
    assert_eq!(places(stores).await, [650, 300, 50]);
    let about = MovementQuery { about: Some("gen-1".to_owned()), ..everything() };
    let rows = stores.ledger.movements(&about).await.unwrap();
    assert_eq!(rows[0].movement.kind, Kind::Overrun);
    assert_sound(stores).await;
}

/// A node hears what was ever taken back of it: whoever missed one word misses nothing.
pub async fn a_node_hears_what_was_taken_back_of_it(stores: &Stores) {
    buy(stores, 1_000).await;
    let (a, b) = (NodeId::new("a"), NodeId::new("b"));
    let mut ever = 0;
    for (id, nanos) in [("1", 600), ("2", 300)] {
        stores.ledger.tell(&a, noon()).await.unwrap();
        stores.ledger.lease(wish(id, &a, nanos)).await.unwrap();
        assert_eq!(reclaimed(stores, &a).await, [(account(), usd(nanos))]);
        ever += nanos;
        assert_eq!(stores.ledger.tell(&a, noon()).await.unwrap(), [(account(), usd(ever))]);
    }
    assert_eq!(stores.ledger.tell(&b, noon()).await.unwrap(), []);
    assert_eq!(places(stores).await, [1_000, 0, 0]);
    assert_sound(stores).await;
}

/// Whoever has told that it is there since somebody looked keeps what it has.
pub async fn a_node_that_is_heard_again_keeps_its_slice(stores: &Stores) {
    buy(stores, 1_000).await;
    let node = NodeId::new("a");
    stores.ledger.tell(&node, noon()).await.unwrap();
    stores.ledger.lease(wish("1", &node, 600)).await.unwrap();
    let looked_at = heard_at(stores, &node).await;
    stores.ledger.tell(&node, noon()).await.unwrap();
    let nothing = stores.ledger.reclaim(&node, Some(looked_at), noon()).await.unwrap();
    assert_eq!(nothing, []);
    assert_eq!(places(stores).await, [400, 600, 0]);
    // Of two that take back at once one does.
    let heard_at = Some(heard_at(stores, &node).await);
    let both = tokio::join!(
        stores.ledger.reclaim(&node, heard_at, noon()),
        stores.ledger.reclaim(&node, heard_at, noon()),
    );
    let back = [both.0.unwrap(), both.1.unwrap()].concat();
    assert_eq!(back, [(account(), usd(600))]);
    assert_eq!(places(stores).await, [1_000, 0, 0]);
    assert_sound(stores).await;
}

//! `tollgate ledger nodes` and `reclaim`

use std::collections::BTreeMap;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use tollgate_engine::{Clock, SystemClock};
use tollgate_ledger::{AccountId, NodeId};
use tollgate_store::Stores;
use tollgate_types::{Timestamp, Usd};

use crate::output;

#[derive(Debug, Args)]
pub(in crate::commands) struct NodesArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(in crate::commands) struct ReclaimArgs {
    /// The gateway, as `tollgate ledger nodes` has it: the text of `node.id` in its data directory
    node: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A gateway that may have set credit aside.
#[derive(Debug, Serialize)]
struct NodeView {
    node: String,
    /// By its own clock; absent where it was taken back from, and not heard of since.
    heard_at: Option<String>,
    /// US dollars, of all accounts, exact.
    set_aside: String,
}

/// What was taken back.
#[derive(Debug, Serialize)]
struct ReclaimedView {
    account: String,
    /// US dollars, exact.
    amount: String,
}

type Node = (Option<Timestamp>, Usd);

async fn nodes(stores: &Stores) -> anyhow::Result<BTreeMap<NodeId, Node>> {
    let heard = stores.ledger.nodes().await?.into_iter();
    let mut nodes: BTreeMap<NodeId, Node> =
        heard.map(|(node, at)| (node, (Some(at), Usd::ZERO))).collect();
    for lease in stores.ledger.leases(None).await? {
        if lease.amount > Usd::ZERO {
            let (_, aside) = nodes.entry(lease.node).or_default();
            *aside = aside.saturating_add(lease.amount);
        }
    }
    Ok(nodes)
}

pub(super) async fn list(args: &NodesArgs, stores: &Stores) -> anyhow::Result<()> {
    let view = |(node, (heard_at, aside)): (NodeId, Node)| NodeView {
        node: node.to_string(),
        heard_at: heard_at.map(Timestamp::to_rfc3339),
        set_aside: aside.to_decimal(),
    };
    let views: Vec<NodeView> = nodes(stores).await?.into_iter().map(view).collect();
    if args.json {
        return output::json(&views);
    }
    let mut table = output::table(&["node", "last heard", "set aside"]);
    for it in views {
        let heard_at = it.heard_at.unwrap_or_else(|| "–".to_owned());
        table.add_row([it.node, heard_at, format!("${}", it.set_aside)]);
    }
    output::right(&mut table, &[2]);
    output::print(&table, "No gateway has run on this database yet.");
    Ok(())
}

pub(super) async fn reclaim(args: &ReclaimArgs, stores: &Stores) -> anyhow::Result<()> {
    let node = NodeId::new(args.node.trim());
    let known = nodes(stores).await?;
    if !known.contains_key(&node) {
        bail!("no gateway `{node}` has set credit aside; see `tollgate ledger nodes`");
    }
    let back = stores.ledger.reclaim(&node, None, SystemClock.now()).await?;
    if args.json {
        let view = |(account, amount): (AccountId, Usd)| ReclaimedView {
            account: account.to_string(),
            amount: amount.to_decimal(),
        };
        return output::json(&back.into_iter().map(view).collect::<Vec<_>>());
    }
    let mut table = output::table(&["account", "taken back"]);
    for (account, amount) in back {
        table.add_row([account.to_string(), amount.to_string()]);
    }
    output::right(&mut table, &[1]);
    output::print(&table, "It had nothing set aside.");
    Ok(())
}

//! What nodes may let keys and workspaces spend, in Postgres.
//!
//! Whoever allots to one spender waits for whoever does so already: each then sees what all others
//! were given. What nodes have is read before what is on record. What is spent moves from the one to
//! the other, in two steps, the record first: so it is seen twice at worst, and never not at all.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;
use tollgate_ledger::NodeId;
use tollgate_store::{
    AllotmentRequest, AllotmentStore, Allotted, Cap, DayUsage, Spender, StoreError, Whose,
};
use tollgate_types::{Usd, UtcDay};

use crate::PostgresStore;
use crate::columns::Columns;
use crate::error::failed;
use crate::text::kept;
use crate::writes::Write;

#[async_trait]
impl AllotmentStore for PostgresStore {
    async fn allot(&self, request: AllotmentRequest) -> Result<Allotted, StoreError> {
        self.writes.submit(Allot(request)).await
    }

    async fn has_left(&self, node: &NodeId, left: Vec<(Spender, Usd)>) -> Result<(), StoreError> {
        self.writes.submit(HasLeft { node: node.clone(), left }).await
    }

    async fn forget_node(&self, node: &NodeId) -> Result<(), StoreError> {
        self.writes.submit(ForgetNode(node.clone())).await
    }
}

struct Allot(AllotmentRequest);

const IN_TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))";

const ELSEWHERE: &str = "
    SELECT held_sum(coalesce(sum(amount_nanos), 0), 0) AS amount_nanos FROM allotment
    WHERE spender = $1 AND id = $2 AND node <> $3
      AND told_at > (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT - $4";

#[async_trait]
impl Write for Allot {
    type Output = Allotted;

    async fn apply(&self, connection: &mut PgConnection) -> Result<Allotted, StoreError> {
        let AllotmentRequest { spender, node, caps, believed, has, .. } = &self.0;
        let (kind, id) = (spender.kind(), spender.id());
        let turn = sqlx::query(IN_TURN).bind(kind).bind(kept(&id));
        turn.execute(&mut *connection).await.map_err(failed)?;
        let row = sqlx::query(ELSEWHERE)
            .bind(kind)
            .bind(kept(&id))
            .bind(kept(node.as_str()))
            .bind(millis(*believed))
            .fetch_one(&mut *connection)
            .await
            .map_err(failed)?;
        let elsewhere = Columns::of("allotment", &row).usd("amount_nanos")?;
        let mut usages = Vec::with_capacity(caps.len());
        for cap in caps {
            usages.push(spent(connection, spender, cap).await?);
        }
        let allotted = self.0.decide(&usages, elsewhere);
        if let Some(more) = allotted.more {
            let has = has.saturating_add(more);
            note(connection, node, &[(spender.clone(), has)]).await?;
        }
        Ok(allotted)
    }
}

struct HasLeft {
    node: NodeId,
    left: Vec<(Spender, Usd)>,
}

#[async_trait]
impl Write for HasLeft {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        note(connection, &self.node, &self.left).await
    }
}

struct ForgetNode(NodeId);

#[async_trait]
impl Write for ForgetNode {
    type Output = ();

    async fn apply(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let query =
            sqlx::query("DELETE FROM allotment WHERE node = $1").bind(kept(self.0.as_str()));
        query.execute(connection).await.map_err(failed)?;
        Ok(())
    }
}

const NOTE: &str = "
    INSERT INTO allotment (spender, id, node, amount_nanos, told_at)
    SELECT spender, id, $1, amount, (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT
    FROM UNNEST($2::TEXT[], $3::TEXT[], $4::BIGINT[]) AS told (spender, id, amount)
    ON CONFLICT (spender, id, node) DO UPDATE
    SET amount_nanos = excluded.amount_nanos, told_at = excluded.told_at";

const FORGET: &str = "
    DELETE FROM allotment WHERE node = $1 AND amount_nanos = 0
      AND (spender, id) IN (SELECT * FROM UNNEST($2::TEXT[], $3::TEXT[]))";

/// Notes what a node has of each.
async fn note(
    connection: &mut PgConnection,
    node: &NodeId,
    left: &[(Spender, Usd)],
) -> Result<(), StoreError> {
    let kinds: Vec<&str> = left.iter().map(|(spender, _)| spender.kind()).collect();
    let ids: Vec<String> = left.iter().map(|(it, _)| kept(&it.id()).into_owned()).collect();
    let amounts: Vec<i64> = left.iter().map(|(_, amount)| amount.nanos()).collect();
    let node = kept(node.as_str());
    let query = sqlx::query(NOTE).bind(&node).bind(&kinds).bind(&ids).bind(&amounts);
    query.execute(&mut *connection).await.map_err(failed)?;
    if amounts.contains(&0) {
        let query = sqlx::query(FORGET).bind(&node).bind(&kinds).bind(&ids);
        query.execute(connection).await.map_err(failed)?;
    }
    Ok(())
}

const KEY_EVER: &str = "SELECT spent_nanos, byok_nanos, requests FROM key_usage WHERE key_hash = $1 AND $2 = 0::BIGINT";
const KEY_SINCE: &str = "
    SELECT held_sum(coalesce(sum(spent_nanos), 0), 0) AS spent_nanos,
           held_sum(coalesce(sum(byok_nanos), 0), 0) AS byok_nanos, held_sum(coalesce(sum(requests), 0), 0) AS requests
    FROM key_usage_day WHERE key_hash = $1 AND day >= $2";
const WORKSPACE_SINCE: &str = "
    SELECT held_sum(coalesce(sum(spent_nanos), 0), 0) AS spent_nanos,
           held_sum(coalesce(sum(byok_nanos), 0), 0) AS byok_nanos, held_sum(coalesce(sum(requests), 0), 0) AS requests
    FROM total_day WHERE tag = '' AND workspace_id = $1 AND day >= $2";

/// What was spent of a cap, as the records say.
async fn spent(
    connection: &mut PgConnection,
    spender: &Spender,
    cap: &Cap,
) -> Result<DayUsage, StoreError> {
    let since = cap.since.map(UtcDay::days);
    let row = match &spender.whose {
        Whose::Key(hash) => {
            let sql = if since.is_some() { KEY_SINCE } else { KEY_EVER };
            let query = sqlx::query(sql).bind(hash.as_bytes().as_slice());
            query.bind(since.unwrap_or(0)).fetch_optional(connection).await
        }
        Whose::Workspace(id) => {
            let query = sqlx::query(WORKSPACE_SINCE).bind(kept(id));
            query.bind(since.unwrap_or(i64::MIN)).fetch_optional(connection).await
        }
    };
    row.map_err(failed)?.as_ref().map_or_else(|| Ok(DayUsage::default()), usage)
}

fn usage(row: &PgRow) -> Result<DayUsage, StoreError> {
    let columns = Columns::of("key_usage", row);
    Ok(DayUsage {
        spent: columns.usd("spent_nanos")?,
        byok: columns.usd("byok_nanos")?,
        requests: columns.count("requests")?,
    })
}

fn millis(of: Duration) -> i64 {
    i64::try_from(of.as_millis()).unwrap_or(i64::MAX)
}

//! Batches, requests and outcomes out of their rows.

use sqlx::postgres::PgRow;
use tollgate_store::columns::AttributionRow;
use tollgate_store::{
    BatchOutcome, BatchRecord, BatchRequest, BatchResult, BatchStatus, BatchTally, OpenRequest,
    StoreError,
};
use tollgate_types::{BatchId, GenerationId};

use crate::columns::Columns;

pub(super) fn read_batch(row: &PgRow) -> Result<BatchRecord, StoreError> {
    let columns = Columns::of("batch", row);
    let attribution: AttributionRow = columns.json("attribution")?;
    Ok(BatchRecord {
        id: BatchId::from_text(&columns.text("id")?),
        key_hash: columns.key_hash("key_hash")?,
        workspace_id: columns.string("workspace_id")?,
        endpoint: columns.string("endpoint")?,
        model: columns.string("model")?,
        only: columns.json("only_providers")?,
        region: columns.optional_string("region")?,
        attribution: attribution.into_attribution(),
        status: columns.parsed("status", BatchStatus::parse)?,
        created_at: columns.timestamp("created_at")?,
        expires_at: columns.timestamp("expires_at")?,
        finalized_at: columns.optional_timestamp("finalized_at")?,
        error: columns.optional_string("error")?,
        provider: columns.optional_string("provider")?,
        requests: columns.number("requests")?,
        tally: read_tally(&columns)?,
    })
}

pub(super) fn read_tally(columns: &Columns<'_>) -> Result<BatchTally, StoreError> {
    Ok(BatchTally {
        completed: columns.number("completed")?,
        failed: columns.number("failed")?,
        prompt_tokens: columns.count("prompt_tokens")?,
        completion_tokens: columns.count("completion_tokens")?,
        cost: columns.usd("cost_nanos")?,
        with_own_keys: columns.number("with_own_keys")?,
    })
}

pub(super) fn read_open_request(row: &PgRow) -> Result<OpenRequest, StoreError> {
    let columns = Columns::of("batch_request", row);
    let request = BatchRequest {
        number: columns.number("number")?,
        custom_id: columns.string("custom_id")?,
        body: columns.get("body")?,
    };
    Ok(OpenRequest { request, begun: generation(&columns, "begun")? })
}

pub(super) fn read_result(row: &PgRow) -> Result<BatchResult, StoreError> {
    let columns = Columns::of("batch_request", row);
    let status = columns.get::<Option<i64>>("status")?.map(u16::try_from).transpose();
    let status = status.map_err(|_| columns.corrupt("status"))?;
    Ok(BatchResult {
        number: columns.number("number")?,
        custom_id: columns.string("custom_id")?,
        outcome: status.map(|status| read_outcome(&columns, status)).transpose()?,
    })
}

fn read_outcome(columns: &Columns<'_>, status: u16) -> Result<BatchOutcome, StoreError> {
    Ok(BatchOutcome {
        status,
        generation_id: generation(columns, "generation_id")?,
        body: columns.get("outcome")?,
        provider: columns.optional_string("provider")?,
        prompt_tokens: columns.count("prompt_tokens")?,
        completion_tokens: columns.count("completion_tokens")?,
        cost: columns.usd("cost_nanos")?,
        is_byok: columns.flag("is_byok")?,
    })
}

fn generation(columns: &Columns<'_>, name: &str) -> Result<Option<GenerationId>, StoreError> {
    Ok(columns.optional_text(name)?.map(|text| GenerationId::from_text(&text)))
}

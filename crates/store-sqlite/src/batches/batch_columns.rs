//! Batches, requests and outcomes out of their rows.

use sqlx::sqlite::SqliteRow;
use tollgate_store::columns::AttributionRow;
use tollgate_store::{
    BatchOutcome, BatchRecord, BatchRequest, BatchResult, BatchStatus, BatchTally, OpenRequest,
    StoreError,
};
use tollgate_types::{BatchId, GenerationId};

use crate::columns::Columns;

pub(super) fn read_batch(row: &SqliteRow) -> Result<BatchRecord, StoreError> {
    let columns = Columns::of("batch", row);
    let attribution: AttributionRow = columns.json("attribution")?;
    Ok(BatchRecord {
        id: BatchId::from_text(columns.text("id")?),
        key_hash: columns.key_hash("key_hash")?,
        workspace_id: columns.get("workspace_id")?,
        endpoint: columns.get("endpoint")?,
        model: columns.get("model")?,
        only: columns.json("only_providers")?,
        region: columns.get("region")?,
        attribution: attribution.into_attribution(),
        status: columns.parsed("status", BatchStatus::parse)?,
        created_at: columns.timestamp("created_at")?,
        expires_at: columns.timestamp("expires_at")?,
        finalized_at: columns.optional_timestamp("finalized_at")?,
        error: columns.get("error")?,
        provider: columns.get("provider")?,
        requests: columns.get("requests")?,
        tally: read_tally(&columns)?,
    })
}

pub(super) fn read_tally(columns: &Columns<'_>) -> Result<BatchTally, StoreError> {
    Ok(BatchTally {
        completed: columns.get("completed")?,
        failed: columns.get("failed")?,
        prompt_tokens: columns.count("prompt_tokens")?,
        completion_tokens: columns.count("completion_tokens")?,
        cost: columns.usd("cost_nanos")?,
        with_own_keys: columns.get("with_own_keys")?,
    })
}

pub(super) fn read_open_request(row: &SqliteRow) -> Result<OpenRequest, StoreError> {
    let columns = Columns::of("batch_request", row);
    let request = BatchRequest {
        number: columns.get("number")?,
        custom_id: columns.get("custom_id")?,
        body: columns.get("body")?,
    };
    Ok(OpenRequest { request, begun: generation(&columns, "begun")? })
}

pub(super) fn read_result(row: &SqliteRow) -> Result<BatchResult, StoreError> {
    let columns = Columns::of("batch_request", row);
    let status: Option<u16> = columns.get("status")?;
    Ok(BatchResult {
        number: columns.get("number")?,
        custom_id: columns.get("custom_id")?,
        outcome: status.map(|status| read_outcome(&columns, status)).transpose()?,
    })
}

fn read_outcome(columns: &Columns<'_>, status: u16) -> Result<BatchOutcome, StoreError> {
    Ok(BatchOutcome {
        status,
        generation_id: generation(columns, "generation_id")?,
        body: columns.get("outcome")?,
        provider: columns.get("provider")?,
        prompt_tokens: columns.count("prompt_tokens")?,
        completion_tokens: columns.count("completion_tokens")?,
        cost: columns.usd("cost_nanos")?,
        is_byok: columns.flag("is_byok")?,
    })
}

fn generation(columns: &Columns<'_>, name: &str) -> Result<Option<GenerationId>, StoreError> {
    Ok(columns.get::<Option<&str>>(name)?.map(GenerationId::from_text))
}

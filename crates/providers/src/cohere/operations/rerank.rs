//! `POST /v2/rerank`.

use serde::Deserialize;
use serde_json::{Map, Value};
use tollgate_types::{Usage, UsageSource};
use tollgate_wire::operation::{OperationAnswer, RerankRequest};

use super::embed::Meta;
use crate::operation::answers::{Placed, count, parse, rerank};
use crate::operation::inputs::documents;
use crate::{Fault, Unsupported};

/// The body but for the model.
pub(crate) fn members(request: &RerankRequest) -> Result<Map<String, Value>, Unsupported> {
    let mut body = Map::new();
    body.insert("query".to_owned(), request.query.as_str().into());
    body.insert("documents".to_owned(), documents(request)?.into());
    if let Some(top) = request.top_n {
        let all = u64::try_from(request.documents.len()).unwrap_or(u64::MAX);
        body.insert("top_n".to_owned(), top.min(all).into());
    }
    Ok(body)
}

/// The answer. Its fields may be absent or null.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Response {
    id: Option<String>,
    results: Option<Vec<Placed>>,
    meta: Option<Meta>,
}

/// Reads the answer.
pub(crate) fn read(
    body: &[u8],
    request: &RerankRequest,
    measured: Usage,
) -> Result<OperationAnswer, Fault> {
    let response: Response = parse(body)?;
    let Some(places) = response.results else { return Err(Fault::in_band(body)) };
    let units = response.meta.and_then(|meta| meta.billed_units?.search_units);
    let mut usage = measured;
    if let Some(units) = units {
        usage.source = UsageSource::Reported;
        usage.search_units = count(Some(&units));
    }
    Ok(OperationAnswer {
        content: rerank(places, request)?,
        usage,
        upstream_id: response.id.filter(|id| !id.is_empty()),
    })
}

//! Documents in the order of their relevance to a query.
//!
//! Jina, Together, DeepInfra, vLLM and others take the first version of Cohere's form:
//! <https://api.jina.ai/redoc>, <https://docs.together.ai/reference/rerank>,
//! <https://docs.vllm.ai/en/stable/serving/openai_compatible_server.html>. Answers differ in where
//! their parts are called what.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tollgate_types::UsageSource;
use tollgate_wire::json::ObjectWriter;
use tollgate_wire::operation::{Document, MediaSource, OperationAnswer, RerankRequest};

use crate::counts::Count;
use super::shape::Frame;
use super::{members, usage};
use crate::operation::answers::{self, Placed};
use crate::{Fault, Task};

/// A document as it goes to the provider: bare where it is text alone, because some know no other
/// form.
#[derive(Serialize)]
#[serde(untagged)]
enum Given<'a> {
    Text(&'a str),
    Parts {
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        image: Option<String>,
    },
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(default)]
    results: Option<Vec<Placed>>,
    /// Voyage's and others' word for the results.
    #[serde(default)]
    data: Option<Vec<Placed>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(default)]
    meta: Option<Meta>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    billed_units: Option<Units>,
    tokens: Option<Units>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Units {
    search_units: Count,
    input_tokens: Count,
}

/// The body. The documents are not asked back: they are known.
pub(super) fn body(task: &Task<'_>, request: &RerankRequest) -> Vec<u8> {
    let write = |object: &mut ObjectWriter<'_>, key: &str, raw: &str| match key {
        "documents" => {
            let documents: Vec<Given<'_>> = request.documents.iter().map(given).collect();
            object.field("documents", &documents);
        }
        "return_documents" => {}
        key => object.member(key, raw),
    };
    let end = |object: &mut ObjectWriter<'_>| {
        if !members::is_refused(&task.target, "return_documents") {
            object.field("return_documents", &false);
        }
    };
    members::body(task, write, end)
}

fn given(document: &Document) -> Given<'_> {
    let text = document.text.as_deref();
    match (text, &document.image) {
        (Some(text), None) => Given::Text(text),
        (text, image) => Given::Parts { text, image: image.as_ref().map(MediaSource::to_uri) },
    }
}

/// Reads the answer: the best documents first.
pub(super) fn answer(
    task: &Task<'_>,
    request: &RerankRequest,
    body: &[u8],
) -> Result<OperationAnswer, Fault> {
    let frame = Frame::read(body)?;
    let list: List<'_> = answers::parse(body)?;
    let results =
        list.results.or(list.data).ok_or_else(|| Fault::malformed("it has no results"))?;
    let content = answers::rerank(results, request)?;
    let mut usage = task.call.measured();
    usage::lay_over(list.usage, &mut usage);
    let meta = list.meta.unwrap_or_default();
    for units in [meta.tokens, meta.billed_units].into_iter().flatten() {
        let searches = usage::set(&mut usage.search_units, units.search_units.get());
        let tokens = usage::set(&mut usage.prompt_tokens, units.input_tokens.get());
        if searches || tokens {
            usage.source = UsageSource::Reported;
        }
    }
    Ok(OperationAnswer { content, usage, upstream_id: frame.id() })
}

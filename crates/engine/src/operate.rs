//! Performing an operation at one endpoint after another until one succeeds.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout, timeout_at};
use tollgate_catalog::Endpoint;
use tollgate_providers::{Fault, FaultKind, Operations, Progress, Reply, Task};
use tollgate_types::GenerationId;
use tollgate_upstream::UpstreamBody;
use tollgate_wire::chat::UsageView;
use tollgate_wire::operation::{OperationAnswer, OperationCall, OperationRequest, Rendered};

use crate::cache::Recording;
use crate::passing::PassingBody;
use crate::reach::{Reach, error_body, unsupported, whole_body};
use crate::run::{Ending, Run};
use crate::{Cached, CallError, attempt};

/// The answer of an operation on its way to the client.
#[derive(Debug)]
pub enum Operated {
    /// All of it.
    Whole {
        /// The generation's id.
        id: GenerationId,
        /// Display name of the provider.
        provider: String,
        /// What the cache of answers had to do with it, if it was asked.
        cached: Option<Cached>,
        /// The answer.
        answer: Rendered,
    },
    /// A body that is passed on as the provider sends it.
    Passing {
        /// The generation's id.
        id: GenerationId,
        /// Display name of the provider.
        provider: String,
        /// The body's media type.
        media_type: String,
        /// The body.
        body: Box<PassingBody>,
    },
}

/// What an endpoint did.
#[derive(Debug)]
pub(crate) struct Done {
    endpoint: Arc<Endpoint>,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    Answer(OperationAnswer),
    Passing { media_type: String, first: Bytes, rest: UpstreamBody },
}

/// Performs the operation at the first endpoint that can.
///
/// Cancel safe: dropped, it cancels the request in flight; the run settles itself.
pub(crate) async fn first(run: &mut Run<OperationCall>) -> Result<Done, CallError> {
    let (endpoint, outcome) =
        attempt::first(run, |run, endpoint| Box::pin(at(run, endpoint))).await?;
    Ok(Done { endpoint, outcome })
}

impl Done {
    /// Settles a whole answer and writes it, and says what was used; a body that is passed on
    /// settles at its end.
    pub(crate) fn into_answer(
        self,
        mut run: Box<Run<OperationCall>>,
    ) -> (Operated, Option<UsageView>) {
        let Self { endpoint, outcome } = self;
        let (id, provider) = (run.id.clone(), endpoint.provider.name.clone());
        match outcome {
            Outcome::Answer(answer) => {
                let progress = Progress {
                    content: true,
                    usage: Some(answer.usage),
                    upstream_id: answer.upstream_id.clone(),
                    ..Progress::default()
                };
                let usage = run.settle(Some(&endpoint), &progress, Ending::Complete);
                let answer = answer.render(&run.call, &run.head(&endpoint), &usage);
                if let Some(mut recording) = Recording::of(&run) {
                    recording.hear(&answer.body);
                    recording.finish(false);
                }
                let cached = run.caching.told(run.created);
                (Operated::Whole { id, provider, cached, answer }, Some(usage))
            }
            Outcome::Passing { media_type, first, rest } => {
                let body = Box::new(PassingBody::new(run, endpoint, first, rest));
                (Operated::Passing { id, provider, media_type, body }, None)
            }
        }
    }
}

async fn at(run: &Run<OperationCall>, endpoint: &Arc<Endpoint>) -> Result<Outcome, Fault> {
    let patience = run.engine.config().whole_timeout;
    let deadline = Instant::now() + patience;
    let reach = Reach::to(&run.engine, &run.installation, endpoint, patience).await?;
    let operation = run.call.operation();
    let operations = reach
        .adapter
        .operations()
        .filter(|it| it.performs(operation))
        .ok_or_else(|| unsupported(&format!("requests of kind {}", operation.api_type())))?;
    let call = timeout(patience, run.call_for(endpoint)).await;
    let call = call.map_err(|_| Fault::new(FaultKind::Timeout))??;
    let end_user = run.end_user.as_deref();
    let task = Task { call, target: reach.target(), end_user, now: reach.now };
    let response = run.stopwatch.waiting(reach.send(operations.encode(&task))).await?;
    let (parts, body) = response.into_parts();
    let media_type = parts.headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let media_type = media_type.unwrap_or_default().to_owned();
    let read = read(run, operations, &task, media_type, body);
    timeout_at(deadline, read).await.map_err(|_| Fault::new(FaultKind::Timeout))?
}

async fn read(
    run: &Run<OperationCall>,
    operations: &dyn Operations,
    task: &Task<'_>,
    media_type: String,
    body: UpstreamBody,
) -> Result<Outcome, Fault> {
    if operations.passes_on(task.call) {
        if !is_sound(&media_type) {
            // A sound was asked for, and words came.
            return Err(Fault::in_band(&error_body(body).await));
        }
        let media_type = sound_type(task.call, media_type);
        let (first, rest) = first_bytes(body).await?;
        return Ok(Outcome::Passing { media_type, first, rest });
    }
    let body = whole_body(&run.engine, body).await?;
    Ok(Outcome::Answer(operations.answer(task, &Reply { media_type, body })?))
}

/// Whether a body of this type can be a sound. Some providers don't say what theirs is.
fn is_sound(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence.starts_with("audio/") || matches!(essence.as_str(), "" | "application/octet-stream")
}

/// What the sound is: what its provider says, else what was asked for.
fn sound_type(call: &OperationCall, given: String) -> String {
    match call.request() {
        OperationRequest::Speech(request) if !given.starts_with("audio/") => {
            request.format.media_type().to_owned()
        }
        _ => given,
    }
}

/// Reads until there is something: an empty body is no answer.
async fn first_bytes(mut body: UpstreamBody) -> Result<(Bytes, UpstreamBody), Fault> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Fault::truncated())?;
        if let Ok(data) = frame.into_data()
            && !data.is_empty()
        {
            return Ok((data, body));
        }
    }
    Err(Fault::with_message(FaultKind::Empty, "The provider's answer was empty"))
}

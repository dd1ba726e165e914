//! What is written down of a call that has ended.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::time::Instant;
use tollgate_catalog::Endpoint;
use tollgate_providers::Progress;
use tollgate_store::{ErrorRecord, GenerationRecord, RoutingRecord};
use tollgate_wire::chat::FinishReason;

use crate::asked::Asked;
use crate::batches::BatchTerms;
use crate::bill::Bill;
use crate::run::{Ending, Run};
use crate::{CallError, decision};

impl<C: Asked> Run<C> {
    /// The record of the call; none for a call that never got a plan, since nothing was tried.
    pub(crate) fn record(
        &mut self,
        endpoint: Option<&Arc<Endpoint>>,
        progress: &Progress,
        ending: Ending<'_>,
        bill: &Bill,
    ) -> Option<GenerationRecord> {
        let made_before = self.caching.found().map(|entry| entry.model().clone());
        let planned = || Some(endpoint.or(self.endpoint(0))?.model.id.clone());
        let model = made_before.or_else(planned)?;
        let pays = self.engine.config().billing;
        let begun = || self.shares.last().and_then(|share| share.upstream_id.clone());
        let billed = endpoint.map(|it| self.billed(it, progress));
        let (finish_reason, native_finish_reason) = finish(progress, ending).unzip();
        Some(GenerationRecord {
            id: self.id.clone(),
            request_id: None,
            key_hash: self.key.record.hash,
            workspace_id: self.key.record.workspace_id.clone(),
            account: self.workspace.account().clone(),
            paid_by: pays.then(|| self.engine.purses().node().clone()),
            created_at: self.created,
            model,
            requested_model: self.requested_model(),
            preset_id: self.preset.as_ref().map(|preset| preset.id.clone()),
            provider: endpoint.map(|it| it.provider.name.clone()),
            provider_slug: endpoint.map(|it| it.provider.slug.clone()),
            endpoint_id: endpoint.map(|it| it.id.as_str().to_owned()),
            upstream_id: progress.upstream_id.clone().or_else(begun),
            api_type: Cow::Borrowed(self.call.api_type()),
            streamed: self.call.params().stream,
            cancelled: matches!(ending, Ending::Cancelled),
            is_byok: bill.view.is_byok,
            unpriced: bill.view.unpriced,
            price_source: billed.and_then(|it| Some(it.price.as_ref()?.source.clone())),
            finish_reason,
            native_finish_reason: native_finish_reason.flatten(),
            latency_ms: self.first_word.map(|at| millis(at, self.started)),
            generation_time_ms: Some(millis(Instant::now(), self.started)),
            usage: bill.view.usage,
            cost: bill.view.cost,
            upstream_cost: bill.view.upstream_cost,
            cache_discount: bill.cache_discount,
            service_tier: self.service_tier(endpoint, progress),
            routing: Some(Box::new(self.routing_record())),
            error: match ending {
                Ending::Failed(error) => Some(error_record(error)),
                Ending::Complete | Ending::Cancelled => None,
            },
            router: self.router.take(),
            attribution: std::mem::take(&mut self.attribution),
            attempts: std::mem::take(&mut self.attempts),
        })
    }

    fn service_tier(&self, at: Option<&Arc<Endpoint>>, progress: &Progress) -> Option<String> {
        if self.batch.is_some() {
            return Some(BatchTerms::TIER.to_owned());
        }
        let own = || Some(at?.tier()?.as_str().to_owned());
        progress.service_tier.clone().or_else(own)
    }

    fn routing_record(&self) -> RoutingRecord {
        let routing = (&self.plan, &self.shape);
        let again = self.caching.found().map(|entry| entry.source().as_str().into());
        RoutingRecord {
            cache_source: again,
            ..decision::record(&self.call, routing, &self.steering, self.seed)
        }
    }
}

/// Why the model stopped, in the contract's words and, where it said so, in the provider's.
fn finish(progress: &Progress, ending: Ending<'_>) -> Option<(Cow<'static, str>, Option<String>)> {
    let said = progress.finish.as_ref();
    let native = said.map(|(_, native)| native.clone());
    let reason = match ending {
        Ending::Failed(_) => FinishReason::Error,
        Ending::Complete | Ending::Cancelled => said?.0,
    };
    Some((Cow::Borrowed(reason.as_str()), native))
}

fn error_record(error: &CallError) -> ErrorRecord {
    let body = error.body();
    ErrorRecord {
        status: body.error.code,
        error_type: body.error.error_type.to_owned(),
        message: body.error.message,
    }
}

fn millis(later: Instant, earlier: Instant) -> u64 {
    u64::try_from(later.saturating_duration_since(earlier).as_millis()).unwrap_or(u64::MAX)
}

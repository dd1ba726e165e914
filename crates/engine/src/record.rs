//! What is written down of a call that has ended.

use std::sync::Arc;

use tokio::time::Instant;
use tollgate_catalog::Endpoint;
use tollgate_providers::Progress;
use tollgate_store::{ErrorRecord, GenerationRecord};
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
        let again = self.caching.found();
        let made_before = again.map(|entry| entry.model().clone());
        let planned = || Some(endpoint.or(self.endpoint(0))?.model.id.clone());
        let model = made_before.or_else(planned)?;
        let id = self.id.clone();
        let mut record = GenerationRecord::new(id, self.key.record.hash, model, self.created);
        record.workspace_id.clone_from(&self.key.record.workspace_id);
        record.account.clone_from(self.workspace.account());
        let pays = self.engine.config().billing;
        record.paid_by = pays.then(|| self.engine.purses().node().clone());
        record.requested_model = self.requested_model();
        record.router = self.router.take();
        record.preset_id = self.preset.as_ref().map(|preset| preset.id.clone());
        self.call.api_type().clone_into(&mut record.api_type);
        record.streamed = self.call.params().stream;
        record.cancelled = matches!(ending, Ending::Cancelled);
        record.provider = endpoint.map(|it| it.provider.name.clone());
        record.provider_slug = endpoint.map(|it| it.provider.slug.clone());
        record.endpoint_id = endpoint.map(|it| it.id.as_str().to_owned());
        let begun = self.shares.last().and_then(|share| share.upstream_id.clone());
        record.upstream_id = progress.upstream_id.clone().or(begun);
        let own = endpoint.and_then(|it| it.tier()).map(|tier| tier.as_str().to_owned());
        record.service_tier = match self.batch {
            Some(_) => Some(BatchTerms::TIER.to_owned()),
            None => progress.service_tier.clone().or(own),
        };
        record.latency_ms = self.first_word.map(|at| millis(at, self.started));
        record.generation_time_ms = Some(millis(Instant::now(), self.started));
        record.usage = bill.view.usage;
        record.cost = bill.view.cost;
        record.upstream_cost = bill.view.upstream_cost;
        record.cache_discount = bill.cache_discount;
        record.unpriced = bill.view.unpriced;
        record.is_byok = bill.view.is_byok;
        let billed = endpoint.map(|it| self.billed(it, progress));
        record.price_source = billed.and_then(|it| Some(it.price.as_ref()?.source.clone()));
        record.attribution = std::mem::take(&mut self.attribution);
        let routing = (&self.plan, &self.shape);
        let mut routing = decision::record(&self.call, routing, &self.steering, self.seed);
        routing.cache_source = again.map(|entry| entry.source().as_str().into());
        record.routing = Some(Box::new(routing));
        record.attempts = std::mem::take(&mut self.attempts);
        if let Some((reason, native)) = &progress.finish {
            record.finish_reason = Some(reason.as_str().to_owned());
            record.native_finish_reason = Some(native.clone());
        }
        if let Ending::Failed(error) = ending {
            record.finish_reason = Some(FinishReason::Error.as_str().to_owned());
            record.error = Some(error_record(error));
        }
        Some(record)
    }
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

//! Circuits of endpoints that have changed since they were looked at last.

use std::collections::BTreeMap;

use serde::Serialize;
use tollgate_catalog::EndpointId;
use tollgate_engine::Circuit;
use tollgate_types::Timestamp;

use crate::router::App;

/// How the circuits were when they were looked at last.
#[derive(Debug)]
pub(super) struct Circuits(BTreeMap<EndpointId, Circuit>);

/// A circuit that has changed.
#[derive(Debug, Serialize)]
pub(super) struct Change {
    endpoint_id: String,
    model_id: String,
    provider_name: String,
    /// `closed`, `open` or `half_open`.
    circuit: &'static str,
    /// How long it stays open.
    open_for_ms: Option<i64>,
    at: String,
}

impl Circuits {
    pub(super) fn of(app: &App) -> Self {
        let now = app.engine.now();
        let vitals = app.engine.vitals();
        Self(vitals.circuits(now).map(|(id, circuit)| (id.clone(), circuit)).collect())
    }

    /// Those that have changed; callers' own keys are nobody else's business.
    pub(super) fn changes(&mut self, app: &App) -> Vec<Change> {
        let before = std::mem::replace(self, Self::of(app));
        let word = |circuit: &Circuit| told(*circuit).0;
        let is_new = |id: &EndpointId, circuit: &Circuit| {
            let before = before.0.get(id).map_or("closed", word);
            before != word(circuit) && EndpointId::own_key_in(id.as_str()).is_none()
        };
        let changed: Vec<_> = self.0.iter().filter(|(id, circuit)| is_new(id, circuit)).collect();
        if changed.is_empty() {
            return Vec::new();
        }
        let (installation, now) = (app.engine.installation(), app.engine.now());
        let change = |(id, circuit): (&EndpointId, &Circuit)| {
            let endpoint = installation.routable().all_endpoints().find(|it| it.id == *id)?;
            let (circuit, until) = told(*circuit);
            Some(Change {
                endpoint_id: id.as_str().to_owned(),
                model_id: endpoint.model.id.to_string(),
                provider_name: endpoint.provider.name.clone(),
                circuit,
                open_for_ms: until.map(|until| until.millis_since(now).max(0)),
                at: now.to_rfc3339(),
            })
        };
        changed.into_iter().filter_map(change).collect()
    }
}

const fn told(circuit: Circuit) -> (&'static str, Option<Timestamp>) {
    match circuit {
        Circuit::Closed => ("closed", None),
        Circuit::HalfOpen => ("half_open", None),
        Circuit::Open { until } => ("open", Some(until)),
    }
}

//! Alerts that were entered since it was looked last, by whichever gateway.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use tollgate_alerts::Alert;
use tollgate_organisation::Access;
use tollgate_store::{Document, DocumentQuery, StoreError};

use crate::handlers::alerts::view;
use crate::router::App;

/// Alerts that are looked at each time, the newest.
const LOOKED_AT: u32 = 50;

/// The newest alerts that were there the last time.
#[derive(Debug)]
pub(super) struct NewAlerts(BTreeSet<String>);

impl NewAlerts {
    pub(super) async fn begin(app: &App) -> Result<Self, StoreError> {
        Ok(Self(newest(app).await?.into_iter().map(|alert| alert.id).collect()))
    }

    /// Those that are new and may be seen, the oldest first, and whether they are all there were.
    ///
    /// Cancel safe: dropped, they are found the next time.
    pub(super) async fn found(
        &mut self,
        app: &App,
        access: &Access,
    ) -> Result<(Vec<Map<String, Value>>, bool), StoreError> {
        let newest = newest(app).await?;
        let ids: BTreeSet<String> = newest.iter().map(|alert| alert.id.clone()).collect();
        let known = std::mem::replace(&mut self.0, ids);
        let is_whole = known.is_empty()
            || newest.iter().any(|alert| known.contains(&alert.id))
            || newest.len() < usize::try_from(LOOKED_AT).unwrap_or(usize::MAX);
        let is_new = |alert: &&Document<Alert>| !known.contains(&alert.id);
        let is_open = |alert: &&Document<Alert>| match &alert.body.subject.workspace_id {
            Some(workspace) => access.reaches(workspace),
            None => access.is_everywhere(),
        };
        let found = newest.iter().rev().filter(is_new).filter(is_open);
        Ok((found.map(view).collect(), is_whole))
    }
}

async fn newest(app: &App) -> Result<Vec<Document<Alert>>, StoreError> {
    let query =
        DocumentQuery { descending: true, limit: LOOKED_AT, ..DocumentQuery::of::<Alert>() };
    app.engine.stores().documents.page::<Alert>(&query).await
}

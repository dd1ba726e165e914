//! `GET /generation/content?id=`: what was said and answered (contract §1.3).

use axum::Json;
use axum::extract::State;
use serde_json::value::RawValue;
use tollgate_engine::ContentError;
use tollgate_organisation::Area;
use tollgate_wire::error::ErrorType;

use super::credits::Data;
use super::generation::{GenerationQuery, may_see, recorded};
use crate::auth::AnyKey;
use crate::error::ApiError;
use crate::query::Params;
use crate::router::App;

/// What was said and answered in a call of the key's workspace; for a management key, of every
/// workspace that it may look at the keys of.
pub(crate) async fn get_generation_content(
    State(app): State<App>,
    AnyKey(key): AnyKey,
    Params(query): Params<GenerationQuery>,
) -> Result<Json<Data<Box<RawValue>>>, ApiError> {
    let id = query.id()?;
    let organisation = app.engine.organisation();
    let record = recorded(&app, &id).await?;
    let record = record.filter(|it| may_see(&app, &key, Area::Keys, &it.workspace_id));
    let record = record.ok_or_else(|| ApiError::not_found(format!("Generation {id} not found")))?;
    let workspace = organisation.workspace(&record.workspace_id);
    let settings = workspace.as_ref().map(|it| &it.document.body.settings);
    if !settings.is_some_and(|it| it.is_observability_io_logging_enabled) {
        return Err(ApiError::forbidden(
            "Input and output logging is not enabled for the workspace of this generation. Enable it with PATCH /api/v1/workspaces/{id} and is_observability_io_logging_enabled",
        ));
    }
    let content = app.engine.contents().of(&record.id).await.map_err(|error| match error {
        ContentError::Store(error) => error.into(),
        ContentError::Sealed(error) => {
            tracing::error!(generation = id, %error, "what was said can't be opened");
            ApiError::new(
                ErrorType::ProviderOverloaded,
                format!("What was said in generation {id} was sealed under a master key that this gateway does not have. Ask its operator: `tollgate doctor` names the keys it has"),
            )
        }
        error => ApiError::internal(&error),
    })?;
    let data = content.ok_or_else(|| {
        ApiError::not_found(format!("What was said in generation {id} is not kept"))
    })?;
    Ok(Json(Data { data }))
}

//! The settings of routers: the plugins of a request (contract §2.6).

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_wire::error::BadRequest;

use crate::CallError;
use crate::asked::Asked;

/// The settings of the first plugin of one of these names that is not switched off; `None` where
/// there is none.
pub(super) fn settings<T: for<'de> Deserialize<'de>>(
    call: &impl Asked,
    names: &[&str],
) -> Result<Option<T>, CallError> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
        enabled: Option<bool>,
    }
    let wrong = |error: &serde_json::Error| {
        CallError::from(BadRequest::new(format!("plugins: {}: {error}", names.join(", "))))
    };
    let Some(json) = call.member("plugins") else { return Ok(None) };
    let plugins: Vec<&RawValue> = serde_json::from_str(json).map_err(|error| wrong(&error))?;
    for plugin in plugins {
        let head: Named = serde_json::from_str(plugin.get()).map_err(|error| wrong(&error))?;
        if names.contains(&head.id.as_str()) && head.enabled.unwrap_or(true) {
            return serde_json::from_str(plugin.get()).map(Some).map_err(|error| wrong(&error));
        }
    }
    Ok(None)
}

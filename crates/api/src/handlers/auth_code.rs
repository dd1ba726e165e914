//! Codes that are exchanged for keys: `POST /auth/keys/code` and `POST /auth/keys` (contract §1.3).

use axum::Json;
use axum::extract::State;
use http::{Method, Uri};
use serde::{Deserialize, Serialize};
use tollgate_organisation::{AuthCode, Challenge, ChallengeMethod};
use tollgate_store::{Document, KeyRecord, StoreError};
use tollgate_types::KeyHash;

use super::credits::Data;
use super::dollars;
use super::keys::{expiry, interval};
use crate::audit::done;
use crate::auth::{Acting, no_such_workspace};
use crate::body::{JsonBody, SecretBody};
use crate::error::ApiError;
use crate::router::App;
use crate::secret;

/// Longest label of a key (contract §1.3).
const LABEL_MAX: usize = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct WantedCode {
    callback_url: String,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    expires_at: Option<String>,
    key_label: Option<String>,
    limit: Option<f64>,
    usage_limit_type: Option<String>,
    workspace_id: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct CreatedCode {
    /// The code itself.
    id: String,
    app_id: u32,
    created_at: String,
}

#[derive(Deserialize)]
pub(crate) struct Exchange {
    code: String,
    code_verifier: Option<String>,
    code_challenge_method: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Exchanged {
    key: String,
    user_id: Option<String>,
}

/// Makes a code that somebody else may exchange for a key of the caller's workspace.
pub(crate) async fn create_auth_code(
    State(app): State<App>,
    Acting(key): Acting,
    JsonBody(wanted): JsonBody<WantedCode>,
) -> Result<Json<Data<CreatedCode>>, ApiError> {
    let (now, record) = (app.engine.now(), &key.record);
    if record.management {
        return Err(ApiError::forbidden("A management key makes no codes. Use an inference key"));
    }
    if is_bounded(record) {
        return Err(ApiError::forbidden(
            "A key with limits of its own can't make keys without them. Use one that has none",
        ));
    }
    if app.engine.limiting().has_limit_of(record) {
        return Err(ApiError::forbidden(
            "A key that this installation limits can't make keys that would go by its limit. Ask the operator for a key",
        ));
    }
    let app_id = app_of(&wanted.callback_url)?;
    let workspace_id = wanted.workspace_id.unwrap_or_else(|| record.workspace_id.clone());
    if workspace_id != record.workspace_id {
        return Err(no_such_workspace());
    }
    if wanted.key_label.as_ref().is_some_and(|it| it.chars().count() > LABEL_MAX) {
        let message = format!("key_label: String must have at most {LABEL_MAX} characters");
        return Err(ApiError::bad_request(message));
    }
    let (challenge, method) = (wanted.code_challenge, wanted.code_challenge_method);
    let limit_reset = wanted.usage_limit_type.as_deref();
    let limit_reset = limit_reset.map(|text| interval("usage_limit_type", text)).transpose()?;
    let code = AuthCode {
        key_label: wanted.key_label,
        limit: wanted.limit.map(|it| dollars::rounded("limit", it)).transpose()?,
        limit_reset: limit_reset.map(|it| it.as_str().to_owned()),
        expires_at: wanted.expires_at.as_deref().map(|it| expiry(it, now)).transpose()?,
        workspace_id,
        creator_user_id: record.creator_user_id.clone(),
        maker: record.hash.to_hex(),
        exchange: None,
        challenge: Challenge::read(challenge.as_deref(), method.as_deref())?,
        ends_at: AuthCode::ends_at(now),
    };
    let text = secret::new(&app, "auth-")?;
    let document = Document::new(secret::hashed(&text), code, now);
    let documents = &app.engine.stores().documents;
    // Those that nobody can exchange any more go.
    let known = documents.all::<AuthCode>(None).await?;
    let mut changes: Vec<_> =
        known.iter().filter(|it| it.body.ends_at <= now).map(Document::deletion).collect();
    changes.push(document.insertion()?);
    documents.write(changes).await?;
    Ok(Json(Data { data: CreatedCode { id: text, app_id, created_at: now.to_rfc3339() } }))
}

/// Exchanges a code for a key, once.
pub(crate) async fn exchange_auth_code(
    State(app): State<App>,
    SecretBody(asked): SecretBody<Exchange>,
) -> Result<Json<Exchanged>, ApiError> {
    let now = app.engine.now();
    let documents = &app.engine.stores().documents;
    let known = documents.load::<AuthCode>(&secret::hashed(&asked.code)).await?;
    let is_open = |it: &Document<AuthCode>| it.body.ends_at > now && it.body.exchange.is_none();
    let mut known = known.filter(is_open).ok_or_else(|| {
        ApiError::forbidden("Invalid code: it is not known, was used, or is older than 10 minutes")
    })?;
    verify(&known.body, &asked)?;
    still_made_by(&app, &known.body).await?;
    known.body.exchange = Some(app.engine.new_id().map_err(|error| ApiError::internal(&error))?);
    let user_id = known.body.creator_user_id.as_deref();
    let entry = done(&app, ("an app with a code", user_id), (Method::POST, "/auth/keys"), 200)?;
    match documents.write(vec![known.replacement(now)?, entry]).await {
        Err(StoreError::Conflict) => return Err(ApiError::forbidden("Invalid code: it was used")),
        outcome => outcome?,
    }
    let key = app.engine.new_key().map_err(|error| ApiError::internal(&error))?;
    let code = known.body;
    let name = code.key_label.unwrap_or_else(|| "made for an app".to_owned());
    let mut record = KeyRecord::new(app.engine.keys().hash(&key), &name, &key.label(), now);
    record.limit = code.limit;
    let reset = code.limit_reset.as_deref();
    record.limit_reset = reset.and_then(tollgate_store::ResetInterval::parse);
    record.expires_at = code.expires_at;
    record.workspace_id = code.workspace_id;
    record.creator_user_id = code.creator_user_id;
    let user_id = record.creator_user_id.clone();
    app.engine.stores().keys.insert(record).await?;
    app.engine.keys().refresh(now).await?;
    Ok(Json(Exchanged { key: key.expose().to_owned(), user_id }))
}

/// Refuses a code whose maker could not make it any more.
async fn still_made_by(app: &App, code: &AuthCode) -> Result<(), ApiError> {
    let now = app.engine.now();
    let maker = match KeyHash::from_hex(&code.maker) {
        Some(hash) => app.engine.stores().keys.get(hash).await?,
        None => None,
    };
    let is_limited = |it: &KeyRecord| is_bounded(it) || app.engine.limiting().has_limit_of(it);
    let is_good =
        |it: &KeyRecord| !it.disabled && !is_limited(it) && it.workspace_id == code.workspace_id;
    let has_ended = |it: &KeyRecord| it.expires_at.is_some_and(|end| end <= now);
    if maker.is_some_and(|it| is_good(&it) && !has_ended(&it)) {
        return Ok(());
    }
    Err(ApiError::forbidden("Invalid code: the key that made it could not make it any more"))
}

/// Whether the one who exchanges a code is the one who asked for it.
fn verify(code: &AuthCode, asked: &Exchange) -> Result<(), ApiError> {
    let method = asked.code_challenge_method.as_deref().map(ChallengeMethod::parse).transpose()?;
    let expected = code.challenge.as_ref().map(|it| it.method);
    if method.is_some_and(|method| Some(method) != expected) {
        return Err(ApiError::bad_request(
            "code_challenge_method: The code was asked for with another one",
        ));
    }
    let Some(challenge) = &code.challenge else {
        // RFC 9700, 2.1.1: somebody has taken the challenge out of the request for the code.
        return match asked.code_verifier {
            None => Ok(()),
            Some(_) => {
                Err(ApiError::forbidden("Invalid code: it was asked for without a challenge"))
            }
        };
    };
    let verifier = asked.code_verifier.as_deref().unwrap_or_default();
    if secret::answers(challenge, verifier) {
        return Ok(());
    }
    Err(ApiError::forbidden("Invalid code or code_verifier"))
}

/// Whether a key has bounds that one made by it would not have.
fn is_bounded(record: &KeyRecord) -> bool {
    record.limit.is_some()
        || !record.rate_limits.is_empty()
        || record.expires_at.is_some()
        || record.allowed_models.is_some()
        || record.allowed_providers.is_some()
        || record.allowed_addresses.is_some()
}

/// A number for the app that is called back: the same for the same origin (contract §1.3 has
/// numbers for registered apps).
fn app_of(callback: &str) -> Result<u32, ApiError> {
    let problem = || {
        ApiError::bad_request(
            "callback_url: Expected an https address, or one of localhost or 127.0.0.1",
        )
    };
    let uri: Uri = callback.parse().map_err(|_| problem())?;
    let authority = uri.authority().ok_or_else(problem)?;
    let is_local = ["localhost", "127.0.0.1"].contains(&authority.host());
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if is_local => {}
        _ => return Err(problem()),
    }
    let hash = secret::hashed(&authority.as_str().to_ascii_lowercase());
    let folded = hash.bytes().fold(0_u32, |sum, it| sum.wrapping_mul(31).wrapping_add(it.into()));
    Ok(folded & 0x7fff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn section_1_3_callbacks_are_https_or_local() {
        for good in ["https://app.example/cb", "https://app.example:8443/cb?x=1"] {
            assert!(app_of(good).is_ok(), "{good}");
        }
        for good in ["http://localhost:3000/cb", "http://127.0.0.1/cb"] {
            assert!(app_of(good).is_ok(), "{good}");
        }
        for wrong in
            ["http://app.example/cb", "app.example", "/cb", "ftp://localhost/", "javascript:x"]
        {
            assert!(app_of(wrong).is_err(), "{wrong}");
        }
        assert_eq!(app_of("https://App.example/a").ok(), app_of("https://app.example/b").ok());
    }
}

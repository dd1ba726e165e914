//! Codes that are exchanged for keys: `POST /auth/keys/code`, with an inference key, and
//! `POST /auth/keys` (contract §1.3). Ours is `POST /session/auth-code`, by which the page `/auth` of
//! the dashboard makes a code once somebody has approved.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use tollgate_organisation::{Area, AuthCode, Challenge, ChallengeMethod};
use tollgate_store::{DEFAULT_WORKSPACE_ID, Document, KeyRecord, StoreError};
use tollgate_types::KeyHash;

use super::credits::Data;
use super::dollars;
use super::keys::{expiry, interval};
use super::session::untold;
use crate::audit::done;
use crate::auth::{Acting, Oneself, no_such_workspace, not_permitted};
use crate::body::{JsonBody, SecretBody};
use crate::error::ApiError;
use crate::router::App;
use crate::secret;

/// Longest label of a key (contract §1.3).
const LABEL_MAX: usize = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct WantedCode {
    callback_url: Option<String>,
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
    /// None where the code is for no address.
    app_id: Option<u32>,
    created_at: String,
}

/// Who makes a code.
#[derive(Debug)]
struct Maker {
    /// The key, in hexadecimal; none where somebody approves.
    key: Option<String>,
    workspace_id: String,
    user_id: Option<String>,
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
    let record = &key.record;
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
    if wanted.callback_url.is_none() {
        return Err(ApiError::bad_request("callback_url: Required"));
    }
    let workspace_id = record.workspace_id.clone();
    if wanted.workspace_id.as_ref().is_some_and(|it| *it != workspace_id) {
        return Err(no_such_workspace());
    }
    let user_id = record.creator_user_id.clone();
    let maker = Maker { key: Some(record.hash.to_hex()), workspace_id, user_id };
    Ok(Json(Data { data: make(&app, wanted, maker).await? }))
}

/// Makes a code for an app that somebody who is signed in has approved. Without an address that is
/// called back they carry the code to the app themselves.
pub(crate) async fn approve_app(
    State(app): State<App>,
    oneself: Oneself,
    JsonBody(wanted): JsonBody<WantedCode>,
) -> Result<Response, ApiError> {
    let Oneself { access, person, .. } = oneself;
    // Who may make no key for themselves lets no app have one.
    if !access.may(Area::Keys, true) {
        return Err(not_permitted(&access));
    }
    if wanted.callback_url.is_none() && wanted.code_challenge.is_none() {
        // Whoever reads the code over somebody's shoulder could exchange it.
        return Err(ApiError::bad_request("code_challenge: Required without a callback_url"));
    }
    app.engine.refresh_organisation().await?;
    let named = wanted.workspace_id.as_deref().unwrap_or(DEFAULT_WORKSPACE_ID);
    let workspace = app.engine.organisation().workspace(named);
    let workspace = workspace.filter(|it| access.reaches(&it.document.id));
    let workspace_id = workspace.ok_or_else(no_such_workspace)?.document.id.clone();
    let maker = Maker { key: None, workspace_id, user_id: Some(person.id.clone()) };
    let data = make(&app, wanted, maker).await?;
    Ok(untold(StatusCode::OK, Json(Data { data })))
}

/// Keeps a code, and says it.
async fn make(app: &App, wanted: WantedCode, maker: Maker) -> Result<CreatedCode, ApiError> {
    let now = app.engine.now();
    let app_id = wanted.callback_url.as_deref().map(app_of).transpose()?;
    let (challenge, method) = (wanted.code_challenge, wanted.code_challenge_method);
    let limit_reset = wanted.usage_limit_type.as_deref();
    let limit_reset = limit_reset.map(|text| interval("usage_limit_type", text)).transpose()?;
    let code = AuthCode {
        key_label: label(wanted.key_label)?,
        limit: wanted.limit.map(|it| dollars::rounded("limit", it)).transpose()?,
        limit_reset: limit_reset.map(|it| it.as_str().to_owned()),
        expires_at: wanted.expires_at.as_deref().map(|it| expiry(it, now)).transpose()?,
        workspace_id: maker.workspace_id,
        creator_user_id: maker.user_id,
        maker: maker.key,
        exchange: None,
        challenge: Challenge::read(challenge.as_deref(), method.as_deref())?,
        ends_at: AuthCode::ends_at(now),
    };
    let text = secret::new(app, "auth-")?;
    let document = Document::new(secret::hashed(&text), code, now);
    let documents = &app.engine.stores().documents;
    // Those that nobody can exchange any more go.
    let known = documents.all::<AuthCode>(None).await?;
    let mut changes: Vec<_> =
        known.iter().filter(|it| it.body.ends_at <= now).map(Document::deletion).collect();
    changes.push(document.insertion()?);
    documents.write(changes).await?;
    Ok(CreatedCode { id: text, app_id, created_at: now.to_rfc3339() })
}

/// What a key will be called, as far as the app says.
fn label(text: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(text) = text.filter(|it| !it.trim().is_empty()) else { return Ok(None) };
    if text.chars().count() > LABEL_MAX {
        let message = format!("key_label: String must have at most {LABEL_MAX} characters");
        return Err(ApiError::bad_request(message));
    }
    // Those that turn the direction of text have a label look like another one.
    let turns = |it: char| matches!(it, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.chars().any(|it| it.is_control() || turns(it)) {
        return Err(ApiError::bad_request("key_label: String must have no control characters"));
    }
    Ok(Some(text))
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
    let Some(maker) = &code.maker else { return still_approved(app, code).await };
    let now = app.engine.now();
    let maker = match KeyHash::from_hex(maker) {
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

/// Refuses a code which somebody approved who might not make such a key any more. That they have
/// signed out meanwhile takes nothing from it.
async fn still_approved(app: &App, code: &AuthCode) -> Result<(), ApiError> {
    app.engine.refresh_organisation().await?;
    let organisation = app.engine.organisation();
    let access = code.creator_user_id.as_deref().and_then(|id| organisation.access_of(id));
    let may = access.is_some_and(|it| it.may(Area::Keys, true) && it.reaches(&code.workspace_id));
    if may && organisation.workspace(&code.workspace_id).is_some() {
        return Ok(());
    }
    Err(ApiError::forbidden("Invalid code: whoever approved it could make no such key any more"))
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
    let host = authority.host();
    let is_local = host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1";
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if is_local => {}
        _ => return Err(problem()),
    }
    // What looks like a port and is none is left in the authority.
    let has_port = authority.port_u16().is_some() || authority.as_str().ends_with(host);
    let is_name = |it: char| it.is_ascii_alphanumeric() || ".-_[]:".contains(it);
    if !has_port || !host.chars().all(is_name) {
        return Err(problem());
    }
    let hash = secret::hashed(&authority.as_str().to_ascii_lowercase());
    let folded = hash.bytes().fold(0_u32, |sum, it| sum.wrapping_mul(31).wrapping_add(it.into()));
    Ok(folded & 0x7fff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_what_they_look_like() {
        for good in ["Büro", "日本語", "👩🏽‍💻 tools"] {
            assert_eq!(label(Some(good.to_owned())).ok(), Some(Some(good.to_owned())));
        }
        for wrong in ["a\u{202e}b", "a\nb", "\u{2066}x"] {
            assert!(label(Some(wrong.to_owned())).is_err(), "{wrong:?}");
        }
        assert_eq!(label(Some("  ".to_owned())).ok(), Some(None));
    }

    #[test]
    fn section_1_3_callbacks_are_https_or_local() {
        for good in ["https://app.example/cb", "https://app.example:8443/cb?x=1"] {
            assert!(app_of(good).is_ok(), "{good}");
        }
        for good in ["http://localhost:3000/cb", "http://127.0.0.1/cb", "http://LocalHost/#cb"] {
            assert!(app_of(good).is_ok(), "{good}");
        }
        for wrong in [
            "http://app.example/cb",
            "app.example",
            "/cb",
            "ftp://localhost/",
            "javascript:x",
            "http://127.0.0.1:99999/",
            "https://*/",
        ] {
            assert!(app_of(wrong).is_err(), "{wrong}");
        }
        assert_eq!(app_of("https://App.example/a").ok(), app_of("https://app.example/b").ok());
    }
}

//! A running gateway, as commands that ask one reach it.

use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use clap::Args;
use http::{HeaderValue, Request, header};
use serde::Deserialize;
use tollgate_engine::{Clock, SystemClock};
use tollgate_store::{KeyRecord, Stores};
use tollgate_types::{ApiKey, KeyHash, Pepper};
use tollgate_upstream::{Upstream, UpstreamBody, read_bounded};

use super::Session;
use super::keys::new_key;
use crate::gateway::open_store;
use crate::secrets::pepper;

/// Where it is, and who asks.
#[derive(Debug, Args)]
pub(super) struct RunningArgs {
    /// Key to use; else $TOLLGATE_API_KEY, else a passing one made on the local store
    #[arg(long = "key", value_name = "KEY")]
    api_key: Option<String>,
    /// The gateway's address; the configured one when not given
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// What an error says.
#[derive(Deserialize)]
pub(super) struct ErrorShown {
    pub(super) message: String,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorShown,
}

/// How long to wait for the head of an answer.
const PATIENCE: Duration = Duration::from_mins(5);
/// Most of an error that is read, in bytes.
const ERROR_BYTES_MAX: usize = 1 << 20;
/// A passing key's life: it is deleted at the end, and useless soon when it is not.
const PASSING_KEY_MILLIS: i64 = 3_600_000;

/// A running gateway and a key for it.
pub(super) struct Running {
    upstream: Upstream,
    base: String,
    key: ApiKey,
    /// Where the key is deleted again, when it is a passing one.
    passing: Option<(Stores, KeyHash)>,
}

impl Running {
    /// Finds address and key.
    pub(super) async fn reach(args: RunningArgs, session: &Session) -> anyhow::Result<Self> {
        let config = session.config()?;
        let base = args.url.unwrap_or_else(|| format!("http://{}", config.listen));
        let base = base.trim_end_matches('/').trim_end_matches("/api/v1").to_owned();
        let upstream = Upstream::new(config.limits.upstream.clone())?;
        let in_environment = || session.environment.get("TOLLGATE_API_KEY").map(str::to_owned);
        if let Some(key) = args.api_key.or_else(in_environment) {
            return Ok(Self { upstream, base, key: ApiKey::from_text(&key), passing: None });
        }
        let stores = open_store(&config).await.context(
            "no key: give one with --key or TOLLGATE_API_KEY, or run where the gateway's data is",
        )?;
        let pepper = pepper(&config, &session.environment, &stores).await?;
        let key = passing_key(&stores, &pepper).await?;
        let hash = pepper.hash(&key);
        Ok(Self { upstream, base, key, passing: Some((stores, hash)) })
    }

    /// The address of an API path such as `/models`.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.base)
    }

    /// Sends a request with the key, and returns the body of a good answer.
    ///
    /// # Errors
    ///
    /// What the gateway says is wrong, or that there is none.
    pub(super) async fn ask(&self, mut request: Request<Bytes>) -> anyhow::Result<UpstreamBody> {
        let key = HeaderValue::try_from(format!("Bearer {}", self.key.expose()))?;
        request.headers_mut().insert(header::AUTHORIZATION, key);
        let uri = request.uri().clone();
        let sent = self.upstream.send(request, PATIENCE).await;
        let response = sent.map_err(|error| {
            anyhow!("{error} ({uri}): is the gateway running? Start it with `tollgate serve`")
        })?;
        let status = response.status();
        let body = response.into_body();
        if status.is_success() {
            return Ok(body);
        }
        let text = read_bounded(body, ERROR_BYTES_MAX).await.context("the error can't be read")?;
        let message = serde_json::from_slice::<ErrorBody>(&text).map(|it| it.error.message);
        bail!("{}", message.unwrap_or_else(|_| format!("the gateway answered {status}")));
    }

    /// Deletes the key where it is a passing one.
    pub(super) async fn leave(self) -> anyhow::Result<()> {
        if let Some((stores, hash)) = self.passing {
            stores.keys.delete(hash).await?;
            stores.health.close().await;
        }
        Ok(())
    }
}

async fn passing_key(stores: &Stores, pepper: &Pepper) -> anyhow::Result<ApiKey> {
    let key = new_key()?;
    let now = SystemClock.now();
    let record = KeyRecord {
        expires_at: Some(now.plus_millis(PASSING_KEY_MILLIS)),
        ..KeyRecord::new(pepper.hash(&key), "passing key of a command", &key.label(), now)
    };
    stores.keys.insert(record).await?;
    Ok(key)
}

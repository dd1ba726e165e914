//! The sections of the file as an operator writes them, and what they become.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use tollgate_engine::{EngineConfig, Secret};
use tollgate_ledger::{ByokFee, PlatformFee};
use tollgate_payments::Fees;
use tollgate_types::AddressRange;
use tollgate_upstream::{MediaConfig, UpstreamConfig};

use super::Problems;
use super::fee::{ByokFeeTable, FeeEntry};

/// `[database]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DatabaseSection {
    /// `sqlite://…` or `postgres://…`
    pub(super) url: Option<String>,
    /// The most that a loss of power takes of what has just happened, in milliseconds.
    pub(super) journal_sync_ms: u64,
}

impl Default for DatabaseSection {
    fn default() -> Self {
        Self { url: None, journal_sync_ms: 100 }
    }
}

/// `[shared]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SharedSection {
    /// Valkey or Redis, for several nodes.
    pub(super) url: Option<String>,
}

/// `[billing]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct BillingSection {
    /// Whether calls need prepaid credit.
    pub(super) enabled: bool,
    /// Taken on top of credit purchases.
    pub(super) platform_fee: Option<FeeEntry>,
    /// The same of those that are paid in stablecoins.
    pub(super) crypto_fee: Option<FeeEntry>,
    /// Taken of calls that are met with keys of the caller's own.
    pub(super) byok_fee: Option<FeeEntry<ByokFeeTable>>,
    /// How long a gateway may not be heard of until others take back what it has set aside, in
    /// milliseconds.
    pub(super) gone_after_ms: u64,
}

impl Default for BillingSection {
    fn default() -> Self {
        Self {
            enabled: false,
            platform_fee: None,
            crypto_fee: None,
            byok_fee: None,
            gone_after_ms: 600_000,
        }
    }
}

impl BillingSection {
    /// How long a gateway may be silent.
    pub(super) fn gone_after(&self, problems: &mut Problems) -> Duration {
        if self.gone_after_ms < 1_000 {
            problems.add("billing.gone_after_ms: must be at least 1000 milliseconds");
        }
        Duration::from_millis(self.gone_after_ms.max(1_000))
    }

    /// The fees as they are reckoned with.
    pub(super) fn fees(&self, problems: &mut Problems) -> Fees {
        let mut fee = |name: &str, entry: &Option<FeeEntry>, usual| {
            entry.as_ref().map(|it| it.fee(name, usual, problems)).unwrap_or_default()
        };
        Fees {
            standard: fee("billing.platform_fee", &self.platform_fee, PlatformFee::HOSTED),
            crypto: fee("billing.crypto_fee", &self.crypto_fee, PlatformFee::HOSTED_CRYPTO),
        }
    }

    /// The fee on calls that are met with keys of the caller's own; none where calls need no credit.
    pub(super) fn byok_fee(&self, problems: &mut Problems) -> Option<ByokFee> {
        let entry = self.byok_fee.as_ref();
        let fee = entry.map(|it| it.fee("billing.byok_fee", ByokFee::HOSTED, problems));
        self.enabled.then(|| fee.unwrap_or_default())
    }
}

/// `[upstream]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct UpstreamSection {
    /// Certificate authorities trusted beside the built-in ones, as a PEM file.
    pub(super) ca_file: Option<String>,
    /// Whether images and documents may be fetched from addresses of private networks.
    pub(super) fetch_private_addresses: bool,
}

/// `[simulator]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SimulatorSection {
    /// Whether the models `tollgate/…` are served.
    pub(super) enabled: bool,
}

impl Default for SimulatorSection {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// `[attribution]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AttributionSection {
    /// Request headers recorded with each generation, such as `X-Department`.
    pub(super) headers: Vec<String>,
}

/// `[server]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServerSection {
    /// Proxies whose `X-Forwarded-For` is believed, as ranges of addresses.
    pub(super) trusted_proxies: Vec<String>,
    /// Where a proxy in front has the gateway, such as `/gateway`.
    pub(super) path_prefix: String,
}

/// First parts of the paths that the gateway has itself.
const OWN_PATHS: [&str; 6] = ["api", "assets", "health", "metrics", "v1", "webhooks"];

impl ServerSection {
    /// The prefix as paths begin with it: with a slash before it and none behind it; empty where
    /// there is none.
    pub(super) fn prefix(&self, problems: &mut Problems) -> String {
        let parts: Vec<&str> = self.path_prefix.split('/').filter(|it| !it.is_empty()).collect();
        let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.~".contains(&it);
        let is_part = |it: &&str| it.bytes().all(is_plain) && !it.bytes().all(|it| it == b'.');
        if !parts.iter().all(is_part) {
            problems.add(format!(
                "server.path_prefix: `{}` is not the beginning of a path such as /gateway",
                self.path_prefix
            ));
        }
        if let Some(own) = parts.first().filter(|it| OWN_PATHS.contains(it)) {
            problems.add(format!(
                "server.path_prefix: the gateway has paths of its own below /{own}; choose another"
            ));
        }
        parts.iter().flat_map(|part| ["/", part]).collect()
    }

    /// The ranges, as far as they are some.
    pub(super) fn check(&self, problems: &mut Problems) -> Vec<AddressRange> {
        let range = |text: &String| match text.parse() {
            Ok(range) => Some(range),
            Err(error) => {
                problems.add(format!("server.trusted_proxies: {error}"));
                None
            }
        };
        self.trusted_proxies.iter().filter_map(range).collect()
    }
}

/// `[regions]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RegionsSection {
    /// Regions by the hosts whose calls must be processed there, besides `eu.…` and `us.…`.
    pub(super) hosts: BTreeMap<String, String>,
}

impl RegionsSection {
    /// The hosts as requests name them: in lower case, without a port.
    pub(super) fn check(&self, problems: &mut Problems) -> Vec<(String, String)> {
        let mut hosts = Vec::with_capacity(self.hosts.len());
        for (host, region) in &self.hosts {
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            if host.is_empty() || !host.bytes().all(is_name) {
                problems.add(format!(
                    "regions.hosts: `{host}` is not the name of a host such as gateway-eu.corp"
                ));
            }
            if region.is_empty() || !region.bytes().all(|byte| byte.is_ascii_graphic()) {
                problems.add(format!(
                    "regions.hosts: `{region}` is not a region such as eu, as providers have them"
                ));
            }
            hosts.push((host.to_ascii_lowercase(), region.clone()));
        }
        hosts
    }
}

/// `[limits]`: times in milliseconds, sizes in bytes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LimitsSection {
    /// Largest request body.
    body_bytes_max: usize,
    /// Longest a request body may take to arrive.
    body_timeout_ms: u64,
    /// Longest a connection to a provider may take to open.
    connect_timeout_ms: u64,
    /// Longest a provider may take to the first word of a stream.
    first_byte_timeout_ms: u64,
    /// The same for models that may think before they speak.
    reasoning_first_byte_timeout_ms: u64,
    /// Longest an answer that is not streamed may take.
    whole_timeout_ms: u64,
    /// Longest silence in the middle of a stream.
    idle_timeout_ms: u64,
    /// Longest a stream may take in all, however steadily it comes; 0 is without end.
    stream_timeout_ms: u64,
    /// Largest image or document fetched for a provider that fetches none.
    media_bytes_max: usize,
    /// Longest such a fetch may take.
    media_timeout_ms: u64,
    /// How long a stream may be quiet before a comment keeps it open.
    keep_alive_ms: u64,
    /// How long open streams may go on after a stop was asked for.
    shutdown_grace_ms: u64,
}

impl Default for LimitsSection {
    fn default() -> Self {
        let engine = EngineConfig::default();
        let upstream = UpstreamConfig::default();
        let media = MediaConfig::default();
        let api = tollgate_api::AppConfig::default();
        let server = tollgate_api::ServerConfig::default();
        Self {
            body_bytes_max: api.body_bytes_max,
            body_timeout_ms: millis(api.body_timeout),
            connect_timeout_ms: millis(upstream.connect_timeout),
            first_byte_timeout_ms: millis(engine.first_byte_timeout),
            reasoning_first_byte_timeout_ms: millis(engine.reasoning_first_byte_timeout),
            whole_timeout_ms: millis(engine.whole_timeout),
            idle_timeout_ms: millis(engine.idle_timeout),
            stream_timeout_ms: engine.stream_timeout.map_or(0, millis),
            media_bytes_max: media.bytes_max,
            media_timeout_ms: millis(media.patience),
            keep_alive_ms: millis(engine.keep_alive),
            shutdown_grace_ms: millis(server.shutdown_grace),
        }
    }
}

/// Times and bounds, checked.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For the pipeline.
    pub engine: EngineConfig,
    /// For the outbound client.
    pub upstream: UpstreamConfig,
    /// For what requests point to.
    pub media: MediaConfig,
    /// For connections from clients.
    pub server: tollgate_api::ServerConfig,
    /// Largest request body, in bytes.
    pub body_bytes_max: usize,
    /// Longest a request body may take to arrive.
    pub body_timeout: Duration,
}

impl LimitsSection {
    /// Each by its path, as a person reads it.
    pub(super) fn settings(&self) -> [(&'static str, String); 12] {
        [
            ("limits.body_bytes_max", self.body_bytes_max.to_string()),
            ("limits.body_timeout_ms", self.body_timeout_ms.to_string()),
            ("limits.connect_timeout_ms", self.connect_timeout_ms.to_string()),
            ("limits.first_byte_timeout_ms", self.first_byte_timeout_ms.to_string()),
            (
                "limits.reasoning_first_byte_timeout_ms",
                self.reasoning_first_byte_timeout_ms.to_string(),
            ),
            ("limits.whole_timeout_ms", self.whole_timeout_ms.to_string()),
            ("limits.idle_timeout_ms", self.idle_timeout_ms.to_string()),
            ("limits.stream_timeout_ms", self.stream_timeout_ms.to_string()),
            ("limits.media_bytes_max", self.media_bytes_max.to_string()),
            ("limits.media_timeout_ms", self.media_timeout_ms.to_string()),
            ("limits.keep_alive_ms", self.keep_alive_ms.to_string()),
            ("limits.shutdown_grace_ms", self.shutdown_grace_ms.to_string()),
        ]
    }

    /// Every size must be more than nothing, and every time but the grace and a whole stream's.
    pub(super) fn check(&self, problems: &mut Problems) -> Limits {
        let mut positive = |name: &str, millis: u64| {
            if millis == 0 {
                problems.add(format!("limits.{name}: must be more than 0 milliseconds"));
            }
            Duration::from_millis(millis.max(1))
        };
        let idle_timeout = positive("idle_timeout_ms", self.idle_timeout_ms);
        let engine = EngineConfig {
            keep_alive: positive("keep_alive_ms", self.keep_alive_ms),
            first_byte_timeout: positive("first_byte_timeout_ms", self.first_byte_timeout_ms),
            reasoning_first_byte_timeout: positive(
                "reasoning_first_byte_timeout_ms",
                self.reasoning_first_byte_timeout_ms,
            ),
            whole_timeout: positive("whole_timeout_ms", self.whole_timeout_ms),
            idle_timeout,
            stream_timeout: (self.stream_timeout_ms > 0)
                .then(|| Duration::from_millis(self.stream_timeout_ms)),
            ..EngineConfig::default()
        };
        let connect_timeout = positive("connect_timeout_ms", self.connect_timeout_ms);
        let body_timeout = positive("body_timeout_ms", self.body_timeout_ms);
        let media = MediaConfig {
            bytes_max: self.media_bytes_max.max(1),
            patience: positive("media_timeout_ms", self.media_timeout_ms),
            ..MediaConfig::default()
        };
        for (name, bytes) in
            [("body_bytes_max", self.body_bytes_max), ("media_bytes_max", self.media_bytes_max)]
        {
            if bytes == 0 {
                problems.add(format!("limits.{name}: must be more than 0 bytes"));
            }
        }
        Limits {
            engine,
            upstream: UpstreamConfig { connect_timeout, ..UpstreamConfig::default() },
            media,
            server: tollgate_api::ServerConfig {
                shutdown_grace: Duration::from_millis(self.shutdown_grace_ms),
                stall_timeout: idle_timeout,
                ..tollgate_api::ServerConfig::default()
            },
            body_bytes_max: self.body_bytes_max.max(1),
            body_timeout,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A provider's credential and where it was found.
#[derive(Clone)]
pub struct Credential {
    /// The credential.
    pub secret: Secret,
    /// Where it was found, for people.
    pub origin: String,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("origin", &self.origin).finish_non_exhaustive()
    }
}

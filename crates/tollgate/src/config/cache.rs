//! `[cache]`: how much is kept of answers, to be told again to who asks the same.

use serde::Deserialize;
use tollgate_engine::CacheConfig;

use super::Problems;

/// How much is kept of answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CacheSection {
    /// Most bytes of all of them; none are kept where it is 0.
    max_bytes: usize,
    /// Most bytes of one of them.
    entry_max_bytes: usize,
}

impl Default for CacheSection {
    fn default() -> Self {
        let CacheConfig { bytes_max, entry_bytes_max } = CacheConfig::default();
        Self { max_bytes: bytes_max, entry_max_bytes: entry_bytes_max }
    }
}

impl CacheSection {
    /// The settings as they are shown.
    pub(super) fn settings(&self) -> [(&'static str, String); 2] {
        [
            ("cache.max_bytes", self.max_bytes.to_string()),
            ("cache.entry_max_bytes", self.entry_max_bytes.to_string()),
        ]
    }

    /// The settings as they are worked with.
    pub(super) fn check(&self, problems: &mut Problems) -> CacheConfig {
        let Self { max_bytes, entry_max_bytes } = *self;
        if entry_max_bytes == 0 {
            problems.add("cache.entry_max_bytes: must be more than 0; max_bytes = 0 keeps nothing");
        }
        CacheConfig { bytes_max: max_bytes, entry_bytes_max: entry_max_bytes.min(max_bytes) }
    }
}

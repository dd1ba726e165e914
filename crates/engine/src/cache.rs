//! Answers that are kept, and told again to who asks the same (contract §6.4).
//!
//! It is for calls that ask for it, by a header or by their preset; others are not looked at. An
//! answer is looked for behind everything that may refuse the call but for money: the key, the rules,
//! the names of models, the plan, and how many requests there may be. One that is found is a
//! generation of its own that nobody has made, so it costs nothing and holds nothing.
//!
//! # Invariants
//!
//! - An answer is told to the key that paid for it, and to no other.
//! - Only what an endpoint wrote is told that the call could go to now.
//! - What is kept, and what is being written down to be kept, has a bound in bytes.

mod key;
mod recording;
mod telling;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use parking_lot::Mutex;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tollgate_catalog::Endpoint;
use tollgate_providers::Progress;
use tollgate_routing::{Dropped, Plan};
use tollgate_types::{GenerationId, ModelSlug, Timestamp, Usage};
use tollgate_wire::KeptAnswer;
use tollgate_wire::chat::FinishReason;

use crate::CacheConfig;
use crate::asked::Asked;
use crate::run::{Ending, Run};

use self::key::CacheKey;
pub(crate) use self::recording::Recording;
pub(crate) use self::telling::form_of;

/// What the cache had to do with a call that asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cached {
    /// The answer was told again.
    Hit {
        /// How long it has been kept, in seconds.
        age_seconds: u64,
        /// For how much longer it is.
        ttl_seconds: u64,
        /// The generation that it was made by.
        source: GenerationId,
    },
    /// There was none, and the answer is kept for so many seconds.
    Miss {
        /// For how long.
        ttl_seconds: u64,
    },
}

/// What the cache has to do with a call that is under way.
#[derive(Debug, Default)]
pub(crate) enum Caching {
    /// Nothing.
    #[default]
    Off,
    /// It has the answer.
    Found(Arc<Entry>),
    /// It is to keep the answer.
    Wanted(Arc<Wanted>),
}

/// An answer that is to be kept once it is whole.
#[derive(Debug)]
pub(crate) struct Wanted {
    key: CacheKey,
    ttl_seconds: u32,
    /// Told by the run when it is settled.
    made: Mutex<Option<Made>>,
}

/// Who made an answer, and when.
#[derive(Debug, Clone)]
struct Made {
    id: GenerationId,
    at: Timestamp,
    model: ModelSlug,
    /// The endpoint's name.
    endpoint: Arc<str>,
    provider: String,
    finish: Option<(FinishReason, String)>,
}

/// An answer that is kept.
#[derive(Debug)]
pub(crate) struct Entry {
    answer: KeptAnswer,
    made: Made,
    ttl_seconds: u32,
}

/// The answers that this gateway keeps.
#[derive(Debug)]
pub(crate) struct ResponseCache {
    /// None where nothing is to be kept.
    entries: Option<Entries>,
    config: CacheConfig,
    /// Bytes of answers that are being written down to be kept.
    recording: AtomicUsize,
}

type Entries = Cache<CacheKey, Arc<Entry>, ByBytes>;

/// Weighs answers by the memory they take.
#[derive(Debug, Clone, Copy)]
struct ByBytes;

/// What an entry takes beside its answer: its key, names, and its place.
const ENTRY_BYTES: usize = 512;
/// About as long as an answer is: how many there may be is reckoned by it.
const USUAL_ANSWER_BYTES: usize = 4_096;
/// A part of the cache that is locked by itself has room for so many of the longest answers.
const LONGEST_PER_SHARD: usize = 4;
/// As many parts as are of use to this many threads.
const SHARDS_MAX: usize = 16;

impl Weighter<CacheKey, Arc<Entry>> for ByBytes {
    fn weight(&self, _: &CacheKey, entry: &Arc<Entry>) -> u64 {
        let bytes = entry.answer.bytes().saturating_add(ENTRY_BYTES);
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

impl ResponseCache {
    /// An empty cache.
    pub(crate) fn new(config: CacheConfig) -> Self {
        let longest = config.entry_bytes_max.max(1).saturating_mul(LONGEST_PER_SHARD);
        let shards = (config.bytes_max / longest).clamp(1, SHARDS_MAX);
        // Down to a power of two, which it is rounded up to otherwise.
        let shards = if shards.is_power_of_two() { shards } else { shards.next_power_of_two() / 2 };
        let options = OptionsBuilder::new()
            .shards(shards)
            .estimated_items_capacity((config.bytes_max / USUAL_ANSWER_BYTES).max(1))
            .weight_capacity(u64::try_from(config.bytes_max).unwrap_or(u64::MAX))
            .build();
        let options = options.ok().filter(|_| config.bytes_max > 0);
        let entries = options.map(|options| {
            let lifecycle = DefaultLifecycle::default();
            Cache::with_options(options, ByBytes, DefaultHashBuilder::default(), lifecycle)
        });
        Self { entries, config, recording: AtomicUsize::new(0) }
    }

    /// The answer that is kept under a key, if it still is.
    fn find(&self, key: &CacheKey, now: Timestamp) -> Option<Arc<Entry>> {
        let entries = self.entries.as_ref()?;
        let entry = entries.get(key)?;
        if entry.is_kept_at(now) {
            return Some(entry);
        }
        entries.remove_if(key, |entry| !entry.is_kept_at(now));
        None
    }

    fn insert(&self, key: CacheKey, entry: Entry) {
        if let Some(entries) = &self.entries {
            entries.insert(key, Arc::new(entry));
        }
    }

    fn remove(&self, key: &CacheKey) {
        if let Some(entries) = &self.entries {
            entries.remove(key);
        }
    }
}

impl Entry {
    /// How old it is, in seconds. The clock may have been set back meanwhile.
    fn age_seconds(&self, now: Timestamp) -> u64 {
        u64::try_from(now.millis_since(self.made.at) / 1_000).unwrap_or(0)
    }

    fn is_kept_at(&self, now: Timestamp) -> bool {
        self.age_seconds(now) < u64::from(self.ttl_seconds)
    }

    /// Whether a call of this plan could have been answered so: who answered is one of those that
    /// may be tried, or would be if others were not before it.
    fn may_answer(&self, plan: &Plan) -> bool {
        self.made_at(plan).is_some()
    }

    /// Where it was made, as a plan has it.
    fn made_at<'p>(&self, plan: &'p Plan) -> Option<&'p Arc<Endpoint>> {
        let steps = plan.steps.iter().map(|step| &step.endpoint);
        let behind = plan.dropped.iter().filter(|(_, why)| *why == Dropped::NoFallbacks);
        let mut all = steps.chain(behind.map(|(endpoint, _)| endpoint));
        all.find(|endpoint| endpoint.id.as_str() == &*self.made.endpoint)
    }

    /// The model that has made it.
    pub(crate) const fn model(&self) -> &ModelSlug {
        &self.made.model
    }

    /// The generation that it was made by.
    pub(crate) const fn source(&self) -> &GenerationId {
        &self.made.id
    }
}

impl Caching {
    /// The answer that is told again, if one is.
    pub(crate) const fn found(&self) -> Option<&Arc<Entry>> {
        match self {
            Self::Found(entry) => Some(entry),
            Self::Off | Self::Wanted(_) => None,
        }
    }

    /// What the caller is told of it.
    pub(crate) fn told(&self, now: Timestamp) -> Option<Cached> {
        Some(match self {
            Self::Off => return None,
            Self::Found(entry) => {
                let age_seconds = entry.age_seconds(now);
                let ttl_seconds = u64::from(entry.ttl_seconds).saturating_sub(age_seconds);
                Cached::Hit { age_seconds, ttl_seconds, source: entry.source().clone() }
            }
            Self::Wanted(wanted) => Cached::Miss { ttl_seconds: wanted.ttl_seconds.into() },
        })
    }
}

impl<C: Asked> Run<C> {
    /// Tells the cache who made the answer, where it is to be kept and is a good one: whole, of some
    /// words, and with a reason why it ended.
    pub(crate) fn tell_cache(
        &self,
        endpoint: Option<&Arc<Endpoint>>,
        (usage, progress): (&Usage, &Progress),
        (ending, failed): (Ending<'_>, bool),
    ) {
        let (Caching::Wanted(wanted), Some(endpoint)) = (&self.caching, endpoint) else { return };
        let is_whole = matches!(ending, Ending::Complete) && !failed;
        let says_something = usage.completion_tokens > 0
            || usage.completion_images > 0
            || progress.output_bytes > 0
            || progress.tool_calls > 0;
        if is_whole && (!C::CONVERSES || (says_something && progress.finish.is_some())) {
            *wanted.made.lock() = Some(Made {
                id: self.id.clone(),
                at: self.engine.now(),
                model: endpoint.model.id.clone(),
                endpoint: endpoint.id.shared(),
                provider: endpoint.provider.name.clone(),
                finish: progress.finish.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_790_000_000_000);

    fn entry(bytes: usize, ttl_seconds: u32) -> Entry {
        let body = format!(r#"{{"text":"{}"}}"#, "x".repeat(bytes));
        let made = Made {
            id: GenerationId::from_text("gen-1"),
            at: NOW,
            model: ModelSlug::parse("acme/m").unwrap(),
            endpoint: "acme/acme/m".into(),
            provider: "Acme".to_owned(),
            finish: None,
        };
        Entry { answer: KeptAnswer::of_whole(body.as_bytes()).unwrap(), made, ttl_seconds }
    }

    #[test]
    fn an_answer_is_kept_until_its_time_is_up() {
        let cache = ResponseCache::new(CacheConfig::default());
        let key = CacheKey::numbered(1);
        cache.insert(key, entry(10, 2));
        for (millis, is_there) in
            [(0, true), (1_999, true), (-60_000, true), (2_000, false), (0, false)]
        {
            let found = cache.find(&key, NOW.plus_millis(millis));
            assert_eq!(found.is_some(), is_there, "{millis}");
        }
        cache.insert(key, entry(10, 2));
        cache.remove(&key);
        assert!(cache.find(&key, NOW).is_none());
    }

    #[test]
    fn whatever_is_set_is_not_passed() {
        for (bytes_max, entry_bytes_max) in [
            (0, 0),
            (1, 1),
            (4_096, 4_096),
            (100_000, 1_000),
            (1_000_000, 30_000),
            (64 << 20, 2 << 20),
        ] {
            let cache = ResponseCache::new(CacheConfig { bytes_max, entry_bytes_max });
            for number in 0..400 {
                let bytes = entry_bytes_max.saturating_sub(20).min(20_000);
                cache.insert(CacheKey::numbered(number), entry(bytes, 9));
                let last = cache.find(&CacheKey::numbered(number), NOW);
                // An answer takes more than its bytes.
                let has_room = bytes_max >= entry_bytes_max.saturating_mul(4).max(4_096);
                assert_eq!(last.is_some(), has_room, "{bytes_max} {entry_bytes_max} {number}");
            }
            let weight = cache.entries.as_ref().map_or(0, Cache::weight);
            assert!(weight <= u64::try_from(bytes_max).unwrap(), "{weight} {bytes_max}");
        }
    }
}

//! API keys as the gateway knows them: by hash, never by secret.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tollgate_limits::KeyLimits;
use tollgate_types::{AddressRange, KeyHash, Timestamp, Usd};

use crate::StoreError;

/// The workspace of every key that names no other: the nil UUID, so that clients which insist on
/// a UUID accept it and no random one can collide with it.
pub const DEFAULT_WORKSPACE_ID: &str = "00000000-0000-0000-0000-000000000000";

/// How often a key's spend against its limit starts again at zero. Periods are UTC; weeks start
/// on Monday (contract §1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResetInterval {
    /// At 00:00 UTC every day.
    Daily,
    /// At 00:00 UTC every Monday.
    Weekly,
    /// At 00:00 UTC on the first of every month.
    Monthly,
}

impl ResetInterval {
    /// The contract's word for it, also the one to store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// Reads the contract's word.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "daily" => Some(Self::Daily),
            "weekly" => Some(Self::Weekly),
            "monthly" => Some(Self::Monthly),
            _ => None,
        }
    }
}

/// One API key. Its spend is in [`crate::UsageStore`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key's id in the management API.
    pub hash: KeyHash,
    /// What its owner calls it.
    pub name: String,
    /// The masked secret, see `ApiKey::label`.
    pub label: String,
    /// May manage keys and credits, may not call models.
    pub management: bool,
    /// Refused until enabled again.
    pub disabled: bool,
    /// The most it may spend per `limit_reset` period, or ever.
    pub limit: Option<Usd>,
    /// When spend against `limit` starts again; never when absent.
    pub limit_reset: Option<ResetInterval>,
    /// Whether spend at the caller's own provider accounts counts against `limit`.
    pub include_byok_in_limit: bool,
    /// When it was made. A rotated key keeps it.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// Refused from this instant on.
    pub expires_at: Option<Timestamp>,
    /// How often it may call, how much, and for how much money, beside `limit`.
    pub rate_limits: KeyLimits,
    /// The ids of the only models it may call; all when absent.
    pub allowed_models: Option<Vec<String>>,
    /// The slugs of the only providers its calls may go to; all when absent.
    pub allowed_providers: Option<Vec<String>>,
    /// Where it may be used from; anywhere when absent.
    pub allowed_addresses: Option<Vec<AddressRange>>,
    /// The secrets it had before that go on working for a while, the oldest first.
    pub former: Vec<FormerSecret>,
    /// Whether `hash` was made with the pepper. Those of older versions were not, and nobody can
    /// call with them until [`KeyStore::keep_pepper`] has put others in their place.
    pub keyed: bool,
    /// Behind somebody's signing in to the dashboard: a management key of theirs for as long as they
    /// are signed in. Taken as a cookie only, and never listed.
    pub session: bool,
    /// Who made it, in organisations.
    pub creator_user_id: Option<String>,
    /// The workspace it belongs to, [`DEFAULT_WORKSPACE_ID`] unless another was named.
    pub workspace_id: String,
}

impl KeyRecord {
    /// A key without limits in the default workspace.
    pub fn new(hash: KeyHash, name: &str, label: &str, created_at: Timestamp) -> Self {
        Self {
            hash,
            name: name.to_owned(),
            label: label.to_owned(),
            management: false,
            disabled: false,
            limit: None,
            limit_reset: None,
            include_byok_in_limit: false,
            created_at,
            updated_at: None,
            expires_at: None,
            rate_limits: KeyLimits::default(),
            allowed_models: None,
            allowed_providers: None,
            allowed_addresses: None,
            former: Vec::new(),
            keyed: true,
            session: false,
            creator_user_id: None,
            workspace_id: DEFAULT_WORKSPACE_ID.to_owned(),
        }
    }
}

/// A secret that was rotated away and works until the overlap ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormerSecret {
    /// Its hash.
    pub hash: KeyHash,
    /// Refused from this instant on.
    pub until: Timestamp,
}

impl KeyRecord {
    /// The secrets that go on working beside a successor's: the present one until the overlap ends,
    /// and each of those before until its own end, but no longer than that. So a rotation without
    /// an overlap ends all of them: it is what one does when something has leaked.
    pub fn former_after(&self, successor: &KeySuccessor, now: Timestamp) -> Vec<FormerSecret> {
        let Some(end) = successor.overlap_until.filter(|end| *end > now) else {
            return Vec::new();
        };
        let all = self.former.iter().copied();
        let all = all.chain([FormerSecret { hash: self.hash, until: end }]);
        // A secret that comes back is none of those before.
        all.filter(|it| it.until > now && it.hash != successor.hash)
            .map(|it| FormerSecret { until: it.until.min(end), ..it })
            .collect()
    }
}

/// How a former secret is stored.
#[derive(Serialize, Deserialize)]
struct StoredFormer {
    hash: String,
    until: i64,
}

impl Serialize for FormerSecret {
    fn serialize<S: serde::Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        StoredFormer { hash: self.hash.to_hex(), until: self.until.unix_millis() }.serialize(into)
    }
}

impl<'de> Deserialize<'de> for FormerSecret {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let StoredFormer { hash, until } = StoredFormer::deserialize(from)?;
        let hash = KeyHash::from_hex(&hash);
        let hash = hash.ok_or_else(|| serde::de::Error::custom("a hash has 64 digits"))?;
        Ok(Self { hash, until: Timestamp::from_unix_millis(until) })
    }
}

/// What happens to one field of a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// The field stays as it is.
    #[default]
    Keep,
    /// The field becomes this. `Set(None)` empties an optional field.
    Set(T),
}

impl<T> Change<T> {
    /// The new value, if there is one.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Keep => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Writes the new value, if there is one, over `field`.
    pub fn apply_to(self, field: &mut T) {
        if let Self::Set(value) = self {
            *field = value;
        }
    }
}

/// A field that a request body left out stays as it is.
impl<T> From<Option<T>> for Change<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

/// A partial update of a [`KeyRecord`]; the default changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPatch {
    /// The key as it was read when the change was decided on: it is made only if the key is still
    /// the same. Absent, it is made whatever the key is by then.
    pub seen: Option<Box<KeyRecord>>,
    /// See [`KeyRecord::name`].
    pub name: Change<String>,
    /// See [`KeyRecord::disabled`].
    pub disabled: Change<bool>,
    /// See [`KeyRecord::limit`].
    pub limit: Change<Option<Usd>>,
    /// See [`KeyRecord::limit_reset`].
    pub limit_reset: Change<Option<ResetInterval>>,
    /// See [`KeyRecord::include_byok_in_limit`].
    pub include_byok_in_limit: Change<bool>,
    /// See [`KeyRecord::expires_at`].
    pub expires_at: Change<Option<Timestamp>>,
    /// See [`KeyRecord::rate_limits`]; they change together.
    pub rate_limits: Change<KeyLimits>,
    /// See [`KeyRecord::allowed_models`].
    pub allowed_models: Change<Option<Vec<String>>>,
    /// See [`KeyRecord::allowed_providers`].
    pub allowed_providers: Change<Option<Vec<String>>>,
    /// See [`KeyRecord::allowed_addresses`].
    pub allowed_addresses: Change<Option<Vec<AddressRange>>>,
}

impl KeyPatch {
    /// Whether every field stays as it is.
    pub fn is_empty(&self) -> bool {
        *self == Self { seen: self.seen.clone(), ..Self::default() }
    }
}

/// Which keys to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyQuery {
    /// Keys to pass over first.
    pub offset: u32,
    /// The most keys to return.
    pub limit: u32,
    /// Whether disabled keys are listed, too.
    pub include_disabled: bool,
    /// Only keys of this workspace.
    pub workspace_id: Option<String>,
}

/// The secret that takes a rotated key's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySuccessor {
    /// Hash of the new secret.
    pub hash: KeyHash,
    /// The new secret, masked.
    pub label: String,
    /// Until when the old secret works, too; absent or past, it stops at once, and with it every
    /// secret before it (see [`KeyRecord::former_after`]).
    pub overlap_until: Option<Timestamp>,
}

/// What becomes of a hash that was made without the pepper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekeyed {
    /// The hash as it is.
    pub old: KeyHash,
    /// The hash of the same secret, made with the pepper.
    pub hash: KeyHash,
    /// The same of the key's former secrets.
    pub former: Vec<FormerSecret>,
}

/// Keeps API keys.
///
/// Writes are cancel safe: a caller that stops waiting leaves the key either changed or not.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Adds a key; [`StoreError::Conflict`] when its hash is taken.
    async fn insert(&self, key: KeyRecord) -> Result<(), StoreError>;

    /// The key with this hash.
    async fn get(&self, hash: KeyHash) -> Result<Option<KeyRecord>, StoreError>;

    /// A page of keys that are no sessions, newest first, equally old ones by hash.
    async fn list(&self, query: &KeyQuery) -> Result<Vec<KeyRecord>, StoreError>;

    /// Every key, sessions among them, in the order of [`list`](Self::list).
    ///
    /// For a snapshot, read [`revision`](Self::revision) first: a change in between then shows
    /// as a newer revision at the next poll.
    async fn all(&self) -> Result<Vec<KeyRecord>, StoreError>;

    /// Changes a key and returns it as it is then; `None` when there is no such key.
    ///
    /// An empty patch changes nothing, not even `updated_at`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`], and no change, when the key is not any more as it was
    /// [`seen`](KeyPatch::seen): read it again and decide again.
    async fn update(
        &self,
        hash: KeyHash,
        patch: KeyPatch,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError>;

    /// Removes a key and says whether it was there. Its spend and its generations stay.
    async fn delete(&self, hash: KeyHash) -> Result<bool, StoreError>;

    /// Rotates a key in one step: the successor takes over everything but hash and label, and the
    /// spend so far. The old secret is kept beside it where the successor says so. `None` when there is no key `old`; [`StoreError::Conflict`] when the
    /// successor's hash is taken.
    ///
    /// Generations that end later under the old hash count as the successor's spend, so that
    /// rotation is no way around a limit.
    async fn replace(
        &self,
        old: KeyHash,
        successor: KeySuccessor,
        now: Timestamp,
    ) -> Result<Option<KeyRecord>, StoreError>;

    /// What became of hashes that were rotated away: each of `of` that was, with the hash that its
    /// key has now.
    async fn successors(&self, of: &[KeyHash]) -> Result<Vec<(KeyHash, KeyHash)>, StoreError>;

    /// The sealed pepper that hashes are made with.
    async fn pepper(&self) -> Result<Option<Vec<u8>>, StoreError>;

    /// Keeps a sealed pepper unless there is one already, and says whether it is kept. In the same
    /// step every hash that was made without it is replaced, spend and what refers to it following
    /// as at a rotation: `rekeyed` must name them all, else it is a [`StoreError::Conflict`] and
    /// nothing is done.
    ///
    /// This happens once. Whoever writes a hash without the pepper afterwards has made no key.
    async fn keep_pepper(&self, sealed: Vec<u8>, rekeyed: Vec<Rekeyed>)
    -> Result<bool, StoreError>;

    /// Puts the same pepper, sealed anew, in the place of `before`; says whether that was there.
    async fn reseal_pepper(&self, before: Vec<u8>, after: Vec<u8>) -> Result<bool, StoreError>;

    /// A number that has grown whenever any process has changed any key. Cheap enough to poll.
    async fn revision(&self) -> Result<u64, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_field_stays_and_null_empties() {
        let (absent, null, value) = (None::<Option<u8>>, Some(None), Some(Some(1)));
        let mut field = Some(7);
        Change::from(absent).apply_to(&mut field);
        assert_eq!(field, Some(7));
        Change::from(null).apply_to(&mut field);
        assert_eq!(field, None);
        Change::from(value).apply_to(&mut field);
        assert_eq!(field, Some(1));
    }

    #[test]
    fn intervals_read_back() {
        for interval in [ResetInterval::Daily, ResetInterval::Weekly, ResetInterval::Monthly] {
            assert_eq!(ResetInterval::parse(interval.as_str()), Some(interval));
        }
        assert_eq!(ResetInterval::parse("yearly"), None);
    }
}

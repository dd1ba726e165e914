//! Being signed in: a management key of somebody's that ends by itself, and that a browser sends as
//! a cookie.
//!
//! It is a key like any other: kept as a keyed hash, known to every node, and as far-reaching as
//! the role of whoever signed in. So it can't call models.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tollgate_organisation::{Password, SetUp, User};
use tollgate_store::{Change, Document, DocumentChange, KeyPatch, KeyRecord, StoreError, Stores};
use tollgate_types::{ApiKey, KeyHash, Timestamp};

use crate::{CallError, Engine, KeyEntry};

const HOUR: i64 = 60 * 60 * 1_000;
const DAY: i64 = 24 * HOUR;
/// How long a session lasts that nobody uses, in milliseconds.
const UNUSED: i64 = 7 * DAY;
/// How long one lasts at most. A browser keeps it as long.
pub const SESSION_DAYS_MAX: i64 = 30;
/// A session is prolonged no more often than this.
const PROLONGED_EVERY: i64 = DAY;
/// The most sessions that somebody has at once; a further one ends the oldest.
const SESSIONS_MAX: usize = 20;
/// What people see of a session's secret.
const LABEL: &str = "session";
/// What the code that sets an installation up is made from.
const SETUP: &str = "the code that sets this installation up";
/// No letter looks like another, or like a digit.
const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system has no random bytes.
    #[error(transparent)]
    NoEntropy(#[from] CallError),
}

impl Engine {
    /// Signs somebody in: the secret is for their browser.
    ///
    /// # Errors
    ///
    /// When the store can't be written, or the system has no random bytes.
    pub async fn begin_session(&self, person: &Document<User>) -> Result<ApiKey, SessionError> {
        let now = self.now();
        let secret = URL_SAFE_NO_PAD.encode(self.new_secret()?);
        let secret = ApiKey::from_text(&format!("session-{secret}"));
        self.clear_sessions(&person.id, now).await?;
        let record = KeyRecord {
            management: true,
            session: true,
            expires_at: Some(now.plus_millis(UNUSED)),
            creator_user_id: Some(person.id.clone()),
            ..KeyRecord::new(self.keys().hash(&secret), &person.body.email, LABEL, now)
        };
        self.stores().keys.insert(record).await?;
        self.keys().refresh(now).await?;
        Ok(secret)
    }

    /// Makes room for one more session of somebody's, and removes those of everybody that are over.
    async fn clear_sessions(&self, user_id: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut theirs = 1;
        // The newest come first.
        for key in self.stores().keys.all().await?.into_iter().filter(|key| key.session) {
            let is_theirs = key.creator_user_id.as_deref() == Some(user_id);
            theirs += usize::from(is_theirs);
            let is_over = key.expires_at.is_none_or(|end| end <= now);
            if is_over || (is_theirs && theirs > SESSIONS_MAX) {
                self.stores().keys.delete(key.hash).await?;
            }
        }
        Ok(())
    }

    /// Has a session that is being used last longer, at most until it is too old. Done once a day.
    ///
    /// # Errors
    ///
    /// When the store can't be written.
    pub async fn prolong_session(&self, session: &KeyEntry) -> Result<(), StoreError> {
        let (now, record) = (self.now(), &session.record);
        let last = record.created_at.plus_millis(SESSION_DAYS_MAX * DAY);
        let end = now.plus_millis(UNUSED).min(last);
        let is_worth_it = |known: Timestamp| end.millis_since(known) >= PROLONGED_EVERY;
        if !record.session || !record.expires_at.is_some_and(is_worth_it) {
            return Ok(());
        }
        let patch = KeyPatch { expires_at: Change::Set(Some(end)), ..KeyPatch::default() };
        self.stores().keys.update(record.hash, patch, now).await?;
        self.keys().refresh(now).await.map(drop)
    }

    /// The code that sets the installation up: the same on all of its nodes, and only for who can
    /// see the log of one. It is made of the secret that keys are hashed with, so nobody finds it
    /// out.
    pub fn setup_code(&self) -> String {
        let hash = self.keys().hash(&ApiKey::from_text(SETUP));
        let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map(char::from);
        let letters: Vec<char> = hash.as_bytes().iter().take(12).filter_map(letter).collect();
        let groups = letters.chunks(4).map(|group| group.iter().collect::<String>());
        groups.collect::<Vec<_>>().join("-")
    }
}

/// Ends the sessions of somebody, but for one; says how many.
///
/// # Errors
///
/// When the store can't be read or written.
pub async fn end_sessions(
    stores: &Stores,
    user_id: &str,
    but: Option<KeyHash>,
) -> Result<usize, StoreError> {
    let mut ended = 0;
    for key in stores.keys.all().await? {
        let is_theirs = key.session && key.creator_user_id.as_deref() == Some(user_id);
        if is_theirs && Some(key.hash) != but && stores.keys.delete(key.hash).await? {
            ended += 1;
        }
    }
    Ok(ended)
}

/// The step that gives somebody a password, in the place of the one they have.
///
/// # Errors
///
/// When the store can't be read.
pub async fn password_change(
    stores: &Stores,
    user_id: &str,
    hash: String,
    now: Timestamp,
) -> Result<DocumentChange, StoreError> {
    let password = Password { hash, chosen_at: now };
    match stores.documents.load::<Password>(user_id).await? {
        Some(known) => Document { body: password, ..known }.replacement(now),
        None => Document::new(user_id.to_owned(), password, now).insertion(),
    }
}

/// Whether an installation waits for its first owner: nobody has come to set it up, and nobody has a
/// password.
///
/// # Errors
///
/// When the store can't be read.
pub async fn awaits_setup(stores: &Stores) -> Result<bool, StoreError> {
    let documents = &stores.documents;
    if documents.load::<SetUp>(SetUp::ID).await?.is_some() {
        return Ok(false);
    }
    let kind = <Password as tollgate_store::DocumentBody>::KIND;
    Ok(documents.count(kind, None).await? == 0)
}

//! The operator's rules: those of the configuration file, then the newest version in the store.
//!
//! Calls are decided by a snapshot in memory. It is made anew when the file changes, when a version
//! is added here, and when the store's revision moves because another process has added one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use tollgate_policy::{Policy, Problem, RuleForm};
use tollgate_store::{PolicyVersion, StoreError, Stores};
use tollgate_types::Timestamp;

/// The rules in force.
#[derive(Debug, Default)]
pub struct Policies {
    /// Those of the configuration file, then those of the store.
    pub policy: Policy,
    /// The version of the store's rules, if there are any.
    pub version: Option<u64>,
}

impl Policies {
    /// Puts rules together.
    ///
    /// # Errors
    ///
    /// Every problem found: each set was checked when it was taken, but both together may name a
    /// rule twice or be too many.
    pub fn of(
        file: &[RuleForm],
        stored: Option<(u64, Vec<RuleForm>)>,
    ) -> Result<Self, Vec<Problem>> {
        let version = stored.as_ref().map(|(version, _)| *version);
        let stored = stored.into_iter().flat_map(|(_, rules)| rules);
        let policy = Policy::from_rules(file.iter().cloned().chain(stored).collect())?;
        Ok(Self { policy, version })
    }
}

/// Why rules are not taken.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// They are wrong.
    #[error("{}", joined(.0))]
    Problems(Vec<Problem>),
    /// Somebody else has changed them in the meantime.
    #[error("the rules are at version {newest} by now")]
    Outdated {
        /// The version in force.
        newest: u64,
    },
    /// The store failed.
    #[error("the rules can't be stored")]
    Store(#[from] StoreError),
}

/// A new version of the rules, as somebody sends it.
#[derive(Debug, Clone)]
pub struct Revision {
    /// The rules, as JSON.
    pub rules: String,
    /// The version it was made from; `None` takes whatever is there.
    pub expected: Option<u64>,
    /// Why, for people.
    pub note: Option<String>,
    /// Who, for people.
    pub author: Option<String>,
}

/// The rules and where they are kept.
#[derive(Debug)]
pub struct RuleBook {
    stores: Stores,
    file: ArcSwap<Vec<RuleForm>>,
    policies: ArcSwap<Policies>,
    changing: tokio::sync::Mutex<()>,
    /// The newest version in the store that was looked at.
    seen: AtomicU64,
}

impl RuleBook {
    /// Reads the store's rules and puts them behind those of the file.
    ///
    /// # Errors
    ///
    /// When the store can't be read, or the two sets of rules don't go together.
    pub async fn load(stores: Stores, file: Vec<RuleForm>) -> Result<Self, RuleError> {
        let book = Self {
            stores,
            file: ArcSwap::from_pointee(file),
            policies: ArcSwap::default(),
            changing: tokio::sync::Mutex::default(),
            seen: AtomicU64::new(0),
        };
        let newest = book.stores.policies.newest().await?;
        let file = book.file.load_full();
        book.take_up(&file, newest)?;
        Ok(book)
    }

    /// The rules in force.
    pub fn policies(&self) -> Arc<Policies> {
        self.policies.load_full()
    }

    /// Replaces the rules of the configuration file, which were checked by themselves.
    ///
    /// # Errors
    ///
    /// When the store can't be read, or they don't go with the stored ones. Then the rules that were
    /// in force stay.
    pub async fn replace_file(&self, file: Vec<RuleForm>) -> Result<(), RuleError> {
        let _one_at_a_time = self.changing.lock().await;
        self.take_up(&file, self.stores.policies.newest().await?)?;
        self.file.store(Arc::new(file));
        Ok(())
    }

    /// Takes up a version that another process has added.
    ///
    /// # Errors
    ///
    /// When the store can't be read, or its newest rules don't go with those of this process's file:
    /// told once for each version. Then the rules that were in force stay.
    pub async fn refresh(&self) -> Result<(), RuleError> {
        let _one_at_a_time = self.changing.lock().await;
        let revision = self.stores.policies.revision().await?;
        if self.seen.swap(revision, Ordering::Relaxed) == revision {
            return Ok(());
        }
        let file = self.file.load_full();
        self.take_up(&file, self.stores.policies.newest().await?)
    }

    /// Adds a version, which is in force from then on.
    ///
    /// # Errors
    ///
    /// When the rules are wrong, were made from an older version, or can't be stored.
    pub async fn add(
        &self,
        revision: Revision,
        now: Timestamp,
    ) -> Result<PolicyVersion, RuleError> {
        let _one_at_a_time = self.changing.lock().await;
        let Revision { rules, expected, note, author } = revision;
        let policy = Policy::from_json(&rules).map_err(RuleError::Problems)?;
        let newest = self.stores.policies.revision().await?;
        if expected.is_some_and(|expected| expected != newest) {
            return Err(RuleError::Outdated { newest });
        }
        let version = newest.saturating_add(1);
        let stored = Some((version, policy.forms().to_vec()));
        let policies = Policies::of(&self.file.load(), stored).map_err(RuleError::Problems)?;
        let rules = serde_json::to_string(policy.forms()).map_err(|error| {
            RuleError::Store(StoreError::Corrupt { what: format!("the rules: {error}") })
        })?;
        let added = PolicyVersion { version, rules, note, author, created_at: now };
        match self.stores.policies.add(added.clone()).await {
            Ok(()) => {}
            Err(StoreError::Conflict) => {
                let newest = self.stores.policies.revision().await?;
                return Err(RuleError::Outdated { newest });
            }
            Err(error) => return Err(error.into()),
        }
        self.seen.store(version, Ordering::Relaxed);
        self.policies.store(Arc::new(policies));
        Ok(added)
    }

    /// Puts the file's rules and the store's newest in force, both or neither: nobody is let in
    /// because a rule that shuts them out could not be read.
    fn take_up(&self, file: &[RuleForm], newest: Option<PolicyVersion>) -> Result<(), RuleError> {
        let stored = match newest {
            Some(it) => {
                let policy = Policy::from_json(&it.rules).map_err(RuleError::Problems)?;
                Some((it.version, policy.forms().to_vec()))
            }
            None => None,
        };
        self.seen.store(stored.as_ref().map_or(0, |(version, _)| *version), Ordering::Relaxed);
        let policies = Policies::of(file, stored).map_err(RuleError::Problems)?;
        self.policies.store(Arc::new(policies));
        Ok(())
    }
}

fn joined(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

//! Workspaces and people, in memory: which account pays for a call, which budgets bound it, and what
//! the holder of a management key may do.
//!
//! Loaded from the store at start, and again when any administrative record has changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use tollgate_ledger::AccountId;
use tollgate_limits::{Limit, Measure, Scope, Window};
use tollgate_organisation::{
    Access, Agreement, BudgetInterval, Member, MemberRole, User, Workspace,
};
use tollgate_store::{DEFAULT_WORKSPACE_ID, Document, KeyRecord, StoreError, Stores};

use crate::Engine;
use crate::limiting::amount;

/// All workspaces and people of an installation.
#[derive(Debug)]
pub struct Organisation {
    stores: Stores,
    snapshot: ArcSwap<Snapshot>,
    reloading: tokio::sync::Mutex<()>,
}

/// A workspace, with what calls need of it at hand.
#[derive(Debug)]
pub struct WorkspaceEntry {
    /// The record.
    pub document: Document<Workspace>,
    /// Its budgets as limits.
    pub(crate) budgets: Vec<Limit>,
}

#[derive(Debug)]
struct Snapshot {
    revision: Option<u64>,
    /// By id.
    workspaces: HashMap<String, Arc<WorkspaceEntry>>,
    /// Of keys that name no workspace, or one that is gone.
    default: Arc<WorkspaceEntry>,
    users: HashMap<String, Arc<Document<User>>>,
    /// By user, then by workspace.
    members: HashMap<String, BTreeMap<String, MemberRole>>,
    agreements: HashMap<AccountId, Arc<Agreement>>,
}

impl Organisation {
    /// Loads everybody.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn load(stores: Stores) -> Result<Self, StoreError> {
        let organisation = Self {
            stores,
            snapshot: ArcSwap::from_pointee(Snapshot::new(
                Vec::new(),
                Vec::new(),
                Vec::new(),
                Vec::new(),
            )),
            reloading: tokio::sync::Mutex::new(()),
        };
        organisation.refresh().await?;
        Ok(organisation)
    }

    /// Loads everybody again if anything has changed. Returns whether it had.
    ///
    /// Cancel safe: the snapshot is swapped whole or not at all.
    ///
    /// # Errors
    ///
    /// When the store can't be read; then what was known stays.
    pub async fn refresh(&self) -> Result<bool, StoreError> {
        let _one_at_a_time = self.reloading.lock().await;
        let documents = &self.stores.documents;
        let revision = Some(documents.revision().await?);
        if self.snapshot.load().revision == revision {
            return Ok(false);
        }
        let workspaces = documents.all::<Workspace>(None).await?;
        let users = documents.all::<User>(None).await?;
        let members = documents.all::<Member>(None).await?;
        let agreements = documents.all::<Agreement>(None).await?;
        let snapshot = Snapshot::new(workspaces, users, members, agreements);
        let snapshot = Snapshot { revision, ..snapshot };
        self.snapshot.store(Arc::new(snapshot));
        Ok(true)
    }

    /// The workspace of a key. One that is gone leaves its keys to the default one.
    pub fn workspace_of(&self, key: &KeyRecord) -> Arc<WorkspaceEntry> {
        let snapshot = self.snapshot.load();
        Arc::clone(snapshot.workspaces.get(&key.workspace_id).unwrap_or(&snapshot.default))
    }

    /// The workspace with this id or slug.
    pub fn workspace(&self, id_or_slug: &str) -> Option<Arc<WorkspaceEntry>> {
        let snapshot = self.snapshot.load();
        let by_slug =
            || snapshot.workspaces.values().find(|it| it.document.body.slug == id_or_slug);
        snapshot.workspaces.get(id_or_slug).or_else(by_slug).cloned()
    }

    /// Every workspace, the default one first, then by age.
    pub fn workspaces(&self) -> Vec<Arc<WorkspaceEntry>> {
        let mut all: Vec<_> = self.snapshot.load().workspaces.values().cloned().collect();
        all.sort_by_key(|it| {
            let is_other = it.document.id != DEFAULT_WORKSPACE_ID;
            (is_other, it.document.body.created_at, it.document.id.clone())
        });
        all
    }

    /// Which plans an account has agreed to, if it ever did.
    pub fn agreement(&self, account: &AccountId) -> Option<Arc<Agreement>> {
        self.snapshot.load().agreements.get(account).cloned()
    }

    /// Somebody.
    pub fn user(&self, id: &str) -> Option<Arc<Document<User>>> {
        self.snapshot.load().users.get(id).cloned()
    }

    /// Everybody, the first who came first.
    pub fn users(&self) -> Vec<Arc<Document<User>>> {
        let mut all: Vec<_> = self.snapshot.load().users.values().cloned().collect();
        all.sort_by_key(|it| (it.body.created_at, it.id.clone()));
        all
    }

    /// What the holder of a management key may do; `None` when it belongs to somebody who is gone.
    pub fn access(&self, key: &KeyRecord) -> Option<Access> {
        let Some(id) = &key.creator_user_id else { return Some(Access::of_installation()) };
        self.access_of(id)
    }

    /// What somebody may do; `None` when they are gone.
    pub fn access_of(&self, user_id: &str) -> Option<Access> {
        let snapshot = self.snapshot.load();
        let user = snapshot.users.get(user_id)?;
        let workspaces = snapshot.members.get(user_id).cloned().unwrap_or_default();
        Some(Access { role: user.body.role, user_id: Some(user_id.to_owned()), workspaces })
    }
}

impl Engine {
    /// Workspaces and people.
    pub const fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// Takes up what has changed of workspaces and people, and has their budgets count what the
    /// records say.
    ///
    /// # Errors
    ///
    /// When the store can't be read.
    pub async fn refresh_organisation(&self) -> Result<(), StoreError> {
        let has_changed = self.organisation().refresh().await?;
        if has_changed {
            self.plans.follow(self.organisation(), self.stores(), self.now()).await?;
        }
        // Where others write records, too, budgets are followed in rounds of their own.
        if self.limiting().is_shared() && !has_changed {
            return Ok(());
        }
        self.limiting().follow_budgets(self.organisation(), self.stores(), self.now()).await
    }
}

impl Snapshot {
    fn new(
        workspaces: Vec<Document<Workspace>>,
        users: Vec<Document<User>>,
        members: Vec<Document<Member>>,
        agreements: Vec<Document<Agreement>>,
    ) -> Self {
        let entries = workspaces.into_iter().map(WorkspaceEntry::new);
        let mut workspaces: HashMap<_, _> =
            entries.map(|entry| (entry.document.id.clone(), Arc::new(entry))).collect();
        let default = || Arc::new(WorkspaceEntry::new(Workspace::default_one()));
        let default =
            workspaces.entry(DEFAULT_WORKSPACE_ID.to_owned()).or_insert_with(default).clone();
        let users = users.into_iter().map(|user| (user.id.clone(), Arc::new(user))).collect();
        let mut by_user: HashMap<String, BTreeMap<String, MemberRole>> = HashMap::new();
        for member in members {
            let Member { workspace_id, user_id, role, .. } = member.body;
            by_user.entry(user_id).or_default().insert(workspace_id, role);
        }
        let agreements = agreements.into_iter().filter_map(|it| {
            let account = AccountId::new(&it.id).ok()?;
            Some((account, Arc::new(it.body)))
        });
        let agreements = agreements.collect();
        Self { revision: None, workspaces, default, users, members: by_user, agreements }
    }
}

impl WorkspaceEntry {
    fn new(document: Document<Workspace>) -> Self {
        let workspace = &document.body;
        let measure =
            if workspace.include_byok_in_budgets { Measure::SpendWithOwn } else { Measure::Spend };
        let budgets = workspace.budgets.iter().map(|(interval, budget)| Limit {
            scope: Scope::Workspace,
            measure,
            window: window(interval),
            amount: amount(budget.limit),
        });
        Self { budgets: budgets.collect(), document }
    }

    /// The account that pays for its calls.
    pub const fn account(&self) -> &AccountId {
        &self.document.body.account
    }
}

const fn window(interval: BudgetInterval) -> Window {
    match interval {
        BudgetInterval::Daily => Window::Day,
        BudgetInterval::Weekly => Window::Week,
        BudgetInterval::Monthly => Window::Month,
        BudgetInterval::Lifetime => Window::Lifetime,
    }
}

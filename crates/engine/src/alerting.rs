//! Alerts: what there is to see is looked at every so often by one of the nodes (`picture`), what is
//! due is entered under a key that only one can take, and told (`telling`) by whoever comes first.

mod budgets;
mod picture;
mod telling;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_alerts::{
    Alert, BalanceWatch, Channel, Decision, Delivery, Due, Pending, Settings, decide,
};
use tollgate_store::{Document, DocumentChange, StoreError};
use tollgate_types::Timestamp;
use tollgate_upstream::{Mailer, Upstream};

use crate::{Engine, Secret, takes_turn};

/// What the operator decides.
#[derive(Debug, Clone)]
pub struct AlertingConfig {
    /// What they want to hear of.
    pub settings: Settings,
    /// Where alerts are posted.
    pub webhook: Option<AlertWebhook>,
    /// Whom they are mailed.
    pub mailer: Option<Mailer>,
}

/// Where alerts are posted.
#[derive(Clone)]
pub struct AlertWebhook {
    /// The URL.
    pub url: http::Uri,
    /// What they are signed with.
    pub secret: Option<Secret>,
}

/// Finds out what operators want to hear of, and tells them. One per process.
#[derive(Debug)]
pub struct Alerting {
    config: AlertingConfig,
    engine: Arc<Engine>,
    upstream: Upstream,
    /// Keys that are known to be entered, so that the store is not asked again and again.
    entered: Mutex<HashSet<String>>,
}

/// One node looks for so long; when it is gone, another does after that.
const TURN_MILLIS: i64 = 120_000;
/// As many keys are remembered.
const ENTERED_MAX: usize = 100_000;

impl Alerting {
    /// Puts it together. `upstream` is its way out.
    pub fn new(config: AlertingConfig, engine: Arc<Engine>, upstream: Upstream) -> Self {
        Self { config, engine, upstream, entered: Mutex::default() }
    }

    /// Looks, enters what is due and tells what is to be told. Returns how many alerts are new.
    ///
    /// # Errors
    ///
    /// When the store fails. What receivers fail at is tried again in a later round.
    pub async fn round(&self) -> Result<u64, StoreError> {
        let entered = self.look().await?;
        self.tell().await?;
        Ok(entered)
    }

    /// Looks and enters what is due, unless another node on the store does so these minutes. Returns
    /// how many alerts are new.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn look_in_turn(&self) -> Result<u64, StoreError> {
        // What this node has settled is on record, whoever looks.
        self.engine.recorder().flush().await;
        let (stores, limiting) = (self.engine.stores(), self.engine.limiting());
        let turn = (self.engine.now(), TURN_MILLIS);
        let node = limiting.node().as_str();
        if limiting.is_shared() && !takes_turn(stores, "alerts", node, turn).await? {
            return Ok(0);
        }
        self.look().await
    }

    /// Looks and enters what is due. Returns how many alerts are new.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn look(&self) -> Result<u64, StoreError> {
        let picture = picture::take(&self.engine, &self.config.settings).await?;
        self.enter(decide(&picture, &self.config.settings), picture.now).await
    }

    /// Enters what nobody has entered yet.
    async fn enter(&self, decision: Decision, now: Timestamp) -> Result<u64, StoreError> {
        let Decision { alerts, watches } = decision;
        let mut entered = 0;
        let (of_accounts, others): (Vec<_>, Vec<_>) =
            alerts.into_iter().partition(|due| watches.iter().any(|(id, _)| is_of(due, id)));
        for due in others {
            if !self.entered.lock().contains(&due.key)
                && self.write(vec![self.insertion(&due, now)?]).await?
            {
                tracing::info!(alert = due.key, "an alert is entered");
                entered += 1;
            }
            self.remember(due.key);
        }
        for (account, watch) in watches {
            let Some(change) = self.watched(&account, watch, now).await? else { continue };
            let mut changes = vec![change];
            let due = of_accounts.iter().filter(|due| is_of(due, &account));
            for due in due {
                changes.push(self.insertion(due, now)?);
            }
            let alerts = u64::try_from(changes.len().saturating_sub(1)).unwrap_or_default();
            if self.write(changes).await? {
                entered += alerts;
            }
        }
        Ok(entered)
    }

    /// Whether it was written. Otherwise another node was first.
    async fn write(&self, changes: Vec<DocumentChange>) -> Result<bool, StoreError> {
        match self.engine.stores().documents.write(changes).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn insertion(&self, due: &Due, now: Timestamp) -> Result<DocumentChange, StoreError> {
        let channels = [
            self.config.webhook.as_ref().map(|_| Channel::Webhook),
            self.config.mailer.as_ref().map(|_| Channel::Email),
        ];
        let deliveries = channels.into_iter().flatten().map(|it| Delivery::new(it, now));
        let alert = Alert::new(due, now, deliveries.collect());
        let random = self.engine.new_id().map_err(StoreError::unavailable)?;
        let is_pending = alert.is_pending();
        let document = Document::new(Alert::id(now, &random), alert, now).called(due.key.clone());
        if is_pending { document.of(Pending::PARENT).insertion() } else { document.insertion() }
    }

    /// What remembers how an account was last seen, unless another node has seen that already.
    async fn watched(
        &self,
        account: &str,
        watch: BalanceWatch,
        now: Timestamp,
    ) -> Result<Option<DocumentChange>, StoreError> {
        let documents = &self.engine.stores().documents;
        let change = match documents.load::<BalanceWatch>(account).await? {
            // Another node has seen it meanwhile.
            Some(known) if known.body.episode > watch.episode || known.body == watch => {
                return Ok(None);
            }
            Some(mut known) => {
                known.body = watch;
                known.replacement(now)?
            }
            None => Document::new(account.to_owned(), watch, now).insertion()?,
        };
        Ok(Some(change))
    }

    fn remember(&self, key: String) {
        let mut entered = self.entered.lock();
        if entered.len() >= ENTERED_MAX {
            entered.clear();
        }
        entered.insert(key);
    }
}

/// Where chats take messages, the URL is a secret.
impl fmt::Debug for AlertWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertWebhook").field("host", &self.url.host()).finish_non_exhaustive()
    }
}

fn is_of(due: &Due, account: &str) -> bool {
    due.reason.kind() == "low_balance" && due.subject.id == account
}

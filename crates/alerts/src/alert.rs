//! An alert as it is kept and told.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tollgate_store::{DocumentBody, form};
use tollgate_types::{Timestamp, Usd, UtcDay};

use crate::{Delivery, Due, Window};

/// What an alert is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    /// What kind of thing.
    pub kind: SubjectKind,
    /// Its id: of a workspace a UUID, of a key its hash, of an account and of an organisation the
    /// account's name, of a model its id, of a tag `header=value`, of an end user the hash that
    /// providers are told.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The workspace whose members may hear of it; none of what several may share.
    pub workspace_id: Option<String>,
}

/// What has budgets and spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectKind {
    /// A workspace.
    Workspace,
    /// An API key.
    Key,
    /// An account of credit.
    Account,
    /// All calls that an account pays for.
    Organisation,
    /// An end user.
    User,
    /// A model.
    Model,
    /// Calls that a header tags alike.
    Tag,
}

/// Why there is an alert, with the figures of the moment it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// So much of a budget is spent.
    BudgetThreshold {
        /// How often it begins anew.
        window: Window,
        /// When the present window began.
        #[serde(with = "form")]
        window_start: Option<Timestamp>,
        /// In percent.
        threshold: u32,
        /// What may be spent.
        #[serde(with = "form")]
        limit: Usd,
        /// What is.
        #[serde(with = "form")]
        spent: Usd,
    },
    /// Little credit is left.
    LowBalance {
        /// Less than this.
        #[serde(with = "form")]
        threshold: Usd,
        /// What is left.
        #[serde(with = "form")]
        left: Usd,
    },
    /// More is spent today than is usual.
    SpendSpike {
        /// When today began.
        #[serde(with = "form")]
        day: Timestamp,
        /// What is spent.
        #[serde(with = "form")]
        spent: Usd,
        /// The mean of the days before.
        #[serde(with = "form")]
        usual: Usd,
        /// As many times the mean is unusual, as a decimal.
        factor: String,
    },
    /// More is spent in this hour than is usual.
    HourlySpendSpike {
        /// When the hour began.
        #[serde(with = "form")]
        hour: Timestamp,
        /// What is spent.
        #[serde(with = "form")]
        spent: Usd,
        /// The mean of the hours of the days before.
        #[serde(with = "form")]
        usual: Usd,
        /// As many times the mean is unusual, as a decimal.
        factor: String,
    },
}

/// An alert, and how telling it goes. Its document's name is its key, and its parent
/// [`Pending::PARENT`] for as long as somebody is still to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What it is about.
    pub subject: Subject,
    /// Why.
    pub reason: Reason,
    /// When it was decided.
    #[serde(with = "form")]
    pub at: Timestamp,
    /// How it is told; nothing where nobody wants to hear.
    pub deliveries: Vec<Delivery>,
}

/// Whether an alert is still to be told, as the parent of its document.
#[derive(Debug)]
pub struct Pending;

impl Pending {
    /// The parent of those that are.
    pub const PARENT: &'static str = "pending";
}

impl DocumentBody for Alert {
    const KIND: &'static str = "alert";
}

impl SubjectKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Key => "key",
            Self::Account => "account",
            Self::Organisation => "organisation",
            Self::User => "user",
            Self::Model => "model",
            Self::Tag => "tag",
        }
    }
}

impl Reason {
    /// The word for its kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::BudgetThreshold { .. } => "budget_threshold",
            Self::LowBalance { .. } => "low_balance",
            Self::SpendSpike { .. } => "spend_spike",
            Self::HourlySpendSpike { .. } => "hourly_spend_spike",
        }
    }

    /// The figures, for receivers. Money is a decimal string.
    fn figures(&self) -> Value {
        match self {
            Self::BudgetThreshold { window, window_start, threshold, limit, spent } => json!({
                "window": window.as_str(),
                "window_start": window_start.map(Timestamp::to_rfc3339),
                "threshold_percent": threshold,
                "limit_usd": limit.to_decimal(),
                "spent_usd": spent.to_decimal(),
            }),
            Self::LowBalance { threshold, left } => json!({
                "threshold_usd": threshold.to_decimal(),
                "balance_usd": left.to_decimal(),
            }),
            Self::SpendSpike { day, spent, usual, factor } => json!({
                "date": date(UtcDay::of(*day)),
                "spent_usd": spent.to_decimal(),
                "usual_usd": usual.to_decimal(),
                "factor": factor,
            }),
            Self::HourlySpendSpike { hour, spent, usual, factor } => json!({
                "hour": hour.to_rfc3339(),
                "spent_usd": spent.to_decimal(),
                "usual_usd": usual.to_decimal(),
                "factor": factor,
            }),
        }
    }
}

impl Alert {
    /// A new alert, to be told at once over these channels.
    pub fn new(due: &Due, now: Timestamp, deliveries: Vec<Delivery>) -> Self {
        let Due { subject, reason, .. } = due.clone();
        Self { subject, reason, at: now, deliveries }
    }

    /// An id by which alerts are listed in the order of their time.
    pub fn id(at: Timestamp, random: &str) -> String {
        format!("{:015}-{random}", at.unix_millis().max(0))
    }

    /// Whether somebody is still to be told.
    pub fn is_pending(&self) -> bool {
        self.deliveries.iter().any(Delivery::is_pending)
    }

    /// When somebody should be told next; none where nobody is.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.deliveries.iter().filter(|it| it.is_pending()).map(|it| it.next_at).min()
    }

    /// One sentence for people.
    pub fn message(&self) -> String {
        let Subject { kind, name, .. } = &self.subject;
        let whose = format!("{} {name}", kind.as_str());
        match &self.reason {
            Reason::BudgetThreshold { window, threshold, limit, spent, .. } => format!(
                "{threshold} % of the {} budget of {whose} is spent: {spent} of {limit}",
                window.as_str()
            ),
            Reason::LowBalance { threshold, left } => {
                format!("The balance of {whose} is low: {left} is left, less than {threshold}")
            }
            Reason::SpendSpike { day, spent, usual, factor } => format!(
                "The spend of {whose} is unusual: {spent} on {}, more than {factor} times the usual {usual}",
                date(UtcDay::of(*day))
            ),
            Reason::HourlySpendSpike { hour, spent, usual, factor } => format!(
                "The spend of {whose} is unusual: {spent} in the hour from {}, more than {factor} times the usual {usual}",
                hour.to_rfc3339()
            ),
        }
    }

    /// The alert as receivers and the API have it.
    pub fn view(&self, id: &str) -> Map<String, Value> {
        let subject = &self.subject;
        let mut view = Map::new();
        for (name, value) in [
            ("id", id.into()),
            ("kind", self.reason.kind().into()),
            (
                "subject",
                json!({
                    "type": subject.kind.as_str(), "id": subject.id, "name": subject.name,
                    "workspace_id": subject.workspace_id,
                }),
            ),
            ("message", self.message().into()),
            ("details", self.reason.figures()),
            ("created_at", self.at.to_rfc3339().into()),
        ] {
            view.insert(name.to_owned(), value);
        }
        view
    }
}

/// `YYYY-MM-DD`.
pub(crate) fn date(day: UtcDay) -> String {
    let mut text = day.starts_at().to_rfc3339();
    text.truncate("YYYY-MM-DD".len());
    text
}

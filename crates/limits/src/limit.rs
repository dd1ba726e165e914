//! What is allowed, and of whom.

use std::fmt;

use serde::{Deserialize, Serialize};
use tollgate_types::Usd;

use crate::measure::shown;
use crate::{Measure, Window};

/// Whom a limit is for. Who it is in particular is the id of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// An organisation, all its workspaces together.
    Organisation,
    /// A workspace, all its keys together.
    Workspace,
    /// A key.
    Key,
    /// An end user, as callers name them.
    EndUser,
    /// A model, whoever calls it.
    Model,
    /// What a header tags a call with: its name and value are the id.
    Tag,
    /// An account's calls of free models, all of them together (contract §6.3).
    FreeModels,
}

impl Scope {
    /// Every scope.
    pub(crate) const ALL: [Self; 7] = [
        Self::Organisation,
        Self::Workspace,
        Self::Key,
        Self::EndUser,
        Self::Model,
        Self::Tag,
        Self::FreeModels,
    ];

    /// Reads the word for it.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == text)
    }

    /// The word for it, as it is stored and told.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Workspace => "workspace",
            Self::Key => "key",
            Self::EndUser => "end_user",
            Self::Model => "model",
            Self::Tag => "tag",
            Self::FreeModels => "free_models",
        }
    }
}

/// How much of something there is, over which time, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limit {
    /// For whom.
    pub scope: Scope,
    /// Of what.
    pub measure: Measure,
    /// Over which time.
    pub window: Window,
    /// How much, in the measure's unit. Nothing passes a limit of zero but what needs nothing.
    pub amount: u64,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, measure, window, amount } = self;
        let amount = shown(*measure, *amount);
        write!(f, "{}: {amount} {} per {}", scope.as_str(), measure.as_str(), window.as_str())
    }
}

/// Calls of free models that an account may make in a minute (contract §6.3).
const FREE_PER_MINUTE: u64 = 20;
/// The same in a UTC day, before it has bought credits.
const FREE_PER_DAY: u64 = 50;
/// The same in a UTC day, once it has.
const FREE_PER_DAY_OF_BUYERS: u64 = 1_000;

/// From so many credits ever bought on, an account may call free models more often (contract §6.3).
pub const CREDITS_FOR_MORE_FREE_CALLS: Usd = Usd::from_nanos(10_000_000_000);

/// The limits of free models for an account that ever bought so many credits (contract §6.3). What
/// it calls of all free models counts together.
pub fn free_models(bought: Usd) -> [Limit; 2] {
    let per_day =
        if bought >= CREDITS_FOR_MORE_FREE_CALLS { FREE_PER_DAY_OF_BUYERS } else { FREE_PER_DAY };
    [(Window::Minute, FREE_PER_MINUTE), (Window::Day, per_day)].map(|(window, amount)| Limit {
        scope: Scope::FreeModels,
        measure: Measure::Requests,
        window,
        amount,
    })
}

//! What the rules say of one call.

use std::borrow::Cow;
use std::sync::Arc;

use tollgate_routing::Restriction;

use crate::cascade::Cascade;
use crate::consensus::Consensus;
use crate::defaults::Defaults;

/// What the rules that match a call make of it. The empty one changes nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// The models to take instead of those asked for, the primary first. Nothing where a cascade
    /// or a consensus was chosen: [`Decision::strategy`] has their models.
    pub models: Option<Arc<[String]>>,
    /// The slug of the preset to apply. Beside `models`, those are taken instead of the preset's.
    pub preset: Option<Arc<str>>,
    /// Every restriction that holds. An endpoint must suit all of them and the request's own.
    pub restrictions: Vec<Restriction>,
    /// What to prefer where the request does not say.
    pub prefers: Option<Defaults>,
    /// Whether a second endpoint is started when the first is slow.
    pub hedge: Option<bool>,
    /// The rule that refuses the call.
    pub denied: Option<Denied>,
    /// How the answer is come by.
    pub strategy: Strategy,
    /// Labels to record with the call, each once, in the order of the rules.
    pub labels: Vec<Arc<str>>,
    /// The arm of an experiment that the call belongs to.
    pub arm: Option<Arm>,
    /// The rules that matched, in order, and what came of each.
    pub applied: Vec<Applied>,
}

/// How an answer is come by.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Strategy {
    /// One model answers; others step in when it fails.
    #[default]
    Single,
    /// A cheap model answers first; a dearer one when the answer is not good enough.
    Cascade(Arc<Cascade>),
    /// Several models are asked at once, and the answer that most agree on is told.
    Consensus(Arc<Consensus>),
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The rule it comes from.
    pub rule: Arc<str>,
    /// What to tell the caller: a whole sentence.
    pub message: Arc<str>,
}

/// The arm of an experiment that a call belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
    /// The rule with the split.
    pub rule: Arc<str>,
    /// The arm's name.
    pub name: Arc<str>,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its name.
    pub rule: Arc<str>,
    /// What came of it, in words: `models, restrict`, or that an earlier rule chose.
    pub what: Cow<'static, str>,
}

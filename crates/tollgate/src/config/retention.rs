//! `[retention]`: how long things are kept.

use serde::Deserialize;

use super::Problems;

/// How many days things are kept; for ever where it is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Records of calls, with what callers said of them.
    pub generations_days: u32,
    /// What was said and answered in calls, where a workspace has it kept.
    pub content_days: u32,
    /// Entries of the log of administrative acts.
    pub audit_days: u32,
    /// Batches that have ended, with their requests and answers.
    pub batch_days: u32,
}

impl Default for Retention {
    /// What people say to models is not kept for long unless somebody wants it; batches as long as
    /// in the contract (§1.1).
    fn default() -> Self {
        Self { generations_days: 0, content_days: 30, audit_days: 0, batch_days: 30 }
    }
}

/// More days than this are a slip of the hand.
const DAYS_MAX: u32 = 36_500;

impl Retention {
    /// The settings as they are shown.
    pub(super) fn settings(self) -> [(&'static str, String); 4] {
        [
            ("retention.generations_days", self.generations_days.to_string()),
            ("retention.content_days", self.content_days.to_string()),
            ("retention.audit_days", self.audit_days.to_string()),
            ("retention.batch_days", self.batch_days.to_string()),
        ]
    }

    /// The settings, with what is wrong with them named.
    pub(super) fn check(self, problems: &mut Problems) -> Self {
        for (name, days) in [
            ("retention.generations_days", self.generations_days),
            ("retention.content_days", self.content_days),
            ("retention.audit_days", self.audit_days),
            ("retention.batch_days", self.batch_days),
        ] {
            if days > DAYS_MAX {
                problems.add(format!("{name}: at most {DAYS_MAX} days; 0 keeps it for ever"));
            }
        }
        self
    }
    /// Whether anything is removed that is set.
    pub const fn removes(self) -> bool {
        let Self { generations_days, content_days, audit_days, batch_days } = self;
        generations_days > 0 || content_days > 0 || audit_days > 0 || batch_days > 0
    }
}

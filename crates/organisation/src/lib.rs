//! Who belongs to an installation: workspaces with their budgets, people with their roles, and the
//! log of what was done in their name.
//!
//! Pure: these are the records and the rules about them. They are kept as documents
//! ([`tollgate_store::DocumentStore`]); reading, writing and enforcing is the engine's.

mod agreement;
mod audit;
mod auth_code;
mod budget;
mod invitation;
mod member;
mod password;
mod permission;
mod provider_key;
mod refused;
mod user;
mod workspace;

pub use agreement::{AgreedPlan, Agreement};
pub use audit::{AuditEntry, REDACTED, redact};
pub use auth_code::{AuthCode, Challenge, ChallengeMethod};
pub use budget::{Budget, BudgetInterval, Budgets};
pub use invitation::{INVITATION_DAYS, Invitation};
pub use member::{Member, MemberRole};
pub use password::{PASSWORD_BYTES_MAX, PASSWORD_MIN, Password, PlaygroundKey, SetUp};
pub use permission::{Access, Area};
pub use provider_key::ProviderKey;
pub use refused::Refused;
pub use user::{Role, User};
pub use workspace::{ProviderSort, Workspace, WorkspaceSettings, key_number};

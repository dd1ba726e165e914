//! What a role may do.

use std::collections::BTreeMap;

use crate::{MemberRole, Role};

/// What management is about. Every management route belongs to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Area {
    /// API keys.
    Keys,
    /// Callers' own keys at providers.
    OwnKeys,
    /// Credit, purchases, statements.
    Money,
    /// What was used.
    Usage,
    /// Workspaces, their budgets and members.
    Workspaces,
    /// People and invitations.
    People,
    /// Rules, experiments, health.
    Routing,
    /// The log of what was done.
    Audit,
}

/// What the holder of a management key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Their role.
    pub role: Role,
    /// Who they are; nobody for a key of the installation's own.
    pub user_id: Option<String>,
    /// Their workspaces, and what they may do in each.
    pub workspaces: BTreeMap<String, MemberRole>,
}

impl Access {
    /// That of a key which belongs to the installation rather than to somebody.
    pub const fn of_installation() -> Self {
        Self { role: Role::Owner, user_id: None, workspaces: BTreeMap::new() }
    }

    /// Whether they may look at, or change, anything of an area at all. Members may do so in their
    /// own workspaces only: see [`reaches`](Self::reaches).
    pub const fn may(&self, area: Area, changes: bool) -> bool {
        match (self.role, area, changes) {
            (Role::Owner | Role::Admin, ..)
            | (Role::Viewer, _, false)
            | (Role::Billing, Area::Money, _)
            | (Role::Billing, Area::Usage | Area::Workspaces, false)
            | (Role::Member, Area::Keys | Area::OwnKeys | Area::Workspaces, _)
            | (Role::Member, Area::Usage | Area::Routing, false) => true,
            (Role::Viewer | Role::Billing | Role::Member, ..) => false,
        }
    }

    /// Whether all workspaces are open to them, and what belongs to none.
    pub const fn is_everywhere(&self) -> bool {
        !matches!(self.role, Role::Member)
    }

    /// Whether they may look at a workspace.
    pub fn reaches(&self, workspace_id: &str) -> bool {
        self.is_everywhere() || self.workspaces.contains_key(workspace_id)
    }

    /// Whether they may change a workspace itself: its settings, budgets and members.
    pub fn rules(&self, workspace_id: &str) -> bool {
        match self.role {
            Role::Owner | Role::Admin => true,
            Role::Member => self.workspaces.get(workspace_id) == Some(&MemberRole::Admin),
            Role::Viewer | Role::Billing => false,
        }
    }

    /// Whether they may give somebody this role, or take it away.
    pub fn may_grant(&self, role: Role) -> bool {
        self.role.may_grant(role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREAS: [Area; 8] = [
        Area::Keys,
        Area::OwnKeys,
        Area::Money,
        Area::Usage,
        Area::Workspaces,
        Area::People,
        Area::Routing,
        Area::Audit,
    ];

    fn access(role: Role) -> Access {
        let workspaces =
            [("own".to_owned(), MemberRole::Admin), ("other".to_owned(), MemberRole::Member)];
        Access { role, user_id: Some("u".to_owned()), workspaces: workspaces.into() }
    }

    #[test]
    fn each_role_may_what_it_is_for() {
        let looks = |role| AREAS.into_iter().filter(move |it| access(role).may(*it, false));
        let changes = |role| AREAS.into_iter().filter(move |it| access(role).may(*it, true));
        for role in [Role::Owner, Role::Admin] {
            assert_eq!((looks(role).count(), changes(role).count()), (8, 8));
        }
        assert_eq!((looks(Role::Viewer).count(), changes(Role::Viewer).count()), (8, 0));
        assert_eq!(changes(Role::Billing).collect::<Vec<_>>(), [Area::Money]);
        assert_eq!(looks(Role::Billing).count(), 3);
        assert_eq!(
            changes(Role::Member).collect::<Vec<_>>(),
            [Area::Keys, Area::OwnKeys, Area::Workspaces]
        );
        assert!(!access(Role::Member).may(Area::Audit, false));
        assert!(!access(Role::Member).may(Area::Money, false));
    }

    #[test]
    fn members_are_at_home_in_their_workspaces() {
        let member = access(Role::Member);
        assert!(member.reaches("own") && member.reaches("other") && !member.reaches("third"));
        assert!(member.rules("own") && !member.rules("other") && !member.rules("third"));
        assert!(access(Role::Viewer).reaches("third") && !access(Role::Viewer).rules("own"));
        assert!(access(Role::Admin).rules("third"));
    }

    #[test]
    fn owners_are_made_by_owners() {
        let granted = |role| Role::ALL.into_iter().filter(move |it| access(role).may_grant(*it));
        assert_eq!(granted(Role::Owner).count(), 5);
        assert_eq!(granted(Role::Admin).count(), 4);
        assert_eq!(granted(Role::Member).count(), 0);
        assert!(Access::of_installation().may_grant(Role::Owner));
    }
}

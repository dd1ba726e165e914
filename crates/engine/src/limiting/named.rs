//! Whom the operator's limits name: a limit must not go by because somebody has another name.

use tollgate_store::KeyRecord;
use tollgate_types::KeyHash;

use super::{Limiting, Whom};
use crate::Engine;

/// What a limit of the operator's names, and nobody bears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nobody {
    /// The scope of the limit, as rows write it.
    pub scope: &'static str,
    /// The name.
    pub of: String,
}

impl Limiting {
    /// Whether a limit is for a key by the name that it has: with another it would go by.
    pub fn names_key(&self, name: &str) -> bool {
        self.rules.load().iter().any(|it| matches!(&it.whom, Whom::Key(Some(of)) if of == name))
    }

    /// Whether a limit is for a key by its hash: with another secret it would go by.
    pub fn names_hash(&self, hash: KeyHash) -> bool {
        self.names_key(&hash.to_hex())
    }

    /// Whether a limit is for a key, by itself: another key would go by.
    pub fn has_limit_of(&self, key: &KeyRecord) -> bool {
        self.rules.load().iter().any(|it| it.is_of_record(key))
    }
}

impl Engine {
    /// What the operator's limits name of which there is nothing: such a limit holds for nobody. Of
    /// end users and tags nobody knows.
    pub fn limits_of_nobody(&self) -> Vec<Nobody> {
        let rules = self.limiting().rules();
        let (keys, installation) = (self.keys().entries(), self.installation());
        let nobody = |whom: &Whom| {
            let (of, is_there) = match whom {
                Whom::Workspace(Some(of)) => (of, self.organisation().workspace(of).is_some()),
                Whom::Key(Some(of)) => {
                    let is_it = |key: &KeyRecord| key.name == *of || key.hash.to_hex() == *of;
                    (of, keys.iter().any(|key| is_it(&key.record)))
                }
                Whom::Model(Some(of)) => {
                    let models = installation.known().models();
                    (of, models.iter().any(|model| model.id.as_str() == of))
                }
                Whom::Organisation
                | Whom::Workspace(None)
                | Whom::Key(None)
                | Whom::EndUser(_)
                | Whom::Model(None)
                | Whom::Tag { .. } => return None,
            };
            (!is_there).then(|| Nobody { scope: whom.scope().as_str(), of: of.clone() })
        };
        rules.iter().filter_map(|rule| nobody(&rule.whom)).collect()
    }
}

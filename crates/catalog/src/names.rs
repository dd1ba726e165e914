//! Finding a model by what people call it.
//!
//! Two maps, each from a name to the models that have it, built once. The first holds names as they
//! are, in lower case; the second holds them loosely: without the author, and with `.` and `-`
//! taken as the same. Where names collide, the better kind of name wins, and a model wins over its
//! variants such as `:free` and over moving names; what is left is ambiguous.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_types::ModelSlug;

use crate::check::nearest;
use crate::endpoint::Endpoint;
use crate::model::Model;

/// A name that leads to no model, or to several.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message())]
pub struct Unknown {
    /// The name as given.
    pub name: String,
    /// A model whose name is much like it.
    pub nearest: Option<ModelSlug>,
    /// The models it could mean.
    pub ambiguous: Vec<ModelSlug>,
}

impl Unknown {
    fn message(&self) -> String {
        if !self.ambiguous.is_empty() {
            let names: Vec<&str> = self.ambiguous.iter().map(ModelSlug::as_str).collect();
            return format!("`{}` could be any of {}", self.name, names.join(", "));
        }
        let hint = self.nearest.as_ref().map(|id| format!("; did you mean `{id}`?"));
        format!("no model is named `{}`{}", self.name, hint.unwrap_or_default())
    }
}

/// Kinds of names, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Id,
    Canonical,
    Alias,
    Upstream,
}

/// The models that share a name of the best kind seen.
#[derive(Debug)]
struct Bearers {
    kind: Kind,
    models: Vec<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct NameIndex {
    exact: HashMap<String, Bearers>,
    loose: HashMap<String, Bearers>,
}

/// Longer names are not compared with every model's.
const COMPARED_LENGTH_MAX: usize = 100;

/// What clients of Ollama add to a name that has no tag of its own.
const OLLAMAS_TAG: &str = ":latest";

impl NameIndex {
    pub(crate) fn new(models: &[Arc<Model>], endpoints: &[Vec<Arc<Endpoint>>]) -> Self {
        let mut index = Self::default();
        for (at, model) in models.iter().enumerate() {
            index.add(Kind::Id, model.id.as_str(), at, models);
            index.add(Kind::Canonical, &model.canonical_slug, at, models);
            for alias in &model.aliases {
                index.add(Kind::Alias, alias, at, models);
            }
        }
        for (at, endpoints) in endpoints.iter().enumerate() {
            for endpoint in endpoints {
                index.add_loose(Kind::Upstream, &endpoint.upstream_model, at, models);
            }
        }
        index
    }

    /// The position of the model with exactly this id, canonical slug or alias.
    pub(crate) fn exact(&self, name: &str) -> Option<usize> {
        match self.exact.get(name)?.models.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    pub(crate) fn resolve(&self, name: &str, models: &[Arc<Model>]) -> Result<usize, Unknown> {
        let untagged = name.strip_suffix(OLLAMAS_TAG);
        let bearers = self.bearers(name).or_else(|| self.bearers(untagged?));
        match bearers {
            Some([only]) => Ok(*only),
            Some(several) => Err(ambiguous(name, several, models)),
            None => Err(unknown(name, models)),
        }
    }

    /// The models that go by a name, as it is written or nearly.
    fn bearers(&self, name: &str) -> Option<&[usize]> {
        if let Some(bearers) = self.exact.get(name).filter(|it| it.models.len() == 1) {
            return Some(&bearers.models);
        }
        let lower = name.to_ascii_lowercase();
        let bearers = self.exact.get(&lower).or_else(|| self.loose.get(&loosen(&lower)))?;
        Some(&bearers.models)
    }

    fn add(&mut self, kind: Kind, name: &str, at: usize, models: &[Arc<Model>]) {
        insert(&mut self.exact, kind, name.to_ascii_lowercase(), at, models);
        self.add_loose(kind, name, at, models);
    }

    fn add_loose(&mut self, kind: Kind, name: &str, at: usize, models: &[Arc<Model>]) {
        let name = loosen(&name.to_ascii_lowercase());
        if let Some((_, bare)) = name.rsplit_once('/') {
            insert(&mut self.loose, kind, bare.to_owned(), at, models);
        }
        insert(&mut self.loose, kind, name, at, models);
    }
}

fn insert(
    names: &mut HashMap<String, Bearers>,
    kind: Kind,
    name: String,
    at: usize,
    models: &[Arc<Model>],
) {
    let bearers = names.entry(name).or_insert_with(|| Bearers { kind, models: Vec::new() });
    if bearers.kind < kind || bearers.models.contains(&at) {
        return;
    }
    let stands_in = |at: &usize| {
        models.get(*at).is_some_and(|model| model.is_variant() || model.alias_target.is_some())
    };
    if bearers.kind > kind {
        bearers.kind = kind;
        bearers.models.clear();
    }
    if stands_in(&at) && bearers.models.iter().any(|other| !stands_in(other)) {
        return;
    }
    if !stands_in(&at) {
        bearers.models.retain(|other| !stands_in(other));
    }
    bearers.models.push(at);
}

/// Takes `.`, `_`, `@` and `-` as the same, and drops the `~` of moving names.
fn loosen(name: &str) -> String {
    let name = name.strip_prefix('~').unwrap_or(name);
    name.replace(['.', '_', '@'], "-")
}

fn ambiguous(name: &str, several: &[usize], models: &[Arc<Model>]) -> Unknown {
    let ids = several.iter().filter_map(|at| models.get(*at)).map(|model| model.id.clone());
    Unknown { name: name.to_owned(), nearest: None, ambiguous: ids.collect() }
}

fn unknown(name: &str, models: &[Arc<Model>]) -> Unknown {
    let with_author = name.contains('/');
    let by_name = models.iter().map(|model| {
        let known = if with_author { model.id.as_str() } else { model.id.name() };
        (known, &model.id)
    });
    let known: HashMap<&str, &ModelSlug> =
        if name.len() <= COMPARED_LENGTH_MAX { by_name.collect() } else { HashMap::new() };
    let mut names: Vec<&str> = known.keys().copied().collect();
    names.sort_unstable();
    let nearest = nearest(name, names.into_iter()).and_then(|best| known.get(best).copied());
    Unknown { name: name.to_owned(), nearest: nearest.cloned(), ambiguous: Vec::new() }
}

#[cfg(test)]
mod tests;

//! What follows when a rule matches.
//!
//! An open set: an action is a function and a line in `READERS`.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};
use tollgate_routing::Preferences;

use crate::cascade::{self, Cascade};
use crate::consensus::{self, Consensus};
use crate::defaults::Defaults;
use crate::problem::unknown;
use crate::reader::{Reader, shortened};
use crate::split::{self, Split};

/// What a rule, or an arm of its split, does.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    pub(crate) choice: Option<Choice>,
    /// What a caller who is refused is told.
    pub(crate) denied: Option<Arc<str>>,
    pub(crate) restricts: Option<Arc<Preferences>>,
    pub(crate) prefers: Option<Defaults>,
    pub(crate) hedge: Option<bool>,
    pub(crate) labels: Vec<Arc<str>>,
}

/// What is chosen, of which only the first counts.
#[derive(Debug)]
pub(crate) enum Choice {
    Models { models: Option<Arc<[String]>>, preset: Option<Arc<str>> },
    Cascade(Arc<Cascade>),
    Consensus(Arc<Consensus>),
    Split(Split),
}

/// Reads one action into the effects.
type Read = fn(&Value, &mut Reader, &mut Effects);

const READERS: &[(&str, Read)] = &[
    ("models", models),
    ("preset", preset),
    ("restrict", restrict),
    ("prefer", prefer),
    ("hedge", |value, reader, effects| effects.hedge = reader.flag(value)),
    // Taken together when all keys have been seen.
    ("deny", |_, _, _| {}),
    ("message", |_, _, _| {}),
    ("tag", tag),
    (SPLIT, |value, reader, effects| {
        effects.choice = split::read(value, reader).map(Choice::Split);
    }),
    ("cascade", |value, reader, effects| {
        effects.choice = cascade::read(value, reader).map(|it| Choice::Cascade(Arc::new(it)));
    }),
    ("consensus", |value, reader, effects| {
        effects.choice = consensus::read(value, reader).map(|it| Choice::Consensus(Arc::new(it)));
    }),
];

const SPLIT: &str = "split";

/// The names of the actions.
pub const ACTIONS: [&str; READERS.len()] = {
    let mut names = [""; READERS.len()];
    let (mut rest, mut left) = (READERS, names.as_mut_slice());
    while let ([(name, _), more @ ..], [slot, others @ ..]) = (rest, left) {
        *slot = name;
        (rest, left) = (more, others);
    }
    names
};

/// Ways to choose of which a rule has one at most. A preset goes with models, and with nothing else.
const CHOICES: &[&str] = &["models", SPLIT, "cascade", "consensus"];

/// Reads the actions of a table. `beside` are its keys that are none: an arm has some, and no split
/// of its own.
pub(crate) fn effects(table: &Map<String, Value>, beside: &[&str], reader: &mut Reader) -> Effects {
    let is_arm = !beside.is_empty();
    let mut effects = Effects::default();
    for (name, value) in table.iter().filter(|(name, _)| !beside.contains(&name.as_str())) {
        match READERS.iter().find(|(known, _)| known == name) {
            Some((SPLIT, _)) if is_arm => {
                reader.at(SPLIT, |reader| reader.problem("an arm has no split of its own"));
            }
            Some((known, read)) => reader.at(known, |reader| read(value, reader, &mut effects)),
            None => {
                let known: Vec<&str> = beside.iter().copied().chain(ACTIONS).collect();
                reader.problem(unknown("action", &shortened(name), &known));
            }
        }
    }
    one_choice(table, reader);
    if table.contains_key("deny") || table.contains_key("message") {
        refusal(table, reader, &mut effects);
    }
    effects
}

fn one_choice(table: &Map<String, Value>, reader: &mut Reader) {
    let mut chosen: Vec<&str> =
        CHOICES.iter().copied().filter(|name| table.contains_key(*name)).collect();
    if table.contains_key("preset") && chosen.iter().any(|it| *it != "models") {
        chosen.push("preset");
    }
    if let [first, second, ..] = chosen.as_slice() {
        reader.problem(format!("{first} and {second} don't go together: one of them chooses"));
    }
}

/// Most models that a rule gives in place of those asked for.
const MODELS_MAX: usize = 20;

/// Reads names of models, each once.
pub(crate) fn model_names(
    value: &Value,
    (least, most): (usize, usize),
    reader: &mut Reader,
) -> Option<Arc<[String]>> {
    let texts = reader.texts(value)?;
    if texts.len() < least || texts.len() > most {
        reader.problem(format!("expected {least} to {most} models"));
        return None;
    }
    let repeated =
        texts.iter().enumerate().find(|(at, it)| texts.iter().take(*at).any(|o| o == *it));
    if let Some((_, name)) = repeated {
        reader.problem(format!("`{name}` is named twice"));
        return None;
    }
    Some(texts.into_iter().map(str::to_owned).collect())
}

fn models(value: &Value, reader: &mut Reader, effects: &mut Effects) {
    let Some(names) = model_names(value, (1, MODELS_MAX), reader) else { return };
    match &mut effects.choice {
        Some(Choice::Models { models, .. }) => *models = Some(names),
        choice => *choice = Some(Choice::Models { models: Some(names), preset: None }),
    }
}

fn preset(value: &Value, reader: &mut Reader, effects: &mut Effects) {
    let Some(slug) = reader.text(value).map(Arc::from) else { return };
    match &mut effects.choice {
        Some(Choice::Models { preset, .. }) => *preset = Some(slug),
        choice => *choice = Some(Choice::Models { models: None, preset: Some(slug) }),
    }
}

/// The message of a refusal without one of its own.
const REFUSED: &str = "The policy of this installation does not allow this call.";

/// Takes a refusal from the keys `deny` and `message` of a table.
fn refusal(table: &Map<String, Value>, reader: &mut Reader, effects: &mut Effects) {
    let message = reader.member(table, "message", |it, reader| reader.text(it).map(Arc::from));
    if reader.member(table, "deny", |it, reader| reader.flag(it)) == Some(true) {
        effects.denied = Some(message.unwrap_or_else(|| REFUSED.into()));
    } else if table.contains_key("message") {
        reader.problem("a message goes with deny = true");
    }
}

/// Members of a `provider` object that bound what may serve a call (contract §5.2).
const BOUNDS: &[&str] = &[
    "only",
    "ignore",
    "allow_fallbacks",
    "require_parameters",
    "data_collection",
    "zdr",
    "enforce_distillable_text",
    "max_price",
    "quantizations",
];
/// Members that say what is liked.
const WISHES: &[&str] =
    &["order", "sort", "hedge", "preferred_min_throughput", "preferred_max_latency"];

fn restrict(value: &Value, reader: &mut Reader, effects: &mut Effects) {
    let Some(table) = reader.any_table(value) else { return };
    let mut bounds = Map::new();
    for (name, value) in table {
        match name.as_str() {
            "deny" | "message" => {}
            name if WISHES.contains(&name) => reader.at(name, |reader| {
                reader.problem("this is a wish, not a bound: put it into prefer");
            }),
            name => {
                if !BOUNDS.contains(&name) {
                    let known: Vec<&str> =
                        BOUNDS.iter().copied().chain(["deny", "message"]).collect();
                    reader.problem(unknown("key", &shortened(name), &known));
                }
                bounds.insert(name.to_owned(), value.clone());
            }
        }
    }
    if table.contains_key("deny") || table.contains_key("message") {
        refusal(table, reader, effects);
    }
    if !bounds.is_empty() {
        effects.restricts = preferences(&Value::Object(bounds), reader).map(Arc::new);
    }
}

fn prefer(value: &Value, reader: &mut Reader, effects: &mut Effects) {
    let known: Vec<&str> = WISHES.iter().chain(BOUNDS).copied().collect();
    let Some(table) = reader.table(value, &known) else { return };
    if preferences(value, reader).is_some() {
        let members = table.iter().map(|(name, it)| (name.as_str().into(), it.to_string().into()));
        effects.prefers = Some(Defaults::new(members.collect()));
    }
}

fn preferences(value: &Value, reader: &mut Reader) -> Option<Preferences> {
    let read = Preferences::parse(&value.to_string());
    read.map_err(|error| {
        let text = error.to_string();
        reader.problem(text.strip_prefix("provider: ").unwrap_or(&text));
    })
    .ok()
}

fn tag(value: &Value, reader: &mut Reader, effects: &mut Effects) {
    effects.labels = reader.texts(value).unwrap_or_default().into_iter().map(Arc::from).collect();
}

impl Effects {
    /// What it does, in words for [`Applied`](crate::Applied); without the choice when an earlier
    /// rule chose.
    pub(crate) fn words(&self, is_late: bool) -> Cow<'static, str> {
        let choice = match &self.choice {
            Some(_) if is_late => None,
            Some(Choice::Models { models: Some(_), preset: Some(_) }) => Some("models, preset"),
            Some(Choice::Models { models: Some(_), .. }) => Some("models"),
            Some(Choice::Models { .. }) => Some("preset"),
            Some(Choice::Cascade(_)) => Some("cascade"),
            Some(Choice::Consensus(_)) => Some("consensus"),
            Some(Choice::Split(_)) => Some(SPLIT),
            None => None,
        };
        let others = [
            self.denied.as_ref().map(|_| "deny"),
            self.restricts.as_ref().map(|_| "restrict"),
            self.prefers.as_ref().map(|_| "prefer"),
            self.hedge.map(|_| "hedge"),
            (!self.labels.is_empty()).then_some("tag"),
        ];
        let late = (is_late && self.choice.is_some()).then_some(TOO_LATE);
        let words: Vec<&'static str> =
            late.into_iter().chain(choice).chain(others.into_iter().flatten()).collect();
        match words.as_slice() {
            [] => Cow::Borrowed("nothing"),
            [one] => Cow::Borrowed(one),
            several => Cow::Owned(several.join(", ")),
        }
    }
}

/// Said of a choice that did not count.
const TOO_LATE: &str = "matched, but an earlier rule chose";

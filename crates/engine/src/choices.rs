//! What routers of models remember: what this installation spent on each model for each kind of
//! task in the last seven days, and which model a conversation was given (contract §5.6).
//!
//! In memory and of this process: it starts empty, and is lost with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use quick_cache::sync::Cache;
use tollgate_policy::{Decision, TEXT_BYTES_MAX, detect};
use tollgate_types::{ModelSlug, Timestamp, Usd};

use crate::asked::Asked;
use crate::sticky::Conversation;
use crate::{KeyEntry, expand};

/// A kind of task, which some models are better at than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Task {
    /// What is to be done.
    about: detect::Task,
    /// Whether there is code in it, whatever is to be done with it.
    has_code: bool,
    /// The language it is in, where there is enough of it to tell.
    language: Option<&'static str>,
}

impl Task {
    /// The kind that a prompt sets, as rules see it (`task`, `code` and `language`).
    pub(crate) fn of(call: &impl Asked) -> Self {
        Self::told(&call.user_text(TEXT_BYTES_MAX), &call.parameters())
    }

    fn told(text: &str, parameters: &[&str]) -> Self {
        Self {
            about: detect::task(text, parameters),
            has_code: detect::is_code(text),
            language: detect::language(text),
        }
    }
}

/// The router of a call and the kind of its task, until it is settled.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) task: Task,
    /// What the conversation is recognised by, if by anything.
    pub(crate) conversation: Option<Conversation>,
    /// How long the model is remembered after the last turn.
    pub(crate) held_ms: i64,
}

/// What routers remember.
#[derive(Debug)]
pub(crate) struct Choices {
    spent: Cache<(Task, ModelSlug), Arc<Week>>,
    given: Cache<Conversation, (ModelSlug, Timestamp)>,
}

/// What was spent on each of the last days, in nano-dollars.
#[derive(Debug, Default)]
struct Week {
    days: [Day; 8],
}

#[derive(Debug, Default)]
struct Day {
    /// Days since 1970.
    number: AtomicI64,
    nanos: AtomicU64,
}

const TASKS_AND_MODELS_MAX: usize = 10_000;
const CONVERSATIONS_MAX: usize = 100_000;
const MILLIS_PER_DAY: i64 = 86_400_000;
const DAYS: i64 = 7;

impl Default for Choices {
    fn default() -> Self {
        Self { spent: Cache::new(TASKS_AND_MODELS_MAX), given: Cache::new(CONVERSATIONS_MAX) }
    }
}

impl Choice {
    /// What is to be remembered of a call, where it asks for a router that remembers, or rules do.
    pub(crate) fn of(
        key: &KeyEntry,
        call: &impl Asked,
        decision: &Decision,
        session: Option<&str>,
    ) -> Option<Self> {
        let (router, held_ms) = expand::remembered(call, decision)?;
        let task = Task::of(call);
        let session = session.or(call.member("prompt_cache_key"));
        let workspace = &key.record.workspace_id;
        let conversation = Conversation::of(workspace, router, session, || call.opening());
        Some(Self { task, conversation, held_ms })
    }
}

impl Choices {
    /// Nano-dollars spent on a model for tasks as a call's in the last seven days; 0 for a call that
    /// no router is to remember.
    pub(crate) fn spent(&self, choice: Option<&Choice>, model: &ModelSlug, now: Timestamp) -> u64 {
        let week = choice.and_then(|it| self.spent.get(&(it.task, model.clone())));
        week.map_or(0, |week| week.spent(day(now)))
    }

    /// The model that a call's conversation was given, if that was not long ago.
    pub(crate) fn given(&self, choice: &Choice, now: Timestamp) -> Option<ModelSlug> {
        let (model, until) = self.given.get(choice.conversation.as_ref()?)?;
        (until > now).then_some(model)
    }

    /// Notes what an answer cost, and who gave it.
    pub(crate) fn answered(&self, choice: Choice, model: &ModelSlug, cost: Usd, now: Timestamp) {
        let key = (choice.task, model.clone());
        let week = self.spent.get(&key).unwrap_or_else(|| {
            let week = Arc::new(Week::default());
            self.spent.insert(key, Arc::clone(&week));
            week
        });
        week.add(day(now), u64::try_from(cost.nanos()).unwrap_or(0));
        if let Some(conversation) = choice.conversation {
            self.given.insert(conversation, (model.clone(), now.plus_millis(choice.held_ms)));
        }
    }
}

impl Week {
    fn add(&self, today: i64, nanos: u64) {
        let place = usize::try_from(today.rem_euclid(DAYS + 1)).unwrap_or(0);
        let Some(day) = self.days.get(place) else { return };
        // Two that begin a day at once may lose what one of them adds: this is for an order.
        if day.number.swap(today, Ordering::Relaxed) != today {
            day.nanos.store(0, Ordering::Relaxed);
        }
        day.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    fn spent(&self, today: i64) -> u64 {
        let is_recent = |day: &&Day| {
            let age = today.saturating_sub(day.number.load(Ordering::Relaxed));
            (0..DAYS).contains(&age)
        };
        let recent = self.days.iter().filter(is_recent);
        recent.fold(0, |sum, day| sum.saturating_add(day.nanos.load(Ordering::Relaxed)))
    }
}

fn day(at: Timestamp) -> i64 {
    at.unix_millis().div_euclid(MILLIS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_unix_millis(20_000 * MILLIS_PER_DAY + day * MILLIS_PER_DAY)
    }

    fn code() -> Task {
        Task::told("Write a Rust function that sorts a list", &[])
    }

    fn talk() -> Task {
        Task::told("Hello", &[])
    }

    #[test]
    fn tasks_are_told_apart_by_what_is_asked_code_and_language() {
        let german =
            "Bitte schreiben Sie mir einen Brief an das Amt, in dem ich um mehr Zeit bitte";
        let english = "Please write me a letter to the office in which I ask them for more time";
        let french =
            "Traduis cette lettre pour que mes voisins puissent la lire avec leurs enfants";
        let fenced = "Summarize this:\n```rust\nfn main() { println!(\"{}\", x); }\n```";
        let told = |text| Task::told(text, &[]);
        for (text, about, has_code, language) in [
            (german, detect::Task::Writing, false, Some("de")),
            (english, detect::Task::Writing, false, Some("en")),
            (french, detect::Task::Translation, false, Some("fr")),
            (fenced, detect::Task::Summary, true, None),
            ("Hello", detect::Task::Chat, false, None),
        ] {
            let task = told(text);
            assert_eq!((task.about, task.has_code), (about, has_code), "{text}");
            if language.is_some() {
                assert_eq!(task.language, language, "{text}");
            }
        }
        assert_ne!(told(german), told(english));
        let extraction = Task::told("Hello", &["response_format"]);
        assert_eq!(extraction.about, detect::Task::Extraction);
    }

    #[test]
    fn a_week_is_remembered_by_task_and_model() {
        let choices = Choices::default();
        let slug = |id: &str| ModelSlug::parse(id).unwrap();
        let (one, other) = (slug("a/one"), slug("a/other"));
        for (task, model, on, nanos) in
            [(code(), &one, 0, 5), (code(), &one, 3, 7), (talk(), &other, 3, 11)]
        {
            let choice = Choice { task, conversation: None, held_ms: 0 };
            choices.answered(choice, model, Usd::from_nanos(nanos), at(on));
        }
        for (task, model, on, expected) in [
            (code(), &one, 3, 12),
            (code(), &one, 6, 12),
            (code(), &one, 7, 7),
            (code(), &one, 9, 7),
            (code(), &one, 10, 0),
            (talk(), &one, 3, 0),
            (talk(), &other, 3, 11),
        ] {
            let choice = Choice { task, conversation: None, held_ms: 0 };
            let spent = choices.spent(Some(&choice), model, at(on));
            assert_eq!(spent, expected, "{task:?} {model} {on}");
            assert_eq!(choices.spent(None, model, at(on)), 0);
        }
        // A place is used again after eight days.
        let again = Choice { task: code(), conversation: None, held_ms: 0 };
        choices.answered(again.clone(), &one, Usd::from_nanos(1), at(8));
        assert_eq!(choices.spent(Some(&again), &one, at(8)), 8);
    }

    #[test]
    fn a_conversation_keeps_its_model_for_a_while() {
        let choices = Choices::default();
        let model = ModelSlug::parse("a/one").unwrap();
        let conversation = Conversation::of("w", "openrouter/auto", Some("s"), || None);
        let choice = Choice { task: talk(), conversation, held_ms: 1_000 };
        choices.answered(choice.clone(), &model, Usd::ZERO, at(0));
        let given = |now| choices.given(&choice, now);
        assert_eq!(given(at(0)), Some(model));
        assert_eq!(given(at(0).plus_millis(1_000)), None);
    }
}

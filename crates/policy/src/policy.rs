//! The rules of an installation, and what they decide.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;
use tollgate_routing::Restriction;

use crate::action::{Choice, Effects};
use crate::call::Call;
use crate::decision::{Applied, Arm, Decision, Denied, Strategy};
use crate::facts::Facts;
use crate::form::RuleForm;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::rule::{self, Rule};
use crate::split::Split;

/// Most rules of a policy.
pub const RULES_MAX: usize = 500;

/// Rules in the order they are looked at. Never changes; a new one replaces the old.
#[derive(Debug, Default)]
pub struct Policy {
    rules: Vec<Rule>,
    forms: Vec<RuleForm>,
    headers: Vec<Arc<str>>,
}

/// A model or a preset that a rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mention<'a> {
    /// A model.
    Model {
        /// The rule that names it.
        rule: &'a str,
        /// The model's name as written.
        name: &'a str,
    },
    /// A preset.
    Preset {
        /// The rule that names it.
        rule: &'a str,
        /// The preset's slug.
        slug: &'a str,
    },
}

impl Policy {
    /// Makes a policy of rules. Rules that are switched off are checked like the others.
    ///
    /// # Errors
    ///
    /// Every problem found, each with its path, such as `rule[2].when.all[0].time.from`.
    pub fn from_rules(forms: Vec<RuleForm>) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader::default();
        let mut rules: Vec<Rule> = Vec::with_capacity(forms.len().min(RULES_MAX));
        if forms.len() > RULES_MAX {
            let message = format!("expected at most {RULES_MAX} rules");
            return Err(vec![Problem { path: "rule".to_owned(), message }]);
        }
        for (index, form) in (0_usize..).zip(&forms) {
            let read = reader.at(&format!("rule[{index}]"), |reader| {
                let rule = rule::read(form, reader)?;
                refuse_repetition(&rules, &rule, reader);
                Some(rule)
            });
            rules.extend(read);
        }
        let headers = std::mem::take(&mut reader.headers);
        if reader.is_clean() { Ok(Self { rules, forms, headers }) } else { Err(reader.finish()) }
    }

    /// The same from JSON: an object with the list `rule`, as in the configuration file, or the
    /// list itself.
    ///
    /// # Errors
    ///
    /// As [`Policy::from_rules`], and what is not JSON or has another shape.
    pub fn from_json(text: &str) -> Result<Self, Vec<Problem>> {
        let problem = |path: &str, message: String| Problem { path: path.to_owned(), message };
        let value: Value = serde_json::from_str(text)
            .map_err(|error| vec![problem("body", format!("not JSON: {error}"))])?;
        let list = match value {
            Value::Array(list) => list,
            Value::Object(mut members) => {
                let list = members.remove("rule");
                let unknown: Vec<Problem> = members
                    .keys()
                    .map(|name| {
                        let name = crate::reader::shortened(name);
                        problem("body", crate::problem::unknown("key", &name, &["rule"]))
                    })
                    .collect();
                match list {
                    _ if !unknown.is_empty() => return Err(unknown),
                    Some(Value::Array(list)) => list,
                    None => Vec::new(),
                    Some(_) => {
                        return Err(vec![problem("rule", "expected a list of rules".to_owned())]);
                    }
                }
            }
            _ => {
                let message = "expected an object with the list rule".to_owned();
                return Err(vec![problem("body", message)]);
            }
        };
        let mut forms = Vec::with_capacity(list.len());
        let mut problems = Vec::new();
        for (index, value) in (0_usize..).zip(list) {
            match value {
                Value::Object(members) => forms.push(RuleForm::new(members)),
                _ => problems.push(problem(&format!("rule[{index}]"), "expected a table".into())),
            }
        }
        if problems.is_empty() { Self::from_rules(forms) } else { Err(problems) }
    }

    /// The rules as they were written, as JSON that [`Policy::from_json`] reads.
    pub fn to_json(&self) -> String {
        let rules: Vec<Value> = self.forms.iter().map(|it| it.0.clone().into()).collect();
        serde_json::json!({ "rule": rules }).to_string()
    }

    /// The rules as they were written.
    pub fn forms(&self) -> &[RuleForm] {
        &self.forms
    }

    /// The rules, in the order they are looked at.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The headers that rules ask for, in lower case, each once: what
    /// [`Facts::header`] is asked for.
    pub fn headers(&self) -> &[Arc<str>] {
        &self.headers
    }

    /// Every model and preset that a rule names, so that unknown ones can be warned of. Names may
    /// be aliases, routers or wildcards, as in a request.
    pub fn mentions(&self) -> impl Iterator<Item = Mention<'_>> {
        self.rules.iter().flat_map(|rule| {
            let arms = match &rule.effects.choice {
                Some(Choice::Split(split)) => split.arms.as_slice(),
                _ => &[],
            };
            let choices = std::iter::once(&rule.effects).chain(arms.iter().map(|it| &it.effects));
            choices.filter_map(|it| it.choice.as_ref()).flat_map(|it| mentioned(rule.name(), it))
        })
    }

    /// The names that [`Policy::mentions`] tells, of models and presets alike.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.mentions().map(|it| match it {
            Mention::Model { name, .. } => name,
            Mention::Preset { slug, .. } => slug,
        })
    }

    /// What the rules say of a call.
    ///
    /// All rules that match count, in order. Restrictions and labels add up; the first that chooses
    /// models, a preset, an arm, a cascade or a consensus chooses; of preferences the first to name
    /// a member wins; the first to say `hedge` or to refuse says. A rule with `last` ends it.
    pub fn decide(&self, facts: &Facts<'_>) -> Decision {
        let mut making = Making { decision: Decision::default(), has_chosen: false };
        if self.rules.is_empty() {
            return making.decision;
        }
        let call = Call::new(facts);
        for rule in self.rules.iter().filter(|rule| rule.matches(&call)) {
            making.take_rule(rule, facts);
            if rule.is_last {
                break;
            }
        }
        making.decision
    }
}

fn refuse_repetition(earlier: &[Rule], rule: &Rule, reader: &mut Reader) {
    if let Some(at) = earlier.iter().position(|it| it.name() == rule.name()) {
        reader.at("name", |reader| {
            reader.problem(format!("rule[{at}] has this name already"));
        });
    }
}

fn mentioned<'a>(rule: &'a str, choice: &'a Choice) -> impl Iterator<Item = Mention<'a>> {
    let (models, preset) = match choice {
        Choice::Models { models, preset } => (models.as_deref(), preset.as_deref()),
        Choice::Cascade(it) => (Some(it.models()), None),
        Choice::Consensus(it) => (Some(it.models()), None),
        Choice::Split(_) => (None, None),
    };
    let models = models.unwrap_or_default().iter();
    models
        .map(move |name| Mention::Model { rule, name })
        .chain(preset.map(|slug| Mention::Preset { rule, slug }))
}

/// A decision while it is made.
struct Making {
    decision: Decision,
    has_chosen: bool,
}

impl Making {
    fn take_rule(&mut self, rule: &Rule, facts: &Facts<'_>) {
        let is_late = self.has_chosen;
        let mut what = rule.effects.words(is_late);
        match &rule.effects.choice {
            Some(Choice::Split(split)) if !is_late => match self.take_arm(rule, split, facts) {
                Some(arm) => what = Cow::Owned(format!("{what}: {arm}")),
                None => what = Cow::Owned(format!("{what}: no arm has any weight now")),
            },
            Some(choice) if !is_late => self.choose(choice),
            _ => {}
        }
        self.take_effects(rule, &rule.effects);
        self.decision.applied.push(Applied { rule: rule.shared_name(), what });
    }

    /// The arm of the call, and what the arm does. An arm without a choice chooses what was asked
    /// for, so that an experiment has its control.
    fn take_arm(&mut self, rule: &Rule, split: &Split, facts: &Facts<'_>) -> Option<Arc<str>> {
        let arm = split.arm(facts)?;
        self.has_chosen = true;
        if let Some(choice) = &arm.effects.choice {
            self.choose(choice);
        }
        let name = Arc::clone(&arm.name);
        self.decision.arm = Some(Arm { rule: rule.shared_name(), name: Arc::clone(&name) });
        self.take_effects(rule, &arm.effects);
        Some(name)
    }

    fn choose(&mut self, choice: &Choice) {
        self.has_chosen = true;
        match choice {
            Choice::Models { models, preset } => {
                self.decision.models.clone_from(models);
                self.decision.preset.clone_from(preset);
            }
            Choice::Cascade(it) => self.decision.strategy = Strategy::Cascade(Arc::clone(it)),
            Choice::Consensus(it) => self.decision.strategy = Strategy::Consensus(Arc::clone(it)),
            // An arm has no split of its own, and a rule's own is taken apart before.
            Choice::Split(_) => {}
        }
    }

    /// All but the choice.
    fn take_effects(&mut self, rule: &Rule, effects: &Effects) {
        let decision = &mut self.decision;
        if let (None, Some(message)) = (&decision.denied, &effects.denied) {
            let denied = Denied { rule: rule.shared_name(), message: Arc::clone(message) };
            decision.denied = Some(denied);
        }
        if let Some(wants) = &effects.restricts {
            let restriction = Restriction::of_rule(rule.shared_name(), Arc::clone(wants));
            decision.restrictions.push(restriction);
        }
        if let Some(later) = &effects.prefers {
            match &mut decision.prefers {
                Some(prefers) => prefers.add(later),
                none => *none = Some(later.clone()),
            }
        }
        decision.hedge = decision.hedge.or(effects.hedge);
        for label in &effects.labels {
            if !decision.labels.contains(label) {
                decision.labels.push(Arc::clone(label));
            }
        }
    }
}

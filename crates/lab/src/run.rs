//! A run: all calls of a scenario under one policy, event by event.
//!
//! What happens to a call mirrors the engine (its `attempt`, `hedge`, `retry`, `vitals` and
//! `sticky`): the endpoints of the plan in order, a second one beside one that is late where calls
//! are hedged, the whole plan again after a pause for those that may have recovered. The first token
//! decides; what breaks off later is lost, unless it is continued.

mod oracle;
mod settle;

use std::sync::Arc;
use std::time::Duration;

use tollgate_health::{FailureKind, Health, Outcome};
use tollgate_routing::RetryBudget;

use crate::active::{Active, Attempt};
use crate::choice::{Choice, Circumstances, choose};
use crate::fleet::Directory;
use crate::ledger::{Ending, Entry, Ledger};
use crate::policy::{Kind, Policy};
use crate::queue::{Event, Queue};
use crate::random::Random;
use crate::sessions::Sessions;
use crate::stamp;
use crate::traffic::Call;
use crate::world::{Question, Reaction, Refusal, World};

/// What a run is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) calls: &'a [Call],
    pub(crate) conversations: usize,
    pub(crate) seed: u64,
}

/// A run under way.
pub(crate) struct Run<'a> {
    setting: Setting<'a>,
    policy: &'a Policy,
    world: World<'a>,
    vitals: Vec<Arc<Health>>,
    sessions: Sessions,
    budget: RetryBudget,
    queue: Queue,
    active: Vec<Option<Active>>,
    free: Vec<usize>,
    attempts: u64,
    /// Calls by model so far.
    turns: Vec<usize>,
    ledger: Ledger,
}

/// How many may be under way at once.
const UNDER_WAY_MAX: usize = 3;
/// An endpoint that has been measured may take so many times what it takes at the worst.
const WORST: u32 = 3;
/// An endpoint that was overtaken after so long, and after what it takes at the worst, was late.
const LATE_OVERTAKEN: Duration = Duration::from_millis(1_500);
/// How fast a slow endpoint reads a prompt.
const TOKENS_READ_PER_SECOND: u64 = 4_000;
/// However long a prompt is, nobody waits longer, unless the timeout itself is longer.
const PATIENCE_MAX: Duration = Duration::from_mins(1);

/// So many calls are made between two reports of progress.
const CALLS_PER_REPORT: usize = 4_096;

impl<'a> Run<'a> {
    pub(crate) fn new(setting: Setting<'a>, policy: &'a Policy) -> Self {
        let hosts = &setting.directory.hosts;
        let health = || Arc::new(Health::new(policy.settings.breaker));
        Self {
            setting,
            policy,
            world: World::new(hosts, setting.seed),
            vitals: hosts.iter().map(|_| health()).collect(),
            sessions: Sessions::new(setting.conversations),
            budget: RetryBudget::default(),
            queue: Queue::default(),
            active: Vec::new(),
            free: Vec::new(),
            attempts: 0,
            turns: vec![0; setting.directory.models.len()],
            ledger: Ledger {
                entries: vec![Entry::default(); setting.calls.len()],
                fullest: 0.0,
                left_over: 0,
                ended_twice: 0,
            },
        }
    }

    /// Makes all calls and waits for their ends.
    pub(crate) fn go(mut self, mut progress: impl FnMut(usize)) -> Ledger {
        for (number, call) in self.setting.calls.iter().enumerate() {
            while self.queue.next_at().is_some_and(|at| at <= call.at) {
                self.step();
            }
            self.begin(number, call);
            if number.is_multiple_of(CALLS_PER_REPORT) {
                progress(number);
            }
        }
        while self.queue.next_at().is_some() {
            self.step();
        }
        (self.ledger.fullest, self.ledger.left_over) = self.world.occupancy();
        self.ledger
    }

    fn step(&mut self) {
        let Some((now, event)) = self.queue.pop() else { return };
        match event {
            Event::Ends { slot, serial } => self.ends(slot, serial, now),
            Event::Late { slot, serial } => self.late(slot, serial, now),
            Event::Silent { slot, serial } => self.silent(slot, serial, now),
            Event::Finishes { slot, serial } => self.finishes(slot, serial, now),
            Event::Again { slot } if self.policy.kind == Kind::Oracle => self.divine(slot, now),
            Event::Again { slot } => self.again(slot, now),
        }
    }

    fn begin(&mut self, number: usize, call: &Call) {
        self.budget.earn();
        let (choices, probes) = self.plan(number, call);
        let active = Active {
            call: number,
            deadline: call.at + call.patience,
            tries: vec![0; choices.len()],
            choices,
            next: 0,
            round: 0,
            due: Vec::new(),
            may_pass: Vec::new(),
            running: Vec::new(),
            probes,
            prompt_tokens: call.prompt_tokens,
            answer_tokens: call.answer_tokens,
            entry: Entry { said_before: call.said_before, ..Entry::default() },
        };
        let slot = self.free.pop().unwrap_or(self.active.len());
        match self.active.get_mut(slot) {
            Some(place) => *place = Some(active),
            None => self.active.push(Some(active)),
        }
        match self.policy.kind {
            Kind::Oracle => self.divine(slot, call.at),
            _ => self.go_on(slot, call.at),
        }
    }

    fn plan(&mut self, number: usize, call: &Call) -> (Vec<Choice>, Vec<usize>) {
        let directory = self.setting.directory;
        let endpoints = directory.known(call.model, call.at);
        let first = directory.number(call.model, 0);
        let sticky = call.conversation.and_then(|it| self.sessions.held(it, call.at));
        let turn = self.turns.get_mut(call.model).map_or(0, |turn| {
            *turn += 1;
            *turn - 1
        });
        choose(
            self.policy,
            &Circumstances {
                endpoints,
                vitals: self.vitals.get(first..).unwrap_or_default(),
                prompt_tokens: call.prompt_tokens,
                sticky: sticky.and_then(|host| host.checked_sub(first)),
                seed: Random::keyed(self.setting.seed, [key(number), u64::MAX, 0]).bits(),
                turn,
                now: call.at,
            },
        )
    }

    /// Tries the next endpoint, rests before another round, or gives up.
    fn go_on(&mut self, slot: usize, now: Duration) {
        let Some(active) = self.active_at(slot) else { return };
        if now >= active.deadline && !active.has_spoken() {
            return self.conclude(slot, Ending::Abandoned);
        }
        if let Some(index) = active.advance() {
            return self.attempt(slot, index, now);
        }
        if active.has_spoken() {
            return self.conclude(slot, Ending::Cut);
        }
        match self.pause(slot) {
            Some(pause) => {
                let deadline = self.active_at(slot).map_or(now, |active| active.deadline);
                self.queue.plan((now + pause).min(deadline), Event::Again { slot });
            }
            None => self.conclude(slot, Ending::Failed),
        }
    }

    /// How long to wait before another round, if there is one.
    fn pause(&mut self, slot: usize) -> Option<Duration> {
        if !self.policy.is_ours() {
            return None;
        }
        let (policy, seed) = (self.policy.settings.retry, self.setting.seed);
        let active = self.active_at(slot)?;
        let round = active.round + 1;
        let random = Random::keyed(seed, [key(active.call), u64::MAX, 1]).unit();
        let waits = active.may_pass.iter().map(|(_, wait)| *wait);
        let pause = policy.pause_before(round, waits, random)?;
        self.budget.take().then_some(pause)
    }

    /// Another round begins.
    fn again(&mut self, slot: usize, now: Duration) {
        if let Some(active) = self.active_at(slot) {
            active.round += 1;
            active.next = 0;
            active.due = active.may_pass.drain(..).map(|(index, _)| index).collect();
        }
        self.go_on(slot, now);
    }

    fn attempt(&mut self, slot: usize, index: usize, now: Duration) {
        let Some(active) = self.active.get_mut(slot).and_then(Option::as_mut) else { return };
        let Some(call) = self.setting.calls.get(active.call) else { return };
        let Some(choice) = active.choices.get(index) else { return };
        let (late, worst) = (choice.late, choice.worst);
        let host = self.setting.directory.number(call.model, choice.place);
        let before = active.tries.get_mut(index).map_or(0, |tries| {
            *tries += 1;
            *tries - 1
        });
        let question = Question { call: active.call, host, before, tokens: active.answer_tokens };
        let reaction = self.world.send(question, now);
        self.attempts += 1;
        let serial = self.attempts;
        let thinks = self.setting.directory.models.get(call.model).is_some_and(|it| it.thinks);
        let settings = &self.policy.settings;
        let patience = if thinks {
            settings.thinking_timeout
        } else {
            patience(settings.first_token_timeout, active.prompt_tokens)
        };
        let gives_up = match self.policy.kind {
            Kind::Oracle => active.deadline,
            _ => now + patience,
        };
        let is_reported = false;
        let attempt =
            Attempt { serial, index, host, began: now, worst, gives_up, reaction, is_reported };
        active.entry.attempts += 1;
        active.probes.retain(|place| *place != choice.place);
        active.running.push(attempt);
        let deadline = if active.has_spoken() { gives_up } else { active.deadline };
        let ends = attempt.comes_at().unwrap_or(gives_up).min(gives_up).min(deadline);
        let may_start = !active.has_spoken();
        self.queue.plan(ends, Event::Ends { slot, serial });
        let silence = settings.silence_fails.map(|it| it.max(worst.saturating_mul(WORST)));
        if let Some(silence) = silence.filter(|it| now + *it < ends) {
            self.queue.plan(now + silence, Event::Silent { slot, serial });
        }
        if self.hedges() && may_start {
            self.queue.plan(now.saturating_add(late), Event::Late { slot, serial });
        }
    }

    fn hedges(&self) -> bool {
        self.policy.is_ours() && self.policy.settings.hedge
    }

    /// Starts the next endpoint beside those under way, the newest of which is late.
    fn late(&mut self, slot: usize, serial: u64, now: Duration) {
        let Some(active) = self.active_at(slot) else { return };
        let newest = active.running.iter().max_by_key(|it| it.serial);
        let is_silent = |it: &&Attempt| it.comes_at().is_none_or(|at| at > now);
        if newest.filter(is_silent).is_some_and(|it| it.serial == serial) {
            self.start_beside(slot, now);
        }
    }

    /// Starts the next endpoint beside those under way.
    fn start_beside(&mut self, slot: usize, now: Duration) {
        let Some(active) = self.active_at(slot) else { return };
        if active.has_spoken() || active.running.len() >= UNDER_WAY_MAX || now >= active.deadline {
            return;
        }
        if let Some(index) = active.advance() {
            self.attempt(slot, index, now);
        }
    }

    /// Something has come of an attempt, or nothing has and it is given up.
    fn ends(&mut self, slot: usize, serial: u64, now: Duration) {
        let Some(active) = self.active_at(slot) else { return };
        let Some(attempt) = active.take(serial) else { return };
        if attempt.comes_at() == Some(now) && now <= attempt.gives_up {
            return match attempt.reaction {
                Reaction::Refuses { refusal, after } => {
                    active.entry.refused += 1;
                    active.entry.refusing += after;
                    self.refused(slot, &attempt, refusal, now);
                }
                Reaction::Speaks { .. } => self.speaks(slot, attempt, now),
                Reaction::Stalls => {}
            };
        }
        active.entry.stalled += u32::from(attempt.reaction == Reaction::Stalls);
        let is_given_up = now >= attempt.gives_up;
        if !is_given_up {
            active.running.push(attempt);
            return self.abandoned(slot, now);
        }
        self.timed_out(&attempt, now);
        self.leave(&attempt);
        self.on_failure(slot, now);
    }

    /// An attempt has been silent for too long, and is still waited for.
    fn silent(&mut self, slot: usize, serial: u64, now: Duration) {
        let Some(active) = self.active_at(slot) else { return };
        let Some(attempt) = active.running.iter_mut().find(|it| it.serial == serial) else {
            return;
        };
        let reported = *attempt;
        attempt.is_reported = true;
        self.timed_out(&reported, now);
    }

    fn timed_out(&self, attempt: &Attempt, now: Duration) {
        if !attempt.is_reported {
            self.observe(attempt.host, Outcome::Failure(FailureKind::Timeout), now);
        }
    }

    fn refused(&mut self, slot: usize, attempt: &Attempt, refusal: Refusal, now: Duration) {
        self.observe(attempt.host, refusal.outcome(), now);
        self.hear(attempt.host, now);
        if let Some(active) = self.active_at(slot) {
            active.may_pass.push((attempt.index, refusal.wait()));
        }
        self.on_failure(slot, now);
    }

    /// The call goes on: where others are under way only if it is hedged.
    fn on_failure(&mut self, slot: usize, now: Duration) {
        if self.active_at(slot).is_some_and(|active| active.running.is_empty()) {
            self.go_on(slot, now);
        } else if self.hedges() {
            self.start_beside(slot, now);
        }
    }

    /// The caller leaves.
    fn abandoned(&mut self, slot: usize, now: Duration) {
        let Some(active) = self.active_at(slot) else { return };
        for attempt in std::mem::take(&mut active.running) {
            self.leave(&attempt);
            let waited = now.saturating_sub(attempt.began);
            let least = self
                .policy
                .settings
                .abandoned_fails
                .map(|it| it.max(attempt.worst.saturating_mul(WORST)));
            if least.is_some_and(|least| waited >= least) {
                self.timed_out(&attempt, now);
            }
        }
        self.conclude(slot, Ending::Abandoned);
    }

    /// The first token.
    fn speaks(&mut self, slot: usize, attempt: Attempt, now: Duration) {
        let Some(active) = self.active_at(slot) else { return };
        let overtaken = std::mem::take(&mut active.running);
        let began = active.call;
        active.running.push(attempt);
        let asked = self.setting.calls.get(began).map_or(now, |call| call.at);
        if let Some(active) = self.active_at(slot)
            && !active.has_spoken()
        {
            active.entry.first_token = Some(now.saturating_sub(asked));
            active.entry.detour = attempt.began.saturating_sub(asked);
        }
        if let Some(health) = self.vitals.get(attempt.host) {
            health.first_token(now.saturating_sub(attempt.began), stamp(now));
        }
        self.hear(attempt.host, now);
        for other in overtaken {
            self.overtaken(slot, &other, now);
        }
        if let Reaction::Speaks { writes, cut, .. } = attempt.reaction {
            let writes = cut.map_or(writes, |share| writes.mul_f64(share));
            self.queue.plan(now + writes, Event::Finishes { slot, serial: attempt.serial });
        }
    }

    /// Another endpoint was faster.
    fn overtaken(&mut self, slot: usize, other: &Attempt, now: Duration) {
        self.leave(other);
        if matches!(other.reaction, Reaction::Speaks { .. }) {
            // It may have read the prompt by now, and providers charge for that.
            self.pay(slot, other.host, 0, now);
        }
        if let Some(active) = self.active_at(slot) {
            active.entry.stalled += u32::from(other.reaction == Reaction::Stalls);
        }
        let waited = now.saturating_sub(other.began);
        if self.policy.settings.overtaken_fails && waited >= LATE_OVERTAKEN.max(other.worst) {
            self.timed_out(other, now);
        }
    }

    /// The answer is whole, or breaks off.
    fn finishes(&mut self, slot: usize, serial: u64, now: Duration) {
        let Some(active) = self.active_at(slot) else { return };
        let Some(attempt) = active.take(serial) else { return };
        let tokens = active.answer_tokens;
        self.leave(&attempt);
        let Reaction::Speaks { cut, .. } = attempt.reaction else { return };
        let Some(share) = cut else {
            self.observe(attempt.host, Outcome::Success, now);
            if let Some(health) = self.vitals.get(attempt.host) {
                let during = now.saturating_sub(attempt.began);
                health.generated(tokens.into(), during, stamp(now));
            }
            self.pay(slot, attempt.host, tokens, now);
            self.remember(slot, &attempt, now);
            return self.conclude(slot, Ending::Served);
        };
        let written = crate::number::whole(f64::from(tokens) * share);
        self.observe(attempt.host, Outcome::Failure(FailureKind::Truncated), now);
        self.pay(slot, attempt.host, written, now);
        let continues = self.policy.settings.continues;
        let Some(active) = self.active_at(slot).filter(|_| continues) else {
            return self.conclude(slot, Ending::Cut);
        };
        active.prompt_tokens = active.prompt_tokens.saturating_add(written);
        active.answer_tokens = tokens.saturating_sub(written).max(1);
        active.next = active.next.max(attempt.index + 1);
        self.go_on(slot, now);
    }

    fn observe(&self, host: usize, outcome: Outcome, now: Duration) {
        if let Some(health) = self.vitals.get(host).filter(|_| self.policy.is_ours()) {
            health.observe(outcome, stamp(now));
        }
    }

    /// Keeps what an endpoint's headers say of its limit.
    fn hear(&self, host: usize, now: Duration) {
        if !self.policy.is_ours() || !self.policy.settings.headroom {
            return;
        }
        let headroom = self.world.headroom(host, now);
        if let (Some(headroom), Some(health)) = (headroom, self.vitals.get(host)) {
            health.headroom(headroom, stamp(now));
        }
    }

    fn leave(&mut self, attempt: &Attempt) {
        if attempt.is_served() {
            self.world.leave(attempt.host);
        }
    }

    fn active_at(&mut self, slot: usize) -> Option<&mut Active> {
        self.active.get_mut(slot).and_then(Option::as_mut)
    }
}

/// How long the first token may take after a prompt of so many tokens, as in the engine: long ones
/// have to be read.
fn patience(timeout: Duration, prompt_tokens: u32) -> Duration {
    let reading = Duration::from_millis(u64::from(prompt_tokens) * 1_000 / TOKENS_READ_PER_SECOND);
    timeout.saturating_add(reading).min(timeout.max(PATIENCE_MAX))
}

fn key(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

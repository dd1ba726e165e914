//! Admitting a call and planning it; and plans of calls that nobody makes.

use http::HeaderMap;
use tollgate_organisation::ProviderSort;
use tollgate_routing::Funds;
use tollgate_store::RoutingRecord;
use tollgate_types::{Timestamp, Usd};
use tollgate_wire::Call;
use tollgate_wire::batch::BatchCall;

use crate::afford;
use crate::asked::Asked;
use crate::choices::Choice;
use crate::engine::{Engine, fail};
use crate::resolve::{Circumstances, Routed};
use crate::run::Run;
use crate::steer::{Caller, Steering};
use crate::traffic::Origin;
use crate::{
    CallError, CallFailure, Count, Installation, KeyEntry, Sort, WorkspaceEntry, count, decision,
    presets, resolve, sticky,
};

impl Engine {
    /// Counts the tokens of a conversation without holding it: the first endpoint's own count,
    /// where its provider counts, else an estimate. Rules hold as for the call itself: nobody is
    /// shown a prompt to count that may not be sent there.
    ///
    /// # Errors
    ///
    /// When the call is wrong, a rule refuses it, or it can't be routed. A provider that fails to
    /// count is no error.
    pub async fn count(
        &self,
        key: &KeyEntry,
        call: &Call,
        origin: &Origin<'_>,
    ) -> Result<Count, CallError> {
        let installation = self.installation();
        let routed = self.idle_plan(key, call, &installation, origin)?;
        Ok(count::count(self, &installation, call, &routed.plan).await)
    }

    /// Whether a call could be sent anywhere, and sends it nowhere.
    ///
    /// # Errors
    ///
    /// When the call is wrong, a rule refuses it, or it can't be routed.
    pub fn check(&self, key: &KeyEntry, call: &Call, origin: &Origin<'_>) -> Result<(), CallError> {
        self.idle_plan(key, call, &self.installation(), origin).map(drop)
    }

    /// The same of a request of a batch.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub(crate) fn check_request(
        &self,
        key: &KeyEntry,
        call: &BatchCall,
        origin: &Origin<'_>,
    ) -> Result<(), CallError> {
        let installation = self.installation();
        match call {
            BatchCall::Generate(call) => self.idle_plan(key, call, &installation, origin),
            BatchCall::Embed(call) => self.idle_plan(key, call, &installation, origin),
        }
        .map(drop)
    }

    /// Where a call of this key would go now, and why, and sends it nowhere.
    ///
    /// # Errors
    ///
    /// When the call is wrong or can't be routed, or the system has no random bytes.
    pub fn explain(
        &self,
        key: &KeyEntry,
        call: &Call,
        origin: &Origin<'_>,
    ) -> Result<RoutingRecord, CallError> {
        let Origin { attribution, headers, region, received: _ } = origin;
        let (installation, vitals, now) = (self.installation(), self.vitals(), self.now());
        let mut seed = [0; 8];
        self.entropy().fill(&mut seed).map_err(|_| CallError::NoEntropy)?;
        let seed = u64::from_le_bytes(seed);
        let caller = Caller { key, attribution, headers };
        let steering = Steering::of(&self.rules().policies(), call, caller, (seed, now))?;
        let decision = &steering.decision;
        let session = attribution.session_id.as_deref();
        let conversation = sticky::conversation(key, call, decision, &installation, session);
        let choice = Choice::of(key, call, decision, session);
        let given = choice.as_ref().and_then(|it| self.choices().given(it, now));
        let circumstances = Circumstances {
            decision,
            funds: self.funds(key, now),
            standing: &|endpoint| vitals.standing(&endpoint.id, now),
            sticky: &|_| self.stickiness().endpoint(conversation.as_ref()?, now),
            spent: &|model| self.choices().spent(choice.as_ref(), &model.id, now),
            given: given.as_ref(),
            sort: self.sort_of(&self.organisation().workspace_of(&key.record)),
            region: region.as_deref(),
            seed,
            key: Some(&key.record),
            now,
        };
        let routed = resolve::plan(call, &installation, &circumstances);
        let routed =
            routed.map_err(|error| told_of_limit(error, (key, now), circumstances.funds))?;
        Ok(decision::record(call, (&routed.plan, &routed.shape), &steering, seed))
    }

    /// What endpoints are sorted by where nobody says: as the workspace has it, else the
    /// installation.
    fn sort_of(&self, workspace: &WorkspaceEntry) -> Option<Sort> {
        match workspace.document.body.settings.default_provider_sort {
            None => self.config().sort,
            Some(ProviderSort::Price) => Some(Sort::Price),
            Some(ProviderSort::Throughput) => Some(Sort::Throughput),
            Some(ProviderSort::Latency) => Some(Sort::Latency),
            Some(ProviderSort::Exacto) => Some(Sort::Exacto),
        }
    }

    /// Plans a call that costs nothing and says nothing of anybody's health.
    fn idle_plan<C: Asked>(
        &self,
        key: &KeyEntry,
        call: &C,
        installation: &Installation,
        Origin { attribution, headers, region, received: _ }: &Origin<'_>,
    ) -> Result<Routed, CallError> {
        let (vitals, now) = (self.vitals(), self.now());
        let caller = Caller { key, attribution, headers };
        let steering = Steering::of(&self.rules().policies(), call, caller, (0, now))?;
        let choice = Choice::of(key, call, &steering.decision, None);
        resolve::plan(
            call,
            installation,
            &Circumstances {
                funds: Funds::default(),
                standing: &|endpoint| vitals.standing(&endpoint.id, now),
                sticky: &|_| None,
                spent: &|model| self.choices().spent(choice.as_ref(), &model.id, now),
                given: None,
                sort: self.sort_of(&self.organisation().workspace_of(&key.record)),
                decision: &steering.decision,
                region: region.as_deref(),
                seed: 0,
                key: Some(&key.record),
                now,
            },
        )
    }

    /// The call with its place among those recorded, its preset, what rules say of it, and its plan.
    pub(crate) async fn prepared<C: Asked>(
        &self,
        mut run: Box<Run<C>>,
        headers: &HeaderMap,
    ) -> Result<Box<Run<C>>, CallFailure> {
        run.slot = self.recorder().slot().await;
        match self.prepare(&mut run, headers).await {
            Ok(()) => {
                run.stopwatch.admitted();
                Ok(run)
            }
            Err(error) => Err(fail(run, error)),
        }
    }

    async fn prepare<C: Asked>(
        &self,
        run: &mut Run<C>,
        headers: &HeaderMap,
    ) -> Result<(), CallError> {
        if !run.id_is_random {
            return Err(CallError::NoEntropy);
        }
        if run.slot.is_none() {
            return Err(CallError::StoreBehind);
        }
        if let Some(slug) = run.call.preset()? {
            self.apply_preset(run, slug).await?;
        }
        if let Some(call) = presets::with_default_model(&run.call, &run.workspace)? {
            run.call = call;
        }
        let caller = Caller { key: &run.key, attribution: &run.attribution, headers };
        run.steering =
            Steering::of(&self.rules().policies(), &run.call, caller, (run.seed, run.created))?;
        if let Some(slug) = run.steering.decision.preset.as_deref().map(str::to_owned) {
            self.apply_preset(run, slug).await?;
        }
        let decision = &run.steering.decision;
        let session = run.attribution.session_id.as_deref();
        run.conversation =
            sticky::conversation(&run.key, &run.call, decision, &run.installation, session);
        run.choice = Choice::of(&run.key, &run.call, decision, session);
        // What is told again is free: whether there is anything left is asked behind that.
        let routed = if let Some(ttl_seconds) = self.keeps_for(run, headers) {
            let Some(routed) = self.look_up(run, (ttl_seconds, headers)).await? else {
                return Ok(());
            };
            routed
        } else {
            self.refuse_the_spent(run)?;
            self.plan(run)?
        };
        run.take_up(routed);
        let decision = &run.steering.decision;
        let wants = resolve::preferences(&run.call, decision)?;
        run.hedges = self.config().hedge || decision.hedge.unwrap_or(wants.hedge);
        match afford::hold(run).await {
            Err(error) if afford::leaves_own(&error, &run.key.record) => {
                self.plan_own(run).map_err(|_| error)?;
                afford::hold_own(run).await
            }
            done => done,
        }
    }

    /// Plans a call that what is shared is too dear for: with the caller's own keys alone.
    fn plan_own<C: Asked>(&self, run: &mut Run<C>) -> Result<(), CallError> {
        run.shape.funds.is_spent = true;
        let routed = self.plan(run)?;
        run.take_up(routed);
        Ok(())
    }

    /// A call whose key's limit is spent goes on only where a key of the caller's own might answer
    /// it and is not counted against that limit.
    pub(crate) fn refuse_the_spent<C: Asked>(&self, run: &Run<C>) -> Result<(), CallError> {
        let record = &run.key.record;
        let funds = self.funds(&run.key, run.created);
        let may_be_own = !record.include_byok_in_limit && !run.installation.own().is_empty();
        let limit = run.key.spent_limit(run.created);
        match limit.filter(|_| funds.is_spent && !may_be_own) {
            Some(limit) => Err(CallError::KeyLimit { limit }),
            None => Ok(()),
        }
    }

    /// What a call of a key may be paid from.
    pub(crate) fn funds(&self, key: &KeyEntry, now: Timestamp) -> Funds {
        let has_limit = key.record.limit.is_some();
        let workspace = self.organisation().workspace_of(&key.record);
        let agreed = self.agreed(workspace.account(), now);
        let has_budget = self.limiting().has_budget(key, &workspace, agreed.as_deref());
        Funds {
            must_be_priced: self.config().billing || has_limit || has_budget,
            own_must_be_priced: has_limit && key.record.include_byok_in_limit,
            is_spent: key.limit_remaining(now) == Some(Usd::ZERO),
        }
    }

    /// Plans a call by what was decided for it.
    pub(crate) fn plan<C: Asked>(&self, run: &Run<C>) -> Result<Routed, CallError> {
        // A call that was planned for was admitted: other models that rules have asked for it may be
        // paid from the same.
        let is_planned = !run.plan.steps.is_empty();
        let funds = if is_planned { run.shape.funds } else { self.funds(&run.key, run.created) };
        self.plan_with(run, funds)
    }

    /// The same, as if it could be paid from `funds`.
    pub(crate) fn plan_with<C: Asked>(
        &self,
        run: &Run<C>,
        funds: Funds,
    ) -> Result<Routed, CallError> {
        let (vitals, now) = (&run.vitals, run.created);
        let given = run.choice.as_ref().and_then(|it| self.choices().given(it, now));
        let circumstances = Circumstances {
            funds,
            decision: &run.steering.decision,
            standing: &|endpoint| vitals.standing(&endpoint.id, now),
            sticky: &|_| self.stickiness().endpoint(run.conversation.as_ref()?, now),
            spent: &|model| self.choices().spent(run.choice.as_ref(), &model.id, now),
            given: given.as_ref(),
            sort: self.sort_of(&run.workspace),
            region: run.shape.region.as_deref(),
            seed: run.seed,
            key: Some(&run.key.record),
            now,
        };
        let routed = resolve::plan(&run.call, &run.installation, &circumstances);
        routed.map_err(|error| told_of_limit(error, (&run.key, now), circumstances.funds))
    }
}

/// A call that would perhaps have gone somewhere if the limit were not spent.
fn told_of_limit(error: CallError, (key, now): (&KeyEntry, Timestamp), funds: Funds) -> CallError {
    match (error, key.spent_limit(now)) {
        (CallError::NoEndpoints { .. }, Some(limit)) if funds.is_spent => {
            CallError::KeyLimit { limit }
        }
        (error, _) => error,
    }
}

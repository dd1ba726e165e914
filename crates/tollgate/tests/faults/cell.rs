//! One cell: a call whose first endpoint goes wrong, and all that must hold of it.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;
use tollgate_engine::Report;
use tollgate_testkit::{Reply, amount};

use crate::clients::{Client, Stream};
use crate::question::{Finish, Proof, must, parsed, same, text, wrong};
use crate::world::{Place, TEXT, World};

/// Who is asked, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'w> {
    pub(crate) world: &'w World,
    /// The provider that goes wrong.
    pub(crate) provider: &'static str,
    /// Whether somebody else could take over.
    pub(crate) alone: bool,
    pub(crate) streamed: bool,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Became {
    /// Another endpoint answered, or nobody and the caller got an error instead of an answer.
    Replaced,
    /// Another endpoint went on, or nobody and the caller was told in the middle.
    Continued,
    /// The first endpoint's answer was whole.
    Whole,
}

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) became: Became,
    /// What the record calls the fault; empty when there was none.
    pub(crate) fault: String,
    /// The HTTP status of the error; 0 when there was none.
    pub(crate) status: u64,
}

/// A row of the table, proven for one of its columns.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) row: (usize, String),
    pub(crate) client: Client,
    pub(crate) place: Place,
    pub(crate) sign: Proof<String>,
}

impl Ask<'_> {
    /// Asks, and checks what holds whatever went wrong.
    pub(crate) async fn prove(self) -> Proof<Told> {
        let model = self.model();
        let Ok(reply) = timeout(ENDLESS, self.world.ask(&model, self.streamed)).await else {
            return wrong("the answer has no end");
        };
        let record = self.world.record(&reply).await;
        let context = |what: String| format!("{what}\n  {}\n  {record}", reply.text());
        self.check(&reply, &record).map_err(|flaw| {
            let what = flaw.text();
            crate::question::Flaw::Wrong(context(what))
        })
    }

    pub(crate) fn model(self) -> String {
        if self.alone { format!("{}-alone", self.provider) } else { self.provider.to_owned() }
    }

    fn check(self, reply: &Reply, record: &Value) -> Proof<Told> {
        let attempts: Vec<&Value> =
            record["provider_responses"].as_array().into_iter().flatten().collect();
        let tried: Vec<String> = attempts.iter().map(|it| text(it, "/provider_name")).collect();
        let Some(first) = attempts.first() else { return wrong("no attempt") };
        let fault = text(first, "/fault");
        let became = match (attempts.get(1), reply.status) {
            _ if fault.is_empty() => Became::Whole,
            (Some(second), _) if second["continued"] == true => Became::Continued,
            (None, 200) => Became::Continued,
            _ => Became::Replaced,
        };
        let broke_off = attempts.len() == 1 && self.world.breaks_off(&reply.text());
        let broke_off = broke_off && became == Became::Continued;
        let is_last = self.alone || broke_off;
        let expected = if is_last || fault.is_empty() {
            vec![self.provider.to_owned()]
        } else {
            vec![self.provider.to_owned(), "second".to_owned()]
        };
        same("tried", &tried, &expected)?;
        self.health(&fault, first["status"].as_u64(), tried.len() > 1)?;
        let status = if is_last && !fault.is_empty() {
            self.failed(reply, record)?
        } else {
            self.answered(reply, record, became)?;
            0
        };
        Ok(Told { became, fault, status })
    }

    /// The whole answer, once; who gave it; what it cost.
    fn answered(self, reply: &Reply, record: &Value, became: Became) -> Proof {
        same("status", &reply.status, &200)?;
        let dialect = self.world.client.dialect();
        let heard = if self.streamed {
            let Stream { heard, error } = dialect.stream(&reply.text())?;
            must(error.is_none(), || format!("an error: {error:?}"))?;
            heard
        } else {
            dialect.whole(&parsed(&reply.text())?)?
        };
        same("text", &heard.text.as_str(), &TEXT)?;
        same("finish", &heard.finish, &Some(Finish::Stop))?;
        same("error on record", &record["error"], &Value::Null)?;
        same("finish on record", &text(record, "/finish_reason").as_str(), &"stop")?;
        let (prompt, completion) = (heard.usage.input, heard.usage.output);
        let on_record = (&record["tokens_prompt"], &record["tokens_completion"]);
        same("tokens", &on_record, &(&prompt.into(), &completion.into()))?;
        must(completion > 0, || "nothing is counted".to_owned())?;
        let cost = amount(&record["total_cost"]);
        if let Some(told) = heard.usage.cost {
            same("cost", &amount(&told.into()), &cost)?;
        }
        let nanos = u64::try_from(cost.nanos()).unwrap();
        let at = |price: u64| (prompt + 2 * completion) * price * 1_000;
        let provider = text(record, "/provider_name");
        match became {
            Became::Whole => {
                same("provider", &provider.as_str(), &self.provider)?;
                same("price", &nanos, &at(1))
            }
            Became::Replaced => {
                same("provider", &provider.as_str(), &"second")?;
                same("price", &nanos, &at(10))
            }
            // The question at the first price, the answer at both.
            Became::Continued => {
                same("provider", &provider.as_str(), &"second")?;
                let is_between = nanos >= at(1) && nanos <= at(10);
                must(is_between, || format!("price: {nanos}, not within {} and {}", at(1), at(10)))
            }
        }
    }

    /// An error in the dialect's form, and no bill. Returns its status.
    fn failed(self, reply: &Reply, record: &Value) -> Proof<u64> {
        let dialect = self.world.client.dialect();
        let body = reply.text();
        let message = if self.streamed && reply.status == 200 {
            let Stream { heard, error } = dialect.stream(&body)?;
            let begun = heard.text;
            must(TEXT.starts_with(&begun), || format!("not a beginning: {begun:?}"))?;
            let Some(message) = error else { return wrong("no error") };
            message
        } else {
            same("media type", &reply.header("content-type"), &Some("application/json"))?;
            let status = Value::from(reply.status);
            same("status on record", &record["error"]["status"], &status)?;
            dialect.error(reply.status, &parsed(&body)?)?
        };
        // Some dialects have no other place for the provider's own words.
        let on_record = text(record, "/error/message");
        must(!on_record.is_empty() && message.contains(&on_record), || {
            format!("message on record: {on_record:?}, not within {message:?}")
        })?;
        same("finish on record", &text(record, "/finish_reason").as_str(), &"error")?;
        same("bill", &record["total_cost"].as_f64(), &Some(0.0))?;
        Ok(record["error"]["status"].as_u64().unwrap_or_default())
    }

    /// The fault counts against whom it is on record for, and against nobody else.
    fn health(self, fault: &str, status: Option<u64>, was_followed: bool) -> Proof {
        let Some(first) = self.world.health(self.provider, &self.model()) else {
            return wrong("nothing is known of the first");
        };
        let seen = |it: &Report| {
            let counts = &it.last_5m;
            [counts.successes, counts.failures, counts.rate_limited, counts.callers]
        };
        let is_callers = status == Some(403) || CALLERS.contains(&fault);
        let expected = match fault {
            "" => [1, 0, 0, 0],
            "rate_limited" => [0, 0, 1, 0],
            _ if is_callers => [0, 0, 0, 1],
            _ => [0, 1, 0, 0],
        };
        same("health of the first", &seen(&first), &expected)?;
        let kinds: Vec<&str> = first.failures.iter().map(|(kind, _)| kind.as_str()).collect();
        let expected: &[&str] = if expected[1] == 1 { &[fault] } else { &[] };
        same("its failures", &kinds.as_slice(), &expected)?;
        same("its calls under way", &first.standing.in_flight, &0)?;
        if self.alone {
            return Ok(());
        }
        let second = self.world.health("second", self.provider);
        let expected = [u64::from(was_followed), 0, 0, 0];
        same("health of the second", &second.as_ref().map_or([0; 4], seen), &expected)
    }
}

/// No answer takes so long.
const ENDLESS: Duration = Duration::from_secs(10);

/// What the caller must mend says nothing of an endpoint (contract §5.3).
const CALLERS: [&str; 6] = [
    "bad_request",
    "rejected",
    "context_length_exceeded",
    "payload_too_large",
    "content_policy",
    "unsupported",
];

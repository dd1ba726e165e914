//! The faults, and what must come of each.

use crate::cell::{Ask, Became, Proven};
use crate::question::{Proof, must, same, wrong};
use crate::world::World;

/// Something that goes wrong.
#[derive(Debug)]
pub(crate) struct Fault {
    /// What the table calls it.
    name: &'static str,
    /// Which provider it is.
    provider: &'static str,
    /// What the simulator is told.
    script: &'static str,
    form: Form,
    /// What may become of the call.
    became: &'static [Became],
    /// What the record may call it, and with which status it is told when nobody takes over.
    words: &'static str,
    statuses: &'static [u64],
}

/// Which answers it strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Both,
    Streamed,
    Whole,
}

const fn fault(
    name: &'static str,
    provider: &'static str,
    script: &'static str,
    words: &'static str,
    statuses: &'static [u64],
) -> Fault {
    let became = &[Became::Replaced];
    Fault { name, provider, script, form: Form::Both, became, words, statuses }
}

/// Before the headers, by a status.
const fn status(script: &'static str, words: &'static str, statuses: &'static [u64]) -> Fault {
    fault(script, "first", script, words, statuses)
}

/// In the middle of a stream.
const fn amid(script: &'static str, words: &'static str, statuses: &'static [u64]) -> Fault {
    let it = fault(script, "first", script, words, statuses);
    Fault { form: Form::Streamed, became: &[Became::Continued], ..it }
}

/// Nothing that matters.
const fn harmless(script: &'static str) -> Fault {
    Fault { became: &[Became::Whole], ..fault(script, "first", script, "", &[0]) }
}

impl Fault {
    const fn streamed(self) -> Self {
        Self { form: Form::Streamed, ..self }
    }

    /// Some providers answer streams with JSON.
    const fn or_whole(self) -> Self {
        Self { became: &[Became::Replaced, Became::Whole], statuses: &[0, 502], ..self }
    }

    const fn whole(self) -> Self {
        Self { form: Form::Whole, ..self }
    }
}

/// What is noticed at once.
pub(crate) static LOUD: &[Fault] = &[
    // No connection, or none that speaks HTTP.
    fault("connection refused", "nobody", "", "unreachable", &[502]),
    fault("connection closed at once", "mute", "", "unreachable", &[502]),
    fault("not HTTP", "stranger", "", "unreachable", &[502]),
    fault("hang-up", "first", "hang-up", "unreachable", &[502]),
    // Headers that say no.
    status("status:204", "broken truncated empty", &[502]),
    status("status:302", "broken rejected", &[502, 400]),
    status("status:400", "rejected", &[400]),
    status("status:401", "credential_refused", &[502]),
    status("status:402", "payment_required rejected", &[502, 400]),
    status("status:403", "credential_refused content_policy rejected", &[502, 403, 400]),
    status("status:404", "model_missing", &[502]),
    status("status:408", "timeout", &[504]),
    status("status:409", "rejected broken overloaded", &[400, 502, 503]),
    status("status:413", "payload_too_large rejected", &[413, 400]),
    status("status:422", "rejected", &[400]),
    status("status:429", "rate_limited", &[429]),
    status("status:429+retry-after:7", "rate_limited", &[429]),
    status("status:500", "broken", &[502]),
    status("status:502", "broken", &[502]),
    status("status:503", "overloaded", &[503]),
    status("status:504", "timeout broken", &[504, 502]),
    status("status:529", "overloaded broken", &[503, 502]),
    status("too-long", "context_length_exceeded", &[400]),
    // Headers that say yes, and then no answer.
    status("garbage", "broken truncated empty", &[502]),
    status("error-in-200", "broken overloaded", &[502, 503]),
    status("media-type:json", " broken truncated empty", &[]).streamed().or_whole(),
    // Broken off before the first word.
    status("cut-after:0", "truncated unreachable", &[502]),
    status("reset-after:0", "truncated unreachable", &[502]),
    status("end-after:0", "truncated empty broken", &[502]),
    status("garbage-after:0", "broken truncated", &[502]),
    status("error-after:0", "broken overloaded rate_limited", &[502, 503, 429]),
    // The same in the middle of a whole answer.
    status("cut-after:1", "truncated unreachable", &[502]).whole(),
    status("reset-after:1", "truncated unreachable", &[502]).whole(),
    status("end-after:1", "truncated broken", &[502]).whole(),
    status("cut-after:1+drip:7", "truncated unreachable", &[502]).whole(),
    // In the middle of a stream.
    amid("cut-after:2", "truncated", &[502]),
    amid("cut-after:2+drip:5", "truncated", &[502]),
    amid("reset-after:2", "truncated", &[502]),
    amid("end-after:2", "truncated", &[502]),
    amid("garbage-after:2", "broken", &[502]),
    amid("error-after:1", "broken overloaded rate_limited", &[502, 503, 429]),
    amid("error-after:2", "broken overloaded rate_limited", &[502, 503, 429]),
    amid("error-after:3+drip:3", "broken overloaded rate_limited", &[502, 503, 429]),
    // Odd, and an answer all the same.
    harmless("drip:1"),
    harmless("drip:7"),
    harmless("coalesce"),
    harmless("delay:30"),
    harmless("ttft:30"),
    harmless("tps:100"),
    harmless("no-done"),
    harmless("no-usage"),
    harmless("no-usage+no-done+drip:3"),
    harmless("media-type:html"),
    harmless("media-type:text"),
    harmless("media-type:unsaid"),
];

/// What is noticed by waiting.
pub(crate) static SILENT: &[Fault] = &[
    status("hang", "timeout", &[504]),
    status("stall", "timeout", &[504]),
    status("stall-after:0", "timeout", &[504]),
    amid("stall-after:1", "timeout", &[504]),
    amid("stall-after:2", "timeout", &[504]),
    amid("stall-after:2+drip:9", "timeout", &[504]),
];

/// Proves them for one client at one provider: with somebody to take over, and alone.
pub(crate) async fn all(world: &World, faults: &[Fault]) -> Vec<Proven> {
    let mut proven = Vec::new();
    let offset = if std::ptr::eq(faults, SILENT) { 1_000 } else { 0 };
    for (index, fault) in faults.iter().enumerate() {
        let mut sign = Ok(String::new());
        for streamed in [true, false] {
            let is_struck = match fault.form {
                Form::Both => true,
                Form::Streamed => streamed,
                Form::Whole => !streamed,
            };
            for alone in [false, true] {
                if is_struck && sign.is_ok() {
                    let ask = Ask { world, provider: fault.provider, alone, streamed };
                    sign = fault.prove(ask).await;
                }
            }
        }
        if fault.script.contains("no-usage") && world.passes_on_that_nothing_is_counted() {
            sign = match sign {
                Err(_) => Ok("uncounted".to_owned()),
                Ok(_) => wrong("counted, although that is accepted not to be"),
            };
        }
        let row = (offset + index, fault.name.to_owned());
        proven.push(Proven { row, client: world.client, place: world.place, sign });
    }
    proven
}

impl Fault {
    async fn prove(&self, ask: Ask<'_>) -> Proof<String> {
        ask.world.first.script(self.script).unwrap();
        let told = ask.prove().await.map_err(|flaw| {
            let (streamed, alone) = (ask.streamed, ask.alone);
            let what = flaw.text();
            crate::question::Flaw::Wrong(format!("streamed: {streamed}, alone: {alone}: {what}"))
        })?;
        let context = || format!("streamed: {}, alone: {}: {told:?}", ask.streamed, ask.alone);
        // Behind a comment what fails before its first word is told in the stream.
        let is_late = ask.alone && self.words == "timeout" && told.became == Became::Continued;
        must(is_late || self.became.contains(&told.became), context)?;
        must(self.words.split(' ').any(|word| word == told.fault), context)?;
        must(!ask.alone || self.statuses.contains(&told.status), context)?;
        let breaks_off = ask.world.keeps_what_it_began() && told.became == Became::Continued;
        let fails = (ask.alone || breaks_off) && told.became != Became::Whole;
        same("told as an error", &(told.status > 0), &fails)?;
        Ok(match told.became {
            Became::Replaced => "replaced",
            Became::Continued if breaks_off => "broken off",
            Became::Continued => "continued",
            Became::Whole => "whole",
        }
        .to_owned())
    }
}

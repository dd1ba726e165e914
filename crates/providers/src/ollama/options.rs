//! `options`: sampling under the server's names (contract §2.1).

use serde_json::value::RawValue;
use std::collections::BTreeMap;

use tollgate_wire::chat::ChatParams;
use tollgate_wire::json::ObjectWriter;

use crate::Target;
use crate::encoding::takes;

/// Writes the options: the caller's own, with the parameters of chat over them; nothing where
/// there are none.
pub(super) fn write(
    object: &mut ObjectWriter<'_>,
    own: Option<&str>,
    params: &ChatParams,
    target: &Target<'_>,
) {
    let mut options: BTreeMap<String, Box<RawValue>> =
        own.and_then(|raw| serde_json::from_str(raw).ok()).unwrap_or_default();
    let mut set = |name: &str, json: Option<Box<RawValue>>| {
        if let Some(json) = json {
            options.insert(name.to_owned(), json);
        }
    };
    for (parameter, name, value) in [
        ("temperature", "temperature", params.temperature),
        ("top_p", "top_p", params.top_p),
        ("min_p", "min_p", params.min_p),
        ("repetition_penalty", "repeat_penalty", params.repetition_penalty),
        ("presence_penalty", "presence_penalty", params.presence_penalty),
        ("frequency_penalty", "frequency_penalty", params.frequency_penalty),
    ] {
        set(name, value.filter(|_| takes(target, parameter)).and_then(json));
    }
    let bounded = |tokens: u64| tokens.min(target.max_output.unwrap_or(u64::MAX));
    set("top_k", params.top_k.filter(|_| takes(target, "top_k")).and_then(json));
    set("num_predict", params.max_tokens.map(bounded).and_then(json));
    set("seed", params.seed.filter(|_| takes(target, "seed")).and_then(json));
    let stop = (!params.stop.is_empty() && takes(target, "stop")).then_some(&params.stop);
    set("stop", stop.and_then(json));
    if !options.is_empty() {
        object.field("options", &options);
    }
}

fn json<T: serde::Serialize>(value: T) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(&value).ok()
}

//! Who speaks: a number in the contract (§1.1), a name with some providers.

use serde::{Deserialize, Deserializer, Serializer};

#[derive(Deserialize)]
#[serde(untagged)]
enum Speaker {
    Number(u64),
    Name(String),
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(super) fn serialize<S: Serializer>(name: &Option<String>, to: S) -> Result<S::Ok, S::Error> {
    match name.as_deref() {
        None => to.serialize_none(),
        Some(name) => match name.parse::<u64>() {
            Ok(number) if number.to_string() == name => to.serialize_u64(number),
            _ => to.serialize_str(name),
        },
    }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Speaker>::deserialize(from)?.map(|speaker| match speaker {
        Speaker::Number(number) => number.to_string(),
        Speaker::Name(name) => name,
    }))
}

//! Making JSON small enough to be kept: the longest texts are cut first.

use serde_json::Value;

/// How long texts may be, tried one after the other until everything fits.
const TEXT_BYTES: [usize; 6] = [262_144, 65_536, 16_384, 4_096, 1_024, 256];

/// A JSON text of at most `room` bytes that says as much of `json` as fits: texts are cut to one
/// length, then the first elements of its lists go. `None` when nothing fits, or it is no JSON that
/// can be read.
pub(super) fn cut(json: &str, room: usize) -> Option<String> {
    let mut value: Value = serde_json::from_str(json).ok()?;
    for most in TEXT_BYTES {
        shorten(&mut value, most);
        let text = value.to_string();
        if text.len() <= room {
            return Some(text);
        }
    }
    for member in value.as_object_mut()?.values_mut() {
        keep_last(member, room / 2);
    }
    Some(value.to_string()).filter(|text| text.len() <= room)
}

/// Cuts every text. Readable JSON is no deeper than 128 levels.
fn shorten(value: &mut Value, most: usize) {
    match value {
        Value::String(text) => text.truncate(text.floor_char_boundary(most)),
        Value::Array(elements) => elements.iter_mut().for_each(|it| shorten(it, most)),
        Value::Object(members) => members.values_mut().for_each(|it| shorten(it, most)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Leaves as many of the last elements of a list as fit.
fn keep_last(value: &mut Value, room: usize) {
    let Value::Array(elements) = value else { return };
    let mut left = room;
    let mut kept = 0_usize;
    for element in elements.iter().rev() {
        let Some(rest) = left.checked_sub(element.to_string().len().saturating_add(1)) else {
            break;
        };
        left = rest;
        kept += 1;
    }
    elements.drain(..elements.len().saturating_sub(kept));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_longest_texts_are_cut_first() {
        let image = "A".repeat(500_000);
        let told = json!({ "messages": [
            { "role": "user", "content": "é".repeat(3_000) },
            { "role": "user", "content": [{ "image_url": { "url": image } }] },
        ] });
        let text = cut(&told.to_string(), 300_000).unwrap();
        let kept: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(kept["messages"][0], told["messages"][0]);
        let url = kept["messages"][1]["content"][0]["image_url"]["url"].as_str().unwrap();
        assert_eq!(url.len(), 262_144);
        let text = cut(&told.to_string(), 5_000).unwrap();
        let kept: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(kept["messages"][0]["content"], "é".repeat(512));
    }

    #[test]
    fn of_many_messages_the_last_are_kept() {
        let messages: Vec<Value> = (0..20_000).map(|at| json!({ "content": at })).collect();
        let text = cut(&json!({ "messages": messages }).to_string(), 100_000).unwrap();
        assert!(text.len() <= 100_000);
        let kept: Value = serde_json::from_str(&text).unwrap();
        let kept = kept["messages"].as_array().unwrap();
        assert!(kept.len() > 2_000, "{}", kept.len());
        assert_eq!(kept.last(), messages.last());
    }

    #[test]
    fn what_can_not_be_cut_is_left_out() {
        assert_eq!(cut(&format!("[{}]", "1,".repeat(9).trim_end_matches(',')), 3), None);
        assert_eq!(cut("{", 100), None);
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        assert_eq!(cut(&deep, 10_000), None);
    }
}

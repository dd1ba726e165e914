//! The text of a prompt, for rules that look at what is asked.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::call::Call;

#[derive(Deserialize)]
struct Turn<'a> {
    role: &'a str,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part {
    text: Option<String>,
}

/// What the user said, the latest message first, about `most` bytes of it. Nothing where a request
/// has no text or can't be translated.
pub(crate) fn user_text(call: &Call, most: usize) -> String {
    let Ok(chat) = call.chat() else { return String::new() };
    let mut text = String::new();
    if let Some(prompt) = chat.member("prompt") {
        append(&mut text, prompt, most);
    }
    let turns: Vec<&RawValue> = chat
        .member("messages")
        .and_then(|messages| serde_json::from_str(messages).ok())
        .unwrap_or_default();
    for turn in turns.iter().rev() {
        if text.len() >= most {
            break;
        }
        let Ok(turn) = serde_json::from_str::<Turn<'_>>(turn.get()) else { continue };
        if let Some(content) = turn.content.filter(|_| turn.role == "user") {
            append(&mut text, content.get(), most);
        }
    }
    text
}

/// Adds the texts of a content: a string, strings, or parts.
fn append(text: &mut String, json: &str, most: usize) {
    let mut add = |piece: &str| {
        if !text.is_empty() {
            text.push('\n');
        }
        let room = most.saturating_sub(text.len());
        text.push_str(piece.get(..piece.floor_char_boundary(room)).unwrap_or_default());
    };
    if let Ok(whole) = serde_json::from_str::<String>(json) {
        add(&whole);
    } else if let Ok(texts) = serde_json::from_str::<Vec<String>>(json) {
        for text in &texts {
            add(text);
        }
    } else if let Ok(parts) = serde_json::from_str::<Vec<Part>>(json) {
        parts.iter().filter_map(|part| part.text.as_deref()).for_each(add);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::{Address, Call, Dialect};

    #[test]
    fn the_latest_message_of_the_user_comes_first_in_every_dialect() {
        for (dialect, body) in [
            (
                Dialect::Chat,
                r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"o\nne"},{"role":"assistant","content":"a"},{"role":"user","content":[{"type":"text","text":"two"},{"type":"image_url","image_url":{"url":"https://x/y"}},{"type":"text","text":"three"}]}]}"#,
            ),
            (
                Dialect::Messages,
                r#"{"max_tokens":5,"system":"s","messages":[{"role":"user","content":"o\nne"},{"role":"assistant","content":"a"},{"role":"user","content":[{"type":"text","text":"two"},{"type":"text","text":"three"}]}]}"#,
            ),
            (
                Dialect::Responses,
                r#"{"instructions":"s","input":[{"role":"user","content":"o\nne"},{"role":"assistant","content":"a"},{"role":"user","content":[{"type":"input_text","text":"two"},{"type":"input_text","text":"three"}]}]}"#,
            ),
            (
                Dialect::Gemini,
                r#"{"contents":[{"role":"user","parts":[{"text":"o\nne"}]},{"role":"model","parts":[{"text":"a"}]},{"role":"user","parts":[{"text":"two"},{"text":"three"}]}]}"#,
            ),
        ] {
            let body = Bytes::from_static(body.as_bytes());
            let call = Call::read(dialect, body, Address::default()).unwrap();
            assert_eq!(call.user_text(100), "two\nthree\no\nne", "{dialect}");
            assert_eq!(call.user_text(6), "two\nth", "{dialect}");
        }
    }

    #[test]
    fn prompts_are_text_and_characters_stay_whole() {
        let of = |prompt: &str, most| {
            let body = Bytes::from(format!(r#"{{"prompt":{prompt}}}"#));
            Call::read(Dialect::Completions, body, Address::default()).unwrap().user_text(most)
        };
        assert_eq!(of(r#""Once upon""#, 100), "Once upon");
        assert_eq!(of(r#"["one"]"#, 100), "one");
        assert_eq!(of(r#""ööö""#, 3), "ö");
    }
}

//! How a conversation begins, by which it is recognised when it goes on (contract §5.8).

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::call::Call;
use crate::dialect::Dialect;
use crate::json::Scanner;

/// As much of each message as is looked at: what begins alike and has the same length is the same.
const LOOKED_AT: usize = 8 * 1024;
/// Messages before the first that is not a system's.
const INSTRUCTIONS_MAX: usize = 4;

/// A number for the instructions and the first message of a conversation: the same for each of its
/// turns. `None` for a request that is not a list of messages.
pub(crate) fn opening(call: &Call) -> Option<u64> {
    let (instructions, messages) = match call.dialect() {
        Dialect::Chat | Dialect::Ollama => ("", "messages"),
        Dialect::Messages => ("system", "messages"),
        Dialect::Responses => ("instructions", "input"),
        Dialect::Gemini => ("systemInstruction", "contents"),
        Dialect::Completions => return None,
    };
    let mut hasher = DefaultHasher::new();
    look_at(call.member(instructions).unwrap_or_default().as_bytes(), &mut hasher);
    let text = call.member(messages)?.as_bytes();
    let mut scanner = Scanner::new(text);
    scanner.begin_array().ok()?;
    for index in 0..INSTRUCTIONS_MAX {
        if !scanner.next_element(index == 0).ok()? {
            break;
        }
        let message = text.get(scanner.value().ok()?)?;
        look_at(message, &mut hasher);
        if !is_instruction(message) {
            break;
        }
    }
    Some(hasher.finish())
}

fn look_at(text: &[u8], hasher: &mut DefaultHasher) {
    text.len().hash(hasher);
    text.get(..text.len().min(LOOKED_AT)).hash(hasher);
}

/// Whether a message is a system's. A quoted word inside a text has its quotes escaped.
fn is_instruction(message: &[u8]) -> bool {
    let holds = |word: &[u8]| memchr::memmem::find(message, word).is_some();
    holds(br#""system""#) || holds(br#""developer""#)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;
    use crate::Address;

    fn of(dialect: Dialect, body: &serde_json::Value) -> Option<u64> {
        let address = Address { model: Some("a/b".to_owned()), ..Address::default() };
        opening(&Call::read(dialect, Bytes::from(body.to_string()), address).unwrap())
    }

    #[test]
    fn section_5_8_a_conversation_is_recognised_by_its_first_messages() {
        let system = json!({"role": "system", "content": "Be brief."});
        let user = |text: &str| json!({"role": "user", "content": text});
        let answer = json!({"role": "assistant", "content": "Hello."});
        let chat = |messages: &[&serde_json::Value]| {
            of(Dialect::Chat, &json!({"model": "a/b", "messages": messages}))
        };
        let first = chat(&[&system, &user("hi")]);
        assert!(first.is_some());
        assert_eq!(first, chat(&[&system, &user("hi"), &answer, &user("more")]));
        assert_ne!(first, chat(&[&system, &user("ho")]));
        assert_ne!(first, chat(&[&user("hi")]));
        let messages = |system: &str, turns: &[&serde_json::Value]| {
            let body =
                json!({"model": "a/b", "max_tokens": 9, "system": system, "messages": turns});
            of(Dialect::Messages, &body)
        };
        assert_eq!(messages("S", &[&user("hi")]), messages("S", &[&user("hi"), &answer]));
        assert_ne!(messages("S", &[&user("hi")]), messages("T", &[&user("hi")]));
        assert_eq!(of(Dialect::Responses, &json!({"model": "a/b", "input": "hi"})), None);
    }
}

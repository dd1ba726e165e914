//! Recorded answers as a client sees them.

use tollgate_providers::AnthropicMessages;

use crate::reading::{streamed, whole};

#[test]
fn streams_are_read() {
    for (name, expected) in STREAMS {
        assert_eq!(streamed(&AnthropicMessages, name), *expected, "{name}");
    }
}

#[test]
fn whole_answers_are_read() {
    for (name, expected) in WHOLES {
        assert_eq!(whole(&AnthropicMessages, name), *expected, "{name}");
    }
}

/// What a client sees of each recorded stream, and what is known of it in the end.
const STREAMS: &[(&str, &str)] = &[
    (
        "citations.sse",
        r#"content "Ünsure. "
content "Foxes are "
content "réd."
annotation {"type":"url_citation","url_citation":{"content":"Foxes are red.","end_index":22,"start_index":8,"title":"Foxes","url":"https://fox.test/a"}}
annotation {"type":"url_citation","url_citation":{"content":"Or grey.","end_index":22,"start_index":8,"title":"","url":"https://grey.test/"}}
content " Done."
finish stop (end_turn)
id msg_01Cite
usage Reported prompt=900 completion=40 web_searches=1
"#,
    ),
    (
        "cut.sse",
        r#"content "It was a dark and"
id msg_01Cut
usage Estimated prompt=5 completion=1
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "error-at-once.sse",
        r#"fault context_length_exceeded code=invalid_request_error "prompt is too long: 210000 tokens > 200000 maximum"
"#,
    ),
    (
        "error-event.sse",
        r#"content "Half an"
id msg_01Err
usage Estimated prompt=5 completion=1
fault overloaded code=overloaded_error "Overloaded"
"#,
    ),
    (
        "imitation.sse",
        r#"content "Hi"
content " there"
finish stop (end_turn)
id 0196
usage Reported prompt=7 completion=2
"#,
    ),
    (
        "later-version.sse",
        r#"content "Still here."
finish stop (moonset)
id msg_01New
usage Reported prompt=5 completion=3
"#,
    ),
    (
        "malformed.sse",
        r#"content "Fine so far"
id msg_01Mal
usage Estimated prompt=5 completion=1
fault broken "The provider's answer is malformed: an event is not JSON"
"#,
    ),
    (
        "max-tokens.sse",
        r#"content "Once upon"
finish length (max_tokens)
id msg_01Max
usage Reported prompt=5 completion=2
"#,
    ),
    (
        "refusal.sse",
        r#"content "I "
refusal "This request was declined."
finish content_filter (refusal)
id msg_01Refuse
usage Reported prompt=20 completion=4
"#,
    ),
    (
        "stalled.sse",
        r#"content "Thinking"
id msg_01Stall
usage Estimated prompt=5 completion=1
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "text.sse",
        r#"content "Grüß"
content " dich, \"Welt\"\n"
content "🦀."
finish stop (end_turn)
id msg_01TextAbc
tier default
usage Reported prompt=2312 completion=9 cached=2000 cache_write=300 cache_write_1h=100
"#,
    ),
    (
        "thinking-tools.sse",
        r#"text[0] anthropic-claude-v1 text="The user wants "
text[0] anthropic-claude-v1 text="foxes."
text[0] anthropic-claude-v1 signature="EqoBCkgIARABGAIiQL=="
encrypted[1] anthropic-claude-v1 data="EmwKAhgBEgy3va3p"
text[2] anthropic-claude-v1 signature="Eo8CCkYIBRgCKkA="
content "Let me count."
call[0] id="toolu_01FOX" name="count"
call[0] arguments={"what":"fox","in":{"a":[1,2.50]}}
finish tool_calls (tool_use)
id msg_01Think
usage Reported prompt=40 completion=77 reasoning=50
"#,
    ),
    (
        "tools-parallel.sse",
        r#"content "I'll look at "
content "both."
call[0] id="toolu_01AAA" name="get_weather"
call[0] arguments={"city": "Par
call[0] arguments=is"}
call[1] id="toolu_01BBB" name="get_weather"
call[1] arguments={"city":"Rome"}
call[2] id="toolu_01CCC" name="now"
call[2] arguments={}
finish tool_calls (tool_use)
id msg_01Tools
usage Reported prompt=410 completion=91
"#,
    ),
    (
        "zeros-at-the-end.sse",
        r#"content "Hi"
finish stop (end_turn)
id 0197
usage Reported prompt=120 completion=5 cached=20
"#,
    ),
];

/// The same of each recorded whole answer.
const WHOLES: &[(&str, &str)] = &[
    (
        "empty.json",
        r"finish stop (end_turn)
id msg_02Empty
usage Reported prompt=40 completion=2
",
    ),
    (
        "error.json",
        r#"fault overloaded code=overloaded_error "Overloaded"
"#,
    ),
    (
        "garbage.json",
        r#"fault broken "The provider's answer is malformed: it is not a message"
"#,
    ),
    (
        "shapeless.json",
        r#"fault broken "The provider's answer is malformed: it is a message without content"
"#,
    ),
    (
        "text.json",
        r#"content "Grüß dich."
finish stop (stop_sequence)
id msg_02Text
tier priority
usage Reported prompt=112 completion=4 cached=100
"#,
    ),
    (
        "thinking-tools.json",
        r#"text[0] anthropic-claude-v1 text="The user wants foxes." signature="EqoBCkgIARABGAIiQL=="
encrypted[1] anthropic-claude-v1 data="EmwKAhgBEgy3va3p"
content "Let me count."
call[0] id="toolu_02FOX" name="count" arguments={"what":"fox"}
call[1] id="toolu_02HEN" name="count" arguments={}
finish tool_calls (tool_use)
id msg_02Think
usage Reported prompt=40 completion=77 reasoning=50
"#,
    ),
];

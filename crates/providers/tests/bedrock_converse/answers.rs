//! Recorded answers as a client sees them.

use tollgate_providers::BedrockConverse;

use crate::reading::{streamed, whole};

#[test]
fn streams_are_read() {
    for (name, expected) in STREAMS {
        assert_eq!(streamed(&BedrockConverse, name), *expected, "{name}");
    }
}

#[test]
fn whole_answers_are_read() {
    for (name, expected) in WHOLES {
        assert_eq!(whole(&BedrockConverse, name), *expected, "{name}");
    }
}

/// What a client sees of each recorded stream, and what is known of it in the end.
const STREAMS: &[(&str, &str)] = &[
    (
        "after-the-end.eventstream",
        r#"content "Hi"
finish stop (end_turn)
usage Reported prompt=5 completion=1
"#,
    ),
    (
        "citations.eventstream",
        r#"content "Ünsure. "
content "Foxes are réd."
annotation {"type":"url_citation","url_citation":{"content":"Foxes are red.","end_index":22,"start_index":8,"title":"Foxes","url":"https://fox.test/a"}}
annotation {"type":"url_citation","url_citation":{"end_index":22,"start_index":8,"title":"","url":"https://grey.test/"}}
finish stop (end_turn)
usage Reported prompt=90 completion=14
"#,
    ),
    (
        "cut.eventstream",
        r#"content "It was a dark and"
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "damaged.eventstream",
        r#"content "Fine so far"
fault broken "The provider's answer is malformed: a frame is damaged"
"#,
    ),
    (
        "empty.eventstream",
        r"finish stop (end_turn)
usage Reported prompt=5
",
    ),
    (
        "error-at-once.eventstream",
        r#"fault context_length_exceeded code=validationException "The model returned the following errors: Input is too long for requested model."
"#,
    ),
    (
        "error-message.eventstream",
        r#"fault broken code=InternalFailure "Something is off"
"#,
    ),
    (
        "exception.eventstream",
        r#"content "Half an"
fault rate_limited code=throttlingException "Too many requests, please wait before trying again."
"#,
    ),
    (
        "garbage.eventstream",
        r#"fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "guardrail.eventstream",
        r#"content "Sorry, I can not answer."
finish content_filter (guardrail_intervened)
usage Reported prompt=7
"#,
    ),
    (
        "image.eventstream",
        r#"image "data:image/png;base64,iVBORw=="
finish stop (end_turn)
usage Reported prompt=5 completion=200
"#,
    ),
    (
        "interleaved.eventstream",
        r#"call[0] id="a" name="f"
call[1] id="b" name="g"
call[1] arguments={"y":
call[0] arguments={"x":1}
call[1] arguments=2}
finish tool_calls (tool_use)
usage Reported prompt=5 completion=8
"#,
    ),
    (
        "later-version.eventstream",
        r#"content "Still here."
finish stop (moonset)
usage Reported prompt=5 completion=3
"#,
    ),
    (
        "malformed-tool.eventstream",
        r#"content "Hm"
finish error (malformed_tool_use)
usage Reported prompt=5 completion=3
"#,
    ),
    (
        "malformed.eventstream",
        r#"content "Fine so far"
fault broken "The provider's answer is malformed: an event is not JSON"
"#,
    ),
    (
        "max-tokens.eventstream",
        r#"content "Once upon"
finish length (max_tokens)
usage Reported prompt=5 completion=2
"#,
    ),
    (
        "model-error.eventstream",
        r#"content "Half an"
fault broken code=modelStreamErrorException "The model broke"
"#,
    ),
    (
        "no-metadata.eventstream",
        r#"content "Done."
finish stop (end_turn)
"#,
    ),
    (
        "stalled.eventstream",
        r#"content "Thinking"
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "stop-sequence.eventstream",
        r#"content "One, two"
finish stop (stop_sequence)
usage Reported prompt=5 completion=4
"#,
    ),
    (
        "text.eventstream",
        r#"content "Grüß"
content " dich, \"Welt\"\n"
content "🦀."
finish stop (end_turn)
tier default
usage Reported prompt=2312 completion=9 cached=2000 cache_write=300 cache_write_1h=100
"#,
    ),
    (
        "thinking-tools.eventstream",
        r#"text[0] anthropic-claude-v1 text="The user wants "
text[0] anthropic-claude-v1 text="weather."
text[0] anthropic-claude-v1 signature="EqoB+sig=="
encrypted[1] anthropic-claude-v1 data="RW1wdHk="
content "One moment."
call[0] id="tooluse_w" name="get_weather"
call[0] arguments={"city":"Rome"}
finish tool_calls (tool_use)
usage Reported prompt=40 completion=60
"#,
    ),
    (
        "tools-parallel.eventstream",
        r#"content "Looking."
call[0] id="tooluse_a1" name="get_weather"
call[0] arguments={"city":
call[0] arguments="Pärís"}
call[1] id="tooluse_b2" name="get_time"
call[1] arguments={}
finish tool_calls (tool_use)
usage Reported prompt=21 completion=18
"#,
    ),
];

/// The same of whole answers.
const WHOLES: &[(&str, &str)] = &[
    (
        "cited.json",
        r#"content "Foxes are red."
image "data:image/jpeg;base64,/9j/"
annotation {"type":"url_citation","url_citation":{"content":"Foxes.","end_index":14,"start_index":0,"title":"Foxes","url":"https://fox.test/a"}}
finish stop (end_turn)
usage Reported prompt=11 completion=7
"#,
    ),
    (
        "error.json",
        r#"fault broken "The provider's answer is malformed: it is an answer without a message"
"#,
    ),
    (
        "filtered.json",
        r"finish content_filter (content_filtered)
usage Reported prompt=11 completion=7
",
    ),
    (
        "garbage.json",
        r#"fault broken "The provider's answer is malformed: it is not an answer"
"#,
    ),
    (
        "shapeless.json",
        r#"fault broken "The provider's answer is malformed: it is an answer without a message"
"#,
    ),
    (
        "stop-sequence.json",
        r#"content "One, two"
finish stop (stop_sequence)
usage Reported prompt=11 completion=7
"#,
    ),
    (
        "text.json",
        r#"content "Hello from the upstream."
finish stop (end_turn)
tier priority
usage Reported prompt=1011 completion=7 cached=1000
"#,
    ),
    (
        "thinking-tools.json",
        r#"text[0] anthropic-claude-v1 text="Hm." signature="EqoB+sig=="
encrypted[1] anthropic-claude-v1 data="RW1wdHk="
content "One moment."
call[0] id="tooluse_a" name="f" arguments={"a":[1,{"b":null}]}
call[1] id="tooluse_b" name="g" arguments={}
finish tool_calls (tool_use)
usage Reported prompt=11 completion=7
"#,
    ),
];

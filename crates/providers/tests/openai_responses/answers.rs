//! Recorded answers as a client sees them.

use tollgate_providers::OpenAiResponses;

use crate::reading::{streamed, whole};

#[test]
fn streams_are_read() {
    for (name, expected) in STREAMS {
        assert_eq!(streamed(&OpenAiResponses, name), *expected, "{name}");
    }
}

#[test]
fn whole_answers_are_read() {
    for (name, expected) in WHOLES {
        assert_eq!(whole(&OpenAiResponses, name), *expected, "{name}");
    }
}

/// What a client sees of each recorded stream, and what is known of it in the end.
const STREAMS: &[(&str, &str)] = &[
    (
        "text.sse",
        r#"content "Hello"
content " wörld"
content "!"
finish stop (completed)
id resp_01
tier default
usage Reported prompt=12 completion=4 cached=8
"#,
    ),
    (
        "reasoning-tools.sse",
        r#"summary[0] openai-responses-v1 id="rs_02" summary="**Plan**\n\n"
summary[0] openai-responses-v1 id="rs_02" summary="Look up"
summary[0] openai-responses-v1 id="rs_02" summary=" both."
summary[1] openai-responses-v1 id="rs_02" summary="**Call**"
summary[1] openai-responses-v1 id="rs_02" summary="\n\nNow."
encrypted[2] openai-responses-v1 id="rs_02" data="gAAAAABfinal=="
call[0] id="call_a" name="get_weather"
call[1] id="call_b" name="get_weather"
call[0] arguments={"city":
call[1] arguments={"city":"Pa
call[0] arguments="Köln"}
call[1] arguments=ris"}
call[2] id="call_c" name="now"
call[2] arguments={}
finish tool_calls (completed)
id resp_02
tier flex
usage Reported prompt=90 completion=70 reasoning=48
"#,
    ),
    (
        "reasoning-text.sse",
        r#"text[0] openai-responses-v1 id="rs_03" text="We need"
text[0] openai-responses-v1 id="rs_03" text="  a joke."
content "Knock"
content " knock."
finish stop (completed)
id resp_03
usage Reported prompt=11 completion=7
"#,
    ),
    (
        "refusal.sse",
        r#"refusal "I'm sorry,"
refusal " I can't."
finish stop (completed)
id resp_04
usage Reported prompt=20 completion=9
"#,
    ),
    (
        "length.sse",
        r#"content "It was a"
content " dark and"
finish length (max_output_tokens)
id resp_05
usage Reported prompt=9 completion=16
"#,
    ),
    (
        "filter.sse",
        r#"content "Well,"
finish content_filter (content_filter)
id resp_05
usage Reported prompt=9 completion=16
"#,
    ),
    (
        "citations.sse",
        r#"content "Ünsure. "
content "Foxes are "
content "réd."
annotation {"type":"url_citation","url_citation":{"end_index":22,"start_index":8,"title":"Foxes","url":"https://fox.test/a"}}
finish stop (completed)
id resp_06
usage Reported prompt=900 completion=40 web_searches=1
"#,
    ),
    (
        "logprobs.sse",
        r#"content "Hi"
logprobs {"content":[{"bytes":null,"logprob":-0.25,"token":"Hi","top_logprobs":[{"bytes":null,"logprob":-0.25,"token":"Hi"},{"bytes":null,"logprob":-1.5,"token":"Hey"}]}],"refusal":null}
content "!"
logprobs {"content":[{"bytes":[33],"logprob":-0.00001,"token":"!","top_logprobs":[]}],"refusal":null}
finish stop (completed)
id resp_07
usage Reported prompt=5 completion=2
"#,
    ),
    (
        "image.sse",
        r#"image "data:image/webp;base64,UklGRg=="
content "There."
finish stop (completed)
id resp_08
usage Reported prompt=30 completion=20
"#,
    ),
    (
        "failed.sse",
        r#"content "Half an"
id resp_09
usage Reported prompt=3 completion=1
fault broken code=server_error "The model failed to generate a response."
"#,
    ),
    (
        "error-event.sse",
        r#"content "Half"
id resp_10
fault rate_limited code=rate_limit_exceeded "Rate limit reached"
"#,
    ),
    (
        "error-at-once.sse",
        r#"fault context_length_exceeded code=context_length_exceeded "Your input exceeds the context window of this model."
"#,
    ),
    (
        "cut.sse",
        r#"content "It was a"
content " dark and"
id resp_11
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "stalled.sse",
        r#"id resp_12
fault truncated "The provider's answer broke off before it was complete"
"#,
    ),
    (
        "malformed.sse",
        r#"content "Fine so far"
id resp_13
fault broken "The provider's answer is malformed: an event can't be read"
"#,
    ),
    (
        "late.sse",
        r#"summary[0] openai-responses-v1 id="rs_14" summary="Hm."
encrypted[1] openai-responses-v1 id="rs_14" data="seal"
content "All at once."
call[0] id="call_14" name="now"
call[0] arguments={}
finish tool_calls (completed)
id resp_14
usage Reported prompt=4 completion=6
"#,
    ),
    (
        "no-deltas.sse",
        r#"summary[0] openai-responses-v1 id="a1" summary="Think."
encrypted[1] openai-responses-v1 id="a1" data="seal"
content "Done."
call[0] id="call_15" name="f"
call[0] arguments={"a":1}
finish tool_calls (completed)
id resp_15
"#,
    ),
    (
        "later-version.sse",
        r#"content "Still"
content " here."
finish stop (completed)
id resp_16
usage Reported prompt=5 completion=3
"#,
    ),
];

/// What a client sees of each recorded whole answer.
const WHOLES: &[(&str, &str)] = &[
    (
        "text.json",
        r#"content "Hello"
logprobs {"content":[{"bytes":[72,101,108,108,111],"logprob":-0.5,"token":"Hello","top_logprobs":[]}],"refusal":null}
finish stop (completed)
id resp_01
tier default
usage Reported prompt=12 completion=4 cached=8
"#,
    ),
    (
        "reasoning-tools.json",
        r#"summary[0] openai-responses-v1 id="rs_02" summary="**Plan**\n\nLook up both."
summary[1] openai-responses-v1 id="rs_02" summary="**Call**\n\nNow."
encrypted[2] openai-responses-v1 id="rs_02" data="gAAAAABfinal=="
call[0] id="call_a" name="get_weather" arguments={"city":"Köln"}
call[1] id="call_b" name="get_weather" arguments={"city":"Paris"}
call[2] id="call_c" name="now" arguments={}
finish tool_calls (completed)
id resp_02
tier flex
usage Reported prompt=90 completion=70 reasoning=48
"#,
    ),
    (
        "length.json",
        "finish length (max_output_tokens)
id resp_05
usage Reported prompt=9 completion=16 reasoning=16
",
    ),
    (
        "citations.json",
        r#"content "Ünsure. Foxes are réd."
image "data:image/webp;base64,UklGRg=="
annotation {"type":"url_citation","url_citation":{"end_index":22,"start_index":8,"title":"Foxes","url":"https://fox.test/a"}}
finish stop (completed)
id resp_06
usage Reported prompt=900 completion=40 web_searches=1
"#,
    ),
    (
        "failed.json",
        r#"fault content_policy code=invalid_prompt "Invalid prompt: your prompt was flagged as potentially violating our usage policy."
"#,
    ),
    (
        "error.json",
        r#"fault overloaded code=server_overloaded "The server is overloaded"
"#,
    ),
    (
        "garbage.json",
        r#"fault broken "The provider's answer is malformed: it is not a response"
"#,
    ),
    (
        "shapeless.json",
        r#"fault broken "The provider's answer is malformed: it is a response without output"
"#,
    ),
];

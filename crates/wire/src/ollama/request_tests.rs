//! Requests, as the gateway surveys and translates them.

use crate::Dialect;
use crate::chat::Survey;
use crate::translation::testing::{self, call};

fn chat(body: &str) -> (String, Vec<String>) {
    testing::chat(Dialect::Ollama, body).unwrap()
}

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAA";

#[test]
fn messages_become_chats() {
    let body = format!(
        r#"{{"messages":[
        {{"role":"system","content":"Be \"brief\"."}},
        {{"role":"User","content":"what?","images":["{PNG}","/9j/4AAQSkZJRg==","UklGRgAAAABXRUJQVlA4","R0lGODlh","JVBERi0xLjQK","AAAA","data:image/x;base64,AA==","https://x/y.png"]}},
        {{"role":"assistant","content":"","thinking":"hm","tool_calls":[{{"function":{{"name":"f","arguments":{{"a": 1}}}}}},{{"id":"mine","type":"function","function":{{"index":1,"name":"g","arguments":"{{\"b\":2}}"}}}},{{"function":{{"name":"f"}}}}]}},
        {{"role":"tool","content":"two","tool_call_id":"mine"}},
        {{"role":"tool","tool_name":"f","content":"one"}},
        {{"role":"tool","content":"three","images":["{PNG}"]}},
        {{"role":"assistant","content":"So","images":["{PNG}"]}}]}}"#
    );
    let (text, lost) = chat(&body);
    assert_eq!(
        text,
        format!(
            r#"{{"messages":[{{"role":"system","content":"Be \"brief\"."}},{{"role":"user","content":[{{"type":"text","text":"what?"}},{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{PNG}"}}}},{{"type":"image_url","image_url":{{"url":"data:image/jpeg;base64,/9j/4AAQSkZJRg=="}}}},{{"type":"image_url","image_url":{{"url":"data:image/webp;base64,UklGRgAAAABXRUJQVlA4"}}}},{{"type":"image_url","image_url":{{"url":"data:image/gif;base64,R0lGODlh"}}}},{{"type":"file","file":{{"filename":"document.pdf","file_data":"data:application/pdf;base64,JVBERi0xLjQK"}}}},{{"type":"image_url","image_url":{{"url":"data:image/png;base64,AAAA"}}}},{{"type":"image_url","image_url":{{"url":"data:image/x;base64,AA=="}}}},{{"type":"image_url","image_url":{{"url":"https://x/y.png"}}}}]}},{{"role":"assistant","content":null,"reasoning":"hm","tool_calls":[{{"id":"call_0","type":"function","function":{{"name":"f","arguments":"{{\"a\": 1}}"}}}},{{"id":"mine","type":"function","function":{{"name":"g","arguments":"{{\"b\":2}}"}}}},{{"id":"call_1","type":"function","function":{{"name":"f","arguments":"{{}}"}}}}]}},{{"role":"tool","content":"two","tool_call_id":"mine"}},{{"role":"tool","content":"one","tool_call_id":"call_0"}},{{"role":"tool","content":[{{"type":"text","text":"three"}},{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{PNG}"}}}}],"tool_call_id":"call_1"}},{{"role":"assistant","content":"So","images":[{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{PNG}"}}}}]}}]}}"#
        )
    );
    assert!(lost.is_empty());
    let call = call(Dialect::Ollama, &body).unwrap();
    assert_eq!(
        *call.survey(),
        Survey {
            messages: 7,
            // Content with its quotes, what was thought, and the calls' JSON.
            text_bytes: 15 + 7 + 2 + 5 + 5 + 7 + 4 + 2 + 163,
            images: 9,
            remote_images: true,
            files: true,
            tool_media: true,
            prefill: true,
            ..Survey::default()
        }
    );
}

#[test]
fn sound_is_told_by_its_first_bytes() {
    for (data, format) in [
        ("UklGRiQAAABXQVZFZm10IBAAAAA=", "wav"),
        ("SUQzBAAAAAAAAA==", "mp3"),
        ("//uQxAAAAAAAAA==", "mp3"),
    ] {
        let body =
            format!(r#"{{"messages":[{{"role":"user","content":"what?","images":["{data}"]}}]}}"#);
        let (text, _) = chat(&body);
        assert_eq!(
            text,
            format!(
                r#"{{"messages":[{{"role":"user","content":[{{"type":"text","text":"what?"}},{{"type":"input_audio","input_audio":{{"data":"{data}","format":"{format}"}}}}]}}]}}"#
            )
        );
        let survey = call(Dialect::Ollama, &body).unwrap().survey().clone();
        assert!(survey.audio && survey.images == 0 && !survey.remote_images);
    }
}

#[test]
fn parameters_are_translated() {
    for (members, expected, lost) in [
        (
            r#""options":{"temperature":0.5,"top_k":40,"top_p":0.9,"min_p":0.1,"num_predict":100,"seed":7,"repeat_penalty":1.1,"presence_penalty":1,"frequency_penalty":-1,"stop":["a"],"num_ctx":4096,"mirostat":0}"#,
            r#""temperature":0.5,"top_k":40,"top_p":0.9,"min_p":0.1,"max_tokens":100,"seed":7,"repetition_penalty":1.1,"presence_penalty":1,"frequency_penalty":-1,"stop":["a"]}"#,
            &["options.mirostat", "options.num_ctx"][..],
        ),
        (
            r#""options":{"num_predict":-1,"seed":-1,"top_k":null,"stop":"x"},"keep_alive":"5m","truncate":true"#,
            r#""stop":["x"]}"#,
            &["truncate"],
        ),
        (
            r#""format":"json","think":true"#,
            r#""response_format":{"type":"json_object"},"reasoning":{"enabled":true}}"#,
            &[],
        ),
        (
            r#""format":{"type":"object", "b":1,"a":2},"think":"high""#,
            r#""response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object", "b":1,"a":2}}},"reasoning":{"effort":"high"}}"#,
            &[],
        ),
        (r#""think":false,"format":"""#, r#""reasoning":{"enabled":false}}"#, &[]),
        (
            r#""tools":[{"function":{"name":"f","parameters":{"type":"object"}}},{"type":"function","function":{"name":"g"},"cache_control":{"type":"ephemeral"}}],"tool_choice":"required""#,
            r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},{"type":"function","function":{"name":"g"},"cache_control":{"type":"ephemeral"}}],"tool_choice":"required"}"#,
            &[],
        ),
        (
            r#""logprobs":true,"top_logprobs":2,"user":"me""#,
            r#""logprobs":true,"top_logprobs":2,"user":"me"}"#,
            &[],
        ),
    ] {
        let body = format!(
            r#"{{"model":"a/b:latest","messages":[{{"role":"user","content":"hi"}}],{members}}}"#
        );
        let (text, left_out) = chat(&body);
        let expected = format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],{expected}"#);
        assert_eq!(text, expected, "{members}");
        assert_eq!(left_out, lost, "{members}");
    }
}

#[test]
fn what_the_gateway_acts_on_is_read() {
    let body = r#"{"model":"a/b:latest","models":["c/d"],"messages":[{"role":"user","content":"hi"}],"options":{"num_predict":9,"stop":["x"]},"format":"json","think":"low","tools":[{"function":{"name":"f"}}],"session_id":"s"}"#;
    let read = call(Dialect::Ollama, body).unwrap();
    let params = read.params();
    assert_eq!(params.model.as_deref(), Some("a/b:latest"));
    assert_eq!(params.models, ["c/d"]);
    assert_eq!((params.stream, params.max_tokens), (true, Some(9)));
    assert_eq!(params.session_id.as_deref(), Some("s"));
    assert_eq!(params.reasoning.wanted(), Some(true));
    assert_eq!(read.parameters(), ["max_tokens", "stop", "response_format", "reasoning", "tools"]);
    assert_eq!(read.survey().tools, 1);
    assert!(read.chat().unwrap().params().stream, "streams unless told not to");
    let body = r#"{"messages":[{"role":"user","content":"hi"}],"stream":false}"#;
    assert!(!call(Dialect::Ollama, body).unwrap().params().stream);
}

#[test]
fn what_is_wrong_is_named() {
    let messages = r#""messages":[{"role":"user","content":"hi"}]"#;
    for (body, message) in [
        ("{}".to_owned(), "messages: Required"),
        (
            r#"{"model":"a/b","messages":[]}"#.to_owned(),
            "messages: Array must contain at least 1 element",
        ),
        (
            r#"{"messages":[{"role":"wizard","content":"x"}]}"#.to_owned(),
            "messages.0.role: Expected one of system, user, assistant, tool, received string \"wizard\"",
        ),
        (
            r#"{"messages":[{"role":"user","content":[]}]}"#.to_owned(),
            "messages.0.content: Expected string, received array",
        ),
        (
            r#"{"messages":[{"role":"user","content":"x","images":[1]}]}"#.to_owned(),
            "messages.0.images: Expected array of strings, received number 1",
        ),
        (
            r#"{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":[]}}]}]}"#.to_owned(),
            "messages.0.tool_calls.0.function.arguments: Expected object, received array",
        ),
        (
            r#"{"messages":[{"role":"assistant","tool_calls":[{}]}]}"#.to_owned(),
            "messages.0: missing field `function`",
        ),
        (
            format!(r#"{{{messages},"options":{{"temperature":3}}}}"#),
            "options.temperature: Number must be at least 0 and at most 2, received 3",
        ),
        (
            format!(r#"{{{messages},"format":"xml"}}"#),
            "format: Expected \"json\" or object, received string \"xml\"",
        ),
        (
            format!(r#"{{{messages},"think":"hard"}}"#),
            "think: Expected boolean or one of low, medium, high, max, received string \"hard\"",
        ),
        (format!(r#"{{{messages},"tools":[{{}}]}}"#), "tools.0: missing field `function`"),
        (format!(r#"{{{messages},"stream":"no"}}"#), "stream: Expected boolean, received string \"no\""),
    ] {
        assert_eq!(testing::chat(Dialect::Ollama, &body).unwrap_err(), message, "{body}");
    }
}

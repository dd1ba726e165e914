//! Requests, through [`Call`].

use bytes::Bytes;
use serde_json::Value;

use crate::chat::{Part, ReasoningFormat, ReasoningKind, Role, ToolChoice};
use crate::{Address, Call, Dialect};

fn call(body: &str) -> Result<Call, String> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Call::read(Dialect::Responses, body, Address::default())
        .map_err(|error| error.message().to_owned())
}

/// The chat request that a request becomes, and what was lost.
fn chat(body: &str) -> Result<(String, Vec<String>), String> {
    let call = call(body)?;
    let chat = call.chat().map_err(|error| error.message().to_owned())?;
    chat.typed().map_err(|error| error.message().to_owned())?;
    Ok((chat.object().text().to_owned(), call.lost().to_vec()))
}

/// The messages that an input becomes.
fn messages(input: &str) -> Result<String, String> {
    let (chat, _) = chat(&format!(r#"{{"input":{input}}}"#))?;
    let start = r#"{"model":null,"stream":false,"messages":"#;
    Ok(chat.strip_prefix(start).unwrap().strip_suffix('}').unwrap().to_owned())
}

#[test]
fn every_parameter_takes_chats_form() {
    let (chat, lost) = chat(
        r#"{"model":"a/b","models":["c/d"],"provider":{"only":["x"]},"stream":true,"input":"hi","instructions":"be \"brief\"",
        "max_output_tokens":64,"max_tokens":5,"temperature":0.5,"top_p":0.9,"top_k":3,"presence_penalty":1,"frequency_penalty":-1,
        "top_logprobs":2,"include":["reasoning.encrypted_content","message.output_text.logprobs","code_interpreter_call.outputs"],
        "tools":[{"type":"function","name":"f","parameters":{"type":"object"},"strict":true},{"type":"web_search"}],
        "tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false,
        "text":{"format":{"type":"json_schema","name":"n","description":"d","schema":{"type":"object"},"strict":true},"verbosity":"low"},
        "reasoning":{"effort":"high","summary":"auto"},"metadata":{"k":"v"},"prompt_cache_key":"p","safety_identifier":"s","user":"u",
        "service_tier":"flex","truncation":"auto","modalities":["text","image"],"image_config":{"aspect_ratio":"1:1"},
        "store":false,"previous_response_id":null,"background":false,"stream_options":{"include_obfuscation":false},
        "seed":7,"max_tool_calls":3,"x \"y\"":1,"cache_control":{"type":"ephemeral"}}"#,
    )
    .unwrap();
    let expected = [
        r#"{"model":"a/b","stream":true,"models":["c/d"],"provider":{"only":["x"]},"#,
        r#""messages":[{"role":"system","content":"be \"brief\""},{"role":"user","content":"hi"}],"#,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"},"strict":true}}],"#,
        r#""tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,"#,
        r#""max_tokens":64,"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","schema":{"type":"object"},"strict":true}},"#,
        r#""verbosity":"low","logprobs":true,"top_logprobs":2,"#,
        r#""temperature":0.5,"top_p":0.9,"top_k":3,"presence_penalty":1,"frequency_penalty":-1,"#,
        r#""reasoning":{"effort":"high","summary":"auto"},"metadata":{"k":"v"},"prompt_cache_key":"p","safety_identifier":"s","user":"u","#,
        r#""service_tier":"flex","modalities":["text","image"],"image_config":{"aspect_ratio":"1:1"},"seed":7,"max_tool_calls":3,"x \"y\"":1,"cache_control":{"type":"ephemeral"}}"#,
    ];
    assert_eq!(chat, expected.concat());
    assert_eq!(lost, ["tools.web_search", "truncation", "include.code_interpreter_call.outputs"]);
}

#[test]
fn without_tools_nothing_is_said_about_them() {
    let (chat, lost) = chat(
        r#"{"input":"hi","tools":[{"type":"web_search"}],"tool_choice":"auto","parallel_tool_calls":true,"text":{"format":{"type":"text"}},"top_logprobs":0}"#,
    )
    .unwrap();
    assert_eq!(
        chat,
        r#"{"model":null,"stream":false,"messages":[{"role":"user","content":"hi"}]}"#
    );
    assert_eq!(lost, ["tools.web_search"]);
}

#[test]
fn items_become_messages() {
    for (input, expected) in [
        (r#""a \"b\"""#, r#"[{"role":"user","content":"a \"b\""}]"#),
        (
            r#"[{"role":"developer","content":"d"},{"type":"message","role":"system","content":[{"type":"input_text","text":"s"}]},{"role":"user","content":"u"}]"#,
            r#"[{"role":"developer","content":"d"},{"role":"system","content":"s"},{"role":"user","content":"u"}]"#,
        ),
        (
            r#"[{"role":"user","content":[{"type":"input_text","text":"t","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"input_text","text":"v","prompt_cache_breakpoint":{"mode":"explicit"}},
              {"type":"input_image","image_url":"data:image/png;base64,AA==","detail":"low"},{"type":"input_image","image_url":{"url":"https://x/y.png"},"cache_control":{"type":"ephemeral"}},
              {"type":"input_file","filename":"a.pdf","file_data":"JVBERi0xLjQ="},{"type":"input_file","file_url":"https://x/y.pdf"},{"type":"input_file","file_id":"file_1"},
              {"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}},{"type":"input_video","video_url":"https://x/y.mp4"}]}]"#,
            r#"[{"role":"user","content":[{"type":"text","text":"t","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":"v","prompt_cache_breakpoint":{"mode":"explicit"}},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA==","detail":"low"}},{"type":"image_url","image_url":{"url":"https://x/y.png"},"cache_control":{"type":"ephemeral"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBERi0xLjQ="}},{"type":"file","file":{"filename":"document.pdf","file_data":"https://x/y.pdf"}},{"type":"file","file":{"file_id":"file_1"}},{"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}},{"type":"video_url","video_url":{"url":"https://x/y.mp4"}}]}]"#,
        ),
        // A whole turn: thoughts, words, two calls, their results.
        (
            r#"[{"role":"user","content":"q"},
              {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"s1"},{"type":"summary_text","text":"s2"}],"content":null,"encrypted_content":"ENC","status":"completed"},
              {"type":"message","id":"msg_1","status":"completed","role":"assistant","content":[{"type":"output_text","text":"w","annotations":[],"logprobs":[]}]},
              {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\":1}","status":"completed"},
              {"type":"custom_tool_call","id":"ctc_1","call_id":"c2","name":"g","input":"raw \"text\""},
              {"type":"function_call_output","call_id":"c1","output":"42"},
              {"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"see"},{"type":"input_image","image_url":"https://x/y.png"}]}]"#,
            r#"[{"role":"user","content":"q"},{"role":"assistant","content":"w","reasoning":"s1s2","reasoning_details":[{"type":"reasoning.summary","summary":"s1","id":"rs_1","format":"openai-responses-v1","index":0},{"type":"reasoning.summary","summary":"s2","id":"rs_1","format":"openai-responses-v1","index":0},{"type":"reasoning.encrypted","data":"ENC","id":"rs_1","format":"openai-responses-v1","index":0}],"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},{"id":"c2","type":"function","function":{"name":"g","arguments":"{\"input\":\"raw \\\"text\\\"\"}"}}]},{"role":"tool","tool_call_id":"c1","content":"42"},{"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]"#,
        ),
        // Our own ids mean nothing to a provider; formats are kept whatever they are.
        (
            r#"[{"type":"reasoning","id":"rs_gen-1-x_0","summary":[],"content":[{"type":"reasoning_text","text":"hm"}],"format":"anthropic-claude-v1","signature":"SIG"},
              {"type":"reasoning","id":"call_9","summary":[],"encrypted_content":"G","format":"google-gemini-v1"},
              {"type":"reasoning","id":"z","summary":[],"signature":"only","format":"new-v9"},
              {"type":"function_call","call_id":"call_9","name":"f","arguments":""}]"#,
            r#"[{"role":"assistant","content":null,"reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm","signature":"SIG","format":"anthropic-claude-v1","index":0},{"type":"reasoning.encrypted","data":"G","id":"call_9","format":"google-gemini-v1","index":1},{"type":"reasoning.text","signature":"only","id":"z","format":"new-v9","index":2}],"tool_calls":[{"id":"call_9","type":"function","function":{"name":"f","arguments":""}}]}]"#,
        ),
        // Signed thoughts after words stay between what was before and what follows.
        (
            r#"[{"type":"reasoning","id":"a","summary":[],"content":[{"type":"reasoning_text","text":"1"}],"format":"anthropic-claude-v1","signature":"S1"},
              {"role":"assistant","content":"first"},
              {"type":"reasoning","id":"b","summary":[],"content":[{"type":"reasoning_text","text":"2"}],"format":"anthropic-claude-v1","signature":"S2"},
              {"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]"#,
            r#"[{"role":"assistant","content":"first","reasoning":"1","reasoning_details":[{"type":"reasoning.text","text":"1","signature":"S1","id":"a","format":"anthropic-claude-v1","index":0}]},{"role":"assistant","content":null,"reasoning":"2","reasoning_details":[{"type":"reasoning.text","text":"2","signature":"S2","id":"b","format":"anthropic-claude-v1","index":1}],"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]"#,
        ),
        (
            r#"[{"role":"assistant","content":"only"},{"type":"reasoning","id":"b","summary":[],"encrypted_content":"E","format":"anthropic-claude-v1"}]"#,
            r#"[{"role":"assistant","content":"only","reasoning_details":[{"type":"reasoning.encrypted","data":"E","id":"b","format":"anthropic-claude-v1","index":0}]}]"#,
        ),
        // What else an assistant leaves behind.
        (
            r#"[{"role":"assistant","content":[{"type":"output_text","text":"é!","annotations":[]},{"type":"output_text","text":"cited","annotations":[{"type":"url_citation","url":"https://x","title":"t","start_index":0,"end_index":5},{"type":"file_citation","file_id":"f","index":0}]},{"type":"refusal","refusal":"no"}]},
              {"type":"image_generation_call","id":"ig_1","status":"completed","result":"/9j/AA"}]"#,
            r#"[{"role":"assistant","content":[{"type":"text","text":"é!"},{"type":"text","text":"cited"}],"refusal":"no","images":[{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/AA"},"index":0}],"annotations":[{"type":"url_citation","url_citation":{"url":"https://x","title":"t","start_index":2,"end_index":7}}]}]"#,
        ),
        (
            r#"[{"role":"assistant","content":[]},{"type":"function_call_output","call_id":"c"}]"#,
            r#"[{"role":"tool","tool_call_id":"c","content":""}]"#,
        ),
    ] {
        assert_eq!(messages(input).unwrap(), expected, "{input}");
    }
}

#[test]
fn what_chat_cannot_express_is_named_once() {
    let (_, lost) = chat(
        r#"{"input":[{"role":"user","content":"q"},{"type":"web_search_call","id":"ws_1","status":"completed"},{"type":"web_search_call","id":"ws_2","status":"completed"},
          {"type":"shell_call","call_id":"c","action":{"commands":["ls"]}},{"type":"shell_call_output","call_id":"c","output":[]},
          {"type":"message","role":"assistant","phase":"commentary","content":"w"}]}"#,
    )
    .unwrap();
    assert_eq!(
        lost,
        ["input.web_search_call", "input.shell_call", "input.shell_call_output", "input.phase"]
    );
}

#[test]
fn what_is_wrong_is_named() {
    let stateless = "Items can't be referred to by id, because responses are not stored here; send the item itself";
    for (input, message) in [
        ("[]", "input: Must contain at least 1 message".to_owned()),
        (r#"[{"type":"item_reference","id":"msg_1"}]"#, format!("input.0: {stateless}")),
        (r#"[{"id":"msg_1"}]"#, format!("input.0: {stateless}")),
        ("[{}]", "input.0.type: Required".to_owned()),
        (
            r#"[{"type":"message","content":"x"}]"#,
            "input.0.role: Expected one of user, assistant, system, developer, received nothing"
                .to_owned(),
        ),
        (
            r#"[{"role":"user","content":"x"},{"role":"wizard","content":"x"}]"#,
            "input.1.role: Expected one of user, assistant, system, developer, received \"wizard\""
                .to_owned(),
        ),
        (
            r#"[{"role":"user","content":7}]"#,
            "input.0.content: Expected string or array of parts, received number 7".to_owned(),
        ),
        (
            r#"[{"role":"user","content":[{"type":"input_text","text":"x"},{"type":"smell"}]}]"#,
            "input.0.content.1.type: Expected one of input_text, output_text, refusal, input_image, input_file, input_audio, input_video, received \"smell\"".to_owned(),
        ),
        (
            r#"[{"role":"user","content":[{"type":"input_image"}]}]"#,
            "input.0.content.0.image_url: Required".to_owned(),
        ),
        (
            r#"[{"role":"user","content":[{"type":"input_image","file_id":"file_1"}]}]"#,
            "input.0.content.0.file_id: Images by file id are only known to OpenAI; send image_url with a URL or a data URI".to_owned(),
        ),
        (
            r#"[{"type":"function_call","name":"f","arguments":"{}"}]"#,
            "input.0: missing field `call_id`".to_owned(),
        ),
        (
            r#"[{"type":"function_call","call_id":"c","name":"f","arguments":{}}]"#,
            "input.0: invalid type: map, expected a string".to_owned(),
        ),
        (
            r#"[{"type":"function_call_output","call_id":"c","output":{"a":1}}]"#,
            "input.0.output: Expected string or array of parts, received object".to_owned(),
        ),
    ] {
        assert_eq!(messages(input).unwrap_err(), message, "{input}");
    }
    let error = chat(r#"{"prompt":{"id":"pmpt_1"}}"#).unwrap_err();
    assert!(error.starts_with("prompt: Prompt templates are stored at OpenAI"), "{error}");
    let error = chat(r#"{"input":"x","top_logprobs":"many"}"#).unwrap_err();
    assert_eq!(error, "top_logprobs: Expected integer of at least 0, received string \"many\"");
}

#[test]
fn the_chat_request_reads_as_values() {
    let call = call(
        r#"{"model":"a/b","input":[{"role":"user","content":[{"type":"input_text","text":"q"},{"type":"input_image","image_url":"data:,x"}]},
          {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"ENC"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
          {"type":"function_call_output","call_id":"c","output":[{"type":"input_image","image_url":"data:,y"}]}],
          "tools":[{"type":"custom","name":"g"}],"tool_choice":"required","reasoning":{"effort":"low","exclude":true},"max_output_tokens":9}"#,
    )
    .unwrap();
    assert_eq!(call.dialect(), Dialect::Responses);
    assert!(call.params().reasoning.exclude);
    assert_eq!(call.params().max_tokens, Some(9));
    assert_eq!(call.parameters(), ["tools", "tool_choice", "reasoning", "max_tokens"]);
    let chat = call.chat().unwrap();
    let request = chat.typed().unwrap();
    assert_eq!(request.params.max_tokens, Some(9));
    assert_eq!(request.messages.len(), 3);
    assert_eq!(request.messages[1].role, Role::Assistant);
    let detail = &request.messages[1].reasoning_details[0];
    assert_eq!((detail.kind, detail.format), (ReasoningKind::Encrypted, ReasoningFormat::OpenAi));
    assert_eq!((detail.data.as_deref(), detail.id.as_deref()), (Some("ENC"), Some("rs_1")));
    assert!(
        matches!(&request.messages[2].content[0], Part::Image { url, .. } if url == "data:;base64,eQ==")
    );
    assert_eq!(request.tool_choice, Some(ToolChoice::Required));
    let schema: Value = serde_json::from_str(request.tools[0].parameters.unwrap().get()).unwrap();
    assert_eq!(schema["required"][0], "input");
}

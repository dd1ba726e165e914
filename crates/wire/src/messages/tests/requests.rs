//! Requests, through the public type.

use bytes::Bytes;

use crate::chat::{Effort, Part, ReasoningFormat, ReasoningKind, Role, ToolChoice};
use crate::{Address, Call, Dialect};

fn read(body: &str) -> Result<Call, String> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Call::read(Dialect::Messages, body, Address::default())
        .map_err(|error| error.message().to_owned())
}

/// The chat request, and what was left out.
fn chat(body: &str) -> Result<(String, Vec<String>), String> {
    let call = read(body)?;
    let chat = call.chat().map_err(|error| error.message().to_owned())?;
    chat.typed().map_err(|error| error.message().to_owned())?;
    Ok((chat.object().text().to_owned(), call.lost().to_vec()))
}

/// The members that a request with `members` has in chat beside the messages.
fn members(members: &str) -> Result<(String, Vec<String>), String> {
    let body =
        format!(r#"{{"model":"a/b","messages":[{{"role":"user","content":"hi"}}],{members}}}"#);
    let (chat, lost) = chat(&body)?;
    let at = r#""messages":[{"role":"user","content":"hi"}]"#;
    let (head, tail) = chat.split_once(at).unwrap();
    assert!(head.starts_with(r#"{"model":"a/b","stream":"#), "{head}");
    let head = head.split_once(r#""stream":"#).unwrap().1;
    let head = head.split_once(',').unwrap().1;
    Ok((format!("{head}{}", tail.strip_suffix('}').unwrap()), lost))
}

/// The messages of a conversation in chat.
fn messages(messages: &str) -> Result<String, String> {
    let (chat, lost) = chat(&format!(r#"{{"model":"a/b","messages":{messages}}}"#))?;
    assert_eq!(lost, [""; 0]);
    let messages = chat.split_once(r#""messages":"#).unwrap().1;
    Ok(messages.strip_suffix('}').unwrap().to_owned())
}

#[test]
fn a_whole_conversation_becomes_a_chat_request() {
    let (chat, lost) = chat(
        r#"{"model":"anthropic/claude-sonnet-4.5","max_tokens":4096,"stream":true,
          "system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
          "messages":[
            {"role":"user","content":[{"type":"text","text":"Weather in \"Paris\" \u00e9?"},
              {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBOR"}}]},
            {"role":"assistant","content":[
              {"type":"thinking","thinking":"I should\nlook.","signature":"EqQB=="},
              {"type":"redacted_thinking","data":"Emw="},
              {"type":"text","text":"Let me look."},
              {"type":"tool_use","id":"toolu_1","name":"weather","input":{"city": "Paris"}},
              {"type":"tool_use","id":"toolu_2","name":"clock","input":{}}]},
            {"role":"user","content":[
              {"type":"text","text":"Go on."},
              {"type":"tool_result","tool_use_id":"toolu_1","content":"18 \u00b0C"},
              {"type":"tool_result","tool_use_id":"toolu_2","is_error":true,"cache_control":{"type":"ephemeral"},
               "content":[{"type":"text","text":"no clock"},{"type":"image","source":{"type":"url","url":"https://x.test/c.png"}}]}]},
            {"role":"assistant","content":"It is"}],
          "tools":[{"name":"weather","description":"d","input_schema":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral"}},
            {"type":"custom","name":"clock","input_schema":{"type":"object","properties":{}}}],
          "tool_choice":{"type":"auto","disable_parallel_tool_use":true},
          "thinking":{"type":"enabled","budget_tokens":2048},
          "temperature":1,"top_k":40,"stop_sequences":["END"],"metadata":{"user_id":"u-1"}}"#,
    )
    .unwrap();
    assert_eq!(lost, [""; 0]);
    let expected = concat!(
        r#"{"model":"anthropic/claude-sonnet-4.5","stream":true,"messages":["#,
        r#"{"role":"system","content":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral","ttl":"1h"}}]},"#,
        r#"{"role":"user","content":[{"type":"text","text":"Weather in \"Paris\" \u00e9?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBOR"}}]},"#,
        r#"{"role":"assistant","content":"Let me look.","reasoning":"I should\nlook.","reasoning_details":[{"type":"reasoning.text","text":"I should\nlook.","signature":"EqQB==","format":"anthropic-claude-v1","index":0},{"type":"reasoning.encrypted","data":"Emw=","format":"anthropic-claude-v1","index":1}],"#,
        r#""tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"weather","arguments":"{\"city\": \"Paris\"}"}},{"id":"toolu_2","type":"function","function":{"name":"clock","arguments":"{}"}}]},"#,
        r#"{"role":"tool","tool_call_id":"toolu_1","content":"18 \u00b0C"},"#,
        r#"{"role":"tool","tool_call_id":"toolu_2","is_error":true,"content":[{"type":"text","text":"no clock"},{"type":"image_url","image_url":{"url":"https://x.test/c.png"},"cache_control":{"type":"ephemeral"}}]},"#,
        r#"{"role":"user","content":"Go on."},{"role":"assistant","content":"It is"}],"#,
        r#""tools":[{"type":"function","function":{"name":"weather","description":"d","parameters":{"type":"object"},"strict":true},"cache_control":{"type":"ephemeral"}},{"type":"function","function":{"name":"clock","parameters":{"type":"object","properties":{}}}}],"#,
        r#""tool_choice":"auto","parallel_tool_calls":false,"reasoning":{"max_tokens":2048},"stop":["END"],"user":"u-1","max_tokens":4096,"temperature":1,"top_k":40}"#,
    );
    assert_eq!(chat, expected);
}

#[test]
fn the_translation_can_be_read_as_chat() {
    let call = read(
        r#"{"model":"a/b","max_tokens":9,"system":"s","messages":[
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}}]}]},
          {"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"tool_use","id":"c2","name":"f","input":{"a":1}}]}],
          "tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"tool","name":"f"},
          "thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"xhigh"},"cache_control":{"type":"ephemeral"}}"#,
    )
    .unwrap();
    let request = call.chat().unwrap().typed().unwrap();
    let roles: Vec<Role> = request.messages.iter().map(|it| it.role).collect();
    assert_eq!(roles, [Role::System, Role::Tool, Role::Assistant]);
    assert!(
        matches!(&request.messages[1].content[0], Part::Image { url, .. } if url == "data:image/png;base64,AA")
    );
    assert_eq!(request.messages[2].tool_calls[0].arguments, r#"{"a":1}"#);
    assert_eq!(request.messages[2].reasoning_details[0].signature.as_deref(), Some("sig"));
    assert_eq!(request.tool_choice, Some(ToolChoice::Function("f".to_owned())));
    assert_eq!(request.cache_control.unwrap().kind, "ephemeral");
    for params in [request.params, call.params()] {
        assert_eq!(params.reasoning.wanted(), Some(true));
        assert_eq!(params.reasoning.effort, Some(Effort::Xhigh));
        assert_eq!(params.reasoning.summary.as_deref(), Some("auto"));
        assert_eq!(params.max_tokens, Some(9));
    }
    assert_eq!(call.parameters(), ["max_tokens", "tools", "tool_choice", "reasoning"]);
}

#[test]
fn blocks_become_parts() {
    for (blocks, parts) in [
        (r#""plain""#, r#""plain""#),
        ("[]", r#""""#),
        (
            r#"[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral"}}]"#,
            r#"[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral"}}]"#,
        ),
        (
            r#"[{"type":"image","source":{"type":"url","url":"https://x.test/a.png"},"cache_control":{"type":"ephemeral"}}]"#,
            r#"[{"type":"image_url","image_url":{"url":"https://x.test/a.png"},"cache_control":{"type":"ephemeral"}}]"#,
        ),
        (
            r#"[{"type":"image","source":{"type":"file","file_id":"file_1"}}]"#,
            r#"[{"type":"file","file":{"file_id":"file_1"}}]"#,
        ),
        (
            r#"[{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}]"#,
            r#"[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]"#,
        ),
        (
            r#"[{"type":"document","context":"c","source":{"type":"url","url":"https://x.test/a.pdf"},"cache_control":{"type":"ephemeral"}}]"#,
            r#"[{"type":"text","text":"c"},{"type":"file","file":{"filename":"document.pdf","file_data":"https://x.test/a.pdf"},"cache_control":{"type":"ephemeral"}}]"#,
        ),
        (
            r#"[{"type":"document","source":{"type":"file","file_id":"file_1"}}]"#,
            r#"[{"type":"file","file":{"file_id":"file_1"}}]"#,
        ),
        (
            r#"[{"type":"document","title":"T","context":"C","source":{"type":"text","media_type":"text/plain","data":"line\none"}}]"#,
            r#""T\n\nC\n\nline\none""#,
        ),
        (
            r#"[{"type":"document","source":{"type":"content","content":"all of it"}}]"#,
            r#""all of it""#,
        ),
        (
            r#"[{"type":"document","title":"T","source":{"type":"content","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"url","url":"https://x.test/a.png"}}]}}]"#,
            r#"[{"type":"text","text":"T"},{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"https://x.test/a.png"}}]"#,
        ),
        (
            r#"[{"type":"search_result","source":"https://x.test","title":"T","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"citations":{"enabled":false}}]"#,
            r#""T\n\nhttps://x.test\n\na\n\nb""#,
        ),
    ] {
        let given = format!(r#"[{{"role":"user","content":{blocks}}}]"#);
        let expected = format!(r#"[{{"role":"user","content":{parts}}}]"#);
        assert_eq!(messages(&given), Ok(expected));
    }
}

#[test]
fn turns_become_messages() {
    for (given, expected) in [
        (
            r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c"}]}]"#,
            r#"[{"role":"tool","tool_call_id":"c","content":""}]"#,
        ),
        (
            r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"x","cache_control":{"type":"ephemeral"},"is_error":false}]}]"#,
            r#"[{"role":"tool","tool_call_id":"c","content":[{"type":"text","text":"x","cache_control":{"type":"ephemeral"}}]}]"#,
        ),
        (
            r#"[{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}]}]}]"#,
            r#"[{"role":"tool","tool_call_id":"c","content":[{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}]"#,
        ),
        (
            r#"[{"role":"user","content":"a"},{"role":"system","content":[{"type":"text","text":"now"}]}]"#,
            r#"[{"role":"user","content":"a"},{"role":"system","content":"now"}]"#,
        ),
        (
            r#"[{"role":"assistant","content":[{"type":"text","text":"t"},{"type":"tool_use","id":"c","name":"f","input":{},"cache_control":{"type":"ephemeral"}}]}]"#,
            r#"[{"role":"assistant","content":[{"type":"text","text":"t","cache_control":{"type":"ephemeral"}}],"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]"#,
        ),
        (
            r#"[{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{},"caller":{"type":"direct"},"cache_control":{"type":"ephemeral"}}]}]"#,
            r#"[{"role":"assistant","content":null,"cache_control":{"type":"ephemeral"},"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]"#,
        ),
        (
            r#"[{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":""}]}]"#,
            r#"[{"role":"assistant","content":"","reasoning":"hm","reasoning_details":[{"type":"reasoning.text","text":"hm","format":"anthropic-claude-v1","index":0}]}]"#,
        ),
        (
            r#"[{"role":"assistant","content":[{"type":"text","text":"é so"},{"type":"text","text":"it is","citations":[{"type":"web_search_result_location","url":"https://x.test","title":"T","cited_text":"c","encrypted_index":""}]}]}]"#,
            r#"[{"role":"assistant","content":[{"type":"text","text":"é so"},{"type":"text","text":"it is"}],"annotations":[{"type":"url_citation","url_citation":{"url":"https://x.test","title":"T","content":"c","start_index":4,"end_index":9}}]}]"#,
        ),
        (
            r#"[{"role":"assistant","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA"}},{"type":"compaction","content":"before"}]}]"#,
            r#"[{"role":"assistant","content":"before","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}]"#,
        ),
    ] {
        assert_eq!(messages(given), Ok(expected.to_owned()));
    }
}

/// Holds members to what becomes of them in chat and to the names of what is left out.
fn check(given: &str, expected: &str, lost: &[&str]) {
    let (chat, left_out) = members(given).unwrap_or_else(|error| panic!("{given}: {error}"));
    assert_eq!(chat, expected, "{given}");
    assert_eq!(left_out, lost, "{given}");
}

#[test]
fn thinking_becomes_reasoning() {
    for (given, expected) in [
        (r#""thinking":{"type":"disabled"}"#, r#","reasoning":{"enabled":false}"#),
        (
            r#""thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"low"}"#,
            r#","reasoning":{"enabled":true,"effort":"low","exclude":true}"#,
        ),
        (
            r#""thinking":{"type":"enabled","budget_tokens":1024},"output_config":{"effort":"max"}"#,
            r#","reasoning":{"max_tokens":1024},"verbosity":"max""#,
        ),
        (r#""output_config":{"effort":"high"}"#, r#","verbosity":"high""#),
    ] {
        check(given, expected, &[]);
    }
}

#[test]
fn a_schema_is_strict_where_chat_can_be() {
    let closed = r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#;
    let open = r#"{"type":"object","properties":{"a":{"type":"string"}}}"#;
    let format =
        r#","response_format":{"type":"json_schema","json_schema":{"name":"response","schema":"#;
    check(
        &format!(
            r#""output_config":{{"format":{{"type":"json_schema","schema":{closed}}},"task_budget":{{"total":20000}}}}"#
        ),
        &format!(r#"{format}{closed},"strict":true}}}}"#),
        &["output_config.task_budget"],
    );
    check(
        &format!(r#""output_format":{{"type":"json_schema","schema":{open}}}"#),
        &format!("{format}{open}}}}}"),
        &[],
    );
}

#[test]
fn tools_become_functions() {
    let function = r#","tools":[{"type":"function","function":{"name":"f","parameters":{}}}]"#;
    for (choice, expected) in [
        (r#"{"type":"any"}"#, r#""required""#),
        (r#"{"type":"none"}"#, r#""none""#),
        (
            r#"{"type":"tool","name":"f","disable_parallel_tool_use":true}"#,
            r#"{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false"#,
        ),
    ] {
        check(
            &format!(r#""tools":[{{"name":"f","input_schema":{{}}}}],"tool_choice":{choice}"#),
            &format!(r#"{function},"tool_choice":{expected}"#),
            &[],
        );
    }
    check(
        r#""tools":[{"name":"f","input_schema":{},"defer_loading":true},{"type":"bash_20250124","name":"bash"}]"#,
        function,
        &["tools.defer_loading", "tools.bash_20250124"],
    );
    check(
        r#""tools":[{"type":"web_search_20250305","name":"web_search"}],"tool_choice":{"type":"any"}"#,
        "",
        &["tools.web_search_20250305", "tool_choice"],
    );
}

#[test]
fn speed_is_a_tier() {
    for (given, tier, lost) in [
        (r#""speed":"fast""#, Some("priority"), &[][..]),
        (r#""speed":"fast","service_tier":"auto""#, Some("priority"), &[]),
        (r#""speed":"fast","service_tier":"standard_only""#, Some("default"), &["speed"]),
        (r#""speed":"standard""#, None, &[]),
        (r#""service_tier":"auto""#, Some("auto"), &[]),
        (r#""service_tier":"flex""#, Some("flex"), &[]),
    ] {
        let chat = tier.map_or_else(String::new, |tier| format!(r#","service_tier":"{tier}""#));
        check(given, &chat, lost);
        let call = read(&format!(
            r#"{{"model":"a/b","messages":[{{"role":"user","content":"x"}}],{given}}}"#
        ));
        // What routes the call is the same, but for the dialect's own word for the ordinary tier.
        let routed = call.unwrap().params().service_tier.clone();
        let routed = routed.map(|it| it.replace("standard_only", "default"));
        assert_eq!(routed.as_deref(), tier, "{given}");
    }
}

#[test]
fn other_members_become_chats_or_are_named() {
    for (given, expected, lost) in [
        (
            r#""stop_sequences":["a","b","c","d","e"],"stop":["z"]"#,
            r#","stop":["a","b","c","d"]"#,
            &["stop_sequences", "stop"][..],
        ),
        (
            r#""service_tier":"standard_only","seed":7,"min_p":0.1"#,
            r#","service_tier":"default","seed":7,"min_p":0.1"#,
            &[],
        ),
        (
            r#""user":"u","metadata":{"user_id":"v","team":"x"}"#,
            r#","user":"u""#,
            &["metadata.team", "metadata.user_id"],
        ),
        (
            r#""context_management":{"edits":[]},"speed":"light","container":"c","mcp_servers":[],"betas":["x"],"prompt":"p""#,
            "",
            &["speed", "context_management", "container", "mcp_servers", "betas", "prompt"],
        ),
        (r#""fallbacks":[{"model":"c/d"},{"model":"e/f"}]"#, r#","models":["c/d","e/f"]"#, &[]),
        // Models are written before the messages.
        (
            r#""models":["c/d"],"un\"known":{"x":1}"#,
            r#""models":["c/d"],,"un\"known":{"x":1}"#,
            &[],
        ),
    ] {
        check(given, expected, lost);
    }
}

#[test]
fn what_only_anthropics_servers_can_use_is_named() {
    let (chat, lost) = chat(
        r#"{"model":"a/b","messages":[
          {"role":"user","content":[{"type":"container_upload","file_id":"f"},{"type":"tool_addition","tool":{}}]},
          {"role":"assistant","content":[{"type":"server_tool_use","id":"s","name":"web_search","input":{"query":"q"}},
            {"type":"web_search_tool_result","tool_use_id":"s","content":[]},{"type":"text","text":"found"}]},
          {"role":"user","content":[{"type":"document","citations":{"enabled":true},"source":{"type":"text","data":"d"}},
            {"type":"tool_result","tool_use_id":"c","content":[{"type":"tool_reference","tool_name":"f"}]}]}]}"#,
    )
    .unwrap();
    assert_eq!(
        chat,
        r#"{"model":"a/b","stream":false,"messages":[{"role":"assistant","content":"found"},{"role":"tool","tool_call_id":"c","content":""},{"role":"user","content":"d"}]}"#
    );
    assert_eq!(
        lost,
        [
            "messages.container_upload",
            "messages.tool_addition",
            "messages.server_tool_use",
            "messages.web_search_tool_result",
            "citations",
            "messages.tool_reference",
        ]
    );
}

#[test]
fn sealed_thoughts_of_other_providers_are_opened() {
    let call = read(
        r#"{"model":"a/b","messages":[{"role":"assistant","content":[
          {"type":"thinking","thinking":"sum","signature":"tollgate:{\"type\":\"reasoning.summary\",\"id\":\"rs_1\",\"format\":\"openai-responses-v1\",\"index\":0}"},
          {"type":"redacted_thinking","data":"tollgate:{\"type\":\"reasoning.encrypted\",\"data\":\"gA\",\"id\":\"rs_1\",\"format\":\"openai-responses-v1\",\"index\":0}"},
          {"type":"thinking","thinking":"cut","signature":"tollgate:{\"ty"},
          {"type":"text","text":"ok"}]}]}"#,
    )
    .unwrap();
    assert!(call.survey().extensions);
    let request = call.chat().unwrap().typed().unwrap();
    let details = &request.messages[0].reasoning_details;
    assert_eq!(details.len(), 3);
    assert_eq!(details[0].kind, ReasoningKind::Summary);
    assert_eq!((details[0].summary.as_deref(), details[0].text.as_deref()), (Some("sum"), None));
    assert_eq!(details[0].id.as_deref(), Some("rs_1"));
    assert_eq!(details[1].data.as_deref(), Some("gA"));
    assert_eq!(details[1].format, ReasoningFormat::OpenAi);
    assert_eq!((details[2].text.as_deref(), &details[2].signature), (Some("cut"), &None));
    assert_eq!(request.messages[0].reasoning.as_deref(), Some("sumcut"));
}

#[test]
fn what_a_request_contains_is_surveyed() {
    let call = read(
        r#"{"model":"a/b","stream":true,"system":"12345","metadata":{"user_id":"u"},"fallbacks":[{"model":"c/d"}],"session_id":"s",
          "tools":[{"name":"f","description":"123","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}},{"type":"web_search_20250305","name":"w"}],
          "messages":[
          {"role":"user","content":[{"type":"text","text":"123"},
            {"type":"image","source":{"data":"AAAAAAAAAAAA","media_type":"image/png","type":"base64"}},
            {"type":"document","source":{"type":"text","data":"1234"}},
            {"type":"tool_result","tool_use_id":"c","content":[{"type":"text","text":"12"},
              {"type":"image","source":{"type":"url","url":"https://x.test/a"}}]}]},
          {"content":[{"type":"tool_use","id":"c","name":"f","input":{"type":"document","x":["123"]}}],"role":"assistant"}]}"#,
    )
    .unwrap();
    let survey = call.survey();
    assert_eq!((survey.messages, survey.tools, survey.images), (2, 2, 2));
    assert!(survey.remote_images && survey.cache_markers && survey.prefill);
    assert!(!survey.files && !survey.extensions && !survey.audio);
    // Quotes are counted where strings are counted one by one.
    let tools = 1 + 3 + r#"{"type":"object"}"#.len() + "web_search_20250305".len() + 1;
    let messages = 5 + 6 + 4 + r#"{"type":"document","x":["123"]}"#.len();
    assert_eq!(survey.text_bytes, u64::try_from(7 + tools + messages).unwrap());
    assert_eq!(call.params().models, ["c/d"]);
    assert_eq!(call.params().user.as_deref(), Some("u"));
    assert_eq!(call.params().session_id.as_deref(), Some("s"));
    assert!(call.params().stream);
    let pdf = r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://x.test/a.pdf"}}]}]}"#;
    assert!(read(pdf).unwrap().survey().files);
}

#[test]
fn messages_that_are_wrong_are_named_at_once() {
    for (members, error) in [
        (r#""max_tokens":1"#, "messages: Required"),
        (r#""messages":[]"#, "messages: Array must contain at least 1 element"),
        (r#""messages":{}"#, "messages: Expected array, received object"),
        (
            r#""messages":[{"role":"tool","content":"x"}]"#,
            "messages.0.role: Expected one of user, assistant, system, received string \"tool\"",
        ),
        (
            r#""messages":[{"content":"x"}]"#,
            "messages.0.role: Expected one of user, assistant, system, received nothing",
        ),
        (r#""messages":[{"role":"user","content":null}]"#, "messages.0.content: Required"),
        (
            r#""messages":[{"role":"user","content":{}}]"#,
            "messages.0.content: Expected string or array of blocks, received object",
        ),
        (
            r#""messages":[{"role":"user","content":["x"]}]"#,
            "messages.0.content.0: Expected object, received string \"x\"",
        ),
    ] {
        assert_eq!(read(&format!("{{{members}}}")).unwrap_err(), error);
    }
}

#[test]
fn a_member_that_is_wrong_is_named_at_once() {
    for (member, error) in [
        (r#""system":7"#, "system: Expected string or array of blocks, received number 7"),
        (r#""max_tokens":0"#, "max_tokens: Number must be at least 1, received 0"),
        (
            r#""stop_sequences":"x""#,
            "stop_sequences: Expected array of strings, received string \"x\"",
        ),
        (r#""thinking":{"type":"enabled"}"#, "thinking.budget_tokens: Required"),
        (
            r#""thinking":{"type":"on"}"#,
            "thinking.type: Expected one of enabled, adaptive, disabled, received string \"on\"",
        ),
        (
            r#""output_config":{"effort":"huge"}"#,
            "output_config.effort: Expected one of low, medium, high, xhigh, max, received string \"huge\"",
        ),
        (
            r#""output_config":{"format":{"type":"text"}}"#,
            "output_config.format.type: Expected \"json_schema\", received string \"text\"",
        ),
        (
            r#""models":["c/d"],"fallbacks":[]"#,
            "fallbacks: Send either models or fallbacks, not both",
        ),
        (
            r#""fallbacks":[{"model":"a"},{"model":"b"},{"model":"c"},{"model":"d"}]"#,
            "fallbacks: Array must contain at most 3 elements, received 4",
        ),
        (
            r#""fallbacks":[{"model":"a","max_tokens":1}]"#,
            "fallbacks.0: Expected nothing but model, received max_tokens",
        ),
        (
            r#""tool_choice":{"type":"required"}"#,
            "tool_choice.type: Expected one of auto, any, none, tool, received string \"required\"",
        ),
        (r#""tool_choice":{"type":"tool"}"#, "tool_choice.name: Required"),
        (r#""metadata":{"user_id":7}"#, "metadata.user_id: Expected string, received number 7"),
    ] {
        let body = format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],{member}}}"#);
        assert_eq!(read(&body).unwrap_err(), error);
    }
}

#[test]
fn what_is_wrong_inside_is_named_where_it_is_translated() {
    for (blocks, error) in [
        (r#"{"text":"x"}"#, "type: Required"),
        (
            r#"{"type":"smell"}"#,
            "type: Expected one of text, image, document, search_result, tool_result, received string \"smell\"",
        ),
        (r#"{"type":"text","text":7}"#, "text: Expected string, received number 7"),
        (r#"{"type":"image"}"#, "source: Required"),
        (
            r#"{"type":"image","source":{"type":"base64","data":"x"}}"#,
            "source.media_type: Required",
        ),
        (
            r#"{"type":"image","source":{"type":"ftp"}}"#,
            "source.type: Expected one of base64, url, file, received string \"ftp\"",
        ),
        (r#"{"type":"tool_result"}"#, "tool_use_id: Required"),
        (
            r#"{"type":"tool_result","tool_use_id":"c","content":[{"type":"video"}]}"#,
            "content.0.type: Expected one of text, image, document, search_result, received string \"video\"",
        ),
        (
            r#"{"type":"text","text":"x","cache_control":"1h"}"#,
            "cache_control: Expected object, received string \"1h\"",
        ),
    ] {
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{blocks}]}}]}}"#);
        assert_eq!(chat(&body).unwrap_err(), format!("messages.0.content.0.{error}"));
    }
    let assistant =
        r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"c"}]}]}"#;
    assert_eq!(chat(assistant).unwrap_err(), "messages.0.content.0.name: Required");
}

#[test]
fn deep_nesting_is_neither_followed_nor_fatal() {
    let deep = format!(r#"{}"x"{}"#, r#"{"content":["#.repeat(50), "]}".repeat(50));
    let body = format!(r#"{{"messages":[{{"role":"user","content":[{deep}]}}]}}"#);
    assert!(read(&body).is_ok());
    assert!(chat(&body).is_err());
}

//! Requests, as the gateway surveys and translates them.

use crate::chat::Survey;
use crate::translation::testing::{self, call};
use crate::{Address, Call, Dialect};
use bytes::Bytes;

fn chat(body: &str) -> (String, Vec<String>) {
    testing::chat(Dialect::Gemini, body).unwrap()
}

fn translated(body: &str) -> String {
    chat(body).0
}

fn refused(body: &str) -> String {
    testing::chat(Dialect::Gemini, body).unwrap_err()
}

/// Members that follow where nothing is said of thoughts.
const HIDDEN: &str = r#""reasoning":{"exclude":true}}"#;

#[test]
fn text_becomes_messages() {
    for (body, messages) in [
        (
            r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#,
            r#"[{"role":"user","content":"hi"}]"#,
        ),
        (
            r#"{"contents":{"parts":{"text":"hi"}},"system_instruction":{"parts":{"text":"Be brief."}}}"#,
            r#"[{"role":"system","content":"Be brief."},{"role":"user","content":"hi"}]"#,
        ),
        (
            r#"{"systemInstruction":{"role":"user","parts":[{"text":"A"},{"text":"B"}]},"contents":[{"parts":[{"text":"x\n"},{"text":""},{"text":"y"}]},{"role":"model","parts":[{"text":"z"}]}]}"#,
            r#"[{"role":"system","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]},{"role":"user","content":[{"type":"text","text":"x\n"},{"type":"text","text":"y"}]},{"role":"assistant","content":"z"}]"#,
        ),
        (
            r#"{"contents":[{"role":"user","parts":[{"text":"run"}]},{"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"print(1)"}},{"codeExecutionResult":{"outcome":"OUTCOME_OK","output":"1\n"}},{"text":"It is 1."}]}]}"#,
            r#"[{"role":"user","content":"run"},{"role":"assistant","content":"\n```python\nprint(1)\n```\n\n```\n1\n```\nIt is 1."}]"#,
        ),
    ] {
        assert_eq!(translated(body), format!(r#"{{"messages":{messages},{HIDDEN}"#));
    }
}

#[test]
fn media_become_parts() {
    let body = r#"{"contents":[{"role":"user","parts":[
        {"inlineData":{"mimeType":"image/png","data":"-_-_"}},
        {"inline_data":{"mime_type":"audio/mpeg","data":"AAAA"}},
        {"inlineData":{"mimeType":"application/pdf","data":"JVBE","displayName":"a.pdf"}},
        {"inlineData":{"mimeType":"video/mp4","data":"AAA"}},
        {"fileData":{"mimeType":"image/webp","fileUri":"https://x/y"},"mediaResolution":{"level":"MEDIA_RESOLUTION_HIGH"}},
        {"fileData":{"fileUri":"https://www.youtube.com/watch?v=1"},"videoMetadata":{"fps":1}},
        {"file_data":{"mime_type":"application/pdf","file_uri":"gs://b/c.pdf"}}]}]}"#;
    let (text, lost) = chat(body);
    let expected = r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,+/+/"}},{"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}},{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}},{"type":"video_url","video_url":{"url":"data:video/mp4;base64,AAA="}},{"type":"image_url","image_url":{"url":"https://x/y","detail":"high"}},{"type":"video_url","video_url":{"url":"https://www.youtube.com/watch?v=1"}},{"type":"file","file":{"filename":"document.pdf","file_data":"gs://b/c.pdf"}}]}],"#;
    assert_eq!(text, format!("{expected}{HIDDEN}"));
    assert_eq!(lost, ["contents.parts.videoMetadata"]);
}

#[test]
fn calls_and_results_are_matched() {
    let body = r#"{"contents":[
        {"role":"user","parts":[{"text":"weather?"}]},
        {"role":"model","parts":[{"functionCall":{"name":"w","args":{"c":"P"}}},{"functionCall":{"name":"w","args":{"c":"R"}}},{"functionCall":{"id":"mine","name":"now"}}]},
        {"role":"user","parts":[{"text":"and?"}]},
        {"role":"function","parts":[
            {"functionResponse":{"id":"mine","name":"now","response":{"result":"noon"}}},
            {"function_response":{"name":"w","response":{"output":"sun"}}},
            {"functionResponse":{"name":"w","response":{"error":"no such town"},"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}}]},
        {"role":"model","parts":[{"functionCall":{"name":"w","args":{}}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"w","response":{"result":"{\"a\":1}"}}}]}]}"#;
    let expected = r#"{"messages":[{"role":"user","content":"weather?"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_0","type":"function","function":{"name":"w","arguments":"{\"c\":\"P\"}"}},{"id":"call_1","type":"function","function":{"name":"w","arguments":"{\"c\":\"R\"}"}},{"id":"mine","type":"function","function":{"name":"now","arguments":"{}"}}]},{"role":"tool","content":"noon","tool_call_id":"mine"},{"role":"tool","content":"{\"output\":\"sun\"}","tool_call_id":"call_0"},{"role":"tool","content":[{"type":"text","text":"{\"error\":\"no such town\"}"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}],"tool_call_id":"call_1","is_error":true},{"role":"user","content":"and?"},{"role":"assistant","content":null,"tool_calls":[{"id":"call_2","type":"function","function":{"name":"w","arguments":"{}"}}]},{"role":"tool","content":"{\"result\":\"{\\\"a\\\":1}\"}","tool_call_id":"call_2"}],"#;
    assert_eq!(translated(body), format!("{expected}{HIDDEN}"));
}

#[test]
fn signatures_become_sealed_details() {
    let body = r#"{"contents":[{"parts":[{"text":"count"}]},
        {"role":"model","parts":[{"text":"Cou","thought":true}]},
        {"role":"model","parts":[{"text":"nt.","thought":true}]},
        {"role":"model","parts":[{"text":"Let me."}]},
        {"role":"model","parts":[{"text":"","thoughtSignature":"c2lnMA=="}]},
        {"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thought_signature":"c2lnMQ=="},{"functionCall":{"id":"b","name":"f","args":{}}}]},
        {"role":"model","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"},"thoughtSignature":"aW1n"}]}]}"#;
    let expected = r#"{"messages":[{"role":"user","content":"count"},{"role":"assistant","content":"Let me.","reasoning":"Count.","reasoning_details":[{"type":"reasoning.text","text":"Count.","format":"google-gemini-v1","index":0},{"type":"reasoning.encrypted","data":"c2lnMA==","format":"google-gemini-v1","index":1},{"type":"reasoning.encrypted","data":"c2lnMQ==","id":"call_0","format":"google-gemini-v1","index":2},{"type":"reasoning.encrypted","data":"aW1n","id":"image_0","format":"google-gemini-v1","index":3}],"tool_calls":[{"id":"call_0","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}],"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}],"#;
    assert_eq!(translated(body), format!("{expected}{HIDDEN}"));
}

#[test]
fn tools_become_functions() {
    let contents = r#""contents":[{"parts":[{"text":"hi"}]}]"#;
    let tools = |config: &str| {
        let body = format!(
            r#"{{{contents},"tools":[{{"functionDeclarations":[{{"name":"f","description":"does f","parameters":{{"type":"OBJECT","properties":{{"b":{{"type":"STRING"}},"a":{{"type":"INTEGER"}}}},"required":["b"]}}}},{{"name":"g","parametersJsonSchema":{{"type":"object", "x":1}}}},{{"name":"h"}}]}},{{"google_search":{{}}}}]{config}}}"#
        );
        let (text, lost) = chat(&body);
        assert_eq!(lost, ["tools.googleSearch"]);
        let (_, rest) = text.split_once(r#""tools":"#).unwrap();
        rest.strip_suffix(&format!(",{HIDDEN}")).unwrap().to_owned()
    };
    let f = r#"{"type":"function","function":{"name":"f","description":"does f","parameters":{"type":"object","properties":{"b":{"type":"string"},"a":{"type":"integer"}},"required":["b"]}}}"#;
    let g = r#"{"type":"function","function":{"name":"g","parameters":{"type":"object", "x":1}}}"#;
    let h = r#"{"type":"function","function":{"name":"h"}}"#;
    assert_eq!(tools(""), format!("[{f},{g},{h}]"));
    for (config, expected) in [
        (r#"{"mode":"AUTO"}"#, format!(r#"[{f},{g},{h}],"tool_choice":"auto""#)),
        (r#"{"mode":"none"}"#, format!(r#"[{f},{g},{h}],"tool_choice":"none""#)),
        (r#"{"mode":"ANY"}"#, format!(r#"[{f},{g},{h}],"tool_choice":"required""#)),
        (
            r#"{"mode":"ANY","allowedFunctionNames":["g"]}"#,
            format!(
                r#"[{f},{g},{h}],"tool_choice":{{"type":"function","function":{{"name":"g"}}}}"#
            ),
        ),
        (
            r#"{"mode":"ANY","allowed_function_names":["h","f"]}"#,
            format!(r#"[{f},{h}],"tool_choice":"required""#),
        ),
        (
            r#"{"mode":"VALIDATED","allowedFunctionNames":["h"]}"#,
            format!(r#"[{h}],"tool_choice":"auto""#),
        ),
    ] {
        let config = format!(r#","toolConfig":{{"functionCallingConfig":{config}}}"#);
        assert_eq!(tools(&config), expected);
    }
}

#[test]
fn validated_calls_are_strict_where_the_schema_leaves_nothing_open() {
    let shut = r#"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{},"additionalProperties":false}}},"required":["a"],"additionalProperties":false}"#;
    for (schema, is_strict) in [
        (shut.to_owned(), true),
        (r#"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}"#.to_owned(), false),
        (r#"{"type":"object","properties":{},"required":[]}"#.to_owned(), false),
        (shut.replace(r#""properties":{},"additionalProperties":false"#, r#""properties":{}"#), false),
        (shut.replace(r#""type":"object""#, r#""type":["object","null"]"#), true),
    ] {
        for (parameters, mode) in [
            ("parameters", "VALIDATED"),
            ("parametersJsonSchema", "validated"),
            ("parametersJsonSchema", "AUTO"),
        ] {
            let (text, lost) = chat(&format!(
                r#"{{"contents":[{{"parts":[{{"text":"hi"}}]}}],"tools":[{{"functionDeclarations":[{{"name":"f","{parameters}":{schema}}}]}}],"toolConfig":{{"functionCallingConfig":{{"mode":"{mode}"}}}}}}"#
            ));
            let wants = mode != "AUTO";
            assert_eq!(text.contains(r#""strict":true}"#), wants && is_strict, "{text}");
            let named = ["toolConfig.functionCallingConfig.mode"];
            assert_eq!(lost, if wants && !is_strict { &named[..] } else { &[] }, "{text}");
        }
    }
}

/// `generationConfig`, what stands for it in chat behind the messages, and what is lost.
const CONFIGS: &[(&str, &str, &[&str])] = &[
    (
        r#"{"temperature":0.5,"topP":0.9,"topK":40.0,"maxOutputTokens":100,"stopSequences":["a","b"],"candidateCount":1,"seed":7,"presencePenalty":1,"frequencyPenalty":-1,"responseLogprobs":true,"logprobs":3}"#,
        r#""temperature":0.5,"top_p":0.9,"top_k":40.0,"max_tokens":100,"seed":7,"presence_penalty":1,"frequency_penalty":-1,"logprobs":true,"top_logprobs":3,"stop":["a","b"],"reasoning":{"exclude":true}}"#,
        &[],
    ),
    (
        r#"{"max_output_tokens":1,"stop_sequences":["1","2","3","4","5"],"audioTimestamp":true}"#,
        r#""max_tokens":1,"stop":["1","2","3","4"],"reasoning":{"exclude":true}}"#,
        &["generationConfig.stopSequences", "generationConfig.audioTimestamp"],
    ),
    (
        r#"{"responseMimeType":"application/json"}"#,
        r#""response_format":{"type":"json_object"},"reasoning":{"exclude":true}}"#,
        &[],
    ),
    (
        r#"{"response_mime_type":"application/json","response_schema":{"type":"ARRAY","items":{"type":"STRING"}}}"#,
        r#""response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"array","items":{"type":"string"}}}},"reasoning":{"exclude":true}}"#,
        &[],
    ),
    (
        r#"{"responseMimeType":"application/json","responseJsonSchema":{"type":"object", "b":1,"a":2}}"#,
        r#""response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object", "b":1,"a":2}}},"reasoning":{"exclude":true}}"#,
        &[],
    ),
    (
        r#"{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a"]}}"#,
        r#""reasoning":{"exclude":true}}"#,
        &["generationConfig.responseMimeType"],
    ),
    (
        r#"{"responseModalities":["TEXT","IMAGE"],"imageConfig":{"aspectRatio":"16:9"},"mediaResolution":"MEDIA_RESOLUTION_LOW"}"#,
        r#""modalities":["text","image"],"image_config":{"aspect_ratio":"16:9"},"reasoning":{"exclude":true}}"#,
        &[],
    ),
    (
        r#"{"responseModalities":["AUDIO"],"speechConfig":{"languageCode":"de-DE","voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}}}"#,
        r#""modalities":["audio"],"audio":{"voice":"Kore","format":"pcm16"},"reasoning":{"exclude":true}}"#,
        &["generationConfig.speechConfig.languageCode"],
    ),
    (r#"{"thinkingConfig":{"includeThoughts":true}}"#, r#""reasoning":{}}"#, &[]),
    (r#"{"thinkingConfig":{"thinkingBudget":-1}}"#, r#""reasoning":{"exclude":true}}"#, &[]),
    (
        r#"{"thinkingConfig":{"thinkingBudget":0}}"#,
        r#""reasoning":{"enabled":false,"exclude":true}}"#,
        &[],
    ),
    (
        r#"{"thinking_config":{"thinking_budget":512,"include_thoughts":true}}"#,
        r#""reasoning":{"max_tokens":512}}"#,
        &[],
    ),
    (
        r#"{"thinkingConfig":{"thinkingLevel":"HIGH"}}"#,
        r#""reasoning":{"effort":"high","exclude":true}}"#,
        &[],
    ),
];

#[test]
fn parameters_are_translated() {
    for (config, expected, lost) in CONFIGS {
        let body = format!(
            r#"{{"contents":[{{"parts":[{{"text":"hi"}}]}}],"generationConfig":{config}}}"#
        );
        let (text, left_out) = chat(&body);
        let expected = format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],{expected}"#);
        assert_eq!(text, expected, "{config}");
        let mut left_out = left_out;
        left_out.sort();
        let mut lost = lost.to_vec();
        lost.sort_unstable();
        assert_eq!(left_out, lost, "{config}");
    }
}

#[test]
fn other_members_are_passed_on_or_named() {
    let body = r#"{"contents":[{"parts":[{"text":"hi"}]}],"serviceTier":"standard","safetySettings":[],"cached_content":"x","labels":{},"user":"me","provider":{"sort":"price"},"reasoning":{"effort":"low"},"temperature":1,"generationConfig":{"temperature":0},"odd\"key":1,"messages":[]}"#;
    let (text, lost) = chat(body);
    assert_eq!(
        text,
        r#"{"provider":{"sort":"price"},"messages":[{"role":"user","content":"hi"}],"temperature":0,"service_tier":"default","user":"me","reasoning":{"effort":"low"},"odd\"key":1}"#
    );
    assert_eq!(lost, ["safetySettings", "cachedContent", "labels"]);
    let call = call(Dialect::Gemini, body).unwrap();
    assert_eq!(call.params().user.as_deref(), Some("me"));
    assert_eq!(call.params().service_tier.as_deref(), Some("default"));
}

#[test]
fn a_request_is_surveyed() {
    let body = r#"{"contents":[{"role":"user","parts":[{"text":"what?"},{"inlineData":{"mimeType":"image/png","data":"AAAA"}},{"fileData":{"mimeType":"image/png","fileUri":"https://x"}},{"inlineData":{"mimeType":"audio/wav","data":"AAAA"}},{"inlineData":{"mimeType":"application/pdf","data":"AAAA"}},{"fileData":{"fileUri":"https://youtu.be/x"}}]},
        {"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"text":"noon"},"parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}}]},
        {"role":"model","parts":[{"text":"So","thoughtSignature":"dG9sbGdhdGU6e30="}]}],
        "systemInstruction":{"parts":[{"text":"Be brief."}]},
        "tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"}]},{"googleSearch":{}}],
        "toolConfig":{"functionCallingConfig":{"mode":"ANY"}},
        "generationConfig":{"maxOutputTokens":5,"temperature":1,"stopSequences":["x"],"responseModalities":["IMAGE"],"responseMimeType":"application/json","thinkingConfig":{"thinkingBudget":5}},
        "min_p":0.1}"#;
    let address =
        Address { model: Some("a/b".to_owned()), stream: Some(true), ..Address::default() };
    let call = Call::read(Dialect::Gemini, Bytes::from_static(body.as_bytes()), address).unwrap();
    assert_eq!(
        *call.survey(),
        Survey {
            messages: 4,
            // Text, the call, and two declarations.
            text_bytes: 7 + 15 + 4 + 11 + 22 + 12 + 12,
            images: 3,
            remote_images: true,
            audio: true,
            files: true,
            video: true,
            tools: 2,
            extensions: true,
            tool_media: true,
            prefill: true,
            ..Survey::default()
        }
    );
    assert_eq!(
        call.parameters(),
        [
            "min_p",
            "temperature",
            "max_tokens",
            "stop",
            "response_format",
            "reasoning",
            "tools",
            "tool_choice"
        ]
    );
    let params = call.params();
    assert_eq!(params.model.as_deref(), Some("a/b"));
    assert_eq!((params.stream, params.max_tokens), (true, Some(5)));
    assert_eq!(params.modalities, ["image"]);
    assert!(params.reasoning.requested && !params.reasoning.exclude);
    assert!(call.chat().unwrap().params().reasoning.exclude);
}

/// Requests that can't be taken, and why.
const REFUSED: &[(&str, &str)] = &[
    ("{}", "contents: Required"),
    (r#"{"contents":[]}"#, "contents: Array must contain at least 1 element"),
    (r#"{"contents":"hi"}"#, "contents: Expected array, received string \"hi\""),
    (
        r#"{"contents":[{"role":"system","parts":[]}]}"#,
        "contents.0.role: Expected one of user, model, function, received string \"system\"",
    ),
    (r#"{"contents":[{"parts":[7]}]}"#, "contents.0.parts.0: Expected object, received number 7"),
    (
        r#"{"contents":[{"parts":[{"text":7}]}]}"#,
        "contents.0.parts.0: invalid type: integer `7`, expected a string",
    ),
    (
        r#"{"contents":[{"parts":[{"text":"x"},{}]}]}"#,
        "contents.0.parts.1: Expected one of text, inlineData, fileData, functionCall, functionResponse, executableCode, codeExecutionResult",
    ),
    (
        r#"{"contents":[{"parts":[{"inlineData":{"data":"x"}}]}]}"#,
        "contents.0.parts.0: missing field `mimeType`",
    ),
    (
        r#"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":[1]}}]}]}"#,
        "contents.0.parts.0.functionCall.args: Expected object, received array",
    ),
    (
        r#"{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"temperature":3}}"#,
        "generationConfig.temperature: Number must be at least 0 and at most 2, received 3",
    ),
    (
        r#"{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"candidateCount":2}}"#,
        "generationConfig.candidateCount: Only one choice per request is supported; send n requests instead",
    ),
    (
        r#"{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":1,"thinkingLevel":"low"}}}"#,
        "generationConfig.thinkingConfig: Only one of thinkingLevel and thinkingBudget can be specified",
    ),
    (
        r#"{"contents":[{"parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{}]}]}"#,
        "tools.0.functionDeclarations.0: missing field `name`",
    ),
    (
        r#"{"contents":[{"parts":[{"text":"hi"}]}],"tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"SOME"}}}"#,
        "toolConfig.functionCallingConfig.mode: Expected one of AUTO, ANY, NONE, VALIDATED, received \"SOME\"",
    ),
    (
        r#"{"contents":[{"parts":[{"text":"hi"}]}],"tools":[],"generation_config":{},"system_instruction":"x","systemInstruction":"y"}"#,
        "systemInstruction: Given more than once",
    ),
];

#[test]
fn what_is_wrong_is_named() {
    for (body, message) in REFUSED {
        assert_eq!(refused(body), *message, "{body}");
    }
}

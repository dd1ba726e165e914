//! Answers are written as the contract has them.

use bytes::Bytes;
use tollgate_types::Usage;

use super::support::{form, head, raw, read, rendered, text};
use crate::operation::{
    GeneratedImage, ModerationVerdict, Operation, OperationAnswer, OperationContent, Ranked,
    Segment, SpeechAnswer, Transcript, Vector, Word,
};

const COST_DETAILS: &str = r#""cost_details":{"upstream_inference_cost":0.0000012,"upstream_inference_prompt_cost":0.0000009,"upstream_inference_completions_cost":0.0000003}"#;

fn json(rendered: crate::operation::Rendered) -> String {
    let (media_type, text) = text(rendered);
    assert_eq!(media_type, "application/json");
    text
}

#[test]
fn vectors_are_written_in_the_clients_encoding() {
    let vectors = || {
        vec![
            Vector::Numbers(raw("[0.10000000149011612, -2e0]")),
            Vector::of_floats(&[0.1, -2.0]),
            Vector::Numbers(raw(r#"["broken"]"#)),
            Vector::Base64("broke?".to_owned()),
        ]
    };
    let usage = Usage { prompt_tokens: 9, ..Usage::default() };
    let base64 = r#""zczMPQAAAMA=""#;
    for (format, first, second) in
        [("float", "[0.10000000149011612, -2e0]", "[0.1,-2.0]"), ("base64", base64, base64)]
    {
        let body = format!(r#"{{"input":"x","encoding_format":"{format}"}}"#);
        let call = read(Operation::Embeddings, &body);
        let expected = format!(
            r#"{{"id":"gen-1-x","object":"list","model":"a/b","provider":"Acme","data":[{{"object":"embedding","index":0,"embedding":{first}}},{{"object":"embedding","index":1,"embedding":{second}}},{{"object":"embedding","index":2,"embedding":["broken"]}},{{"object":"embedding","index":3,"embedding":"broke?"}}],"usage":{{"prompt_tokens":9,"total_tokens":9,"cost":0.0000012,{COST_DETAILS},"is_byok":false}}}}"#
        );
        assert_eq!(json(rendered(&call, OperationContent::Embeddings(vectors()), usage)), expected);
    }
}

#[test]
fn kinds_of_tokens_are_told_when_there_are_two() {
    let call = read(Operation::Embeddings, r#"{"input":"x"}"#);
    for (usage, details) in [
        (Usage { prompt_tokens: 9, ..Usage::default() }, ""),
        (Usage { prompt_tokens: 9, image_prompt_tokens: 9, ..Usage::default() }, ""),
        (
            Usage { prompt_tokens: 9, image_prompt_tokens: 5, ..Usage::default() },
            r#","prompt_tokens_details":{"text_tokens":4,"image_tokens":5}"#,
        ),
        (
            Usage {
                prompt_tokens: 9,
                audio_prompt_tokens: 5,
                video_prompt_tokens: 4,
                ..Usage::default()
            },
            r#","prompt_tokens_details":{"audio_tokens":5,"video_tokens":4}"#,
        ),
    ] {
        let expected = format!(
            r#"{{"id":"gen-1-x","object":"list","model":"a/b","provider":"Acme","data":[],"usage":{{"prompt_tokens":9,"total_tokens":9,"cost":0.0000012,{COST_DETAILS},"is_byok":false{details}}}}}"#
        );
        assert_eq!(
            json(rendered(&call, OperationContent::Embeddings(Vec::new()), usage)),
            expected
        );
    }
}

#[test]
fn what_is_estimated_or_unpriced_is_marked() {
    let call = read(Operation::Embeddings, r#"{"input":"x"}"#);
    let usage = call.measured();
    let view = crate::chat::UsageView { usage, unpriced: true, ..super::support::reported(usage) };
    let content = OperationContent::Embeddings(Vec::new());
    let answer = OperationAnswer { content, usage, upstream_id: None };
    let json = json(answer.render(&call, &head(), &view));
    assert!(
        json.ends_with(r#""is_byok":false,"is_estimated":true,"is_unpriced":true}}"#),
        "{json}"
    );
}

#[test]
fn ranks_are_sorted_cut_and_have_their_documents() {
    let rank = |index, relevance_score| Ranked { index, relevance_score };
    let ranked =
        || OperationContent::Rerank(vec![rank(0, 0.1), rank(2, 0.5), rank(9, 0.9), rank(1, 0.3)]);
    let documents = r#""documents":["one",{"text":"two","image":"https://x.test/a"},{"image":"data:image/png;base64,AAAA"}]"#;
    let third =
        r#"{"index":2,"relevance_score":0.5,"document":{"image":"data:image/png;base64,AAAA"}}"#;
    let second =
        r#"{"index":1,"relevance_score":0.3,"document":{"text":"two","image":"https://x.test/a"}}"#;
    let first = r#"{"index":0,"relevance_score":0.1,"document":{"text":"one"}}"#;
    for (top, usage, results, counts) in [
        ("", Usage::default(), format!("{third},{second},{first}"), ""),
        (
            r#","top_n":2"#,
            Usage { search_units: 1, ..Usage::default() },
            format!("{third},{second}"),
            r#","search_units":1"#,
        ),
        (
            r#","top_n":7"#,
            Usage { prompt_tokens: 12, ..Usage::default() },
            format!("{third},{second},{first}"),
            r#","total_tokens":12"#,
        ),
    ] {
        let call = read(Operation::Rerank, &format!(r#"{{"query":"q",{documents}{top}}}"#));
        let expected = format!(
            r#"{{"id":"gen-1-x","model":"a/b","provider":"Acme","results":[{results}],"usage":{{"cost":0.0000012{counts}}}}}"#
        );
        assert_eq!(json(rendered(&call, ranked(), usage)), expected);
    }
}

#[test]
fn speech_is_its_bytes() {
    let call = read(Operation::Speech, r#"{"input":"x"}"#);
    let sound = SpeechAnswer {
        media_type: "audio/mpeg".to_owned(),
        audio: Bytes::from_static(&[0xff, 0xfb, 0]),
    };
    let rendered = rendered(&call, OperationContent::Speech(sound), Usage::default());
    assert_eq!(
        (rendered.media_type.as_str(), &rendered.body[..]),
        ("audio/mpeg", &[0xff, 0xfb, 0][..])
    );
}

fn transcript() -> Transcript {
    let segment = |json: &str| serde_json::from_str::<Segment>(json).unwrap();
    Transcript {
        text: "Hi there. A < B".to_owned(),
        language: Some("english".to_owned()),
        duration: Some(3_723.5),
        segments: vec![
            segment(
                r#"{"id":0,"start":0.0,"end":1.25,"text":" Hi\n\nthere.","speaker":1,"avg_logprob":-0.5}"#,
            ),
            segment(r#"{"id":1,"start":1.25,"end":3723.5,"text":"A < B","speaker":"Ann"}"#),
        ],
        words: vec![Word { word: "Hi".to_owned(), start: 0.0, end: 0.5, speaker: None }],
    }
}

#[test]
fn transcripts_are_written_in_every_form() {
    const USAGE: &str = r#""usage":{"seconds":3723.5,"input_tokens":4,"output_tokens":3,"total_tokens":7,"cost":0.0000012}"#;
    const HEAD: &str =
        r#"{"task":"transcribe","language":"english","duration":3723.5,"text":"Hi there. A < B""#;
    const SEGMENTS: &str = r#","segments":[{"id":0,"start":0.0,"end":1.25,"text":" Hi\n\nthere.","speaker":1,"avg_logprob":-0.5},{"id":1,"start":1.25,"end":3723.5,"text":"A < B","speaker":"Ann"}]"#;
    const WORDS: &str = r#","words":[{"word":"Hi","start":0.0,"end":0.5}]"#;
    let usage = Usage {
        prompt_tokens: 4,
        completion_tokens: 3,
        prompt_audio_milliseconds: 3_723_500,
        ..Usage::default()
    };
    let plain = "text/plain; charset=utf-8";
    for (fields, media_type, expected) in [
        ("{}", "application/json", format!(r#"{{"text":"Hi there. A < B",{USAGE}}}"#)),
        (
            r#"{"response_format":"verbose_json"}"#,
            "application/json",
            format!("{HEAD}{SEGMENTS},{USAGE}}}"),
        ),
        (
            r#"{"response_format":"verbose_json","timestamp_granularities":["word"]}"#,
            "application/json",
            format!("{HEAD}{WORDS},{USAGE}}}"),
        ),
        (
            r#"{"response_format":"verbose_json","timestamp_granularities":["word","segment"]}"#,
            "application/json",
            format!("{HEAD}{SEGMENTS}{WORDS},{USAGE}}}"),
        ),
        (r#"{"response_format":"text"}"#, plain, "Hi there. A < B\n".to_owned()),
        (
            r#"{"response_format":"srt"}"#,
            plain,
            "1\n00:00:00,000 --> 00:00:01,250\nHi\nthere.\n\n2\n00:00:01,250 --> 01:02:03,500\nA < B\n\n".to_owned(),
        ),
        (
            r#"{"response_format":"vtt"}"#,
            "text/vtt; charset=utf-8",
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.250\nHi\nthere.\n\n00:00:01.250 --> 01:02:03.500\nA &lt; B\n\n".to_owned(),
        ),
    ] {
        let call = form(fields).unwrap();
        let content = OperationContent::Transcription(transcript());
        assert_eq!(text(rendered(&call, content, usage)), (media_type.to_owned(), expected), "{fields}");
    }
}

#[test]
fn a_bare_transcript_is_enough() {
    let bare = || {
        OperationContent::Transcription(Transcript {
            text: "Hi".to_owned(),
            ..Transcript::default()
        })
    };
    let verbose = form(r#"{"response_format":"verbose_json"}"#).unwrap();
    assert_eq!(
        json(rendered(&verbose, bare(), Usage::default())),
        r#"{"task":"transcribe","text":"Hi","segments":[],"usage":{"cost":0.0000012}}"#
    );
    // Without segments there is one subtitle as long as the recording.
    let srt = form(r#"{"response_format":"srt"}"#).unwrap();
    let (_, written) = text(rendered(&srt, bare(), srt.measured()));
    assert_eq!(written, "1\n00:00:00,000 --> 00:00:01,000\nHi\n\n");
    let empty = OperationContent::Transcription(Transcript::default());
    assert_eq!(text(rendered(&srt, empty, Usage::default())).1, "");
}

#[test]
fn words_become_subtitles() {
    let word = |word: &str, start: f64, end: f64| Word {
        word: word.to_owned(),
        start,
        end,
        speaker: None,
    };
    let words = vec![
        word("one", 0.0, 0.5),
        word("two", 0.5, 1.0),
        word("three", 6.5, 8.0),
        word(&"x".repeat(82), 8.0, 8.5),
        word("f", f64::NAN, -1.0),
    ];
    let content = OperationContent::Transcription(Transcript { words, ..Transcript::default() });
    let srt = form(r#"{"response_format":"srt"}"#).unwrap();
    let long = "x".repeat(82);
    assert_eq!(
        text(rendered(&srt, content, Usage::default())).1,
        format!(
            "1\n00:00:00,000 --> 00:00:01,000\none two\n\n2\n00:00:06,500 --> 00:00:08,000\nthree\n\n3\n00:00:08,000 --> 00:00:08,000\n{long} f\n\n"
        )
    );
}

#[test]
fn pictures_are_base64() {
    let call = read(Operation::Image, r#"{"prompt":"x"}"#);
    let picture = |media_type: Option<&str>| GeneratedImage {
        data: "AAAA".to_owned(),
        media_type: media_type.map(str::to_owned),
    };
    let usage = Usage {
        prompt_tokens: 4,
        completion_tokens: 9,
        image_completion_tokens: 9,
        ..Usage::default()
    };
    let content = OperationContent::Image(vec![picture(Some("image/png")), picture(None)]);
    assert_eq!(
        json(rendered(&call, content, usage)),
        format!(
            r#"{{"created":1,"data":[{{"b64_json":"AAAA","media_type":"image/png"}},{{"b64_json":"AAAA"}}],"usage":{{"prompt_tokens":4,"completion_tokens":9,"total_tokens":13,"cost":0.0000012,"is_byok":false,"prompt_tokens_details":{{"cached_tokens":0,"cache_write_tokens":0,"audio_tokens":0,"video_tokens":0}},{COST_DETAILS},"completion_tokens_details":{{"reasoning_tokens":0,"image_tokens":9,"audio_tokens":0}}}}}}"#
        )
    );
}

#[test]
fn judgements_are_openais() {
    let call = read(Operation::Moderation, r#"{"input":["x","y"]}"#);
    let verdict = |flagged, types: Option<&str>| ModerationVerdict {
        flagged,
        categories: raw(r#"{"hate":true}"#),
        category_scores: raw(r#"{"hate":0.90}"#),
        category_applied_input_types: types.map(raw),
    };
    let types = r#"{"hate":["text"]}"#;
    let content =
        OperationContent::Moderation(vec![verdict(true, Some(types)), verdict(false, None)]);
    assert_eq!(
        json(rendered(&call, content, Usage::default())),
        format!(
            r#"{{"id":"gen-1-x","model":"a/b","results":[{{"flagged":true,"categories":{{"hate":true}},"category_scores":{{"hate":0.90}},"category_applied_input_types":{types}}},{{"flagged":false,"categories":{{"hate":true}},"category_scores":{{"hate":0.90}}}}],"usage":{{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0,"cost":0.0000012,"is_byok":false,"prompt_tokens_details":{{"cached_tokens":0,"cache_write_tokens":0,"audio_tokens":0,"video_tokens":0}},{COST_DETAILS},"completion_tokens_details":{{"reasoning_tokens":0,"image_tokens":0,"audio_tokens":0}}}}}}"#
        )
    );
}

#[test]
fn content_names_its_operation() {
    let contents = [
        OperationContent::Embeddings(Vec::new()),
        OperationContent::Rerank(Vec::new()),
        OperationContent::Speech(SpeechAnswer { media_type: String::new(), audio: Bytes::new() }),
        OperationContent::Transcription(Transcript::default()),
        OperationContent::Image(Vec::new()),
        OperationContent::Moderation(Vec::new()),
    ];
    assert_eq!(contents.map(|content| content.operation()), Operation::ALL);
}

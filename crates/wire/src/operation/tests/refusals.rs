//! What is wrong with a request is named.

use super::support::{form, tried};
use crate::operation::Operation;

fn refused(operation: Operation, cases: &[(&str, &str)]) {
    for (body, message) in cases {
        assert_eq!(tried(operation, body).map(|_| ()), Err((*message).to_owned()), "{body}");
    }
}

#[test]
fn members_of_every_operation_are_checked() {
    for operation in Operation::ALL {
        refused(
            operation,
            &[
                ("", "Request body is empty; send a JSON object"),
                (r#"{"model":7}"#, "model: Expected string, received number 7"),
                (r#"{"models":"x"}"#, "models: Expected array of strings, received string \"x\""),
                (r#"{"user":{}}"#, "user: Expected string, received object"),
                (r#"{"provider":"x"}"#, "provider: Expected object, received string \"x\""),
                (r#"{"user":"a","user":"b"}"#, "user: Given more than once"),
            ],
        );
    }
}

#[test]
fn embeddings_are_checked() {
    const INPUT: &str = "input: Expected string, array of strings, array of tokens, array of arrays of tokens or array of objects with content, received";
    let many = format!(r#"{{"input":[{}"x"]}}"#, r#""x","#.repeat(2_048));
    refused(
        Operation::Embeddings,
        &[
            ("{}", "input: Required"),
            (r#"{"input":null}"#, "input: Required"),
            (r#"{"input":""}"#, "input: String must contain at least 1 character"),
            (r#"{"input":[]}"#, "input: Array must contain at least 1 element"),
            (r#"{"input":7}"#, &format!("{INPUT} number 7")),
            (r#"{"input":{}}"#, &format!("{INPUT} object")),
            (&many, "input: Array must contain at most 2048 elements, received 2049"),
            (r#"{"input":["a",""]}"#, "input.1: String must contain at least 1 character"),
            (
                r#"{"input":["a",7]}"#,
                "input.1: Expected string, array of tokens or object with content, received number 7",
            ),
            (
                r#"{"input":[1,-2]}"#,
                "input.1: Expected token, an integer of at least 0, received number -2",
            ),
            (
                r#"{"input":[1,"a"]}"#,
                "input.1: Expected token, an integer of at least 0, received string \"a\"",
            ),
            (
                r#"{"input":[[1],[1.5]]}"#,
                "input.1.0: Expected token, an integer of at least 0, received number 1.5",
            ),
            (r#"{"input":[[]]}"#, "input.0: Array must contain at least 1 element"),
            (
                r#"{"input":"x","dimensions":0}"#,
                "dimensions: Number must be at least 1 and at most 65536, received 0",
            ),
            (
                r#"{"input":"x","dimensions":1.5}"#,
                "dimensions: Expected integer of at least 1, received number 1.5",
            ),
            (
                r#"{"input":"x","encoding_format":"hex"}"#,
                "encoding_format: Expected one of float, base64, received string \"hex\"",
            ),
            (r#"{"input":"x","input_type":[]}"#, "input_type: Expected string, received array"),
        ],
    );
}

#[test]
fn parts_of_embeddings_are_checked() {
    refused(
        Operation::Embeddings,
        &[
            (r#"{"input":[{}]}"#, "input.0.content: Required"),
            (
                r#"{"input":[{"content":"x"}]}"#,
                "input.0.content: Expected array, received string \"x\"",
            ),
            (
                r#"{"input":[{"content":[]}]}"#,
                "input.0.content: Array must contain at least 1 element",
            ),
            (
                r#"{"input":[{"content":["x"]}]}"#,
                "input.0.content.0: Expected object, received string \"x\"",
            ),
            (r#"{"input":[{"content":[{}]}]}"#, "input.0.content.0.type: Required"),
            (
                r#"{"input":[{"content":[{"type":"image"}]}]}"#,
                "input.0.content.0.type: Expected one of text, image_url, input_audio, input_video, input_file, file, received string \"image\"",
            ),
            (r#"{"input":[{"content":[{"type":"text"}]}]}"#, "input.0.content.0.text: Required"),
            (
                r#"{"input":[{"content":[{"type":"image_url","image_url":{}}]}]}"#,
                "input.0.content.0.image_url.url: Required",
            ),
            (
                r#"{"input":[{"content":[{"type":"image_url","image_url":{"url":"ftp://x"}}]}]}"#,
                "input.0.content.0.image_url.url: Expected http(s) URL or data URI in base64",
            ),
            (
                r#"{"input":[{"content":[{"type":"input_audio","input_audio":{"data":"?"}}]}]}"#,
                "input.0.content.0.input_audio.data: Expected base64, a data URI or an http(s) URL",
            ),
            (
                r#"{"input":[{"content":[{"type":"file","file":{"filename":"x"}}]}]}"#,
                "input.0.content.0.file.file_data: Required",
            ),
        ],
    );
}

#[test]
fn reranks_are_checked() {
    let many = format!(r#"{{"query":"x","documents":[{}"x"]}}"#, r#""x","#.repeat(10_000));
    refused(
        Operation::Rerank,
        &[
            (r#"{"documents":["x"]}"#, "query: Required"),
            (r#"{"query":7,"documents":["x"]}"#, "query: Expected string, received number 7"),
            (r#"{"query":"x"}"#, "documents: Required"),
            (
                r#"{"query":"x","documents":"y"}"#,
                "documents: Expected array, received string \"y\"",
            ),
            (r#"{"query":"x","documents":[]}"#, "documents: Array must contain at least 1 element"),
            (&many, "documents: Array must contain at most 10000 elements, received 10001"),
            (
                r#"{"query":"x","documents":[7]}"#,
                "documents.0: Expected string or object with text or image, received number 7",
            ),
            (r#"{"query":"x","documents":["y",{}]}"#, "documents.1: Needs a text or an image"),
            (
                r#"{"query":"x","documents":[{"text":7}]}"#,
                "documents.0.text: Expected string, received number 7",
            ),
            (
                r#"{"query":"x","documents":[{"image":"AAAA"}]}"#,
                "documents.0.image: Expected http(s) URL or data URI in base64",
            ),
            (
                r#"{"query":"x","documents":["y"],"top_n":0}"#,
                "top_n: Number must be at least 1, received 0",
            ),
        ],
    );
}

#[test]
fn speech_is_checked() {
    let long = format!(
        r#"{{"input":"x","input_references":[{{"type":"text","text":"{}"}}]}}"#,
        "é".repeat(10_001)
    );
    let loud = format!(
        r#"{{"input":"x","input_references":[{{"type":"input_audio","input_audio":{{"data":"{}"}}}}]}}"#,
        "A".repeat(20_971_521)
    );
    refused(
        Operation::Speech,
        &[
            ("{}", "input: Required"),
            (r#"{"input":""}"#, "input: String must contain at least 1 character"),
            (r#"{"input":["x"]}"#, "input: Expected string, received array"),
            (r#"{"input":"x","voice":""}"#, "voice: String must contain at least 1 character"),
            (
                r#"{"input":"x","response_format":"ogg"}"#,
                "response_format: Expected one of mp3, pcm, wav, opus, aac, flac, received string \"ogg\"",
            ),
            (
                r#"{"input":"x","speed":0.2}"#,
                "speed: Number must be at least 0.25 and at most 4, received 0.2",
            ),
            (r#"{"input":"x","speed":"1"}"#, "speed: Expected number, received string \"1\""),
            (
                r#"{"input":"x","stream_format":"sse"}"#,
                "stream_format: Speech is answered as audio; send \"audio\" or leave it out",
            ),
            (
                r#"{"input":"x","input_references":[{"type":"video"}]}"#,
                "input_references.0.type: Expected one of input_audio, text, received string \"video\"",
            ),
            (
                r#"{"input":"x","input_references":[{"type":"text"}]}"#,
                "input_references.0.text: Required",
            ),
            (
                r#"{"input":"x","input_references":[{"type":"input_audio","input_audio":{"data":""}}]}"#,
                "input_references.0.input_audio.data: String must contain at least 1 character",
            ),
            (&long, "input_references.0.text: String must contain at most 10000 characters"),
            (
                &loud,
                "input_references.0.input_audio.data: String must contain at most 20971520 characters",
            ),
        ],
    );
}

#[test]
fn transcriptions_are_checked() {
    let large = format!(
        r#"{{"input_audio":{{"data":"{}","format":"wav"}}}}"#,
        "A".repeat(4 * 8_738_134 + 4)
    );
    refused(
        Operation::Transcription,
        &[
            ("{}", "input_audio: Required"),
            (r#"{"input_audio":"x"}"#, "input_audio: Expected object, received string \"x\""),
            (r#"{"input_audio":{"format":"wav"}}"#, "input_audio.data: Required"),
            (r#"{"input_audio":{"data":"AAAA"}}"#, "input_audio.format: Required"),
            (
                r#"{"input_audio":{"data":"AAAA","format":"a/b"}}"#,
                "input_audio.format: Expected a format such as wav or mp3",
            ),
            (
                r#"{"input_audio":{"data":"data:audio/wav;base64,AAAA","format":"wav"}}"#,
                "input_audio.data: Expected base64, without a data URI",
            ),
            (
                r#"{"input_audio":{"data":"====","format":"wav"}}"#,
                "input_audio.data: The recording is empty",
            ),
            (&large, "input_audio.data: The recording must have at most 25 MB"),
        ],
    );
    for (fields, message) in [
        (r#"{"temperature":"warm"}"#, "temperature: Expected number, received string \"warm\""),
        (
            r#"{"temperature":"1.5"}"#,
            "temperature: Number must be at least 0 and at most 1, received 1.5",
        ),
        (
            r#"{"response_format":"xml"}"#,
            "response_format: Expected one of json, verbose_json, text, srt, vtt, received string \"xml\"",
        ),
        (
            r#"{"timestamp_granularities":["word","line"]}"#,
            "timestamp_granularities.1: Expected one of word, segment, received string \"line\"",
        ),
        (
            r#"{"timestamp_granularities":"line"}"#,
            "timestamp_granularities: Expected one of word, segment, received string \"line\"",
        ),
    ] {
        assert_eq!(form(fields).map(|_| ()), Err(message.to_owned()), "{fields}");
    }
}

#[test]
fn images_are_checked() {
    const SIZE: &str = "size: Expected one of 512, 1K, 2K, 4K, auto or WIDTHxHEIGHT with at most 16384 pixels a side, received";
    let reference = r#"{"type":"image_url","image_url":{"url":"https://x.test/a"}}"#;
    let many =
        format!(r#"{{"prompt":"x","input_references":[{}]}}"#, vec![reference; 17].join(","));
    refused(
        Operation::Image,
        &[
            ("{}", "prompt: Required"),
            (r#"{"prompt":""}"#, "prompt: String must contain at least 1 character"),
            (
                r#"{"prompt":"x","n":11}"#,
                "n: Number must be at least 1 and at most 10, received 11",
            ),
            (r#"{"prompt":"x","n":0}"#, "n: Number must be at least 1 and at most 10, received 0"),
            (r#"{"prompt":"x","size":"8K"}"#, &format!("{SIZE} \"8K\"")),
            (r#"{"prompt":"x","size":"0x16"}"#, &format!("{SIZE} \"0x16\"")),
            (r#"{"prompt":"x","size":"+5x16"}"#, &format!("{SIZE} \"+5x16\"")),
            (r#"{"prompt":"x","size":"16385x16"}"#, &format!("{SIZE} \"16385x16\"")),
            (
                r#"{"prompt":"x","resolution":"8K"}"#,
                "resolution: Expected one of 512, 1K, 2K, 4K, received string \"8K\"",
            ),
            (
                r#"{"prompt":"x","aspect_ratio":"5:3"}"#,
                "aspect_ratio: Expected one of 1:1, 1:2, 1:4, 1:8, 2:1, 2:3, 3:2, 3:4, 4:1, 4:3, 4:5, 5:4, 8:1, 9:16, 16:9, 9:19.5, 19.5:9, 9:20, 20:9, 9:21, 21:9, auto, received string \"5:3\"",
            ),
            (
                r#"{"prompt":"x","quality":"best"}"#,
                "quality: Expected one of auto, low, medium, high, standard, hd, received string \"best\"",
            ),
            (
                r#"{"prompt":"x","background":"transparent","output_format":"jpeg"}"#,
                "background: transparent needs output_format png or webp",
            ),
            (
                r#"{"prompt":"x","output_format":"gif"}"#,
                "output_format: Expected one of png, jpeg, webp, svg, received string \"gif\"",
            ),
            (
                r#"{"prompt":"x","output_compression":101}"#,
                "output_compression: Number must be at least 0 and at most 100, received 101",
            ),
            (r#"{"prompt":"x","seed":"1"}"#, "seed: Expected integer, received string \"1\""),
            (
                r#"{"prompt":"x","stream":"yes"}"#,
                "stream: Expected boolean, received string \"yes\"",
            ),
            (
                r#"{"prompt":"x","response_format":"url"}"#,
                "response_format: Images are always answered as base64; send \"b64_json\" or leave it out",
            ),
            (&many, "input_references: Array must contain at most 16 elements, received 17"),
            (
                r#"{"prompt":"x","input_references":[{"type":"text"}]}"#,
                "input_references.0.type: Expected one of image_url, received string \"text\"",
            ),
        ],
    );
}

#[test]
fn moderations_are_checked() {
    refused(
        Operation::Moderation,
        &[
            ("{}", "input: Required"),
            (
                r#"{"input":7}"#,
                "input: Expected string, array of strings or array of parts, received number 7",
            ),
            (r#"{"input":[]}"#, "input: Array must contain at least 1 element"),
            (r#"{"input":["x",{}]}"#, "input.1: Expected string, received object"),
            (
                r#"{"input":[{"type":"text","text":"x"},"y"]}"#,
                "input.1: Expected object, received string \"y\"",
            ),
            (
                r#"{"input":[{"type":"audio"}]}"#,
                "input.0.type: Expected one of text, image_url, received string \"audio\"",
            ),
            (r#"{"input":[{"type":"text"}]}"#, "input.0.text: Required"),
            (r#"{"input":[{"type":"image_url"}]}"#, "input.0.image_url: Required"),
        ],
    );
}

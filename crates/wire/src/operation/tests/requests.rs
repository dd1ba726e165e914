//! Requests are read, surveyed and measured.

use tollgate_types::Usage;

use super::support::{form, read, upload, wav};
use crate::chat::Survey;
use crate::operation::{
    Background, Document, EmbeddingInput, EmbeddingsRequest, Granularity, ImageFormat,
    ImageQuality, ImageRequest, InputPart, MediaSource, ModerationInput, ModerationRequest,
    Operation, OperationRequest, Pixels, RerankRequest, SpeechFormat, SpeechReference,
    SpeechRequest, TranscriptFormat, TranscriptionRequest, VectorEncoding,
};

fn address(url: &str) -> MediaSource {
    MediaSource::Address(url.to_owned())
}

fn inline(media_type: &str) -> MediaSource {
    MediaSource::Inline { media_type: media_type.to_owned(), data: "AAAA".to_owned() }
}

fn texts(inputs: &[&str]) -> Vec<EmbeddingInput> {
    inputs.iter().map(|text| EmbeddingInput::Text((*text).to_owned())).collect()
}

#[test]
fn the_common_parameters_are_taken() {
    let call = read(
        Operation::Embeddings,
        r#"{"model":"a/b","models":["c/d"],"user":"u","session_id":"s","stream":true,"input":"x","task":"t","provider":{"sort":"price"},"truncate":null}"#,
    );
    let params = call.params();
    assert_eq!(params.model.as_deref(), Some("a/b"));
    assert_eq!(params.models, ["c/d"]);
    assert_eq!(params.user.as_deref(), Some("u"));
    assert_eq!(params.session_id.as_deref(), Some("s"));
    assert!(!params.stream);
    assert_eq!(call.member("provider"), Some(r#"{"sort":"price"}"#));
    let unknown: Vec<_> = call.unknown_members().collect();
    assert_eq!(unknown, [("task", "\"t\""), ("truncate", "null")]);
    assert_eq!(call.operation(), Operation::Embeddings);
}

#[test]
fn embeddings_have_every_kind_of_input() {
    let tokens = |tokens: &[u32]| EmbeddingInput::Tokens(tokens.to_vec());
    for (body, inputs, prompt_tokens) in [
        (r#"{"input":"hello"}"#, texts(&["hello"]), 2),
        (r#"{"input":["a","b\nc"]}"#, texts(&["a", "b\nc"]), 1),
        (r#"{"input":[1,2,3]}"#, vec![tokens(&[1, 2, 3])], 3),
        (r#"{"input":[[1,2.0],[3]]}"#, vec![tokens(&[1, 2]), tokens(&[3])], 3),
    ] {
        let call = read(Operation::Embeddings, body);
        let expected = EmbeddingsRequest {
            inputs,
            dimensions: None,
            encoding: VectorEncoding::Float,
            input_type: None,
        };
        assert_eq!(*call.request(), OperationRequest::Embeddings(expected), "{body}");
        assert_eq!(call.measured(), Usage { prompt_tokens, ..Usage::default() }, "{body}");
    }
}

#[test]
fn embeddings_of_media_are_read_and_filled() {
    let call = read(
        Operation::Embeddings,
        r#"{"dimensions":256,"encoding_format":"base64","input_type":"search_query","input":["x",{"content":[
            {"type":"text","text":"cat"},{"type":"image_url","image_url":{"url":"https://x.test/a.png"}},
            {"type":"image_url","image_url":"data:image/png;base64,AAAA"},
            {"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}},
            {"type":"input_video","input_video":{"data":"https://x.test/a.png"}},
            {"type":"input_file","input_file":{"data":"AA\nAA","format":"pdf"}},
            {"type":"file","file":{"filename":"f","file_data":"http://x.test/f.pdf"}}]}]}"#,
    );
    let parts = |image: MediaSource, video: MediaSource, file: MediaSource| EmbeddingsRequest {
        inputs: vec![
            EmbeddingInput::Text("x".to_owned()),
            EmbeddingInput::Parts(vec![
                InputPart::Text("cat".to_owned()),
                InputPart::Image(image),
                InputPart::Image(inline("image/png")),
                InputPart::Audio(inline("audio/mpeg")),
                InputPart::Video(video),
                InputPart::File { name: None, source: inline("application/pdf") },
                InputPart::File { name: Some("f".to_owned()), source: file },
            ]),
        ],
        dimensions: Some(256),
        encoding: VectorEncoding::Base64,
        input_type: Some("search_query".to_owned()),
    };
    let (a, f) = (address("https://x.test/a.png"), address("http://x.test/f.pdf"));
    assert_eq!(*call.request(), OperationRequest::Embeddings(parts(a.clone(), a, f.clone())));
    let survey = Survey {
        text_bytes: 4,
        images: 2,
        remote_images: true,
        audio: true,
        files: true,
        video: true,
        ..Survey::default()
    };
    assert_eq!(*call.survey(), survey);
    let measured = Usage { prompt_tokens: 1, prompt_images: 2, ..Usage::default() };
    assert_eq!(call.measured(), measured);

    assert_eq!(call.remote_media(), ["https://x.test/a.png", "http://x.test/f.pdf"]);
    let found = "data:image/webp;base64,AAAA".to_owned();
    let filled = call.with_media(&[("https://x.test/a.png".to_owned(), found)]);
    let a = inline("image/webp");
    assert_eq!(*filled.request(), OperationRequest::Embeddings(parts(a.clone(), a, f)));
    assert_eq!(filled.remote_media(), ["http://x.test/f.pdf"]);
    assert_eq!(*filled.survey(), Survey { remote_images: false, ..survey });
    assert_eq!(filled.object().text(), call.object().text());
}

#[test]
fn reranks_are_read() {
    let call = read(
        Operation::Rerank,
        r#"{"query":"cats?","documents":["one",{"text":"two","image":null},{"image":"https://x.test/c"}],"top_n":2,"return_documents":true}"#,
    );
    let document = |text: Option<&str>, image: Option<MediaSource>| Document {
        text: text.map(str::to_owned),
        image_text: image.as_ref().map(MediaSource::to_uri),
        image,
    };
    let expected = RerankRequest {
        query: "cats?".to_owned(),
        documents: vec![
            document(Some("one"), None),
            document(Some("two"), None),
            document(None, Some(address("https://x.test/c"))),
        ],
        top_n: Some(2),
    };
    assert_eq!(*call.request(), OperationRequest::Rerank(expected));
    let measured =
        Usage { prompt_tokens: 3, prompt_images: 1, search_units: 1, ..Usage::default() };
    assert_eq!(call.measured(), measured);
    let unknown: Vec<_> = call.unknown_members().collect();
    assert_eq!(unknown, [("return_documents", "true")]);
    let documents = format!(r#"{{"query":"","documents":[{}""]}}"#, r#""","#.repeat(100));
    assert_eq!(read(Operation::Rerank, &documents).measured().search_units, 2);
}

#[test]
fn speech_is_read() {
    let call = read(
        Operation::Speech,
        r#"{"input":"héllo","voice":"v","response_format":"mp3","speed":1.5,"instructions":"low","input_references":[
            {"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}},{"type":"text","text":"said"}]}"#,
    );
    let expected = SpeechRequest {
        input: "héllo".to_owned(),
        voice: Some("v".to_owned()),
        format: SpeechFormat::Mp3,
        speed: Some(1.5),
        instructions: Some("low".to_owned()),
        references: vec![
            SpeechReference::Audio { data: "AAAA".to_owned(), format: Some("wav".to_owned()) },
            SpeechReference::Text("said".to_owned()),
        ],
    };
    assert_eq!(*call.request(), OperationRequest::Speech(expected));
    assert_eq!(*call.survey(), Survey { text_bytes: 13, audio: true, ..Survey::default() });
    let measured = Usage { prompt_tokens: 4, prompt_characters: 5, ..Usage::default() };
    assert_eq!(call.measured(), measured);

    let plain = read(Operation::Speech, r#"{"input":"x","stream_format":"audio"}"#);
    let OperationRequest::Speech(plain) = plain.request() else { panic!("speech") };
    assert_eq!(plain.format, SpeechFormat::Pcm);
}

#[test]
fn transcriptions_come_as_forms() {
    let call = form(
        r#"{"model":"a/b","language":"en","prompt":"","temperature":" 0.5 ","response_format":"verbose_json","timestamp_granularities":["word","segment"],"chunking_strategy":"auto"}"#,
    )
    .unwrap();
    let expected = TranscriptionRequest {
        audio: upload(wav()),
        audio_format: Some("wav".to_owned()),
        language: Some("en".to_owned()),
        prompt: None,
        temperature: Some(0.5),
        format: TranscriptFormat::VerboseJson,
        granularities: vec![Granularity::Word, Granularity::Segment],
    };
    assert!(expected.wants_words() && expected.wants_segments());
    assert_eq!(
        (expected.file_name().as_str(), expected.media_type().as_str()),
        ("hello.WAV", "audio/wav")
    );
    assert_eq!(*call.request(), OperationRequest::Transcription(expected));
    assert_eq!(*call.survey(), Survey { audio: true, ..Survey::default() });
    let measured = Usage { prompt_audio_milliseconds: 1_000, ..Usage::default() };
    assert_eq!(call.measured(), measured);
    let unknown: Vec<_> = call.unknown_members().collect();
    assert_eq!(unknown, [("chunking_strategy", "\"auto\"")]);
}

#[test]
fn transcriptions_come_as_json() {
    let call = read(
        Operation::Transcription,
        r#"{"input_audio":{"data":"AAAA","format":"MP3"},"temperature":0,"timestamp_granularities":["word"]}"#,
    );
    let OperationRequest::Transcription(request) = call.request() else { panic!("transcription") };
    assert_eq!(&request.audio.bytes[..], [0, 0, 0]);
    assert_eq!(request.audio_format.as_deref(), Some("mp3"));
    assert_eq!(
        (request.file_name().as_str(), request.media_type().as_str()),
        ("audio.mp3", "audio/mpeg")
    );
    // The granularities count for a verbose answer only.
    assert!(!request.wants_words() && !request.wants_segments());
    // Whatever it is, it is not heard for free.
    let measured = Usage { prompt_audio_milliseconds: 1, ..Usage::default() };
    assert_eq!(call.measured(), measured);

    let brief = read(Operation::Transcription, r#"{"input_audio":{"data":"AA","format":"wav"}}"#);
    let OperationRequest::Transcription(brief) = brief.request() else { panic!("transcription") };
    assert_eq!(&brief.audio.bytes[..], [0]);
}

#[test]
fn images_are_read() {
    let call = read(
        Operation::Image,
        r#"{"prompt":"a cat","n":2,"size":"1024x1536","resolution":"2K","aspect_ratio":"16:9","quality":"hd","background":"transparent",
            "output_format":"webp","output_compression":80.0,"seed":-7,"input_references":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}],
            "stream":true,"response_format":"b64_json","style":"vivid"}"#,
    );
    let expected = ImageRequest {
        prompt: "a cat".to_owned(),
        count: Some(2),
        pixels: Some(Pixels { width: 1_024, height: 1_536 }),
        resolution: Some("2K".to_owned()),
        aspect_ratio: Some("16:9".to_owned()),
        quality: Some(ImageQuality::High),
        background: Some(Background::Transparent),
        format: Some(ImageFormat::Webp),
        compression: Some(80),
        seed: Some(-7),
        references: vec![inline("image/png")],
    };
    assert_eq!(*call.request(), OperationRequest::Image(expected));
    assert_eq!(*call.survey(), Survey { text_bytes: 5, images: 1, ..Survey::default() });
    let measured = Usage { prompt_tokens: 2, prompt_images: 1, ..Usage::default() };
    assert_eq!(call.measured(), measured);
    let unknown: Vec<_> = call.unknown_members().collect();
    assert_eq!(unknown, [("style", "\"vivid\"")]);
}

#[test]
fn moderations_are_read() {
    let single = |text: &str| ModerationInput::Text(text.to_owned());
    for (body, inputs) in [
        (r#"{"input":"x"}"#, vec![single("x")]),
        (r#"{"input":["x","y"]}"#, vec![single("x"), single("y")]),
        (
            r#"{"input":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"https://x.test/a"}}]}"#,
            vec![
                ModerationInput::TextPart("x".to_owned()),
                ModerationInput::ImagePart(address("https://x.test/a")),
            ],
        ),
    ] {
        let call = read(Operation::Moderation, body);
        let expected = OperationRequest::Moderation(ModerationRequest { inputs });
        assert_eq!(*call.request(), expected, "{body}");
        assert_eq!(call.params().model.as_deref(), Some("openai/omni-moderation-latest"));
    }
    let named = read(Operation::Moderation, r#"{"input":"x","models":["a/b"]}"#);
    assert_eq!(named.params().model, None);
}

//! Names, media types, sizes and ratios.

use bytes::Bytes;

use super::support::read;
use crate::operation::{
    ImageFormat, ImageRequest, MediaSource, Operation, OperationCall, OperationRequest, Pixels,
    SpeechFormat, Upload, Vector,
};

fn image(members: &str) -> ImageRequest {
    let call: OperationCall = read(Operation::Image, &format!(r#"{{"prompt":"x"{members}}}"#));
    let OperationRequest::Image(request) = call.request() else { panic!("an image") };
    request.clone()
}

#[test]
fn sizes_come_from_what_was_said() {
    for (members, size, ratio, tier) in [
        ("", None, None, None),
        (r#","size":"auto""#, None, None, None),
        (r#","aspect_ratio":"auto""#, None, None, None),
        (r#","size":"2k""#, Some("2048x2048"), None, Some("2K")),
        (r#","resolution":"512""#, Some("512x512"), None, Some("512")),
        (r#","aspect_ratio":"16:9""#, Some("1360x768"), Some("16:9"), None),
        (
            r#","aspect_ratio":"9:19.5","resolution":"4K""#,
            Some("2768x6016"),
            Some("9:19.5"),
            Some("4K"),
        ),
        (r#","size":"1536x1024""#, Some("1536x1024"), Some("3:2"), Some("1K")),
        (
            r#","size":"1000x1000","aspect_ratio":"2:1","resolution":"4K""#,
            Some("1000x1000"),
            Some("1:1"),
            Some("1K"),
        ),
    ] {
        let request = image(members);
        assert_eq!(request.size().map(Pixels::to_text).as_deref(), size, "{members}");
        assert_eq!(request.ratio(), ratio, "{members}");
        assert_eq!(request.tier(), tier, "{members}");
    }
}

/// A size that comes of a tier is of that tier, and one that a model makes of it too.
#[test]
fn pixels_are_of_a_tier() {
    for ((width, height), tier) in [
        ((256, 256), "512"),
        ((512, 512), "512"),
        ((768, 1_024), "1K"),
        ((1_024, 1_536), "1K"),
        ((1_376, 768), "1K"),
        ((1_792, 1_024), "1K"),
        ((2_752, 1_536), "2K"),
        ((2_048, 3_072), "2K"),
        ((1_920, 1_080), "2K"),
        ((3_840, 2_160), "4K"),
        ((4_096, 4_096), "4K"),
        ((u32::MAX, u32::MAX), "4K"),
        ((1, 1), "512"),
    ] {
        assert_eq!(Pixels { width, height }.tier(), tier, "{width}x{height}");
    }
    for ratio in ["1:1", "16:9", "2:3", "9:19.5", "8:1"] {
        for tier in ["512", "1K", "2K", "4K"] {
            let size = image(&format!(r#","aspect_ratio":"{ratio}","resolution":"{tier}""#)).size();
            let size = size.unwrap();
            assert_eq!(size.tier(), tier, "{ratio}");
        }
    }
}

#[test]
fn a_ratio_is_met_nearly() {
    for ((width, height), ratio, expected) in [
        ((1_365, 768), "16:9", true),
        ((1_024, 1_536), "2:3", true),
        ((1_000, 900), "1:1", false),
        ((900, 1_950), "9:19.5", true),
        ((512, 512), "wide", false),
    ] {
        assert_eq!(Pixels { width, height }.has_ratio(ratio), expected, "{width}x{height}");
    }
}

#[test]
fn the_nearest_known_size_is_found() {
    let known = [(1_024, 1_024), (1_536, 1_024), (1_024, 1_536), (512, 512)]
        .map(|(width, height)| Pixels { width, height });
    for (members, nearest) in [
        ("", None),
        (r#","aspect_ratio":"16:9""#, Some("1536x1024")),
        (r#","aspect_ratio":"9:21""#, Some("1024x1536")),
        (r#","size":"600x600""#, Some("512x512")),
        (r#","size":"900x900""#, Some("1024x1024")),
    ] {
        let found = image(members).nearest_of(&known);
        assert_eq!(found.map(Pixels::to_text).as_deref(), nearest, "{members}");
    }
    assert_eq!(image(r#","size":"900x900""#).nearest_of(&[]), None);
}

#[test]
fn media_are_addresses_or_data() {
    let inline = |media_type: &str, data: &str| {
        Some(MediaSource::Inline { media_type: media_type.to_owned(), data: data.to_owned() })
    };
    let address = |url: &str| Some(MediaSource::Address(url.to_owned()));
    for (text, expected) in [
        ("https://x.test/a b", None),
        ("https://", None),
        ("HTTPS://x.test", address("HTTPS://x.test")),
        ("http://x.test/a?b=c", address("http://x.test/a?b=c")),
        ("file:///etc/passwd", None),
        ("AAAA", None),
        ("data:image/png;base64,AAAA", inline("image/png", "AAAA")),
        ("data:image/png;base64,-_8", inline("image/png", "+/8=")),
        ("data:audio/ogg;codecs=opus;BASE64,AA==", inline("audio/ogg;codecs=opus", "AA==")),
        ("data:;base64,AA\nAA", inline("application/octet-stream", "AAAA")),
        ("data:image/png;base64,", None),
        ("data:image/png;base64,A", None),
        ("data:image/png;base64,AA=A", None),
        ("data:text/plain,hello", None),
    ] {
        assert_eq!(MediaSource::parse(text), expected, "{text}");
    }
    for uri in ["https://x.test/a", "data:image/png;base64,AA=="] {
        assert_eq!(MediaSource::parse(uri).unwrap().to_uri(), uri);
    }
}

#[test]
fn formats_have_media_types() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Webp, ImageFormat::Svg] {
        assert_eq!(ImageFormat::of_media_type(format.media_type()), Some(format));
        assert_eq!(
            image(&format!(r#","output_format":"{}""#, format.as_str())).format,
            Some(format)
        );
    }
    assert_eq!(ImageFormat::of_media_type("Image/JPG; q=1"), Some(ImageFormat::Jpeg));
    assert_eq!(ImageFormat::of_media_type("image/gif"), None);
    let speech = [
        (SpeechFormat::Mp3, "mp3", "audio/mpeg"),
        (SpeechFormat::Pcm, "pcm", "audio/pcm"),
        (SpeechFormat::Wav, "wav", "audio/wav"),
        (SpeechFormat::Opus, "opus", "audio/ogg"),
        (SpeechFormat::Aac, "aac", "audio/aac"),
        (SpeechFormat::Flac, "flac", "audio/flac"),
    ];
    for (format, name, media_type) in speech {
        assert_eq!((format.as_str(), format.media_type()), (name, media_type));
    }
}

#[test]
fn an_upload_has_a_format() {
    for (file_name, media_type, expected) in [
        (Some("a.b.MP3"), Some("audio/wav"), Some("mp3")),
        (Some("noise"), Some("audio/x-wav; rate=8000"), Some("wav")),
        (Some("a.not an extension"), Some("video/webm"), Some("webm")),
        (Some("a."), None, None),
        (None, Some("text/plain"), None),
        (None, None, None),
    ] {
        let upload = Upload {
            file_name: file_name.map(str::to_owned),
            media_type: media_type.map(str::to_owned),
            bytes: Bytes::new(),
        };
        assert_eq!(upload.format().as_deref(), expected, "{file_name:?} {media_type:?}");
    }
}

#[test]
fn broken_vectors_have_no_floats() {
    for json in ["[1,null]", r#"["1"]"#, "{}", "[1e39]", "[[1]]"] {
        assert_eq!(Vector::Numbers(super::support::raw(json)).floats(), None, "{json}");
    }
    for text in ["AAA", "?", "AADAfw=="] {
        assert_eq!(Vector::Base64(text.to_owned()).floats(), None, "{text}");
    }
    assert_eq!(Vector::Base64("AACAPwAAAMA=".to_owned()).floats(), Some(vec![1.0, -2.0]));
}

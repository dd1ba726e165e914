//! Images as they are asked for, in each provider's form.

use http::Method;
use serde_json::{Value, json};
use tollgate_catalog::OperationStyle;
use tollgate_providers::OpenAiChat;
use tollgate_wire::operation::Operation;

use crate::{Place, call, parts};

const PICTURE: &str = "data:image/png;base64,iVBORw0KGgo=";

fn wish(members: &Value) -> Value {
    let mut body = json!({"model": "a/b", "prompt": "a boat"});
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

fn references(urls: &[&str]) -> Value {
    let part = |url: &&str| json!({"type": "image_url", "image_url": {"url": url}});
    json!(urls.iter().map(part).collect::<Vec<_>>())
}

/// What members become, without what every request has.
fn members(place: &Place, given: &Value) -> Value {
    let (path, mut sent) = place.sent(&OpenAiChat, &call(Operation::Image, &wish(given)));
    assert_eq!(path, "/v1/images/generations");
    let object = sent.as_object_mut().unwrap();
    assert_eq!(object.remove("model"), Some(json!(place.model)));
    assert_eq!(object.remove("prompt"), Some(json!("a boat")));
    assert_eq!(object.remove("user"), Some(json!("u-1")));
    sent
}

#[test]
fn each_model_gets_what_it_takes() {
    let all = json!({
        "n": 1, "aspect_ratio": "3:2", "quality": "high", "background": "transparent",
        "output_format": "png", "output_compression": 50, "seed": 7, "stream": true,
        "partial_images": 2, "moderation": "low", "response_format": "b64_json",
        "provider": {"only": ["x"]}
    });
    for (model, expected) in [
        (
            "gpt-image-1",
            json!({"n": 1, "size": "1536x1024", "quality": "high", "background": "transparent",
                "output_format": "png", "output_compression": 50, "moderation": "low"}),
        ),
        (
            "dall-e-3",
            json!({"n": 1, "size": "1792x1024", "quality": "hd", "response_format": "b64_json",
                "moderation": "low"}),
        ),
        (
            "dall-e-2",
            json!({"n": 1, "size": "1024x1024", "response_format": "b64_json",
                "moderation": "low"}),
        ),
        (
            "black-forest-labs/FLUX-1-schnell",
            json!({"n": 1, "size": "1248x832", "quality": "high", "background": "transparent",
                "output_format": "png", "output_compression": 50, "seed": 7,
                "response_format": "b64_json", "moderation": "low"}),
        ),
    ] {
        assert_eq!(members(&Place::of(model), &all), expected, "{model}");
    }
}

#[test]
fn sizes_are_the_nearest_a_model_knows_unless_they_are_explicit() {
    for (given, gpt, dall_e_3, dall_e_2, other) in [
        (json!({}), None, None, None, None),
        (json!({"aspect_ratio": "auto"}), None, None, None, None),
        (
            json!({"aspect_ratio": "9:16"}),
            Some("1024x1536"),
            Some("1024x1792"),
            Some("1024x1024"),
            Some("768x1360"),
        ),
        (json!({"resolution": "512"}), None, None, Some("512x512"), Some("512x512")),
        (json!({"size": "2K"}), None, None, Some("1024x1024"), Some("2048x2048")),
        (
            json!({"size": "640x480", "aspect_ratio": "1:1"}),
            Some("640x480"),
            Some("640x480"),
            Some("640x480"),
            Some("640x480"),
        ),
    ] {
        let sizes =
            [("gpt-image-1", gpt), ("dall-e-3", dall_e_3), ("dall-e-2", dall_e_2), ("x", other)];
        for (model, expected) in sizes {
            let sent = members(&Place::of(model), &given);
            assert_eq!(sent["size"].as_str(), expected, "{given} for {model}");
        }
    }
}

#[test]
fn the_newest_model_draws_any_size_within_bounds() {
    for (given, size) in [
        (json!({}), None),
        (json!({"resolution": "2K"}), Some("2048x2048")),
        (json!({"aspect_ratio": "16:9"}), Some("1360x768")),
        (json!({"resolution": "4K"}), Some("2880x2880")),
        (json!({"resolution": "4K", "aspect_ratio": "16:9"}), Some("3840x2160")),
        (json!({"resolution": "4K", "aspect_ratio": "9:16"}), Some("2160x3840")),
        (json!({"resolution": "4K", "aspect_ratio": "21:9"}), Some("3840x1648")),
        (json!({"size": "640x480"}), Some("640x480")),
    ] {
        let sent = members(&Place::of("gpt-image-2"), &given);
        assert_eq!(sent["size"].as_str(), size, "{given}");
        assert_eq!(sent.get("response_format"), None);
    }
}

#[test]
fn what_a_model_does_not_do_is_said() {
    let reference = references(&[PICTURE]);
    let two = references(&[PICTURE, PICTURE]);
    for (model, given, refusal) in [
        ("gpt-image-1", json!({"output_format": "svg"}), "pictures as SVG"),
        ("dall-e-3", json!({"n": 2}), "more than one picture at a time"),
        ("dall-e-3", json!({"input_references": reference}), "pictures made of pictures"),
        ("dall-e-2", json!({"input_references": two}), "pictures made of several pictures"),
        ("dall-e-2", json!({"output_format": "webp"}), "pictures other than PNG"),
        (
            "gpt-image-1",
            json!({"input_references": references(&["https://x.test/a.png"])}),
            "a picture by its address",
        ),
    ] {
        let call = call(Operation::Image, &wish(&given));
        assert_eq!(Place::of(model).refusal(&OpenAiChat, &call), refusal, "{model} {given}");
    }
}

#[test]
fn pictures_to_begin_with_go_as_a_form() {
    let jpeg = "data:image/jpeg;base64,/9j/";
    let given = json!({"n": 2, "background": "opaque", "style": "x",
        "input_references": references(&[PICTURE, jpeg])});
    let given = call(Operation::Image, &wish(&given));
    let request = Place::of("gpt-image-1").encode(&OpenAiChat, &given).unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "https://openai.test/v1/images/edits");
    let heads: Vec<_> = parts(&request);
    let picture = |name: &str, media_type: &str| {
        format!("name=\"image[]\"; filename=\"{name}\" | Content-Type: {media_type}")
    };
    let expected = [
        ("name=\"model\"".to_owned(), "gpt-image-1"),
        ("name=\"prompt\"".to_owned(), "a boat"),
        ("name=\"n\"".to_owned(), "2"),
        ("name=\"background\"".to_owned(), "opaque"),
        ("name=\"style\"".to_owned(), "x"),
        ("name=\"user\"".to_owned(), "u-1"),
        (picture("image-0.png", "image/png"), "\u{fffd}PNG\r\n\u{1a}\n"),
        (picture("image-1.jpeg", "image/jpeg"), "\u{fffd}\u{fffd}\u{fffd}"),
    ];
    assert_eq!(heads, expected.map(|(head, text)| (head, text.to_owned())));
    let bytes = b"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\x1a\n\r\n--tollgate-";
    assert!(request.body().windows(bytes.len()).any(|window| window == bytes));
    // A single one has the older name where the model may know no other.
    let given = call(Operation::Image, &wish(&json!({"input_references": references(&[PICTURE])})));
    let request = Place::of("flux").encode(&OpenAiChat, &given).unwrap();
    assert!(parts(&request).iter().any(|(head, _)| head.starts_with("name=\"image\"; ")));
}

#[test]
fn together_is_told_width_and_height() {
    let place = Place::styled("black-forest-labs/FLUX.1-kontext-pro", OperationStyle::Together);
    let given = json!({"n": 2, "size": "640x480", "seed": 7, "output_format": "jpeg", "steps": 4,
        "quality": "low", "input_references": references(&[PICTURE])});
    assert_eq!(
        members(&place, &given),
        json!({"n": 2, "width": 640, "height": 480, "seed": 7, "output_format": "jpeg",
            "steps": 4, "image_url": PICTURE, "response_format": "base64"})
    );
    let given =
        json!({"output_format": "webp", "input_references": references(&[PICTURE, PICTURE])});
    assert_eq!(
        members(&place, &given),
        json!({"reference_images": [PICTURE, PICTURE], "response_format": "base64"})
    );
}

#[test]
fn xai_is_told_a_ratio_and_one_of_two_tiers() {
    let place = Place::styled("grok-imagine-image", OperationStyle::Xai);
    for (given, expected) in [
        (json!({}), json!({"response_format": "b64_json"})),
        (
            json!({"aspect_ratio": "16:9", "resolution": "512", "quality": "high", "seed": 1}),
            json!({"aspect_ratio": "16:9", "quality": "high", "resolution": "1k",
                "response_format": "b64_json"}),
        ),
        (
            json!({"size": "2048x1024", "n": 3}),
            json!({"n": 3, "aspect_ratio": "2:1", "resolution": "2k",
                "response_format": "b64_json"}),
        ),
        (
            json!({"aspect_ratio": "auto"}),
            json!({"aspect_ratio": "auto", "response_format": "b64_json"}),
        ),
    ] {
        assert_eq!(members(&place, &given), expected, "{given}");
    }
    let given = wish(&json!({"input_references": references(&[PICTURE])}));
    let (path, sent) = place.sent(&OpenAiChat, &call(Operation::Image, &given));
    assert_eq!(path, "/v1/images/edits");
    assert_eq!(sent["image"], json!({"url": PICTURE, "type": "image_url"}));
}

#[test]
fn openrouter_gets_the_contracts_own_form() {
    let place = Place::styled("google/gemini-image", OperationStyle::OpenRouter);
    let given = wish(&json!({
        "n": 2, "resolution": "2K", "aspect_ratio": "16:9", "quality": "high", "seed": 1,
        "output_format": "svg", "input_references": references(&["https://x.test/a.png"]),
        "stream": true, "provider": {"only": ["x"]}
    }));
    let (path, sent) = place.sent(&OpenAiChat, &call(Operation::Image, &given));
    assert_eq!(path, "/v1/images");
    assert_eq!(
        sent,
        json!({"model": "google/gemini-image", "prompt": "a boat", "n": 2, "resolution": "2K",
            "aspect_ratio": "16:9", "quality": "high", "seed": 1, "output_format": "svg",
            "input_references": references(&["https://x.test/a.png"]), "user": "u-1"})
    );
}

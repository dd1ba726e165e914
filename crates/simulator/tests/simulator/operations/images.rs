//! OpenAI's images: real files, their cost, and streams of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde_json::{Value, json};

use super::{Order, answer, refused};
use crate::support::World;

const IMAGES: &str = "/v1/images/generations";
const MESSAGE: &str = "/error/message";

/// Width and height of the PNG in base64.
fn size(image: &Value) -> (u32, u32) {
    let bytes = STANDARD.decode(image.as_str().unwrap()).unwrap();
    png_size(&bytes)
}

fn png_size(bytes: &[u8]) -> (u32, u32) {
    assert!(bytes.starts_with(b"\x89PNG\r\n\x1A\n") && bytes.ends_with(b"IEND\xAE\x42\x60\x82"));
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[tokio::test]
async fn images_have_the_size_that_is_asked_for_and_its_price() {
    let world = World::new().await;
    let body = json!({
        "model": "image", "prompt": "two red boats", "n": 2, "size": "1536x1024", "quality": "low",
    });
    let made = answer(&world, IMAGES, body).await;
    assert_eq!(made["created"], 1_767_225_600);
    assert_eq!(made["data"].as_array().unwrap().len(), 2);
    for image in made["data"].as_array().unwrap() {
        assert_eq!(size(&image["b64_json"]), (1_536, 1_024));
    }
    assert_ne!(made["data"][0], made["data"][1]);
    let told = json!([made["size"], made["quality"], made["output_format"], made["background"]]);
    assert_eq!(told, json!(["1536x1024", "low", "png", "opaque"]));
    let usage = json!({
        "input_tokens": 3,
        "input_tokens_details": { "image_tokens": 0, "text_tokens": 3 },
        "output_tokens": 800,
        "output_tokens_details": { "image_tokens": 800, "text_tokens": 0 },
        "total_tokens": 803,
    });
    assert_eq!(made["usage"], usage);
}

#[tokio::test]
async fn formats_are_real_ones() {
    let world = World::new().await;
    for (format, background, head) in [
        ("png", "transparent", &b"\x89PNG"[..]),
        ("webp", "transparent", b"RIFF"),
        ("jpeg", "auto", b"\xFF\xD8\xFF"),
    ] {
        let body = json!({
            "model": "gpt-image-1", "prompt": "x", "output_format": format,
            "background": background, "moderation": "low", "size": "auto", "quality": "auto",
        });
        let made = answer(&world, IMAGES, body).await;
        let bytes = STANDARD.decode(made["data"][0]["b64_json"].as_str().unwrap()).unwrap();
        assert!(bytes.starts_with(head), "{format}");
        assert_eq!(made["output_format"], format);
    }
}

#[tokio::test]
async fn streams_bring_partial_images_and_end_with_the_whole() {
    let world = World::new().await;
    let body = json!({ "model": "image", "prompt": "x", "stream": true, "partial_images": 2 });
    let order = Order::new(IMAGES, &body);
    let reply = order.send(&world).await;
    assert_eq!(reply.header("content-type"), "text/event-stream; charset=utf-8");
    assert!(reply.text().starts_with("event: image_generation.partial_image\ndata: {"));
    let data = reply.data();
    let types: Vec<_> = data.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let partial = "image_generation.partial_image";
    assert_eq!(types, [partial, partial, "image_generation.completed"]);
    assert_eq!(
        (&data[0]["partial_image_index"], &data[1]["partial_image_index"]),
        (&json!(0), &json!(1))
    );
    assert!(data.iter().all(|event| size(&event["b64_json"]) == (1_024, 1_024)));
    assert!(data[0].get("usage").is_none());
    assert_eq!(data[2]["usage"]["output_tokens"], 1_056 + 200);
    for (script, events, ended) in [
        ("cut-after:1", 1, false),
        ("end-after:2", 2, true),
        ("error-after:1", 2, true),
        ("garbage-after:1", 4, true),
        ("empty", 0, true),
    ] {
        let reply = order.simulate(script).send(&world).await;
        assert_eq!((reply.data().len(), reply.ended), (events, ended), "{script}");
    }
    let failed = order.simulate("error-after:1").send(&world).await;
    assert_eq!(failed.data()[1]["error"]["type"], "image_generation_server_error");
}

#[tokio::test]
async fn dall_e_answers_with_addresses_that_lead_to_images() {
    let world = World::new().await;
    let mut body = json!({ "model": "dall-e-3", "prompt": "x", "size": "1792x1024" });
    let made = answer(&world, IMAGES, body.clone()).await;
    let url = made["data"][0]["url"].as_str().unwrap();
    let path = url.strip_prefix(&world.simulator.origin()).unwrap();
    let image = world.http(Method::GET, path).await;
    assert_eq!((image.status.as_u16(), image.header("content-type")), (200, "image/png"));
    assert_eq!(png_size(&image.chunks.concat()), (1_792, 1_024));
    assert_eq!(made["data"][0]["revised_prompt"], "x");
    assert!(made.get("usage").is_none());
    body["response_format"] = json!("b64_json");
    let inline = answer(&world, IMAGES, body).await;
    let bytes = STANDARD.decode(inline["data"][0]["b64_json"].as_str().unwrap()).unwrap();
    assert_eq!(bytes, image.chunks.concat());
    let none = world.http(Method::GET, "/__simulator/images/0x0/a.png").await;
    assert_eq!((none.status.as_u16(), none.header("content-type")), (404, "application/json"));
}

#[tokio::test]
async fn wrong_image_requests_are_refused() {
    let world = World::new().await;
    let code = "/error/code";
    let cases = [
        ("prompt", Value::Null, 400, MESSAGE, "Missing required parameter: 'prompt'."),
        ("prompt", json!("x".repeat(32_001)), 400, code, "string_above_max_length"),
        ("n", json!(0), 400, code, "integer_below_min_value"),
        ("n", json!(11), 400, code, "integer_above_max_value"),
        ("size", json!("10x10"), 400, MESSAGE, "'1536x1024', and 'auto'"),
        ("quality", json!("hd"), 400, code, "invalid_value"),
        ("response_format", json!("url"), 400, MESSAGE, "Unknown parameter: 'response_format'."),
        ("provider", json!({}), 400, code, "unknown_parameter"),
        ("output_format", json!("gif"), 400, code, "invalid_value"),
        ("output_compression", json!(101), 400, code, "integer_above_max_value"),
        ("partial_images", json!(1), 400, "/error/param", "partial_images"),
    ];
    refused(&world, IMAGES, &json!({ "model": "gpt-image-1", "prompt": "x" }), &cases).await;
    let clear = json!({ "model": "image", "prompt": "x", "background": "transparent" });
    let cases = [("output_format", json!("jpeg"), 400, MESSAGE, "Transparent background")];
    refused(&world, IMAGES, &clear, &cases).await;
    let old = json!({ "model": "dall-e-3", "prompt": "x" });
    let cases = [
        ("n", json!(2), 400, MESSAGE, "n=1"),
        ("size", json!("256x256"), 400, code, "invalid_value"),
        ("output_format", json!("png"), 400, code, "unknown_parameter"),
    ];
    refused(&world, IMAGES, &old, &cases).await;
}

#[tokio::test]
async fn edits_come_as_forms_with_a_picture() {
    let world = World::new().await;
    let picture = Some(("a.png", &b"\x89PNG"[..]));
    let texts = [("model", "gpt-image-1"), ("prompt", "a boat"), ("n", "2"), ("size", "1024x1536")];
    let reply = Order::form("/v1/images/edits", picture, &texts).send(&world).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let made = reply.json();
    assert_eq!(made["data"].as_array().unwrap().len(), 2);
    assert_eq!(size(&made["data"][1]["b64_json"]), (1_024, 1_536));
    let reply = Order::form("/v1/images/edits", None, &texts).send(&world).await;
    assert_eq!(reply.json()["error"]["message"], "Missing required parameter: 'image'.");
    let texts = [("model", "gpt-image-1"), ("prompt", "x"), ("response_format", "b64_json")];
    let reply = Order::form("/v1/images/edits", picture, &texts).send(&world).await;
    assert_eq!(reply.json()["error"]["message"], "Unknown parameter: 'response_format'.");
}

#[tokio::test]
async fn images_of_other_hosts_have_any_size() {
    let world = World::new().await;
    let body = json!({ "model": "image", "prompt": "x", "size": "768x1360", "seed": 1,
        "response_format": "b64_json" });
    let made = answer(&world, IMAGES, body).await;
    assert_eq!(size(&made["data"][0]["b64_json"]), (768, 1_360));
}

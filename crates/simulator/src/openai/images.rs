//! OpenAI's images, whole and streamed: pictures of one colour, of the size and in the format that
//! was asked for.
//!
//! Source: <https://platform.openai.com/docs/api-reference/images>. Of edits, what is done with the
//! pictures to begin with is left out.

mod check;

use serde_json::{Map, Value, json};

use crate::control;
use crate::event::{Event, Events, set, sse_named};
use crate::failure::Failure;
use crate::operation::{Form, Output, Task};
use crate::picture::{ImageFormat, Picture};
use crate::random;
use crate::tokens;

use check::{Family, Wish};

/// Tokens of an image that come in the time of one token of text.
const AT_ONCE: u64 = 64;
/// Tokens that a partial image costs besides.
const PARTIAL_TOKENS: u64 = 100;

/// Makes images.
pub(crate) fn image(task: &mut Task<'_>) -> Result<Output, Failure> {
    let edited = task.form.file.as_ref().map(|_| fields(task.form));
    let body = edited.as_ref().unwrap_or(task.body);
    if task.head.uri.path().ends_with("/edits") && edited.is_none() {
        return Err(super::check::missing("image"));
    }
    let wish = check::wish(body, task.base_model())?;
    if edited.is_some() && wish.family == Family::DallE3 {
        return Err(Failure::invalid("Invalid value: 'dall-e-3'. Value must be 'dall-e-2'."));
    }
    if matches!(wish.family, Family::DallE2 | Family::DallE3) {
        return Ok(linked_or_inline(task, &wish));
    }
    if wish.streamed {
        return Ok(streamed(task, &wish));
    }
    let count = if task.empty { 0 } else { wish.count };
    let data: Vec<Value> =
        (0..count).map(|index| json!({ "b64_json": base64(&wish, index) })).collect();
    let output = tokens_per_image(&wish) * count;
    let mut answer = described(&wish, "created", task.label.created);
    set(&mut answer, "data", json!(data));
    if task.label.usage_reported {
        let input = if task.empty { 0 } else { tokens::count(wish.prompt) };
        set(&mut answer, "usage", usage(input, output));
    }
    Ok(Output::json_of(&answer, output / AT_ONCE))
}

/// The fields of an edit, which come as a form beside the pictures to begin with. What they look
/// like does not matter here.
fn fields(form: &Form) -> Value {
    let value = |text: &str| text.parse::<i64>().map_or_else(|_| json!(text), Value::from);
    let is_number =
        |name: &str| ["n", "output_compression", "partial_images", "seed"].contains(&name);
    let field = |name: &str| {
        let text = form.text(name).unwrap_or_default();
        (name.to_owned(), if is_number(name) { value(text) } else { json!(text) })
    };
    form.names().map(field).collect::<Map<String, Value>>().into()
}

/// The events of a stream: for each image its partial ones, then itself.
fn streamed(task: &Task<'_>, wish: &Wish<'_>) -> Output {
    let mut events = Events::new();
    let count = if task.empty { 0 } else { wish.count };
    for index in 0..count {
        for partial in 0..wish.partial_images {
            let name = "image_generation.partial_image";
            let mut event = described(wish, "created_at", task.label.created);
            set(&mut event, "type", json!(name));
            set(&mut event, "partial_image_index", json!(partial));
            set(&mut event, "b64_json", json!(base64(wish, index)));
            events.push_back(Event::content(sse_named(name, &event), PARTIAL_TOKENS));
        }
        let name = "image_generation.completed";
        let mut event = described(wish, "created_at", task.label.created);
        set(&mut event, "type", json!(name));
        set(&mut event, "b64_json", json!(base64(wish, index)));
        let output = tokens_per_image(wish);
        if task.label.usage_reported {
            // The prompt is read once, for the first image.
            let input = if index == 0 { tokens::count(wish.prompt) } else { 0 };
            let partial = PARTIAL_TOKENS * wish.partial_images;
            set(&mut event, "usage", usage(input, output + partial));
        }
        events.push_back(Event::content(sse_named(name, &event), output / AT_ONCE));
    }
    let error = json!({
        "type": "error",
        "error": {
            "type": "image_generation_server_error",
            "code": "image_generation_failed",
            "message": "Image generation failed",
            "param": null,
        },
    });
    Output::Events { events, error: Event::framing(sse_named("error", &error)) }
}

/// DALL·E's answers: links, unless the images themselves are asked for, and no usage.
fn linked_or_inline(task: &Task<'_>, wish: &Wish<'_>) -> Output {
    let count = if task.empty { 0 } else { wish.count };
    let one = |index| {
        // The link's picture is drawn from its name alone.
        let name = format!("{:016x}", random::hash(index, wish.prompt));
        let mut one = if wish.linked {
            json!({ "url": control::image_url(task.head, wish.size, &name) })
        } else {
            let picture = Picture::of(&name, 0, wish.size);
            json!({ "b64_json": picture.map(|picture| picture.base64(ImageFormat::Png)) })
        };
        if wish.family == Family::DallE3 {
            set(&mut one, "revised_prompt", json!(wish.prompt));
        }
        one
    };
    let data: Vec<Value> = (0..count).map(one).collect();
    Output::json(&json!({ "created": task.label.created, "data": data }))
}

/// What is said of an image besides its data.
fn described(wish: &Wish<'_>, time: &str, created: i64) -> Value {
    let mut described = json!({
        "background": if wish.transparent { "transparent" } else { "opaque" },
        "output_format": wish.format_name,
        "quality": wish.quality,
        "size": wish.size,
    });
    set(&mut described, time, json!(created));
    described
}

fn base64(wish: &Wish<'_>, index: u64) -> Option<String> {
    let picture = Picture::of(wish.prompt, index, wish.size)?;
    let picture = if wish.transparent { picture.transparent() } else { picture };
    Some(picture.base64(wish.format))
}

fn usage(input: u64, output: u64) -> Value {
    json!({
        "input_tokens": input,
        "input_tokens_details": { "image_tokens": 0, "text_tokens": input },
        "output_tokens": output,
        "output_tokens_details": { "image_tokens": output, "text_tokens": 0 },
        "total_tokens": input + output,
    })
}

/// OpenAI's table of what an image costs.
fn tokens_per_image(wish: &Wish<'_>) -> u64 {
    let [square, portrait, landscape] = match wish.quality {
        "low" => [272, 408, 400],
        "medium" => [1_056, 1_584, 1_568],
        _ => [4_160, 6_240, 6_208],
    };
    match wish.size {
        "1024x1536" => portrait,
        "1536x1024" => landscape,
        _ => square,
    }
}

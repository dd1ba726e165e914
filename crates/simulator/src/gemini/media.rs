//! Pictures and speech by `generateContent`.
//!
//! Source: <https://ai.google.dev/gemini-api/docs/image-generation> and
//! <https://ai.google.dev/gemini-api/docs/speech-generation>. Left out: several speakers, and
//! pictures that come with a text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::read::{get, known};
use crate::event::set;
use crate::failure::Failure;
use crate::operation::{Output, Task};
use crate::picture::{ImageFormat, Picture};
use crate::random;
use crate::sound::{Sound, SoundFormat};
use crate::tokens::{self, IMAGE_TOKENS};

const FIELDS: [&str; 6] =
    ["contents", "generation_config", "labels", "model", "safety_settings", "system_instruction"];
const IMAGE_FIELDS: [&str; 6] =
    ["candidate_count", "image_config", "response_modalities", "seed", "temperature", "top_p"];
const SPEECH_FIELDS: [&str; 5] =
    ["candidate_count", "response_modalities", "seed", "speech_config", "temperature"];
/// What each shape comes to at the usual size.
const SHAPES: [(&str, &str); 10] = [
    ("1:1", "1024x1024"),
    ("2:3", "832x1248"),
    ("3:2", "1248x832"),
    ("3:4", "864x1184"),
    ("4:3", "1184x864"),
    ("4:5", "896x1152"),
    ("5:4", "1152x896"),
    ("9:16", "768x1344"),
    ("16:9", "1344x768"),
    ("21:9", "1536x672"),
];
const SIZES: [&str; 4] = ["512", "1K", "2K", "4K"];
const VOICES: [&str; 30] = [
    "Achernar",
    "Achird",
    "Algenib",
    "Algieba",
    "Alnilam",
    "Aoede",
    "Autonoe",
    "Callirrhoe",
    "Charon",
    "Despina",
    "Enceladus",
    "Erinome",
    "Fenrir",
    "Gacrux",
    "Iapetus",
    "Kore",
    "Laomedeia",
    "Leda",
    "Orus",
    "Puck",
    "Pulcherrima",
    "Rasalgethi",
    "Sadachbia",
    "Sadaltager",
    "Schedar",
    "Sulafat",
    "Umbriel",
    "Vindemiatrix",
    "Zephyr",
    "Zubenelgenubi",
];
const TOKENS_PER_IMAGE: u64 = 1_290;
/// A second of speech has so many tokens.
const TOKENS_PER_SECOND: u64 = 25;
const MS_PER_TOKEN: u64 = 60;
const MS_MIN: u64 = 100;
const MS_MAX: u64 = 2_000;

/// What was asked, as far as both have it in common.
struct Asked<'a> {
    text: String,
    images: u64,
    config: &'a Value,
}

/// Makes a picture; `vertex` is whether it came to Vertex AI.
pub(crate) fn draw(task: &mut Task<'_>, vertex: bool) -> Result<Output, Failure> {
    let asked = asked(task.body, &IMAGE_FIELDS, vertex)?;
    modality(&asked, "IMAGE", &["TEXT"])?;
    let config = get(asked.config, "imageConfig").unwrap_or(&Value::Null);
    let fields: &[&str] = if vertex {
        &["aspect_ratio", "image_output_options", "image_size", "person_generation"]
    } else {
        &["aspect_ratio", "image_size"]
    };
    known(config, fields)?;
    let shape = get(config, "aspectRatio").map_or(Some("1:1"), Value::as_str);
    let size = shape.and_then(|shape| SHAPES.iter().find(|(name, _)| *name == shape));
    let (_, size) =
        size.ok_or_else(|| Failure::invalid("Aspect ratio is not supported by this model."))?;
    if let Some(tier) = get(config, "imageSize") {
        let is_known = tier.as_str().is_some_and(|tier| SIZES.contains(&tier));
        if !is_known || task.base_model().contains("2.5-flash-image") {
            return Err(Failure::invalid("Image size is not supported by this model."));
        }
    }
    let format = get(config, "imageOutputOptions").and_then(|options| get(options, "mimeType"));
    let format = match format.map(Value::as_str) {
        None => ImageFormat::Png,
        Some(name) => name.and_then(ImageFormat::named).ok_or_else(|| {
            Failure::invalid("imageOutputOptions.mimeType must be image/png or image/jpeg.")
        })?,
    };
    let data = Picture::of(&asked.text, 0, size).map(|picture| picture.base64(format));
    let blob = json!({ "mimeType": format.media_type(), "data": data });
    Ok(response(task, &asked, (!task.empty).then_some(blob), ("IMAGE", TOKENS_PER_IMAGE)))
}

/// Says a text; `vertex` is whether it came to Vertex AI.
pub(crate) fn speak(task: &mut Task<'_>, vertex: bool) -> Result<Output, Failure> {
    let asked = asked(task.body, &SPEECH_FIELDS, vertex)?;
    modality(&asked, "AUDIO", &[])?;
    let voice = get(asked.config, "speechConfig").and_then(|speech| get(speech, "voiceConfig"));
    let named = voice.and_then(|voice| {
        let prebuilt = get(voice, "prebuiltVoiceConfig");
        prebuilt.and_then(|voice| get(voice, "voiceName")).or_else(|| get(voice, "voice"))
    });
    let name = named.map_or(Some("Puck"), Value::as_str).unwrap_or_default();
    let is_known = VOICES.iter().any(|known| known.eq_ignore_ascii_case(name));
    if !is_known && !name.starts_with("voice") {
        let voices = VOICES.map(str::to_lowercase).join(", ");
        return Err(Failure::invalid(format!(
            "Voice name {name} is not supported. Allowed voice names are: {voices}"
        )));
    }
    let ms = tokens::count(&asked.text).saturating_mul(MS_PER_TOKEN).clamp(MS_MIN, MS_MAX);
    let seed = random::hash(random::hash(0, name), &asked.text);
    let sound = Sound::new(seed, u32::try_from(ms).unwrap_or(0));
    // Since 3.8 the models answer with whole files.
    let (format, mime_type) = if task.base_model().contains("-3.8-") {
        (SoundFormat::Wav, "audio/wav")
    } else {
        (SoundFormat::Pcm, "audio/L16;codec=pcm;rate=24000")
    };
    let blob = json!({ "mimeType": mime_type, "data": STANDARD.encode(sound.file(format)) });
    let spoken = (ms * TOKENS_PER_SECOND).div_ceil(1_000);
    Ok(response(task, &asked, (!task.empty).then_some(blob), ("AUDIO", spoken)))
}

fn asked<'a>(body: &'a Value, config_fields: &[&str], vertex: bool) -> Result<Asked<'a>, Failure> {
    known(body, &FIELDS)?;
    let contents = body.get("contents").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if contents.is_empty() {
        let message = "* GenerateContentRequest.contents: contents is not specified\n";
        return Err(Failure::invalid(message));
    }
    let config = get(body, "generationConfig").unwrap_or(&Value::Null);
    known(config, config_fields)?;
    if get(config, "candidateCount").and_then(Value::as_u64).is_some_and(|count| count != 1) {
        return Err(Failure::invalid("Multiple candidates is not enabled for this model"));
    }
    let (mut text, mut images) = (String::new(), 0);
    for content in contents {
        if vertex && content.get("role").is_none() {
            return Err(Failure::invalid("Please use a valid role: user, model."));
        }
        let parts = content.get("parts").and_then(Value::as_array).into_iter().flatten();
        for part in parts {
            known(part, &["inline_data", "speech_metadata", "text"])?;
            text.push_str(part.get("text").and_then(Value::as_str).unwrap_or_default());
            images += u64::from(get(part, "inlineData").is_some());
        }
    }
    if text.is_empty() {
        return Err(Failure::invalid("Unable to process input: the prompt has no text."));
    }
    Ok(Asked { text, images, config })
}

/// What is to be made must be asked for, and nothing that can't be.
fn modality(asked: &Asked<'_>, made: &str, besides: &[&str]) -> Result<(), Failure> {
    let list = get(asked.config, "responseModalities").and_then(Value::as_array);
    let list: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
    let fits = list.contains(&made) && list.iter().all(|it| *it == made || besides.contains(it));
    if fits {
        return Ok(());
    }
    let list = if list.is_empty() { "TEXT".to_owned() } else { list.join(", ") };
    Err(Failure::invalid(format!(
        "The requested combination of response modalities ({list}) is not supported by the model."
    )))
}

fn response(
    task: &mut Task<'_>,
    asked: &Asked<'_>,
    blob: Option<Value>,
    (modality, written): (&str, u64),
) -> Output {
    let text = tokens::count(&asked.text);
    let seen = asked.images * IMAGE_TOKENS;
    let written = if blob.is_some() { written } else { 0 };
    let mut candidate = json!({ "finishReason": "STOP", "index": 0 });
    if let Some(blob) = blob {
        let content = json!({ "parts": [{ "inlineData": blob }], "role": "model" });
        set(&mut candidate, "content", content);
    }
    let mut read = vec![json!({ "modality": "TEXT", "tokenCount": text })];
    if seen > 0 {
        read.push(json!({ "modality": "IMAGE", "tokenCount": seen }));
    }
    let mut answer = json!({
        "candidates": [candidate],
        "modelVersion": task.label.model,
        "responseId": task.label.ids.id("", 22),
    });
    if task.label.usage_reported {
        let usage = json!({
            "promptTokenCount": text + seen,
            "candidatesTokenCount": written,
            "totalTokenCount": text + seen + written,
            "promptTokensDetails": read,
            "candidatesTokensDetails": [{ "modality": modality, "tokenCount": written }],
        });
        set(&mut answer, "usageMetadata", usage);
    }
    Output::json_of(&answer, written)
}

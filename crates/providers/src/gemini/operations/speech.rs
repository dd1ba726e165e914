//! Speech by the models made for it.
//!
//! <https://ai.google.dev/gemini-api/docs/speech-generation>

use std::borrow::Cow;

use serde::Serialize;
use tollgate_types::Usage;
use tollgate_wire::operation::{OperationAnswer, SpeechFormat, SpeechRequest};

use super::super::model::version;
use super::generate::{self, Content, Media, Part, SpeechMetadata};
use super::wav;
use crate::encoding::decode_base64;
use crate::operation::answers::speech;
use crate::{Fault, Unsupported};

/// Samples in a second, where an answer does not say.
const RATE_HZ: u32 = 24_000;

/// How voices of one's own begin, which are not among the provider's.
const OWN_VOICES: &[&str] = &["voice_", "voicekey_"];

/// The first generation that is told apart from the text how to speak it.
const STYLED: (u32, u32) = (3, 8);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: [Content<'a>; 1],
    generation_config: Generation<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Generation<'a> {
    response_modalities: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    speech_config: Option<SpeechConfig<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SpeechConfig<'a> {
    voice_config: VoiceConfig<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum VoiceConfig<'a> {
    Voice(&'a str),
    #[serde(rename_all = "camelCase")]
    PrebuiltVoiceConfig {
        voice_name: &'a str,
    },
}

/// The body.
pub(crate) fn body(request: &SpeechRequest, model: &str) -> Result<Vec<u8>, Unsupported> {
    if !matches!(request.format, SpeechFormat::Pcm | SpeechFormat::Wav) {
        return Err(Unsupported("speech in a form other than pcm and wav".to_owned()));
    }
    if !request.references.is_empty() {
        return Err(Unsupported("speech in the voice of a recording".to_owned()));
    }
    let is_own = |voice: &str| OWN_VOICES.iter().any(|prefix| voice.starts_with(prefix));
    let voice_config = |voice| {
        if is_own(voice) {
            VoiceConfig::Voice(voice)
        } else {
            VoiceConfig::PrebuiltVoiceConfig { voice_name: voice }
        }
    };
    let speech_config =
        request.voice.as_deref().map(|voice| SpeechConfig { voice_config: voice_config(voice) });
    super::json(&Body {
        contents: [Content { role: Some("user"), parts: vec![part(request, model)] }],
        generation_config: Generation { response_modalities: ["AUDIO"], speech_config },
    })
}

/// The text, and how to speak it: earlier models are told in the text itself.
fn part<'a>(request: &'a SpeechRequest, model: &str) -> Part<'a> {
    let plain = || Part::text(Cow::Borrowed(&request.input));
    let name = model.rsplit('/').next().unwrap_or_default();
    match request.instructions.as_deref().filter(|it| !it.trim().is_empty()) {
        None => plain(),
        Some(style) if version(name).is_some_and(|version| version >= STYLED) => {
            Part { speech_metadata: Some(SpeechMetadata { style }), ..plain() }
        }
        Some(style) => Part::text(Cow::Owned(format!(
            "Read aloud the text below, and nothing else. How to read it: {style}\n\n{}",
            request.input
        ))),
    }
}

/// Reads the answer.
pub(super) fn read(
    body: &[u8],
    request: &SpeechRequest,
    measured: Usage,
) -> Result<OperationAnswer, Fault> {
    let made = generate::read(body, "audio/", measured)?;
    if made.is_cut {
        return Err(Fault::truncated());
    }
    let (mut samples, mut rate) = (Vec::new(), RATE_HZ);
    for media in &made.media {
        rate = append(media, &mut samples)?;
    }
    let content = match request.format {
        SpeechFormat::Wav if samples.is_empty() => speech(samples, String::new()),
        SpeechFormat::Wav => speech(wav::file(&samples, rate), "audio/wav".to_owned()),
        _ if rate == RATE_HZ => speech(samples, "audio/pcm".to_owned()),
        _ => speech(samples, format!("audio/pcm;rate={rate}")),
    };
    Ok(OperationAnswer { content: content?, usage: made.usage, upstream_id: made.id })
}

/// Adds the samples of a sound, and says how many of them are a second.
fn append(media: &Media, samples: &mut Vec<u8>) -> Result<u32, Fault> {
    let bytes =
        decode_base64(&media.data).ok_or_else(|| Fault::malformed("the sound is not base64"))?;
    let mut words = media.mime_type.split(';').map(str::trim);
    let kind = words.next().unwrap_or_default().to_ascii_lowercase();
    match kind.as_str() {
        "audio/l16" | "audio/pcm" => {
            let rate = words.find_map(|word| word.strip_prefix("rate=")?.parse().ok());
            samples.extend_from_slice(&bytes);
            Ok(rate.unwrap_or(RATE_HZ))
        }
        "audio/wav" | "audio/wave" | "audio/x-wav" => {
            let (rate, found) =
                wav::samples(&bytes).ok_or_else(|| Fault::malformed("the sound is no WAV"))?;
            samples.extend_from_slice(found);
            Ok(rate)
        }
        _ => Err(Fault::malformed("the sound has a form that is not known")),
    }
}

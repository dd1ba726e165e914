//! The pictures in an answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_types::UsageSource;
use tollgate_wire::operation::{GeneratedImage, ImageFormat, OperationAnswer};

use super::super::shape::Frame;
use super::super::usage;
use crate::encoding::Media;
use crate::operation::answers;
use crate::{Fault, Task};

#[derive(Deserialize)]
struct List<'a> {
    data: Vec<Entry>,
    #[serde(default)]
    output_format: Option<String>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    b64_json: Option<String>,
    #[serde(default)]
    url: Option<String>,
    /// OpenRouter's and xAI's.
    #[serde(default, alias = "mime_type")]
    media_type: Option<String>,
}

/// How the base64 of each form begins.
const BEGINNINGS: [(&str, ImageFormat); 6] = [
    ("iVBORw0KGgo", ImageFormat::Png),
    ("/9j/", ImageFormat::Jpeg),
    ("UklGR", ImageFormat::Webp),
    // `<svg`, `<?xml` and `<!DOC`.
    ("PHN2Z", ImageFormat::Svg),
    ("PD94b", ImageFormat::Svg),
    ("PCFET", ImageFormat::Svg),
];

/// Reads the answer.
pub(in super::super) fn answer(task: &Task<'_>, body: &[u8]) -> Result<OperationAnswer, Fault> {
    let frame = Frame::read(body)?;
    let list: List<'_> = answers::parse(body)?;
    let format = list.output_format.as_deref();
    let images: Vec<GeneratedImage> =
        list.data.into_iter().map(|entry| image(entry, format)).collect::<Result<_, _>>()?;
    let mut usage = task.call.measured();
    usage.completion_images = u64::try_from(images.len()).unwrap_or(u64::MAX);
    let content = answers::images(images)?;
    usage::lay_over(list.usage, &mut usage);
    // Where nothing else is said, all that a model of pictures writes is pictures.
    if usage.source == UsageSource::Reported && usage.image_completion_tokens == 0 {
        usage.image_completion_tokens = usage.completion_tokens;
    }
    Ok(OperationAnswer { content, usage, upstream_id: frame.id() })
}

/// Takes a picture: itself, or a data URI in place of its address.
fn image(entry: Entry, format: Option<&str>) -> Result<GeneratedImage, Fault> {
    let Entry { b64_json, url, media_type } = entry;
    let given = b64_json.filter(|data| !data.is_empty()).or(url);
    let given = given.ok_or_else(|| answers::empty("picture where one should be"))?;
    let (data, said) = if given.contains(':') {
        match Media::read(&given) {
            Ok(Media::Inline(inline)) => {
                (inline.data.to_owned(), Some(inline.media_type.into_owned()))
            }
            Ok(Media::Remote(_)) | Err(_) => {
                return Err(Fault::malformed(
                    "a picture is an address, and not the picture itself; nothing is fetched",
                ));
            }
        }
    } else {
        (given, None)
    };
    let begins = BEGINNINGS.iter().find(|(beginning, _)| data.starts_with(beginning));
    let seen = begins.map(|(_, format)| format.media_type().to_owned());
    let named = format.filter(|format| format.bytes().all(|it| it.is_ascii_alphanumeric()));
    let media_type =
        seen.or(said).or(media_type).or_else(|| named.map(|format| format!("image/{format}")));
    answers::image(data, media_type)
}

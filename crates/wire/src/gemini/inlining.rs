//! A request with the files that it points to put inside.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::names::camel;
use crate::chat::RemoteMedia;
use crate::json::{ObjectWriter, RawObject};

/// The body with these addresses replaced by what they hold, given as data URIs. Everything else
/// stays as it is.
pub(super) fn inlined(object: &RawObject, media: &[(RemoteMedia, String)]) -> Option<RawObject> {
    let mut body = Vec::with_capacity(object.text().len());
    let mut writer = ObjectWriter::new(&mut body);
    for (name, raw) in object.members() {
        if camel(name) == "contents" {
            let mut contents: Value = serde_json::from_str(raw).ok()?;
            for content in items(&mut contents) {
                parts(content, media);
            }
            writer.field(name, &contents);
        } else {
            writer.raw(name.as_bytes(), raw.as_bytes());
        }
    }
    writer.end();
    RawObject::read(Bytes::from(body)).ok()
}

/// The elements of an array, or the value itself: one is as good as a list of one here.
fn items(value: &mut Value) -> &mut [Value] {
    match value {
        Value::Array(items) => items,
        value => std::slice::from_mut(value),
    }
}

/// What a content or a function's response consists of.
fn parts(holder: &mut Value, media: &[(RemoteMedia, String)]) {
    let Some(list) = holder.get_mut("parts") else { return };
    for part in items(list).iter_mut().filter_map(Value::as_object_mut) {
        inline(part, media);
        for name in ["functionResponse", "function_response"] {
            let inner = part.get_mut(name).and_then(|it| it.get_mut("parts"));
            for part in inner.map(items).into_iter().flatten().filter_map(Value::as_object_mut) {
                inline(part, media);
            }
        }
    }
}

fn inline(part: &mut Map<String, Value>, media: &[(RemoteMedia, String)]) {
    let is_file = |name: &&String| camel(name) == "fileData";
    let Some(name) = part.keys().find(is_file).cloned() else { return };
    let file = part.get(&name).and_then(Value::as_object).into_iter().flatten();
    let member = |wanted: &str| {
        let found = file.clone().find(|(name, _)| camel(name) == wanted);
        found.and_then(|(_, value)| value.as_str())
    };
    let found = media.iter().find(|(remote, _)| Some(remote.url.as_str()) == member("fileUri"));
    let uri = found.and_then(|(_, uri)| uri.strip_prefix("data:")?.split_once(";base64,"));
    let Some((media_type, data)) = uri else { return };
    let mut blob = json!({ "mimeType": media_type, "data": data });
    if let (Some(name), Some(blob)) = (member("displayName"), blob.as_object_mut()) {
        blob.insert("displayName".to_owned(), name.into());
    }
    part.remove(&name);
    part.insert("inlineData".to_owned(), blob);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Call, Dialect};

    #[test]
    fn what_is_pointed_to_is_put_inside_and_the_rest_stays() {
        let body = json!({
            "safetySettings": [{ "category": "X", "threshold": "BLOCK_NONE" }],
            "contents": [
                { "role": "user", "parts": [
                    { "text": "Look" },
                    { "fileData": { "fileUri": "https://x.test/a.png", "mimeType": "image/png" }, "videoMetadata": {} },
                    { "file_data": { "file_uri": "https://x.test/b.pdf", "display_name": "b" } },
                    { "fileData": { "fileUri": "https://www.youtube.com/watch?v=1" } },
                ]},
                { "role": "user", "parts": [{ "functionResponse": {
                    "name": "f", "response": {},
                    "parts": [{ "fileData": { "fileUri": "https://x.test/a.png", "mimeType": "image/png" } }],
                }}]},
            ],
            "later": 1.0,
        });
        let address = Address { model: Some("a/b".to_owned()), ..Address::default() };
        let call = Call::read(Dialect::Gemini, body.to_string().into(), address).unwrap();
        let remote = call.chat().unwrap().remote_media();
        let urls: Vec<&str> = remote.iter().map(|it| it.url.as_str()).collect();
        // What a function answered comes before what the user says besides.
        assert_eq!(urls, ["https://x.test/a.png", "https://x.test/a.png", "https://x.test/b.pdf"]);
        let held = [
            "data:image/png;base64,QQ==",
            "data:image/png;base64,QQ==",
            "data:application/pdf;base64,Qg==",
        ];
        let media: Vec<_> = remote.into_iter().zip(held.map(str::to_owned)).collect();
        let inlined = call.with_media(&media).unwrap();
        assert!(inlined.may_be_passed_on());
        assert_eq!(inlined.dialect(), Dialect::Gemini);
        let found: Value = serde_json::from_str(inlined.object().text()).unwrap();
        let picture = json!({ "mimeType": "image/png", "data": "QQ==" });
        let mut expected = body;
        expected["contents"][0]["parts"][1] = json!({ "videoMetadata": {}, "inlineData": picture });
        expected["contents"][0]["parts"][2] = json!({ "inlineData": { "mimeType": "application/pdf", "data": "Qg==", "displayName": "b" } });
        expected["contents"][1]["parts"][0]["functionResponse"]["parts"][0] =
            json!({ "inlineData": picture });
        assert_eq!(found, expected);
        assert!(inlined.chat().unwrap().remote_media().is_empty());
    }
}

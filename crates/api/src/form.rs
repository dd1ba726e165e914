//! Reading forms (`multipart/form-data`, RFC 7578): how clients send files.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyDataStream, Full};
use multer::Multipart;
use tollgate_wire::error::BadRequest;
use tollgate_wire::json::{ObjectWriter, RawObject};
use tollgate_wire::operation::Upload;

use crate::body::{is_json, read_body, wrong_type};
use crate::error::ApiError;
use crate::router::App;

/// A body that is JSON or a form.
#[derive(Debug)]
pub(crate) enum JsonOrForm {
    /// The bytes of a JSON body.
    Json(Bytes),
    /// A form: its fields as a JSON object of strings, repeated ones as arrays, and its file.
    Form(RawObject, Upload),
}

/// More fields than any form has that is meant for us.
const FIELDS_MAX: usize = 64;
/// Most of a field that is no file.
const FIELD_BYTES_MAX: usize = 64 * 1024;

impl FromRequest<App> for JsonOrForm {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
        let boundary = kind.filter(|kind| is_form(kind)).map(multer::parse_boundary).transpose();
        let boundary = boundary.map_err(|error| broken(&error))?;
        let Some(boundary) = boundary else {
            if !is_json(request.headers()) {
                let expected = "application/json or multipart/form-data";
                return Err(wrong_type(request.headers(), expected));
            }
            return read_body(request, app).await.map(Self::Json);
        };
        let body = read_body(request, app).await?;
        let form = Form::read(body, boundary).await?;
        Ok(form.finish()?)
    }
}

fn is_form(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("multipart/form-data")
}

/// What was read of a form.
#[derive(Debug, Default)]
struct Form {
    /// Names in their order, without the `[]` that marks lists, each with its values.
    fields: Vec<(String, Values)>,
    file: Option<Upload>,
}

#[derive(Debug, Default)]
struct Values {
    is_list: bool,
    texts: Vec<String>,
}

impl Form {
    async fn read(body: Bytes, boundary: String) -> Result<Self, ApiError> {
        let mut form = Self::default();
        let mut parts = Multipart::new(BodyDataStream::new(Full::new(body)), boundary);
        let mut count = 0_usize;
        while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
            count = count.saturating_add(1);
            if count > FIELDS_MAX {
                return Err(ApiError::bad_request(format!(
                    "A form has at most {FIELDS_MAX} fields"
                )));
            }
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let media_type = part.content_type().map(ToString::to_string);
            let bytes = part.bytes().await.map_err(|error| broken(&error))?;
            if name == "file" {
                if form.file.is_some() {
                    return Err(ApiError::bad_request("file: Given more than once"));
                }
                form.file = Some(Upload { file_name, media_type, bytes });
            } else {
                form.add(&name, &bytes)?;
            }
        }
        Ok(form)
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), BadRequest> {
        if bytes.len() > FIELD_BYTES_MAX {
            let message = format!("{name}: Must be at most {FIELD_BYTES_MAX} bytes");
            return Err(BadRequest::new(message));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| BadRequest::new(format!("{name}: Must be UTF-8")))?;
        let (bare, is_list) = name.strip_suffix("[]").map_or((name, false), |bare| (bare, true));
        let known = self.fields.iter().position(|(known, _)| known == bare);
        if let Some((_, values)) = known.and_then(|place| self.fields.get_mut(place)) {
            values.is_list |= is_list;
            values.texts.push(text.to_owned());
        } else {
            let values = Values { is_list, texts: vec![text.to_owned()] };
            self.fields.push((bare.to_owned(), values));
        }
        Ok(())
    }

    fn finish(self) -> Result<JsonOrForm, BadRequest> {
        let mut body = Vec::new();
        let mut object = ObjectWriter::new(&mut body);
        for (name, values) in &self.fields {
            let is_list = values.is_list || values.texts.len() > 1;
            let json = match values.texts.first() {
                Some(text) if !is_list => serde_json::to_string(text),
                _ => serde_json::to_string(&values.texts),
            };
            // Strings can always be written.
            object.member(name, &json.unwrap_or_default());
        }
        object.end();
        let file = self.file.ok_or_else(|| BadRequest::new("file: Required"))?;
        Ok(JsonOrForm::Form(RawObject::read(Bytes::from(body))?, file))
    }
}

fn broken(error: &multer::Error) -> ApiError {
    ApiError::bad_request(format!("Request body is not a form that can be read: {error}"))
}

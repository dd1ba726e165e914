//! A request to a payment provider, and its answer, as values.

/// How it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Changes nothing.
    Get,
    /// Makes something, once for each [`Ask::idempotency_key`].
    Post,
}

/// What to ask a payment provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// How.
    pub method: Method,
    /// Behind the provider's base URL, with its query.
    pub path: String,
    /// The form-encoded body of a [`Method::Post`].
    pub body: Option<String>,
    /// Sent again under the same key, the provider does it once.
    pub idempotency_key: Option<String>,
}

/// What a payment provider answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body, read within a bound.
    pub body: &'a [u8],
}

impl Method {
    /// As HTTP has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl Ask {
    /// Asks for something without changing it.
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::Get, path, body: None, idempotency_key: None }
    }

    /// Asks for something to be made, once for each key.
    pub(crate) fn post(path: &str, form: &[(String, String)], key: &str) -> Self {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        Self {
            method: Method::Post,
            path: path.to_owned(),
            body: Some(body.finish()),
            idempotency_key: Some(key.to_owned()),
        }
    }
}

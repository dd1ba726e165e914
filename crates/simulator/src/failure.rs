//! Why a request fails, before a protocol gives it its form.

use bytes::Bytes;

/// A request that gets an error.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) cause: Cause,
    pub(crate) retry_after_s: Option<u32>,
}

/// What the error says.
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// What providers usually say with the status.
    Usual,
    /// The request is wrong, and `message` says how.
    Invalid {
        message: String,
        param: Option<String>,
        code: Option<&'static str>,
    },
    KeyMissing,
    /// The key is wrong; only its last characters are kept.
    KeyWrong {
        shown: String,
    },
    ModelMissing {
        model: String,
    },
    NoRoute {
        method: String,
        path: String,
    },
    TooLarge,
}

/// A whole answer to one request, in the form of a protocol.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
}

impl Failure {
    pub(crate) const fn usual(status: u16, retry_after_s: Option<u32>) -> Self {
        Self { status, cause: Cause::Usual, retry_after_s }
    }

    /// The request is wrong.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        let cause = Cause::Invalid { message: message.into(), param: None, code: None };
        Self { status: 400, cause, retry_after_s: None }
    }

    /// The parameter `param` of the request is wrong.
    pub(crate) fn invalid_param(
        message: impl Into<String>,
        param: impl Into<String>,
        code: Option<&'static str>,
    ) -> Self {
        let cause = Cause::Invalid { message: message.into(), param: Some(param.into()), code };
        Self { status: 400, cause, retry_after_s: None }
    }

    pub(crate) const fn key_missing() -> Self {
        Self { status: 401, cause: Cause::KeyMissing, retry_after_s: None }
    }

    pub(crate) fn key_wrong(key: &str) -> Self {
        let cause = Cause::KeyWrong { shown: last_letters(key) };
        Self { status: 401, cause, retry_after_s: None }
    }

    pub(crate) fn model_missing(model: &str) -> Self {
        let cause = Cause::ModelMissing { model: model.to_owned() };
        Self { status: 404, cause, retry_after_s: None }
    }

    pub(crate) fn no_route(method: &str, path: &str) -> Self {
        let cause = Cause::NoRoute { method: method.to_owned(), path: path.to_owned() };
        Self { status: 404, cause, retry_after_s: None }
    }

    pub(crate) const fn too_large() -> Self {
        Self { status: 413, cause: Cause::TooLarge, retry_after_s: None }
    }
}

/// The last four letters of a secret: enough to tell two apart.
pub(crate) fn last_letters(secret: &str) -> String {
    let count = secret.chars().count();
    secret.chars().skip(count.saturating_sub(4)).collect()
}

//! The dialect as clients see it: whole requests in, whole streams and objects out.

mod agreement;
mod request;
mod stream;
mod support;

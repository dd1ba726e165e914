//! What a text is about, by heuristics: which language, whether code, which task.
//!
//! They look at a bounded beginning, take linear time, and err. Rules that must not err should look
//! at what callers say: headers, tags, keys.

mod code;
mod language;
mod task;

pub use code::is_code;
pub use language::{LANGUAGES, language};
pub use task::{Task, task};

//! The client's members that go to the provider.

use tollgate_wire::json::ObjectWriter;

use super::super::encode::is_ours;
use crate::{Target, Task};

/// The members that are neither the gateway's nor empty nor refused by the provider. The model and
/// the end user are not among them: they are written anew.
pub(crate) fn passed<'a>(task: &Task<'a>) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let target = task.target;
    task.call.object().members().filter(move |(key, raw)| {
        !matches!(*key, "model" | "user" | "stream") && *raw != "null" && is_passed(&target, key)
    })
}

/// Whether a member means something to the provider.
pub(super) fn is_passed(target: &Target<'_>, key: &str) -> bool {
    !is_ours(key) && !is_refused(target, key)
}

/// Whether the provider is known to refuse a parameter.
pub(crate) fn is_refused(target: &Target<'_>, key: &str) -> bool {
    target.quirks.drop_params.iter().any(|refused| refused == key)
}

/// Writes a body: the model, what `write` adds to each of the passed members or puts in its place,
/// what `end` adds, and the end user.
pub(super) fn body(
    task: &Task<'_>,
    mut write: impl FnMut(&mut ObjectWriter<'_>, &str, &str),
    end: impl FnOnce(&mut ObjectWriter<'_>),
) -> Vec<u8> {
    let mut body = Vec::with_capacity(task.call.object().text().len().saturating_add(128));
    let mut object = ObjectWriter::new(&mut body);
    object.field("model", task.target.upstream_model);
    for (key, raw) in passed(task) {
        write(&mut object, key, raw);
    }
    end(&mut object);
    if let Some(user) = end_user(task) {
        object.field("user", user);
    }
    object.end();
    body
}

/// The end user, where the provider takes one.
pub(super) fn end_user<'a>(task: &Task<'a>) -> Option<&'a str> {
    task.end_user.filter(|_| !is_refused(&task.target, "user"))
}

/// The members that mean nothing to the gateway, for requests whose other members are written
/// anew.
pub(crate) fn unknown<'a>(task: &Task<'a>) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let target = task.target;
    task.call.unknown_members().filter(move |(key, raw)| *raw != "null" && is_passed(&target, key))
}

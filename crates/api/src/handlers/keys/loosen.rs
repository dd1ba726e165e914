//! What makes a key looser. What an admin has set on somebody's key, they can't lift. Who has set it
//! is not kept, so it holds of what they have set themselves, too.

use tollgate_store::{Change, KeyPatch, KeyRecord, ResetInterval};
use tollgate_types::AddressRange;

/// The first member by which a change would let a key do more than it may; what stays as it is goes
/// out of the change, so that it is not written over what somebody else sets meanwhile.
pub(super) fn loosened(patch: &mut KeyPatch, before: &KeyRecord) -> Option<&'static str> {
    keep(&mut patch.disabled, &before.disabled);
    keep(&mut patch.limit, &before.limit);
    keep(&mut patch.limit_reset, &before.limit_reset);
    keep(&mut patch.include_byok_in_limit, &before.include_byok_in_limit);
    keep(&mut patch.expires_at, &before.expires_at);
    keep(&mut patch.rate_limits, &before.rate_limits);
    keep(&mut patch.allowed_models, &before.allowed_models);
    keep(&mut patch.allowed_providers, &before.allowed_providers);
    keep(&mut patch.allowed_addresses, &before.allowed_addresses);
    let has_limit = before.limit.is_some();
    let is_name_in = |name: &String, all: &[String]| all.contains(name);
    let is_range_in =
        |range: &AddressRange, all: &[AddressRange]| all.iter().any(|it| range.is_within(it));
    let models = before.allowed_models.as_deref();
    let providers = before.allowed_providers.as_deref();
    let addresses = before.allowed_addresses.as_deref();
    let looser = [
        ("disabled", is(&patch.disabled, |disabled| before.disabled && !disabled)),
        ("limit", is(&patch.limit, |it| is_more(it.as_ref(), before.limit.as_ref()))),
        (
            "limit_reset",
            is(&patch.limit_reset, |it| has_limit && often(*it) > often(before.limit_reset)),
        ),
        ("include_byok_in_limit", is(&patch.include_byok_in_limit, |counts| has_limit && !counts)),
        (
            "expires_at",
            is(&patch.expires_at, |it| is_more(it.as_ref(), before.expires_at.as_ref())),
        ),
        ("rate_limits", is(&patch.rate_limits, |it| !it.are_within(&before.rate_limits))),
        ("allowed_models", is_wider(&patch.allowed_models, models, is_name_in)),
        ("allowed_providers", is_wider(&patch.allowed_providers, providers, is_name_in)),
        ("allowed_addresses", is_wider(&patch.allowed_addresses, addresses, is_range_in)),
    ];
    looser.into_iter().find(|(_, is_looser)| *is_looser).map(|(member, _)| member)
}

fn keep<T: PartialEq>(change: &mut Change<T>, before: &T) {
    if change.value() == Some(before) {
        *change = Change::Keep;
    }
}

fn is<T>(change: &Change<T>, looser: impl FnOnce(&T) -> bool) -> bool {
    change.value().is_some_and(looser)
}

/// Whether there was a bound, and it is gone or further away.
fn is_more<T: PartialOrd>(after: Option<&T>, before: Option<&T>) -> bool {
    before.is_some_and(|before| after.is_none_or(|after| after > before))
}

/// How often spend begins anew: the more often, the more may be spent.
const fn often(reset: Option<ResetInterval>) -> u8 {
    match reset {
        None => 0,
        Some(ResetInterval::Monthly) => 1,
        Some(ResetInterval::Weekly) => 2,
        Some(ResetInterval::Daily) => 3,
    }
}

/// Whether there was a list, and not all that the new one has is in it.
fn is_wider<T>(
    change: &Change<Option<Vec<T>>>,
    before: Option<&[T]>,
    is_in: impl Fn(&T, &[T]) -> bool,
) -> bool {
    let Some(before) = before else { return false };
    is(change, |after| after.as_ref().is_none_or(|after| !after.iter().all(|it| is_in(it, before))))
}

//! What the names in `order`, `only` and `ignore` mean (contract §5.2).

use tollgate_catalog::Endpoint;

/// Whether `name` means this endpoint: its tag, or its provider by slug, alias or display name,
/// whatever the case.
///
/// A provider covers all its endpoints but those of a service tier: these are dearer or slower, and
/// nobody gets them who did not name them.
pub(crate) fn names(name: &str, endpoint: &Endpoint) -> bool {
    let suffix = endpoint.suffix.as_deref();
    if names_provider(name, endpoint) {
        return endpoint.tier().is_none();
    }
    name.split_once('/').is_some_and(|(base, rest)| {
        names_provider(base, endpoint)
            && suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case(rest))
    })
}

/// Whether `name` means the endpoint's provider: by slug, alias or display name, whatever the case.
pub(crate) fn names_provider(name: &str, endpoint: &Endpoint) -> bool {
    let provider = &endpoint.provider;
    name.eq_ignore_ascii_case(provider.slug.as_str())
        || name.eq_ignore_ascii_case(&provider.name)
        || provider.aliases.iter().any(|alias| name.eq_ignore_ascii_case(alias))
}

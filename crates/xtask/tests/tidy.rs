//! Layers, bans and sizes, as tests.

use xtask::{built_packages, crates, fuzzed_packages, sources};

/// Which crates each crate may build on. Arrows point down only: a crate exists because it forbids
/// a dependency.
const LAYERS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("wire", &["types"]),
    ("catalog", &["types"]),
    ("routing", &["catalog", "health", "types"]),
    ("health", &["types"]),
    ("dashboard", &[]),
    ("limits", &["types"]),
    ("policy", &["routing", "types"]),
    ("vault", &[]),
    ("journal", &[]),
    ("ledger", &["types"]),
    ("payments", &["ledger", "types"]),
    ("statement", &["ledger", "types"]),
    ("providers", &["catalog", "types", "wire"]),
    ("upstream", &[]),
    ("store", &["health", "ledger", "limits", "types"]),
    ("alerts", &["store", "types"]),
    ("organisation", &["ledger", "store", "types"]),
    ("store-postgres", &["health", "ledger", "limits", "store", "types"]),
    ("store-sqlite", &["health", "ledger", "limits", "store", "types"]),
    (
        "engine",
        &[
            "alerts",
            "catalog",
            "health",
            "journal",
            "ledger",
            "limits",
            "organisation",
            "payments",
            "policy",
            "providers",
            "routing",
            "statement",
            "store",
            "types",
            "upstream",
            "vault",
            "wire",
        ],
    ),
    (
        "api",
        &[
            "alerts",
            "catalog",
            "dashboard",
            "engine",
            "ledger",
            "limits",
            "organisation",
            "payments",
            "statement",
            "store",
            "types",
            "wire",
        ],
    ),
    ("simulator", &[]),
    (
        "tollgate",
        &[
            "alerts",
            "api",
            "catalog",
            "dashboard",
            "engine",
            "journal",
            "ledger",
            "limits",
            "organisation",
            "payments",
            "policy",
            "providers",
            "simulator",
            "statement",
            "store",
            "store-postgres",
            "store-sqlite",
            "types",
            "upstream",
            "vault",
            "wire",
        ],
    ),
    (
        "testkit",
        &["dashboard", "engine", "simulator", "store", "store-sqlite", "tollgate", "types"],
    ),
    ("bench", &["journal", "ledger", "simulator", "store", "store-sqlite", "types"]),
    (
        "instructions",
        &[
            "catalog",
            "health",
            "ledger",
            "limits",
            "providers",
            "routing",
            "store",
            "types",
            "wire",
        ],
    ),
    ("lab", &["catalog", "health", "routing", "types"]),
    ("xtask", &[]),
];

/// Which crates may use a library that means I/O, so that the pure ones stay pure.
const EDGES: &[(&str, &[&str])] = &[
    ("axum", &["api"]),
    ("sqlx", &["store-postgres", "store-sqlite"]),
    ("hyper", &["api", "upstream", "simulator", "testkit", "bench"]),
    ("hyper-util", &["api", "upstream", "simulator", "testkit", "bench"]),
    ("rustls", &["upstream"]),
    ("lettre", &["upstream"]),
    (
        "tokio",
        &[
            "api",
            "bench",
            "engine",
            "simulator",
            "store",
            "store-postgres",
            "store-sqlite",
            "testkit",
            "tollgate",
            "upstream",
        ],
    ),
    ("clap", &["tollgate", "bench", "lab"]),
    ("anyhow", &["tollgate", "testkit", "bench", "instructions", "lab"]),
];

/// Never in the tree: C TLS stacks, a second crypto provider, archived parsers.
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls", "ring", "serde_yaml", "chrono"];

#[test]
fn arrows_point_down_only() {
    for it in crates().unwrap() {
        let allowed = LAYERS.iter().find(|(name, _)| *name == it.name).map(|(_, allowed)| *allowed);
        let allowed = allowed.unwrap_or_else(|| panic!("give crates/{} its layer here", it.name));
        for dependency in &it.dependencies {
            let Some(lower) = dependency
                .strip_prefix("tollgate-")
                .or_else(|| (dependency == "tollgate").then_some("tollgate"))
            else {
                continue;
            };
            assert!(allowed.contains(&lower), "crates/{} may not depend on {lower}", it.name);
        }
    }
}

#[test]
fn pure_crates_do_no_io() {
    for it in crates().unwrap() {
        for (library, users) in EDGES {
            let uses = it.dependencies.iter().any(|dependency| dependency == library);
            assert!(
                !uses || users.contains(&it.name.as_str()),
                "crates/{} may not use {library}",
                it.name
            );
        }
    }
}

/// `dist` inherits what `release` leaves unoptimised to be quick to build.
#[test]
fn everything_that_is_shipped_is_optimised() {
    let text = std::fs::read_to_string(xtask::root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let level = |profile: &str, package: &str| {
        manifest["profile"][profile]["package"].get(package)?.get("opt-level")?.as_integer()
    };
    let quick = manifest["profile"]["release"]["package"].as_table().unwrap();
    let is_slow = |it: &&String| {
        let is_quick_to_build = level("release", it).is_some_and(|at| at < 3);
        *it != "*" && is_quick_to_build && level("dist", it).is_none_or(|at| at < 3)
    };
    let slow: Vec<&String> = quick.keys().filter(is_slow).collect();
    assert!(slow.is_empty(), "these need a [profile.dist.package.NAME]: {slow:?}");
    // A package with settings of its own does not have the profile's.
    let strip = &manifest["profile"]["dist"]["package"]["tollgate"]["strip"];
    assert_eq!(strip.as_str(), Some("symbols"), "what is shipped is stripped");
}

#[test]
fn banned_libraries_stay_out() {
    let packages = built_packages().unwrap();
    assert!(packages.iter().any(|it| it == "rustls"), "the list is not one");
    for package in packages {
        assert!(!BANNED.contains(&package.as_str()), "{package} is banned");
    }
}

#[test]
fn the_lock_file_of_the_fuzz_targets_fits() {
    let packages = fuzzed_packages().unwrap();
    assert!(packages.iter().any(|it| it == "tollgate-wire"), "the list is not one");
}

#[test]
fn files_and_modules_have_their_form() {
    let mut problems = Vec::new();
    for (path, text) in sources().unwrap() {
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        let is_test = path.contains("/tests/") || path.ends_with("/tests.rs");
        if lines > 500 && !is_test {
            problems.push(format!("{path}: {lines} lines want to be split along a concept"));
        }
        if !is_test && !text.trim_start().starts_with("//!") {
            problems.push(format!("{path}: a module says why it exists"));
        }
        if path.ends_with("/mod.rs") && !is_test {
            problems.push(format!("{path}: foo.rs and foo/, not foo/mod.rs"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn nothing_is_left_for_later() {
    // Spelt in two halves, so that this file does not find itself.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("#[ign", "ore"),
        concat!("#[all", "ow("),
    ];
    for (path, text) in sources().unwrap() {
        for word in words {
            assert!(!text.contains(word), "{path} contains {word}");
        }
    }
}

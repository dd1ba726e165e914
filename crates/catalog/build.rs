//! Checks the files under `catalog/` and packs them into one compact document that the library
//! embeds, so that a mistake in the data fails the build and names the file, the row and the key.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fmt, fs, io};

#[expect(dead_code, unreachable_pub, reason = "shared with the library, which uses the rest")]
#[path = "src/check.rs"]
mod check;
#[expect(unreachable_pub, reason = "shared with the library, which uses the rest")]
#[path = "src/format.rs"]
mod format;
#[expect(dead_code, unreachable_pub, reason = "shared with the library, which uses the rest")]
#[path = "src/vocabulary.rs"]
mod vocabulary;

use check::Provenance;
use format::Overlay;

/// Why the catalogue can't be built. `Debug`, which cargo prints, is for people.
#[derive(thiserror::Error)]
enum Failure {
    #[error("{}: {source}", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}: {source}", .path.display())]
    Malformed { path: PathBuf, source: toml::de::Error },
    #[error("the catalogue has {} problem(s):\n  {}", .0.len(), .0.join("\n  "))]
    Invalid(Vec<String>),
    #[error("packing: {0}")]
    Pack(#[from] serde_json::Error),
    #[error("cargo did not set {0}")]
    NotSet(&'static str),
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn main() -> Result<(), Failure> {
    let package = variable("CARGO_MANIFEST_DIR")?;
    let folder = Path::new(&package).join("../../catalog");
    rerun_if_changed(&folder);
    let mut rows = read(&folder.join("providers.toml"), "providers.toml")?;
    for (path, name) in model_files(&folder.join("models"))? {
        let file = read(&path, &format!("models/{name}"))?;
        rows.providers.extend(file.providers);
        rows.models.extend(file.models);
        rows.endpoints.extend(file.endpoints);
    }
    let mut problems: Vec<String> =
        check::check(&rows, Provenance::Required).iter().map(ToString::to_string).collect();
    if !rows.endpoints.is_empty() {
        problems.push("an endpoint stands inside its model: write [[model.endpoint]]".to_owned());
    }
    if !problems.is_empty() {
        return Err(Failure::Invalid(problems));
    }
    let mut packed = serde_json::to_value(&rows)?;
    prune(&mut packed);
    let path = Path::new(&variable("OUT_DIR")?).join("catalog.json");
    fs::write(&path, packed.to_string()).map_err(|source| Failure::Unreadable { path, source })
}

fn variable(name: &'static str) -> Result<OsString, Failure> {
    env::var_os(name).ok_or(Failure::NotSet(name))
}

fn rerun_if_changed(folder: &Path) {
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/format.rs");
    println!("cargo::rerun-if-changed=src/check.rs");
    println!("cargo::rerun-if-changed=src/vocabulary.rs");
}

fn read(path: &Path, origin: &str) -> Result<Overlay, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|source| Failure::Unreadable { path: path.to_owned(), source })?;
    let mut file: Overlay = toml::from_str(&text)
        .map_err(|source| Failure::Malformed { path: path.to_owned(), source })?;
    for provider in &mut file.providers {
        origin.clone_into(&mut provider.origin);
    }
    for model in &mut file.models {
        origin.clone_into(&mut model.origin);
    }
    Ok(file)
}

/// The model files in the order of their names, so that the result does not depend on the disk.
fn model_files(folder: &Path) -> Result<Vec<(PathBuf, String)>, Failure> {
    let unreadable = |source| Failure::Unreadable { path: folder.to_owned(), source };
    let mut names: Vec<OsString> = fs::read_dir(folder)
        .map_err(unreadable)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    names.retain(|name| Path::new(name).extension().is_some_and(|ending| ending == "toml"));
    names.sort();
    let located = |name: OsString| (folder.join(&name), name.to_string_lossy().into_owned());
    Ok(names.into_iter().map(located).collect())
}

/// Leaves out what is absent: half of the document otherwise.
fn prune(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Object(fields) => {
            fields.retain(|key, field| {
                prune(field);
                let empty = field.as_array().is_some_and(Vec::is_empty);
                let not_free = key == "free" && *field == Value::Bool(false);
                !field.is_null() && !empty && !not_free
            });
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

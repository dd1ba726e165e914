//! What the repository checks about itself: layers, bans, sizes. The checks are ordinary tests,
//! in `tests/tidy.rs`; this library reads what they judge. It also holds answers of the API
//! against OpenAPI documents, our own ([`openapi`]) and others' ([`schemas`]).

pub mod exchange;
pub mod openapi;
pub mod schemas;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

/// One crate of the workspace.
#[derive(Debug)]
pub struct Crate {
    /// Its folder's name.
    pub name: String,
    /// Its package's name.
    pub package: String,
    /// Packages it depends on when built, tests apart.
    pub dependencies: Vec<String>,
}

/// The repository's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Every crate of the workspace, by name.
///
/// # Errors
///
/// Names the manifest that can't be read.
pub fn crates() -> Result<Vec<Crate>, String> {
    let mut crates = Vec::new();
    let folder = root().join("crates");
    for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let manifest = path.join("Cargo.toml");
        if manifest.is_file() {
            crates.push(read(&path, &manifest)?);
        }
    }
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(crates)
}

fn read(folder: &Path, manifest: &Path) -> Result<Crate, String> {
    let text = fs::read_to_string(manifest).map_err(|e| format!("{}: {e}", manifest.display()))?;
    let table: Table = text.parse().map_err(|e| format!("{}: {e}", manifest.display()))?;
    let package = table.get("package").and_then(|it| it.get("name")).and_then(Value::as_str);
    let keys = |section: &str| -> Vec<String> {
        let section = table.get(section).and_then(Value::as_table);
        section.map(|it| it.keys().cloned().collect()).unwrap_or_default()
    };
    let name = folder.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Crate {
        name,
        package: package.unwrap_or_default().to_owned(),
        dependencies: [keys("dependencies"), keys("build-dependencies")].concat(),
    })
}

/// Names of every package that is built into the program. The lock file lists more: packages
/// that only features nobody switched on would bring.
///
/// # Errors
///
/// When cargo can't say.
pub fn built_packages() -> Result<Vec<String>, String> {
    packages(&["--workspace"])
}

/// Names of every package that the fuzz targets are built of. They are a workspace of their own
/// with a lock file of its own, which nothing else reads.
///
/// # Errors
///
/// When cargo can't say, as where the lock file lacks what a crate of ours has come to depend on.
pub fn fuzzed_packages() -> Result<Vec<String>, String> {
    packages(&["--manifest-path", "fuzz/Cargo.toml"])
}

fn packages(of: &[&str]) -> Result<Vec<String>, String> {
    let cargo = Command::new(env!("CARGO"))
        .args(["tree", "--edges", "normal,build", "--prefix", "none", "--locked"])
        .args(of)
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo tree: {error}"))?;
    if !cargo.status.success() {
        return Err(String::from_utf8_lossy(&cargo.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&cargo.stdout);
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.map(str::to_owned).collect())
}

/// Every Rust source below `crates`, as path from the root and text.
///
/// # Errors
///
/// Names the file or folder that can't be read.
pub fn sources() -> Result<Vec<(String, String)>, String> {
    let mut sources = Vec::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        for entry in entries {
            let path = entry.map_err(|error| error.to_string())?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text =
                    fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
                let name = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
                sources.push((name, text));
            }
        }
    }
    sources.sort();
    Ok(sources)
}

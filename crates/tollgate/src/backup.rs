//! The form of a backup: a tar archive of the files of a gateway's data, then a manifest that says
//! what they are and what each hashes to, then the manifest's own hash. What is cut short has no
//! manifest; what has changed does not hash to what it says.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};
use tar::{Archive, Builder, EntryType, Header};
use tokio::time::Instant;
use tollgate_types::Timestamp;

/// The form that this version writes, and the newest that it reads.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const MANIFEST_HASH: &str = "manifest.sha256";
/// The longest manifest that is read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 4 << 20;
/// How much is copied at a time.
const CHUNK_BYTES: usize = 1 << 18;
/// How often progress is told.
pub(crate) const TOLD_EVERY: Duration = Duration::from_secs(2);

/// The database in a backup of a gateway with SQLite.
pub(crate) const DATABASE: &str = "database";
/// The folder of the journal in a backup.
const JOURNAL: &str = "journal/";

/// What a backup is of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The program that made it.
    pub(crate) version: String,
    /// When, in RFC 3339.
    pub(crate) made_at: String,
    /// `sqlite`, or `postgres`, whose database is not in it.
    pub(crate) database: String,
    /// The version of the database's schema, where the database is in it.
    pub(crate) schema: Option<i64>,
}

/// What a backup says of itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    format: u32,
    #[serde(flatten)]
    pub(crate) origin: Origin,
    files: Vec<Packed>,
}

/// A file in a backup.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Packed {
    name: String,
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// Whether a file is in it.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.files.iter().any(|it| it.name == name)
    }

    /// How many bytes its files have.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, it| sum.saturating_add(it.bytes))
    }
}

/// A backup that is being written.
pub(crate) struct Packer {
    archive: Builder<BufWriter<File>>,
    files: Vec<Packed>,
    now: Timestamp,
}

impl Packer {
    /// Begins one in an empty file.
    pub(crate) fn new(file: File, now: Timestamp) -> Self {
        Self {
            archive: Builder::new(BufWriter::with_capacity(CHUNK_BYTES, file)),
            files: Vec::new(),
            now,
        }
    }

    /// Packs a file as long as it is now. `false` when there is none.
    ///
    /// # Errors
    ///
    /// When it can't be read, is cut while it is, or the backup can't be written.
    pub(crate) fn add(&mut self, name: &str, path: &Path) -> anyhow::Result<bool> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            opened => opened.with_context(|| format!("{} can't be read", path.display()))?,
        };
        let bytes = file.metadata()?.len();
        let mut reader = Hashing::new(file.take(bytes), Progress::new("packed", bytes));
        let header = header(bytes, self.now)?;
        let packed = self.append(&header, name, &mut reader);
        packed.with_context(|| format!("{} can't be packed", path.display()))?;
        ensure!(reader.bytes == bytes, "{} was cut while it was read", path.display());
        self.files.push(Packed { name: name.to_owned(), bytes, sha256: reader.finish() });
        Ok(true)
    }

    /// Writes the manifest, and has everything outlive a loss of power.
    ///
    /// # Errors
    ///
    /// When it can't be written.
    pub(crate) fn finish(mut self, origin: Origin) -> anyhow::Result<Manifest> {
        let files = std::mem::take(&mut self.files);
        let manifest = Manifest { format: FORMAT, origin, files };
        let text = serde_json::to_vec_pretty(&manifest)?;
        let hash = hex(digest::digest(&digest::SHA256, &text).as_ref());
        for (name, content) in [(MANIFEST, text.as_slice()), (MANIFEST_HASH, hash.as_bytes())] {
            let header = header(u64::try_from(content.len())?, self.now)?;
            self.append(&header, name, content)?;
        }
        let mut file = self.archive.into_inner()?;
        file.flush()?;
        file.get_ref().sync_all()?;
        Ok(manifest)
    }

    fn append(&mut self, header: &Header, name: &str, content: impl Read) -> io::Result<()> {
        self.archive.append_data(&mut header.clone(), name, content)
    }
}

fn header(bytes: u64, now: Timestamp) -> anyhow::Result<Header> {
    let mut header = Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(u64::try_from(now.unix_millis().div_euclid(1_000))?);
    header.set_entry_type(EntryType::Regular);
    Ok(header)
}

/// Reads a backup whole, and hands each file to what `open` makes for its name.
///
/// # Errors
///
/// When it is no backup, is cut short, has changed, or was made by a newer version: in words for a
/// person. What `open` was handed until then is not to be used.
pub(crate) fn read<W: Write>(
    backup: &Path,
    mut open: impl FnMut(&str) -> anyhow::Result<W>,
) -> anyhow::Result<Manifest> {
    let file = File::open(backup).with_context(|| format!("{} can't be read", backup.display()))?;
    let mut progress = Progress::new("read", file.metadata()?.len());
    let mut archive = Archive::new(BufReader::with_capacity(CHUNK_BYTES, file));
    let damaged = || format!("{} is damaged, cut short or no backup", backup.display());
    let mut files: BTreeMap<String, Packed> = BTreeMap::new();
    let (mut manifest, mut hash) = (None, None);
    for entry in archive.entries().with_context(damaged)? {
        let entry = entry.with_context(damaged)?;
        let name = entry.path().with_context(damaged)?.to_string_lossy().into_owned();
        ensure!(entry.header().entry_type() == EntryType::Regular && hash.is_none(), damaged());
        match name.as_str() {
            MANIFEST if manifest.is_none() => manifest = Some(short(entry, &damaged)?),
            MANIFEST_HASH if manifest.is_some() => hash = Some(short(entry, &damaged)?),
            _ => {
                ensure!(manifest.is_none() && is_ours(&name), "{}: has {name:?}", damaged());
                let mut reader = Hashing::new(entry, progress);
                let mut writer = open(&name)?;
                reader.copy(&mut writer).with_context(damaged)?;
                writer.flush().with_context(|| format!("{name} can't be written"))?;
                progress = reader.progress.clone();
                let (bytes, sha256) = (reader.bytes, reader.finish());
                let packed = Packed { name: name.clone(), bytes, sha256 };
                ensure!(files.insert(name, packed).is_none(), damaged());
            }
        }
    }
    let (Some(manifest), Some(hash)) = (manifest, hash) else { bail!(damaged()) };
    check(&manifest, &hash, &files).with_context(damaged)
}

/// Whether a file of this name belongs into a backup: never a path that leads elsewhere.
fn is_ours(name: &str) -> bool {
    let is_plain = |it: &str| {
        !it.is_empty()
            && !it.starts_with('.')
            && it.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
    };
    is_plain(name) || name.strip_prefix(JOURNAL).is_some_and(is_plain)
}

fn short(entry: impl Read, damaged: &impl Fn() -> String) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    entry.take(MANIFEST_BYTES_MAX).read_to_end(&mut text).with_context(damaged)?;
    Ok(text)
}

/// The manifest, when it is whole and what was read is what it says.
fn check(
    manifest: &[u8],
    hash: &[u8],
    files: &BTreeMap<String, Packed>,
) -> anyhow::Result<Manifest> {
    let hashed = hex(digest::digest(&digest::SHA256, manifest).as_ref());
    ensure!(hashed.as_bytes() == hash, "its manifest has changed");
    let form: Form = serde_json::from_slice(manifest)?;
    if form.format > FORMAT {
        bail!("it was made by the newer version {}; restore it with that one", form.version);
    }
    let manifest: Manifest = serde_json::from_slice(manifest)?;
    for said in &manifest.files {
        match files.get(&said.name) {
            Some(read) if read == said => {}
            Some(_) => bail!("{} has changed", said.name),
            None => bail!("{} is missing", said.name),
        }
    }
    ensure!(files.len() == manifest.files.len(), "it has files that nobody packed");
    Ok(manifest)
}

/// What every form of a manifest has.
#[derive(Deserialize)]
struct Form {
    format: u32,
    version: String,
}

/// A reader that hashes and counts what passes, and tells how far it is.
struct Hashing<R> {
    inner: R,
    hash: digest::Context,
    bytes: u64,
    progress: Progress,
}

impl<R: Read> Hashing<R> {
    fn new(inner: R, progress: Progress) -> Self {
        Self { inner, hash: digest::Context::new(&digest::SHA256), bytes: 0, progress }
    }

    /// Copies everything that is left.
    fn copy(&mut self, writer: &mut impl Write) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK_BYTES];
        loop {
            let read = match self.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            match chunk.get(..read) {
                None | Some([]) => return Ok(()),
                Some(read) => writer.write_all(read)?,
            }
        }
    }

    fn finish(self) -> String {
        hex(self.hash.finish().as_ref())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or_default());
        let more = u64::try_from(read).unwrap_or_default();
        self.bytes = self.bytes.saturating_add(more);
        self.progress.add(more);
        Ok(read)
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

/// Tells how far long work is, every now and then.
#[derive(Debug, Clone)]
struct Progress {
    done: &'static str,
    bytes: u64,
    of: u64,
    told: Instant,
}

impl Progress {
    fn new(done: &'static str, of: u64) -> Self {
        Self { done, bytes: 0, of, told: Instant::now() }
    }

    fn add(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.told.elapsed() >= TOLD_EVERY {
            self.told = Instant::now();
            anstream::eprintln!("{} {} of {}", self.done, size(self.bytes), size(self.of));
        }
    }
}

/// A size for people.
pub(crate) fn size(bytes: u64) -> String {
    let mebibytes = bytes.div_ceil(1 << 20);
    if bytes < 1 << 20 {
        format!("{} KiB", bytes.div_ceil(1 << 10))
    } else {
        format!("{mebibytes} MiB")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn packed(folder: &Path) -> std::path::PathBuf {
        let (a, backup) = (folder.join("a"), folder.join("backup.tar"));
        fs::write(&a, vec![7; 5_000]).unwrap();
        let now = Timestamp::from_unix_millis(1_795_000_000_000);
        let mut packer = Packer::new(File::create(&backup).unwrap(), now);
        assert!(packer.add("journal/1.journal", &a).unwrap());
        assert!(packer.add("node.id", &a).unwrap());
        assert!(!packer.add("secret.key", &folder.join("none")).unwrap());
        let origin = Origin {
            version: "9.9.9".to_owned(),
            made_at: now.to_rfc3339(),
            database: "sqlite".to_owned(),
            schema: None,
        };
        packer.finish(origin).unwrap();
        backup
    }

    #[test]
    fn what_was_packed_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let backup = packed(folder.path());
        let mut names = Vec::new();
        let manifest = read(&backup, |name| {
            names.push(name.to_owned());
            Ok(io::sink())
        });
        let manifest = manifest.unwrap();
        assert_eq!(names, ["journal/1.journal", "node.id"]);
        assert!(manifest.has("node.id") && !manifest.has("secret.key"));
        assert_eq!(manifest.bytes(), 10_000);
    }

    #[test]
    fn whatever_is_cut_or_changed_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let backup = packed(folder.path());
        let whole = fs::read(&backup).unwrap();
        let refused = |bytes: &[u8]| {
            fs::write(&backup, bytes).unwrap();
            read(&backup, |_| Ok(io::sink())).is_err()
        };
        assert!(!refused(&whole));
        // Two empty blocks end the archive; without them it is whole all the same.
        for end in (0..whole.len() - 1_024).step_by(97) {
            assert!(refused(&whole[..end]), "cut at {end}");
        }
        let matters = |at: usize| whole[at] != 0;
        for at in (0..whole.len() - 1_024).filter(|at| matters(*at)).step_by(13) {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(refused(&changed), "changed at {at}");
        }
        assert!(refused(b"something else"));
    }

    #[test]
    fn newer_forms_are_refused_by_name() {
        let manifest = br#"{"format": 2, "version": "9.9.9", "pages": []}"#;
        let hash = hex(digest::digest(&digest::SHA256, manifest).as_ref());
        let error = check(manifest, hash.as_bytes(), &BTreeMap::new()).unwrap_err();
        assert!(error.to_string().contains("newer version 9.9.9"), "{error}");
    }

    #[test]
    fn names_lead_nowhere_else() {
        for name in ["node.id", "journal/0001.journal", "secret.key"] {
            assert!(is_ours(name), "{name}");
        }
        for name in ["../x", "/etc/x", "journal/../x", "journal/", "", ".", "a/b", "journal/.x"] {
            assert!(!is_ours(name), "{name}");
        }
    }
}

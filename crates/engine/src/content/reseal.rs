//! Sealing what was said anew, when the master key is replaced.

use tollgate_store::{ContentRecord, Stores};
use tollgate_vault::{NONCE_BYTES, Vault};

use super::keeper::ContentError;
use crate::Entropy;

/// As many are read in one step: they may be a mebibyte each.
const PAGE: u32 = 16;

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Calls whose words were sealed anew.
    pub sealed: u64,
    /// Calls whose words don't open.
    pub failed: u64,
}

/// Seals anew what was said in calls, where it was not sealed with the newest master key. What has
/// been removed meanwhile is passed over.
///
/// # Errors
///
/// When the store can't be asked, the system has no random bytes or the cryptography library fails.
pub async fn reseal_contents(
    stores: &Stores,
    vault: &Vault,
    entropy: &dyn Entropy,
) -> Result<Resealed, ContentError> {
    let mut done = Resealed::default();
    let mut after = None;
    loop {
        let page = stores.contents.contents_after(after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(done) };
        after = Some(last.generation_id.clone());
        for content in page.into_iter().filter(|it| !vault.is_newest(&it.sealed)) {
            let ContentRecord { generation_id, sealed, .. } = content;
            let purpose = ContentRecord::purpose(&generation_id);
            let Ok(text) = vault.open(&purpose, &sealed) else {
                done.failed = done.failed.saturating_add(1);
                continue;
            };
            let mut nonce = [0; NONCE_BYTES];
            entropy.fill(&mut nonce)?;
            let anew = vault.seal(&purpose, &text, nonce)?;
            if stores.contents.reseal_content(&generation_id, &sealed, anew).await? {
                done.sealed = done.sealed.saturating_add(1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_store::MemoryStore;
    use tollgate_types::{GenerationId, Timestamp};
    use tollgate_vault::KEY_BYTES;

    use super::*;
    use crate::SystemEntropy;

    #[tokio::test]
    async fn what_was_said_opens_with_the_new_key_alone() {
        let stores = MemoryStore::new().into_stores();
        let (old, new) = ("01".repeat(KEY_BYTES), "02".repeat(KEY_BYTES));
        let vault = |keys: &str| Vault::parse(keys).unwrap();
        let sealed = |at: u8, keys: &str| {
            let generation_id = GenerationId::from_text(&format!("gen-{at:02}"));
            let purpose = ContentRecord::purpose(&generation_id);
            let sealed = vault(keys).seal(&purpose, "words", [at; NONCE_BYTES]).unwrap();
            ContentRecord { generation_id, created_at: Timestamp::from_unix_millis(0), sealed }
        };
        let mut kept: Vec<_> = (0..40).map(|at| sealed(at, &old)).collect();
        kept.push(sealed(40, &new));
        kept.push(sealed(41, &"03".repeat(KEY_BYTES)));
        stores.contents.keep(kept).await.unwrap();
        let both = vault(&format!("{new},{old}"));
        let done = reseal_contents(&stores, &both, &SystemEntropy).await.unwrap();
        assert_eq!(done, Resealed { sealed: 40, failed: 1 });
        for content in stores.contents.contents_after(None, 41).await.unwrap() {
            let purpose = ContentRecord::purpose(&content.generation_id);
            assert_eq!(vault(&new).open(&purpose, &content.sealed).as_deref(), Ok("words"));
        }
        let again = reseal_contents(&stores, &both, &SystemEntropy).await.unwrap();
        assert_eq!(again, Resealed { sealed: 0, failed: 1 });
    }
}

//! The secret that API keys are hashed with: kept in the database, sealed with the master key.

use tollgate_store::{FormerSecret, KeyRecord, Rekeyed, StoreError, Stores};
use tollgate_types::Pepper;
use tollgate_vault::{NONCE_BYTES, OpenError, Vault, VaultError};

use crate::Entropy;
use crate::clock::NoEntropy;

/// What the pepper is sealed for.
const PURPOSE: &str = "pepper of API keys";
/// How often it is tried to make one while others make keys or a pepper.
const TRIES: usize = 8;

/// Why there is no pepper.
#[derive(Debug, thiserror::Error)]
pub enum PepperError {
    /// The store failed.
    #[error("the store can't be asked")]
    Store(#[from] StoreError),
    /// It was sealed with a master key that is not here.
    #[error(
        "the API keys of this database were made with another secret key: set TOLLGATE_SECRET_KEY, \
         or put secret.key in the data directory, to the one that this database was made with. \
         Every gateway on one database needs the same. If it is lost, no API key of this database \
         works any more: `tollgate secrets forget-api-keys` deletes them all, and makes a new start"
    )]
    OtherKey,
    /// What is stored is not a sealed pepper.
    #[error("the secret that API keys are hashed with was changed in the database")]
    Damaged,
    /// Others change the keys all the time.
    #[error("API keys are being changed by others; try again")]
    Busy,
    /// The system has no random bytes.
    #[error("{0}")]
    NoEntropy(#[from] NoEntropy),
    /// The cryptography library failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// The pepper of a database; the first who asks makes it, and hashes anew what older versions have
/// stored. All who ask at once get the same.
///
/// # Errors
///
/// When it does not open, the store can't be asked, or the system has no random bytes.
pub async fn pepper(
    stores: &Stores,
    vault: &Vault,
    entropy: &dyn Entropy,
) -> Result<Pepper, PepperError> {
    for _ in 0..TRIES {
        if let Some(sealed) = stores.keys.pepper().await? {
            return open(vault, &sealed);
        }
        let pepper = new_pepper(entropy)?;
        let without = stores.keys.all().await?.into_iter().filter(|key| !key.keyed);
        let rekeyed: Vec<Rekeyed> = without.map(|key| rekeyed(&pepper, &key)).collect();
        match stores.keys.keep_pepper(seal(vault, &pepper, entropy)?, rekeyed).await {
            // Whoever was quicker has another: what is stored counts.
            Ok(_) | Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(PepperError::Busy)
}

/// Seals the pepper anew where it was not sealed with the newest master key; says whether it was.
///
/// # Errors
///
/// As [`pepper`].
pub async fn reseal_pepper(
    stores: &Stores,
    vault: &Vault,
    entropy: &dyn Entropy,
) -> Result<bool, PepperError> {
    let Some(sealed) = stores.keys.pepper().await? else { return Ok(false) };
    let pepper = open(vault, &sealed)?;
    if vault.is_newest(&sealed) {
        return Ok(false);
    }
    let after = seal(vault, &pepper, entropy)?;
    Ok(stores.keys.reseal_pepper(sealed, after).await?)
}

/// Deletes every API key and puts another pepper in the place of the one there is, which nobody
/// can open any more. Returns how many keys there were.
///
/// # Errors
///
/// When the store can't be asked, or the system has no random bytes.
pub async fn forget_api_keys(
    stores: &Stores,
    vault: &Vault,
    entropy: &dyn Entropy,
) -> Result<usize, PepperError> {
    let Some(before) = stores.keys.pepper().await? else { return Ok(0) };
    let after = seal(vault, &new_pepper(entropy)?, entropy)?;
    let keys = stores.keys.all().await?;
    for key in &keys {
        stores.keys.delete(key.hash).await?;
    }
    if !stores.keys.reseal_pepper(before, after).await? {
        return Err(PepperError::Busy);
    }
    Ok(keys.len())
}

fn new_pepper(entropy: &dyn Entropy) -> Result<Pepper, NoEntropy> {
    let mut bytes = [0; Pepper::BYTES];
    entropy.fill(&mut bytes)?;
    Ok(Pepper::new(bytes))
}

fn seal(vault: &Vault, pepper: &Pepper, entropy: &dyn Entropy) -> Result<Vec<u8>, PepperError> {
    let mut nonce = [0; NONCE_BYTES];
    entropy.fill(&mut nonce)?;
    Ok(vault.seal(PURPOSE, &pepper.expose(), nonce)?)
}

fn open(vault: &Vault, sealed: &[u8]) -> Result<Pepper, PepperError> {
    let text = vault.open(PURPOSE, sealed).map_err(|error| match error {
        OpenError::OtherKey => PepperError::OtherKey,
        OpenError::Damaged => PepperError::Damaged,
    })?;
    Pepper::from_hex(&text).ok_or(PepperError::Damaged)
}

/// Whether a sealed pepper opens with one of the master keys that are here.
pub(crate) fn opens(vault: &Vault, sealed: &[u8]) -> bool {
    vault.open(PURPOSE, sealed).is_ok()
}

fn rekeyed(pepper: &Pepper, key: &KeyRecord) -> Rekeyed {
    let former = key.former.iter();
    let former = former.map(|it| FormerSecret { hash: pepper.hash_of_plain(it.hash), ..*it });
    Rekeyed { old: key.hash, hash: pepper.hash_of_plain(key.hash), former: former.collect() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::task::JoinSet;
    use tollgate_store::MemoryStore;
    use tollgate_types::{ApiKey, Timestamp};

    use super::*;
    use crate::SystemEntropy;

    fn vault(keys: &str) -> Vault {
        let keys: Vec<String> = keys.split(',').map(|key| key.repeat(32)).collect();
        Vault::parse(&keys.join(",")).unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn all_who_start_at_once_have_one_pepper_which_outlives_master_keys() {
        let stores = Arc::new(MemoryStore::new().into_stores());
        let key = ApiKey::from_text("k");
        let mut starting = JoinSet::new();
        for _ in 0..16 {
            let (stores, key) = (Arc::clone(&stores), key.clone());
            starting.spawn(async move {
                let pepper = pepper(&stores, &vault("01"), &SystemEntropy).await.unwrap();
                pepper.hash(&key)
            });
        }
        let mut hashes = starting.join_all().await;
        hashes.dedup();
        assert_eq!(hashes.len(), 1);
        let hash = *hashes.first().unwrap();
        let other = pepper(&stores, &vault("02"), &SystemEntropy).await.unwrap_err();
        assert!(matches!(other, PepperError::OtherKey), "{other}");
        assert!(reseal_pepper(&stores, &vault("02,01"), &SystemEntropy).await.unwrap());
        assert!(!reseal_pepper(&stores, &vault("02,01"), &SystemEntropy).await.unwrap());
        let pepper = pepper(&stores, &vault("02"), &SystemEntropy).await.unwrap();
        assert_eq!(pepper.hash(&key), hash);
        let old = super::pepper(&stores, &vault("01"), &SystemEntropy).await.unwrap_err();
        assert!(matches!(old, PepperError::OtherKey), "{old}");
    }

    #[tokio::test]
    async fn what_older_versions_stored_is_hashed_anew_once() {
        let stores = MemoryStore::new().into_stores();
        let (key, before) = (ApiKey::from_text("k"), ApiKey::from_text("before"));
        let (now, later) = (Timestamp::default(), Timestamp::default().plus_millis(1));
        let plain = |key: &ApiKey| KeyRecord {
            keyed: false,
            former: vec![FormerSecret { hash: before.plain_hash(), until: later }],
            ..KeyRecord::new(key.plain_hash(), "k", "l", now)
        };
        stores.keys.insert(plain(&key)).await.unwrap();
        let pepper = pepper(&stores, &vault("01"), &SystemEntropy).await.unwrap();
        let expected = KeyRecord {
            former: vec![FormerSecret { hash: pepper.hash(&before), until: later }],
            ..KeyRecord::new(pepper.hash(&key), "k", "l", now)
        };
        assert_eq!(stores.keys.all().await.unwrap(), std::slice::from_ref(&expected));
        // Whoever can write to the database makes no key by that.
        let intruder = plain(&ApiKey::from_text("intruder"));
        stores.keys.insert(intruder.clone()).await.unwrap();
        super::pepper(&stores, &vault("01"), &SystemEntropy).await.unwrap();
        let mut all = stores.keys.all().await.unwrap();
        all.sort_by_key(|key| key.keyed);
        assert_eq!(all, [intruder, expected]);
        assert_eq!(forget_api_keys(&stores, &vault("03"), &SystemEntropy).await.unwrap(), 2);
        assert_eq!(stores.keys.all().await.unwrap(), []);
        super::pepper(&stores, &vault("03"), &SystemEntropy).await.unwrap();
    }
}

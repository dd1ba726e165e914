//! Hashing passwords and trying them: slow by design, so away from the threads that serve calls,
//! and few at once.
//!
//! Argon2id with 19 MiB, two passes and one lane: OWASP's recommendation, and what the library
//! calls its default.
//!
//! <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id>

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use crate::{Engine, Entropy, Secret};

/// As many are hashed at once: each takes 19 MiB and a processor.
const AT_ONCE: usize = 2;
/// As many wait or are hashed; more are sent away.
const WAITING_MAX: usize = 32;
const MEMORY_KIB: u32 = 19 * 1_024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// Hashed with where nobody has the address that was given, to take the same time.
const NOBODYS_SALT: [u8; SALT_BYTES] = [0; SALT_BYTES];

/// Why a password could not be hashed or tried.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many are being tried.
    #[error("too many passwords are being checked at once")]
    Busy,
    /// The system has no random bytes.
    #[error(transparent)]
    NoEntropy(#[from] crate::clock::NoEntropy),
    /// It can't be hashed, or what is stored is no hash.
    #[error("a password can't be hashed: {0}")]
    Hash(Error),
    /// The program is stopping.
    #[error("a password was not hashed to its end")]
    Interrupted,
}

/// Hashes and tries passwords.
pub struct Passwords {
    at_once: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    entropy: Arc<dyn Entropy>,
    tasks: TaskTracker,
}

impl Passwords {
    /// With random bytes for salts; `tasks` is waited for when the program stops.
    pub fn new(entropy: Arc<dyn Entropy>, tasks: TaskTracker) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { at_once: semaphore(AT_ONCE), waiting: semaphore(WAITING_MAX), entropy, tasks }
    }

    /// What a password is kept as: a text in the PHC string format, with a salt of its own.
    ///
    /// # Errors
    ///
    /// When too many are hashed at once, or there are no random bytes.
    pub async fn hash(&self, password: Secret) -> Result<String, PasswordError> {
        let mut salt = [0; SALT_BYTES];
        self.entropy.fill(&mut salt)?;
        self.slowly(move || hashed(&password, &salt)).await?.map_err(PasswordError::Hash)
    }

    /// Whether a password is the one that is kept as `hash`. Where none is kept it is not, which
    /// takes as long to find.
    ///
    /// # Errors
    ///
    /// When too many are tried at once, or what is kept is no hash.
    pub async fn is(&self, password: Secret, hash: Option<String>) -> Result<bool, PasswordError> {
        let tried = self.slowly(move || match hash {
            Some(hash) => argon2()?.verify_password(password.expose().as_bytes(), hash.as_str()),
            None => hashed(&password, &NOBODYS_SALT).and(Err(Error::PasswordInvalid)),
        });
        match tried.await? {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(PasswordError::Hash(error)),
        }
    }

    /// Does it on a thread for slow work. Who stops waiting leaves it to its end, which is counted
    /// until then.
    async fn slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let waiting = Arc::clone(&self.waiting).try_acquire_owned();
        let waiting = waiting.map_err(|_| PasswordError::Busy)?;
        let working = Arc::clone(&self.at_once).acquire_owned().await;
        let working = working.map_err(|_| PasswordError::Interrupted)?;
        let permits: [OwnedSemaphorePermit; 2] = [waiting, working];
        let done = self.tasks.spawn_blocking(move || {
            let outcome = work();
            drop(permits);
            outcome
        });
        done.await.map_err(|_| PasswordError::Interrupted)
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

impl Engine {
    /// Hashes and tries passwords.
    pub const fn passwords(&self) -> &Passwords {
        &self.passwords
    }
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hashed(password: &Secret, salt: &[u8]) -> Result<String, Error> {
    let password = password.expose().as_bytes();
    Ok(argon2()?.hash_password_with_salt(password, salt)?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;

    fn passwords() -> Passwords {
        Passwords::new(Arc::new(SystemEntropy), TaskTracker::new())
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let passwords = passwords();
        let hash = passwords.hash(secret("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(passwords.hash(secret("correct horse")).await.unwrap(), hash);
        assert!(passwords.is(secret("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.is(secret("correct house"), Some(hash)).await.unwrap());
        assert!(!passwords.is(secret("correct horse"), None).await.unwrap());
        let none = passwords.is(secret("x"), Some("no hash".to_owned())).await.unwrap_err();
        assert!(matches!(none, PasswordError::Hash(_)), "{none}");
    }

    #[tokio::test]
    async fn more_than_can_wait_are_sent_away() {
        let passwords = passwords();
        let all = Arc::clone(&passwords.waiting).acquire_many_owned(32).await.unwrap();
        let busy = passwords.is(secret("x"), None).await.unwrap_err();
        assert!(matches!(busy, PasswordError::Busy), "{busy}");
        drop(all);
        assert!(!passwords.is(secret("x"), None).await.unwrap());
    }
}

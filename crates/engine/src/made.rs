//! Secrets, keys and ids that the engine makes.

use tollgate_types::{ApiKey, uuid};

use crate::{CallError, Engine};

impl Engine {
    /// Random bytes to seal a secret with.
    ///
    /// # Errors
    ///
    /// When the system has no random bytes.
    pub fn new_nonce(&self) -> Result<[u8; tollgate_vault::NONCE_BYTES], CallError> {
        let mut random = [0; tollgate_vault::NONCE_BYTES];
        self.entropy.fill(&mut random).map_err(|_| CallError::NoEntropy)?;
        Ok(random)
    }

    /// Random bytes to make a secret of.
    ///
    /// # Errors
    ///
    /// When the system has no random bytes.
    pub fn new_secret(&self) -> Result<[u8; 32], CallError> {
        let mut random = [0; 32];
        self.entropy.fill(&mut random).map_err(|_| CallError::NoEntropy)?;
        Ok(random)
    }

    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// When the system has no random bytes.
    pub fn new_key(&self) -> Result<ApiKey, CallError> {
        self.new_secret().map(ApiKey::new)
    }

    /// Makes an id for something that is kept: a random UUID (RFC 9562, version 4).
    ///
    /// # Errors
    ///
    /// When the system has no random bytes.
    pub fn new_id(&self) -> Result<String, CallError> {
        let mut random = [0; 16];
        self.entropy.fill(&mut random).map_err(|_| CallError::NoEntropy)?;
        Ok(uuid(random))
    }
}

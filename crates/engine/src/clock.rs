//! The clock and the dice, injected so that tests can hold them.

use std::cell::RefCell;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use tollgate_types::Timestamp;

/// Tells the time of day. Durations are measured with `tokio::time::Instant` instead.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Gives random bytes for ids and keys.
pub trait Entropy: Send + Sync + fmt::Debug {
    /// Fills `bytes`, or says that the system has none to give.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct NoEntropy;

/// The operating system's generator.
///
/// Each call of a caller wants a few bytes, and asking for them takes as long for twenty as for a
/// thousand. So each thread asks for many at once, and forgets those that it has given away.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

/// As many random bytes are asked for at once.
const POOL_BYTES: usize = 1_024;
/// Whoever wants more than this at once is given bytes that nobody kept.
const POOLED_MAX: usize = 64;

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL_BYTES], left: 0 }) };
}

/// Random bytes that nobody has been given: the first `left`.
struct Pool {
    bytes: [u8; POOL_BYTES],
    left: usize,
}

impl Pool {
    fn give(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        if self.left < bytes.len() {
            self.left = 0;
            random(&mut self.bytes)?;
            self.left = POOL_BYTES;
        }
        let rest = self.left.saturating_sub(bytes.len());
        let given = self.bytes.get_mut(rest..self.left).ok_or(NoEntropy)?;
        bytes.copy_from_slice(given);
        given.fill(0);
        self.left = rest;
        Ok(())
    }
}

fn random(bytes: &mut [u8]) -> Result<(), NoEntropy> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| NoEntropy)
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        if bytes.len() > POOLED_MAX {
            return random(bytes);
        }
        POOL.with_borrow_mut(|pool| pool.give(bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_bytes_are_given_twice() {
        let mut given = HashSet::new();
        for length in (8..=80).cycle().take(5_000) {
            let mut bytes = vec![0; length];
            SystemEntropy.fill(&mut bytes).unwrap();
            let mut chunks = bytes.chunks_exact(8);
            assert!(chunks.all(|chunk| given.insert(chunk.to_owned())), "{length}");
        }
        POOL.with_borrow(|pool| {
            assert!(pool.bytes.iter().skip(pool.left).all(|byte| *byte == 0), "they are forgotten");
        });
    }
}

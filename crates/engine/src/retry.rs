//! Which faults are worth trying again. When, and how often, is routing's
//! ([`tollgate_routing::RetryPolicy`]).

use std::time::Duration;

use tollgate_providers::{Fault, FaultKind};

/// Whether an endpoint that failed so may answer when it is asked again: it was busy, or out of
/// reach, and took no money for it.
pub(crate) fn may_pass(fault: &Fault) -> bool {
    match fault.kind {
        FaultKind::RateLimited | FaultKind::Overloaded | FaultKind::Unreachable => true,
        FaultKind::Broken => fault.status.is_some_and(|status| status >= 500),
        _ => false,
    }
}

/// How long such an endpoint wants to be left alone, zero where it did not say; nothing of the
/// others.
pub(crate) fn waits<'a>(faults: impl Iterator<Item = &'a Fault>) -> impl Iterator<Item = Duration> {
    faults.filter(|fault| may_pass(fault)).map(|fault| fault.retry_after.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind, retry_after_ms: Option<u64>) -> Fault {
        let retry_after = retry_after_ms.map(Duration::from_millis);
        Fault { retry_after, ..Fault::new(kind) }
    }

    #[test]
    fn what_may_pass_is_waited_for_and_nothing_else() {
        let waits = |faults: &[Fault]| -> Vec<u128> {
            waits(faults.iter()).map(|it| it.as_millis()).collect()
        };
        assert_eq!(waits(&[fault(FaultKind::Overloaded, None)]), [0]);
        let told = |ms: u64| fault(FaultKind::RateLimited, Some(ms));
        let busy = [told(60_000), fault(FaultKind::Unreachable, None), told(900)];
        assert_eq!(waits(&busy), [60_000, 0, 900]);
        // Asking again would change nothing, or be paid for twice.
        for kind in
            [FaultKind::Rejected, FaultKind::Credential, FaultKind::Timeout, FaultKind::Empty]
        {
            assert!(waits(&[fault(kind, None)]).is_empty(), "{kind:?}");
        }
        let broken = Fault { status: Some(500), ..fault(FaultKind::Broken, None) };
        assert_eq!(waits(&[broken]), [0]);
        assert!(waits(&[fault(FaultKind::Broken, None)]).is_empty());
    }
}

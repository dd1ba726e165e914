//! Whether the books are right.

use std::collections::BTreeMap;

use crate::{AccountId, Balance, Counted, Total};

/// What an audit compares, of one account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Books {
    /// The balance that is kept.
    pub kept: Balance,
    /// The balance that its movements add up to.
    pub counted: Counted,
    /// Whether its sums by month are other than what its movements come to in them.
    pub misdated: bool,
    /// What nodes have set aside, together.
    pub leased: Total,
    /// What its movements say that generations cost.
    pub charged: Total,
    /// What the generations themselves say.
    pub generations: Total,
}

/// What is not right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Discrepancy {
    /// What came in is not what is there.
    #[error("{account}: credited and metered are not available, held and spent: {balance:?}")]
    Unbalanced {
        /// Whose.
        account: AccountId,
        /// As it is kept.
        balance: Balance,
    },
    /// The balance is not what its movements add up to.
    #[error("{account}: the balance is {kept:?}, its movements add up to {counted:?}")]
    Drifted {
        /// Whose.
        account: AccountId,
        /// As it is kept.
        kept: Counted,
        /// As its movements have it.
        counted: Counted,
    },
    /// The sums by month are not what the movements come to in them.
    #[error("{account}: its sums by month are not what its movements come to in them")]
    Misdated {
        /// Whose.
        account: AccountId,
    },
    /// What is held is not what nodes hold.
    #[error("{account}: {held} are held, the nodes' slices are {leased}")]
    Unleased {
        /// Whose.
        account: AccountId,
        /// As the balance has it.
        held: Total,
        /// As the slices have it.
        leased: Total,
    },
    /// What was charged is not what generations cost.
    #[error("{account}: {charged} were charged, its generations cost {generations}")]
    Mischarged {
        /// Whose.
        account: AccountId,
        /// By the movements.
        charged: Total,
        /// By the generations.
        generations: Total,
    },
}

/// Everything that is wrong with the books of each account; nothing when they are right.
pub fn audit(books: &BTreeMap<AccountId, Books>) -> Vec<Discrepancy> {
    let mut found = Vec::new();
    for (account, books) in books {
        let account = || account.clone();
        let Books { kept, counted, misdated, leased, charged, generations } = *books;
        if !kept.proves() {
            found.push(Discrepancy::Unbalanced { account: account(), balance: kept });
        }
        let kept = Counted::from(kept);
        if kept != counted {
            found.push(Discrepancy::Drifted { account: account(), kept, counted });
        }
        if misdated {
            found.push(Discrepancy::Misdated { account: account() });
        }
        if kept.held != leased {
            found.push(Discrepancy::Unleased { account: account(), held: kept.held, leased });
        }
        if charged != generations {
            found.push(Discrepancy::Mischarged { account: account(), charged, generations });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use tollgate_types::Usd;

    use super::*;

    #[test]
    fn each_fault_is_found_and_named() {
        let usd = Usd::from_nanos;
        let right = Balance {
            credited: usd(10),
            metered: usd(0),
            available: usd(4),
            held: usd(3),
            spent: usd(3),
        };
        let good = Books {
            kept: right,
            counted: right.into(),
            misdated: false,
            leased: usd(3).into(),
            charged: usd(3).into(),
            generations: usd(3).into(),
        };
        let of = |books: Books| audit(&BTreeMap::from([(AccountId::default(), books)]));
        assert_eq!(of(good), []);
        let off = Balance { spent: usd(4), ..right };
        let found = of(Books { kept: off, counted: off.into(), ..good });
        assert!(matches!(found.as_slice(), [Discrepancy::Unbalanced { .. }]), "{found:?}");
        let found = of(Books { counted: off.into(), ..good });
        assert!(matches!(found.as_slice(), [Discrepancy::Drifted { .. }]), "{found:?}");
        let found = of(Books { misdated: true, ..good });
        assert!(matches!(found.as_slice(), [Discrepancy::Misdated { .. }]), "{found:?}");
        let found = of(Books { leased: usd(2).into(), ..good });
        assert!(matches!(found.as_slice(), [Discrepancy::Unleased { .. }]), "{found:?}");
        let found = of(Books { generations: usd(2).into(), ..good });
        assert!(matches!(found.as_slice(), [Discrepancy::Mischarged { .. }]), "{found:?}");
        assert!(found[0].to_string().contains("default"), "{}", found[0]);
    }
}

//! What is bought, and what it costs.

use tollgate_ledger::{AccountId, PlatformFee};
use tollgate_types::Usd;

use crate::Cents;

/// How a payment is made, as far as it changes the fee (contract §6.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PaymentMethod {
    /// Whatever the operator's account at the provider offers, such as cards.
    #[default]
    Standard,
    /// Stablecoins. They can't be charged again without the payer.
    Crypto,
}

/// What is taken on top of a purchase, by payment method; nothing unless switched on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fees {
    /// Of [`PaymentMethod::Standard`].
    pub standard: PlatformFee,
    /// Of [`PaymentMethod::Crypto`].
    pub crypto: PlatformFee,
}

/// Why credit is bought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Somebody asked for it.
    #[default]
    Asked,
    /// The account's credit fell below its threshold.
    AutoTopUp,
}

/// What can be charged again without the payer, by the provider's own ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// The payer at the provider.
    pub customer: String,
    /// The card or other means; none when only the payer is known.
    pub payment_method: Option<String>,
}

/// Credit to be bought. What is charged is whole cents; what rounding adds belongs to the fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    installation: String,
    account: AccountId,
    credit: Cents,
    fee: Cents,
    total: Cents,
    method: PaymentMethod,
    purpose: Purpose,
}

/// Why something can't be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// It is not in whole cents.
    #[error("credit is bought in whole cents")]
    NotCents,
    /// It costs less than a payment provider takes.
    #[error("with its fee it costs less than $0.50, which is the least that can be charged")]
    TooLittle,
    /// It costs more than a payment provider takes.
    #[error("with its fee it costs more than $999999.99, which is the most that can be charged")]
    TooMuch,
    /// The installation has a name that can't be told to a provider.
    #[error("the installation's name needs 1 to 128 printable characters")]
    Installation,
}

/// What Stripe charges at least and at most, in US dollars:
/// <https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>.
const LEAST: Cents = Cents::new(50);
const MOST: Cents = Cents::new(99_999_999);
const LONGEST_NAME: usize = 128;

impl Fees {
    /// The fee of a method.
    pub const fn of(&self, method: PaymentMethod) -> PlatformFee {
        match method {
            PaymentMethod::Standard => self.standard,
            PaymentMethod::Crypto => self.crypto,
        }
    }
}

impl Order {
    /// Orders `credit` for an account of an installation. The installation's name keeps apart those
    /// that share an account at the provider.
    ///
    /// # Errors
    ///
    /// When no payment provider takes such a payment.
    pub fn new(
        installation: &str,
        account: AccountId,
        credit: Usd,
        (method, fees): (PaymentMethod, &Fees),
    ) -> Result<Self, OrderError> {
        let fits = !installation.is_empty() && installation.len() <= LONGEST_NAME;
        if !fits || installation.chars().any(char::is_control) {
            return Err(OrderError::Installation);
        }
        if credit > MOST.to_usd() {
            return Err(OrderError::TooMuch);
        }
        let cents = Cents::exactly(credit).map_err(|_| OrderError::NotCents)?;
        let with_fee = credit.checked_add(fees.of(method).on(credit));
        let total = with_fee.and_then(Cents::at_least).ok_or(OrderError::TooMuch)?;
        if total < LEAST || cents == Cents::ZERO {
            return Err(OrderError::TooLittle);
        }
        if total > MOST {
            return Err(OrderError::TooMuch);
        }
        Ok(Self {
            installation: installation.to_owned(),
            account,
            credit: cents,
            fee: total.less(cents),
            total,
            method,
            purpose: Purpose::Asked,
        })
    }

    /// An order of an account whose credit fell below its threshold, at the price that it had when
    /// it was made, whatever fees are by now.
    ///
    /// # Errors
    ///
    /// When no payment provider takes such a payment.
    pub fn at_price(
        installation: &str,
        account: AccountId,
        (credit, fee): (Cents, Cents),
    ) -> Result<Self, OrderError> {
        let price = (PaymentMethod::Standard, &Fees::default());
        let total = credit.checked_add(fee).filter(|it| *it <= MOST).ok_or(OrderError::TooMuch)?;
        // What is checked of the credit alone holds for less than the least, too.
        let of = Self::new(installation, account, credit.max(LEAST).to_usd(), price)?;
        if total < LEAST || credit == Cents::ZERO {
            return Err(OrderError::TooLittle);
        }
        Ok(Self { credit, fee, total, purpose: Purpose::AutoTopUp, ..of })
    }

    /// The same order, of an account whose credit fell below its threshold.
    #[must_use]
    pub fn automatic(self) -> Self {
        Self { purpose: Purpose::AutoTopUp, ..self }
    }

    /// Which installation sells it.
    pub fn installation(&self) -> &str {
        &self.installation
    }

    /// Whose it will be.
    pub const fn account(&self) -> &AccountId {
        &self.account
    }

    /// What is bought.
    pub const fn credit(&self) -> Cents {
        self.credit
    }

    /// What is paid on top of it.
    pub const fn fee(&self) -> Cents {
        self.fee
    }

    /// What is charged: credit and fee.
    pub const fn total(&self) -> Cents {
        self.total
    }

    /// How it is paid.
    pub const fn method(&self) -> PaymentMethod {
        self.method
    }

    /// Why it is bought.
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fees() -> Fees {
        let card = PlatformFee { millionths: 55_000, minimum: Usd::from_nanos(800_000_000) };
        let crypto = PlatformFee { millionths: 50_000, minimum: Usd::ZERO };
        Fees { standard: card, crypto }
    }

    fn order(credit: Usd, method: PaymentMethod, fees: &Fees) -> Result<Order, OrderError> {
        Order::new("acme", AccountId::default(), credit, (method, fees))
    }

    #[test]
    fn prices_by_hand() {
        let none = Fees::default();
        for (credit, method, fees, expected) in [
            ("10", PaymentMethod::Standard, &fees(), Ok((1_000, 80, 1_080))),
            ("20", PaymentMethod::Standard, &fees(), Ok((2_000, 110, 2_110))),
            // 5.5 % of $20.01 are $1.10055.
            ("20.01", PaymentMethod::Standard, &fees(), Ok((2_001, 111, 2_112))),
            ("10", PaymentMethod::Crypto, &fees(), Ok((1_000, 50, 1_050))),
            ("10", PaymentMethod::Standard, &none, Ok((1_000, 0, 1_000))),
            ("0.50", PaymentMethod::Standard, &none, Ok((50, 0, 50))),
            ("0.01", PaymentMethod::Standard, &fees(), Ok((1, 80, 81))),
            ("0.49", PaymentMethod::Standard, &none, Err(OrderError::TooLittle)),
            ("0", PaymentMethod::Standard, &fees(), Err(OrderError::TooLittle)),
            ("-1", PaymentMethod::Standard, &none, Err(OrderError::NotCents)),
            ("1.005", PaymentMethod::Standard, &none, Err(OrderError::NotCents)),
            ("999999.99", PaymentMethod::Standard, &none, Ok((99_999_999, 0, 99_999_999))),
            ("999999.99", PaymentMethod::Standard, &fees(), Err(OrderError::TooMuch)),
            ("9000000000", PaymentMethod::Standard, &none, Err(OrderError::TooMuch)),
        ] {
            let order = order(credit.parse().unwrap(), method, fees);
            let told = order.map(|it| (it.credit.get(), it.fee.get(), it.total.get()));
            assert_eq!(told, expected, "{credit}");
        }
        let method = (PaymentMethod::Standard, &none);
        let nameless = Order::new("", AccountId::default(), Usd::ZERO, method);
        assert_eq!(nameless, Err(OrderError::Installation));
    }

    #[test]
    fn an_order_is_made_again_at_the_price_it_had() {
        let made = order("20".parse().unwrap(), PaymentMethod::Standard, &fees()).unwrap();
        let price = |credit, fee| (Cents::new(credit), Cents::new(fee));
        let again = |price: (Cents, Cents)| Order::at_price("acme", AccountId::default(), price);
        assert_eq!(again((made.credit, made.fee)), Ok(made.automatic()));
        let small = again(price(1, 80)).unwrap();
        assert_eq!((small.credit.get(), small.fee.get(), small.total.get()), (1, 80, 81));
        for (price, expected) in [
            (price(0, 80), OrderError::TooLittle),
            (price(10, 5), OrderError::TooLittle),
            (price(99_999_999, 1), OrderError::TooMuch),
        ] {
            assert_eq!(again(price), Err(expected), "{price:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_charged_is_credit_and_fee(cents in 1_u32..90_000_000) {
            let credit = Cents::new(cents);
            if let Ok(order) = order(credit.to_usd(), PaymentMethod::Standard, &fees()) {
                prop_assert_eq!(order.credit, credit);
                prop_assert_eq!(credit.checked_add(order.fee), Some(order.total));
                let fee = fees().standard.on(credit.to_usd());
                let more = order.fee.to_usd().nanos() - fee.nanos();
                prop_assert!((0..10_000_000).contains(&more));
            }
        }
    }
}

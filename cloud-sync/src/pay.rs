//! Who takes the money: a trait with a test provider that says that it is one.
//!
//! A provider is asked outside any transaction, under a reference of ours that
//! makes asking twice harmless; what it said is recorded with the order's move.

use tidegate_core::money::Currency;

/// What is to be charged.
#[derive(Clone, Debug)]
pub struct Charge {
    /// Our reference: the same one is never charged twice.
    pub reference: String,
    /// How much, in minor units.
    pub amount_minor: i64,
    /// In which currency.
    pub currency: Currency,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Paid, under the provider's reference.
    Succeeded(String),
    /// Not paid.
    Declined,
}

/// Takes and returns money.
pub trait PaymentProvider: Send + Sync {
    /// Its name in requests and audit rows.
    fn name(&self) -> &'static str;
    /// Charges.
    fn charge(&self, charge: &Charge) -> Outcome;
    /// Gives money back.
    fn refund(&self, charge: &Charge) -> Outcome;
}

/// Moves no money: for trying out, rehearsals and free events.
pub struct TestProvider {
    /// What it is told to answer.
    pub declines: bool,
}

impl PaymentProvider for TestProvider {
    fn name(&self) -> &'static str {
        "test"
    }

    fn charge(&self, charge: &Charge) -> Outcome {
        match self.declines {
            true => Outcome::Declined,
            false => Outcome::Succeeded(format!("test_{}", charge.reference)),
        }
    }

    fn refund(&self, charge: &Charge) -> Outcome {
        Outcome::Succeeded(format!("test_refund_{}", charge.reference))
    }
}

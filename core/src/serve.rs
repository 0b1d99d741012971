//! The bar's law: credits and stock in one act, or neither.
//!
//! The ticket's own checks come first; then the product, the credit that is known
//! here, and the stock this device holds. No device serves beyond the balance it
//! knows or the rights it holds, so cut-off bars cannot oversell together.

use crate::api::Verdict;
use crate::clock::Quality;
use crate::decide::{Code, Decision, Facts, Objection, Shown, Standing, Why, checks, identity_objection};
use crate::fold::TicketState;
use crate::id::ProductId;
use crate::journal::kind::{Kind, Override, Refusal, Serving};
use crate::start::uses::Use;
use crate::ticket::Identity;
use crate::time::Timestamp;

/// The most units in one serving: a round for a coach party; more is a typing error.
pub const MAX_QUANTITY: u16 = 500;

/// One order at a bar.
#[derive(Clone, Debug)]
pub struct Order {
    /// What was shown.
    pub shown: Shown,
    /// What is wanted.
    pub product: ProductId,
    /// How much, 1 to [`MAX_QUANTITY`].
    pub quantity: u16,
    /// The order's own trusted time, where somebody vouches for one.
    pub at: Option<Timestamp>,
    /// A supervisor decides, whose session the shell has checked.
    pub overriding: Option<Override>,
}

/// A ticket's credit of one product, in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// In all, ever.
    pub granted: i64,
    /// Handed over and not taken back.
    pub served: i64,
}

impl Balance {
    /// What is left; negative where more was served than granted.
    pub fn left(self) -> i64 {
        self.granted - self.served
    }

    /// Of `product` on a ticket with this standing and history.
    pub fn of(standing: &Standing<'_>, state: &TicketState, product: ProductId) -> Self {
        let granted = standing.credits.iter().filter(|c| c.product == product).map(|c| i64::from(c.units)).sum();
        Self { granted, served: state.served(product) }
    }
}

/// Decides an order; `stock_here` is what this device may still sell alone.
///
/// Also gives the balance before, where the ticket is genuine.
pub fn serve(facts: &Facts<'_>, order: &Order, stock_here: i64) -> (Decision, Option<Balance>) {
    if let Some(objection) = identity_objection(&order.shown, facts) {
        return (refused(facts, order, None, objection), None);
    }
    if let Some(tickets) = order.shown.several() {
        return (refused(facts, order, None, Objection::ambiguous(tickets.to_vec())), None);
    }
    let Some(standing) = Standing::of(&order.shown, facts) else {
        return (refused(facts, order, None, checks::no_such_ticket(facts)), None);
    };
    let state = TicketState::of(facts.acts, facts.catalogue);
    let balance = Balance::of(&standing, &state, order.product);
    let at = order.at.unwrap_or(facts.now);
    let trusted = order.at.is_some() || facts.quality == Quality::Trusted;
    let alone = state.servings.iter().filter(|s| s.product == order.product && facts.alone(&s.id));
    let alone = alone.map(|serving| serving.units).sum();
    let objection = checks::own(&standing, facts, at, trusted)
        .or_else(|| unknown_product(facts, order))
        .or_else(|| unheard_of(facts, order, &standing))
        .or_else(|| no_credit(facts, order, balance))
        .or_else(|| sold_out(facts, order, stock_here))
        .or_else(|| limit(facts, order, balance, alone));
    let decision = match (objection, &order.overriding) {
        (None, _) => served(order, &standing, None),
        // The rights of this device are a supervisor's to overdraw; what a guest has paid for is not.
        (Some(objection), Some(by)) if matches!(objection.code, Code::SoldOut | Code::Limit) => {
            served(order, &standing, Some(by.clone()))
        }
        (Some(objection), _) => refused(facts, order, Some(&standing), objection),
    };
    (decision, Some(balance))
}

fn unknown_product(facts: &Facts<'_>, order: &Order) -> Option<Objection> {
    let served_here = facts.catalogue.products.get(&order.product).is_some_and(|p| p.consumption);
    (!served_here).then(|| Objection::refuse(Code::UnknownProduct, Why::UnknownProduct))
}

/// A balance takes all servings to know: some that are not here may be of this ticket.
fn unheard_of(facts: &Facts<'_>, order: &Order, standing: &Standing<'_>) -> Option<Objection> {
    facts.may_have(Use::Serving(order.product), standing.ticket).then(checks::not_here)
}

fn no_credit(facts: &Facts<'_>, order: &Order, balance: Balance) -> Option<Objection> {
    let product = facts.catalogue.product_name(order.product);
    let why = Why::NoCredit { product, left: balance.left() };
    (balance.left() < i64::from(order.quantity)).then(|| Objection::refuse(Code::NoCredit, why))
}

fn sold_out(facts: &Facts<'_>, order: &Order, stock_here: i64) -> Option<Objection> {
    let product = facts.catalogue.product_name(order.product);
    let why = Why::SoldOut { product, left: stock_here };
    (stock_here < i64::from(order.quantity)).then(|| Objection::refuse(Code::SoldOut, why))
}

fn limit(facts: &Facts<'_>, order: &Order, balance: Balance, alone: i64) -> Option<Objection> {
    let reach = &facts.reach;
    let share = || reach.share(balance.left(), alone, i64::from(order.quantity));
    checks::limited(reach.too_old().or_else(share).or_else(|| reach.rights()))
}

fn served(order: &Order, standing: &Standing<'_>, overridden: Option<Override>) -> Decision {
    let code = match &order.shown {
        Shown::Code(Identity::Genuine(genuine)) if !standing.listed => Some(genuine.code().to_vec().into()),
        Shown::Code(_) | Shown::Typed(_) | Shown::Found(_) => None,
    };
    let by_hand = order.shown.by_hand();
    let (ticket, product, quantity) = (standing.ticket, order.product, order.quantity);
    Decision {
        verdict: Verdict::Serve,
        code: Code::Ok,
        why: Why::Good,
        overridden: overridden.is_some(),
        record: Kind::Serving(Serving { ticket, product, quantity, code, by_hand, overridden }),
        product: Some(standing.product),
        used: None,
        instead: None,
        questions: Vec::new(),
        choices: Vec::new(),
    }
}

fn refused(facts: &Facts<'_>, order: &Order, standing: Option<&Standing<'_>>, objection: Objection) -> Decision {
    let record = Refusal { ticket: order.shown.ticket(), list: None, gate: None, code: String::new() };
    objection.decided(facts, record, standing.map(|s| s.product))
}

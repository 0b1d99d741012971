//! Allotments: the share of stock a device may use up alone.
//!
//! A bounded counter (after Balegas et al., "Extending Eventually Consistent Cloud
//! Databases for Enforcing Numeric Invariants", 2015) on the journal: a right
//! comes into being by a restock at its author's, moves by a transfer once the
//! receiver has durably accepted it, and is used up by a serving. Rights never
//! appear from nowhere, so devices that cannot talk cannot oversell together.
//! Servings come in as totals per journal from [`crate::fold`].

use crate::id::{JournalId, ProductId};
use crate::journal::EntryRef;
use crate::journal::kind::{Kind, may_write};
use crate::journal::{Entry, kind};
use crate::trust::Identity;
use std::collections::{BTreeMap, BTreeSet};

/// Whose rights: a device's journal, of one product.
pub type Holder = (ProductId, JournalId);

/// The rights that came and went, servings left aside.
#[derive(Clone, Debug, Default)]
pub struct Rights {
    restocked: BTreeMap<EntryRef, (Holder, i64)>,
    transfers: BTreeMap<EntryRef, kind::Transfer>,
    accepted: BTreeSet<(EntryRef, JournalId)>,
}

impl Rights {
    /// Takes in an entry; others than rights' own, or not allowed ones, change nothing,
    /// and neither does the same one again.
    pub fn insert(&mut self, id: EntryRef, entry: &Entry, author: &Identity) {
        if !may_write(author, &entry.kind) {
            return;
        }
        match &entry.kind {
            Kind::Restock(r) => {
                self.restocked.insert(id, ((r.product, id.journal), i64::from(r.quantity)));
            }
            Kind::Transfer(t) => {
                self.transfers.insert(id, t.clone());
            }
            Kind::Accepted(a) => {
                self.accepted.insert((a.transfer, id.journal));
            }
            Kind::Admission(_)
            | Kind::Exit(_)
            | Kind::Refusal(_)
            | Kind::Serving(_)
            | Kind::Annul(_)
            | Kind::Void(_)
            | Kind::Unknown { .. } => {}
        }
    }

    /// Rights by holder, before servings: restocked, less given away, plus accepted.
    pub fn held(&self) -> BTreeMap<Holder, i64> {
        let mut held: BTreeMap<Holder, i64> = BTreeMap::new();
        for (holder, units) in self.restocked.values() {
            *held.entry(*holder).or_default() += units;
        }
        for (id, transfer) in &self.transfers {
            let units = i64::from(transfer.quantity);
            *held.entry((transfer.product, id.journal)).or_default() -= units;
            if self.accepted.contains(&(*id, transfer.to)) {
                *held.entry((transfer.product, transfer.to)).or_default() += units;
            }
        }
        held
    }

    /// Transfers to `journal` that it has not accepted yet.
    pub fn offered_to(&self, journal: JournalId) -> Vec<EntryRef> {
        let open = self.transfers.iter().filter(|(_, t)| t.to == journal).map(|(id, _)| *id);
        open.filter(|id| !self.accepted.contains(&(*id, journal))).collect()
    }

    /// Units of a product in all, ever.
    pub fn restocked(&self, product: ProductId) -> i64 {
        self.restocked.values().filter(|((p, _), _)| *p == product).map(|(_, units)| units).sum()
    }
}

/// What a journal may still sell of a product: rights it holds less what it served.
pub fn left(held: &BTreeMap<Holder, i64>, product: ProductId, journal: JournalId, served: i64) -> i64 {
    held.get(&(product, journal)).copied().unwrap_or(0) - served
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Quality;
    use crate::id::{DeviceId, EventId};
    use crate::seal::{Hash, PublicKey};
    use crate::time::Timestamp;
    use crate::trust::Role;

    const BEER: ProductId = ProductId(1);

    fn journal(device: u8) -> JournalId {
        JournalId { device: DeviceId([device; 16]), incarnation: 1 }
    }

    fn id(device: u8, sequence: u64) -> EntryRef {
        EntryRef { journal: journal(device), sequence, hash: Hash([device; 32]) }
    }

    fn author(device: u8, role: Role) -> Identity {
        Identity {
            event: EventId([0; 16]),
            device: DeviceId([device; 16]),
            key: PublicKey([0; 32]),
            role,
            rights: crate::trust::Rights::default(),
            name: String::new(),
            issued: Timestamp(0),
            expires: Timestamp(0),
        }
    }

    fn entry(kind: Kind) -> Entry {
        Entry { clock: Timestamp(1), at: None, quality: Quality::Trusted, uncertain_ms: None, staff: None, kind }
    }

    #[test]
    fn rights_move_only_when_accepted_and_their_sum_never_grows() {
        let (cloud, bar) = (author(1, Role::Cloud), author(2, Role::Bar));
        let mut rights = Rights::default();
        let restock = entry(Kind::Restock(kind::Restock { product: BEER, quantity: 10 }));
        let transfer = entry(Kind::Transfer(kind::Transfer { product: BEER, quantity: 4, to: journal(2) }));
        let accepted = entry(Kind::Accepted(kind::Accepted { transfer: id(1, 2) }));
        rights.insert(id(1, 1), &restock, &cloud);
        rights.insert(id(1, 1), &restock, &cloud);
        rights.insert(id(1, 2), &transfer, &cloud);
        assert_eq!(left(&rights.held(), BEER, journal(1), 0), 6);
        assert_eq!(left(&rights.held(), BEER, journal(2), 0), 0);
        assert_eq!(rights.offered_to(journal(2)), [id(1, 2)]);
        rights.insert(id(2, 1), &accepted, &bar);
        assert_eq!(left(&rights.held(), BEER, journal(2), 1), 3);
        assert!(rights.offered_to(journal(2)).is_empty());
        assert_eq!(rights.held().values().sum::<i64>(), 10);
    }

    #[test]
    fn a_bar_cannot_bring_rights_into_being_and_nobody_accepts_for_another() {
        let mut rights = Rights::default();
        let restock = entry(Kind::Restock(kind::Restock { product: BEER, quantity: 10 }));
        rights.insert(id(2, 1), &restock, &author(2, Role::Bar));
        assert!(rights.held().is_empty());
        let transfer = entry(Kind::Transfer(kind::Transfer { product: BEER, quantity: 4, to: journal(2) }));
        rights.insert(id(1, 1), &transfer, &author(1, Role::Cloud));
        let accepted = entry(Kind::Accepted(kind::Accepted { transfer: id(1, 1) }));
        rights.insert(id(3, 1), &accepted, &author(3, Role::Bar));
        assert_eq!(left(&rights.held(), BEER, journal(3), 0), 0);
    }
}

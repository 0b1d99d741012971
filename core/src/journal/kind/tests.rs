//! Who may write what, how it is laid out, and what has an effect.

use super::*;
use crate::id::{DeviceId, EventId};
use crate::seal::{Hash, PublicKey};
use crate::time::Timestamp;
use crate::trust::Role;

fn identity(role: Role) -> Identity {
    Identity {
        event: EventId([0; 16]),
        device: DeviceId([1; 16]),
        key: PublicKey([0; 32]),
        role,
        rights: Rights::default(),
        name: String::new(),
        issued: Timestamp(0),
        expires: Timestamp(0),
    }
}

fn undo_of(device: u8) -> Undo {
    let journal = JournalId { device: DeviceId([device; 16]), incarnation: 1 };
    Undo { ticket: TicketId::from_bytes([0; 6]), target: EntryRef { journal, sequence: 1, hash: Hash([0; 32]) } }
}

#[test]
fn each_role_writes_what_the_table_says() {
    let ticket = TicketId::from_bytes([0; 6]);
    let product = ProductId(1);
    let kinds = [
        Kind::Admission(Admission::new(ticket, ListId(1))),
        Kind::Serving(Serving::new(ticket, product, 1)),
        Kind::Annul(undo_of(1)),
        Kind::Annul(undo_of(2)),
        Kind::Void(undo_of(1)),
        Kind::Void(undo_of(2)),
        Kind::Restock(Restock::new(Resource::Product(product), 1)),
        Kind::Refusal(Refusal { ticket: None, list: None, gate: None, code: "used".into() }),
        Kind::Unknown { tag: 99, body: vec![] },
    ];
    let check = |role, expect: [u8; 9]| {
        let got: Vec<u8> = kinds.iter().map(|k| may_write(&identity(role), k).into()).collect();
        assert_eq!(got, expect, "{role:?}");
    };
    //              admit serve annul  others' void  others' restock refusal unknown
    check(Role::Gate, [1, 0, 1, 0, 0, 0, 0, 1, 0]);
    check(Role::Kiosk, [1, 0, 1, 0, 0, 0, 0, 1, 0]);
    check(Role::Bar, [0, 1, 0, 0, 1, 0, 0, 1, 0]);
    check(Role::Supervisor, [1, 1, 1, 1, 1, 1, 1, 1, 0]);
    check(Role::Cloud, [1, 1, 1, 1, 1, 1, 1, 1, 0]);
}

#[test]
fn a_supervisor_brings_in_and_counts_what_the_device_hands_out_and_nothing_else() {
    let by = Some(Override { supervisor: "ana".into(), reason: "a crate came".into() });
    let check = |role, of, expect: [bool; 2]| {
        let restock = |by| Kind::Restock(Restock { by, ..Restock::new(of, 1) });
        let stocktake = |by| Kind::Stocktake(Stocktake { by, ..Stocktake::new(of, 1, 2, Hash([0; 32])) });
        for kind in [&restock as &dyn Fn(_) -> Kind, &stocktake] {
            let got = [None, by.clone()].map(|by| may_write(&identity(role), &kind(by)));
            assert_eq!(got, expect, "{role:?} {of:?}");
        }
    };
    let (beer, hall) = (Resource::Product(ProductId(1)), Resource::Zone(crate::id::ZoneId(1)));
    check(Role::Bar, beer, [false, true]);
    check(Role::Bar, hall, [false, false]);
    check(Role::Gate, beer, [false, false]);
    check(Role::Gate, hall, [false, true]);
    check(Role::Supervisor, hall, [true, true]);
}

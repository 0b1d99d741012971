//! What the cloud gives of the rights that it holds itself: what was asked for, and what
//! others are short of. What a lost device held comes back when its journal is retired.
//!
//! A request gets at most one transfer. The cloud uses little itself, so it gives whatever
//! is asked for, as far as it is there.

use super::own::{self, Draft};
use super::{Books, law::Law};
use crate::app::App;
use crate::fault::Fault;
use crate::store::Tx;
use std::collections::{BTreeMap, BTreeSet};
use tidegate_core::allotment::lend::{MAX_WANTS, Want, pay as share_of};
use tidegate_core::id::JournalId;
use tidegate_core::journal::EntryRef;
use tidegate_core::journal::kind::{Accepted, Kind, Resource, Retire, Transfer, WantId};
use tidegate_core::trust::{Identity, Rights};

/// Whether a device may hold rights to this.
pub fn may_hold(device: &Identity, of: Resource) -> bool {
    device.all_rights().holds(match of {
        Resource::Product(_) => Rights::SERVE,
        Resource::Zone(_) => Rights::ADMIT,
    })
}

/// What a device that writes `journal` gets of what it asks for.
pub async fn shares(
    tx: &mut Tx,
    books: &mut Books<'_>,
    (device, journal): (&Identity, JournalId),
    wants: &[Want],
) -> Result<Vec<Transfer>, Fault> {
    let quarantined = books.journals.get(&journal).is_some_and(|journal| journal.ended());
    let Some(own) = books.own()?.filter(|_| !quarantined) else { return Ok(Vec::new()) };
    let law = books.law(tx).await?;
    if law.ends(journal).retired_after.is_some() {
        return Ok(Vec::new());
    }
    let (mut left, mut shares): (BTreeMap<Resource, i64>, Vec<Transfer>) = Default::default();
    let mut answered: BTreeSet<WantId> = BTreeSet::new();
    for want in wants.iter().take(MAX_WANTS).filter(|want| may_hold(device, want.of)) {
        if !answered.insert(want.id) || answers(books, &law, &want.id) {
            continue;
        }
        let here = match left.get(&want.of) {
            Some(left) => *left,
            None => books.left(tx, want.of, own).await?,
        };
        let units = share_of(want.units.into(), here);
        left.insert(want.of, here - i64::from(units));
        if units > 0 {
            shares.push(Transfer { want: Some(want.id), ..Transfer::share(want.of, units, journal) });
        }
    }
    Ok(shares)
}

/// Whether the cloud has answered a request in any of its lives.
fn answers(books: &Books<'_>, law: &Law, want: &WantId) -> bool {
    let own = books.own_device().ok();
    let lives = books.journals.keys().filter(|journal| Some(journal.device) == own);
    lives.into_iter().any(|life| law.rights.answered(*life, want))
}

/// Gives these shares.
pub async fn give(tx: &mut Tx, app: &App, books: &mut Books<'_>, shares: Vec<Transfer>) -> Result<(), Fault> {
    for share in shares {
        own::append(tx, app, books, Draft::of(Kind::Transfer(share))).await?;
    }
    Ok(())
}

/// Accepts what others have given to the cloud. What a giver does not have, by all that is known here, is not
/// taken; it may be once more is known.
pub async fn accept(tx: &mut Tx, app: &App, books: &mut Books<'_>) -> Result<(), Fault> {
    let Some(own) = books.own()? else { return Ok(()) };
    let law = books.law(tx).await?;
    let offers: Vec<(EntryRef, Resource)> =
        law.rights.offered_to(own).map(|(id, given)| (*id, given.of)).collect();
    for (transfer, of) in offers {
        if books.covers(tx, of, transfer.journal).await? {
            own::append(tx, app, books, Draft::of(Kind::Accepted(Accepted { transfer }))).await?;
        }
    }
    Ok(())
}

/// Pays what others are short of, with what is left here.
pub async fn pay(tx: &mut Tx, app: &App, books: &mut Books<'_>) -> Result<(), Fault> {
    let Some(own) = books.own()? else { return Ok(()) };
    let law = books.law(tx).await?;
    let resources: BTreeSet<Resource> = law.rights.holders().map(|(of, _)| of).collect();
    let unused = |_, _| 0;
    let here: Vec<Resource> = resources.into_iter().filter(|of| law.rights.left(*of, own, &unused) > 0).collect();
    let mut payments = Vec::new();
    for (of, used) in books.used_of_all(tx, &here).await? {
        let used = |_, by| used.get(&by).copied().unwrap_or(0);
        let mut left = law.rights.left(of, own, &used);
        let short = law.rights.deficits_of(of, &used);
        // What was accepted from somebody who is not here yet may be all that seems to be lacking.
        let short = short.into_iter().filter(|(by, _)| *by != own && law.rights.pending(*by) == 0);
        for (journal, deficit) in short {
            let units = share_of(deficit, left);
            left -= i64::from(units);
            if units > 0 {
                payments.push(Transfer::share(of, units, journal));
            }
        }
    }
    give(tx, app, books, payments).await
}

/// What a journal may have used, or may yet use, beyond what is known: what it has left of what it held itself, and
/// what it was given and is not known to have taken. It is the same after it was retired.
pub async fn had(
    tx: &mut Tx,
    books: &mut Books<'_>,
    journal: JournalId,
) -> Result<BTreeMap<Resource, i64>, Fault> {
    let law = books.law(tx).await?;
    let mut had = law.offered(journal);
    for (of, _) in law.rights.holders().filter(|(_, holder)| *holder == journal) {
        let used = books.used(tx, of).await?.get(&journal).copied().unwrap_or(0);
        *had.entry(of).or_default() += law.rights.held(of, journal) - used;
    }
    had.retain(|_, units| *units != 0);
    Ok(had)
}

/// Ends a lost device's journal after its entry `last`: what it has left comes to the cloud, and what it wrote
/// later moves no rights. Gives what it may still have used of them.
pub async fn retire(
    tx: &mut Tx,
    app: &App,
    books: &mut Books<'_>,
    (journal, last): (JournalId, u64),
) -> Result<BTreeMap<Resource, i64>, Fault> {
    let had = had(tx, books, journal).await?;
    if books.own()? == Some(journal) {
        // It does not end what it is written in.
        own::begin_another(tx, app, books).await?;
    }
    let retire = Kind::Retire(Retire { journal, last });
    let (_, acts) = own::append(tx, app, books, Draft::of(retire)).await?;
    books.fold(tx, acts).await?;
    pay(tx, app, books).await?;
    Ok(had)
}

//! What an installation needs when it is opened to be served: keys, an epoch and an
//! administrator on its first start, and what another program left to be done.

use super::{ADMIN_TOKEN_FILE, App, LAW, Life};
use crate::auth::tokens;
use crate::keys::{self, KeyFault, Purpose};
use crate::store::life::Asking;
use crate::store::tokens::TokenRecord;
use crate::store::{self, Lock, Store, Tx};
use crate::vault::Vault;
use crate::{ledger, lots};
use anyhow::Context;
use std::path::Path;
use std::sync::Arc;
use tidegate_core::id::EventId;
use tidegate_core::seal::PublicKey;
use tidegate_core::time::Timestamp;

pub(super) async fn found(tx: &mut Tx, vault: &Vault, now: Timestamp, life: Life) -> Result<PublicKey, KeyFault> {
    tx.lock(Lock::Installation).await?; // servers may start together
    let ca = keys::load_or_make(tx, vault, Purpose::Ca, now).await?;
    keys::load_or_make(tx, vault, Purpose::Link, now).await?;
    if store::keys::known(tx, "device").await?.is_none() {
        store::keys::set_known(tx, "device", lots::draw()).await?;
    }
    Asking::default().settle(tx, life == Life::Restored).await?;
    Ok(ca.verifying_key().into())
}

pub(super) async fn complete_tickets(store: &Store) -> anyhow::Result<()> {
    let mut after = Some(-1);
    while let Some(place) = after {
        after = store.write(move |tx| Box::pin(crate::tickets::complete(tx, place))).await?;
    }
    Ok(())
}

/// Entries of all events are judged again where another program did it before.
pub(super) async fn relearn(app: &Arc<App>) -> anyhow::Result<()> {
    let law = [ledger::LAW; 16];
    if app.read(|tx, _| Box::pin(async move { Ok(store::keys::known(tx, LAW).await?) })).await? == Some(law) {
        return Ok(());
    }
    let mut after = EventId::default();
    loop {
        let next = app.read(move |tx, _| Box::pin(async move { Ok(store::events::all(tx, after, 1).await?) }));
        let Some(event) = next.await?.pop() else { break };
        after = event.id;
        app.write(move |tx, app| Box::pin(ledger::relearn(tx, app, after))).await?;
        tracing::info!(event = %after, "entries were judged again");
    }
    Ok(app.write(move |tx, _| Box::pin(async move { Ok(store::keys::set_known(tx, LAW, law).await?) })).await?)
}

/// The file is there before the token counts: a crash between leaves a file that the next start takes up.
pub(super) async fn first_admin(store: &Store, data: &Path, now: Timestamp) -> anyhow::Result<()> {
    let file = data.join(ADMIN_TOKEN_FILE);
    store.write(move |tx| Box::pin(async move { add_first_admin(tx, &file, now).await })).await
}

async fn add_first_admin(tx: &mut Tx, file: &Path, now: Timestamp) -> anyhow::Result<()> {
    tx.lock(Lock::Installation).await?;
    if store::tokens::any_admin(tx).await? {
        return Ok(());
    }
    let token = match std::fs::read_to_string(file) {
        Ok(text) => text.trim().to_owned(),
        Err(_) => {
            let token = tokens::fresh();
            crate::vault::write_secret(file, &token).context("the administrator's token cannot be written")?;
            token
        }
    };
    let record = TokenRecord {
        hash: tokens::hash(&token),
        id: tokens::fresh_id(),
        role: "admin".into(),
        organizer: None,
        name: "first administrator".into(),
        created_at: now,
    };
    Ok(store::tokens::add(tx, &record).await?)
}

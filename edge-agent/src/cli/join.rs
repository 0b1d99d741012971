//! `edge-agent join`: pairs this device with an event.
//!
//! The device makes its own key; the one-time code pins the cloud that may sign
//! it. Nothing is written until the cloud has answered with a certificate for
//! exactly this key; a folder that is enrolled already is left alone.

use crate::store::identity::{Enrolment, IdentityFault};
use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::ExitCode;
use tidegate_core::seal::PublicKey;
use tidegate_core::trust::{Certificate, OneTimeCode};
use tidegate_link::client::enrol;
use tidegate_link::enrol::EnrolResponse;

/// A data folder's mode: guests' names and the device's key are for the agent's user alone.
const PRIVATE: u32 = 0o700;

/// What `join` takes.
#[derive(clap::Args)]
pub struct Args {
    /// The cloud's device link, host:port.
    #[arg(long, env = "TIDEGATE_CLOUD", value_name = "HOST:PORT")]
    cloud: String,
    /// The one-time code, as the office gave it; - reads it from standard input.
    code: String,
}

/// Runs it.
pub async fn run(folder: &Path, args: Args) -> anyhow::Result<ExitCode> {
    match Enrolment::load(folder) {
        Ok(_) => bail!(
            "{} is enrolled already; use another --data folder, or remove it to enrol anew",
            folder.display()
        ),
        Err(fault @ IdentityFault::Io(_)) => return Err(fault.into()), // before the code is spent
        Err(IdentityFault::Missing(_) | IdentityFault::Damaged(_)) => {}
    }
    let text = match args.code.as_str() {
        "-" => std::io::read_to_string(std::io::stdin())?,
        code => code.to_owned(),
    };
    let code: OneTimeCode = text.trim().parse()?;
    let private = DirBuilder::new().recursive(true).mode(PRIVATE).create(folder);
    private.with_context(|| format!("cannot make {}", folder.display()))?;
    let key = SigningKey::from_bytes(&rand::random());
    let answer = enrol(&args.cloud, &code, &key).await?;
    let enrolment = accept(&answer, &code, key, args.cloud)?;
    enrolment.save(folder)?;
    let identity = &enrolment.identity;
    println!(
        "paired as {} ({}) · {} · {}",
        identity.name,
        identity.role.as_str(),
        identity.device,
        identity.event
    );
    eprintln!("  Next: edge-agent --data {} run", folder.display());
    Ok(ExitCode::SUCCESS)
}

/// Checks what the cloud has answered to a device of this key.
pub fn accept(
    answer: &EnrolResponse,
    code: &OneTimeCode,
    key: SigningKey,
    cloud: String,
) -> anyhow::Result<Enrolment> {
    let bytes = |hex: &str| HEXLOWER.decode(hex.as_bytes()).context("the cloud's answer is not hex");
    let public = |hex: &str| {
        bytes(hex)?.try_into().map(PublicKey).map_err(|_| anyhow::anyhow!("a key of the cloud has not 32 bytes"))
    };
    let (ca, feed_key) = (public(&answer.ca)?, public(&answer.feed_key)?);
    if !code.pins(&ca) {
        bail!("the code was made by another installation than the one that answered (E-KEY-01)");
    }
    let certificate = Certificate::from_bytes(&bytes(&answer.certificate)?)?;
    let identity = certificate.open(&ca)?;
    if identity.key != PublicKey::from(key.verifying_key()) {
        bail!("the certificate is for another key (E-KEY-02)");
    }
    Ok(Enrolment { identity, certificate, key, ca, feed_key, cloud })
}

//! A start as the cloud makes it, and how it is cut into parts.
//!
//! The first part is small and has the frontier, so that whoever hears it knows at once
//! which start it is. Cutting is a function of the draft: the same one gives the same
//! parts, whose hash names them.

use super::uses::Uses;
use super::{About, Content, PART_BYTES, Part, SignedPart};
use crate::feed::{Epoch, MAX_PAGE_ROWS, Row};
use crate::id::EventId;
use crate::seal::{Domain, Hash};
use crate::start::marks::Marks;
use crate::sync::Vector;
use crate::time::Timestamp;
use crate::trust::to_cbor;
use ed25519_dalek::SigningKey;

/// A start that was not cut yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Of which event.
    pub event: EventId,
    /// Which life of the cloud.
    pub epoch: Epoch,
    /// The feed's newest revision.
    pub revision: u64,
    /// The cloud's time.
    pub cloud_time: Timestamp,
    /// The marks whose tickets are all in it.
    pub told: Marks,
    /// Small rows, then those of tickets.
    pub rows: Vec<Row>,
    /// How far the journals have come.
    pub frontier: Vector,
    /// Who was used up to there.
    pub uses: Uses,
    /// Codes that journals carried and that say more than the ticket's row.
    pub codes: Vec<Vec<u8>>,
}

impl Draft {
    /// The name of its contents, and its parts, each signed by the feed key.
    pub fn sign(self, key: &SigningKey) -> (Hash, Vec<SignedPart>) {
        let Self { event, epoch, revision, cloud_time, told, .. } = self;
        let contents: Vec<Vec<u8>> = self.contents().iter().map(to_cbor).collect();
        let hashes: Vec<_> = contents.iter().map(|content| Domain::StartPart.hash(&[content])).collect();
        let parts = u32::try_from(contents.len()).unwrap_or(u32::MAX); // readers refuse what is too large
        let unnamed = About { event, epoch, revision, cloud_time, parts, contents: Hash([0; 32]), told };
        let about = About { contents: unnamed.name(&hashes), ..unnamed };
        let numbered = (0..).zip(contents);
        let part =
            |(number, content): (u32, Vec<u8>)| Part { about: about.clone(), number, content: content.into() };
        (about.contents, numbered.map(|one| SignedPart::sign(key, &part(one))).collect())
    }

    fn contents(self) -> Vec<Content> {
        let (shape, fingerprints) = self.uses.to_parts();
        let codes = self.codes.into_iter().map(Into::into).collect();
        let first = Content { frontier: Some(self.frontier), shape, codes, ..Content::default() };
        let rows = cut_rows(self.rows).into_iter().map(|rows| Content { rows, ..Content::default() });
        let prints = fingerprints.chunks(PART_BYTES).map(|piece| piece.to_vec().into());
        let prints = prints.map(|piece| Content { fingerprints: Some(piece), ..Content::default() });
        std::iter::once(first).chain(rows).chain(prints).collect()
    }
}

/// Cuts rows into what a part carries.
fn cut_rows(rows: Vec<Row>) -> Vec<Vec<Row>> {
    let (mut cut, mut bytes) = (Vec::<Vec<Row>>::new(), 0);
    for row in rows {
        let size = row.key.len() + row.body.as_ref().map_or(0, |body| body.len());
        match cut.last_mut().filter(|last| bytes + size <= PART_BYTES && last.len() < MAX_PAGE_ROWS) {
            Some(last) => {
                last.push(row);
                bytes += size;
            }
            None => {
                cut.push(vec![row]);
                bytes = size;
            }
        }
    }
    cut
}

//! Kinds that move rights: units of stock and places in zones.
//!
//! A right comes into being by a restock, moves by a transfer, and ends by use,
//! waste or a stocktake that found less. [`Resource`] says what it is a right to.
//! Where the author's certificate does not give the right to count or bring in, a
//! supervisor decides, and is named: such an entry is an override like any other.

use super::Override;
use crate::id::{JournalId, ProductId, ZoneId};
use crate::journal::EntryRef;
use crate::seal::Hash;
use minicbor::decode::Error;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};
use std::fmt;

/// What a right is to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Units of a product.
    Product(ProductId),
    /// Places in a zone.
    Zone(ZoneId),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product(product) => write!(f, "product/{product}"),
            Self::Zone(zone) => write!(f, "zone/{zone}"),
        }
    }
}

/// A product is its number, a zone a number below zero: readers from before zones read the former
/// as ever, and keep the latter as an entry that they cannot read.
impl<C> Encode<C> for Resource {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        match self {
            Self::Product(product) => e.u16(product.0)?.ok(),
            Self::Zone(zone) => e.i32(-1 - i32::from(zone.0))?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Resource {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let number = d.i32()?;
        let small = |n: i32| u16::try_from(n).map_err(|_| Error::message("no product and no zone"));
        Ok(if number < 0 {
            Self::Zone(ZoneId(small(-1 - number)?))
        } else {
            Self::Product(ProductId(small(number)?))
        })
    }
}

/// A crate arrived, or a zone was opened: rights come into being at the author's.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Restock {
    /// Of what.
    #[n(0)]
    pub of: Resource,
    /// How many units.
    #[n(1)]
    pub quantity: u32,
    /// The supervisor who decided it, where the author's certificate does not give the right.
    #[n(2)]
    pub by: Option<Override>,
}

impl Restock {
    /// By the author's own right.
    pub fn new(of: Resource, quantity: u32) -> Self {
        Self { of, quantity, by: None }
    }
}

/// Units that will not be sold: broken, spilt, or places that are closed. They come out of the author's rights.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Waste {
    /// Of what.
    #[n(0)]
    pub of: Resource,
    /// How many units.
    #[n(1)]
    pub quantity: u32,
    /// Why, where it was said.
    #[n(2)]
    pub reason: Option<String>,
    /// The supervisor who decided it, where the author's certificate does not give the right.
    #[n(3)]
    pub by: Option<Override>,
}

impl Waste {
    /// By the author's own right.
    pub fn new(of: Resource, quantity: u32, reason: Option<String>) -> Self {
        Self { of, quantity, reason, by: None }
    }
}

/// All units of a product in the venue were counted. The difference to what its author expected,
/// by the entries that it had seen, comes into being or ends at the author's; what is missing
/// beyond the author's own rights is a deficit that the others pay.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Stocktake {
    /// Of what.
    #[n(0)]
    pub of: Resource,
    /// Units found.
    #[n(1)]
    pub counted: u32,
    /// Units that should have been there, by the entries seen.
    #[n(2)]
    pub expected: i64,
    /// Which entries that was: the digest of the vector of all heads seen.
    #[n(3)]
    pub frontier: Hash,
    /// The supervisor who decided it, where the author's certificate does not give the right.
    #[n(4)]
    pub by: Option<Override>,
}

impl Stocktake {
    /// By the author's own right.
    pub fn new(of: Resource, counted: u32, expected: i64, frontier: Hash) -> Self {
        Self { of, counted, expected, frontier, by: None }
    }

    /// Units more than expected; below zero where some are missing. As large as anything that is counted
    /// at most, so that no sum of them overflows, in whatever order.
    pub fn difference(&self) -> i64 {
        let most = i64::from(u32::MAX);
        i64::from(self.counted).saturating_sub(self.expected).clamp(-most, most)
    }
}

/// Names a request for rights, so that it gets at most one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct WantId(
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 16],
);

/// The author gives rights away; the receiver may use them once it has accepted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Transfer {
    /// Of what.
    #[n(0)]
    pub of: Resource,
    /// How many units.
    #[n(1)]
    pub quantity: u32,
    /// Who receives.
    #[n(2)]
    pub to: JournalId,
    /// The request that it answers, where there was one.
    #[n(3)]
    pub want: Option<WantId>,
}

impl Transfer {
    /// A share that nobody asked for.
    pub fn share(of: Resource, quantity: u32, to: JournalId) -> Self {
        Self { of, quantity, to, want: None }
    }
}

/// The author took rights that another gave it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Accepted {
    /// The transfer.
    #[n(0)]
    pub transfer: EntryRef,
}

/// A journal has ended: its author is lost. What it has left goes to this entry's author.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Retire {
    /// Which journal.
    #[n(0)]
    pub journal: JournalId,
    /// Its last entry that moves rights; 0 for none.
    #[n(1)]
    pub last: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::DeviceId;
    use crate::trust::to_cbor;

    #[test]
    fn readers_of_before_zones_read_products_as_ever_and_no_zone_as_a_product() {
        #[derive(Debug, PartialEq, Encode, Decode)]
        struct Before(#[n(0)] ProductId, #[n(1)] u32);
        let restock = |of| Restock::new(of, 7);
        let product = to_cbor(&restock(Resource::Product(ProductId(65_535))));
        assert_eq!(minicbor::decode::<Before>(&product).unwrap(), Before(ProductId(65_535), 7));
        let zone = to_cbor(&restock(Resource::Zone(ZoneId(65_535))));
        assert!(minicbor::decode::<Before>(&zone).is_err());
        for bytes in [&product, &zone] {
            assert_eq!(&to_cbor(&minicbor::decode::<Restock>(bytes).unwrap()), bytes);
        }
        let to = JournalId { device: DeviceId([1; 16]), incarnation: 1 };
        let transfer = Transfer::share(Resource::Product(ProductId(1)), 2, to);
        assert_eq!(minicbor::decode::<Transfer>(&to_cbor(&transfer)).unwrap(), transfer);
    }
}

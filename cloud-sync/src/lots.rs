//! What is drawn by lot: keys, ids, secrets, nonces, codes.
//!
//! Every draw is the operating system's. Only where the feature `trials` is on, which nothing shipped is built
//! with, can a process be given a seed: then the same calls draw the same lots, as simulated nights need.

use rand::distr::{Distribution, StandardUniform};
use uuid::Uuid;

/// Draws a value.
pub fn draw<T>() -> T
where
    StandardUniform: Distribution<T>,
{
    #[cfg(feature = "trials")]
    if let Some(drawn) = seeded::draw() {
        return drawn;
    }
    rand::random()
}

/// Draws an id that is later than all before it.
pub fn id() -> Uuid {
    #[cfg(feature = "trials")]
    if let Some(id) = seeded::id() {
        return id;
    }
    Uuid::now_v7()
}

#[cfg(feature = "trials")]
pub use seeded::seed;

#[cfg(feature = "trials")]
mod seeded {
    use rand::distr::{Distribution, StandardUniform};
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::sync::{Mutex, PoisonError};
    use uuid::{Builder, Uuid};

    /// The lots of this process, and how many ids were drawn.
    static LOTS: Mutex<Option<(StdRng, u64)>> = Mutex::new(None);

    /// From now on this process draws what follows from a seed. Ids stay later than those of smaller seeds.
    pub fn seed(seed: u64) {
        let lots = (StdRng::seed_from_u64(seed), 0);
        *LOTS.lock().unwrap_or_else(PoisonError::into_inner) = Some(lots);
    }

    pub(super) fn draw<T>() -> Option<T>
    where
        StandardUniform: Distribution<T>,
    {
        LOTS.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(|(lots, _)| lots.random())
    }

    pub(super) fn id() -> Option<Uuid> {
        let mut lots = LOTS.lock().unwrap_or_else(PoisonError::into_inner);
        let (lots, ids) = lots.as_mut()?;
        *ids += 1;
        Some(Builder::from_unix_timestamp_millis(*ids, &lots.random()).into_uuid())
    }
}

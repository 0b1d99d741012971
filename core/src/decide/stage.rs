//! How far a device has come with what it needs, and what it may decide meanwhile.
//!
//! Before its start is complete it decides nothing. Then every ticket that is not plain
//! has its row here, so a genuine code without one is plain; what was used before is in
//! a digest until the entries are here. What the digest holds is asked about, unless
//! the entries that are here already decide.

use super::Facts;
use crate::id::TicketId;
use crate::start::uses::{Use, Uses};

/// How far the deciding device has come.
#[derive(Clone, Copy, Debug)]
pub enum Stage<'a> {
    /// Its start is not complete: it does not know who must not come in.
    Starting,
    /// Its start is complete; some rows or entries are still to come.
    Started(Behind<'a>),
    /// Everything that there was when it started is here.
    Whole,
}

/// What is still to come.
#[derive(Clone, Copy, Debug)]
pub struct Behind<'a> {
    /// Who was used before, while the entries that say so are not all here.
    pub uses: Option<&'a Uses>,
    /// The rows of plain tickets.
    pub rows: Rows,
}

/// Whether the rows of plain tickets are here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// They are: a ticket without one was sold after the last update.
    Here,
    /// Some are missing.
    Missing {
        /// Whether those of all tickets that belong to others are here all the same.
        add_ons_told: bool,
    },
}

impl Facts<'_> {
    /// Whether nothing can be decided yet.
    pub(crate) fn is_starting(&self) -> bool {
        matches!(self.stage, Stage::Starting)
    }

    /// Whether a ticket may have been used so by entries that are not here.
    pub(crate) fn may_have(&self, used: Use, ticket: TicketId) -> bool {
        match self.stage {
            Stage::Started(Behind { uses: Some(uses), .. }) => uses.holds(used, ticket),
            Stage::Started(Behind { uses: None, .. }) | Stage::Starting | Stage::Whole => false,
        }
    }

    /// Whether rows of plain tickets are missing.
    pub(crate) fn lacks_rows(&self) -> bool {
        match self.stage {
            Stage::Started(Behind { rows: Rows::Missing { .. }, .. }) => true,
            Stage::Started(Behind { rows: Rows::Here, .. }) | Stage::Starting | Stage::Whole => false,
        }
    }

    /// Whether tickets that belong to another may be missing here.
    pub(crate) fn lacks_add_ons(&self) -> bool {
        match self.stage {
            Stage::Started(Behind { rows: Rows::Missing { add_ons_told }, .. }) => !add_ons_told,
            Stage::Started(Behind { rows: Rows::Here, .. }) | Stage::Starting | Stage::Whole => false,
        }
    }
}

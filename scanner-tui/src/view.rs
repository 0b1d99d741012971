//! Draws the state; changes nothing and knows no clock.
//!
//! Chooses a layout by size and hands its parts to one file each. Everything drawn goes
//! through [`pen::Pen`], which folds and cuts, so no part can overflow. Kept true: while
//! the agent is not reached, nothing on any layout looks like a live verdict.

mod attention;
mod card;
mod counters;
mod dialog;
mod door;
mod find;
mod header;
mod help;
mod journal;
mod links;
mod page;
mod pen;
mod results;
mod small;
mod sync;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::model::place::Place;
use crate::model::{Millis, Model};
use pen::Pen;

/// Below this many columns and rows there is no room for a verdict and its reason.
pub const LEAST: (u16, u16) = (40, 12);
/// The reference: from here on the door screen shows everything.
const DOOR: (u16, u16) = (80, 24);
/// From here on there is room for the log and the links beside each other.
const WIDE: (u16, u16) = (120, 36);

/// Which layout fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Tiny,
    Small,
    Door,
    Wide,
}

impl Size {
    fn of(area: Rect) -> Self {
        let fits = |(columns, rows): (u16, u16)| area.width >= columns && area.height >= rows;
        if fits(WIDE) {
            Self::Wide
        } else if fits(DOOR) {
            Self::Door
        } else if fits(LEAST) {
            Self::Small
        } else {
            Self::Tiny
        }
    }
}

/// Whether a terminal of this size shows more than the size it needs.
pub fn shows(size: ratatui::layout::Size) -> bool {
    Size::of(Rect::from((ratatui::layout::Position::ORIGIN, size))) != Size::Tiny
}

/// Draws the whole screen.
pub fn draw(frame: &mut Frame, model: &Model, now: Millis) {
    let area = frame.area();
    let mut pen = Pen::new(frame.buffer_mut(), model.options.theme);
    match (Size::of(area), model.place(now)) {
        (Size::Tiny, _) => small::too_small(&mut pen, model, area, now),
        (Size::Small | Size::Door | Size::Wide, _) if model.help => help::draw(&mut pen, model, area, now),
        (Size::Small, Place::Door) => small::draw(&mut pen, model, area, now),
        (Size::Door, Place::Door) => door::draw(&mut pen, model, area, now),
        (Size::Wide, Place::Door) => door::draw_wide(&mut pen, model, area, now),
        (Size::Small | Size::Door | Size::Wide, _) => page::draw(&mut pen, model, area, now),
    }
}

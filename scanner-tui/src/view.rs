//! Draws the state; changes nothing and knows no clock.
//!
//! Chooses a layout by size and hands its parts to one file each. Everything drawn goes
//! through [`pen::Pen`], which folds and cuts, so no part can overflow. Kept true: while
//! the agent is not reached, nothing on any layout looks like a live verdict.

mod attention;
mod card;
mod counters;
mod door;
mod header;
mod help;
mod links;
mod pen;
mod results;
mod small;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::model::{Millis, Model, Screen};
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

/// Draws the whole screen.
pub fn draw(frame: &mut Frame, model: &Model, now: Millis) {
    let area = frame.area();
    let mut pen = Pen::new(frame.buffer_mut(), model.options.theme);
    match (Size::of(area), model.screen) {
        (Size::Tiny, _) => small::too_small(&mut pen, model, area, now),
        (_, Screen::Help) => help::draw(&mut pen, model, area, now),
        (Size::Small, Screen::Door) => small::draw(&mut pen, model, area, now),
        (Size::Door, Screen::Door) => door::draw(&mut pen, model, area, now),
        (Size::Wide, Screen::Door) => door::draw_wide(&mut pen, model, area, now),
    }
}

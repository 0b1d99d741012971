//! The only way to put text on the screen.
//!
//! Folds it to the letters the terminal has, then cuts it to the cells there are, so that
//! no name, however long or foreign, moves its neighbours. Rows outside the buffer are
//! ignored, never a panic.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::symbols::border;

use crate::text;
use crate::text::fold::fold;
use crate::theme::glyphs::Glyphs;
use crate::theme::{Role, Theme};

/// Draws into a buffer, in a theme.
pub struct Pen<'a> {
    buffer: &'a mut Buffer,
    /// How to draw.
    pub theme: Theme,
}

impl<'a> Pen<'a> {
    /// A pen for a buffer.
    pub fn new(buffer: &'a mut Buffer, theme: Theme) -> Self {
        Self { buffer, theme }
    }

    /// The signs at hand.
    pub fn glyphs(&self) -> &'static Glyphs {
        self.theme.glyphs()
    }

    /// The style of a meaning.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// Cells a text takes once folded.
    pub fn width(&self, text: &str) -> u16 {
        cells(&fold(text, self.theme.set))
    }

    /// The text folded and cut to so many cells.
    pub fn fit(&self, text: &str, cells: u16) -> String {
        text::fit(&fold(text, self.theme.set), usize::from(cells), self.glyphs().cut)
    }

    /// The end of the text, folded, as much as fits into so many cells.
    pub fn tail(&self, text: &str, cells: u16) -> String {
        text::tail(&fold(text, self.theme.set), usize::from(cells))
    }

    /// Text from the left end of the first row of the area.
    pub fn left(&mut self, area: Rect, text: &str, style: Style) {
        let area = area.intersection(self.buffer.area);
        if area.is_empty() {
            return;
        }
        let text = self.fit(text, area.width);
        let room = usize::from(area.width);
        self.buffer.set_stringn(area.x, area.y, text, room, style);
    }

    /// Text in the middle of the first row of the area.
    pub fn middle(&mut self, area: Rect, text: &str, style: Style) {
        let text = self.fit(text, area.width);
        let before = (area.width - self.width(&text).min(area.width)) / 2;
        self.left(inset_left(area, before), &text, style);
    }

    /// Text at both ends of a row; the left one is cut where they would meet.
    pub fn ends(&mut self, area: Rect, left: &str, right: &str, style: Style) {
        let right = self.fit(right, area.width);
        let right_cells = self.width(&right);
        let gap = u16::from(right_cells > 0 && right_cells < area.width);
        let left_cells = area.width.saturating_sub(right_cells + gap);
        self.left(Rect { width: left_cells, ..area }, left, style);
        self.left(inset_left(area, area.width - right_cells), &right, style);
    }

    /// Words after one another on a row, each in its own style.
    pub fn words(&mut self, area: Rect, words: &[(String, Style)]) {
        let mut rest = area;
        for (word, style) in words {
            self.left(rest, word, *style);
            rest = inset_left(rest, self.width(word).min(rest.width));
        }
    }

    /// A label and what is typed behind it; the end of it, where it is longer than the row.
    pub fn field(&mut self, area: Rect, label: &str, typed: &str, is_open: bool) {
        let before = self.width(label).min(area.width);
        let cursor = if is_open { "_" } else { "" };
        let room = area.width.saturating_sub(before + 1);
        let typed = self.tail(typed, room);
        let bold = Style::new().add_modifier(Modifier::BOLD);
        self.left(area, label, if is_open { bold } else { Style::new() });
        self.left(inset_left(area, before), &format!("{typed}{cursor}"), bold);
    }

    /// Texts in columns of so many cells, one cell apart.
    pub fn columns(&mut self, area: Rect, columns: &[(&str, u16)], style: Style) {
        let mut rest = area;
        for (text, cells) in columns {
            self.left(Rect { width: (*cells).min(rest.width), ..rest }, text, style);
            rest = inset_left(rest, cells.saturating_add(1));
        }
    }

    /// Colours an area.
    pub fn paint(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area.intersection(self.buffer.area), style);
    }

    /// Fills an area with one sign.
    pub fn fill(&mut self, area: Rect, sign: &str, style: Style) {
        for row in rows(area) {
            self.left(row, &sign.repeat(usize::from(row.width)), style);
        }
    }

    /// A line across the first row.
    pub fn rule(&mut self, area: Rect) {
        let line = self.glyphs().rule.repeat(usize::from(area.width));
        self.left(area, &line, Style::new());
    }

    /// A frame around an area; returns what is inside.
    pub fn frame(&mut self, area: Rect, set: border::Set<'_>, style: Style) -> Rect {
        let across = usize::from(area.width.saturating_sub(2));
        let top = format!("{}{}{}", set.top_left, set.horizontal_top.repeat(across), set.top_right);
        let bottom = format!("{}{}{}", set.bottom_left, set.horizontal_bottom.repeat(across), set.bottom_right);
        let mut sides: Vec<Rect> = rows(area).collect();
        if let Some(first) = sides.first() {
            self.left(*first, &top, style);
        }
        if let Some(last) = sides.pop() {
            self.left(last, &bottom, style);
        }
        for row in sides.into_iter().skip(1) {
            self.left(Rect { width: 1, ..row }, set.vertical_left, style);
            self.left(inset_left(row, row.width.saturating_sub(1)), set.vertical_right, style);
        }
        area.inner(ratatui::layout::Margin::new(1, 1))
    }
}

/// The rows of an area, from the top.
pub fn rows(area: Rect) -> impl ExactSizeIterator<Item = Rect> + DoubleEndedIterator {
    (area.top()..area.bottom()).map(move |y| Rect { y, height: 1, ..area })
}

/// The area without its first cells.
pub fn inset_left(area: Rect, cells: u16) -> Rect {
    let cells = cells.min(area.width);
    Rect { x: area.x + cells, width: area.width - cells, ..area }
}

fn cells(text: &str) -> u16 {
    u16::try_from(text::width(text)).unwrap_or(u16::MAX)
}

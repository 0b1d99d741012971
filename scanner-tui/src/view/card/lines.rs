//! The lines under the word: guest, note, credits, reason, what to do, what to say.
//!
//! Each has a rank; where rows are short the least useful goes first, and where there are
//! more, long sentences get a second row. The note of a GO! is a band in the colour of
//! attention, because it has to be read.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::super::pen::{Pen, rows};
use crate::model::card::Card;
use crate::theme::Role;
use crate::{text, words};

/// Cells left free at both ends of a line.
const MARGIN: u16 = 3;
/// Rows a sentence may take where there is room.
const SENTENCE_ROWS: usize = 3;

/// What a line is, from the one that goes last to the one that goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Has to be read.
    Note,
    /// Why.
    Reason,
    /// What staff do.
    Action,
    /// Prepaid credit before and after.
    Credits,
    /// Who.
    Guest,
    /// What staff tell the guest.
    Say,
}

/// A line under the word.
#[derive(Clone, Debug)]
pub struct CardLine {
    rank: Rank,
    left: String,
    right: String,
}

/// The lines of a card, in the order they stand.
pub fn of(pen: &Pen, card: &Card) -> Vec<CardLine> {
    let answer = card.answer.as_ref();
    let ticket = answer.and_then(|answer| answer.ticket.as_ref());
    let note = ticket.and_then(|ticket| ticket.note.as_deref());
    let order = ticket.and_then(|ticket| ticket.order.as_deref());
    let credits = answer.map(|answer| words::credits(answer, pen.glyphs().arrow));
    let dot = format!(" {} ", pen.glyphs().dot);
    let lines = [
        (Rank::Guest, guest(card), order.map(|order| format!("order {}", text::clean(order)))),
        (Rank::Note, note.map(|note| format!("! {}", text::clean(note))).unwrap_or_default(), None),
        (Rank::Credits, credits.unwrap_or_default().join(&dot), None),
        (Rank::Reason, card.line.clone(), None),
        (Rank::Action, prefixed("Do: ", &card.action), None),
        (Rank::Say, quoted(&card.say), None),
    ];
    lines
        .into_iter()
        .map(|(rank, left, right)| CardLine { rank, left, right: right.unwrap_or_default() })
        .filter(|line| !(line.left.is_empty() && line.right.is_empty()))
        .collect()
}

/// Draws the lines into the area; what has no room is dropped, the least useful first.
pub fn draw(pen: &mut Pen, lines: Vec<CardLine>, area: Rect, style: Style, on_fill: bool) {
    let cells = usize::from(area.width.saturating_sub(2 * MARGIN));
    let told: Vec<(CardLine, Vec<String>)> =
        lines.into_iter().map(|line| (line.clone(), pieces(pen, &line, cells))).collect();
    let needs: Vec<(Rank, usize)> = told.iter().map(|(line, told)| (line.rank, told.len())).collect();
    let given = share(&needs, usize::from(area.height));
    let mut free = rows(area);
    for ((line, pieces), given) in told.into_iter().zip(given) {
        let pieces = match given {
            1 => vec![line.left.clone()],
            given if given < pieces.len() => text::wrap(&line.left, cells, given, pen.glyphs().cut),
            _ => pieces,
        };
        for piece in pieces.iter().take(given) {
            let Some(row) = free.next() else { return };
            draw_piece(pen, &line, piece, row, style, on_fill);
        }
    }
}

/// Rows for each line: one each by rank, then more for the higher ranks, for which `Say` gives way.
fn share(needs: &[(Rank, usize)], room: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|at| needs[*at].0);
    let mut given = vec![0; needs.len()];
    let mut left = room;
    for at in order.iter().copied().take(room) {
        given[at] = 1;
        left -= 1;
    }
    for &at in &order {
        let (rank, need) = needs[at];
        let more = need.saturating_sub(given[at]);
        let say = needs.iter().position(|(rank, _)| *rank == Rank::Say);
        if let Some(say) = say.filter(|say| rank <= Rank::Action && more > left && given[*say] > 0) {
            left += std::mem::take(&mut given[say]);
        }
        if given[at] > 0 {
            given[at] += more.min(left);
            left -= more.min(left);
        }
    }
    given
}

/// A sentence on as many rows as it would take.
fn pieces(pen: &Pen, line: &CardLine, cells: usize) -> Vec<String> {
    match line.rank {
        Rank::Guest => vec![line.left.clone()],
        Rank::Note | Rank::Credits | Rank::Reason | Rank::Action | Rank::Say => {
            text::wrap(&line.left, cells, SENTENCE_ROWS, pen.glyphs().cut)
        }
    }
}

fn draw_piece(pen: &mut Pen, line: &CardLine, piece: &str, row: Rect, style: Style, on_fill: bool) {
    let style = match line.rank {
        Rank::Note => pen.style(Role::Attn).add_modifier(Modifier::BOLD),
        Rank::Reason | Rank::Guest => style.add_modifier(Modifier::BOLD),
        Rank::Action | Rank::Credits | Rank::Say => style,
    };
    if on_fill || line.rank == Rank::Note {
        pen.fill(row, " ", style);
    }
    let margin = MARGIN.min(row.width / 4);
    let inside = Rect { x: row.x + margin, width: row.width - 2 * margin, ..row };
    pen.ends(inside, piece, &line.right, style);
}

/// Holder and product; the product alone where no name is known.
fn guest(card: &Card) -> String {
    let Some(ticket) = card.answer.as_ref().and_then(|answer| answer.ticket.as_ref()) else {
        return String::new();
    };
    let product = text::clean(&ticket.product);
    match &ticket.holder {
        Some(holder) => format!("{}   {product}", text::clean(holder)),
        None => product,
    }
}

fn prefixed(prefix: &str, sentence: &str) -> String {
    match sentence {
        "" => String::new(),
        sentence => format!("{prefix}{sentence}"),
    }
}

fn quoted(sentence: &str) -> String {
    match sentence {
        "" => String::new(),
        sentence => format!("Say: \"{sentence}\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_to_what_has_to_be_read() {
        use Rank::{Action, Guest, Note, Reason, Say};
        let needs = [(Guest, 1), (Note, 2), (Reason, 1), (Action, 3), (Say, 1)];
        assert_eq!(share(&needs, 9), [1, 2, 1, 3, 1], "everything fits");
        assert_eq!(share(&needs, 7), [1, 2, 1, 3, 0], "what to say gives way to what to do");
        assert_eq!(share(&needs, 5), [1, 2, 1, 1, 0]);
        assert_eq!(share(&needs, 3), [0, 1, 1, 1, 0]);
        assert_eq!(share(&needs, 0), [0, 0, 0, 0, 0]);
    }
}

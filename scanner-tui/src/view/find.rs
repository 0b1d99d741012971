//! The Find screen: the search and its matches, an order, how many, and why.
//!
//! A tick says who is inside, on every row and in every set of signs. Where rows are narrow
//! the product of the chosen row stands below the list.

use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use tidegate_core::api::{FoundTicket, TicketCard};

use super::page::{self, Title, head};
use super::pen::Pen;
use crate::model::Model;
use crate::model::find::{Find, Order, Reason, Step, Whom};
use crate::text;
use crate::theme::Role;

/// From this width on a row has room for the product.
const BROAD: u16 = 70;
/// Cells of the tick, the order and the status.
const TICK: u16 = 2;
const ORDER: u16 = 12;
const STATUS: u16 = 9;

/// What stands in the title row.
pub fn title(model: &Model) -> Title {
    let (left, right) = match &model.find.order {
        None => ("FIND".to_owned(), counted(&model.find)),
        Some(order) => (named(order), ticked(order)),
    };
    Title { left, right, role: Role::Quiet }
}

/// Draws the step that is open.
pub fn draw(pen: &mut Pen, model: &Model, area: Rect) {
    match &model.find.order {
        None => search(pen, &model.find, area),
        Some(order) => draw_order(pen, order, area),
    }
}

fn counted(find: &Find) -> String {
    match find.found.as_ref().map(Vec::len) {
        None => "name, order or e-mail".to_owned(),
        Some(found) => format!("{found} found"),
    }
}

fn named(order: &Order) -> String {
    match &order.code {
        Some(code) => format!("ORDER {}", text::clean(code)),
        None => "TICKET without an order".to_owned(),
    }
}

fn ticked(order: &Order) -> String {
    match order.whole {
        true => format!("{} of {} in", order.inside(), order.tickets.len()),
        false => "fetching the order".to_owned(),
    }
}

fn search(pen: &mut Pen, find: &Find, area: Rect) {
    let (field, rest) = head(area);
    pen.field(field, " Search: ", find.text.shown(), true);
    let rest = page::with_fault(pen, find.fault.as_deref(), rest);
    match find.found.as_deref() {
        None => pen.left(rest, " Type two letters at least.", Style::new()),
        Some([]) => pen.left(rest, " Nobody found. Try fewer letters, or the order.", Style::new()),
        Some(found) => tickets(pen, found, find.at, rest, Shows::Order),
    }
}

/// Whether rows say their order; within one it stands in the title.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Order,
    Product,
}

fn draw_order(pen: &mut Pen, order: &Order, area: Rect) {
    let area = page::with_fault(pen, order.fault.as_deref(), area);
    match &order.step {
        Step::Look => tickets(pen, &order.tickets, order.at, area, Shows::Product),
        Step::Count(count) => {
            let (line, rest) = head(area);
            let then = order.inside() as u64 + count;
            let told = format!(
                " LET IN {count} of {} outside: then {then} of {} in",
                order.outside(),
                order.tickets.len()
            );
            pen.left(line, &told, Style::new().add_modifier(Modifier::BOLD));
            tickets(pen, &order.tickets, usize::MAX, rest, Shows::Product);
        }
        Step::Why(whom, why) => {
            let (line, rest) = head(area);
            pen.left(line, &format!(" LET IN {}", who(whom)), Style::new().add_modifier(Modifier::BOLD));
            reason(pen, why, rest);
        }
    }
}

fn who(whom: &Whom) -> String {
    match whom {
        Whom::Ticket(ticket) => guest(ticket),
        Whom::Party(count) => format!("{count} of the order"),
    }
}

/// Holder and product of a ticket, in one line.
pub fn guest(ticket: &TicketCard) -> String {
    let product = text::clean(&ticket.product);
    match &ticket.holder {
        Some(holder) => format!("{}  {product}", text::clean(holder)),
        None => product,
    }
}

fn tickets(pen: &mut Pen, found: &[FoundTicket], at: usize, area: Rect, shows: Shows) {
    let narrow = area.width < BROAD;
    let chosen = found.get(at);
    let area = match chosen.filter(|_| narrow) {
        Some(chosen) => {
            page::with_fact(pen, &format!("{}, {}", text::clean(&chosen.ticket.product), chosen.status), area)
        }
        None => area,
    };
    for (n, row) in page::seen(area, if chosen.is_some() { at } else { 0 }, found.len()) {
        let style =
            if found[n].status == "cancelled" { Style::new().add_modifier(Modifier::DIM) } else { Style::new() };
        let (row, style) = page::row(pen, row, n == at, style);
        ticket_row(pen, &found[n], row, style, shows);
    }
}

fn ticket_row(pen: &mut Pen, found: &FoundTicket, row: Rect, style: Style, shows: Shows) {
    let tick = if found.inside { pen.glyphs().yes } else { "" };
    let product = text::clean(&found.ticket.product);
    let name = found.ticket.holder.as_deref().map_or_else(|| "(no name)".to_owned(), text::clean);
    let order = match shows {
        Shows::Order => text::clean(found.ticket.order.as_deref().unwrap_or_default()),
        Shows::Product => String::new(),
    };
    let status = text::clean(&found.status);
    let last = if shows == Shows::Order { ORDER + 1 } else { 0 };
    if row.width + 3 < BROAD {
        let shown = if shows == Shows::Order { (order.as_str(), ORDER) } else { (status.as_str(), STATUS) };
        let name_cells = row.width.saturating_sub(TICK + shown.1 + 2);
        return pen.columns(row, &[(tick, TICK), (&name, name_cells), shown], style);
    }
    let rest = row.width.saturating_sub(TICK + 1 + last + STATUS + 2);
    let name_cells = rest / 2;
    let columns = [
        (tick, TICK),
        (name.as_str(), name_cells),
        (product.as_str(), rest - name_cells - 1),
        (order.as_str(), last.saturating_sub(1)),
        (status.as_str(), STATUS),
    ];
    let shown: Vec<(&str, u16)> = columns.into_iter().filter(|(_, cells)| *cells > 0).collect();
    pen.columns(row, &shown, style);
}

/// The reasons to choose from, and the one that is typed.
pub fn reason(pen: &mut Pen, reason: &Reason, area: Rect) {
    let (ask, rest) = head(area);
    pen.left(ask, " Why? Choose with Up and Down, or type.", Style::new());
    for (n, row) in page::seen(rest, reason.at, reason.rows()) {
        let (row, style) = page::row(pen, row, n == reason.at, Style::new());
        match reason.presets.get(n) {
            Some(preset) => pen.left(row, preset, style),
            None => {
                let typed = pen.tail(reason.own.shown(), row.width.saturating_sub(9));
                pen.left(row, &format!("Other: {typed}{}", if n == reason.at { "_" } else { "" }), style);
            }
        }
    }
}

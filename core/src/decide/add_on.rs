//! Which ticket a scan means, on a list where a ticket lets its add-on in.
//!
//! A guest shows the main ticket everywhere; the list of a workshop takes the
//! workshop's ticket alone. Where exactly one fits best, that one is meant. Where
//! several do, somebody has to choose: a door cannot know.

use super::{Act, AddOn, Facts, Scan, Shown, Standing, TicketState};
use crate::api::Direction;
use crate::catalogue::{CheckInList, TicketStatus};
use crate::id::TicketId;

/// Which ticket is meant.
pub enum Meant<'a> {
    /// The one that was shown.
    Itself,
    /// One that belongs to it.
    AddOn(&'a AddOn),
    /// One of these.
    Several(Vec<TicketId>),
    /// Nobody here knows what belongs to it.
    NotHere,
}

/// How well a ticket fits, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// Somebody leaves, and it is inside, whatever has become of it since.
    Inside,
    /// The list takes it.
    Taken,
    /// The list takes its product, on another date: where nothing fits better, that is what is said.
    AnotherDate,
}

/// Which ticket `scan` means on `list`.
pub fn meant<'a>(facts: &Facts<'a>, scan: &Scan, list: &CheckInList, standing: &Standing<'_>) -> Meant<'a> {
    // Who was looked up was chosen.
    if !list.addon_match || matches!(scan.shown, Shown::Found(_)) {
        return Meant::Itself;
    }
    let moment = scan.moment(facts.now);
    let inside = |acts: &[Act]| TicketState::of(acts, facts.catalogue).on(list.id).open_at(moment).is_some();
    let fit = |standing: &Standing<'_>, acts: &[Act]| match scan.direction {
        Direction::Exit if inside(acts) => Some(Fit::Inside),
        Direction::Entry | Direction::Exit if !list.takes(standing.product) => None,
        Direction::Entry | Direction::Exit if list.takes_date(standing.date) => Some(Fit::Taken),
        Direction::Entry | Direction::Exit => Some(Fit::AnotherDate),
    };
    let itself = fit(standing, facts.acts);
    let fits = facts.add_ons.iter().filter_map(|add_on| Some((fit(&add_on.standing(), &add_on.acts)?, add_on)));
    let stands =
        |(fit, add_on): &(Fit, &AddOn)| *fit == Fit::Inside || add_on.row.status != TicketStatus::Cancelled;
    let fits: Vec<(Fit, &AddOn)> = fits.filter(stands).collect();
    let best = fits.iter().map(|(fit, _)| *fit).chain(itself).min();
    let add_ons: Vec<&AddOn> = fits.into_iter().filter(|(fit, _)| Some(*fit) == best).map(|(_, a)| a).collect();
    match (itself.is_some() && itself == best, add_ons.as_slice()) {
        (false, []) if facts.row.is_none() => Meant::NotHere,
        (_, []) if facts.lacks_add_ons() => Meant::NotHere,
        (_, []) => Meant::Itself,
        (false, [one]) => Meant::AddOn(one),
        (itself, several) => {
            let itself = itself.then_some(standing.ticket);
            Meant::Several(itself.into_iter().chain(several.iter().map(|a| a.row.id)).collect())
        }
    }
}

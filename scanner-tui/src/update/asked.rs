//! Keys of the dialogs: answers to questions, signing in, deciding against the rule.
//!
//! Kept true: a dialog that came by itself takes no key before it could be read; a ticket is
//! decided again with everything that was said before; a PIN stays no longer than its try.

use super::{acts, find};
use crate::keys::Action;
use crate::model::attention::NoticeKind;
use crate::model::dialog::{About, Ask, Dialog, OVERRIDE_REASONS, Overruling, Purpose, SignIn};
use crate::model::find::{Reason, moved};
use crate::model::request::{Override, Request, Scan, Subject};
use crate::model::{Millis, Model};

/// Nobody has read a question sooner: what is pressed was meant for what was there before.
pub const UNBIDDEN_MS: Millis = 700;
/// A ticket that was shown to another lane is decided again by its id, which takes a reason.
const SHOWN_ELSEWHERE: &str = "answered at the door";
/// The answers that have a key.
const YES_NO: [&str; 2] = ["no", "yes"];

/// Whether a dialog came by itself so lately that a key was not meant for it.
pub fn is_unbidden(model: &Model, now: Millis) -> bool {
    match (&model.dialog, &model.card) {
        (Some(Dialog::Ask(_)), Some(card)) => now.saturating_sub(card.shown_at) < UNBIDDEN_MS,
        (Some(_) | None, _) => false,
    }
}

/// Opens the sign-in for duty.
pub fn duty(model: &mut Model) {
    model.dialog = Some(Dialog::SignIn(Box::new(SignIn::new(Purpose::Duty))));
}

/// Opens the supervisor's decision about the last guest who was refused, or the sign-in before it.
pub fn supervisor(model: &mut Model, now: Millis) {
    model.dialog = match (&model.session, &model.refused) {
        (None, _) => Some(Dialog::SignIn(Box::new(SignIn::new(Purpose::Supervisor)))),
        (Some(_), Some(refused)) => {
            let reason = Reason::new(&OVERRIDE_REASONS);
            Some(Dialog::Overrule(Box::new(Overruling { refused: refused.clone(), reason, fault: None })))
        }
        (Some(_), None) => {
            let text = "SIGNED IN: nobody who could be let in was refused".to_owned();
            acts::hint(model, NoticeKind::Act, text, now);
            None
        }
    };
}

/// Keys of the dialog that is open.
pub fn in_dialog(model: &mut Model, action: Action, now: Millis) {
    if is_unbidden(model, now) {
        return;
    }
    let Some(mut dialog) = model.dialog.take() else { return };
    let request = match &mut dialog {
        Dialog::Ask(ask) => in_ask(ask, action),
        Dialog::SignIn(sign_in) => in_sign_in(sign_in, action),
        Dialog::Overrule(overruling) => in_overruling(model, overruling, action),
    };
    let fault = match request {
        None => None,
        Some(Ok(request)) => acts::ask(model, request, now).err().map(|why| format!("NOT SENT: {why}")),
        Some(Err(why)) => Some(why),
    };
    set_fault(&mut dialog, fault);
    model.dialog = Some(dialog);
}

/// Says in a dialog what went wrong.
pub fn set_fault(dialog: &mut Dialog, fault: Option<String>) {
    match dialog {
        Dialog::Ask(ask) => ask.fault = fault,
        Dialog::SignIn(sign_in) => sign_in.fault = fault,
        Dialog::Overrule(overruling) => overruling.fault = fault,
    }
}

type Asked = Option<Result<Request, String>>;

fn in_ask(ask: &mut Ask, action: Action) -> Asked {
    let by = find::step(action);
    match &mut ask.about {
        About::Questions { answers, at } => {
            if let Some(by) = by {
                *at = moved(*at, by, answers.len());
            }
            let answer = answers.get_mut(*at)?;
            match action {
                Action::Left => answer.set(YES_NO[0]),
                Action::Right => answer.set(YES_NO[1]),
                Action::Enter if *at + 1 < answers.len() => *at += 1,
                Action::Enter => return Some(answered(ask)),
                _ => {} // other keys have no row here
            }
            None
        }
        About::Choice { at } => {
            if let Some(by) = by {
                *at = moved(*at, by, ask.answer.choices.len());
            }
            (action == Action::Enter).then(|| again(ask))
        }
        About::Unpaid => (action == Action::Enter).then(|| again(ask)),
    }
}

/// All questions that need an answer have one, or the first that has none is chosen.
fn answered(ask: &mut Ask) -> Result<Request, String> {
    if let About::Questions { answers, at } = &mut ask.about {
        let questions = ask.answer.questions.iter();
        let missing = questions.zip(answers.iter()).position(|(asked, said)| asked.required && said.is_empty());
        if let Some(missing) = missing {
            *at = missing;
            return Err("This question needs an answer".to_owned());
        }
    }
    again(ask)
}

/// The scan with what was said, and with everything said before.
fn again(ask: &Ask) -> Result<Request, String> {
    let mut scan = ask.scan.clone();
    match &ask.about {
        About::Questions { answers, .. } => {
            let said = ask.answer.questions.iter().zip(answers).filter(|(_, said)| !said.is_empty());
            scan.answers.extend(said.map(|(asked, said)| (asked.id.clone(), said.text().to_owned())));
        }
        About::Unpaid => scan.confirm_unpaid = true,
        About::Choice { at } => {
            let chosen = ask.answer.choices.get(*at).ok_or("Choose a ticket")?;
            scan.subject = Subject::Ticket(chosen.id.clone());
        }
    }
    if let Subject::Ticket(_) = scan.subject {
        scan.reason.get_or_insert_with(|| SHOWN_ELSEWHERE.to_owned());
    }
    Ok(Request::Scan(Box::new(scan)))
}

fn in_sign_in(sign_in: &mut SignIn, action: Action) -> Asked {
    match action {
        Action::Up => sign_in.on_pin = false,
        Action::Down => sign_in.on_pin = true,
        Action::SignOff => return Some(Ok(Request::OffDuty)),
        Action::Enter if sign_in.name.is_empty() => {
            sign_in.on_pin = false;
            return Some(Err("Type the name first".to_owned()));
        }
        Action::Enter if !sign_in.on_pin || sign_in.pin.reveal().is_empty() => sign_in.on_pin = true,
        Action::Enter => {
            let (name, pin) = (sign_in.name.text().to_owned(), std::mem::take(&mut sign_in.pin));
            return Some(Ok(match sign_in.purpose {
                Purpose::Supervisor => Request::SignIn { name, pin },
                Purpose::Duty => Request::Duty { name, pin },
            }));
        }
        _ => {} // other keys have no row here
    }
    None
}

fn in_overruling(model: &Model, overruling: &mut Overruling, action: Action) -> Asked {
    let reason = &mut overruling.reason;
    if let Some(by) = find::step(action) {
        reason.at = moved(reason.at, by, reason.rows());
    }
    (action == Action::Enter).then(|| {
        let session = model.session.as_ref().ok_or("The session is over: Esc, then F9")?;
        let reason = reason.text().ok_or("Say why")?;
        let overriding = Some(Override { session: session.token.clone(), reason: reason.clone() });
        let before = overruling.refused.scan.clone();
        let by_hand = matches!(before.subject, Subject::Ticket(_)).then_some(reason);
        let reason = before.reason.clone().or(by_hand);
        Ok(Request::Scan(Box::new(Scan { overriding, reason, ..before })))
    })
}

/// Whether a scan was sent from the dialog that is open.
pub fn is_waiting_for(model: &Model, scan: &Scan) -> bool {
    let same_guest = |known: &Scan| known.subject == scan.subject;
    match &model.dialog {
        Some(Dialog::Ask(ask)) => match &ask.about {
            About::Questions { .. } => same_guest(&ask.scan) && !scan.answers.is_empty(),
            About::Unpaid => same_guest(&ask.scan) && scan.confirm_unpaid,
            About::Choice { .. } => {
                let ids = ask.answer.choices.iter().map(|ticket| Subject::Ticket(ticket.id.clone()));
                ids.into_iter().any(|id| id == scan.subject)
            }
        },
        Some(Dialog::Overrule(overruling)) => scan.overriding.is_some() && same_guest(&overruling.refused.scan),
        Some(Dialog::SignIn(_)) | None => false,
    }
}

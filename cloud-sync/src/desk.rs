//! The cloud's own desk: scans, servings and undos by the same law as at a door.
//!
//! Facts are read, the law in core decides, and what it says is written into the
//! cloud's journal of the event, all in one transaction. A key that was used
//! answers what was recorded; a refusal leaves nothing under its key.

pub mod ahead;
pub mod given;
pub mod group;
pub mod pin;

use self::ahead::{Ahead, Wants};
use self::given::Given;
use crate::api::orders::create::MAX_ADD_ONS;
use crate::app::App;
use crate::auth::Caller;
use crate::fault::Fault;
use crate::ledger::own::{self, Draft};
use crate::ledger::{Books, Known};
use crate::store::acts::{self, ActRecord};
use crate::store::devices::DeviceRecord;
use crate::store::{Tx, journals, lists, products, tickets};
use std::collections::HashMap;
use std::sync::Arc;
use tidegate_core::api::{Answer, CreditChange, Direction, Explanation, Verdict};
use tidegate_core::catalogue::{Catalogue, CheckInList, TicketRow};
use tidegate_core::clock::Quality;
use tidegate_core::decide::answer::{Setting, answer, card, plain};
use tidegate_core::decide::key::{Operation, Recorded, repeat};
use tidegate_core::decide::undo::{Target, undo};
use tidegate_core::decide::{AddOn, Decision, Facts, Room, Scan, Shown, Stage, Why, decide, rule_reasons};
use tidegate_core::exposure::Reach;
use tidegate_core::fold::{Act, TicketState};
use tidegate_core::id::{EventId, JournalId, ListId, ProductId, TicketId};
use tidegate_core::journal::kind::Resource;
use tidegate_core::journal::{Entry, EntryRef, Kind};
use tidegate_core::language::Language;
use tidegate_core::seal::Hash;
use tidegate_core::serve::{Balance, Order, serve};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::Role;

/// An idempotency key with the hash of its request's content.
pub struct Key {
    /// The key.
    pub key: String,
    /// What it stands for.
    pub content: Hash,
}

/// Whether an act is recorded or only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Recorded.
    Record,
    /// What would happen; nothing is written.
    DryRun,
}

/// The desk of one event, open in a transaction.
pub struct Desk<'a> {
    app: &'a App,
    event: EventId,
    books: Books<'a>,
    ahead: Ahead,
    /// The numbers of its lists by their ids, once they were asked for.
    lists: HashMap<String, ListId>,
    attendant: Attendant,
}

/// A number that no product has: they count from 1. What no feed has named is a
/// verdict, not a fault of the request.
const UNKNOWN_PRODUCT: ProductId = ProductId(0);

/// Who asks at a desk.
#[derive(Clone, Debug, Default)]
pub struct Attendant {
    /// In whose name it is recorded: what their token is called.
    pub staff: Option<String>,
    /// What they are answered in.
    pub language: Language,
    /// Whether nobody is there to be asked, as at a turnstile.
    pub unattended: bool,
}

/// What is known of what was shown.
#[derive(Default)]
struct Gathered {
    /// Of its ticket, where it names one.
    known: Known,
    /// Of the tickets that belong to it or may be meant instead.
    add_ons: Vec<AddOn>,
}

impl Gathered {
    /// The acts of one of these tickets.
    fn acts(&self, shown: &Shown, ticket: TicketId) -> Option<&[Act]> {
        if shown.ticket() == Some(ticket) {
            return Some(&self.known.acts);
        }
        self.add_ons.iter().find(|add_on| add_on.row.id == ticket).map(|add_on| &add_on.acts[..])
    }
}

impl<'a> Desk<'a> {
    /// Opens an event's desk; nobody in particular asks.
    pub async fn open(tx: &mut Tx, app: &'a App, event: EventId) -> Result<Self, Fault> {
        let (books, attendant) = (Books::open(tx, app, event).await?, Attendant::default());
        let (lists, ahead) = (HashMap::new(), Ahead::default());
        Ok(Self { app, event, books, ahead, lists, attendant })
    }

    /// Reads at once what several acts will ask for one after the other.
    pub async fn look_ahead(&mut self, tx: &mut Tx, wants: impl Iterator<Item = &Wants>) -> Result<(), Fault> {
        self.ahead = Ahead::read(tx, self.event, wants).await?;
        Ok(())
    }

    /// The number of one of the event's lists, `lst_…`.
    pub async fn list(&mut self, tx: &mut Tx, id: &str) -> Result<ListId, Fault> {
        if self.lists.is_empty() {
            self.lists = lists::numbers_of(tx, self.event).await?;
        }
        self.lists.get(id).copied().ok_or_else(|| Fault::missing("list"))
    }

    /// The number of one of the event's products, `prd_…`.
    pub async fn product(&self, tx: &mut Tx, id: &str) -> Result<ProductId, Fault> {
        let known = products::get(tx, id).await?.filter(|product| product.event == self.event);
        Ok(known.map_or(UNKNOWN_PRODUCT, |product| product.number))
    }

    /// Acts from now on for whoever asks.
    pub fn turn_to(&mut self, attendant: Attendant) {
        self.attendant = attendant;
    }

    /// The event as its agents read it.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.books.catalogue.clone()
    }

    /// What something given turns out to be here.
    pub async fn shown(&self, tx: &mut Tx, given: &Given, caller: &Caller) -> Result<Shown, Fault> {
        given.shown(tx, (self.app, caller), (&self.books.catalogue, self.event)).await
    }

    /// Decides and records a scan whose key was not used before.
    pub async fn scan(
        &mut self,
        tx: &mut Tx,
        (scan, list): (&Scan, ListId),
        key: Option<&Key>,
        mode: Mode,
    ) -> Result<Answer, Fault> {
        let catalogue = self.catalogue();
        let list = catalogue.lists.get(&list).ok_or_else(|| Fault::missing("list"))?;
        let gathered = self.gather(tx, &scan.shown, list.addon_match).await?;
        let room = self.room(tx, (scan, list)).await?;
        let facts = Facts { room, ..self.facts(&catalogue, &gathered) };
        let decision = decide(&facts, scan, list);
        let at = scan.at.unwrap_or(facts.now);
        let (direction, gate) = (scan.direction, scan.gate.clone());
        let language = self.attendant.language;
        let setting = Setting { direction, list: list.name.clone(), gate, at, language };
        let entry = self.record(tx, &decision, (&scan.shown, &gathered), (scan.at, mode)).await?;
        let answer = answer(&decision, &facts, setting, entry);
        self.finish(tx, (Operation::Scan, key), (&decision, entry), answer).await
    }

    /// What an entry by a list would be answered, and everything that the rules have against it; nothing
    /// is recorded. A ticket that was imagined has a row and no history.
    pub async fn imagine(
        &mut self,
        tx: &mut Tx,
        (scan, list): (&Scan, &CheckInList),
        imagined: Option<TicketRow>,
    ) -> Result<(Answer, Vec<Explanation>), Fault> {
        let catalogue = self.catalogue();
        let gathered = match imagined {
            Some(row) => Gathered { known: Known { row: Some(row), ..Known::default() }, ..Gathered::default() },
            None => self.gather(tx, &scan.shown, false).await?,
        };
        let room = self.room(tx, (scan, list)).await?;
        let facts = Facts { room, ..self.facts(&catalogue, &gathered) };
        let decision = decide(&facts, scan, list);
        let at = scan.at.unwrap_or(facts.now);
        let setting = Setting {
            direction: scan.direction,
            list: list.name.clone(),
            gate: scan.gate.clone(),
            at,
            language: self.attendant.language,
        };
        let explain = |why: &Why| why.explain(&catalogue, self.attendant.language);
        let reasons = rule_reasons(&facts, scan, list).iter().map(explain).collect();
        Ok((answer(&decision, &facts, setting, None), reasons))
    }

    /// Decides and records a serving whose key was not used before.
    pub async fn serving(
        &mut self,
        tx: &mut Tx,
        order: &Order,
        key: Option<&Key>,
        mode: Mode,
    ) -> Result<Answer, Fault> {
        let catalogue = self.catalogue();
        let gathered = self.gather(tx, &order.shown, false).await?;
        let facts = self.facts(&catalogue, &gathered);
        let stock = self.stock(tx, order.product).await?;
        let (decision, balance) = serve(&facts, order, stock);
        let at = order.at.unwrap_or(facts.now);
        let setting = Setting { at, language: self.attendant.language, ..Setting::default() };
        let entry = self.record(tx, &decision, (&order.shown, &gathered), (order.at, mode)).await?;
        let mut answer = answer(&decision, &facts, setting, entry);
        answer.credits = credits(&decision, order, balance, &catalogue);
        self.finish(tx, (Operation::Serving, key), (&decision, entry), answer).await
    }

    /// Writes what many acts change together; without it nothing of them is whole.
    pub async fn close(self, tx: &mut Tx) -> Result<(), Fault> {
        self.books.close(tx).await
    }

    /// Takes an act of the cloud's own back.
    pub async fn take_back(
        &mut self,
        tx: &mut Tx,
        (operation, key): (Operation, &str),
        at: Option<Timestamp>,
    ) -> Result<Answer, Fault> {
        let target = match acts::get(tx, self.event, operation, key).await? {
            Some(act) => self.target(tx, &act).await?,
            None => None,
        };
        let when = at.unwrap_or(self.app.now());
        let decided = undo(target.as_ref(), self.books.own_device()?, when);
        let entry = match decided.record {
            Some(kind) => {
                let (entry, acts) = self.append(tx, kind, at).await?;
                self.books.fold(tx, acts).await?;
                Some(entry)
            }
            None => None,
        };
        let catalogue = self.catalogue();
        let language = self.attendant.language;
        let setting = Setting { at: when, language, ..Setting::default() };
        let explain = decided.why.explain(&catalogue, language);
        let mut answer = plain(decided.verdict, decided.code.as_str(), explain, setting, entry);
        if let Some(target) = target.filter(|_| decided.verdict != Verdict::Refuse) {
            let row = self.row(tx, target.ticket).await?;
            let product = row.as_ref().map(|row| row.product);
            answer.ticket = Some(card(&catalogue, target.ticket, product, row.as_ref()));
        }
        Ok(answer)
    }

    /// Units of a product that the cloud itself may still serve or hand on.
    pub async fn stock(&mut self, tx: &mut Tx, product: ProductId) -> Result<i64, Fault> {
        self.left(tx, Resource::Product(product)).await
    }

    /// The journal that a device writes, as it said when it asked last, or as far as is known here; none where that has
    /// ended.
    pub fn written_by(&self, device: &DeviceRecord) -> Option<JournalId> {
        let id = device.row.id;
        let said = device.writes.map(|incarnation| JournalId { device: id, incarnation });
        let known = match said {
            Some(said) => self.books.journals.get(&said),
            None => self.books.newest(id),
        };
        match known {
            Some(journal) => Some(journal.id).filter(|_| !journal.ended()),
            // Of which nothing has come here yet.
            None => said.or(Some(JournalId { device: id, incarnation: own::FIRST_LIFE })),
        }
    }

    /// What the cloud itself may still use or hand on.
    pub async fn left(&mut self, tx: &mut Tx, of: Resource) -> Result<i64, Fault> {
        self.left_at(tx, of, self.app.now()).await
    }

    async fn left_at(&mut self, tx: &mut Tx, of: Resource, at: Timestamp) -> Result<i64, Fault> {
        match self.books.own()? {
            Some(own) => self.books.left_at(tx, of, own, at).await,
            None => Ok(0), // what the journal before held comes back when that is retired
        }
    }

    /// Places that the cloud itself may still fill at the time of a scan, where somebody wants one and the list
    /// counts any.
    async fn room(&mut self, tx: &mut Tx, (scan, list): (&Scan, &CheckInList)) -> Result<Option<Room>, Fault> {
        Ok(match list.zone.filter(|_| scan.direction == Direction::Entry) {
            Some(zone) => {
                let at = scan.at.unwrap_or(self.app.now());
                Some(Room::of(self.left_at(tx, Resource::Zone(zone), at).await?))
            }
            None => None,
        })
    }

    async fn gather(&mut self, tx: &mut Tx, shown: &Shown, with_add_ons: bool) -> Result<Gathered, Fault> {
        let mut gathered = Gathered::default();
        if let Some(ticket) = shown.ticket() {
            gathered.known = match self.ahead.tickets.remove(&ticket) {
                Some(history) => self.books.known_of(history),
                None => self.books.known(tx, ticket).await?,
            };
        }
        let others = match (shown.several(), shown.ticket()) {
            (Some(several), _) => several.to_vec(),
            (None, Some(main)) if with_add_ons => {
                tickets::of_main(tx, main, MAX_ADD_ONS).await?.into_iter().map(|ticket| ticket.row.id).collect()
            }
            (None, _) => Vec::new(),
        };
        for id in others {
            let Known { row: Some(row), code, acts } = self.books.known(tx, id).await? else { continue };
            gathered.add_ons.push(AddOn { row, newest_code: code, acts });
        }
        Ok(gathered)
    }

    async fn row(&self, tx: &mut Tx, ticket: TicketId) -> Result<Option<TicketRow>, Fault> {
        let found = tickets::get(tx, ticket).await?.filter(|ticket| ticket.event == self.event);
        Ok(found.map(|ticket| ticket.row))
    }

    fn facts<'f>(&self, catalogue: &'f Catalogue, gathered: &'f Gathered) -> Facts<'f> {
        Facts {
            catalogue,
            row: gathered.known.row.as_ref(),
            newest_code: gathered.known.code.as_ref(),
            acts: &gathered.known.acts,
            add_ons: &gathered.add_ons,
            now: self.app.now(),
            quality: Quality::Trusted,
            can_ask: !self.attendant.unattended,
            stage: Stage::Whole,
            room: None,
            reach: Reach::whole(Role::Cloud),
            own: self.books.own().ok().flatten(),
        }
    }

    async fn record(
        &mut self,
        tx: &mut Tx,
        decision: &Decision,
        (shown, gathered): (&Shown, &Gathered),
        (at, mode): (Option<Timestamp>, Mode),
    ) -> Result<Option<EntryRef>, Fault> {
        if mode == Mode::DryRun {
            return Ok(None);
        }
        let (entry, acts) = self.append(tx, decision.record.clone(), at).await?;
        for (ticket, act) in acts {
            self.ahead.tickets.remove(&ticket); // it has a longer history now
            match gathered.acts(shown, ticket) {
                Some(known) => self.books.fold_one(tx, (ticket, act), known).await?,
                None => self.books.fold(tx, vec![(ticket, act)]).await?,
            }
        }
        Ok(Some(entry))
    }

    async fn append(
        &mut self,
        tx: &mut Tx,
        kind: Kind,
        at: Option<Timestamp>,
    ) -> Result<(EntryRef, Vec<(TicketId, Act)>), Fault> {
        let draft = Draft { kind, at, staff: self.attendant.staff.clone() };
        own::append(tx, self.app, &mut self.books, draft).await
    }

    async fn finish(
        &self,
        tx: &mut Tx,
        (operation, key): (Operation, Option<&Key>),
        (decision, entry): (&Decision, Option<EntryRef>),
        answer: Answer,
    ) -> Result<Answer, Fault> {
        let ticket = decision.record.ticket().filter(|_| decision.recorded());
        if let (Some(key), Some(entry), Some(ticket)) = (key, entry, ticket) {
            let (content, incarnation, place) = (key.content, entry.journal.incarnation, entry.sequence);
            let act = ActRecord { content, answer: answer.clone(), ticket, incarnation, place };
            acts::add(tx, self.event, (operation, &key.key), &act).await?;
        }
        Ok(answer)
    }

    /// What was answered under a key before.
    pub async fn recorded(
        &mut self,
        tx: &mut Tx,
        operation: Operation,
        key: Option<&Key>,
    ) -> Result<Option<Answer>, Fault> {
        let Some(key) = key else { return Ok(None) };
        let act = match self.ahead.acts.remove(&(operation, key.key.clone())) {
            Some(known) => known,
            None => acts::get(tx, self.event, operation, &key.key).await?,
        };
        let Some(act) = act else { return Ok(None) };
        let undone = self.target(tx, &act).await?.is_some_and(|target| target.undone);
        let recorded = Recorded { content: act.content, answer: act.answer, undone };
        Ok(Some(repeat(recorded, key.content, &self.books.catalogue, self.attendant.language)))
    }

    /// What was recorded under a key, as it stands in the cloud's journal.
    async fn target(&self, tx: &mut Tx, act: &ActRecord) -> Result<Option<Target>, Fault> {
        let journal = JournalId { device: self.books.own_device()?, incarnation: act.incarnation };
        let Some(record) = journals::entry_at(tx, self.event, journal, act.place).await? else { return Ok(None) };
        let act = Entry::from_bytes(&record.body).and_then(|entry| self.books.act(&record, &entry));
        let Some((ticket, act)) = record.ticket.zip(act) else { return Ok(None) };
        let undone =
            TicketState::of(&self.books.acts(tx, ticket).await?, &self.books.catalogue).undone.contains(&act.id);
        Ok(Some(Target { act, ticket, undone }))
    }
}

fn credits(
    decision: &Decision,
    order: &Order,
    balance: Option<Balance>,
    catalogue: &Catalogue,
) -> Vec<CreditChange> {
    let taken = if decision.recorded() { i64::from(order.quantity) } else { 0 };
    let change = |balance: Balance| CreditChange {
        product: catalogue.product_name(order.product),
        before: balance.left(),
        after: balance.left() - taken,
    };
    balance.map(change).into_iter().collect()
}

//! The shell around the state machine: keys, link and clock in, frames and bells out.
//!
//! One loop and one `match` for commands; every decision is in [`crate::update`]. A frame is
//! drawn when something changed, at most so many a second, and when the state says that
//! time alone will change it. A signal ends the loop like Ctrl-Q, so the terminal is
//! always given back by its owner.

mod stop;

use std::io::{self, Write};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Context;
use crossterm::event::{Event, EventStream, KeyEvent};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use crossterm::{execute, style};
use futures_util::StreamExt;
use ratatui::DefaultTerminal;
use ratatui::backend::CrosstermBackend;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::keys::{self, Press};
use crate::link::{self, Agent, NEWS_WAITING, News};
use crate::model::place::Place;
use crate::model::request::{Replied, Sent};
use crate::model::{Millis, Model, Options};
use crate::sound::Bells;
use crate::terminal::{Palette, Taken};
use crate::theme::Depth;
use crate::update::{Command, Message, next_change, update};
use crate::view;

/// A wall clock that runs this far ahead of ours means that the machine slept; ours stands still then.
const SLEPT: Duration = Duration::from_secs(3);

/// Requests under way at most: more than a person can start.
const ANSWERS_WAITING: usize = 16;

/// What woke the loop.
enum Woke {
    Terminal(Option<io::Result<Event>>),
    News(News),
    Replied(u64, Replied),
    Time,
    Stop,
}

/// Whether to go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Leave,
}

struct Shell {
    agent: Agent,
    model: Model,
    terminal: DefaultTerminal,
    bells: Bells,
    began: Instant,
    woke: (Instant, SystemTime),
    frame_ms: Millis,
    drawn_at: Option<Millis>,
    changed: bool,
    replied: Sender<(u64, Replied)>,
}

/// Shows the screen until somebody leaves it.
pub async fn run(agent: Agent, options: Options, fps: u32, palette: Palette) -> anyhow::Result<()> {
    style::force_color_output(options.theme.depth != Depth::Plain);
    let mut stop = stop::Stop::new().context("signals cannot be heard")?;
    let _taken = Taken::take(palette).context("the terminal cannot be taken")?;
    let terminal = ratatui::Terminal::new(CrosstermBackend::new(io::stdout()))?;
    let (tell, mut news) = mpsc::channel(NEWS_WAITING);
    let (replied, mut answers) = mpsc::channel(ANSWERS_WAITING);
    tokio::spawn(link::follow(agent.clone(), tell));
    let mut shell = Shell {
        agent,
        model: Model::new(options),
        terminal,
        bells: Bells::default(),
        began: Instant::now(),
        woke: (Instant::now(), SystemTime::now()),
        frame_ms: 1_000 / Millis::from(fps.max(1)),
        drawn_at: None,
        changed: true,
        replied,
    };
    let mut keyboard = EventStream::new();
    loop {
        shell.draw_if_due()?;
        let woke = shell.wait(&mut keyboard, &mut news, &mut answers, &mut stop).await;
        if shell.act(woke, &mut news)? == Flow::Leave {
            return Ok(());
        }
    }
}

impl Shell {
    fn now(&self) -> Millis {
        Millis::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    async fn wait(
        &self,
        keyboard: &mut EventStream,
        news: &mut Receiver<News>,
        answers: &mut Receiver<(u64, Replied)>,
        stop: &mut stop::Stop,
    ) -> Woke {
        let sleep = Duration::from_millis(self.wake_at().saturating_sub(self.now()));
        tokio::select! {
            biased; // keys first: a scanner's characters are not parted by what else happened
            event = keyboard.next() => Woke::Terminal(event),
            () = stop.wait() => Woke::Stop,
            Some((id, replied)) = answers.recv() => Woke::Replied(id, replied),
            Some(item) = news.recv() => Woke::News(item),
            () = tokio::time::sleep(sleep) => Woke::Time,
        }
    }

    /// The next moment at which anything has to be done without being told.
    fn wake_at(&self) -> Millis {
        let now = self.now();
        let change = next_change(&self.model, now);
        let frame = self.drawn_at.filter(|_| self.changed).map(|at| at + self.frame_ms);
        [frame, self.bells.next()].into_iter().flatten().fold(change, Millis::min)
    }

    fn act(&mut self, woke: Woke, news: &mut Receiver<News>) -> io::Result<Flow> {
        self.changed = true;
        if self.slept() {
            self.tell(Message::Slept)?;
        }
        match woke {
            Woke::Stop | Woke::Terminal(None) => return Ok(Flow::Leave),
            Woke::Terminal(Some(Err(error))) => return Err(error),
            Woke::Terminal(Some(Ok(Event::Key(key)))) => return self.key(&key),
            Woke::Terminal(Some(Ok(Event::Paste(text)))) => return self.tell(Message::Pasted(text)),
            Woke::Terminal(Some(Ok(_))) => {}
            Woke::News(item) => {
                self.tell(Message::Link(item))?;
                while let Ok(item) = news.try_recv() {
                    self.tell(Message::Link(item))?;
                }
            }
            Woke::Replied(id, replied) => return self.tell(Message::Replied { id, replied }),
            Woke::Time => {
                self.ring_if_due()?;
                return self.tell(Message::Time);
            }
        }
        Ok(Flow::On)
    }

    /// Also true when the wall clock was set ahead, which costs one card and no more.
    fn slept(&mut self) -> bool {
        let (then, then_wall) = std::mem::replace(&mut self.woke, (Instant::now(), SystemTime::now()));
        let wall = self.woke.1.duration_since(then_wall).unwrap_or_default();
        wall.saturating_sub(self.woke.0 - then) > SLEPT
    }

    fn key(&mut self, key: &KeyEvent) -> io::Result<Flow> {
        let place = match view::shows(self.terminal.size()?) {
            true => self.model.place(self.now()),
            false => Place::Door, // nothing is chosen or let in unseen
        };
        match keys::read(key, place, self.model.options.readonly) {
            Press::Action(action) => self.tell(Message::Pressed(action)),
            Press::Printable(c) => self.tell(Message::Typed(c)),
            Press::Nothing => Ok(Flow::On),
        }
    }

    fn tell(&mut self, message: Message) -> io::Result<Flow> {
        let now = self.now();
        match update(&mut self.model, message, now) {
            None => {}
            Some(Command::Quit) => return Ok(Flow::Leave),
            Some(Command::Redraw) => self.terminal.clear()?,
            Some(Command::Ring(times)) => {
                self.bells.ring(times, now);
                self.ring_if_due()?;
            }
        }
        for sent in self.model.requests.take() {
            self.ask(sent);
        }
        Ok(Flow::On)
    }

    fn ask(&self, sent: Sent) {
        let (agent, replied) = (self.agent.clone(), self.replied.clone());
        tokio::spawn(async move {
            let answer = agent.ask(&sent.request, sent.key).await;
            let _ = replied.send((sent.id, answer)).await; // nobody listens once the screen is left
        });
    }

    fn ring_if_due(&mut self) -> io::Result<()> {
        let now = self.now();
        if self.bells.due(now) {
            let mut out = io::stdout();
            out.write_all(b"\x07")?;
            out.flush()?;
        }
        Ok(())
    }

    fn draw_if_due(&mut self) -> io::Result<()> {
        let now = self.now();
        let too_soon = self.drawn_at.is_some_and(|at| now < at + self.frame_ms);
        if !self.changed || too_soon {
            return Ok(());
        }
        (self.changed, self.drawn_at) = (false, Some(now));
        let whole = self.model.options.theme.depth != Depth::Console;
        if whole {
            execute!(io::stdout(), BeginSynchronizedUpdate)?;
        }
        self.terminal.draw(|frame| view::draw(frame, &self.model, now))?;
        if whole {
            execute!(io::stdout(), EndSynchronizedUpdate)?;
        }
        Ok(())
    }
}

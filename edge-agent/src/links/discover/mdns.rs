//! The process that speaks mDNS: announces one agent, says whom it hears, a line each.
//!
//! Announcements are read by `mdns-sd`, whose memory of them has no bound; so this runs
//! apart from the agent, watches its own size, and ends rather than grow. It ends with
//! the agent, too, by the pipe between them. What is announced and taken says
//! [`announcement`](super::announcement).

use super::announcement::{Announced, SERVICE, Said, answers_at, found, instance, service};
use anyhow::Context;
use mdns_sd::{DaemonEvent, DaemonStatus, Receiver, ServiceDaemon, ServiceEvent};
use std::io::Write;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Asked again this often: multicast over radio is lost now and then. What is known is said again, too.
const ASK_AGAIN: Duration = Duration::from_secs(120);
/// And this soon after a network came up: who has announced itself in the last second does not answer.
const ASK_THERE: Duration = Duration::from_secs(2);
/// Between looks at our own size: a gigabit of announcements adds some 25 MB in that time.
const WATCH: Duration = Duration::from_millis(100);
/// The announcements of a whole festival take less than a megabyte beside the program's own ten.
const MAX_SIZE_KB: u64 = 64 << 10;
/// A question to the listening thread unanswered for this long: it does nothing but read what floods in.
const DEAF: Duration = Duration::from_secs(5);
const ASK_WHETHER_DEAF: Duration = Duration::from_secs(1);
/// After each line: the agent has other things to do than to read announcements.
const PACE: Duration = Duration::from_millis(2);
/// By when some network has taken our announcement, if there is one.
const ANNOUNCED: Duration = Duration::from_secs(3);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_millis(200);

/// Announces and listens until standard input closes.
pub fn run(announced: &Announced) -> anyhow::Result<()> {
    let daemon = ServiceDaemon::new().context("mDNS")?;
    let mut ear = Ear::new(daemon, announced)?;
    ear.end_with_the_agent();
    while ear.listen()? {}
    Ok(())
}

struct Ear<'a> {
    announced: &'a Announced,
    daemon: ServiceDaemon,
    services: Receiver<ServiceEvent>,
    news: Receiver<DaemonEvent>,
    began: Instant,
    ask_at: Instant,
    heard_of: bool,
    said_nowhere: bool,
    watched: Watched,
}

/// Whether the listening thread still answers.
struct Watched {
    asked: Instant,
    answer: Option<Receiver<DaemonStatus>>,
}

impl<'a> Ear<'a> {
    fn new(daemon: ServiceDaemon, announced: &'a Announced) -> anyhow::Result<Self> {
        let news = daemon.monitor()?;
        daemon.register(service(announced)?)?;
        let (services, now) = (daemon.browse(SERVICE)?, Instant::now());
        let watched = Watched { asked: now, answer: None };
        let (began, ask_at, heard_of, said_nowhere) = (now, now + ASK_AGAIN, false, false);
        Ok(Self { announced, daemon, services, news, began, ask_at, heard_of, said_nowhere, watched })
    }

    /// The agent holds the other end of standard input, and never writes.
    fn end_with_the_agent(&self) {
        let daemon = self.daemon.clone();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink()); // either way it is over
            if let Ok(ended) = daemon.shutdown() {
                let _ = ended.recv_timeout(GOODBYE); // too busy to say goodbye
            }
            std::process::exit(0);
        });
    }

    /// Waits a moment for what comes, says it, and looks at itself. Whether to go on.
    fn listen(&mut self) -> anyhow::Result<bool> {
        if let Ok(event) = self.services.recv_timeout(WATCH) {
            self.hear(event)?;
        }
        while let Ok(news) = self.news.try_recv() {
            self.note(news)?;
        }
        if !self.heard_of && !self.said_nowhere && self.began.elapsed() > ANNOUNCED {
            self.said_nowhere = true;
            say(&Said::Nowhere)?;
        }
        if self.is_flooded() {
            say(&Said::Flooded)?;
            return Ok(false);
        }
        if Instant::now() >= self.ask_at {
            self.services = self.daemon.browse(SERVICE)?;
            self.ask_at = Instant::now() + ASK_AGAIN;
        }
        Ok(true)
    }

    fn is_flooded(&mut self) -> bool {
        // Whoever has a thousand announcements waiting hears no more of them: ten times as many as devices anywhere.
        self.services.is_disconnected()
            || size_kb().is_some_and(|size| size > MAX_SIZE_KB)
            || self.watched.is_deaf(&self.daemon)
    }

    fn hear(&self, event: ServiceEvent) -> anyhow::Result<()> {
        let said = match event {
            ServiceEvent::ServiceResolved(service) => found(&service, &self.announced.event),
            ServiceEvent::ServiceRemoved(_, name) => instance(&name).map(|device| Said::Gone { device }),
            _ => None, // that something was looked for, or is not known yet
        };
        match said {
            Some(said) => say(&said),
            None => Ok(()),
        }
    }

    fn note(&mut self, news: DaemonEvent) -> anyhow::Result<()> {
        let at: Vec<IpAddr> = match news {
            // The addresses as a list, the first time; later the interface, which is no address.
            DaemonEvent::Announce(_, on) => {
                on.trim_matches(['[', ']']).split(", ").filter_map(|ip| ip.parse().ok()).collect()
            }
            DaemonEvent::IpAdd(ip) => {
                self.ask_at = self.ask_at.min(Instant::now() + ASK_THERE);
                vec![ip]
            }
            _ => Vec::new(), // addresses that went, and answers given
        };
        let at: Vec<IpAddr> = at.into_iter().filter(|ip| answers_at(self.announced.link.ip(), *ip)).collect();
        if at.is_empty() {
            return Ok(());
        }
        self.heard_of = true;
        say(&Said::Announced { at })
    }
}

impl Watched {
    fn is_deaf(&mut self, daemon: &ServiceDaemon) -> bool {
        if self.answer.as_ref().is_some_and(Receiver::is_empty) {
            return self.asked.elapsed() > DEAF;
        }
        if self.asked.elapsed() > ASK_WHETHER_DEAF {
            (self.asked, self.answer) = (Instant::now(), daemon.status().ok());
        }
        false
    }
}

fn say(said: &Said) -> anyhow::Result<()> {
    let mut line = serde_json::to_string(said)?;
    line.push('\n');
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).context("the agent is gone")?;
    std::thread::sleep(PACE);
    Ok(())
}

/// Our own size in memory, where the system tells.
fn size_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_knows_its_size() {
        assert!(!cfg!(target_os = "linux") || size_kb().is_some_and(|size| (1_000..10_000_000).contains(&size)));
    }
}

//! How far long work is, on standard error: often for a person, seldom for a log.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// A line for a person is written anew this often.
const FOR_EYES: Duration = Duration::from_millis(100);
/// A log has a line this often.
const FOR_LOGS: Duration = Duration::from_secs(10);

/// Tells how far something is.
pub struct Progress {
    to_eyes: bool,
    told: Option<Instant>,
    begun: Instant,
}

impl Default for Progress {
    fn default() -> Self {
        Self { to_eyes: std::io::stderr().is_terminal(), told: None, begun: Instant::now() }
    }
}

impl Progress {
    /// So much of it is done; what takes no time is never told.
    pub fn tell(&mut self, what: &str, done: u64) {
        let every = if self.to_eyes { FOR_EYES } else { FOR_LOGS };
        if self.told.unwrap_or(self.begun).elapsed() < every {
            return;
        }
        self.told = Some(Instant::now());
        let line = if done > 0 { format!("{what}: {}", grouped(done)) } else { format!("{what} …") };
        match self.to_eyes {
            true => eprint!("\r\x1b[K{line}"),
            false => eprintln!("{line}"),
        }
        let _ = std::io::stderr().flush(); // nobody reads it: nothing is lost
    }

    /// It is over: a line for a person is taken away.
    pub fn end(self) {
        if self.to_eyes && self.told.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}

/// A number with its thousands apart.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let (head, rest) = digits.split_at(first);
    let groups = rest.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    let all: Vec<String> =
        Some(head.to_owned()).filter(|head| !head.is_empty()).into_iter().chain(groups).collect();
    all.join(",")
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        let check = |number, expect: &str| assert_eq!(grouped(number), expect);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(12_345_678, "12,345,678");
    }
}

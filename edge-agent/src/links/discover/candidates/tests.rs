//! The table of candidates, driven by hand: what is heard, what came of it, and the time.
//!
//! Devices are numbers, addresses are `last byte:port` of one network, and the clock
//! moves only when a test says so.

use super::*;

const OWN: u8 = 255;

struct Desk {
    candidates: Candidates,
    now: Instant,
    reached: Reached,
}

fn device(number: u8) -> DeviceId {
    DeviceId([number; 16])
}

fn at(host: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, host], 7421))
}

fn spot(number: u8, host: u8) -> Spot {
    Spot { device: device(number), at: at(host) }
}

impl Desk {
    fn new() -> Self {
        Self { candidates: Candidates::new(device(OWN)), now: Instant::now(), reached: Reached::default() }
    }

    fn hear(&mut self, number: u8, hosts: &[u8]) {
        self.hear_of(Standing::Stranger, number, hosts);
    }

    fn hear_of(&mut self, standing: Standing, number: u8, hosts: &[u8]) {
        let addresses: Vec<SocketAddr> = hosts.iter().copied().map(at).collect();
        self.candidates.announced(device(number), standing, &addresses, self.now);
    }

    fn after(&mut self, seconds: u64) -> &mut Self {
        self.now += Duration::from_secs(seconds);
        self
    }

    fn turn(&mut self) -> Turn {
        self.candidates.turn(self.now, &self.reached)
    }

    fn tries(&mut self) -> Vec<Spot> {
        let Turn { tries, ends } = self.turn();
        assert_eq!(ends, []);
        tries
    }

    fn fail(&mut self, spot: Spot) {
        self.candidates.failed(spot, self.now);
    }

    /// What is tried now fails, all of it.
    fn fail_all(&mut self) -> usize {
        let tries = self.tries();
        tries.iter().for_each(|spot| self.fail(*spot));
        tries.len()
    }

    /// A try succeeds; if a link is kept, it is up.
    fn meet(&mut self, spot: Spot) -> bool {
        let kept = self.candidates.met(spot, self.now, &self.reached);
        if kept {
            self.reached.by_finding.insert(spot.device);
        }
        kept
    }

    /// A device that is heard, tried and linked over one address.
    fn link(&mut self, number: u8, host: u8) {
        self.hear(number, &[host]);
        assert_eq!(self.tries(), [spot(number, host)]);
        assert!(self.meet(spot(number, host)));
    }

    fn lose(&mut self, number: u8) {
        self.reached.by_finding.remove(&device(number));
    }

    fn known(&self) -> usize {
        self.candidates.found.values().map(|found| found.addresses.len()).sum()
    }
}

#[test]
fn what_is_announced_is_tried_once_at_a_time_and_kept_when_it_answers() {
    let mut desk = Desk::new();
    desk.hear(1, &[1]);
    assert_eq!(desk.tries(), [spot(1, 1)]);
    desk.hear(1, &[1]);
    assert_eq!(desk.after(100).tries(), [], "it is being tried");
    assert!(desk.meet(spot(1, 1)));
    assert_eq!(desk.after(100).tries(), [], "there is a link");
}

#[test]
fn our_own_announcement_is_not_tried() {
    let mut desk = Desk::new();
    desk.hear(OWN, &[1]);
    assert_eq!((desk.tries(), desk.known()), (vec![], 0));
}

#[test]
fn what_fails_is_tried_again_with_growing_pauses() {
    let mut desk = Desk::new();
    desk.hear(1, &[1]);
    for pause in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
        assert_eq!(desk.fail_all(), 1);
        desk.hear(1, &[1]);
        assert_eq!(desk.after(pause - 1).tries(), [], "announcing it again changes nothing");
        desk.after(1);
    }
}

#[test]
fn what_is_announced_no_more_has_its_one_try_and_is_dropped() {
    let mut desk = Desk::new();
    desk.hear(1, &[1]);
    desk.candidates.gone(&device(1));
    assert_eq!(desk.fail_all(), 1);
    assert_eq!((desk.after(100).tries(), desk.known()), (vec![], 0));
    desk.hear(1, &[1, 2]);
    desk.hear(1, &[2]);
    assert_eq!(desk.fail_all(), 1);
    assert_eq!(desk.fail_all(), 1, "the other one, at once");
    desk.turn();
    assert_eq!(desk.known(), 1, "that which is still announced");
}

#[test]
fn a_device_at_several_addresses_has_one_link() {
    let mut desk = Desk::new();
    desk.hear(1, &[1, 2, 3]);
    assert_eq!(desk.tries(), [spot(1, 1)], "one after the other");
    desk.fail(spot(1, 1));
    assert_eq!(desk.tries(), [spot(1, 2)]);
    assert!(desk.meet(spot(1, 2)));
    assert_eq!(desk.after(1_000).tries(), []);
}

#[test]
fn another_address_takes_over_when_the_first_one_is_lost() {
    let mut desk = Desk::new();
    desk.link(1, 1);
    desk.hear(1, &[2]);
    assert_eq!(desk.tries(), [], "as long as the link works");
    desk.lose(1);
    assert_eq!(desk.tries(), [spot(1, 2)]);
    assert!(desk.meet(spot(1, 2)), "the link over it replaces the other");
    desk.lose(1);
    assert_eq!(desk.after(1).tries(), [spot(1, 1)], "which is a candidate again");
}

#[test]
fn a_device_of_the_settings_is_not_linked_twice() {
    let mut desk = Desk::new();
    desk.hear(1, &[1]);
    assert_eq!(desk.tries(), [spot(1, 1)]);
    desk.reached.by_settings.insert(device(1));
    assert!(!desk.meet(spot(1, 1)), "the settings' link was faster");
    assert_eq!(desk.after(1_000).tries(), []);
    desk.reached.by_settings.clear();
    assert_eq!(desk.tries(), [spot(1, 1)], "it is down");
    assert!(desk.meet(spot(1, 1)));
    desk.reached.by_settings.insert(device(1));
    assert_eq!(desk.turn(), Turn { tries: vec![], ends: vec![device(1)] }, "it is up again");
    desk.lose(1);
    assert_eq!(desk.turn(), Turn::default(), "ended once");
}

#[test]
fn a_goodbye_ends_no_link_and_forgets_no_device_that_was_reached() {
    let mut desk = Desk::new();
    desk.link(1, 1);
    desk.candidates.gone(&device(1));
    desk.candidates.all_gone();
    assert_eq!(desk.after(10_000).turn(), Turn::default());
    desk.lose(1);
    assert_eq!(desk.after(KEPT.as_secs()).turn(), Turn::default(), "a battery is changed meanwhile");
    assert_eq!(desk.after(1).turn().ends, [device(1)]);
    assert_eq!(desk.known(), 0);
}

#[test]
fn a_flood_holds_neither_more_places_nor_more_sockets_than_there_are() {
    let mut desk = Desk::new();
    for round in 0..50 {
        for number in 0..OWN {
            desk.hear(number, &[1, 2, 3, 4, 5, 6]);
        }
        assert!(desk.known() <= MAX_FOUND * MAX_ADDRESSES, "round {round}");
        assert!(desk.tries().len() <= MAX_TRIES, "round {round}");
        desk.after(1);
    }
    assert_eq!(desk.known(), MAX_FOUND * MAX_ADDRESSES);
}

#[test]
fn a_flood_pushes_out_nobody_who_was_reached() {
    let mut desk = Desk::new();
    (1..=3).for_each(|number| desk.link(number, number));
    desk.hear(4, &[4]);
    desk.reached.by_settings.insert(device(4));
    desk.turn();
    desk.reached = Reached::default(); // the network is gone for a minute, while everybody shouts
    for number in (0..60).flat_map(|_| 100..OWN) {
        desk.hear(number, &[9]);
        desk.fail_all();
    }
    desk.after(60).turn();
    assert!((1..=4).all(|number| desk.candidates.found.contains_key(&device(number))));
    (1..=4).for_each(|number| assert!(desk.candidates.found[&device(number)].reached.is_some(), "{number}"));
}

#[test]
fn who_comes_during_a_flood_takes_the_place_of_one_that_failed_and_is_tried() {
    let mut desk = Desk::new();
    (100..100 + MAX_FOUND as u8).for_each(|number| desk.hear(number, &[9]));
    desk.hear(1, &[1]);
    assert!(!desk.candidates.found.contains_key(&device(1)), "every other one is owed a try");
    assert_eq!(desk.fail_all(), MAX_TRIES);
    desk.hear(1, &[1]);
    (200..OWN).for_each(|number| desk.hear(number, &[9]));
    assert!(desk.candidates.found.contains_key(&device(1)), "and so is this one");
    while desk.known() > 0 {
        let tries = desk.tries();
        if tries.contains(&spot(1, 1)) {
            return assert!(desk.meet(spot(1, 1)));
        }
        assert!(!tries.is_empty(), "it is tried before anything is tried twice");
        tries.iter().for_each(|spot| desk.fail(*spot));
    }
}

#[test]
fn a_device_of_the_roster_comes_before_strangers_at_once() {
    let mut desk = Desk::new();
    (100..100 + MAX_FOUND as u8).for_each(|number| desk.hear(number, &[9]));
    desk.hear_of(Standing::Listed, 1, &[1]);
    (200..OWN).for_each(|number| desk.hear(number, &[9]));
    let tries = desk.tries();
    assert_eq!((tries[0], tries.len()), (spot(1, 1), MAX_TRIES));
    (2..2 + MAX_FOUND as u8).for_each(|number| desk.hear_of(Standing::Listed, number, &[1]));
    let has = |number| desk.candidates.found.contains_key(&device(number));
    assert!(tries.iter().all(|spot| desk.candidates.found.contains_key(&spot.device)), "who is tried stays");
    assert_eq!((1..2 + MAX_FOUND as u8).filter(|number| has(*number)).count(), MAX_FOUND - (MAX_TRIES - 1));
    assert!(!has(2 + MAX_FOUND as u8 - 1), "among themselves they take nobody's place");
}

#[test]
fn addresses_made_up_for_a_device_take_the_place_of_failed_ones_only() {
    let mut desk = Desk::new();
    desk.hear(1, &[11, 12, 13, 14]);
    desk.hear(1, &[1, 11, 12, 13, 14]);
    assert_eq!(desk.known(), MAX_ADDRESSES, "there is no place");
    assert_eq!(desk.fail_all(), 1);
    desk.hear(1, &[1, 12, 13, 14]);
    let mut tried = Vec::new();
    for _ in 0..MAX_ADDRESSES {
        tried.extend(desk.tries());
        desk.fail(*tried.last().expect("one each"));
    }
    assert!(tried.contains(&spot(1, 1)), "{tried:?}");
    desk.after(60);
    desk.hear(1, &[1]);
    while !desk.tries().contains(&spot(1, 1)) {
        desk.after(60);
    }
    assert!(desk.meet(spot(1, 1)));
    (0..100).for_each(|host| desk.hear(1, &[100 + host]));
    assert!(desk.candidates.found[&device(1)].has(State::Linked), "and a link holds its place");
}

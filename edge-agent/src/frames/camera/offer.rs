//! Which of a camera's formats is used.
//!
//! Keeps true: a camera that offers anything understood gets something; a size that was asked for is kept or refused.
//! Among formats that are quick enough the one nearest to [`WANTED`] counts, then the one that costs least. It knows
//! no device.

use super::super::layout::Layout;

/// The size that the eye looks at: more costs transfer and is made smaller, less loses small codes.
const WANTED: (u32, u32) = (1280, 720);
/// Fewer pictures a second are slow to the hand: many cameras offer large raw pictures at five or ten.
const QUICK_FPS: f32 = 14.5;
/// More than this brings nothing: the eye reads each once, and exposure gets shorter.
const MOST_FPS: f32 = 30.5;

/// One format of a camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offer {
    /// How its pictures lie in memory.
    pub layout: Layout,
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Pictures a second.
    pub fps: f32,
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = String::from_utf8_lossy(self.layout.fourcc());
        write!(f, "{name} {}x{} at {:.0}/s", self.width, self.height, self.fps)
    }
}

/// The best of what is offered, at this size if one is asked for.
pub fn choose(offers: &[Offer], size: Option<(u32, u32)>) -> Option<Offer> {
    let fits = |offer: &&Offer| size.is_none_or(|size| size == (offer.width, offer.height));
    offers
        .iter()
        .filter(fits)
        .min_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal))
        .copied()
}

/// Less is better: quick enough at all, near the wanted size, then frames a second up to the most, then the cost.
fn rank(offer: &Offer) -> (bool, f32, f32, bool, Layout) {
    let slow = offer.fps < QUICK_FPS;
    let area = |(w, h): (u32, u32)| (w as f32 * h as f32).max(1.0);
    let distance = (area((offer.width, offer.height)) / area(WANTED)).ln().abs();
    let useful = offer.fps.min(MOST_FPS);
    // Where nothing is quick, the quickest of all counts before its size.
    let lack = if slow { MOST_FPS - useful } else { 0.0 };
    (slow, lack, distance, useful < 24.0, offer.layout)
}

/// The offers as one line, the largest first.
pub fn listed(offers: &[Offer], others: &[String]) -> String {
    let mut sorted: Vec<&Offer> = offers.iter().collect();
    sorted.sort_by_key(|offer| std::cmp::Reverse((offer.width * offer.height, offer.fps as u32)));
    let known = sorted.iter().map(ToString::to_string);
    let all: Vec<String> = known.chain(others.iter().map(|other| format!("{other} (not understood)"))).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(text: &str) -> Vec<Offer> {
        let one = |line: &str| {
            let mut words = line.split(' ');
            let mut word = || words.next().expect("four words");
            let fourcc: [u8; 4] = word().as_bytes().try_into().expect("four characters");
            let mut number = || word().parse::<f32>().expect("a number");
            let (width, height, fps) = (number() as u32, number() as u32, number());
            Offer { layout: Layout::of(&fourcc).expect("a layout"), width, height, fps }
        };
        text.split(", ").filter(|line| !line.is_empty()).map(one).collect()
    }

    #[test]
    fn the_format_is_quick_then_near_the_wanted_size_then_cheap() {
        let check = |what: &str, size, expect: &str| {
            assert_eq!(choose(&offers(what), size), offers(expect).first().copied(), "{what}");
        };
        // A usual web camera: raw pictures of that size are too slow over USB 2.
        let usual = "YUYV 640 480 30, YUYV 1280 720 10, MJPG 1280 720 30, MJPG 1920 1080 30, MJPG 640 480 30";
        check(usual, None, "MJPG 1280 720 30");
        check(usual, Some((1920, 1080)), "MJPG 1920 1080 30");
        check(usual, Some((640, 480)), "YUYV 640 480 30");
        check(usual, Some((320, 240)), "");
        check("YUYV 640 480 30, YUYV 1280 720 10", None, "YUYV 640 480 30");
        check("YUYV 1280 720 30, NV12 1280 720 30, GREY 1280 720 30, MJPG 1280 720 30", None, "GREY 1280 720 30");
        check("YUYV 1280 720 15, MJPG 1280 720 30", None, "MJPG 1280 720 30");
        check("GREY 1280 800 120", None, "GREY 1280 800 120");
        check("MJPG 3840 2160 30, MJPG 320 240 30", None, "MJPG 3840 2160 30");
        check("YUYV 2592 1944 2, YUYV 640 480 7.5", None, "YUYV 640 480 7.5");
        check("YUYV 1280 720 29.97, YUYV 640 360 60", None, "YUYV 1280 720 29.97");
        check("", None, "");
    }

    #[test]
    fn what_a_camera_offers_is_told_in_a_line() {
        let offers = offers("YUYV 640 480 30, MJPG 1280 720 29.97");
        let others = ["BA81".to_owned()];
        assert_eq!(listed(&offers, &others), "MJPG 1280x720 at 30/s, YUYV 640x480 at 30/s, BA81 (not understood)");
        assert_eq!(listed(&[], &[]), "nothing");
    }
}

//! Where the last code of a stream was: looked at first, as large as it came.
//!
//! Keeps true: the place is looked at alone only while a code is read there, and even then every [`WHOLE_EVERY`]th
//! frame is looked at as a whole, so that a code that comes beside it is seen within a tenth of a second; a place where
//! nothing is read any more is forgotten. It knows frames and corners, no decoder.

use super::grey::{Grey, crop};

/// One frame in so many is looked at as a whole.
const WHOLE_EVERY: u32 = 3;
/// How much is looked at to each side of where the code was, as a share of its longer side: a hand moves a code by less
/// between two frames.
const MARGIN: f32 = 0.6;
/// Frames without a code after which the place is forgotten: half a second.
const FORGET_AFTER: u32 = 15;
/// A code that fills more of the frame's long side is found as quickly in the whole of it.
const LARGE: f32 = 0.5;

/// A place in the frames of a stream.
#[derive(Debug, Default)]
pub struct Spot {
    corners: Option<[(f32, f32); 4]>,
    since_whole: u32,
    missed: u32,
}

/// A part of a frame, and where it begins.
pub struct Part {
    /// Its pixels.
    pub grey: Grey,
    /// Its left edge in the frame.
    pub left: u32,
    /// Its upper edge.
    pub top: u32,
}

impl Spot {
    /// The part of the frame to be looked at alone, if there is one.
    pub fn part(&mut self, grey: &Grey) -> Option<Part> {
        let corners = self.corners?;
        self.since_whole += 1;
        if self.missed > 0 || self.since_whole >= WHOLE_EVERY {
            return None;
        }
        let bound = |side: fn(&(f32, f32)) -> f32| {
            let values = corners.iter().map(side);
            values.fold((f32::MAX, f32::MIN), |(least, most), v| (least.min(v), most.max(v)))
        };
        let ((left, right), (top, bottom)) = (bound(|c| c.0), bound(|c| c.1));
        let long = (right - left).max(bottom - top);
        if long > LARGE * grey.long_side() as f32 {
            return None;
        }
        let edge = |at: f32| at.max(0.0) as u32;
        let (left, top) = (edge(left - MARGIN * long), edge(top - MARGIN * long));
        let part = crop(grey, left, top, edge(right + MARGIN * long), edge(bottom + MARGIN * long))?;
        Some(Part { grey: part, left, top })
    }

    /// What was read of a frame: a code, where it was the only one.
    pub fn note(&mut self, only: Option<[(f32, f32); 4]>, whole: bool) {
        if whole {
            self.since_whole = 0;
        }
        match only {
            Some(corners) => (self.corners, self.missed) = (Some(corners), 0),
            None => {
                self.missed += 1;
                self.corners = self.corners.filter(|_| self.missed <= FORGET_AFTER);
            }
        }
    }
}

impl Part {
    /// A place of it in the frame.
    pub fn place(&self, (x, y): (f32, f32)) -> (f32, f32) {
        (x + self.left as f32, y + self.top as f32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: [(f32, f32); 4] = [(600.0, 300.0), (700.0, 300.0), (700.0, 400.0), (600.0, 400.0)];

    fn frame() -> Grey {
        Grey { width: 1280, height: 720, luma: vec![0; 1280 * 720] }
    }

    #[test]
    fn the_place_is_looked_at_with_room_about_it_and_every_third_frame_as_a_whole() {
        let (mut spot, frame) = (Spot::default(), frame());
        assert!(spot.part(&frame).is_none(), "nothing was read yet");
        spot.note(Some(CODE), true);
        let mut alone = Vec::new();
        for _ in 0..6 {
            let part = spot.part(&frame);
            alone.push(part.as_ref().map(|p| (p.left, p.top, p.grey.width, p.grey.height)));
            spot.note(Some(CODE), part.is_none());
        }
        let room = Some((540, 240, 220, 220));
        assert_eq!(alone, [room, room, None, room, room, None]);
    }

    #[test]
    fn a_place_where_nothing_is_read_is_not_looked_at_alone_and_forgotten_in_the_end() {
        let (mut spot, frame) = (Spot::default(), frame());
        spot.note(Some(CODE), true);
        for _ in 0..=FORGET_AFTER {
            assert!(spot.corners.is_some());
            spot.note(None, true);
            assert!(spot.part(&frame).is_none());
        }
        assert!(spot.corners.is_none());
    }

    #[test]
    fn a_place_at_the_edge_is_cut_and_a_large_one_is_the_whole() {
        let check = |corners: [(f32, f32); 4], expect: Option<(u32, u32)>| {
            let (mut spot, frame) = (Spot::default(), frame());
            spot.note(Some(corners), true);
            assert_eq!(spot.part(&frame).map(|p| (p.grey.width, p.grey.height)), expect, "{corners:?}");
        };
        check(CODE.map(|(x, y)| (x - 600.0, y - 300.0)), Some((160, 160)));
        check(CODE.map(|(x, y)| (x - 650.0, y + 350.0)), Some((110, 130)));
        check(CODE.map(|(x, y)| (x * 10.0, y)), None);
        check([(f32::NAN, 0.0); 4], None);
    }
}

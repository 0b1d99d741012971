//! The steps of the eye, in order: which voice looks at which version of the picture.
//!
//! Keeps true: steps that read most for least come first (the order was found by measuring every
//! step on photographs and door frames); each version of the picture is made once and only when
//! a step needs it. The table says what is tried, the eye decides how far to go.

use std::sync::Arc;

use rxing::common::BitMatrix;

use super::grey::{self, Grey};
use super::threshold;

/// A version of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// As it came (at most `LONG_SIDE` pixels long).
    Full,
    /// Half the size: mends monitors, moire, noise, and is cheap.
    Half,
    /// Edges steepened: mends defocus.
    Sharp,
    /// The half size with its edges steepened: mends blur and noise together.
    HalfSharp,
    /// Strongly steepened.
    Harsh,
    /// Local contrast made even: mends shade, glare and dim light.
    Levelled,
    /// Three by three means: mends noise at full size.
    Smooth,
    /// Twice the size with steepened edges: for small codes.
    DoubleSharp,
    /// Twice the size.
    Double,
}

/// All of them, in the order of the enum.
pub const TOUCHES: [Touch; 9] = [
    Touch::Full,
    Touch::Half,
    Touch::Sharp,
    Touch::HalfSharp,
    Touch::Harsh,
    Touch::Levelled,
    Touch::Smooth,
    Touch::DoubleSharp,
    Touch::Double,
];

impl Touch {
    /// Nanoseconds a pixel of the whole picture to make it, before the eye has measured its own machine.
    pub fn ns_per_px(self) -> f32 {
        match self {
            Self::Full => 0.0,
            Self::Half => 0.2,
            Self::HalfSharp => 0.5,
            Self::Smooth => 0.8,
            Self::Sharp | Self::Harsh => 2.1,
            Self::Levelled => 3.8,
            Self::Double => 6.4,
            Self::DoubleSharp => 16.0,
        }
    }
}

/// Whether light and dark are exchanged (dark-mode phones).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Dark modules on light.
    AsIs,
    /// Light modules on dark.
    Inverted,
}

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// rxing's finder.
    Finder,
    /// The grid that follows bent surfaces.
    Elastic,
    /// quircs.
    Quircs,
    /// rqrr, the late one.
    Rqrr,
}

/// How freely a step is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// On every frame, also to look for further codes.
    Quick,
    /// Only while nothing is read.
    Slow,
}

/// One step.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its name in results and counts.
    pub name: &'static str,
    /// The version of the picture.
    pub touch: Touch,
    /// Its polarity.
    pub look: Look,
    /// Who looks at it.
    pub voice: Voice,
    /// How freely it is taken.
    pub pace: Pace,
    /// Nanoseconds a pixel of the whole picture, without making its version, before the eye has measured its own
    /// machine: as on one x86 core, so that a first slow frame is not judged by nothing.
    pub ns_per_px: f32,
}

/// The steps in order.
pub const CASCADE: [Step; 20] = [
    quick("half", Touch::Half, Look::AsIs, 1.0),
    quick("half-inverted", Touch::Half, Look::Inverted, 0.2),
    quick("full", Touch::Full, Look::AsIs, 2.4),
    quick("full-inverted", Touch::Full, Look::Inverted, 0.2),
    slow("bent", Touch::Full, Look::AsIs, Voice::Elastic, 7.8),
    slow("bent-inverted", Touch::Full, Look::Inverted, Voice::Elastic, 0.5),
    slow("quircs", Touch::Full, Look::AsIs, Voice::Quircs, 4.2),
    slow("sharp", Touch::Sharp, Look::AsIs, Voice::Finder, 2.9),
    slow("bent-sharp", Touch::Sharp, Look::AsIs, Voice::Elastic, 3.4),
    slow("sharp-inverted", Touch::Sharp, Look::Inverted, Voice::Finder, 0.5),
    slow("half-sharp", Touch::HalfSharp, Look::AsIs, Voice::Finder, 1.1),
    slow("bent-half", Touch::HalfSharp, Look::AsIs, Voice::Elastic, 5.0),
    slow("levelled-quircs", Touch::Levelled, Look::AsIs, Voice::Quircs, 5.0),
    slow("bent-levelled", Touch::Levelled, Look::AsIs, Voice::Elastic, 6.6),
    slow("harsh-inverted", Touch::Harsh, Look::Inverted, Voice::Finder, 2.9),
    slow("smooth", Touch::Smooth, Look::AsIs, Voice::Finder, 2.6),
    slow("double-sharp", Touch::DoubleSharp, Look::AsIs, Voice::Finder, 8.5),
    slow("bent-double", Touch::DoubleSharp, Look::AsIs, Voice::Elastic, 5.0),
    slow("double-quircs", Touch::Double, Look::AsIs, Voice::Quircs, 11.5),
    slow("rqrr", Touch::Full, Look::AsIs, Voice::Rqrr, 16.0),
];

const fn quick(name: &'static str, touch: Touch, look: Look, ns_per_px: f32) -> Step {
    Step { name, touch, look, voice: Voice::Finder, pace: Pace::Quick, ns_per_px }
}

const fn slow(name: &'static str, touch: Touch, look: Look, voice: Voice, ns_per_px: f32) -> Step {
    Step { name, touch, look, voice, pace: Pace::Slow, ns_per_px }
}

/// The versions of one frame, made on demand.
pub struct Desk {
    full: Arc<Grey>,
    made: Vec<(Touch, Arc<Grey>)>,
    bits: Option<(Touch, Look, Arc<BitMatrix>)>,
}

impl Desk {
    /// A desk with one frame on it.
    pub fn new(full: Grey) -> Desk {
        Desk { full: Arc::new(full), made: Vec::new(), bits: None }
    }

    /// The frame as it came.
    pub fn full(&self) -> &Grey {
        &self.full
    }

    /// Whether a version is made already.
    pub fn has(&self, touch: Touch) -> bool {
        touch == Touch::Full || self.made.iter().any(|(made, _)| *made == touch)
    }

    /// The version a step asks for.
    pub fn grey(&mut self, touch: Touch) -> Arc<Grey> {
        if let Some((_, made)) = self.made.iter().find(|(t, _)| *t == touch) {
            return Arc::clone(made);
        }
        let made = self.make(touch);
        self.made.push((touch, Arc::clone(&made)));
        made
    }

    fn make(&mut self, touch: Touch) -> Arc<Grey> {
        let full = Arc::clone(&self.full);
        let made = match touch {
            Touch::Full => return full,
            Touch::Half => grey::half(&full),
            Touch::Sharp => grey::unsharp(&full, 3, 8),
            Touch::HalfSharp => grey::unsharp(&self.grey(Touch::Half), 1, 8),
            Touch::Harsh => grey::unsharp(&full, 3, 16),
            Touch::Levelled => grey::levelled(&full, LEVEL_RADIUS),
            Touch::Smooth => grey::box_mean(&full, 1),
            Touch::Double => grey::double(&full),
            Touch::DoubleSharp => grey::unsharp(&self.grey(Touch::Double), 3, 12),
        };
        Arc::new(made)
    }

    /// The version in black and white; the other polarity of the one before costs next to nothing.
    pub fn bits(&mut self, touch: Touch, look: Look) -> Option<Arc<BitMatrix>> {
        let same = self.bits.take().filter(|(t, _, _)| *t == touch);
        let (had, mut bits) = match same {
            Some((_, had, bits)) => (had, bits),
            None => (Look::AsIs, Arc::new(threshold::bits_of(&self.grey(touch))?)),
        };
        if had != look {
            Arc::make_mut(&mut bits).flip_self();
        }
        self.bits = Some((touch, look, Arc::clone(&bits)));
        Some(bits)
    }
}

/// Half the side of the square over which contrast is made even: wide enough to hold several
/// modules of a code of 400 px, narrow enough for a glare spot.
const LEVEL_RADIUS: usize = 24;

/// What to multiply a version's coordinates by to get the frame's.
pub fn scale_of(touch: Touch) -> f32 {
    match touch {
        Touch::Half | Touch::HalfSharp => 2.0,
        Touch::Double | Touch::DoubleSharp => 0.5,
        Touch::Full | Touch::Sharp | Touch::Harsh | Touch::Levelled | Touch::Smooth => 1.0,
    }
}

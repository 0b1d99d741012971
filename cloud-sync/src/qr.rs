//! Drawing codes: the smallest version, then the highest level that fits it.
//!
//! The version decides how far away a code can be read, far more than the level
//! does. Codes are upper-case base32, so the alphanumeric mode fits them.

use crate::fault::Fault;
use fast_qr::convert::Builder;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::{ECL, Mode, QRBuilder, QRCode};
use image::{ExtendedColorType, ImageEncoder};

/// Light modules around a code; the standard asks for four.
const QUIET: usize = 4;
/// Pixels of a module in a PNG: a version 5 code is some 450 pixels wide.
const MODULE_PX: usize = 10;
/// Levels from the strongest to the weakest.
const LEVELS: [ECL; 4] = [ECL::H, ECL::Q, ECL::M, ECL::L];

fn draw(text: &str) -> Result<QRCode, Fault> {
    let failed = |e: fast_qr::qr::QRCodeError| Fault::internal(&e);
    let build = |level| QRBuilder::new(text).mode(Mode::Alphanumeric).ecl(level).build();
    let smallest = build(ECL::L).map_err(failed)?;
    let same_size = LEVELS.into_iter().filter_map(|level| build(level).ok()).find(|qr| qr.size == smallest.size);
    Ok(same_size.unwrap_or(smallest))
}

/// A code as SVG.
pub fn svg(text: &str) -> Result<String, Fault> {
    Ok(SvgBuilder::default().margin(QUIET).to_str(&draw(text)?))
}

/// A code as PNG.
pub fn png(text: &str) -> Result<Vec<u8>, Fault> {
    let qr = draw(text)?;
    let side = (qr.size + 2 * QUIET) * MODULE_PX;
    let dark = |x: usize, y: usize| {
        let module = |pixel: usize| (pixel / MODULE_PX).checked_sub(QUIET).filter(|m| *m < qr.size);
        module(x).zip(module(y)).is_some_and(|(x, y)| qr[y][x].value()) // both lie within the code
    };
    let pixels: Vec<u8> =
        (0..side * side).map(|place| if dark(place % side, place / side) { 0 } else { 255 }).collect();
    let mut out = Vec::new();
    image::codecs::png::PngEncoder::new(&mut out)
        .write_image(&pixels, side as u32, side as u32, ExtendedColorType::L8) // a few hundred pixels
        .map_err(|e| Fault::internal(&e))?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_ticket_is_version_five_at_level_m_and_the_longest_at_level_l() {
        let (bare, full) = (draw(&"A".repeat(122)).unwrap(), draw(&"A".repeat(154)).unwrap());
        assert_eq!((bare.size, full.size), (37, 37));
        assert!(matches!((bare.ecl, full.ecl), (Some(ECL::M), Some(ECL::L))));
    }

    #[test]
    fn a_picture_has_its_quiet_zone() {
        let png = png(&"A".repeat(122)).unwrap();
        let picture = image::load_from_memory(&png).unwrap().to_luma8();
        assert_eq!(picture.width() as usize, (37 + 8) * MODULE_PX);
        assert_eq!((picture.get_pixel(39, 39).0, picture.get_pixel(40, 40).0), ([255], [0]));
        assert!(svg("ABC").unwrap().starts_with("<svg"));
    }
}

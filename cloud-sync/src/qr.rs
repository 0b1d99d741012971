//! Drawing codes: the smallest version, then the highest level that fits it.
//!
//! The version decides how far away a code can be read, far more than the level
//! does. Codes are upper-case base32, so the alphanumeric mode fits them. The short
//! code stands beneath, outside of the quiet zone, drawn from our own dots.

mod glyphs;

use crate::fault::Fault;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use fast_qr::{ECL, Mode, QRBuilder, QRCode};
use image::{ExtendedColorType, ImageEncoder};
use std::fmt::Write;
use tidegate_core::ticket::spoken::Spoken;

/// Light modules around a code; the standard asks for four.
const QUIET: usize = 4;
/// Pixels of a module in a PNG: a version 5 code is some 450 pixels wide.
const MODULE_PX: usize = 10;
/// Pixels of a dot of the short code: nine characters are nearly as wide as a code of version 5,
/// and five millimetres high where that is printed four centimetres wide.
const DOT_PX: usize = 8;
/// Light pixels under the short code.
const BELOW_PX: usize = 2 * MODULE_PX;
const LIGHT: u8 = 255;
const DARK: u8 = 0;
/// Levels from the strongest to the weakest.
const LEVELS: [ECL; 4] = [ECL::H, ECL::Q, ECL::M, ECL::L];

fn draw(text: &str) -> Result<QRCode, Fault> {
    let failed = |e: fast_qr::qr::QRCodeError| Fault::internal(&e);
    let build = |level| QRBuilder::new(text).mode(Mode::Alphanumeric).ecl(level).build();
    let smallest = build(ECL::L).map_err(failed)?;
    let same_size = LEVELS.into_iter().filter_map(|level| build(level).ok()).find(|qr| qr.size == smallest.size);
    Ok(same_size.unwrap_or(smallest))
}

/// A code as a PNG that no cache keeps, with the short code beneath it.
pub fn png_answer(text: &str, under: Option<Spoken>) -> Result<Response, Fault> {
    let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, png(text, under)?).into_response())
}

/// A code as an SVG that no cache keeps, with the short code beneath it.
pub fn svg_answer(text: &str, under: Option<Spoken>) -> Result<Response, Fault> {
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, svg(text, under)?).into_response())
}

/// What is dark: rectangles in pixels, and the size of the whole.
struct Picture {
    width: usize,
    height: usize,
    dark: Vec<Rect>,
}

struct Rect {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// The code with its quiet zone, and beneath that the short code in two groups of four.
fn picture(text: &str, under: Option<Spoken>) -> Result<Picture, Fault> {
    let qr = draw(text)?;
    let side = (qr.size + 2 * QUIET) * MODULE_PX;
    let mut picture = Picture { width: side, height: side, dark: Vec::new() };
    for (x, y) in (0..qr.size).flat_map(|y| (0..qr.size).map(move |x| (x, y))) {
        if qr[y][x].value() {
            let (x, y) = ((x + QUIET) * MODULE_PX, (y + QUIET) * MODULE_PX);
            picture.dark.push(Rect { x, y, width: MODULE_PX, height: MODULE_PX });
        }
    }
    if let Some(spoken) = under {
        picture.write(&spoken.to_string());
    }
    Ok(picture)
}

impl Picture {
    /// Writes characters in the middle below everything.
    fn write(&mut self, text: &str) {
        let columns = text.chars().count() * (glyphs::SIZE.0 + 1) - 1; // a short code has nine characters
        let dot = (self.width / columns).clamp(1, DOT_PX);
        let (left, top) = ((self.width - columns * dot) / 2, self.height);
        for (place, character) in text.chars().enumerate() {
            for at in (0..glyphs::SIZE.1).flat_map(|y| (0..glyphs::SIZE.0).map(move |x| (x, y))) {
                if glyphs::dark(character, at) {
                    let column = place * (glyphs::SIZE.0 + 1) + at.0;
                    let (x, y) = (left + column * dot, top + at.1 * dot);
                    self.dark.push(Rect { x, y, width: dot, height: dot });
                }
            }
        }
        self.height += glyphs::SIZE.1 * dot + BELOW_PX;
    }
}

/// A code as SVG, with the short code beneath it.
pub fn svg(text: &str, under: Option<Spoken>) -> Result<String, Fault> {
    let Picture { width, height, dark } = picture(text, under)?;
    let mut path = String::new();
    for Rect { x, y, width, height } in dark {
        let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z"); // to a string: cannot fail
    }
    Ok(format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" shape-rendering="crispEdges"><rect width="{width}" height="{height}" fill="#fff"/><path fill="#000" d="{path}"/></svg>"##
    ))
}

/// A code as PNG, with the short code beneath it.
pub fn png(text: &str, under: Option<Spoken>) -> Result<Vec<u8>, Fault> {
    let Picture { width, height, dark } = picture(text, under)?;
    let mut pixels = vec![LIGHT; width * height];
    for rect in dark {
        for y in rect.y..rect.y + rect.height {
            let row = y * width + rect.x;
            pixels[row..row + rect.width].fill(DARK); // rectangles lie inside the picture
        }
    }
    let mut out = Vec::new();
    image::codecs::png::PngEncoder::new(&mut out)
        .write_image(&pixels, width as u32, height as u32, ExtendedColorType::L8) // a few hundred pixels
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

    /// A picture as dark and light.
    fn drawn(under: Option<Spoken>) -> image::GrayImage {
        image::load_from_memory(&png(&"A".repeat(122), under).unwrap()).unwrap().to_luma8()
    }

    #[test]
    fn a_picture_has_its_quiet_zone() {
        let (bare, side) = (drawn(None), ((37 + 8) * MODULE_PX) as u32);
        assert_eq!((bare.width(), bare.height()), (side, side));
        assert_eq!((bare.get_pixel(39, 39).0, bare.get_pixel(40, 40).0), ([255], [0]));
        // Four light modules below the code too, with a short code beneath.
        let with = drawn(Spoken::read("K7Q2-M1XX"));
        let quiet = side - (QUIET * MODULE_PX) as u32..side;
        assert!(quiet.clone().all(|y| (0..side).all(|x| with.get_pixel(x, y).0 == [255])));
        assert!((0..side).any(|x| with.get_pixel(x, side).0 == [0]));
        assert!((0..side).all(|x| with.get_pixel(x, with.height() - 1).0 == [255]));
    }

    #[test]
    fn both_pictures_are_dark_in_the_same_places() {
        let spoken = Spoken::read("0123-WXYZ");
        let (png, svg) = (drawn(spoken), svg(&"A".repeat(122), spoken).unwrap());
        let path = svg.split(r#"d=""#).nth(1).unwrap().split('"').next().unwrap();
        let mut again = image::GrayImage::from_pixel(png.width(), png.height(), image::Luma([LIGHT]));
        for rect in path.split('M').skip(1) {
            let numbers: Vec<u32> =
                rect.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
            let [x, y, width, height, _] = numbers[..] else { panic!("{rect}") };
            let inside = (y..y + height).flat_map(|y| (x..x + width).map(move |x| (x, y)));
            inside.for_each(|(x, y)| again.put_pixel(x, y, image::Luma([DARK])));
        }
        assert!(again == png);
        assert!(svg.contains(&format!(r#"viewBox="0 0 {} {}""#, png.width(), png.height())));
    }
}

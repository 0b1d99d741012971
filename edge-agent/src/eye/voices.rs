//! The other voices: quircs, which reads low light and low contrast, and rqrr, the late one.
//!
//! Keeps true: only text that is surely what the code says is returned (valid UTF-8, not
//! empty); quircs leaves the character set to its caller, so anything else is dropped rather than
//! guessed. Neither bounds its own time (rqrr can panic and run for minutes), so both are asked aside.

use super::finder::Found;
use super::grey::Grey;

/// All codes quircs reads.
pub fn quircs(grey: &Grey) -> Vec<Found> {
    let mut quirc = quircs::Quirc::default();
    let codes = quirc.identify(grey.width as usize, grey.height as usize, &grey.luma);
    codes.flatten().filter_map(|code| found_by_quircs(&code)).collect()
}

fn found_by_quircs(code: &quircs::Code) -> Option<Found> {
    let read = code.decode().ok()?;
    // Codes in another character set than UTF-8 or ASCII come without a conversion.
    let plain = matches!(read.eci, None | Some(quircs::Eci::Utf8));
    let kanji = read.data_type == Some(quircs::DataType::Kanji);
    let text = String::from_utf8(read.payload).ok()?;
    let sure = plain && !kanji && !text.is_empty();
    sure.then(|| Found { text, corners: code.corners.map(|p| (p.x as f32, p.y as f32)) })
}

/// All codes rqrr reads.
pub fn rqrr(grey: &Grey) -> Vec<Found> {
    let (w, h) = (grey.width as usize, grey.height as usize);
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(w, h, |x, y| grey.luma[y * w + x]);
    let grids = prepared.detect_grids();
    let read = grids.into_iter().filter_map(|grid| Some((grid.bounds, grid.decode().ok()?.1)));
    let whole = read.filter(|(_, text)| !text.is_empty());
    whole.map(|(bounds, text)| Found { text, corners: bounds.map(|p| (p.x as f32, p.y as f32)) }).collect()
}

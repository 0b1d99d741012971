//! The picture of the arrivals, read back: its bars by their time, name, count and size.

use std::collections::BTreeMap;
use tidegate_core::time::Timestamp;

/// As far as two lengths of the picture may differ: they are written to a hundredth.
const ROUNDED: f64 = 0.03;

/// A part of a bar.
pub struct Part {
    pub from: i64,
    pub name: String,
    pub count: u64,
    x: f64,
    y: f64,
    height: f64,
}

/// The parts of all bars, each bar from its foot.
pub fn parts(picture: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for bar in picture.split("<g data-from").skip(1) {
        let bar = bar.split("</g>").next().unwrap();
        let from = Timestamp::parse(&attribute(bar, "")).unwrap().as_secs();
        let own: Vec<Part> = bar.split("<rect ").skip(1).map(|rect| part(from, rect)).collect();
        let title = bar.split("<title>").nth(1).unwrap().split(": ").nth(1).unwrap();
        let sum: u64 = own.iter().map(|part| part.count).sum();
        assert_eq!(title.split(' ').next(), Some(sum.to_string().as_str()), "{bar}");
        parts.extend(own);
    }
    parts
}

fn part(from: i64, rect: &str) -> Part {
    let length = |name: &str| attribute(rect, name).parse().unwrap();
    let (x, y, height) = (length("x"), length("y"), length("height"));
    Part {
        from,
        name: attribute(rect, "data-name"),
        count: attribute(rect, "data-count").parse().unwrap(),
        x,
        y,
        height,
    }
}

fn attribute(tag: &str, name: &str) -> String {
    let value = tag.split(&format!("{name}=\"")).nth(1).unwrap().split('"').next().unwrap();
    value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Names by size as the picture shows them: the seven largest, and what the others share; ties by name.
pub fn shown(sizes: BTreeMap<String, u64>) -> BTreeMap<String, String> {
    let others = if sizes.contains_key("others") { "(others)" } else { "others" };
    let mut sizes: Vec<(String, u64)> = sizes.into_iter().filter(|(_, size)| *size > 0).collect();
    sizes.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
    let own = if sizes.len() > 8 { 7 } else { 8 };
    let label = |(place, (name, _)): (usize, (String, u64))| {
        let label = if place < own { name.clone() } else { others.to_owned() };
        (name, label)
    };
    sizes.into_iter().enumerate().map(label).collect()
}

/// Bars stand where their times are, as high as their counts, one part on the other.
pub fn measure(parts: &[Part]) {
    let close = |one: f64, other: f64| (one - other).abs() < ROUNDED;
    let (first, last) = (&parts[0], &parts[parts.len() - 1]);
    let largest = parts.iter().max_by_key(|part| part.count).unwrap();
    let (per_second, per_entry) =
        ((last.x - first.x) / (last.from - first.from) as f64, largest.height / largest.count as f64);
    assert!(per_second > 0.0 && per_entry > 0.0);
    for (place, part) in parts.iter().enumerate() {
        let Part { from, name, count, .. } = part;
        assert!(close(part.height, per_entry * *count as f64), "{name} at {from}: {count}");
        assert!(close(part.x, first.x + per_second * (from - first.from) as f64), "{name} at {from}");
        let below = place.checked_sub(1).map(|below| &parts[below]).filter(|below| below.from == *from);
        let foot = below.map_or(first.y + first.height, |below| below.y);
        assert!(close(part.y + part.height, foot), "{name} at {from}");
    }
}

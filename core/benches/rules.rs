//! How many rules a second are decided, explained and read: `cargo bench -p tidegate-core --bench rules`.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use tidegate_core::catalogue::Event;
use tidegate_core::id::{EventId, ProductId};
use tidegate_core::rule::{Known, Rule, RuleFacts};
use tidegate_core::time::Timestamp;

/// A list's usual rule: some products, after doors with a tolerance, three entries a day.
const TYPICAL: &str = r#"{"and": [
    {"inList": [{"var": "product"}, {"objectList": [
        {"lookup": ["product", "3", "Weekend"]}, {"lookup": ["product", "5", "Saturday"]}]}]},
    {"isAfter": [{"var": "now"}, {"buildTime": ["date_admission"]}, 10]},
    {"<": [{"var": "entries_today"}, 3]}]}"#;

fn rules(criterion: &mut Criterion) {
    let doors = Timestamp::parse("2026-06-06T12:00:00+02:00").unwrap_or_default();
    let event = Event {
        id: EventId([1; 16]),
        name: "Night".to_owned(),
        timezone: "Europe/Berlin".to_owned(),
        starts_at: Some(doors.plus_secs(3600)),
        doors_at: Some(doors),
        ends_at: None,
        questions: Vec::new(),
        dates: Vec::new(),
    };
    let zone = event.zone();
    let entries = [doors.plus_secs(-86_400), doors.plus_secs(60)];
    let facts = |at, product| RuleFacts {
        zone: &zone,
        span: Known::Here(event.span()),
        product: ProductId(product),
        variation: Known::Here(None),
        gate: None,
        at: Known::Here(at),
        entries: &entries,
        present: Known::Here(false),
    };
    let Ok(rule) = Rule::parse(TYPICAL) else { return };
    let (good, early) = (facts(doors.plus_secs(7200), 5), facts(doors.plus_secs(-7200), 4));
    let mut group = criterion.benchmark_group("rules");
    group.throughput(Throughput::Elements(1));
    group.bench_function("evaluate", |b| b.iter(|| rule.evaluate(black_box(&good))));
    group.bench_function("explain", |b| b.iter(|| rule.reason(black_box(&early))));
    group.bench_function("read", |b| b.iter(|| Rule::parse(black_box(TYPICAL))));
    group.finish();
}

criterion_group!(benches, rules);
criterion_main!(benches);

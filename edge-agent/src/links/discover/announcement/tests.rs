//! What one agent announces, another takes, and what neither does.

use super::*;

fn ours() -> Announced {
    let link = "0.0.0.0:7421".parse().unwrap();
    Announced { device: DeviceId([7; 16]), event: tag(EventId([1; 16])), link }
}

/// What is taken of this, announced at these addresses (separated by commas) to devices of the event.
fn heard(announced: &Announced, ips: &str) -> Option<Said> {
    let base = service(announced).unwrap();
    let texts: Vec<(String, String)> =
        base.get_properties().iter().map(|text| (text.key().to_owned(), text.val_str().to_owned())).collect();
    let name = announced.device.to_string();
    let service = ServiceInfo::new(SERVICE, &name, base.get_hostname(), ips, base.get_port(), &texts[..]);
    found(&service.unwrap().as_resolved_service(), &ours().event)
}

#[test]
fn what_goes_out_is_an_id_a_port_a_version_and_a_tag() {
    let service = service(&ours()).unwrap();
    let seven = "07".repeat(16);
    assert_eq!(service.get_fullname(), format!("dev_{seven}.{SERVICE}"));
    assert_eq!((service.get_hostname(), service.get_port()), (&*format!("tidegate-{seven}.local."), 7421));
    let mut texts: Vec<String> = service.get_properties().iter().map(ToString::to_string).collect();
    texts.sort();
    assert_eq!(texts, [format!("e={}", ours().event), format!("v={VERSION}")]);
}

#[test]
fn the_tag_tells_events_apart_and_does_not_name_them() {
    assert_eq!(tag(EventId([1; 16])).len(), 2 * TAG_BYTES);
    assert_ne!(tag(EventId([1; 16])), tag(EventId([2; 16])));
    assert_ne!(tag(EventId([1; 16])), "01".repeat(TAG_BYTES));
}

#[test]
fn a_device_of_the_same_event_is_taken_and_nobody_else() {
    let check = |change: fn(&mut Announced), expect| {
        let mut announced = ours();
        change(&mut announced);
        assert_eq!(heard(&announced, "10.0.0.1").is_some(), expect, "{announced:?}");
    };
    check(|_| {}, true);
    check(|a| a.event = tag(EventId([2; 16])), false);
    check(|a| a.event.clear(), false);
    check(|a| a.link.set_port(0), false);
}

#[test]
fn a_link_is_announced_where_it_answers() {
    let check = |link: &str, ip: &str, expect| {
        assert_eq!(answers_at(link.parse().unwrap(), ip.parse().unwrap()), expect, "{link} {ip}");
    };
    check("0.0.0.0", "10.0.0.1", true);
    check("0.0.0.0", "127.0.0.1", false);
    check("0.0.0.0", "fd00::1", false);
    check("::", "10.0.0.1", true);
    check("::", "fd00::1", true);
    check("10.0.0.1", "10.0.0.1", true);
    check("10.0.0.1", "10.0.1.1", false);
    check("127.0.0.1", "127.0.0.1", true);
    check("127.0.0.1", "10.0.0.1", false);
}

#[test]
fn a_name_that_is_no_device_is_nobody() {
    let check = |name: &str, expect: Option<&str>| {
        assert_eq!(instance(&format!("{name}.{SERVICE}")).as_deref(), expect, "{name}");
    };
    let id = ours().device.to_string();
    check(&id, Some(&id));
    check(&format!("{id} (2)"), None);
    check(&id[..12], None);
    check("", None);
    assert_eq!(instance(&id), None);
}

#[test]
fn a_few_addresses_are_taken_and_none_that_cannot_be_meant() {
    let check = |ips: &str, expect: &[&str]| {
        let Some(Said::Found { at, .. }) = heard(&ours(), ips) else { panic!("{ips}") };
        let at: Vec<String> = at.iter().map(ToString::to_string).collect();
        assert_eq!(at, expect, "{ips}");
    };
    check("fd00::2,10.0.0.2", &["10.0.0.2:7421", "[fd00::2]:7421"]);
    check("127.0.0.1,::1,0.0.0.0,224.0.0.251,255.255.255.255,fe80::1,ff02::fb", &[]);
    let many: Vec<String> = (1..=9).map(|host| format!("10.0.0.{host}")).collect();
    check(&many.join(","), &["10.0.0.1:7421", "10.0.0.2:7421", "10.0.0.3:7421", "10.0.0.4:7421"]);
}

#[test]
fn what_is_said_is_understood() {
    let check = |said: Said, line: &str| {
        assert_eq!(serde_json::to_string(&said).unwrap(), line);
        assert_eq!(serde_json::from_str::<Said>(line).unwrap(), said);
    };
    let at = vec!["10.0.0.1:7421".parse().unwrap()];
    check(
        Said::Found { device: "dev_1".into(), at },
        r#"{"said":"found","device":"dev_1","at":["10.0.0.1:7421"]}"#,
    );
    check(Said::Gone { device: "dev_1".into() }, r#"{"said":"gone","device":"dev_1"}"#);
    check(Said::Announced { at: vec!["::1".parse().unwrap()] }, r#"{"said":"announced","at":["::1"]}"#);
    check(Said::Flooded, r#"{"said":"flooded"}"#);
}

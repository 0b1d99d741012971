//! The real program over real sockets: started on port 0, enrolled against and
//! exchanged with over mutual TLS, stopped by a signal, started again.

use crate::common::{Database, program};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use tidegate_core::feed::Cursor;
use tidegate_core::seal::PublicKey;
use tidegate_core::sync::{Request, Vector};
use tidegate_core::time::Timestamp;
use tidegate_core::trust::{Certificate, OneTimeCode};
use tidegate_link::client::{Client, LinkError, enrol};
use tidegate_link::tls::{Expect, Own};

/// A slow machine under load starts the program in a second or two.
const PATIENCE: Duration = Duration::from_secs(20);

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(data: &Path, database: &Database) -> (Running, String, String) {
    for file in ["listen.addr", "link.addr"] {
        let _ = std::fs::remove_file(data.join(file));
    }
    let child = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--link", "127.0.0.1:0", "--data"])
        .arg(data)
        .env("TIDEGATE_MASTER_KEY", "ab".repeat(32)) // one key for all servers of an installation
        .envs(database.environment())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let running = Running(child);
    let since = Instant::now();
    loop {
        let read = |file| std::fs::read_to_string(data.join(file)).map(|text| text.trim().to_owned());
        if let (Ok(rest), Ok(link)) = (read("listen.addr"), read("link.addr")) {
            return (running, rest, link);
        }
        assert!(since.elapsed() < PATIENCE, "the program did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn post(address: &str, token: &str, path: &str, body: Value) -> Value {
    let body = body.to_string();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 20"), "{answer}");
    serde_json::from_str(body).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn question(event: &str) -> Request {
    let empty = Request::empty(event.parse().unwrap(), Timestamp(0));
    Request { vector: Some(Vector::default()), feed: Some(Cursor::default()), ..empty }
}

both!(a_device_enrols_and_exchanges_over_mutual_tls_and_finds_the_cloud_again_after_a_restart);
async fn a_device_enrols_and_exchanges_over_mutual_tls_and_finds_the_cloud_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::fresh(folder.path()).await;
    let (running, rest, link) = start(folder.path(), &database);
    let admin = std::fs::read_to_string(folder.path().join("admin.token")).unwrap();
    let organizer = post(&rest, admin.trim(), "/v1/organizers", json!({"name": "Club"}));
    let token = organizer["token"].as_str().unwrap();
    let event = json!({"name": "Night", "timezone": "Europe/Berlin", "starts_at": "2026-11-19T20:00:00+01:00", "currency": "EUR"});
    let event = post(&rest, token, "/v1/events", event)["id"].as_str().unwrap().to_owned();
    let device = json!({"event": event, "name": "gate-1", "role": "gate"});
    let code: OneTimeCode = post(&rest, token, "/v1/devices", device)["code"].as_str().unwrap().parse().unwrap();
    let key = SigningKey::from_bytes(&rand::random());
    let answer = enrol(&link, &code, &key).await.unwrap();
    assert_eq!(enrol(&link, &code, &key).await.unwrap().certificate, answer.certificate);
    let other = SigningKey::from_bytes(&rand::random());
    assert!(matches!(enrol(&link, &code, &other).await, Err(LinkError::Refused(p)) if p.code == "code_unknown"));
    let false_code = OneTimeCode { pin: [0; 16], ..code };
    assert!(matches!(enrol(&link, &false_code, &key).await, Err(LinkError::Unreachable(_))));
    let ca = PublicKey(hex(&answer.ca).try_into().unwrap());
    let certificate = Certificate::from_bytes(&hex(&answer.certificate)).unwrap();
    let own = Own { certificate, ca, key };
    let client = Client::new(&own, Expect::Cloud, &link).unwrap();
    let (response, ..) = client.exchange(&question(&event)).await.unwrap();
    let feed_key = PublicKey(hex(&answer.feed_key).try_into().unwrap());
    let page = response.pages[0].open(&feed_key, event.parse().unwrap(), Cursor::default()).unwrap();
    assert!(!page.rows.is_empty());
    drop((running, client));
    let (_running, _, link) = start(folder.path(), &database);
    let client = Client::new(&own, Expect::Cloud, &link).unwrap();
    let (again, ..) = client.exchange(&question(&event)).await.unwrap();
    assert_eq!(again.digest, response.digest);
}

servers!(a_device_enrolled_at_one_program_exchanges_with_another_on_the_same_database);
async fn a_device_enrolled_at_one_program_exchanges_with_another_on_the_same_database() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let database = Database::fresh(folders[0].path()).await;
    let (_one, rest, link) = start(folders[0].path(), &database);
    let (_two, _, other_link) = start(folders[1].path(), &database);
    assert!(!folders[1].path().join("admin.token").exists(), "the first one has made the administrator");
    let admin = std::fs::read_to_string(folders[0].path().join("admin.token")).unwrap();
    let organizer = post(&rest, admin.trim(), "/v1/organizers", json!({"name": "Club"}));
    let token = organizer["token"].as_str().unwrap();
    let event =
        json!({"name": "Night", "timezone": "UTC", "starts_at": "2026-11-19T20:00:00Z", "currency": "EUR"});
    let event = post(&rest, token, "/v1/events", event)["id"].as_str().unwrap().to_owned();
    let device = json!({"event": event, "name": "gate-1", "role": "gate"});
    let code: OneTimeCode = post(&rest, token, "/v1/devices", device)["code"].as_str().unwrap().parse().unwrap();
    let key = SigningKey::from_bytes(&rand::random());
    let answer = enrol(&link, &code, &key).await.unwrap();
    let ca = PublicKey(hex(&answer.ca).try_into().unwrap());
    let own = Own { certificate: Certificate::from_bytes(&hex(&answer.certificate)).unwrap(), ca, key };
    let client = Client::new(&own, Expect::Cloud, &other_link).unwrap();
    let (response, ..) = client.exchange(&question(&event)).await.unwrap();
    let feed_key = PublicKey(hex(&answer.feed_key).try_into().unwrap());
    let page = response.pages[0].open(&feed_key, event.parse().unwrap(), Cursor::default()).unwrap();
    assert!(!page.rows.is_empty());
}

#[test]
fn rest_beyond_this_machine_needs_a_word_about_its_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let refused = program()
        .args(["serve", "--listen", "0.0.0.0:0", "--link", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--behind-tls-proxy"));
}

#[test]
fn the_document_is_printed() {
    let printed = program().arg("openapi").output().unwrap().stdout;
    let document: Value = serde_json::from_slice(&printed).unwrap();
    assert!(document["paths"].as_object().unwrap().len() > 30);
}

both!(an_empty_database_migrates_and_so_does_one_that_is_there_already);
async fn an_empty_database_migrates_and_so_does_one_that_is_there_already() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::empty(folder.path());
    let newest = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap().count();
    for _ in 0..2 {
        let mut migrate = program();
        migrate.arg("migrate").env("TIDEGATE_DATA", folder.path()).envs(database.environment());
        let done = migrate.output().unwrap();
        let said = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        assert_eq!(said.0, format!("schema version {newest}\n"), "{}", said.1);
    }
    let written = folder.path().join("cloud.db").exists();
    assert_eq!(written, matches!(database, Database::File(_)), "in the database that was named, and in no other");
}

both!(a_wrong_master_key_is_named_before_anything_is_served);
async fn a_wrong_master_key_is_named_before_anything_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::fresh(folder.path()).await;
    drop(start(folder.path(), &database));
    let refused = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--link", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .env("TIDEGATE_MASTER_KEY", "cd".repeat(32))
        .envs(database.environment())
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("master key does not open"), "{said}");
}

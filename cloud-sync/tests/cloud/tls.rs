//! TLS to the database: verified under the system's roots, or not spoken to at all.
//!
//! The other end is a PostgreSQL with a certificate of the test's own CA, or a listener
//! that speaks PostgreSQL's first bytes and TLS, and notes whether anything was said to
//! it under that TLS.

use crate::common::process::{Process, serve};
use crate::common::program;
use private_postgres::{Disk, Port, Server};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

/// What the other end does when TLS is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It speaks TLS with a certificate for this name.
    Tls(&'static str),
    /// It declines.
    Plain,
}

/// Starts the program against such an end; gives what it said, and whether the end was told anything more.
fn meets(end: End, trusted: bool) -> (String, bool) {
    let folder = tempfile::tempdir().unwrap();
    let name = if let End::Tls(name) = end { name } else { "localhost" };
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let roots = folder.path().join("roots.pem");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&roots, if trusted { made.cert.pem() } else { other.cert.pem() }).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let spoken = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut wish = [0; 8];
        socket.read_exact(&mut wish).unwrap();
        assert_eq!(wish[4..], 80_877_103_u32.to_be_bytes(), "TLS is asked for before anything else");
        if end == End::Plain {
            socket.write_all(b"N").unwrap();
            return socket.read(&mut wish).is_ok_and(|length| length > 0);
        }
        socket.write_all(b"S").unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let tls = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        rustls::StreamOwned::new(tls, socket).read(&mut wish).is_ok_and(|length| length > 0)
    });
    let done = migrate(
        folder.path(),
        &format!("postgresql://u:secret@localhost:{port}/t?sslmode=require&hostaddr=127.0.0.1"),
        &roots,
    );
    (done, spoken.join().unwrap())
}

fn migrate(data: &Path, url: &str, roots: &Path) -> String {
    let done = program()
        .args(["migrate", "--data"])
        .arg(data)
        .env("TIDEGATE_DATABASE_URL", url)
        .env("SSL_CERT_FILE", roots)
        .output()
        .unwrap();
    assert!(!done.status.success());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!said.contains("secret"), "{said}");
    said
}

#[test]
fn a_certificate_that_no_root_vouches_for_is_not_spoken_to() {
    let check = |end: End, trusted: bool, expect: bool| {
        let (said, spoken) = meets(end, trusted);
        assert_eq!(spoken, expect, "{said}");
        said
    };
    check(End::Tls("localhost"), true, true);
    assert!(check(End::Tls("localhost"), false, false).contains("certificate"));
    assert!(check(End::Tls("db.example"), true, false).contains("certificate"));
    check(End::Plain, true, false);
}

/// The password of every login; part of no word that is logged.
const PASSWORD: &str = "hunter-of-pearls";

/// A CA of the test's own, and what it issues.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// How a server with a certificate for this name listens.
    fn port(&self, name: &str) -> Port {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "database");
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Port::Tls { certificate, key: key.serialize_pem() }
    }
}

/// A PostgreSQL where logins take the password; gives the URL of a database on its port, by this name.
fn listening(port: Port) -> (Server, impl Fn(&str, &str) -> String) {
    let server = Server::listening(Disk::Quick, port).unwrap();
    server.make("books", None).unwrap();
    server.ask(&format!("CREATE ROLE clerk LOGIN SUPERUSER PASSWORD '{PASSWORD}'")).unwrap();
    let port = server.port().unwrap();
    let url = move |name: &str, password: &str| {
        format!("postgresql://clerk:{password}@{name}:{port}/books?hostaddr=127.0.0.1&sslmode=require")
    };
    (server, url)
}

/// Starts the program, which must refuse to start; gives what it said and logged.
fn refused(url: &str, roots: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    // Its last line says why; whoever runs the test may have asked for backtraces.
    let done =
        serve(folder.path(), url).env("SSL_CERT_FILE", roots).env_remove("RUST_BACKTRACE").output().unwrap();
    let said = [done.stdout, done.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
    assert!(!done.status.success(), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_by_password_goes_through_tls_under_the_operators_ca_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, other) = (Authority::new("Venue CA"), Authority::new("Other CA"));
    let (roots, others) = (folder.path().join("ca.pem"), folder.path().join("other.pem"));
    std::fs::write(&roots, &authority.pem).unwrap();
    std::fs::write(&others, &other.pem).unwrap();
    let (server, url) = listening(authority.port("db.example"));
    let process = Process::start(&url("db.example", PASSWORD), &[("SSL_CERT_FILE", &roots)]);
    assert_eq!(crate::common::ask(&process.router(), "/readyz").await.status, 200);
    // Fails, by the division, unless somebody is there under TLS.
    let under_tls = "SELECT 1 / COUNT(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
        WHERE ssl AND usename = 'clerk' AND application_name = 'cloud-sync'";
    server.ask(under_tls).unwrap();
    let log = process.log();
    assert!(log.contains("TRACE") && !log.contains(PASSWORD), "everything is logged, but no password");
    drop(process);

    let check = |url: String, roots: &Path, expect: &str| {
        let said = refused(&url, roots);
        assert!(said.lines().last().unwrap().contains(expect), "{expect}: {said}");
    };
    check(url("db.example", PASSWORD), &others, "UnknownIssuer; if its CA is your own, name the file with it");
    check(url("db.example", PASSWORD), &folder.path().join("none.pem"), "those in SSL_CERT_FILE: ");
    check(url("elsewhere.example", PASSWORD), &roots, "certificate not valid for name \"elsewhere.example\"");
    check(url("db.example", "another"), &roots, "password authentication failed for user \"clerk\"");
    let (_plain, url) = listening(Port::Plain);
    check(url("db.example", PASSWORD), &roots, "server does not support TLS");
}

//! Scanners at work: on pseudo-terminals, whose other end is in the test's hands, and on sockets.

use super::*;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};

/// Longer than anything here takes on a loaded machine; only a hanging test meets it.
const PATIENCE: Duration = Duration::from_secs(30);

fn started(source: &str) -> (Scanner, Receiver<Heard>) {
    let spec = ScannerSpec::parse(source).expect("a scanner");
    let (tell, heard) = channel();
    let tell = move |heard| drop(tell.send(heard)); // a test that has ended hears nothing
    (Scanner::start(spec, tell).expect("a thread"), heard)
}

/// The next thing that a lane would be told, in short.
fn next(heard: &Receiver<Heard>) -> String {
    loop {
        match heard.recv_timeout(PATIENCE).expect("something is told") {
            Heard::Code(code) => return code.text,
            Heard::Same(code) => return format!("same {}", code.text),
            Heard::Blank(_) => {}
            Heard::Trouble(error) => return format!("trouble {}", error.code()),
            Heard::Lost(error) => return format!("lost {}", error.code()),
            Heard::Back { .. } => return "back".into(),
        }
    }
}

/// A scanner on a serial port: the end that we write, and a path that stays while plugs come and go.
struct Plug {
    folder: tempfile::TempDir,
    end: Option<File>,
}

impl Plug {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), end: None }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("scanner")
    }

    fn source(&self) -> String {
        format!("serial:{}@115200", self.path().display())
    }

    fn put_in(&mut self) {
        let end =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pseudo-terminal");
        grantpt(&end).and_then(|()| unlockpt(&end)).expect("ours");
        let name = ptsname(&end, Vec::new()).expect("it has a name").into_string().expect("text");
        std::os::unix::fs::symlink(name, self.path()).expect("a new name");
        self.end = Some(end.into());
    }

    fn pull(&mut self) {
        std::fs::remove_file(self.path()).expect("it was there");
        self.end = None;
    }

    fn write(&mut self, bytes: &[u8]) {
        self.end.as_mut().expect("plugged in").write_all(bytes).expect("written");
    }
}

#[test]
fn a_serial_scanner_is_read_however_its_codes_are_split() {
    let mut plug = Plug::new();
    plug.put_in();
    let (scanner, heard) = started(&plug.source());
    for part in ["AB", "C", "\r", "\nDE", "F\r\nGHI\t"] {
        plug.write(part.as_bytes());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!([next(&heard), next(&heard), next(&heard)], ["ABC", "DEF", "GHI"]);
    plug.write(b"DEF\r");
    assert_eq!(next(&heard), "same DEF");
    assert_eq!(scanner.counts(), ScannerCounts { up: true, codes: 3 });
}

#[test]
fn a_code_that_nothing_ends_is_whole_after_a_pause() {
    let mut plug = Plug::new();
    plug.put_in();
    let (_scanner, heard) = started(&plug.source());
    plug.write(b"ABC");
    assert_eq!(next(&heard), "ABC");
}

#[test]
fn a_plug_that_is_pulled_is_told_within_two_seconds_and_one_that_is_put_in_works() {
    let mut plug = Plug::new();
    let (scanner, heard) = started(&plug.source());
    assert_eq!(next(&heard), "lost E-SCN-01", "it is not there yet");
    plug.put_in();
    assert_eq!(next(&heard), "back");
    plug.write(b"ABC\r");
    assert_eq!(next(&heard), "ABC");
    plug.write(b"HALF");
    std::thread::sleep(Duration::from_millis(50));
    let pulled = Instant::now();
    plug.pull();
    assert_eq!(next(&heard), "lost E-SCN-01");
    assert!(pulled.elapsed() < Duration::from_secs(2) && !scanner.counts().up);
    plug.put_in();
    assert_eq!(next(&heard), "back");
    plug.write(b"DEF\r");
    assert_eq!(next(&heard), "DEF", "half a code is none");
    drop(scanner);
    let last = heard.recv_timeout(PATIENCE);
    assert!(last.is_err(), "its thread lets go of everything: {last:?}");
}

#[test]
fn a_port_that_another_program_holds_is_said_to_be_in_use() {
    let mut plug = Plug::new();
    plug.put_in();
    let (first, heard) = started(&plug.source());
    plug.write(b"ABC\r");
    assert_eq!(next(&heard), "ABC");
    let (_second, refused) = started(&plug.source());
    assert_eq!(next(&refused), "lost E-SCN-03");
    drop(first);
    assert_eq!(next(&refused), "back");
    plug.write(b"DEF\r");
    assert_eq!(next(&refused), "DEF");
}

#[test]
fn garbage_and_endless_lines_are_told_and_the_next_code_is_read() {
    let mut plug = Plug::new();
    plug.put_in();
    let (_scanner, heard) = started(&plug.source());
    plug.write(b"\xff\xfe\x80\r");
    assert_eq!(next(&heard), "\u{fffd}\u{fffd}\u{fffd}");
    for _ in 0..40 {
        plug.write(&[b'x'; 1_000]);
    }
    assert_eq!(next(&heard), "trouble E-SCN-05");
    plug.write(b"\rABC\r");
    assert_eq!(next(&heard), "ABC");
}

/// An address that nothing listens on.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").and_then(|bound| bound.local_addr()).expect("a free port")
}

fn connect(to: SocketAddr) -> TcpStream {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(to) {
            Ok(stream) => return stream,
            Err(error) if begun.elapsed() > PATIENCE => panic!("nobody listens at {to}: {error}"),
            Err(_) => std::thread::yield_now(),
        }
    }
}

/// Ends a connection as a cable does that is cut: the other side is told to forget it.
fn cut(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("a socket");
}

#[test]
fn several_scanners_connect_and_those_that_close_after_each_code_are_no_loss() {
    let at = free();
    let (scanner, heard) = started(&format!("tcp:{at}"));
    let (mut one, mut two) = (connect(at), connect(at));
    one.write_all(b"AB").expect("connected");
    two.write_all(b"12").expect("connected");
    std::thread::sleep(Duration::from_millis(50));
    one.write_all(b"C\r\n").expect("connected");
    assert_eq!(next(&heard), "ABC");
    two.write_all(b"3\n").expect("connected");
    assert_eq!(next(&heard), "123");
    connect(at).write_all(b"WITHOUT-END").expect("connected");
    assert_eq!(next(&heard), "WITHOUT-END");
    two.write_all(b"ABC\n").expect("connected");
    assert_eq!(next(&heard), "same ABC", "one lane is one queue");
    drop((one, two));
    assert!(heard.recv_timeout(Duration::from_millis(300)).is_err(), "nothing is wrong");
    assert!(scanner.counts().up);
}

#[test]
fn a_connection_that_breaks_is_a_loss_and_the_next_one_the_return() {
    let at = free();
    let (_scanner, heard) = started(&format!("tcp:{at}"));
    let mut one = connect(at);
    one.write_all(b"ABC\r").expect("connected");
    assert_eq!(next(&heard), "ABC");
    cut(one);
    assert_eq!(next(&heard), "lost E-SCN-08");
    let mut two = connect(at);
    two.write_all(b"DEF\r").expect("connected");
    assert_eq!([next(&heard), next(&heard)], ["back", "DEF"]);
}

#[test]
fn more_scanners_than_a_lane_takes_push_out_the_most_silent_one_and_that_is_said_once() {
    let at = free();
    let (_scanner, heard) = started(&format!("tcp:{at}"));
    let greet = |place: usize| {
        let mut guest = connect(at);
        guest.write_all(format!("HELLO{place}\r").as_bytes()).expect("connected");
        assert_eq!(next(&heard), format!("HELLO{place}"));
        guest
    };
    let mut guests: Vec<TcpStream> = (0..MOST_CONNECTIONS).map(greet).collect();
    for (place, guest) in guests.iter_mut().enumerate().filter(|(place, _)| *place != 3) {
        guest.write_all(format!("CODE{place}\r").as_bytes()).expect("connected");
        assert_eq!(next(&heard), format!("CODE{place}"));
    }
    let mut late = connect(at);
    late.write_all(b"LATE\r").expect("connected");
    let mut told = [next(&heard), next(&heard)];
    told.sort();
    assert_eq!(told, ["LATE", "trouble E-SCN-09"]);
    guests[3].set_read_timeout(Some(PATIENCE)).expect("a socket");
    assert_eq!(guests[3].read(&mut [0]).ok(), Some(0), "the silent one was let go");
    guests[0].write_all(b"STILL\r").expect("connected");
    assert_eq!(next(&heard), "STILL");
}

#[test]
fn an_address_that_is_taken_is_told_and_listened_on_once_it_is_free() {
    let holder = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = holder.local_addr().expect("bound");
    let (_scanner, heard) = started(&format!("tcp:{at}"));
    assert_eq!(next(&heard), "lost E-SCN-07");
    drop(holder);
    assert_eq!(next(&heard), "back");
    connect(at).write_all(b"ABC\r").expect("connected");
    assert_eq!(next(&heard), "ABC");
}

#[test]
fn a_scanner_that_we_connect_to_is_lost_whenever_it_closes_and_found_again() {
    let at = free();
    let (_scanner, heard) = started(&format!("tcp:connect:{at}"));
    assert_eq!(next(&heard), "lost E-SCN-08");
    let listener = TcpListener::bind(at).expect("it is free");
    for code in ["ABC", "DEF"] {
        let (mut stream, _) = listener.accept().expect("it connects");
        stream.write_all(format!("{code}\r").as_bytes()).expect("connected");
        assert_eq!([next(&heard), next(&heard)], ["back", code]);
        drop(stream);
        assert_eq!(next(&heard), "lost E-SCN-08");
    }
}

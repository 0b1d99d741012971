//! Scanners of the network: those that connect to us, and those that we connect to.
//!
//! Keeps true: so many connections and no more, and for a new one the most silent one goes, so that one which died
//! without a word keeps nobody out; a scanner that closes in order did nothing wrong, as some do after each code; one that
//! vanished is noticed.

use super::assembler::Piece;
use super::device::is_nothing;
use super::{Feed, ScannerError};
use rustix::net::sockopt;
use std::io::Read;
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// Scanners connected to one lane at once: more than stand beside one queue.
pub const MOST_CONNECTIONS: usize = 8;
/// How long a scanner may take to answer a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// After so much silence the other side is asked whether it is there, and so often again, [`ASKED`] times: a scanner that
/// lost its power is noticed within half a minute, and one that sleeps between two codes is left its sleep.
const ASK_AFTER: Duration = Duration::from_secs(10);
/// Questions without an answer after which a connection is given up.
const ASKED: u32 = 2;
/// Bytes of one read.
const READ: usize = 512;

/// A connection to a scanner.
pub struct Connection {
    stream: TcpStream,
    peer: String,
}

impl Connection {
    /// One that came.
    pub fn of(stream: TcpStream, peer: String) -> Result<Self, ScannerError> {
        let cut = |error: std::io::Error| ScannerError::Cut { peer: peer.clone(), why: error.to_string() };
        stream.set_nonblocking(false).map_err(cut)?;
        let asking = || {
            sockopt::set_socket_keepalive(&stream, true)?;
            sockopt::set_tcp_keepidle(&stream, ASK_AFTER)?;
            sockopt::set_tcp_keepintvl(&stream, ASK_AFTER)?;
            sockopt::set_tcp_keepcnt(&stream, ASKED)
        };
        asking().map_err(|error| cut(error.into()))?;
        Ok(Self { stream, peer })
    }

    /// Makes one.
    pub fn to(peer: &str) -> Result<Self, ScannerError> {
        let cut = |error: std::io::Error| ScannerError::Cut { peer: peer.to_owned(), why: error.to_string() };
        let mut why = std::io::Error::other("its name has no address");
        for address in peer.to_socket_addrs().map_err(cut)? {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stream) => return Self::of(stream, peer.to_owned()),
                Err(error) => why = error,
            }
        }
        Err(cut(why))
    }
}

impl Feed for Connection {
    fn next(&mut self, wait: Duration, into: &mut Vec<Piece>) -> Result<(), ScannerError> {
        let cut = |error: std::io::Error| ScannerError::Cut { peer: self.peer.clone(), why: error.to_string() };
        // None would wait for ever, which is what zero means to a socket.
        self.stream.set_read_timeout(Some(wait.max(Duration::from_millis(1)))).map_err(cut)?;
        let mut bytes = [0; READ];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err(ScannerError::Closed { peer: self.peer.clone() }),
            Ok(read) => {
                into.extend(bytes[..read].iter().map(|byte| Piece::Byte(*byte)));
                Ok(())
            }
            Err(error) if is_nothing(&error) => Ok(()),
            Err(error) => Err(cut(error)),
        }
    }
}

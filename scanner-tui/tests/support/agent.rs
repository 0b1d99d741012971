//! An agent that says what a test tells it to, over real sockets.
//!
//! Hand-written HTTP/1.1, so that nothing of the client is tested against itself. What guests,
//! orders, log and staff are asked about is answered by a [`Desk`]. Streams are handed to the
//! test, which writes events or closes them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tidegate_core::api::{Answer, Status, StreamMessage};

use super::desk::Desk;

/// Longer than anything here takes on a loaded machine; only a hanging test meets it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What the agent answers.
#[derive(Clone)]
pub struct Script {
    pub status: Status,
    pub undo: Answer,
    pub token: Option<String>,
}

/// A request as it came.
#[derive(Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub authorization: Option<String>,
    pub body: String,
}

/// A running agent.
pub struct Agent {
    pub address: SocketAddr,
    requests: Receiver<Request>,
    streams: Receiver<TcpStream>,
}

/// An open event stream.
pub struct Stream(TcpStream);

impl Agent {
    pub fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (told, requests) = channel();
        let (opened, streams) = channel();
        let desk = Arc::new(Mutex::new(Desk::default()));
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (script, told, opened) = (script.clone(), told.clone(), opened.clone());
                let desk = desk.clone();
                std::thread::spawn(move || serve(connection, &script, &desk, &told, &opened));
            }
        });
        Self { address, requests, streams }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next stream a client opens.
    pub fn stream(&self) -> Stream {
        Stream(self.streams.recv_timeout(PATIENCE).expect("a client opens the stream"))
    }

    /// The next request with this method.
    pub fn request(&self, method: &str) -> Request {
        loop {
            let request = self.requests.recv_timeout(PATIENCE).expect("a client asks");
            if request.method == method {
                return request;
            }
        }
    }

    /// Everything asked so far that nobody looked at.
    pub fn asked(&self) -> Vec<Request> {
        self.requests.try_iter().collect()
    }
}

impl Stream {
    pub fn say(&mut self, message: &StreamMessage) {
        let whole = serde_json::to_value(message).expect("plain values");
        let name = whole["event"].as_str().expect("tagged").to_owned();
        self.write(&format!("event: {name}\ndata: {}\n\n", whole["data"]));
    }

    pub fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).expect("the client listens");
    }
}

fn serve(
    connection: TcpStream,
    script: &Script,
    desk: &Mutex<Desk>,
    told: &Sender<Request>,
    opened: &Sender<TcpStream>,
) {
    let mut reader = BufReader::new(connection.try_clone().expect("a socket can be cloned"));
    let mut writer = connection;
    while let Some(request) = read(&mut reader) {
        let allowed = script
            .token
            .as_ref()
            .is_none_or(|token| request.authorization.as_deref() == Some(&format!("Bearer {token}")));
        let route = (request.method.clone(), request.path.clone());
        let body = request.body.clone();
        let _ = told.send(request); // a test that has ended no longer counts requests
        let answer = match (allowed, route.0.as_str(), route.1.as_str()) {
            (false, _, _) => (401, json!({ "title": "Unauthorized", "code": "unauthorized" })),
            (true, "GET", "/v1/status") => (200, json!(script.status)),
            (true, "POST", "/v1/undo") => (200, json!(script.undo)),
            (true, "GET", "/v1/stream") => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
                if writer.write_all(head.as_bytes()).is_ok() {
                    let _ = opened.send(writer);
                }
                return;
            }
            (true, method, path) => desk.lock().expect("no test panics there").answer(method, path, &body),
        };
        if write(&mut writer, answer.0, &answer.1.to_string()).is_err() {
            return;
        }
    }
}

fn write(writer: &mut TcpStream, status: u16, body: &str) -> std::io::Result<()> {
    write!(
        writer,
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut first = lines.first()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let header = |name: &str| {
        lines.iter().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Request { method, path, authorization: header("authorization"), body })
}

//! HTTP/1.1 by hand over one socket: tests say exactly what is on the wire.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::Value;

/// An answer, complete.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}", String::from_utf8_lossy(&self.body)))
    }

    /// The error code of a failure.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The sentence of a failure.
    pub fn message(&self) -> String {
        self.json()["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The answer, if its status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{body}");
        self
    }

    /// The answer, if it is a failure with this status and code.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.error(), code, "{}", answer.message());
        answer
    }
}

/// One connection.
pub struct Connection {
    stream: BufReader<TcpStream>,
    last_was_head: bool,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the mock listens");
        // A test that waits this long has found a hang.
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a time-out can be set");
        Self {
            stream: BufReader::new(stream),
            last_was_head: false,
        }
    }

    /// Writes a well-formed request.
    pub fn request(&mut self, method: &str, path: &str, headers: &[(&str, String)], body: &[u8]) {
        let mut text = format!("{method} {path} HTTP/1.1\r\n");
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"))
        {
            let address = self
                .stream
                .get_ref()
                .peer_addr()
                .expect("the socket is connected");
            text.push_str(&format!("host: {address}\r\n"));
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            text.push_str(&format!("content-length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        self.last_was_head = method == "HEAD";
        self.write(&[text.as_bytes(), body].concat());
    }

    /// Writes these very bytes; a peer that stopped reading shows in its answer.
    pub fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes);
    }

    /// Says that nothing more will be written.
    pub fn finish(&mut self) {
        let _ = self.stream.get_mut().shutdown(Shutdown::Write);
    }

    /// Reads one answer.
    #[track_caller]
    pub fn answer(&mut self) -> Answer {
        self.try_answer()
            .expect("an answer before the connection closed")
    }

    /// Reads one answer; none if the peer closed without one.
    pub fn try_answer(&mut self) -> Option<Answer> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: {line:?}"));
        let mut headers = HeaderMap::new();
        loop {
            let line = self.line().expect("a complete head");
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header line");
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
                HeaderValue::from_str(value.trim()).expect("a header value"),
            );
        }
        if status == 100 {
            return self.try_answer();
        }
        let length = headers
            .get("content-length")
            .map(|text| text.to_str().expect("digits"));
        let length = length.map_or(0, |text| text.parse().expect("digits"));
        let mut body = vec![0; if self.last_was_head { 0 } else { length }];
        self.stream.read_exact(&mut body).expect("a complete body");
        Some(Answer {
            status,
            headers,
            body,
        })
    }

    /// Whether the peer has closed the connection; waits for what it does next.
    pub fn is_closed(&mut self) -> bool {
        matches!(self.stream.fill_buf(), Ok([]) | Err(_))
    }

    /// Whether what the peer says next begins like this; it stays to be read.
    pub fn starts_with(&mut self, text: &str) -> bool {
        self.begins_with(text.as_bytes())
    }

    /// Whether what the peer says next begins with these bytes; it stays to be read.
    pub fn begins_with(&mut self, bytes: &[u8]) -> bool {
        let next = self.stream.fill_buf();
        next.is_ok_and(|next| next.starts_with(bytes))
    }

    /// Everything that comes until the peer closes the connection or breaks it off.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // A reset is an end like any other; a time-out is not.
        if let Err(error) = self.stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
        }
        rest
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    }
}

//! A receiver of webhooks: what came, and what it answers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A test that waits this long has found a hang.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request, as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub line: String,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What a receiver does then.
pub enum Then {
    /// Answers with this status.
    Answer(u16),
    /// Writes these very bytes, and closes the connection.
    Write(Vec<u8>),
    /// Says nothing until the peer leaves.
    Hang,
}

struct Inner {
    came: Mutex<Came>,
    changed: Condvar,
}

#[derive(Default)]
struct Came {
    requests: Vec<Received>,
    /// Peers who left before they were answered.
    left: usize,
}

pub struct Receiver {
    address: SocketAddr,
    inner: Arc<Inner>,
}

type Script = dyn Fn(&Received, usize) -> Then + Send + Sync;

impl Receiver {
    /// A receiver that does what the script says to the request with that number, from 0.
    pub fn new(script: impl Fn(&Received, usize) -> Then + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let inner = Arc::new(Inner {
            came: Mutex::default(),
            changed: Condvar::new(),
        });
        let (kept, script): (_, Arc<Script>) = (inner.clone(), Arc::new(script));
        // It ends with the process: a test's port is nobody else's.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (inner, script) = (kept.clone(), script.clone());
                std::thread::spawn(move || serve(stream, &inner, &*script));
            }
        });
        Self { address, inner }
    }

    /// A receiver that takes whatever comes.
    pub fn taking() -> Self {
        Self::answering(200)
    }

    /// A receiver that always answers with this status.
    pub fn answering(status: u16) -> Self {
        Self::new(move |_, _| Then::Answer(status))
    }

    /// A receiver that never says anything.
    pub fn hanging() -> Self {
        Self::new(|_, _| Then::Hang)
    }

    pub fn url(&self) -> String {
        format!("http://{}/hooks?from=mock", self.address)
    }

    pub fn received(&self) -> Vec<Received> {
        self.inner
            .came
            .lock()
            .expect("nobody panics")
            .requests
            .clone()
    }

    /// What came, as soon as that is so much.
    #[track_caller]
    pub fn await_received(&self, count: usize) -> Vec<Received> {
        self.wait(|came| came.requests.len() >= count);
        self.received()
    }

    /// Waits until so many peers have left before they were answered.
    #[track_caller]
    pub fn await_left(&self, count: usize) {
        self.wait(|came| came.left >= count);
    }

    #[track_caller]
    fn wait(&self, enough: impl Fn(&Came) -> bool) {
        let came = self.inner.came.lock().expect("nobody panics");
        let waited = self
            .inner
            .changed
            .wait_timeout_while(came, PATIENCE, |came| !enough(came));
        let (came, waited) = waited.expect("nobody panics");
        assert!(!waited.timed_out(), "it stays at {}", came.requests.len());
    }
}

fn serve(stream: TcpStream, inner: &Inner, script: &Script) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut stream = BufReader::new(stream);
    let received = read(&mut stream)?;
    let mut came = inner.came.lock().expect("nobody panics");
    let number = came.requests.len();
    came.requests.push(received.clone());
    drop(came);
    inner.changed.notify_all();
    let answer = match script(&received, number) {
        Then::Answer(status) => {
            format!("HTTP/1.1 {status} Whatever\r\ncontent-length: 5\r\n\r\nnoted").into_bytes()
        }
        Then::Write(bytes) => bytes,
        Then::Hang => {
            // Nothing more comes: this returns when the peer leaves.
            let _ = stream.fill_buf();
            inner.came.lock().expect("nobody panics").left += 1;
            inner.changed.notify_all();
            return None;
        }
    };
    stream.get_mut().write_all(&answer).ok()
}

fn read(stream: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.remove(0);
    let header = |line: &String| {
        let (name, value) = line.split_once(':').expect("a header");
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    let mut received = Received {
        line,
        headers: lines.iter().map(header).collect(),
        body: Vec::new(),
    };
    let length = received.header("content-length").parse().expect("digits");
    received.body = vec![0; length];
    stream.read_exact(&mut received.body).ok()?;
    Some(received)
}

impl Received {
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let mut named = self.headers.iter().filter(|(known, _)| known == name);
        let (_, value) = named
            .next()
            .unwrap_or_else(|| panic!("no {name}: {self:?}"));
        assert!(named.next().is_none(), "{name} comes twice");
        value
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// Whether the signature is that of a holder of this secret.
    pub fn is_signed_by(&self, secret: &str) -> bool {
        let timestamp = self.header("x-timestamp");
        let signed = [timestamp.as_bytes(), b".", &self.body].concat();
        let code = hmac(secret.as_bytes(), &signed);
        let code: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
        code == self.header("x-signature")
    }
}

/// HMAC-SHA256 as RFC 2104 has it, by other means than the mock's.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; 64];
    match key.len() {
        0..=64 => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::digest([&pad(0x36)[..], text].concat());
    Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).into()
}

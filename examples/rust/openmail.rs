//! A mock for each test, a client of one account and a receiver of webhooks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use openmail_mock::{Config, Running};
use serde_json::Value;
use sha2::Sha256;
use ureq::typestate::WithBody;

/// A mock of the test's own: no port to choose, nothing to reset, and dropping it stops it.
pub fn mock() -> Running {
    openmail_mock::start(Config::with_fixture("saas")).expect("the mock starts")
}

/// A status and its body; null where there is none.
pub type Answer = (u16, Value);

/// A client that speaks for one account.
pub struct Account<'m> {
    agent: ureq::Agent,
    url: &'m str,
    bearer: String,
}

impl<'m> Account<'m> {
    pub fn new(mock: &'m Running, key: String) -> Self {
        let config = ureq::Agent::config_builder()
            // A refusal is an answer to look at, not an error of the client's.
            .http_status_as_error(false)
            // A proxy from the environment has no business on the way to this machine.
            .proxy(None);
        Self {
            agent: config.build().into(),
            url: mock.url(),
            bearer: format!("Bearer {key}"),
        }
    }

    pub fn get(&self, path: &str) -> Answer {
        let request = self.agent.get(self.at(path));
        let sent = request.header("authorization", &self.bearer).call();
        answer(sent.expect("the mock answers"))
    }

    pub fn delete(&self, path: &str) -> Answer {
        let request = self.agent.delete(self.at(path));
        let sent = request.header("authorization", &self.bearer).call();
        answer(sent.expect("the mock answers"))
    }

    pub fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.agent.post(self.at(path)), body)
    }

    pub fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(self.agent.patch(self.at(path)), body)
    }

    pub fn put(&self, path: &str, body: Value) -> Answer {
        self.send(self.agent.put(self.at(path)), body)
    }

    /// A control call that must succeed; answers what it answers.
    pub fn done(&self, (status, body): Answer) -> Value {
        assert_eq!(status, 200, "{body}");
        body
    }

    /// A POST that must succeed; answers what was created.
    pub fn create(&self, path: &str, body: Value) -> Value {
        let (status, created) = self.post(path, body);
        assert_eq!(status, 201, "{created}");
        created
    }

    /// A POST that may be repeated with the same key; fails if no answer comes.
    pub fn try_post(&self, path: &str, key: &str, body: &Value) -> Result<Answer, ureq::Error> {
        let request = self.agent.post(self.at(path));
        let request = self.json(request).header("idempotency-key", key);
        request.send(body.to_string()).map(answer)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn send(&self, request: ureq::RequestBuilder<WithBody>, body: Value) -> Answer {
        let sent = match body {
            Value::Null => request.header("authorization", &self.bearer).send_empty(),
            body => self.json(request).send(body.to_string()),
        };
        answer(sent.expect("the mock answers"))
    }

    fn json(&self, request: ureq::RequestBuilder<WithBody>) -> ureq::RequestBuilder<WithBody> {
        request
            .header("authorization", &self.bearer)
            .header("content-type", "application/json")
    }
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let body = response
        .body_mut()
        .read_to_string()
        .expect("a body in UTF-8");
    let body = match body.as_str() {
        "" => Value::Null,
        body => serde_json::from_str(body).expect("a body in JSON"),
    };
    (response.status().as_u16(), body)
}

pub fn refusal((status, body): &Answer) -> (u16, &str) {
    (*status, body["error"].as_str().unwrap_or_default())
}

/// A webhook, as it came.
pub struct Hook {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Hook {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a body in JSON")
    }

    pub fn is_signed_by(&self, secret: &str) -> bool {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
        mac.update(self.header("x-timestamp").as_bytes());
        mac.update(b".");
        mac.update(&self.body);
        let signature = HEXLOWER.decode(self.header("x-signature").as_bytes());
        mac.verify_slice(&signature.unwrap_or_default()).is_ok()
    }

    fn header(&self, name: &str) -> &str {
        let mut headers = self.headers.iter();
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }
}

/// A receiver of webhooks that answers them with these statuses, one after the other.
pub struct Receiver {
    address: SocketAddr,
    hooks: mpsc::Receiver<Hook>,
}

impl Receiver {
    pub fn answering(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (came, hooks) = mpsc::channel();
        thread::spawn(move || {
            for (stream, status) in listener.incoming().flatten().zip(statuses) {
                let _ = came.send(receive(stream, *status).expect("a request over HTTP"));
            }
        });
        Self { address, hooks }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hooks", self.address)
    }

    /// The next webhook, which may still be on its way.
    pub fn next(&self) -> Hook {
        let hook = self.hooks.recv_timeout(Duration::from_secs(5));
        hook.expect("a webhook comes")
    }
}

fn receive(stream: TcpStream, status: u16) -> std::io::Result<Hook> {
    let mut stream = BufReader::new(stream);
    let lines = stream.by_ref().lines().map_while(Result::ok);
    let head = lines.take_while(|line| !line.is_empty());
    let headers = head.filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_owned(), value.to_owned()))
    });
    let mut hook = Hook {
        headers: headers.collect(),
        body: Vec::new(),
    };
    let length = hook.header("content-length").parse().unwrap_or(0);
    hook.body = vec![0; length];
    stream.read_exact(&mut hook.body)?;
    let answer = format!("HTTP/1.1 {status} Noted\r\ncontent-length: 0\r\n\r\n");
    stream.get_mut().write_all(answer.as_bytes())?;
    Ok(hook)
}

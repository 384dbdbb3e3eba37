//! Mail through the protocol: a world at a frozen instant, its inboxes, and what they hold.

use serde_json::{Value, json};

use super::{Account, Answer, account};

/// Where the clock of such a world stands: a Monday.
pub const START: &str = "2040-01-16T09:30:00.000Z";

/// One world of the shared mock, its clock frozen.
pub struct Post {
    pub account: Account,
}

/// A part of a form: its headers' parameters, its further headers, its bytes.
pub type Part<'p> = (&'p str, &'p str, &'p [u8]);

impl Post {
    /// The world of that name; give each test another one.
    pub fn new(world: &str) -> Self {
        let account = account(world);
        let frozen = json!({ "mode": "frozen", "to": START });
        account.post("/_mock/clock", frozen).expect(200);
        Self { account }
    }

    #[track_caller]
    pub fn advance(&self, by: &str) {
        let moved = self.account.post("/_mock/clock", json!({ "by": by }));
        moved.expect(200);
    }

    /// A new inbox with this name before the `@`.
    #[track_caller]
    pub fn inbox(&self, name: &str) -> Value {
        self.inbox_with(json!({ "mailboxName": name }))
    }

    #[track_caller]
    pub fn inbox_with(&self, body: Value) -> Value {
        self.account.post("/v1/inboxes", body).expect(201).json()
    }

    pub fn try_send(&self, inbox: &Value, body: Value) -> Answer {
        self.account.post(&send_path(inbox), body)
    }

    /// What a send was answered.
    #[track_caller]
    pub fn send(&self, inbox: &Value, body: Value) -> Value {
        self.try_send(inbox, body).expect(200).json()
    }

    /// The outbound message that a send made.
    #[track_caller]
    pub fn sent(&self, inbox: &Value, body: Value) -> Value {
        let answer = self.send(inbox, body);
        self.message(inbox, text(&answer, "messageId"))
    }

    pub fn send_form(&self, inbox: &Value, parts: &[Part<'_>]) -> Answer {
        let headers = [("content-type", "multipart/form-data; boundary=XX")];
        let body = form("XX", parts);
        self.account
            .send_raw("POST", &send_path(inbox), &headers, &body)
    }

    pub fn send_with_key(&self, inbox: &Value, key: &str, body: &str) -> Answer {
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key),
        ];
        let path = send_path(inbox);
        self.account
            .send_raw("POST", &path, &headers, body.as_bytes())
    }

    /// The messages of an inbox, the newest first.
    #[track_caller]
    pub fn messages(&self, inbox: &Value) -> Vec<Value> {
        let path = format!("/v1/inboxes/{}/messages?limit=100", id(inbox));
        rows(&self.account.get(&path).expect(200).json())
    }

    /// The message of an inbox with that id.
    #[track_caller]
    pub fn message(&self, inbox: &Value, id: &str) -> Value {
        let mut messages = self.messages(inbox).into_iter();
        messages
            .find(|message| message["id"] == id)
            .expect("the inbox lists it")
    }

    /// The only message of an inbox.
    #[track_caller]
    pub fn only(&self, inbox: &Value) -> Value {
        let mut messages = self.messages(inbox);
        assert_eq!(messages.len(), 1, "{messages:#?}");
        messages.remove(0)
    }

    /// The messages of an inbox that came.
    #[track_caller]
    pub fn received(&self, inbox: &Value) -> Vec<Value> {
        let mut messages = self.messages(inbox);
        messages.retain(|message| message["direction"] == "inbound");
        messages
    }

    /// The threads of an inbox, the one with the newest message first.
    #[track_caller]
    pub fn threads(&self, inbox: &Value) -> Vec<Value> {
        let path = format!("/v1/inboxes/{}/threads?limit=100", id(inbox));
        rows(&self.account.get(&path).expect(200).json())
    }

    #[track_caller]
    pub fn thread(&self, inbox: &Value, thread: &Value) -> Value {
        let mut threads = self.threads(inbox).into_iter();
        threads
            .find(|known| known["id"] == *thread)
            .expect("the inbox lists it")
    }

    #[track_caller]
    pub fn raw(&self, message: &Value) -> Vec<u8> {
        let path = format!("/v1/messages/{}/raw", id(message));
        self.account.get(&path).expect(200).body
    }

    #[track_caller]
    pub fn raw_text(&self, message: &Value) -> String {
        String::from_utf8(self.raw(message)).expect("what we write is text")
    }

    /// Lets a mail arrive; what became of it at its first recipient.
    #[track_caller]
    pub fn arrives(&self, mail: Value) -> Value {
        let answer = self.account.post("/_mock/inbound", mail).expect(200);
        answer.json()["results"][0].clone()
    }

    /// Lets bytes arrive for an address.
    #[track_caller]
    pub fn arrives_raw(&self, to: &str, bytes: &[u8]) -> Value {
        let path = format!("/_mock/inbound?to={to}");
        let headers = [("content-type", "message/rfc822")];
        let answer = self.account.send_raw("POST", &path, &headers, bytes);
        answer.expect(200).json()["results"][0].clone()
    }

    /// What left for the outside, the newest first.
    #[track_caller]
    pub fn outbox(&self) -> Vec<Value> {
        rows(
            &self
                .account
                .get("/_mock/outbox?limit=100")
                .expect(200)
                .json(),
        )
    }
}

/// A text field.
#[track_caller]
pub fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    let text = value[field].as_str();
    text.unwrap_or_else(|| panic!("no text {field} in {value:#}"))
}

#[track_caller]
pub fn id(value: &Value) -> &str {
    text(value, "id")
}

#[track_caller]
pub fn rows(list: &Value) -> Vec<Value> {
    list["data"].as_array().expect("a list").clone()
}

#[track_caller]
pub fn send_path(inbox: &Value) -> String {
    format!("/v1/inboxes/{}/send", id(inbox))
}

/// A form of these parts.
pub fn form(boundary: &str, parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, headers, bytes) in parts {
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n{headers}\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

//! One world under load: what is asked of it, and whether each answer is what the model says.

use std::net::SocketAddr;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::client::{Answer, Client, request};
use super::events::{Receiver, Socket};
use super::model::{Inbox, Message, Model, Pod, Thread};

/// A world is reset when it holds so many messages, or was asked so often: the outbox, the events
/// and the trash grow as long as nobody resets them.
const MOST_MESSAGES: usize = 150;
const MOST_ASKED: u64 = 1_000;
const MOST_PODS: usize = 12;
const MOST_INBOXES: usize = 10;

/// An answer that is not what it should be.
pub type Wrong = String;
type Checked = Result<(), Wrong>;

/// How a world's events are listened to.
pub enum Ear {
    None,
    Socket(Box<Socket>),
    /// At this path of the receiver.
    Webhook(Receiver, String),
}

/// One world, with all that it should hold.
pub struct World {
    pub name: String,
    key: String,
    model: Model,
    /// What a snapshot holds.
    kept: Option<Model>,
    ear: Ear,
    /// So many names were given.
    names: u64,
    dice: u64,
    /// So many requests were made, and so many of them before the last reset.
    pub asked: u64,
    reset_at: u64,
}

/// Ids of all worlds, the latest ones.
pub type Strangers = Mutex<Vec<(usize, String)>>;

macro_rules! ensure {
    ($holds:expr, $($told:tt)+) => {
        if !$holds {
            return Err(format!($($told)+));
        }
    };
}

impl World {
    pub fn new(number: usize, address: SocketAddr, receiver: &Receiver) -> Self {
        let name = format!("soak-{number}");
        let key = format!("om_test_{name}");
        let ear = match number {
            0..4 => Ear::Socket(Box::new(Socket::open(address, &key))),
            4..8 => Ear::Webhook(receiver.clone(), format!("/{name}")),
            _ => Ear::None,
        };
        Self {
            key,
            name,
            model: Model::default(),
            kept: None,
            ear,
            names: 0,
            dice: 0x9E37_79B9_7F4A_7C15 ^ ((number as u64 + 1) << 20),
            asked: 0,
            reset_at: 0,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice % bound.max(1) as u64) as usize
    }

    fn new_name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}-{}", self.names)
    }

    /// One step: a request or a few, and what must be true of their answers.
    pub fn step(&mut self, client: &mut Client, number: usize, strangers: &Strangers) -> Checked {
        let since_reset = self.asked - self.reset_at;
        if self.model.messages() >= MOST_MESSAGES || since_reset >= MOST_ASKED {
            return self.reset(client);
        }
        match self.below(100) {
            0..8 => self.create_pod(client),
            8..11 => self.create_pod_twice(client),
            11..16 => self.get_pod(client),
            16..20 => self.list_pods(client),
            20..22 => self.rename_pod(client),
            22..26 => self.delete_pod(client),
            26..32 => self.create_inbox(client, number, strangers),
            32..37 => self.get_inbox(client),
            37..41 => self.list_inboxes(client),
            41..43 => self.delete_inbox(client),
            43..57 => self.arrive(client),
            57..62 => self.send_within(client),
            62..66 => self.send_outside(client),
            66..73 => self.list_messages(client),
            73..80 => self.list_threads(client),
            80..84 => self.read_thread(client),
            84..86 => self.delete_thread(client),
            86..88 => self.raw(client),
            88..90 => self.meet_a_stranger(client, number, strangers),
            90..92 => self.be_refused(client),
            92..94 => self.pipeline(client),
            94 => self.fail_on_request(client),
            95 => self.break_off_on_request(client),
            96..98 => self.leave_early(client),
            98 => self.outbox(client),
            _ => self.go_back(client),
        }
    }

    fn ask(&mut self, client: &mut Client, method: &str, path: &str, body: Value) -> Answered {
        self.asked += 1;
        let answer = client.ask(&self.key, method, path, &body);
        let told = format!("{method} {path} {body} in {}", self.name);
        match answer {
            Some(answer) => Ok((answer, told)),
            None => Err(format!("{told}: no answer")),
        }
    }

    /// An answer of that status.
    fn expect(
        &mut self,
        client: &mut Client,
        (method, path, body): (&str, &str, Value),
        status: u16,
    ) -> Result<Value, Wrong> {
        let (answer, told) = self.ask(client, method, path, body)?;
        match answer.status == status {
            true => Ok(answer.body),
            false => Err(format!("{told}: {answer:?} instead of {status}")),
        }
    }

    fn a_pod(&mut self) -> Option<(String, Pod)> {
        let at = self.below(self.model.pods.len());
        let pod = self.model.pods.iter().nth(at)?;
        Some((pod.0.clone(), pod.1.clone()))
    }

    fn an_inbox(&mut self) -> Option<usize> {
        let count = self.model.inboxes.len();
        (count > 0).then(|| self.below(count))
    }

    fn create_pod(&mut self, client: &mut Client) -> Checked {
        if self.model.pods.len() >= MOST_PODS {
            return self.delete_pod(client);
        }
        let (client_id, name) = (self.new_name("pod"), self.new_name("Müller & Søn"));
        let body = json!({ "clientId": client_id, "name": name });
        let made = self.expect(client, ("POST", "/v1/pods", body), 201)?;
        ensure!(
            made["clientId"] == *client_id && made["name"] == *name && made["isDefault"] == false,
            "{made}"
        );
        let id = text(&made["id"])?;
        self.model.pods.insert(client_id, Pod { id, name });
        Ok(())
    }

    fn create_pod_twice(&mut self, client: &mut Client) -> Checked {
        let Some((client_id, _)) = self.a_pod() else {
            return Ok(());
        };
        let body = json!({ "clientId": client_id });
        let refused = self.expect(client, ("POST", "/v1/pods", body), 409)?;
        ensure!(refused["error"] == "client_id_taken", "{refused}");
        Ok(())
    }

    fn get_pod(&mut self, client: &mut Client) -> Checked {
        let Some((client_id, pod)) = self.a_pod() else {
            return Ok(());
        };
        for way in [&client_id, &pod.id] {
            let path = format!("/v1/pods/{way}");
            let found = self.expect(client, ("GET", &path, Value::Null), 200)?;
            ensure!(
                found["id"] == *pod.id && found["name"] == *pod.name,
                "{found}"
            );
        }
        Ok(())
    }

    fn list_pods(&mut self, client: &mut Client) -> Checked {
        let list = self.expect(client, ("GET", "/v1/pods?limit=100", Value::Null), 200)?;
        self.check_pods(&list)
    }

    fn check_pods(&self, list: &Value) -> Checked {
        let rows = list["data"].as_array().map_or(&[][..], |rows| rows);
        let own = rows.iter().filter(|row| row["isDefault"] == false);
        let known = |row: &&Value| {
            let pod = row["clientId"].as_str();
            let pod = pod.and_then(|pod| self.model.pods.get(pod));
            pod.is_some_and(|pod| row["id"] == *pod.id && row["name"] == *pod.name)
        };
        let count = self.model.pods.len();
        ensure!(
            list["total"] == count + 1
                && rows.len() == count + 1
                && own.filter(known).count() == count,
            "{} has other pods: {list}",
            self.name
        );
        Ok(())
    }

    fn rename_pod(&mut self, client: &mut Client) -> Checked {
        let Some((client_id, pod)) = self.a_pod() else {
            return Ok(());
        };
        let name = self.new_name("Renamed");
        let path = format!("/v1/pods/{}", pod.id);
        let body = json!({ "name": name });
        let changed = self.expect(client, ("PATCH", &path, body), 200)?;
        ensure!(changed["name"] == *name, "{changed}");
        if let Some(pod) = self.model.pods.get_mut(&client_id) {
            pod.name = name;
        }
        Ok(())
    }

    fn delete_pod(&mut self, client: &mut Client) -> Checked {
        let Some((client_id, _)) = self.a_pod() else {
            return Ok(());
        };
        let path = format!("/v1/pods/{client_id}");
        let mut inboxes = self.model.inboxes.iter();
        if inboxes.any(|inbox| inbox.pod == client_id) {
            let refused = self.expect(client, ("DELETE", &path, Value::Null), 409)?;
            ensure!(refused["error"] == "pod_not_empty", "{refused}");
            return Ok(());
        }
        self.expect(client, ("DELETE", &path, Value::Null), 204)?;
        self.model.pods.remove(&client_id);
        self.expect(client, ("GET", &path, Value::Null), 404)?;
        Ok(())
    }

    fn create_inbox(&mut self, client: &mut Client, number: usize, others: &Strangers) -> Checked {
        let Some((pod, known)) = self.a_pod() else {
            return self.create_pod(client);
        };
        if self.model.inboxes.len() >= MOST_INBOXES {
            return self.delete_inbox(client);
        }
        let (mailbox, display_name) = (self.new_name("box"), self.new_name("Desk"));
        let mut body = json!({ "podId": pod, "mailboxName": mailbox, "displayName": display_name });
        if let Ear::Webhook(receiver, path) = &self.ear {
            body["webhookUrl"] = format!("http://{}{path}", receiver.address).into();
        }
        let made = self.expect(client, ("POST", "/v1/inboxes", body), 201)?;
        let address = format!("{mailbox}@openmail.sh");
        ensure!(
            made["address"] == *address && made["podId"] == *known.id,
            "{made}"
        );
        let id = text(&made["id"])?;
        let mut strangers = others.lock().map_err(|error| error.to_string())?;
        if strangers.len() >= 500 {
            strangers.remove(0);
        }
        strangers.push((number, id.clone()));
        drop(strangers);
        self.model.inboxes.push(Inbox {
            id,
            address,
            pod,
            display_name,
            messages: Vec::new(),
            threads: Vec::new(),
        });
        Ok(())
    }

    fn get_inbox(&mut self, client: &mut Client) -> Checked {
        let Some(at) = self.an_inbox() else {
            return Ok(());
        };
        let inbox = self.model.inboxes[at].clone();
        let path = format!("/v1/inboxes/{}", inbox.id);
        let found = self.expect(client, ("GET", &path, Value::Null), 200)?;
        ensure!(
            found["address"] == *inbox.address && found["displayName"] == *inbox.display_name,
            "{found}"
        );
        Ok(())
    }

    fn list_inboxes(&mut self, client: &mut Client) -> Checked {
        let Some((pod, _)) = self.a_pod() else {
            return Ok(());
        };
        let path = format!("/v1/inboxes?podId={pod}&limit=100");
        let list = self.expect(client, ("GET", &path, Value::Null), 200)?;
        let known = self.model.inboxes.iter().filter(|it| it.pod == pod);
        let known: Vec<&str> = known.map(|inbox| &*inbox.id).collect();
        same_ids(&list, known, &self.name)
    }

    fn delete_inbox(&mut self, client: &mut Client) -> Checked {
        let Some(at) = self.an_inbox() else {
            return Ok(());
        };
        let path = format!("/v1/inboxes/{}", self.model.inboxes[at].id);
        self.expect(client, ("DELETE", &path, Value::Null), 204)?;
        self.model.inboxes.remove(at);
        self.expect(client, ("GET", &path, Value::Null), 404)?;
        Ok(())
    }

    /// Mail from outside, now and then as an answer within a thread that has one from there.
    fn arrive(&mut self, client: &mut Client) -> Checked {
        let Some(at) = self.an_inbox() else {
            return self.create_pod(client);
        };
        let subject = self.new_name("Invoice");
        let mail = json!({
            "from": "Eve <eve@example.com>", "to": self.model.inboxes[at].address,
            "subject": subject, "text": "Where is it?\n\nEve",
        });
        let path = format!("/_mock/inbound?world={}", self.name);
        let received = self.expect(client, ("POST", &path, mail), 200)?;
        let arrival = &received["results"][0];
        let inbox = &mut self.model.inboxes[at];
        ensure!(
            arrival["inboxId"] == *inbox.id && arrival["joinedBy"] == "new",
            "{received}"
        );
        let (id, thread) = (text(&arrival["messageId"])?, text(&arrival["threadId"])?);
        inbox.take(id.clone(), thread, subject, true);
        self.hear(&id)
    }

    /// Whoever listens to this world was told of the message, once, and of nothing else.
    fn hear(&mut self, message: &str) -> Checked {
        match &mut self.ear {
            Ear::None => {}
            Ear::Socket(socket) => {
                let event = socket.hear();
                ensure!(
                    event["message"]["id"] == *message,
                    "{} heard {event} instead of {message}",
                    self.name
                );
            }
            Ear::Webhook(receiver, path) => {
                ensure!(
                    receiver.await_message(path, message),
                    "{} was not told of {message}",
                    self.name
                );
                ensure!(receiver.is_quiet(path), "{} was told of more", self.name);
            }
        }
        Ok(())
    }

    /// Mail from one inbox of this world to another one.
    fn send_within(&mut self, client: &mut Client) -> Checked {
        let (Some(from), Some(to)) = (self.an_inbox(), self.an_inbox()) else {
            return Ok(());
        };
        if from == to {
            return Ok(());
        }
        let subject = self.new_name("Note");
        let address = self.model.inboxes[to].address.clone();
        self.send(client, from, &address, &subject, None)?;
        // What the recipient has is a message of its own, which its list tells first.
        let path = format!("/v1/inboxes/{}/messages?limit=1", self.model.inboxes[to].id);
        let list = self.expect(client, ("GET", &path, Value::Null), 200)?;
        let newest = &list["data"][0];
        ensure!(
            newest["subject"] == *subject && newest["direction"] == "inbound",
            "{} lacks {subject}: {list}",
            self.name
        );
        let (id, thread) = (text(&newest["id"])?, text(&newest["threadId"])?);
        self.model.inboxes[to].take(id.clone(), thread, subject, true);
        self.hear(&id)
    }

    /// Mail to the outside, now and then into a thread that is there.
    fn send_outside(&mut self, client: &mut Client) -> Checked {
        let Some(from) = self.an_inbox() else {
            return Ok(());
        };
        let at = self.below(2 * self.model.inboxes[from].threads.len());
        let thread = self.model.inboxes[from].threads.get(at).cloned();
        let subject = match &thread {
            Some(thread) => thread.subject.clone(),
            None => self.new_name("Offer"),
        };
        self.send(client, from, "eve@example.com", &subject, thread)?;
        self.model.departed += 1;
        Ok(())
    }

    fn send(
        &mut self,
        client: &mut Client,
        from: usize,
        to: &str,
        subject: &str,
        thread: Option<Thread>,
    ) -> Checked {
        let path = format!("/v1/inboxes/{}/send", self.model.inboxes[from].id);
        let mut body = json!({ "to": to, "subject": subject, "body": "<p>Good morning!</p>" });
        if let Some(thread) = &thread {
            body["threadId"] = (*thread.id).into();
        }
        let sent = self.expect(client, ("POST", &path, body), 200)?;
        let (id, into) = (text(&sent["messageId"])?, text(&sent["threadId"])?);
        // An answer says so.
        let subject = match &thread {
            Some(thread) => format!("Re: {}", thread.subject),
            None => subject.to_owned(),
        };
        ensure!(
            thread.is_none_or(|thread| thread.id == into),
            "another thread: {sent}"
        );
        self.model.inboxes[from].take(id, into, subject, false);
        Ok(())
    }

    fn list_messages(&mut self, client: &mut Client) -> Checked {
        let Some(at) = self.an_inbox() else {
            return Ok(());
        };
        let inbox = self.model.inboxes[at].clone();
        let (limit, offset) = (self.below(20) + 1, self.below(inbox.messages.len() + 2));
        let path = format!(
            "/v1/inboxes/{}/messages?limit={limit}&offset={offset}",
            inbox.id
        );
        let list = self.expect(client, ("GET", &path, Value::Null), 200)?;
        let expected = inbox.messages.iter().rev().skip(offset).take(limit);
        let expected: Vec<Value> = expected.map(Message::shown).collect();
        let rows = list["data"].as_array().map_or(&[][..], |rows| rows);
        let shown: Vec<Value> = rows.iter().map(shown).collect();
        ensure!(
            list["total"] == inbox.messages.len() && shown == expected,
            "{} {path} has other messages: {list} instead of {expected:?}",
            self.name
        );
        Ok(())
    }

    fn list_threads(&mut self, client: &mut Client) -> Checked {
        let Some(at) = self.an_inbox() else {
            return Ok(());
        };
        let inbox = self.model.inboxes[at].clone();
        for is_read in [None, Some(false), Some(true)] {
            let filter = is_read.map_or(String::new(), |is| format!("&isRead={is}"));
            let path = format!("/v1/inboxes/{}/threads?limit=100{filter}", inbox.id);
            let list = self.expect(client, ("GET", &path, Value::Null), 200)?;
            let rows = list["data"].as_array().map_or(&[][..], |rows| rows);
            let known = inbox.threads.iter();
            let known = known.filter(|it| is_read.is_none_or(|is| it.is_read == is));
            let known: Vec<&Thread> = known.collect();
            ensure!(
                list["total"] == known.len(),
                "{} {path} has {} instead of {}",
                self.name,
                list["total"],
                known.len()
            );
            for row in rows {
                let thread = known.iter().find(|thread| row["id"] == *thread.id);
                let is_right = thread.is_some_and(|thread| {
                    row["subject"] == *thread.subject
                        && row["isRead"] == thread.is_read
                        && row["messageCount"] == inbox.count(&thread.id)
                });
                ensure!(is_right, "{} {path} has {row}", self.name);
            }
        }
        Ok(())
    }

    fn a_thread(&mut self) -> Option<(usize, usize)> {
        let inbox = self.an_inbox()?;
        let count = self.model.inboxes[inbox].threads.len();
        (count > 0).then(|| (inbox, self.below(count)))
    }

    fn read_thread(&mut self, client: &mut Client) -> Checked {
        let Some((inbox, at)) = self.a_thread() else {
            return Ok(());
        };
        let thread = self.model.inboxes[inbox].threads[at].clone();
        let path = format!("/v1/threads/{}", thread.id);
        let body = json!({ "isRead": !thread.is_read });
        self.expect(client, ("PATCH", &path, body), 200)?;
        self.model.inboxes[inbox].threads[at].is_read = !thread.is_read;
        let path = format!("{path}/messages?limit=100");
        let list = self.expect(client, ("GET", &path, Value::Null), 200)?;
        let messages = self.model.inboxes[inbox].messages.iter();
        let messages = messages.filter(|message| message.thread == thread.id);
        let known: Vec<&str> = messages.map(|message| &*message.id).collect();
        same_ids(&list, known, &self.name)
    }

    fn delete_thread(&mut self, client: &mut Client) -> Checked {
        let Some((inbox, at)) = self.a_thread() else {
            return Ok(());
        };
        let inbox = &mut self.model.inboxes[inbox];
        let thread = inbox.threads.remove(at);
        inbox.messages.retain(|message| message.thread != thread.id);
        let path = format!("/v1/threads/{}", thread.id);
        self.expect(client, ("DELETE", &path, Value::Null), 204)?;
        let path = format!("{path}/messages");
        self.expect(client, ("GET", &path, Value::Null), 404)?;
        Ok(())
    }

    fn raw(&mut self, client: &mut Client) -> Checked {
        let Some(at) = self.an_inbox() else {
            return Ok(());
        };
        let count = self.model.inboxes[at].messages.len();
        let at = (at, self.below(count));
        let Some(message) = self.model.inboxes[at.0].messages.get(at.1) else {
            return Ok(());
        };
        let path = format!("/v1/messages/{}/raw", message.id);
        self.expect(client, ("GET", &path, Value::Null), 200)?;
        Ok(())
    }

    /// What another world has does not exist here.
    fn meet_a_stranger(&mut self, client: &mut Client, number: usize, ids: &Strangers) -> Checked {
        let at = self.below(500);
        let strangers = ids.lock().map_err(|error| error.to_string())?;
        let stranger = strangers.get(at % strangers.len().max(1)).cloned();
        drop(strangers);
        let Some((_, id)) = stranger.filter(|(owner, _)| *owner != number) else {
            return Ok(());
        };
        for path in ["", "/messages", "/threads"] {
            let path = format!("/v1/inboxes/{id}{path}");
            let refused = self.expect(client, ("GET", &path, Value::Null), 404)?;
            ensure!(refused["error"].is_string(), "{refused}");
        }
        Ok(())
    }

    fn be_refused(&mut self, client: &mut Client) -> Checked {
        let (path, body, status) = match self.below(4) {
            0 => ("/v1/pods", json!({ "name": 7 }), 400),
            1 => ("/v1/inboxes", json!({ "mailboxName": "No Name" }), 400),
            2 => ("/v1/nowhere", json!({}), 404),
            _ => ("/v1/inboxes", json!({ "podId": "nobody" }), 400),
        };
        let refused = self.expect(client, ("POST", path, body), status)?;
        ensure!(
            refused["error"].is_string() && refused["message"].is_string(),
            "{refused}"
        );
        Ok(())
    }

    /// Ten questions at once are answered in their order.
    fn pipeline(&mut self, client: &mut Client) -> Checked {
        let name = self.new_name("Piped");
        let client_id = self.new_name("pipe");
        let pods = request(&self.key, "GET", "/v1/pods?limit=100", &Value::Null);
        let body = json!({ "clientId": client_id, "name": name });
        let create = request(&self.key, "POST", "/v1/pods", &body);
        let path = format!("/v1/pods/{client_id}");
        let delete = request(&self.key, "DELETE", &path, &Value::Null);
        let order = [&pods, &create, &create, &delete, &delete, &pods];
        let asked: Vec<Vec<u8>> = order.into_iter().cloned().collect();
        self.asked += asked.len() as u64;
        let answers = client.ask_all(&asked).ok_or("no whole answers")?;
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        ensure!(
            statuses == [200, 201, 409, 204, 404, 200],
            "pipelined in {}: {answers:?}",
            self.name
        );
        self.check_pods(&answers[0].body)?;
        self.check_pods(&answers[5].body)
    }

    fn put_faults(&mut self, client: &mut Client, faults: Value) -> Checked {
        let path = format!("/_mock/faults?world={}", self.name);
        self.expect(client, ("PUT", &path, faults), 200)?;
        Ok(())
    }

    fn fail_on_request(&mut self, client: &mut Client) -> Checked {
        let fault = json!([{ "operation": "listPods", "status": 503, "times": 1 }]);
        self.put_faults(client, fault)?;
        self.expect(client, ("GET", "/v1/pods", Value::Null), 503)?;
        self.list_pods(client)?;
        let path = format!("/_mock/faults?world={}", self.name);
        self.expect(client, ("DELETE", &path, Value::Null), 200)?;
        Ok(())
    }

    /// An answer that is lost on its way: what it was the answer to happened, or did not.
    fn break_off_on_request(&mut self, client: &mut Client) -> Checked {
        if self.model.pods.len() >= MOST_PODS {
            return Ok(());
        }
        let cut = ["before", "after", "mid-body"][self.below(3)];
        let fault = json!([{ "operation": "createPod", "drop": cut, "times": 1 }]);
        self.put_faults(client, fault)?;
        let (client_id, name) = (self.new_name("cut"), self.new_name("Cut"));
        let body = json!({ "clientId": client_id, "name": name });
        self.asked += 1;
        let answer = client.ask(&self.key, "POST", "/v1/pods", &body);
        ensure!(answer.is_none(), "{cut}: {answer:?}");
        let path = format!("/v1/pods/{client_id}");
        let status = if cut == "after" { 200 } else { 404 };
        let pod = self.expect(client, ("GET", &path, Value::Null), status)?;
        if cut == "after" {
            let id = text(&pod["id"])?;
            self.model.pods.insert(client_id, Pod { id, name });
        }
        self.put_faults(client, json!([]))
    }

    /// Half a request changes nothing, and half an answer harms nobody.
    fn leave_early(&mut self, client: &mut Client) -> Checked {
        let body = json!({ "clientId": self.new_name("half"), "name": "Never" });
        let write = request(&self.key, "POST", "/v1/pods", &body);
        let missing = self.below(write.len() - 1) + 1;
        client.leave_half_said(&write, missing);
        let read = request(&self.key, "GET", "/v1/pods?limit=100", &Value::Null);
        let length = self.below(200);
        client.leave_half_read(&read, length);
        self.asked += 2;
        self.list_pods(client)
    }

    fn outbox(&mut self, client: &mut Client) -> Checked {
        let path = format!("/_mock/outbox?limit=1&world={}", self.name);
        let list = self.expect(client, ("GET", &path, Value::Null), 200)?;
        ensure!(
            list["total"] == self.model.departed,
            "{} has other mail in its outbox than {}: {list}",
            self.name,
            self.model.departed
        );
        Ok(())
    }

    /// Keeps what there is, or goes back to what was kept.
    fn go_back(&mut self, client: &mut Client) -> Checked {
        let path = format!("/_mock/snapshots/kept?world={}", self.name);
        let Some(kept) = self.kept.take() else {
            self.expect(client, ("PUT", &path, Value::Null), 200)?;
            self.kept = Some(self.model.clone());
            return Ok(());
        };
        let reset = format!("/_mock/reset?world={}", self.name);
        let body = json!({ "to": "kept" });
        self.expect(client, ("POST", &reset, body), 200)?;
        self.model = kept;
        self.expect(client, ("DELETE", &path, Value::Null), 204)?;
        self.list_pods(client)
    }

    fn reset(&mut self, client: &mut Client) -> Checked {
        let path = format!("/_mock/reset?world={}", self.name);
        self.expect(client, ("POST", &path, json!({})), 200)?;
        self.model = Model::default();
        self.reset_at = self.asked;
        self.list_pods(client)
    }
}

type Answered = Result<(Answer, String), Wrong>;

impl Inbox {
    fn take(&mut self, id: String, thread: String, subject: String, is_inbound: bool) {
        match self.threads.iter_mut().find(|known| known.id == thread) {
            // Whoever answers has read; what comes has not been read.
            Some(known) => known.is_read = !is_inbound,
            None => self.threads.push(Thread {
                id: thread.clone(),
                subject: subject.clone(),
                is_read: !is_inbound,
            }),
        }
        self.messages.push(Message {
            id,
            thread,
            subject,
            is_inbound,
        });
    }
}

impl Message {
    fn shown(&self) -> Value {
        let direction = if self.is_inbound {
            "inbound"
        } else {
            "outbound"
        };
        json!([self.id, self.thread, self.subject, direction])
    }
}

/// What is compared of a message.
fn shown(row: &Value) -> Value {
    json!([row["id"], row["threadId"], row["subject"], row["direction"]])
}

/// Some lists say how many rows there are; they say so rightly.
fn same_ids(list: &Value, mut known: Vec<&str>, world: &str) -> Checked {
    let rows = list["data"].as_array().map_or(&[][..], |rows| rows);
    let mut listed: Vec<&str> = rows.iter().filter_map(|row| row["id"].as_str()).collect();
    listed.sort_unstable();
    known.sort_unstable();
    let total = &list["total"];
    ensure!(
        listed == known && (total.is_null() || *total == known.len()),
        "{world} lists other rows than {known:?}: {list}"
    );
    Ok(())
}

fn text(value: &Value) -> Result<String, Wrong> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| format!("no text: {value}"))
}

//! Many workers at one mock, each with a key of its own: what one of them does, no other sees.

use std::collections::BTreeSet;
use std::sync::Barrier;

use serde_json::{Value, json};

use super::support::{Account, Answer, account_of, start};
use openmail_mock::{Config, Running};

const WORKERS: usize = 64;
/// What the fixture `saas` puts into every world, beside the default pod.
const SEED_PODS: [&str; 2] = ["cedar", "meridian"];
const SEED_INBOXES: [&str; 4] = [
    "billing@meridian.io",
    "hello@cedarworks.com",
    "support@meridian.io",
    "team@cedarworks.com",
];

/// One of them, with all that it should see beside the seed.
struct Worker {
    name: String,
    account: Account,
    /// What its clock shows; none while that runs.
    now: Option<String>,
    pods: BTreeSet<String>,
    inboxes: BTreeSet<String>,
    /// The ids of its calls of the API since its last reset, in order.
    asked: Vec<String>,
    /// So many of them were already looked for in the journal.
    found: usize,
}

impl Worker {
    fn new(mock: &Running, number: usize) -> Self {
        let name = format!("worker-{number}");
        Self {
            account: account_of(mock, &name),
            name,
            now: None,
            pods: BTreeSet::new(),
            inboxes: BTreeSet::new(),
            asked: Vec::new(),
            found: 0,
        }
    }

    /// A call of the API, which its journal should hold from now on.
    fn ask(&mut self, method: &str, path: &str, body: Option<Value>, status: u16) -> Answer {
        let answer = self.account.send(method, path, body).expect(status);
        let id = answer.header("x-request-id").expect("every answer has one");
        self.asked.push(id.to_owned());
        answer
    }

    fn control(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.account.send(method, path, body).expect(200)
    }

    /// Everything that changes a world, with a look around after each step.
    fn work(&mut self, number: usize) {
        self.look();
        self.freeze(number);
        self.look();
        self.patch();
        self.look();
        self.create();
        self.look();
        self.control("PUT", "/_mock/snapshots/before", None);
        let kept = (self.pods.clone(), self.inboxes.clone());
        self.delete();
        self.look();
        self.put_its_own_state();
        self.look();
        self.control("POST", "/_mock/reset", Some(json!({ "to": "before" })));
        (self.pods, self.inboxes) = kept;
        self.look();
        // All of it once more, in one piece.
        self.found = 0;
        self.look_at_the_journal();
        self.reset();
        self.look();
    }

    fn reset(&mut self) {
        self.control("POST", "/_mock/reset", Some(json!({})));
        self.now = None;
        self.pods.clear();
        self.inboxes.clear();
        self.asked.clear();
        self.found = 0;
    }

    /// An instant that no other worker's clock shows.
    fn freeze(&mut self, number: usize) {
        let to = format!("{}-05-17T08:00:00.000Z", 2030 + number);
        let frozen = json!({ "mode": "frozen", "to": to });
        self.control("POST", "/_mock/clock", Some(frozen));
        self.control("POST", "/_mock/clock", Some(json!({ "by": "1h" })));
        self.now = Some(to.replace("T08", "T09"));
    }

    fn patch(&mut self) {
        let (pod, inbox) = (self.own("patched"), self.own("patched") + "@openmail.sh");
        let fragment = json!({ "pods": [{ "clientId": pod, "inboxes": [{ "address": inbox }] }] });
        let changes = self.control("PATCH", "/_mock/state", Some(fragment)).json();
        assert_eq!(changes, json!({ "added": 2, "changed": 0, "removed": 0 }));
        self.pods.insert(pod);
        self.inboxes.insert(inbox);
    }

    fn create(&mut self) {
        let made = self.own("made");
        self.ask("POST", "/v1/pods", Some(json!({ "clientId": made })), 201);
        let inbox = json!({ "mailboxName": made, "podId": made });
        self.ask("POST", "/v1/inboxes", Some(inbox), 201);
        self.inboxes.insert(format!("{made}@openmail.sh"));
        self.pods.insert(made);
    }

    fn delete(&mut self) {
        let made = self.own("made");
        let inboxes = self.ask("GET", &format!("/v1/inboxes?podId={made}"), None, 200);
        let id = inboxes.json()["data"][0]["id"].clone();
        let path = format!("/v1/inboxes/{}", id.as_str().expect("its one inbox"));
        self.ask("DELETE", &path, None, 204);
        self.ask("DELETE", &format!("/v1/pods/{made}"), None, 204);
        self.inboxes.remove(&format!("{made}@openmail.sh"));
        self.pods.remove(&made);
    }

    fn put_its_own_state(&self) {
        let state = self.control("GET", "/_mock/state", None);
        self.control("PUT", "/_mock/state", Some(state.json()));
        let again = self.control("GET", "/_mock/state", None);
        assert_eq!(again.body, state.body);
    }

    fn own(&self, kind: &str) -> String {
        format!("{kind}-{}", self.name)
    }

    /// Sees the seed, its own rows of its own time, its own clock and calls, and nothing else.
    fn look(&mut self) {
        let pods = self.ask("GET", "/v1/pods", None, 200).json();
        self.holds(&pods, "clientId", &SEED_PODS, &self.pods);
        let inboxes = self.ask("GET", "/v1/inboxes", None, 200).json();
        self.holds(&inboxes, "address", &SEED_INBOXES, &self.inboxes);
        let clock = self.control("GET", "/_mock/clock", None).json();
        match &self.now {
            Some(now) => assert_eq!(
                clock,
                json!({ "now": now, "mode": "frozen", "moving": false, "waitingFor": [] })
            ),
            None => assert_eq!(clock["mode"], "real"),
        }
        self.look_at_the_journal();
    }

    fn holds(&self, list: &Value, name: &str, seed: &[&str], own: &BTreeSet<String>) {
        let mut expected = own.clone();
        expected.extend(seed.iter().map(|&name| name.to_owned()));
        assert_eq!(texts(&list["data"], name), expected, "{}", self.name);
        for row in rows(&list["data"]) {
            if row[name].as_str().is_some_and(|name| own.contains(name)) {
                assert_eq!(row["createdAt"].as_str(), self.now.as_deref());
            }
        }
    }

    /// Looks for what was asked since the last look.
    fn look_at_the_journal(&mut self) {
        let (before, since) = self.asked.split_at(self.found);
        let since: BTreeSet<String> = since.iter().cloned().collect();
        let path = match before.last() {
            Some(last) => format!("/_mock/requests?limit=100&since={last}"),
            None => "/_mock/requests?limit=100".to_owned(),
        };
        let journal = self.control("GET", &path, None).json();
        assert_eq!(texts(&journal["data"], "id"), since, "{}", self.name);
        let worlds = texts(&journal["data"], "world");
        assert!(worlds.iter().all(|world| *world == self.name));
        self.found = self.asked.len();
    }
}

fn rows(list: &Value) -> &[Value] {
    list.as_array().expect("a list")
}

/// A member of all rows, where it is a text.
fn texts(list: &Value, name: &str) -> BTreeSet<String> {
    let texts = rows(list).iter().filter_map(|row| row[name].as_str());
    texts.map(str::to_owned).collect()
}

#[test]
fn sixty_four_workers_never_see_each_other() {
    let mock = start(Config::with_fixture("saas"));
    let together = Barrier::new(WORKERS);
    std::thread::scope(|scope| {
        for number in 0..WORKERS {
            let (mock, together) = (&mock, &together);
            scope.spawn(move || {
                let mut worker = Worker::new(mock, number);
                together.wait();
                worker.work(number);
            });
        }
    });
    let tally = mock.stop();
    assert_eq!(tally.breaches.told_apart(), []);
    assert_eq!(tally.unknown_calls.told_apart(), []);
}

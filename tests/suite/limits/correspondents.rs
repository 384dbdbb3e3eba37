//! Who wrote to an inbox follows from the messages that are there, whatever happened before.

use std::collections::BTreeSet;

use proptest::prelude::*;

use openmail_mock::domain::ids::Id;
use openmail_mock::domain::messages::{self, Direction, Message};
use openmail_mock::domain::sends::bare;
use openmail_mock::domain::{inboxes, threads};

use super::Life;

const SENDERS: [&str; 4] = [
    "ada@example.com",
    "Ada <ADA@example.com>",
    "bo@example.com",
    "desk0@openmail.sh",
];

#[derive(Debug, Clone)]
enum Step {
    Receive(usize, usize),
    /// Between two inboxes, or to oneself.
    Send(usize, usize),
    DeleteMessage(usize),
    TrashThread(usize),
    DeleteInbox(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..3_usize, 0..SENDERS.len()).prop_map(|(to, from)| Step::Receive(to, from)),
        3 => (0..3_usize, 0..3_usize).prop_map(|(from, to)| Step::Send(from, to)),
        3 => (0..40_usize).prop_map(Step::DeleteMessage),
        2 => (0..40_usize).prop_map(Step::TrashThread),
        1 => (0..3_usize).prop_map(Step::DeleteInbox),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_inbox_knows_whoever_is_in_it(steps in steps()) {
        let mut life = Life::new();
        openmail_mock::domain::account::set_default_limits(&mut life.state, false);
        let inboxes = [0, 1, 2].map(|number| life.inbox(&format!("desk{number}")));
        for step in steps {
            life.pass(1);
            let nth = |at: usize| -> Option<&Message> {
                let rows: Vec<_> = life.state.messages.iter().collect();
                rows.get(at.checked_rem(rows.len())?).map(|row| &***row)
            };
            let lives = |at: usize| life.state.inboxes.get(inboxes[at].id).is_some();
            match step {
                Step::Receive(to, from) if lives(to) => life.receive(&inboxes[to], SENDERS[from]),
                Step::Send(from, to) if lives(from) => {
                    let to = inboxes[to].address.clone();
                    life.send(&inboxes[from], &to).expect("nothing holds");
                }
                Step::DeleteMessage(at) => if let Some(id) = nth(at).map(|it| it.id.to_string()) {
                    life.write(|tx| messages::delete(tx, &id)).expect("it goes");
                },
                Step::TrashThread(at) => if let Some(id) = nth(at).map(|it| it.thread.to_string()) {
                    life.write(|tx| threads::delete(tx, &id)).expect("it goes");
                },
                Step::DeleteInbox(at) if lives(at) => {
                    let id = inboxes[at].id.to_string();
                    life.write(|tx| inboxes::delete(tx, &id)).expect("it goes");
                }
                Step::Receive(..) | Step::Send(..) | Step::DeleteInbox(_) => {}
            }
        }
        let came = life.state.messages.iter().filter(|it| it.direction == Direction::Inbound);
        let came: BTreeSet<(Id, String)> = came
            .map(|it| (it.inbox, bare(&it.mail.from).to_lowercase()))
            .collect();
        let addresses = ["ada@example.com", "bo@example.com", "desk0@openmail.sh",
                         "desk1@openmail.sh", "desk2@openmail.sh"];
        for inbox in &inboxes {
            for address in addresses {
                let known = messages::has_come_from(&life.state, inbox.id, address);
                prop_assert_eq!(known, came.contains(&(inbox.id, address.to_owned())));
            }
        }
    }
}

//! Many sockets at once, each with what is its own.

use std::sync::Arc;
use std::thread;

use openmail_mock::app::MAX_WORLDS;
use openmail_mock::domain::keys::Holder;
use serde_json::json;

use crate::support::app;
use crate::support::post::Post;
use crate::support::socket::Socket;

#[test]
fn two_hundred_sockets_lose_and_double_nothing() {
    const WORLDS: usize = 40;
    const SOCKETS: usize = 5;
    const MAILS: usize = 10;
    let mut worlds: Vec<_> = (0..WORLDS)
        .map(|number| {
            let (post, [inbox]) = super::world(&format!("sockets-many-{number}"), ["desk"]);
            let open = |_| {
                let mut socket = post.account.socket();
                socket.subscribe();
                socket
            };
            let sockets: Vec<Socket> = (0..SOCKETS).map(open).collect();
            (post, inbox, sockets)
        })
        .collect();
    let expected = |world: usize| -> Vec<String> {
        let subjects = (0..MAILS).map(|mail| format!("{world}/{mail}"));
        subjects.collect()
    };
    thread::scope(|scope| {
        for (chunk, worlds) in worlds.chunks_mut(WORLDS / 4).enumerate() {
            scope.spawn(move || {
                for mail in 0..MAILS {
                    for (index, (post, inbox, _)) in worlds.iter().enumerate() {
                        let world = chunk * (WORLDS / 4) + index;
                        super::mail(post, inbox, &format!("{world}/{mail}"));
                    }
                }
                for (index, (_, _, sockets)) in worlds.iter_mut().enumerate() {
                    let world = chunk * (WORLDS / 4) + index;
                    for socket in sockets {
                        assert_eq!(socket.hear_subjects(), expected(world));
                    }
                }
            });
        }
    });
    let listed = |post: &Post| post.account.get("/_mock/sockets").expect(200).json();
    for (post, _, _) in &worlds {
        let listed = listed(post);
        assert_eq!(listed["total"], json!(SOCKETS));
        assert_eq!(listed["data"][0]["delivered"], json!(MAILS));
    }
}

#[test]
fn a_world_with_a_socket_makes_no_room_for_others() {
    let app = app();
    let enter = |name: &str| app.enter(name, Holder::World).expect("there is room");
    let connection = enter("connected").connect(1).expect("a place");
    // The connection holds its world; the test does not.
    let world = Arc::downgrade(&app.peek("connected").expect("it is open"));
    for number in 0..MAX_WORLDS + 10 {
        let _ = enter(&format!("w{number}")).leave();
    }
    assert!(app.peek("w0").is_none());
    assert!(app.peek("connected").is_some());
    drop(connection);
    for number in 0..MAX_WORLDS + 10 {
        let _ = enter(&format!("v{number}")).leave();
    }
    assert!(app.peek("connected").is_none());
    assert!(world.upgrade().is_none());
}

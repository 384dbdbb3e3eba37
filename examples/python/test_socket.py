"""What our product relies on when it listens: a break of the connection loses and doubles nothing."""

import json
from contextlib import closing

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def test_what_came_during_a_break_is_heard_once(api):
    api.post("/v1/inboxes", json={"mailboxName": "desk"}).raise_for_status()
    with closing(listen(api)) as frames:
        assert next(frames)["type"] == "subscribed"
        receive(api, "One")
        assert subjects(frames, 1) == ["One"]

        receive(api, "Two")
        [socket] = api.get("/_mock/sockets").json()["data"]
        api.delete(f"/_mock/sockets/{socket['id']}").raise_for_status()  # As if a cable was cut.
        receive(api, "Three")
        assert subjects(frames, 2) == ["Two", "Three"]
        receive(api, "Four")
        assert subjects(frames, 1) == ["Four"]


def listen(api):
    """Every frame there is, for ever: a new connection begins behind the last event of the old."""
    url = str(api.base_url.copy_with(scheme="ws", path="/v1/ws"))
    wish = {"type": "subscribe", "event_types": ["message.received"]}
    while True:
        # A product would wait longer after each connection that fails.
        with connect(url, additional_headers=dict(api.headers), proxy=None) as socket:
            socket.send(json.dumps(wish))
            try:
                while True:
                    frame = json.loads(socket.recv(timeout=5))
                    wish["last_event_id"] = frame.get("event_id") or wish.get("last_event_id")
                    yield frame
            except ConnectionClosed:
                pass


def subjects(frames, count):
    """The subjects of the next mails."""
    mails = (frame["message"] for frame in frames if frame.get("event") == "message.received")
    return [next(mails)["subject"] for _ in range(count)]


def receive(api, subject):
    mail = {"from": "ada@example.com", "to": "desk@openmail.sh", "subject": subject}
    api.post("/_mock/inbound", json=mail).raise_for_status()

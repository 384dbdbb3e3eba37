"""Gives each test an account of its own, so that tests run in any order and at once; and, if it
wants one, a receiver of webhooks."""

import hashlib
import os
import re
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

BASE_URL = os.environ.get("OPENMAIL_BASE_URL", "http://127.0.0.1:6245")


@pytest.fixture
def api(open_account):
    """A client of the test's own account, which starts from the fixtures."""
    return open_account()


@pytest.fixture
def open_account(request):
    """Opens accounts that no other test knows; the mock makes one out of any key of this form."""
    with ExitStack() as clients:

        def open_account(suffix=""):
            headers = {"Authorization": f"Bearer {key_of(request.node.nodeid + suffix)}"}
            # A proxy from the environment has no business on the way to this machine.
            client = httpx.Client(base_url=BASE_URL, headers=headers, trust_env=False)
            clients.enter_context(client)
            # A mock that outlives the run still holds what the last run wrote.
            client.post("/_mock/reset").raise_for_status()
            return client

        yield open_account


@pytest.fixture
def receiver():
    """A receiver of webhooks: `came` is what it got, `answers` what it says before it says 200."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.came.append((self.headers, body))
            self.send_response(self.server.answers.pop(0) if self.server.answers else 200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.url = f"http://127.0.0.1:{server.server_port}/hooks"
        server.came, server.answers = [], []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def key_of(name):
    """The digest keeps names apart that are alike in what a key has room for."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"om_test_{re.sub(r'[^A-Za-z0-9_-]', '-', name)[-55:]}-{digest}"

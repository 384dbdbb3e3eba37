// What our product relies on when mail moves.

import assert from "node:assert/strict";
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { describe, it, type TestContext } from "node:test";

import { Account, baseUrl, type Hook, type Inbox, type Page, Receiver } from "./openmail.js";

const address = "desk@openmail.sh";

/** The seed: an inbox with one unread mail of yesterday, on top of the fixtures of all tests. */
async function seeded(test: TestContext): Promise<[Account, Inbox]> {
  const api = await Account.of(test);
  const mail = { from: "Ada <ada@example.com>", at: "-1d", text: "Where is my invoice?" };
  await api.call(200, "PATCH", "/_mock/state", {
    pods: [{ clientId: "acme", inboxes: [{ address }] }],
    threads: [{ inbox: address, subject: "Invoice", messages: [mail] }],
  });
  const { data } = await api.get<Page<Inbox>>("/v1/inboxes?podId=acme");
  return [api, data[0]!];
}

describe("mail", { concurrency: true }, () => {
  it("is found while it is unread", async (test) => {
    const [api, desk] = await seeded(test);
    const path = `/v1/inboxes/${desk.id}/threads?isRead=false`;
    const { data } = await api.get<Page<{ subject: string }>>(path);
    assert.deepEqual(data.map((thread) => thread.subject), ["Invoice"]);
  });

  it("leaves once, although the answer is lost", async (test) => {
    const [api, desk] = await seeded(test);
    const fault = { operation: "sendEmail", drop: "after", times: 1 };
    await api.call(200, "PUT", "/_mock/faults", [fault]);

    await send(api, desk, "Your invoice");
    const match = { inbox: address, direction: "outbound" };
    await api.expect({ of: "messages", match, times: 1 });
    const { data } = await api.get<Page<{ hits: number }>>("/_mock/faults");
    assert.equal(data[0]?.hits, 1);
  });

  it("that leaves in the background is waited for", async (test) => {
    const [api, desk] = await seeded(test);
    setTimeout(() => void send(api, desk, "Your invoice"), 20); // Our product, in its own time.

    const match = { to: "ada@example.com", subject: "Your *" };
    const question = { of: "messages", match, withinMs: 5_000 };
    const { matched } = await api.expect<{ bodyText: string }>(question);
    assert.equal(matched[0]?.bodyText, "Here it is.");
  });

  it("comes again, signed, when a webhook failed", async (test) => {
    const [api, desk] = await seeded(test);
    const receiver = await Receiver.of(test);
    await api.call(200, "POST", "/_mock/clock", { mode: "frozen" });
    await api.call(200, "PATCH", `/v1/inboxes/${desk.id}`, { webhookUrl: receiver.url });
    const { webhookSecret } = await api.call<{ webhookSecret: string }>(
      200, "POST", `/v1/inboxes/${desk.id}/webhook/rotate-secret`,
    );

    receiver.answers.push(500);
    const mail = { from: "ada@example.com", to: address, subject: "And now?" };
    await api.call(200, "POST", "/_mock/inbound", mail);
    // Half a minute passes at once, with all that falls due in it.
    await api.call(200, "POST", "/_mock/clock", { by: "30s" });

    assert.deepEqual(receiver.came.map((hook) => JSON.parse(hook.body).attempt), [1, 2]);
    assert.ok(receiver.came.every((hook) => isSigned(hook, webhookSecret)));
    await api.expect({ of: "deliveries", match: { inbox: address, status: "delivered" } });
  });
});

/** Sends a mail until there is an answer; the key lets the service tell a repetition. */
async function send(api: Account, inbox: Inbox, subject: string): Promise<void> {
  const request = {
    method: "POST",
    headers: {
      authorization: `Bearer ${api.key}`,
      "content-type": "application/json",
      "idempotency-key": randomUUID(),
    },
    body: JSON.stringify({ to: "ada@example.com", subject, body: "Here it is." }),
  };
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const answer = await fetch(`${baseUrl}/v1/inboxes/${inbox.id}/send`, request).catch(() => null);
    if (answer) return assert.equal(answer.status, 200, await answer.text());
  }
  throw new Error("the service does not answer");
}

function isSigned({ headers, body }: Hook, secret: string): boolean {
  const digest = createHmac("sha256", secret).update(`${headers["x-timestamp"]}.${body}`).digest();
  return timingSafeEqual(digest, Buffer.from(String(headers["x-signature"]), "hex"));
}

// What our product relies on when it listens: a break of the connection loses and doubles nothing.

import assert from "node:assert/strict";
import { on, once } from "node:events";
import { it } from "node:test";
import { WebSocket } from "ws";

import { Account, baseUrl, type Page } from "./openmail.js";

it("what came during a break is heard once", async (test) => {
  const api = await Account.of(test);
  await api.create("/v1/inboxes", { mailboxName: "desk" });
  const frames = listen(api);
  assert.equal((await frames.next()).value?.type, "subscribed");
  await receive(api, "One");
  assert.deepEqual(await subjects(frames, 1), ["One"]);

  await receive(api, "Two");
  const { data } = await api.get<Page<{ id: string }>>("/_mock/sockets");
  await api.delete(`/_mock/sockets/${data[0]?.id}`); // As if a cable was cut.
  await receive(api, "Three");
  assert.deepEqual(await subjects(frames, 2), ["Two", "Three"]);
  await receive(api, "Four");
  assert.deepEqual(await subjects(frames, 1), ["Four"]);
  await frames.return();
});

interface Frame {
  type?: string;
  event?: string;
  event_id?: string;
  message?: { subject: string };
}

/** Every frame there is, for ever: a new connection begins behind the last event of the old. */
async function* listen(api: Account): AsyncGenerator<Frame, void, void> {
  const wish: Record<string, unknown> = { type: "subscribe", event_types: ["message.received"] };
  for (;;) {
    // A product would wait longer after each connection that fails.
    const headers = { authorization: `Bearer ${api.key}` };
    const socket = new WebSocket(`${baseUrl.replace("http", "ws")}/v1/ws`, { headers });
    const messages = on(socket, "message", { close: ["close"] });
    try {
      await once(socket, "open");
      socket.send(JSON.stringify(wish));
      for await (const [text] of messages) {
        const frame: Frame = JSON.parse(String(text));
        wish.last_event_id = frame.event_id ?? wish.last_event_id;
        yield frame;
      }
    } finally {
      socket.terminate();
    }
  }
}

/** The subjects of the next mails. */
async function subjects(frames: AsyncGenerator<Frame, void, void>, count: number) {
  const found: string[] = [];
  while (found.length < count) {
    const { value } = await frames.next();
    if (value?.event === "message.received") found.push(value.message!.subject);
  }
  return found;
}

function receive(api: Account, subject: string): Promise<unknown> {
  const mail = { from: "ada@example.com", to: "desk@openmail.sh", subject };
  return api.call(200, "POST", "/_mock/inbound", mail);
}

// Pods and mail through openapi-fetch, with the types that openapi-typescript makes of our document.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { it } from "node:test";

import createClient from "openapi-fetch";

import type { components, paths } from "./openmail.js";

type Failure = components["schemas"]["Error"];
type Answer<T> = { data?: T; error?: Failure; response: Response };

const baseUrl = process.env.OPENMAIL_BASE_URL ?? "http://127.0.0.1:6245";

/** A client of a world that no other test has. */
function client() {
  const headers = { authorization: `Bearer om_test_flows-${randomUUID()}` };
  return createClient<paths>({ baseUrl, headers });
}

function answered<T>({ data, error, response }: Answer<T>, status = 200): T {
  assert.equal(response.status, status, JSON.stringify(error));
  return data as T;
}

function refused({ error, response }: Answer<unknown>, status: number, code: string): void {
  assert.deepEqual([response.status, error?.error], [status, code]);
}

it("keeps tenants in pods", async () => {
  const api = client();
  const acme = { params: { path: { id: "acme" } } };
  const pod = answered(await api.POST("/v1/pods", { body: { clientId: "acme", name: "Acme" } }), 201);
  assert.deepEqual([pod.clientId, pod.isDefault], ["acme", false]);
  assert.deepEqual(answered(await api.GET("/v1/pods/{id}", acme)), pod);
  refused(await api.POST("/v1/pods", { body: { clientId: "acme" } }), 409, "client_id_taken");
  assert.equal(answered(await api.PATCH("/v1/pods/{id}", { ...acme, body: { name: null } })).name, null);
  assert.equal(answered(await api.GET("/v1/pods")).total, 2);

  const inbox = answered(await api.POST("/v1/inboxes", { body: { podId: "acme" } }), 201);
  const listed = answered(await api.GET("/v1/inboxes", { params: { query: { podId: "acme" } } }));
  assert.deepEqual(listed.data, [inbox]);
  refused(await api.DELETE("/v1/pods/{id}", acme), 409, "pod_not_empty");
  answered(await api.DELETE("/v1/inboxes/{id}", { params: { path: { id: inbox.id } } }), 204);
  answered(await api.DELETE("/v1/pods/{id}", acme), 204);
  refused(await api.GET("/v1/pods/{id}", acme), 404, "not_found");
});

it("carries mail between two inboxes", async () => {
  const api = client();
  const open = async (mailboxName: string) =>
    answered(await api.POST("/v1/inboxes", { body: { mailboxName } }), 201);
  const [ada, bo] = [await open("ada"), await open("bob")];
  const at = (id: string) => ({ params: { path: { id } } });

  const data = Buffer.from("oak\nash\n").toString("base64");
  const mail = {
    params: { path: { id: ada.id }, header: { "idempotency-key": "1" } },
    body: {
      to: bo.address,
      subject: "Wood",
      body: "The list is attached.",
      attachments: [{ filename: "list.txt", contentType: "text/plain", data }],
    },
  };
  const sent = answered(await api.POST("/v1/inboxes/{id}/send", mail));
  assert.deepEqual(answered(await api.POST("/v1/inboxes/{id}/send", mail)), sent);

  const page = answered(await api.GET("/v1/inboxes/{id}/messages", at(bo.id)));
  const [came] = page.data;
  assert.ok(came);
  assert.deepEqual([page.total, came.direction, came.subject], [1, "inbound", "Wood"]);
  assert.deepEqual(came.attachments.map((file) => file.filename), ["list.txt"]);
  const file = { params: { path: { messageId: came.id, filename: "list.txt" } } };
  assert.equal(answered(await api.GET("/v1/attachments/{messageId}/{filename}/text", file)).text, "oak\nash\n");
  const there = await api.GET("/v1/attachments/{messageId}/{filename}", { ...file, redirect: "manual" });
  assert.equal(there.response.status, 302);
  assert.ok(there.response.headers.get("location"));
  const raw = answered(await api.GET("/v1/messages/{id}/raw", { ...at(came.id), parseAs: "text" }));
  assert.match(raw, /^Subject: Wood\r$/m);

  const [thread] = answered(await api.GET("/v1/inboxes/{id}/threads", at(bo.id))).data;
  assert.ok(thread);
  const answer = { to: ada.address, body: "Thank you.", threadId: thread.id };
  answered(await api.POST("/v1/inboxes/{id}/send", { ...at(bo.id), body: answer }));
  const read = answered(await api.GET("/v1/threads/{id}/messages", at(thread.id)));
  assert.deepEqual(read.data.map((message) => message.direction), ["inbound", "outbound"]);

  answered(await api.PATCH("/v1/threads/{id}", { ...at(thread.id), body: { isRead: true } }));
  answered(await api.DELETE("/v1/messages/{id}", at(came.id)), 204);
  answered(await api.DELETE("/v1/threads/{id}", at(thread.id)), 204);
  refused(await api.GET("/v1/threads/{id}/messages", at(thread.id)), 404, "not_found");
  const wrong = { to: "b", body: "x", subject: "x" };
  refused(await api.POST("/v1/inboxes/{id}/send", { ...at(ada.id), body: wrong }), 400, "bad_request");
});

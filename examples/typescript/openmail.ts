// Gives each test an account of its own, so that tests run in any order and at once; and, if it
// wants one, a receiver of webhooks.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export const baseUrl = process.env.OPENMAIL_BASE_URL ?? "http://127.0.0.1:6245";

export interface Pod {
  id: string;
  clientId: string | null;
  name: string | null;
  isDefault: boolean;
  createdAt: string;
}

export interface Inbox {
  id: string;
  podId: string;
  address: string;
  displayName: string | null;
  createdAt: string;
}

export interface Page<T> {
  data: T[];
  total: number;
}

interface Failure {
  error: string;
  violations?: { pointer: string; rule: string }[];
}

export class Account {
  readonly key: string;

  private constructor(key: string) {
    this.key = key;
  }

  /** An account that no other test knows; the mock makes one out of any key of this form. */
  static async of(test: TestContext, suffix = ""): Promise<Account> {
    const account = new Account(keyOf(test.fullName + suffix));
    // A mock that outlives the run still holds what the last run wrote.
    await account.call(200, "POST", "/_mock/reset");
    return account;
  }

  get<T>(path: string): Promise<T> {
    return this.call(200, "GET", path);
  }

  create<T>(path: string, body: object): Promise<T> {
    return this.call(201, "POST", path, body);
  }

  delete(path: string): Promise<void> {
    return this.call(204, "DELETE", path);
  }

  /** What matched. If nothing does, the failure says what came closest. */
  expect<T>(question: object): Promise<{ matched: T[]; count: number }> {
    return this.call(200, "POST", "/_mock/expect", question);
  }

  /** A call that is refused with this status; answers why. */
  refused(status: number, method: string, path: string, body?: object): Promise<Failure> {
    return this.call(status, method, path, body);
  }

  /** A call that is answered with this status. */
  async call<T>(status: number, method: string, path: string, body?: object): Promise<T> {
    const headers: Record<string, string> = { authorization: `Bearer ${this.key}` };
    if (body) headers["content-type"] = "application/json";
    const answer = await fetch(baseUrl + path, { method, headers, body: JSON.stringify(body) });
    const text = await answer.text();
    assert.equal(answer.status, status, `${method} ${path}: ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }
}

export interface Hook {
  headers: IncomingHttpHeaders;
  body: string;
}

/** A receiver of webhooks: `came` is what it got, `answers` what it says before it says 200. */
export class Receiver {
  readonly came: Hook[] = [];
  readonly answers: number[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text) => (body += text));
      request.on("end", () => {
        this.came.push({ headers: request.headers, body });
        response.writeHead(this.answers.shift() ?? 200).end();
      });
    });
  }

  /** One that ends with the test. */
  static async of(test: TestContext): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    test.after(() => void receiver.#server.close());
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hooks`;
  }
}

/** The digest keeps names apart that are alike in what a key has room for. */
function keyOf(name: string): string {
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 8);
  return `om_test_${name.replace(/[^A-Za-z0-9_-]/g, "-").slice(-55)}-${digest}`;
}

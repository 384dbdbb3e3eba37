// Runs a command against the mock through Stoplight Prism, a proxy that validates both directions:
//
//   openmail-mock exec -- node front.mjs COMMAND…
//
// Everything below /v1 goes through Prism. A request that Prism finds wrong must be refused by the mock as
// well; an answer that Prism finds wrong fails the run. What is not the API (/_mock, /health, sockets) goes to
// the mock itself.

import { spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { fileURLToPath } from "node:url";

const mock = new URL(process.env.OPENMAIL_BASE_URL);
const [command, ...words] = process.argv.slice(2);
const document = fileURLToPath(new URL("../../../openapi.json", import.meta.url));
const prismCli = fileURLToPath(new URL("node_modules/@stoplight/prism-cli/dist/index.js", import.meta.url));

// Prism follows a redirect and judges what is behind it.
const redirected = /^\/v1\/attachments\/[^/]+\/[^/]+$/;

const violations = [];
const count = { checked: 0, agreed: 0, around: 0 };

async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Sends a request that was read whole; answers with what came back, whole as well. */
function send(port, { method, url, headers }, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "127.0.0.1", port, method, path: url, headers }, async (answer) => {
      try {
        resolve({ status: answer.statusCode, headers: answer.rawHeaders, body: await whole(answer) });
      } catch (error) {
        reject(error);
      }
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function whole(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What Prism itself says of a call, if it does not just hand the mock's answer on. */
function objection({ headers, body }) {
  return headers.includes("application/problem+json") ? JSON.parse(body.toString()) : undefined;
}

/** To Prism a list in a form is a list only if it has two parts or more. */
function isLonelyPart({ headers }, { validation }) {
  const isForm = headers["content-type"]?.startsWith("multipart/form-data");
  return isForm && validation?.every(({ message }) => message.endsWith("must be array"));
}

async function handle(request, prismPort) {
  const body = await whole(request);
  if (!request.url.startsWith("/v1/") || redirected.test(request.url)) {
    count.around += 1;
    return send(mock.port, request, body);
  }
  count.checked += 1;
  const answer = await send(prismPort, request, body);
  const said = objection(answer);
  if (!said) return answer;
  // The mock broke the connection off, as a fault may ask it to: so does this.
  if (!said.type.startsWith("https://stoplight.io/prism/errors#")) return undefined;
  const own = await send(mock.port, request, body);
  // The mock's own answer is what the command sees, whoever is right.
  if (answer.status < 500 && own.status >= 400 && own.status < 500) {
    count.agreed += 1;
  } else if (!isLonelyPart(request, said)) {
    const why = JSON.stringify(said.validation ?? said.detail);
    violations.push(`${request.method} ${request.url} (${own.status}): ${said.title}: ${why}`);
  }
  return own;
}

const prismPort = await freePort();
const prism = spawn(process.execPath, [
  prismCli, "proxy", document, mock.origin, "--errors", "--port", String(prismPort), "--verboseLevel", "error",
], { stdio: ["ignore", "ignore", "inherit"] });
prism.on("exit", (code) => {
  if (code) console.error(`Prism ended with ${code}`);
});

const front = http.createServer((request, response) => {
  handle(request, prismPort).then(
    (answer) => (answer ? response.writeHead(answer.status, answer.headers).end(answer.body) : response.destroy()),
    (error) => {
      violations.push(`${request.method} ${request.url}: ${error}`);
      response.destroy();
    },
  );
});
front.on("upgrade", (request, socket, head) => {
  count.around += 1;
  const there = net.connect(Number(mock.port), "127.0.0.1", () => {
    const lines = request.rawHeaders.map((text, at) => text + (at % 2 ? "\r\n" : ": ")).join("");
    there.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines}\r\n`);
    there.write(head);
    socket.pipe(there).pipe(socket);
  });
  for (const [one, other] of [[socket, there], [there, socket]]) one.on("error", () => other.destroy());
});
front.listen(0, "127.0.0.1");
await once(front, "listening");

const deadline = Date.now() + 60_000;
while (!(await send(prismPort, { method: "GET", url: "/", headers: {} }).then(() => true, () => false))) {
  if (prism.exitCode !== null || Date.now() > deadline) {
    console.error("Prism did not start");
    prism.kill();
    process.exit(1);
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
}

const url = `http://127.0.0.1:${front.address().port}`;
const env = { ...process.env, OPENMAIL_BASE_URL: url, OPENMAIL_API_URL: url };
const child = spawn(command, words, { stdio: "inherit", env });
const [code] = await Promise.race([once(child, "exit"), once(child, "error").then(() => [127])]);
prism.kill();
front.close();
front.closeAllConnections();

for (const violation of violations) console.error(`violation: ${violation}`);
console.log(
  `Prism: ${count.checked} calls checked, ${violations.length} violations; ` +
    `${count.agreed} requests found wrong by both; ${count.around} calls beside it`,
);
if (!count.checked) console.error("nothing went through Prism");
process.exit(code || (violations.length || !count.checked ? 1 : 0));

// Sends GitHub's own example of a push event, signed by GitHub's own library: github_push.cjs URL SECRET. Prints the status.
const path = require("node:path");
const modules = path.join(__dirname, "../foreign/node_modules/@octokit");
const { sign } = require(path.join(modules, "webhooks-methods"));
const events = require(path.join(modules, "webhooks-examples"));

const [url, secret] = process.argv.slice(2);
const body = JSON.stringify(events.find((event) => event.name === "push").examples[0]);
sign(secret, body)
  .then((signature) => fetch(url, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json", "x-github-event": "push", "x-github-delivery": crypto.randomUUID(), "x-hub-signature-256": signature,
    },
  }))
  .then((reply) => console.log(reply.status));

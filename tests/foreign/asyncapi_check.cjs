// Reads one AsyncAPI document on stdin and holds it against the specification with @asyncapi/parser: the document, its
// bindings, its schemas and their examples. Exit 1 and sentences if it complains.
"use strict";

const fs = require("fs");
const {Parser} = require("@asyncapi/parser");

async function complaintsOf(text) {
  const {document, diagnostics} = await new Parser().parse(text);
  const complaints = diagnostics
    .filter((one) => one.severity === 0)
    .map((one) => `${one.path.join("/")}: ${one.message}`);
  if (!document && complaints.length === 0) complaints.push("it was not read, and nobody says why");
  return complaints;
}

complaintsOf(fs.readFileSync(0, "utf8")).then((complaints) => {
  for (const complaint of complaints) console.log(complaint);
  process.exitCode = complaints.length ? 1 : 0;
});

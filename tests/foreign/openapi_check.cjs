// Reads one OpenAPI document on stdin and holds it against the specification: the document by @readme/openapi-parser, each of
// its schemas by ajv (JSON Schema 2020-12), each example by the schema that it stands beside. Exit 1 and sentences if not.
"use strict";

const fs = require("fs");
const parser = require("@readme/openapi-parser");
const Ajv = require("ajv/dist/2020");

// What stands beside a schema: parameters, headers and media types have an example each; a schema has examples of its own.
function examplesOf(node) {
  if (node.schema && node.example !== undefined) return [[node.schema, node.example]];
  return (node.examples instanceof Array ? node.examples : []).map((example) => [node, example]);
}

function eachObject(node, at, visit) {
  if (node === null || typeof node !== "object") return;
  visit(node, at);
  for (const [key, value] of Object.entries(node)) eachObject(value, `${at}/${key.replace(/~/g, "~0").replace(/\//g, "~1")}`, visit);
}

async function complaintsOf(document) {
  const complaints = [];
  await parser.validate(structuredClone(document)).catch((error) => complaints.push(error.message));

  const ajv = new Ajv({strict: true, strictRequired: true, allErrors: true, validateFormats: false});
  ajv.addVocabulary(["openapi", "info", "paths", "components", "servers", "tags", "discriminator", "example", "externalDocs"]);
  ajv.addSchema({...document, $id: "document:"});
  let schemas = 0;
  eachObject(document, "document:#", (node, at) => {
    if (!/\/(schema|components\/schemas\/[^/]+)$/.test(at)) return;
    schemas += 1;
    try {
      ajv.getSchema(at) || complaints.push(`${at}: no schema`);
    } catch (error) {
      complaints.push(`${at}: ${error.message}`);
    }
  });
  eachObject(document, "document:#", (node, at) => {
    for (const [schema, example] of examplesOf(node)) {
      const validate = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"document:#/')));
      if (!validate(example)) complaints.push(`${at}: the example ${JSON.stringify(example)} is not its schema's: ${ajv.errorsText(validate.errors)}`);
    }
  });
  if (schemas === 0) complaints.push("not a single schema was found");
  return complaints;
}

complaintsOf(JSON.parse(fs.readFileSync(0, "utf8"))).then((complaints) => {
  for (const complaint of complaints) console.log(complaint);
  process.exitCode = complaints.length ? 1 : 0;
});

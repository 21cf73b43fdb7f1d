// The published documents and the golden examples, as the checks read them.

import { readFileSync, readdirSync } from "node:fs";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";

const root = new URL("../../", import.meta.url);

/** @param {string} path from the repository's root */
export function json(path) {
  return JSON.parse(readFileSync(new URL(path, root), "utf8"));
}

export const openapi = json("docs/openapi.json");
export const socket = json("docs/asyncapi-socket.json");
export const broker = json("docs/asyncapi-broker.json");
export const typescript = readFileSync(new URL("web/src/protocol.ts", root), "utf8");

/** Every example, in the order of the names; `server.error.rate_limited` is one more of `server.error`. */
export const golden = readdirSync(new URL("crates/protocol/golden/", root))
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file) => {
    const [kind, what] = file.split(".");
    return { name: file.slice(0, -".json".length), kind, what, example: json(`crates/protocol/golden/${file}`) };
  });

/** The call of this name in the OpenAPI document. */
export function operation(name) {
  const operations = Object.values(openapi.paths).flatMap((path) => Object.values(path));
  const found = operations.find((operation) => operation.operationId === name);
  if (!found) throw new Error(`docs/openapi.json has no call ${name}`);
  return found;
}

/**
 * What an example consists of: each JSON value, the document that describes it, and its schema there.
 * @returns {{ value: unknown, document: object, schema: object }[]}
 */
export function parts({ kind, what, example }) {
  if (kind === "client" || kind === "server") {
    return [{ value: example, document: socket, schema: socket.components.messages[`${kind}.${what}`].payload }];
  }
  if (kind === "broker") {
    return [{ value: example, document: broker, schema: broker.components.messages[what].payload }];
  }
  const call = operation(what);
  const { request, answer } = example;
  const found = [];
  if (request.body !== undefined) {
    const schema = call.requestBody.content["application/json"].schema;
    found.push({ value: request.body, document: openapi, schema });
  }
  if (answer.body !== undefined) {
    const [content] = Object.values(call.responses[answer.status].content);
    found.push({ value: answer.body, document: openapi, schema: content.schema });
  }
  return found;
}

const formats = {
  uuid: /^[0-9a-f-]{36}$/,
  "date-time": (text) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)),
  uint16: { type: "number", validate: (n) => Number.isInteger(n) && n >= 0 && n < 2 ** 16 },
  uint32: { type: "number", validate: (n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32 },
  uint64: { type: "number", validate: (n) => Number.isInteger(n) && n >= 0 },
  int64: { type: "number", validate: Number.isInteger },
  double: { type: "number", validate: Number.isFinite },
};

/** What is wrong with a value by a schema within a document; nothing if it is right. */
export function faults({ value, document, schema }) {
  // OpenAPI 3.1 speaks JSON Schema 2020-12, AsyncAPI 3.0 draft 07. Both keep their own words beside the schemas.
  const Kind = document === openapi ? Ajv2020 : Ajv;
  const ajv = new Kind({ strictSchema: true, allErrors: true, allowUnionTypes: true, formats });
  const { schemas } = document.components;
  const check = ajv.compile(standalone({ ...schema, $defs: schemas }));
  check(value);
  return check.errors ?? [];
}

/** A schema that finds what it refers to within itself. */
function standalone(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/schemas/', '"#/$defs/'));
}

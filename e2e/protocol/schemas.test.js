// The published documents are valid by their own standards, and every golden example is valid by them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Parser } from "@asyncapi/parser";
import { Validator } from "@seriousme/openapi-schema-validator";
import { broker, faults, golden, openapi, operation, parts, socket } from "./documents.js";

test("docs/openapi.json is OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate(structuredClone(openapi));
  assert.ok(valid, JSON.stringify(errors, null, 2));
});

for (const [name, document] of Object.entries({ socket, broker })) {
  test(`docs/asyncapi-${name}.json is AsyncAPI 3.0`, async () => {
    const diagnostics = await new Parser().validate(JSON.stringify(document));
    const serious = diagnostics.filter(({ severity }) => severity <= 1);
    assert.deepEqual(serious, []);
  });
}

for (const example of golden) {
  test(`${example.name} is valid by its schema`, () => {
    for (const part of parts(example)) assert.deepEqual(faults(part), []);
  });
}

test("a field that a client adds is refused by the schema too", () => {
  const readers = golden.filter(({ kind, name }) => kind === "client" || /^http\.(log_in|create_room)$/.test(name));
  assert.equal(readers.length, 5);
  for (const example of readers) {
    const [request] = parts(example);
    assert.notDeepEqual(faults({ ...request, value: { ...request.value, author: "bot:stock" } }), []);
  }
});

test("a field that is missing is a fault in every example", () => {
  for (const example of golden) {
    for (const { value, ...rest } of parts(example)) {
      const { $ref } = rest.schema;
      const schema = $ref ? rest.document.components.schemas[$ref.split("/").at(-1)] : rest.schema;
      for (const field of schema.required ?? []) {
        const { [field]: _gone, ...without } = value;
        assert.notDeepEqual(faults({ value: without, ...rest }), [], `${example.name} without ${field}`);
      }
    }
  }
});

test("every failure of a call that has an example is listed", () => {
  const failures = golden.filter(({ kind, example }) => kind === "http" && example.answer.status >= 400);
  assert.ok(failures.length >= 3);
  for (const { what, example } of failures) {
    const codes = operation(what).responses[example.answer.status]["x-codes"];
    assert.ok(codes.includes(example.answer.body.code), `${what} ${example.answer.body.code}`);
  }
});

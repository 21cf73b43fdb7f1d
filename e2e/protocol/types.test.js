// Every golden example that a page can meet is of the page's type, by the TypeScript compiler.

import assert from "node:assert/strict";
import { test } from "node:test";
import ts from "typescript";
import { golden, openapi, parts, typescript } from "./documents.js";

/** The type that the page has for a part of an example; nothing for what no page ever sees. */
function typeOf(kind, part) {
  if (kind === "client") return "ClientFrame";
  if (kind === "server") return "ServerFrame";
  if (part.document !== openapi) return undefined;
  const { $ref, items } = part.schema;
  const name = ($ref ?? items?.$ref)?.split("/").at(-1);
  if (!name || name === "Readiness") return undefined;
  return items ? `Array<${name}>` : name;
}

/** What the compiler says of these declarations, one a line, beside the page's types. */
function complaints(declarations) {
  const source = [...declarations, 'import type * as protocol from "./protocol.ts";'].join("\n");
  const files = { "/protocol.ts": typescript, "/examples.ts": source };
  const options = {
    strict: true,
    noEmit: true,
    exactOptionalPropertyTypes: true,
    allowImportingTsExtensions: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, ...rest) =>
    files[name] ? ts.createSourceFile(name, files[name], ts.ScriptTarget.ES2022) : getSourceFile(name, ...rest);
  host.fileExists = (name) => name in files || fileExists(name);
  const program = ts.createProgram(["/examples.ts"], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => ({
    line: file?.getLineAndCharacterOfPosition(start).line,
    text: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
}

const typed = golden.flatMap(({ name, kind, ...rest }) =>
  parts({ name, kind, ...rest }).flatMap((part) => {
    const type = typeOf(kind, part);
    return type ? [{ name, type, value: part.value }] : [];
  }),
);

function declaration({ type, value }, index) {
  const qualified = type.replace(/[A-Z]\w*$|(?<=<)\w+/, (name) => `protocol.${name}`);
  return `export const example${index}: ${qualified} = ${JSON.stringify(value)};`;
}

test("every example that a page can meet is of the page's type", () => {
  assert.ok(typed.length >= 50, `only ${typed.length} examples`);
  assert.deepEqual(complaints(typed.map(declaration)), []);
});

test("no example is of the page's type any more once a field has another one", () => {
  const wrong = typed.flatMap(({ type, value }) =>
    Array.isArray(value) ? [] : Object.keys(value).map((field) => ({ type, value: { ...value, [field]: [[]] } })),
  );
  assert.ok(wrong.length > 150, `only ${wrong.length} wrong examples`);
  const lines = new Set(complaints(wrong.map(declaration)).map(({ line }) => line));
  const missed = wrong.filter((_, index) => !lines.has(index));
  assert.deepEqual(missed, []);
});

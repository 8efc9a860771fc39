import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { commandOf, launch, problemOf, SELECTOR, WATCHED, type End } from "../server";

const HOME = join("/", "home", "ada");
const FOLDER = join("/", "work", "deploy");

/** Whether a name of a file matches a glob of an editor, for the globs that are used here. */
function matches(glob: string, name: string): boolean {
  return expanded(glob.replace("**/", "")).some((one) =>
    new RegExp(`^${one.replace(/[.+]/g, "\\$&").replaceAll("*", ".*")}$`).test(name),
  );
}

/** A glob without braces, once for each member of them. */
function expanded(glob: string): string[] {
  const [, before = "", members, after = ""] = /^(.*?)\{(.*?)\}(.*)$/.exec(glob) ?? [];
  return members === undefined ? [glob] : members.split(",").flatMap((member) => expanded(before + member + after));
}

const isSelected = (name: string) => SELECTOR.some((filter) => "pattern" in filter && matches(filter.pattern, name));

test("the program is found on the path, or in the home or workspace folder", () => {
  const program = (path: unknown, folder?: string) => commandOf(path, HOME, folder).program;
  assert.equal(program("medplum-lint", FOLDER), "medplum-lint");
  assert.equal(program(".venv/bin/medplum-lint", FOLDER), join(FOLDER, ".venv", "bin", "medplum-lint"));
  assert.equal(program(".venv/bin/medplum-lint"), ".venv/bin/medplum-lint");
  assert.equal(program("~/bin/medplum-lint", FOLDER), join(HOME, "bin", "medplum-lint"));
  assert.equal(program(join(FOLDER, "x"), HOME), join(FOLDER, "x"));
});

test("a list is a program with arguments, and a text is a program, also with spaces", () => {
  assert.deepEqual(commandOf(["uvx", "medplum-lint"], HOME), { program: "uvx", args: ["medplum-lint", "lsp"] });
  assert.deepEqual(commandOf("my lint", HOME), { program: "my lint", args: ["lsp"] });
});

for (const path of [undefined, null, "", [], [""], 7]) {
  test(`without a program it is medplum-lint: ${JSON.stringify(path)}`, () => {
    assert.deepEqual(commandOf(path, HOME, FOLDER), { program: "medplum-lint", args: ["lsp"] });
  });
}

const COPY = "Copy the command";
const problems: [string, End, string, string][] = [
  ["medplum-lint", { error: "ENOENT", stderr: "" }, "medplum-lint is not installed: pip install 'medplum-lint[lsp]'", COPY],
  ["/no", { error: "ENOENT", stderr: "" }, "The program in the setting medplumLint.path does not exist: /no", "Open the setting"],
  ["/no", { error: "EACCES", stderr: "" }, "The program in the setting medplumLint.path cannot be run (EACCES): /no", "Open the setting"],
  [
    "medplum-lint",
    { status: 2, stderr: "the editor needs pygls: pip install 'medplum-lint[lsp]'\n" },
    "medplum-lint lacks the packages that an editor needs: pip install 'medplum-lint[lsp]'",
    COPY,
  ],
  [
    "medplum-lint",
    { status: 2, stderr: "medplum-lint: error: lsp: no such file or folder\n" },
    "This medplum-lint is too old for an editor: pip install --upgrade 'medplum-lint[lsp]'",
    COPY,
  ],
  ["medplum-lint", { status: 3, stderr: "?" }, "The language server of medplum-lint did not start (exit code 3)", "Show the output"],
  ["medplum-lint", { status: null, stderr: "" }, "The language server of medplum-lint did not start", "Show the output"],
];

for (const [program, end, text, button] of problems) {
  test(text, () => {
    const problem = problemOf({ program, args: ["lsp"] }, end);
    assert.deepEqual([problem.text, problem.button], [text, button]);
    assert.equal(problem.copied, button === COPY ? text.slice(text.indexOf("pip")) : undefined);
  });
}

test("a program that is not there ends with the system's error", async () => {
  const launched = launch({ program: "medplum-lint-that-is-not-there", args: [] }, process.cwd());
  await assert.rejects(launched.process, { code: "ENOENT" });
  assert.deepEqual(await launched.end, { error: "ENOENT", stderr: "" });
});

test("a program that ends has an exit code and what it wrote, of which the last part is kept", async () => {
  const script = "process.stderr.write('x'.repeat(20000) + 'end'); process.exitCode = 3";
  const launched = launch({ program: process.execPath, args: ["-e", script] }, process.cwd());
  assert.ok((await launched.process).pid);
  const { status, stderr } = await launched.end;
  assert.deepEqual([status, stderr.length, stderr.slice(-4)], [3, 10_000, "xend"]);
});

test("a program that does not end can be killed", async () => {
  const launched = launch({ program: process.execPath, args: ["-e", "setInterval(() => 0, 1000)"] }, process.cwd());
  await launched.process;
  launched.kill();
  assert.equal((await launched.end).status, null);
});

test("every file that a folder is searched for is selected", () => {
  const page = readFileSync(join(__dirname, "../../../../docs/check.md"), "utf8");
  const rows = page.split("\n").filter((line) => /^\| `(server|infra|secret)\//.test(line));
  const globs = rows.flatMap((row) => [...(row.split(" | ").at(-1) ?? "").matchAll(/`([^`]+)`/g)].map(([, glob = ""]) => glob));
  assert.ok(globs.length > 30);
  const names = globs.flatMap(expanded).flatMap((glob) => ["x", "y.z"].map((part) => glob.replaceAll("*", part)));
  assert.deepEqual(names.filter((name) => !isSelected(name)), []);
});

test("other files are not selected by their name", () => {
  assert.deepEqual(["main.tf", "notes.md", "index.ts", "environment", "x.toml"].filter(isSelected), []);
});

test("the configuration files are watched", () => {
  assert.deepEqual([".medplum-lint.toml", "pyproject.toml", "x.toml"].map((name) => matches(WATCHED, name)), [true, true, false]);
});

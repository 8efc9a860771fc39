import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const EDITOR = process.env["VSCODE"];
const PROGRAM = process.env["MEDPLUM_LINT"] ?? "medplum-lint";
const WHY_NOT = "set VSCODE to the executable of VS Code, not its script, and MEDPLUM_LINT to that of medplum-lint (Linux: xvfb-run)";

test("a real editor shows a finding", { skip: EDITOR === undefined ? WHY_NOT : false }, () => {
  const folder = mkdtempSync(join(tmpdir(), "medplum-lint-"));
  const user = join(folder, "user");
  const work = join(folder, "work");
  mkdirSync(join(user, "User"), { recursive: true });
  mkdirSync(work);
  writeFileSync(join(user, "User", "settings.json"), JSON.stringify({ "medplumLint.path": PROGRAM }));
  writeFileSync(join(work, "medplum.config.json"), '{\n  "port": 8103,\n  "baseUrl": "https://api.clinic.example"\n}\n');
  try {
    const done = spawnSync(EDITOR ?? "", [
      `--extensionDevelopmentPath=${join(__dirname, "../..")}`,
      `--extensionTestsPath=${join(__dirname, "in-editor.js")}`,
      `--user-data-dir=${user}`,
      `--extensions-dir=${join(folder, "extensions")}`,
      "--disable-workspace-trust",
      "--disable-gpu",
      "--no-sandbox",
      work,
    ], { encoding: "utf8", timeout: 120_000 });
    assert.equal(done.status, 0, `${done.error ?? ""}${done.stdout}${done.stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** What editor.test.ts runs in the editor. */

import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { languages, window, workspace, type Diagnostic } from "vscode";

export async function run(): Promise<void> {
  const [file] = await workspace.findFiles("medplum.config.json");
  assert.ok(file);
  await window.showTextDocument(file);
  let found: Diagnostic[] = [];
  for (let tries = 0; tries < 100 && found.length === 0; tries++) {
    await setTimeout(300);
    found = languages.getDiagnostics(file).filter((one) => one.source === "medplum-lint");
  }
  assert.match(found.map((one) => one.message).join("\n"), /baseUrl must end with/);
}

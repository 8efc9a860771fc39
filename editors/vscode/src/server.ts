/** What the extension knows without the editor: which files it checks, which program it runs, and what to say when that fails. */

import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { isAbsolute, join } from "node:path";

const DEFAULT = "medplum-lint";
const INSTALL = "pip install 'medplum-lint[lsp]'";
const UPGRADE = "pip install --upgrade 'medplum-lint[lsp]'";
const KEPT = 10_000; // characters of standard error

/** The files that can be a configuration. The server recognises them by their content, and reports nothing in the others. */
export const SELECTOR = [
  ...["json", "jsonc", "yaml", "dockerfile", "dockercompose"].map((language) => ({ scheme: "file", language })),
  // Whatever their language is: other extensions have their own for Compose files, workflows, templates and values of charts.
  ...[
    "**/*.{json,jsonl,yaml,yml}",
    "**/{.env,.env.*,*.env}",
    "**/{Dockerfile,Dockerfile.*,*.Dockerfile}",
    "**/*tfstate*",
    "**/*.{service,template}",
  ].map((pattern) => ({ scheme: "file", pattern })),
];

/** The configuration files of medplum-lint. */
export const WATCHED = "**/{.medplum-lint.toml,pyproject.toml}";

/** The settings that the server is started with. A change of one restarts it. */
export const SETTINGS = ["path", "serverVersion", "pedantic"] as const;

export interface Command {
  program: string;
  args: string[];
}

/** The command that the setting `medplumLint.path` asks for. A relative path is one in the first folder of the workspace. */
export function commandOf(path: unknown, home: string, folder?: string): Command {
  const words = (Array.isArray(path) ? path : [path]).filter((word): word is string => typeof word === "string" && word !== "");
  const [program = DEFAULT, ...args] = words;
  return { program: resolved(program, home, folder), args: [...args, "lsp"] };
}

function resolved(program: string, home: string, folder?: string): string {
  if (/^~[\\/]/.test(program)) {
    return join(home, program.slice(2));
  }
  return folder !== undefined && /[\\/]/.test(program) && !isAbsolute(program) ? join(folder, program) : program;
}

/** How a program ended: with an error of the system before it ran, or with an exit code and what it wrote to standard error. */
export interface End {
  error?: string;
  status?: number | null;
  stderr: string;
}

export interface Launched {
  /** The running process. It is rejected if there is none. */
  process: Promise<ChildProcessWithoutNullStreams>;
  end: Promise<End>;
  kill: () => void;
}

/**
 * Run a command. Its folder is the home folder, never the workspace: Windows looks for a program there first, and Python for its modules.
 */
export function launch({ program, args }: Command, home: string): Launched {
  const child = spawn(program, args, { cwd: home, windowsHide: true });
  let stderr = "";
  child.stderr.on("data", (data: Buffer) => (stderr = (stderr + data.toString()).slice(-KEPT)));
  return {
    process: new Promise((resolve, reject) => child.once("spawn", () => resolve(child)).once("error", reject)),
    end: new Promise((resolve) => {
      child.once("error", (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message, stderr }));
      child.once("close", (status) => resolve({ status, stderr }));
    }),
    kill: () => {
      child.kill();
      child.stdio.forEach((stream) => stream?.destroy()); // which a child of it may still hold
    },
  };
}

/** A message with one button. */
export interface Problem {
  text: string;
  button: "Copy the command" | "Open the setting" | "Show the output";
  /** What the button copies. */
  copied?: string;
}

/** What to say of a server that did not start. */
export function problemOf({ program }: Command, { error, status, stderr }: End): Problem {
  if (error === "ENOENT" && program === DEFAULT) {
    return toCopy("medplum-lint is not installed", INSTALL);
  }
  if (error !== undefined) {
    const what = error === "ENOENT" ? "does not exist" : `cannot be run (${error})`;
    return { text: `The program in the setting medplumLint.path ${what}: ${program}`, button: "Open the setting" };
  }
  if (stderr.includes("medplum-lint[lsp]")) {
    return toCopy("medplum-lint lacks the packages that an editor needs", INSTALL);
  }
  if (/\blsp\b.*no such file or folder|No such command\b.*\blsp\b/.test(stderr)) {
    return toCopy("This medplum-lint is too old for an editor", UPGRADE);
  }
  const code = typeof status === "number" ? ` (exit code ${status})` : "";
  return { text: `The language server of medplum-lint did not start${code}`, button: "Show the output" };
}

function toCopy(what: string, command: string): Problem {
  return { text: `${what}: ${command}`, button: "Copy the command", copied: command };
}

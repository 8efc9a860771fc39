/** The extension: it starts `medplum-lint lsp` when a file is opened that can be a configuration, and says what to do if it cannot. */

import { homedir } from "node:os";
import { commands, env, languages, window, workspace, type ExtensionContext, type FileSystemWatcher, type OutputChannel } from "vscode";
import { CloseAction, ErrorAction, LanguageClient, RevealOutputChannelOn, type ErrorHandler } from "vscode-languageclient/node";

import { commandOf, launch, problemOf, SELECTOR, SETTINGS, WATCHED, type Command, type End, type Launched, type Problem } from "./server";

const SECTION = "medplumLint"; // of the settings; the client reads trace.server in it
const NAME = "medplum-lint";
const PATIENCE = 2_000; // milliseconds for a server to end

/** A client that shows no message of its own before its server runs: the extension has a better one. */
class Client extends LanguageClient {
  started = false;

  override error(message: string, data?: unknown, show: boolean | "force" = true): void {
    super.error(message, data instanceof Error ? data.message : data, this.started && show);
  }

  override async stop(timeout = PATIENCE): Promise<void> {
    if (this.isRunning()) {
      await super.stop(timeout);
    }
  }
}

class Server {
  /** Whether it was started, also without success: then only a command or a new setting starts it again. */
  asked = false;
  private client: Client | undefined;
  private launched: Launched | undefined;
  private queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly output: OutputChannel,
    private readonly watcher: FileSystemWatcher,
  ) {}

  restart(): Promise<void> {
    this.asked = true;
    return this.next(async () => {
      await this.halt();
      await this.start();
    });
  }

  stop(): Promise<void> {
    return this.next(() => this.halt());
  }

  /** Do this after what is being done; a start that may never end is given up. */
  private next(step: () => Promise<void>): Promise<void> {
    if (this.client?.started === false) {
      this.client = undefined;
      this.launched?.kill();
    }
    return (this.queue = this.queue.then(step).catch((error: unknown) => this.output.appendLine(String(error))));
  }

  private async start(): Promise<void> {
    const settings = workspace.getConfiguration(SECTION);
    const command = commandOf(settings.get("path"), homedir(), workspace.workspaceFolders?.[0]?.uri.fsPath);
    const client: Client = new Client(SECTION, NAME, () => this.launch(command), {
      documentSelector: SELECTOR,
      outputChannel: this.output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: { serverVersion: settings.get("serverVersion"), pedantic: settings.get("pedantic") },
      synchronize: { configurationSection: SECTION, fileEvents: this.watcher },
      initializationFailedHandler: () => false,
      errorHandler: errorHandler(() => client),
    });
    this.client = client;
    await client.start().catch(() => undefined); // the client wrote the reason to the output
    client.started = client.isRunning();
    if (!client.started && this.client === client) {
      void this.show(problemOf(command, await this.end()));
    }
  }

  private launch(command: Command): Launched["process"] {
    this.launched = launch(command, homedir());
    return this.launched.process;
  }

  private async halt(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.dispose().catch(() => undefined);
    await this.end();
  }

  /** How the process ends, which is killed if it does not by itself. */
  private async end(): Promise<End> {
    const timer = setTimeout(() => this.launched?.kill(), PATIENCE);
    const end = await this.launched?.end;
    clearTimeout(timer);
    return end ?? { stderr: "" };
  }

  private async show({ text, button, copied }: Problem): Promise<void> {
    if ((await window.showErrorMessage(text, button)) === undefined) {
      return;
    }
    if (copied !== undefined) {
      await env.clipboard.writeText(copied);
    } else if (button === "Open the setting") {
      await commands.executeCommand("workbench.action.openSettings", `${SECTION}.path`);
    } else {
      this.output.show();
    }
  }
}

/** Start a server again that crashed, as the client does by itself, but not one that never ran. */
function errorHandler(client: () => Client): ErrorHandler {
  let usual: ErrorHandler | undefined;
  return {
    error: () => ({ action: ErrorAction.Continue, handled: true }), // what matters closes the connection too
    closed: async () => {
      await new Promise(setImmediate); // so that the start fails first, which is handled
      return client().started ? (usual ??= client().createDefaultErrorHandler()).closed() : { action: CloseAction.DoNotRestart, handled: true };
    },
  };
}

let server: Server | undefined;

export function activate({ subscriptions }: ExtensionContext): void {
  const output = window.createOutputChannel(NAME);
  const watcher = workspace.createFileSystemWatcher(WATCHED);
  const current = (server = new Server(output, watcher));
  const startOnce = () => {
    if (!current.asked && workspace.textDocuments.some((document) => languages.match(SELECTOR, document) > 0)) {
      void current.restart();
    }
  };
  subscriptions.push(
    output,
    watcher,
    commands.registerCommand(`${SECTION}.restart`, () => current.restart()),
    commands.registerCommand(`${SECTION}.showOutput`, () => output.show()),
    workspace.onDidOpenTextDocument(startOnce),
    workspace.onDidChangeConfiguration((change) => {
      if (current.asked && SETTINGS.some((name) => change.affectsConfiguration(`${SECTION}.${name}`))) {
        void current.restart();
      }
    }),
  );
  startOnce();
}

export function deactivate(): Promise<void> | undefined {
  return server?.stop();
}

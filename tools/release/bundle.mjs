// bundle.mjs ENTRY SERVER CORE OUT: makes one file of the server's loader, with esbuild from the current folder.
//
// Of the server only the files of its configuration are taken, and of @medplum/core what these use. Everything else they import is
// replaced: the clients of Amazon's services by ones that ask the run (run.cjs), the rest by something that can be called, built and read
// without end.
import { createRequire, isBuiltin } from 'node:module';
import { join, relative, resolve } from 'node:path';
import process from 'node:process';

const [entry, server, core, outfile] = process.argv.slice(2);
const { build } = createRequire(join(process.cwd(), 'package.json'))('esbuild');

const ANYTHING = `
  const anything = new Proxy(function () {}, {
    get(target, name) {
      if (name === Symbol.toPrimitive) return () => '';
      if (name === Symbol.iterator) return () => [][Symbol.iterator]();
      return name === 'then' ? undefined : anything;
    },
    apply: () => anything,
    construct: () => anything,
  });`;

const REPLACED = {
  anything: `${ANYTHING} module.exports = Object.setPrototypeOf(function () { return anything; }, anything);`,
  // To make a real key takes a tenth of a second, in each of thousands of runs.
  crypto: `${ANYTHING} module.exports = Object.assign(Object.create(anything), {
    randomUUID: () => globalThis.probe.generated,
    generateKeyPairSync: () => ({ privateKey: globalThis.probe.generated, publicKey: globalThis.probe.generated }),
  });`,
  '@aws-sdk/client-ssm': `
    exports.GetParametersByPathCommand = class { constructor(input) { this.input = input; } };
    exports.SSMClient = class {
      constructor(given) { this.given = given; }
      async send(command) { return globalThis.probe.parameters(command.input, this.given); }
    };`,
  '@aws-sdk/client-secrets-manager': `
    exports.GetSecretValueCommand = class { constructor(input) { this.input = input; } };
    exports.SecretsManagerClient = class { async send(command) { return globalThis.probe.secret(command.input); } };`,
  '@azure/keyvault-secrets': `
    exports.SecretClient = class {
      constructor(url) { this.url = url; }
      async getSecret(name) { return globalThis.probe.azure(this.url, name); }
    };`,
  '@google-cloud/secret-manager': `
    exports.SecretManagerServiceClient = class { async accessSecretVersion(input) { return globalThis.probe.google(input); } };`,
};

const OF_THE_CONFIGURATION = /^(config([./]|$)|cloud\/[^/]+\/config(\.ts)?$)/;

function replace(args) {
  const replaced = (path) => ({ path, namespace: 'replaced' });
  if (args.kind === 'entry-point' || args.namespace === 'replaced') return undefined;
  if (args.path in REPLACED) return replaced(args.path);
  if (args.path === 'node:crypto') return replaced('crypto');
  if (args.path === '@medplum/core') return { path: join(core, 'index.ts'), sideEffects: false };
  if (isBuiltin(args.path)) return { path: args.path, external: true };
  if (!args.path.startsWith('.')) return replaced('anything');
  const path = resolve(args.resolveDir, args.path);
  const inServer = relative(server, path).replaceAll('\\', '/');
  const isTaken = !relative(core, path).startsWith('..') || OF_THE_CONFIGURATION.test(inServer);
  return isTaken ? undefined : replaced('anything');
}

await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'cjs', // old loaders ask for __dirname
  banner: { js: "'use strict';" }, // as the server's modules are, which matters where a text has no members to set
  tsconfigRaw: '{}',
  logLevel: 'error',
  plugins: [
    {
      name: 'replace',
      setup(steps) {
        steps.onResolve({ filter: /.*/ }, replace);
        steps.onLoad({ filter: /.*/, namespace: 'replaced' }, (args) => ({ contents: REPLACED[args.path], loader: 'js' }));
      },
    },
  ],
});

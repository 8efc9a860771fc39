// run.cjs BUNDLE FOLDER < CASES: what a bundled loader makes of each case, one JSON object a line; files are written to FOLDER.
//
//   {"source": "file", "text": "{…}"}                     the text of a configuration file
//   {"source": "ssm", "entries": {"database.host": "…"}}  parameters, without their path
//   {"source": "env", "entries": {"MEDPLUM_PORT": "…"}}   variables
//   {"source": "start", "argument": "file:a.json,env"}    a start argument, all of whose sources exist
//
// gives {"config": {…}, "secrets": [the ids of the secrets that were asked for]} or {"error": "…"}, and of a start argument
// {"asked": [what was read, in its order], "stops": whether the loader fails}. A number that JSON lacks is {"$number": "NaN"}. A secret
// with the id X is {"fetched": "X"}.
const fs = require('node:fs');
const { join, resolve } = require('node:path');
const process = require('node:process');
const { createInterface } = require('node:readline');

const [bundle, folder] = process.argv.slice(2);
const { loadConfig } = require(bundle);
const PATH = '/probe/';
const ASK = { file: `file:${join(folder, 'medplum.config.json')}`, ssm: `aws:us-east-1:${PATH}`, env: 'env' };

const inJson = (key, value) => (typeof value === 'number' && !Number.isFinite(value) ? { $number: String(value) } : value);

async function run({ source, entries = {}, text }) {
  const secrets = [];
  globalThis.probe = {
    generated: 'generated at each start',
    parameters: () => ({ Parameters: Object.entries(entries).map(([name, Value]) => ({ Name: PATH + name, Value, Type: 'String' })) }),
    secret({ SecretId }) {
      secrets.push(SecretId);
      return { SecretString: JSON.stringify({ fetched: SecretId }) };
    },
  };
  process.env = source === 'env' ? { ...entries } : {};
  if (source === 'file') fs.writeFileSync(join(folder, 'medplum.config.json'), text);
  try {
    return { config: await loadConfig(ASK[source]), secrets };
  } catch (error) {
    return { error: `${error?.name}: ${error?.message}` };
  }
}

// What the clouds and the disk refuse: a path of Parameter Store without a slash, a name that is not given, a host that is none.
function accept(asked, isRight, what, answer) {
  if (!isRight) throw new Error(`refused: ${what}`);
  asked.push(what);
  return answer;
}

async function start({ argument }) {
  const asked = [];
  const base = '{"baseUrl": "https://server.example/"}';
  globalThis.probe = {
    generated: 'generated at each start',
    parameters: ({ Path }, { region }) =>
      accept(asked, Path.startsWith('/'), `aws ${region} ${Path}`, {
        Parameters: [{ Name: `${Path}baseUrl`, Value: 'https://server.example/', Type: 'String' }],
      }),
    azure: (url, name) => accept(asked, /^https:\/\/[^:]+\.[^:]+$/.test(url) && name, `azure ${url} ${name}`, { value: base }),
    google: ({ name }) => accept(asked, !/undefined|\/\//.test(name), `gcp ${name}`, [{ payload: { data: Buffer.from(base) } }]),
  };
  const given = { MEDPLUM_BASE_URL: 'https://server.example/' };
  process.env = new Proxy(given, { ownKeys: () => asked.push('env') && Object.keys(given) });
  const { readFileSync } = fs;
  fs.readFileSync = (path) => accept(asked, path && path !== join(folder, 'packages/server'), `file ${resolve(path)}`, base);
  try {
    await loadConfig(argument);
    return { asked, stops: false };
  } catch (error) {
    return { asked, stops: true };
  } finally {
    fs.readFileSync = readFileSync;
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await (JSON.parse(line).source === 'start' ? start : run)(JSON.parse(line)), inJson)}\n`);
  }
}

main();

// run.cjs BUNDLE FOLDER < CASES: what a bundled loader makes of each case, one JSON object a line; files are written to FOLDER.
//
//   {"source": "file", "text": "{…}"}                     the text of a configuration file
//   {"source": "ssm", "entries": {"database.host": "…"}}  parameters, without their path
//   {"source": "env", "entries": {"MEDPLUM_PORT": "…"}}   variables
//
// gives {"config": {…}, "secrets": [the ids of the secrets that were asked for]} or {"error": "…"}. A number that JSON lacks is
// {"$number": "NaN"}. A secret with the id X is {"fetched": "X"}.
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
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
  if (source === 'file') writeFileSync(join(folder, 'medplum.config.json'), text);
  try {
    return { config: await loadConfig(ASK[source]), secrets };
  } catch (error) {
    return { error: `${error?.name}: ${error?.message}` };
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await run(JSON.parse(line)), inJson)}\n`);
  }
}

main();

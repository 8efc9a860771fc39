// A loader that does what its tables say, for the tests of tools/release. It shares nothing with a real one but the names that are asked for.
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { SecretClient } from '@azure/keyvault-secrets';
import { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { camel } from '@medplum/core';
import { readFileSync } from 'node:fs';
import { globalLogger } from '../logger';
import { tables } from './utils';

type Tree = Record<string, any>;

function read(text: string, coercion: string | undefined): unknown {
  if (coercion === 'integer') return Number.parseInt(text, 10);
  if (coercion === 'boolean') return text === 'true';
  if (coercion === 'object') return JSON.parse(text);
  return coercion === 'csv' ? text.split(',').map((part) => part.trim()) : text;
}

function put(tree: Tree, path: string, value: unknown): void {
  const steps = path.split('.');
  const last = steps.pop() as string;
  steps.reduce((node, step) => (node[step] ??= {}), tree)[last] = value;
}

async function fromParameters(region: string, path: string): Promise<Tree> {
  const tree: Tree = {};
  const response = await new SSMClient({ region }).send(new GetParametersByPathCommand({ Path: path }));
  for (const { Name, Value } of response.Parameters ?? []) {
    const name = (Name as string).slice(path.length);
    if (name in tables.secrets) {
      const secret = await new SecretsManagerClient({}).send(new GetSecretValueCommand({ SecretId: Value }));
      tree[tables.secrets[name]] = JSON.parse(secret.SecretString as string);
    }
    put(tree, name, read(Value as string, tables.parameters[name]));
  }
  return tree;
}

function fromVariables(): Tree {
  const tree: Tree = {};
  for (const [variable, text] of Object.entries(process.env)) {
    const name = variable.slice('MEDPLUM_'.length);
    const [prefix] = Object.keys(tables.sections)
      .filter((one) => name.startsWith(one))
      .sort((one, other) => other.length - one.length);
    const leaf = camel(name.slice((prefix ?? '').length));
    const path = prefix ? `${tables.sections[prefix]}.${leaf}` : leaf;
    put(tree, path, read(text as string, tables.variables[path] ?? tables.variables[leaf]));
  }
  return tree;
}

async function from(source: string): Promise<Tree> {
  const [kind, ...rest] = source.split(':');
  const [first, second] = [rest[0], rest.slice(1).join(':')];
  switch (kind) {
    case 'env':
      return fromVariables();
    case 'file':
      return JSON.parse(readFileSync(rest.join(':'), 'utf8'));
    case 'aws':
      return second ? fromParameters(first, second) : fromParameters('us-east-1', rest.join(':'));
    case 'azure':
      return JSON.parse((await new SecretClient(`https://${first}`, null).getSecret(second)).value as string);
    case 'gcp': {
      const name = `projects/${first}/secrets/${second}/versions/latest`;
      const [version] = await new SecretManagerServiceClient().accessSecretVersion({ name });
      return JSON.parse(String(version.payload?.data));
    }
    default:
      throw new Error('made up');
  }
}

export async function loadConfig(argument: string): Promise<Tree> {
  const config: Tree = {};
  for (const source of argument.split(',').filter(Boolean)) Object.assign(config, await from(source));
  if (!config.baseUrl) throw new Error('made up');
  for (const [name, value, forAllThatIsFalse] of tables.defaults) {
    if (name === 'emailProvider') config[name] ||= config.smtp ? 'smtp' : value;
    else if (name === 'bullmq') config[name] = { ...value, ...config[name] };
    else if (!name.startsWith('signingKey') && (forAllThatIsFalse ? !config[name] : config[name] == null)) config[name] = value;
  }
  if (!config.signingKey) {
    globalLogger.warn('made up');
    for (const [name, value] of tables.defaults) if (name.startsWith('signingKey')) config[name] = value;
  }
  return config;
}

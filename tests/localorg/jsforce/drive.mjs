// Does what a test asks for by jsforce, and prints what jsforce made of the answers.
// Usage: node drive.mjs <step> <folder with node_modules>, with the input on stdin.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [step, folder] = process.argv.slice(2);
const { Connection } = createRequire(`${folder}/`)("@jsforce/jsforce-node");
const GRANT = { grant_type: "client_credentials" };

function connectionTo({ url, version, secret = "local" }) {
  const oauth2 = { loginUrl: url, clientId: "local", clientSecret: secret };
  const refreshFn = (connection, done) =>
    connection.oauth2
      .requestToken(GRANT)
      .then((grant) => done(null, grant.access_token), done);
  return new Connection({ oauth2, version, refreshFn });
}

async function loggedIn(input) {
  const connection = connectionTo(input);
  await connection.authorize(GRANT);
  return connection;
}

async function failure(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return { name: error.name, message: error.message, data: error.data ?? null };
  }
}

const steps = {
  async login(input) {
    const connection = connectionTo(input);
    const user = await connection.authorize(GRANT);
    const { instanceUrl } = connection;
    return { user, instanceUrl, hasToken: Boolean(connection.accessToken) };
  },

  async refusedLogin(input) {
    return failure(loggedIn(input));
  },

  async upsert(input) {
    const connection = await loggedIn(input);
    const { object, key, records } = input;
    const options = { allowRecursive: true };
    const send = () => connection.sobject(object).upsert(records, key, options);
    const rounds = [];
    for (let round = 0; round < input.rounds; round += 1) {
      rounds.push(await send());
    }
    return { rounds, limitInfo: connection.limitInfo };
  },

  async query(input) {
    const connection = await loggedIn(input);
    const { soql } = input;
    const first = await connection.query(soql);
    const second = await connection.queryMore(first.nextRecordsUrl);
    const all = await connection.query(soql, { autoFetch: true, maxFetch: 10000 });
    const { object, conditions, fields } = input;
    const found = await connection.sobject(object).find(conditions, fields);
    const pages = [first, second].map(({ records, done, totalSize }) => ({
      size: records.length,
      done,
      totalSize,
    }));
    return { pages, all: all.records, found };
  },

  async describe(input) {
    const connection = await loggedIn(input);
    const all = await connection.describeGlobal();
    const one = await connection.describe(input.object);
    return { all, one };
  },

  async record(input) {
    const connection = await loggedIn(input);
    const { object, fields, changes } = input;
    const handle = connection.sobject(object);
    const made = await handle.create(fields);
    const updated = await handle.update({ Id: made.id, ...changes });
    const record = await handle.retrieve(made.id);
    const deleted = await handle.destroy(made.id);
    const gone = await failure(handle.retrieve(made.id));
    const refused = await failure(handle.create({ Nope__c: 1 }));
    return { made, updated, record, deleted, gone, refused };
  },

  async refusedDescribe(input) {
    const connection = await loggedIn(input);
    return failure(connection.describe(input.object));
  },

  async refusedWrite(input) {
    const connection = await loggedIn(input);
    return failure(connection.sobject(input.object).create(input.fields));
  },

  async limits(input) {
    const connection = await loggedIn(input);
    const limits = await connection.limits();
    return { limits, limitInfo: connection.limitInfo };
  },
};

const input = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(await steps[step](input)));

// Proves one client: `node suite.mjs MODULE PLAN VARIANT`. One line of JSON per outcome.

import { readFileSync } from "node:fs";
import { FEATURES } from "./features.mjs";
import { Lacking, described } from "./harness.mjs";
import { OPERATIONS } from "./operations.mjs";

const [module, planFile, variant] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planFile, "utf8"));
const { open } = await import(`./clients/${module}.mjs`);
const clients = new Map();

/** One for each key, as in a program: its connections are used again. */
function client(key) {
  if (!clients.has(key)) clients.set(key, open(plan.base, key, variant));
  return clients.get(key);
}

/** Proves one thing and says what became of it. */
async function say(protocol, feature, prove) {
  let flaw = null;
  let lacks = null;
  try {
    await prove();
  } catch (error) {
    if (error instanceof Lacking) lacks = error.message;
    else flaw = described(error);
  }
  console.log(JSON.stringify({ protocol, feature, flaw, lacks }));
}

for (const { name, models } of plan.protocols) {
  for (const [feature, prove] of FEATURES) {
    await say(name, feature, () => prove(client, plan, models));
  }
}
for (const [feature, { model, needs, prove }] of OPERATIONS) {
  const asker = client(plan.key);
  if (!asker[needs]) continue;
  const models = plan.operations[model] ?? plan.protocols.map(({ models }) => models.echo);
  for (const asked of models) {
    const at = asked.replace(/^at-/, "").split("/")[0];
    await say(at, feature, () => prove(asker, asked));
  }
}

// Measures the official Cedar engine (npm @cedar-policy/cedar-wasm) on the applications that `Benchmarks apps` wrote down, and shows both.
// usage: node --no-turbo-inline-js-wasm-calls --no-turbofan cedar-apps.mjs <folder with the files> <folder with node_modules>
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [folder, modules] = process.argv.slice(2);
const engine = createRequire(join(modules, "package.json"))("@cedar-policy/cedar-wasm/nodejs");

const requestsPerWorld = 5;
const rounds = 7;
const copies = 100;

const median = numbers => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

function parse(id, text) {
  const answer = engine.preparsePolicySet(id, { staticPolicies: text });
  if (answer.type !== "success") throw new Error(JSON.stringify(answer));
}

function decide(id, world, request) {
  const start = process.hrtime.bigint();
  const answer = engine.statefulIsAuthorized({
    principal: request.principal, action: request.action, resource: request.resource,
    context: {}, preparsedPolicySetId: id, entities: world.entities,
  });
  const microseconds = Number(process.hrtime.bigint() - start) / 1000;
  if (answer.type !== "success") throw new Error(JSON.stringify(answer));
  return { microseconds, decision: answer.response.decision, errors: answer.response.diagnostics.errors.length };
}

const sizes = readdirSync(folder).filter(name => name.endsWith(".json"))
  .map(name => JSON.parse(readFileSync(join(folder, name), "utf8")))
  .sort((a, b) => a.app.localeCompare(b.app) || a.size - b.size);

let different = 0;
let compared = 0;
const column = (text, width) => String(text).padStart(width);
console.log(`official engine ${engine.getCedarVersion()}, language ${engine.getCedarLangVersion()}, Node ${process.version}; medians in microseconds`);
console.log(["application", "size", "entities", "Assay", "Assay p99", "engine", "of which policies"].map((head, i) => column(head, i === 6 ? 18 : 12)).join(""));
for (const { app, size, policies, worlds } of sizes) {
  parse("once", policies);
  parse("often", Array.from({ length: copies + 1 }, () => policies).join("\n"));

  const ours = worlds.flatMap(world => world.requests.map(request => request.microseconds)).sort((a, b) => a - b);
  const calls = [];
  const slopes = [];
  for (const world of worlds) {
    for (const request of world.requests) {
      const answer = decide("once", world, request);
      compared++;
      if (answer.decision !== request.decision || answer.errors !== request.errors) different++;
    }

    for (const request of world.requests.slice(0, requestsPerWorld)) {
      const once = [];
      const often = [];
      for (let round = 0; round < rounds; round++) {
        once.push(decide("once", world, request).microseconds);
        often.push(decide("often", world, request).microseconds);
      }

      calls.push(median(once));
      slopes.push((median(often) - median(once)) / copies);
    }
  }

  console.log([
    column(app, 12), column(size, 12), column(worlds[0].entities.length, 12), column(median(ours).toFixed(2), 12),
    column(ours[Math.floor(ours.length * 0.99)].toFixed(2), 12), column(median(calls).toFixed(0), 12), column(median(slopes).toFixed(2), 18),
  ].join(""));
}

console.log(`${compared - different} of ${compared} decisions are the same`);
process.exit(different === 0 ? 0 : 1);

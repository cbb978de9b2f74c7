// Calls the official engine (npm @cedar-policy/cedar-wasm) as standard input asks. One line of JSON asks for some calls:
//   [["policyToJson", "permit(principal, action, resource);"], ...]
// and one line answers with what each of them returned. The folder with node_modules is the only argument.
const { createRequire } = require("node:module");
const { join } = require("node:path");
const readline = require("node:readline");

const engine = createRequire(join(process.argv[2], "package.json"))("@cedar-policy/cedar-wasm/nodejs");

// Many cases in a row have the same schema, and reading a schema is the dearest call.
const schemas = new Map();

function call([name, ...args]) {
  if (name !== "preparseSchema") return engine[name](...args);

  const [key, text] = args;
  if (schemas.get(key)?.text !== text) schemas.set(key, { text, answer: engine.preparseSchema(key, text) });
  return schemas.get(key).answer;
}

readline.createInterface({ input: process.stdin, crlfDelay: Infinity }).on("line", line => {
  const answers = JSON.parse(line).map(one => {
    try {
      return call(one);
    } catch (error) {
      return { type: "thrown", errors: [{ message: String(error) }] };
    }
  });
  process.stdout.write(JSON.stringify(answers) + "\n");
});

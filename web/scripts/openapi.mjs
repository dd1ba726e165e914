// The API's OpenAPI document, joined from `crates/api/openapi` as the server joins it
// (`crates/api/src/handlers/openapi.rs`), so that nothing has to run to generate types.
import { readdirSync, readFileSync } from "node:fs";

const FOLDER = new URL("../../crates/api/openapi/", import.meta.url);

const read = (name) => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));

/** The members of every file of a folder, as one object. Two files that share a name are an error. */
function joined(folder) {
  const whole = {};
  for (const file of readdirSync(new URL(folder, FOLDER)).sort()) {
    for (const [name, value] of Object.entries(read(`${folder}${file}`))) {
      if (name in whole) throw new Error(`${name} is in two files of ${folder}`);
      whole[name] = value;
    }
  }
  return whole;
}

export function openapiDocument() {
  const document = read("openapi.json");
  document.info.version = "";
  document.paths = { ...document.paths, ...joined("paths/") };
  document.components.schemas = { ...document.components.schemas, ...joined("schemas/") };
  return document;
}

import { dependencies } from "../../../stack/components/index.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import type { Model } from "../../../stack/model.ts";
import { resolve } from "../../../stack/resolve.ts";

/** A stack of a definition's text. */
export function modelOf(text: string): Model {
  return resolve(parseDefinition(text, "stack.yaml"));
}

/** One that has all there is. */
export const everything: Model = modelOf(`name: shop
version: 1.0.0
backup: {target: {directory: /mnt}}
metrics: {queueLimit: 50}
secrets: {key: {for: [web]}}
services: {web: {port: 8001}, intake: {port: 8002}}
${dependencies.map(({ name }) => `${name}: {}\n`).join("")}`);

/** One that has nothing but a service. @param name up to 31 characters */
export function smallest(name = "shop"): Model {
  return modelOf(`name: ${name}\nversion: 1.0.0\nservices: {web: {port: 8001, needs: []}}\n`);
}

import { readDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";
import type { Target } from "../target.ts";

/** `--set PATH=VALUE`, on a definition that is right. */
export const setting: Target = {
  name: "setting",
  seeds: () =>
    [
      ...["container.memory=4GiB", "redis.ports.0=7000", "rabbitmq=null", 'name="x"', "services.a.needs=[redis]"],
      ...["services.a={port: 8002}", "x-a=&a [1]", "postgres.port=!!int 5433", "a.b.c.d=1", "=", "redis=*a"],
    ].map((text) => Buffer.from(text)),
  read: (input) => {
    const { text } = readDefinition(plain, "stack.yaml", [input.toString("utf8")]);
    resolve(readDefinition(text, "stack.yaml").definition);
  },
};

const plain = "name: shop\nversion: 1.0.0\nredis: {}\nrabbitmq: {}\nservices:\n  a: { port: 8001 }\n";

import type { Executors } from "../../../engine/action.ts";
import { asSealed, secretMark } from "../../../engine/secrets/sealed.ts";
import { unloggedSession } from "./client.ts";

/**
 * Gives the superuser the password of its secret, by the one login that needs none: the
 * operating system's user postgres, over the socket. Only the verifier is sent, on standard
 * input.
 */
export const superuserPassword: Executors["superuserPassword"] = {
  lock: "postgres",
  describe: () => "of postgres",
  async apply({ port }, io) {
    const verifier = await io.unseal(asSealed(secretMark("postgres.superuser", "scram")));
    const psql = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"];
    await io.run("runuser", ["-u", "postgres", "--", ...psql, "-h", "/run/postgresql", "-p", `${port}`, "postgres"], {
      cwd: "/",
      env: { ...process.env, PGOPTIONS: unloggedSession },
      input: `ALTER ROLE postgres PASSWORD '${verifier}';\n`,
    });
  },
};

/** pip's and uv's own words, as they say them of an index on loopback that does each of these. */
import t from "tap";
import { explainIndex, isIndexTrouble } from "../../../builder/layers/python/explain-index.ts";
import { fetchUv } from "../../../builder/layers/python/uv.ts";
import { StackError } from "../../../lib/error.ts";
import { run } from "../../../lib/run.ts";

const said = (...detail: string[]): unknown => {
  try {
    explainIndex(new StackError("command-failed", "it failed", { detail }));
  } catch (error) {
    return error;
  }
};

const url = "http://127.0.0.1:18991/simple/idna/";
const words: Readonly<Record<string, readonly [name: string, ...lines: string[]]>> = {
  "uv of an index that is overloaded": [
    url,
    "error: Request failed after 3 retries in 7.2s",
    `  Caused by: Failed to fetch: \`${url}\``,
    `  Caused by: HTTP status server error (503 Service Unavailable) for url (${url})`,
  ],
  "uv of one that has not the package": [
    "idna",
    "  × No solution found when resolving dependencies:",
    "  ╰─▶ Because idna was not found in the package registry and you require",
    "      idna==3.10, we can conclude that your requirements are unsatisfiable.",
  ],
  "uv of a file that was cut": [
    "idna==3.10",
    "  × Failed to download `idna==3.10`",
    "  ├─▶ Failed to extract archive: idna-3.10-py3-none-any.whl",
    "  ╰─▶ Invalid zip file structure",
  ],
  "pip of an index that can't be reached": [
    "uv==0.12.5",
    "ERROR: Could not find a version that satisfies the requirement uv==0.12.5 (from versions: none)",
    "ERROR: No matching distribution found for uv==0.12.5",
  ],
  "pip of a file that is not there": [
    "idna==3.10",
    "ERROR: HTTP error 404 while getting http://127.0.0.1/f/idna-3.10-py3-none-any.whl",
    "ERROR: Could not install requirement idna==3.10 from http://127.0.0.1/f/idna-3.10-py3-none-any.whl because of …",
  ],
  "pip of a file that was cut": [
    "idna==3.10",
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated …",
    "    idna==3.10 from http://127.0.0.1/f/idna-3.10-py3-none-any.whl (from -r l.txt (line 1)):",
  ],
};

for (const [what, [name, ...lines]] of Object.entries(words)) {
  t.test(`${what}: it names the package, and another try may do`, async (t) => {
    const error = said(...lines);
    t.match(error, { code: "index-trouble", message: /can't be had from the Python index$/, detail: lines });
    t.match((error as StackError).message, name);
    t.ok(isIndexTrouble(error));
  });
}

t.test("what no other try changes stays as it is", async (t) => {
  const hash = said("  × Failed to download `idna==3.10`", "  ╰─▶ Hash mismatch for `idna==3.10`");
  t.match(hash, { code: "command-failed" });
  t.match(said("SyntaxError: invalid syntax"), { code: "command-failed" });
  t.match(said("error: Failed to download `idna==3.10`", "Caused by: No space left on device (os error 28)"), {
    code: "work-full",
  });
});

t.test("certificates that are not trusted are told as that", async (t) => {
  const error = said(
    `  Caused by: Failed to fetch: \`${url}\``,
    "  Caused by: invalid peer certificate: UnknownIssuer",
  );
  t.match(error, { code: "index-trouble", hint: /SSL_CERT_FILE/ });
});

t.test("this machine's pip says it so", async (t) => {
  const nobody = { PIP_INDEX_URL: "http://127.0.0.1:9/simple", PIP_FIND_LINKS: "", PIP_RETRIES: "0" };
  const aimed: typeof run = (command, args, options) =>
    run(command, args, { ...options, env: { ...(options?.env ?? process.env), ...nobody } });
  await t.rejects(fetchUv(aimed, t.testdir(), "manylinux_2_17_x86_64", AbortSignal.timeout(120_000)), {
    code: "index-trouble",
    message: /^uv==\S+ can't be had/,
  });
});

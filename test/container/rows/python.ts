import type { Test } from "tap";
import type { Machine } from "../create-machine.ts";
import { serviceNames } from "../required.ts";

const venvs = "/opt/stock-analysis/venvs";

/** R05: a virtual environment a service, whole, from a lock with hashes, and none sees another's. */
export function pythonRows(t: Test, machine: Machine, uv = "/usr/local/bin/uv"): void {
  t.test("R05 each service has a venv of Python 3.11 or newer, and uv finds it whole", async (t) => {
    t.match(await machine.sh(`${uv} --version`), /^uv \d/);
    for (const name of serviceNames) {
      const python = `${venvs}/${name}/bin/python`;
      const version = await machine.sh(`${python} -c 'import sys; print(sys.version_info >= (3, 11), sys.prefix)'`);
      t.equal(version, `True ${venvs}/${name}`);
      const checked = await machine.exec(uv, ["pip", "check", "--offline", "--python", python], { accept: [0, 1, 2] });
      t.equal(checked.code, 0, `${name}: ${checked.stderr.trim().split("\n").at(-1)}`);
    }
  });

  t.test("R05 a venv holds exactly what its lock lists, each with a hash", async (t) => {
    const lock = await machine.sh("cat /opt/stock-analysis/services/event-bus/releases/0/requirements.lock");
    const locked = requirements(lock);
    t.ok(locked.length > 10, "the lock lists the service's packages");
    t.strictSame(
      locked.filter(({ hashes }) => hashes === 0),
      [],
      "each has at least one hash",
    );
    for (const name of serviceNames) {
      const listed = await machine.sh(`${uv} pip freeze --offline --python ${venvs}/${name}/bin/python 2>/dev/null`);
      const installed = listed.split("\n").filter((line) => line.includes("=="));
      t.strictSame(installed.map(normal).sort(), locked.map(({ pinned }) => normal(pinned)).sort(), name);
    }
  });

  t.test("R05 no venv imports what only another has", async (t) => {
    const [owner, ...others] = serviceNames;
    const site = await machine.sh(
      `${venvs}/${owner}/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'`,
    );
    t.ok(site.startsWith(`${venvs}/${owner}/`), site);
    await machine.sh(`echo 'here = True' >${site}/only_in_one_venv.py`);
    const probe = (name: string) =>
      machine.exec(`${venvs}/${name}/bin/python`, ["-B", "-c", "import only_in_one_venv"], { accept: [0, 1] });
    try {
      t.equal((await probe(owner ?? "")).code, 0, "its own venv imports it");
      for (const name of others)
        t.match((await probe(name)).stderr, /ModuleNotFoundError: No module named 'only_in_one_venv'/, name);
      t.equal(
        (await machine.exec("python3", ["-B", "-c", "import psycopg"], { accept: [0, 1] })).code,
        1,
        "nor Debian's Python a venv's",
      );
    } finally {
      await machine.sh(`rm ${site}/only_in_one_venv.py`);
    }
    for (const name of serviceNames) {
      const program =
        'import sys, psycopg; print(psycopg.__file__, *[p for p in sys.path if "site-packages" in p or "dist-packages" in p])';
      const paths = (await machine.sh(`${venvs}/${name}/bin/python -c '${program}'`)).split(" ");
      t.strictSame(
        paths.filter((path) => !path.startsWith(`${venvs}/${name}/`)),
        [],
        `${name} looks only into its own`,
      );
    }
  });
}

function requirements(lock: string): { readonly pinned: string; readonly hashes: number }[] {
  const logical = lock.replace(/\\\n/g, " ").split("\n");
  return logical
    .filter((line) => /^[A-Za-z0-9]/.test(line))
    .map((line) => ({
      pinned: line.split(/[\s;]/)[0] ?? "",
      hashes: line.match(/--hash=sha256:[0-9a-f]{64}/g)?.length ?? 0,
    }));
}

/** `Pydantic_core==2.1` and `pydantic-core[x]==2.1` are one. */
function normal(pinned: string): string {
  const [name = "", version] = pinned.split("==");
  return `${name
    .replace(/\[.*\]/, "")
    .toLowerCase()
    .replace(/[-_.]+/g, "-")}==${version}`;
}

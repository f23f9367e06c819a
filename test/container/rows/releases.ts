import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import { idMap } from "../../../lib/lxc/id-map.ts";
import { run } from "../../../lib/run.ts";
import { waitFor } from "../../../lib/wait.ts";
import { releaseChangeDocument, releasesDocument, servicesDocument } from "../../../stack/documents/releases.ts";
import type { Machine } from "../create-machine.ts";
import { answers } from "../health.ts";
import { loadWhile } from "../load.ts";
import { shellBlocks } from "../pct-create.ts";
import { required, type ServiceName, serviceUnit } from "../required.ts";
import { smallService } from "../small-service.ts";
import { mainPid, restarted } from "../units.ts";
import { planIsEmpty } from "./reboot.ts";

const name = "event-bus" satisfies ServiceName;
const { port } = required.services[name];
const unit = serviceUnit(name);
const folder = `/opt/stock-analysis/services/${name}`;
const home = "/root/releases";

/**
 * New releases of a service: shipped under load, taken back, refused; each leaves what it promises.
 *
 * @param wheels folder in the container with the wheels of the reference service's lock
 */
export function releaseRows(t: Test, machine: Machine, wheels: string): void {
  const service = (...words: readonly string[]) =>
    machine.exec("stack-agent", ["service", ...words], { accept: [0, 1, 64], timeout: 300_000 });
  const deploy = (from: string, ...options: readonly string[]) =>
    service("deploy", name, `${home}/${from}`, ...options);
  const releases = async () =>
    releasesDocument.parse(JSON.parse((await service("releases", name, "--json")).stdout)).releases;
  const inForce = () => machine.sh(`readlink ${folder}/current`);
  const said = async (): Promise<string> =>
    (await machine.inside().http({ url: `http://127.0.0.1:${port}/health` })).body;

  t.test("releases: the reference service and small ones are brought", async () => {
    const at = join(machine.settings.rootfs, home);
    await rm(at, { recursive: true, force: true });
    await mkdir(at, { recursive: true, mode: 0o755 });
    await cp("services/reference", join(at, "reference"), { recursive: true });
    for (const [text, module] of Object.entries(small)) {
      await mkdir(join(at, text));
      await writeFile(join(at, text, "reference_service.py"), module);
      await writeFile(join(at, text, "requirements.lock"), "# Nothing but Python's own.\n");
    }
    await run("chown", ["--recursive", `${idMap.base}:${idMap.base}`, at]);
    await machine.sh(
      `sed -i 's/until the application is installed/a second release/' ${home}/reference/reference_service/app.py`,
    );
    await machine.sh(`tar -czf ${home}/one.tar.gz -C ${home} one && tar -cf ${home}/two.tar -C ${home}/two .`);
  });

  t.test(
    "a service's deployment, rollback and crash at 200 requests/s: none is refused, none lost but in the crash",
    async (t) => {
      const asked = { perSecond: 200, seconds: 280, fresh: true, namespace: `/proc/${machine.pid()}/ns/net` };
      const during = (work: () => Promise<unknown>) =>
        loadWhile({ ...asked, url: `http://127.0.0.1:${port}/livez` }, work);
      const before = await mainPid(machine, unit);
      const deployed = await during(async () => {
        const { code, stdout, stderr } = await deploy("reference", "--wheels", wheels, "--json");
        t.equal(code, 0, stderr);
        const change = releaseChangeDocument.parse(JSON.parse(stdout));
        t.match(change, { service: name, changed: true, previous: "0" });
        t.equal(await inForce(), `releases/${change.release}`);
      });
      t.match(await said(), /a second release/);
      t.not(await mainPid(machine, unit), before, "another process answers");
      const back = await during(async () => {
        const { code, stderr } = await service("rollback", name);
        t.equal(code, 0, stderr);
      });
      t.match(await said(), /until the application is installed/);
      for (const [what, { load }] of Object.entries({ deployed, back })) {
        t.comment(`${what}: ${JSON.stringify(load)}`);
        t.ok(load.answered > 200, `${what}: ${load.answered} requests`);
        t.strictSame([load.failed, load.errors, load.statuses], [0, {}, { 200: load.answered }], what);
      }
      const crashed = await during(async () => {
        const pid = await mainPid(machine, unit);
        await machine.exec("kill", ["-KILL", String(pid)]);
        await restarted(machine, unit, pid);
      });
      t.comment(`crashed: ${JSON.stringify(crashed.load)}`);
      t.strictSame(crashed.load.statuses, { 200: crashed.load.answered });
      t.strictSame(
        Object.keys(crashed.load.errors).filter((code) => code !== "ECONNRESET"),
        [],
        "refused: none",
      );
      await answers(t, machine, port, 200);
      const reference = (await releases()).find(({ state }) => state === "previous");
      t.match(reference, { from: `${home}/reference` }, "the release that was taken back is kept");
    },
  );

  t.test("docs/operations.md: its commands ship a release and go back, as they are written", async (t) => {
    await machine.sh(`cp -r ${home}/manual /root/event-bus`);
    const [commands = ""] = shellBlocks(await readFile("docs/operations.md", "utf8"), "sh container");
    const { stdout } = await machine.exec("sh", ["-e", "-c", commands], { timeout: 300_000 });
    t.match(stdout, /^event-bus has release \S+, in the place of 0, after/m);
    t.match(stdout, /^\d{8}-\d{6}-\w{6} +current .* \/root\/event-bus$/m);
    t.match(stdout, /^event-bus has release 0, in the place of/m);
    await answers(t, machine, port, 200);
  });

  t.test("archives as well as folders become releases; three are kept, and the template's own", async (t) => {
    for (const from of ["one.tar.gz", "two.tar", "three", "four"]) {
      const { code, stderr } = await deploy(from);
      t.equal(code, 0, stderr);
      t.equal(await said(), from.split(".")[0]);
    }
    const kept = await releases();
    t.strictSame(
      kept.map(({ state, from = "" }) => [state, from.replace(`${home}/`, "")]),
      [
        ["current", "four"],
        ["previous", "three"],
        ["kept", "two.tar"],
        ["kept", ""],
      ],
    );
    const listed = servicesDocument.parse(JSON.parse((await service("ls", "--json")).stdout)).services;
    t.match(
      listed.find((one) => one.name === name),
      { release: kept[0]?.id, previous: kept[1]?.id, releases: 4 },
    );
    t.match((await service("ls")).stdout, new RegExp(`^${name} +${port} +${kept[0]?.id} `, "m"));
    t.match(await machine.sh("stack-agent status"), new RegExp(`^${name} +${kept[0]?.id} `, "m"));
    const again = await deploy("four");
    t.match([again.code, again.stdout], [0, /already: nothing to do/]);
    t.equal((await service("rollback", name, "0")).code, 0, "back to the template's own");
    await answers(t, machine, port, 200);
    t.equal((await service("rollback", name)).code, 0, "and to the one before that");
    t.equal(await said(), "four");
  });

  t.test(
    "provisioning doesn't undo a deployment; another release put in force by hand is drift, and mended",
    async (t) => {
      await planIsEmpty(t, machine);
      await machine.sh("stack-agent provision", { timeout: 300_000 });
      const wanted = await inForce();
      t.equal(await said(), "four");
      await machine.sh(`ln -sfn releases/0 ${folder}/current && systemctl restart ${unit}`);
      const drift = await machine.exec("stack-agent", ["drift"], { accept: [2] });
      t.match(drift.stdout, /event-bus to \d{8}-\d{6}-\w{6}/);
      await machine.sh("stack-agent provision --only services", { timeout: 300_000 });
      t.equal(await inForce(), wanted);
      await waitFor(async () => (await said()) === "four", {
        what: "the wanted release",
        timeout: 60_000,
        interval: 200,
      });
      await planIsEmpty(t, machine);
    },
  );

  t.test(
    "a release that ends, is never ready, or never well is taken back by itself, and its journal shown",
    async (t) => {
      const before = [await inForce(), (await releases()).length];
      for (const [from, fault] of [
        ["ends", /it ended; .* is in force again/],
        ["sick", /after 8 s its health fails: GET \/health answered 500/],
        ...(process.env.STACK_LONG === "true" ? ([["silent", /after 8 s it is not ready yet/]] as const) : []),
      ] as const) {
        const { code, stderr } = await deploy(from, "--timeout", "8");
        t.equal(code, 1);
        t.match(stderr, fault);
        t.match(stderr, /release-not-healthy/);
        t.match(stderr, new RegExp(`^ +this is ${from}$`, "m"), "what it wrote");
        t.strictSame([await inForce(), (await releases()).length], before, "nothing of it is left");
        t.equal(await said(), "four");
      }
    },
  );

  t.test("what can't be a release is refused by one clear error, and leaves nothing", async (t) => {
    const before = await machine.sh(`find ${folder} | sort`);
    await machine.sh(
      `cd ${home} && cp -r one nolock && rm nolock/requirements.lock && cp -r one unhashed && echo idna==3.10 >unhashed/requirements.lock` +
        " && cp -r one nomodule && mv nomodule/reference_service.py nomodule/other.py" +
        " && cp -r one broken && echo 'def (' >broken/reference_service.py" +
        " && cp -r one links && ln -s /etc/shadow links/shadow.py && tar -cf links.tar -C links ." +
        " && cp -r one hard && ln hard/reference_service.py hard/twice.py && tar -cf hard.tar -C hard ." +
        " && cp -r one pipe && mkfifo pipe/pipe.py && tar -cf pipe.tar -C pipe ." +
        " && tar -cPf above.tar --transform 's,^one,../../above,' one && tar -cPf absolute.tar --transform 's,^one,/tmp/absolute,' one" +
        " && head -c 300 one.tar.gz >cut.tar.gz && head -c 5000 /dev/urandom >noise.tar && mkdir empty && tar -cf empty.tar -C empty --files-from /dev/null" +
        " && cp -r one far && printf 'idna==3.10 --hash=sha256:%064d\\n' 0 >far/requirements.lock && mkdir no-wheels",
    );
    for (const [words, code] of [
      [["nolock"], "no-lock"],
      [["unhashed"], "unhashed-lock"],
      [["nomodule"], "no-module"],
      [["broken"], "bad-module"],
      [["links.tar"], "bad-archive"],
      [["hard.tar"], "bad-archive"],
      [["pipe.tar"], "bad-archive"],
      [["above.tar"], "bad-archive"],
      [["absolute.tar"], "bad-archive"],
      [["cut.tar.gz"], "bad-archive"],
      [["noise.tar"], "bad-archive"],
      [["empty.tar"], "bad-archive"],
      [["absent"], "no-source"],
      [["far", "--wheels", `${home}/no-wheels`], "wheel-missing"],
      [["far", "--wheels", `${home}/absent`], "no-wheels"],
      [["far"], "no-index"],
    ] as const) {
      const [from, ...options] = words;
      const refused = await deploy(from, ...options);
      t.not(refused.code, 0);
      t.match(refused.stderr, new RegExp(`^error: .* \\[${code}\\]$`, "m"), words.join(" "));
      t.match(refused.stderr, /^hint: {2}./m);
    }
    t.match(await service("deploy", "nobody", home), { code: 64, stderr: /\[unknown-service\]/ });
    t.match(await service("rollback", name, "absent"), { code: 64, stderr: /\[no-such-release\]/ });
    t.match(await service("deploy", name), { code: 64, stderr: /missing required argument 'source'/ });
    t.equal(await machine.sh(`find ${folder} | sort`), before);
    t.equal(await machine.sh("ls -d /tmp/absolute /opt/stock-analysis/above 2>/dev/null || true"), "");
    await machine.sh(
      `mount -t tmpfs -o size=200k tmpfs ${folder}/releases && head -c 400000 /dev/urandom >${home}/one/big.bin && mkdir ${home}/one/reference && mv ${home}/one/big.bin ${home}/one/reference/`,
    );
    const full = await deploy("one");
    t.match(full, { code: 1, stderr: /\[disk-full\]/ });
    t.equal(await machine.sh(`ls -A ${folder}/releases; umount ${folder}/releases`), "", "nor where the disk is full");
    t.equal(await machine.sh(`find ${folder} | sort`), before);
  });

  t.test(
    "a deployment that is killed in its trial is taken back by the next provisioning; two at once are refused",
    async (t) => {
      const before = await inForce();
      const killed = deploy("silent", "--timeout", "60").catch(() => undefined);
      await waitFor(async () => (await inForce()) !== before, { what: "the trial", timeout: 60_000, interval: 50 });
      const second = await deploy("one");
      t.match(second, { code: 1, stderr: /\[already-running\]/ });
      await machine.sh("pkill -KILL -f '[s]ervice deploy event-bus'");
      await killed;
      t.not(await inForce(), before, "it was killed in its trial");
      await machine.sh("stack-agent provision", { timeout: 300_000 });
      t.equal(await inForce(), before);
      await waitFor(async () => (await said()) === "four", {
        what: "the release before",
        timeout: 90_000,
        interval: 200,
      });
      await planIsEmpty(t, machine);
      t.equal((await service("rollback", name, "0")).code, 0);
      await answers(t, machine, port, 200);
    },
  );
}

const small = {
  manual: smallService("manual"),
  one: smallService("one"),
  two: smallService("two"),
  three: smallService("three"),
  four: smallService("four"),
  ends: 'print("this is ends")\nraise SystemExit(3)\n',
  silent: smallService("silent", { ready: false }),
  sick: smallService("sick", { status: 500 }),
};

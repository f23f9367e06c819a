import type { Test } from "tap";
import { brokerEval } from "../broker-eval.ts";
import type { Machine } from "../create-machine.ts";
import { debian } from "../debian.ts";

const folder = "/usr/lib/stack-trixie-libraries";

/** R03: on Debian 12 RabbitMQ's Erlang is Debian 13's, with Debian 13's libraries beside it. */
export function relocatedRows(t: Test, machine: Machine): void {
  if (debian.version !== "12") return;

  t.test("R03 the running broker's Erlang is 27 with its JIT and OpenSSL 3.5, on libraries of its own", async (t) => {
    t.match(await brokerEval(machine, "erlang:system_info(otp_release)."), /27/);
    t.equal(await brokerEval(machine, "erlang:system_info(emu_flavor)."), "jit");
    t.match(await brokerEval(machine, "binary_to_list(element(3, hd(crypto:info_lib())))."), /OpenSSL 3\.5/);
    const maps = await machine.sh('cat "/proc/$(pgrep -o -x beam.smp)/maps"');
    const libraries = [...new Set(maps.match(/\/\S+\.so[.\d]*$/gm) ?? [])];
    for (const name of ["libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libcrypto.so.3"])
      t.strictSame(
        libraries.filter((path) => path.endsWith(`/${name}`)),
        [`${folder}/${name}`],
        name,
      );
  });

  t.test("R03 what that Erlang starts is the system's, and names resolve", async (t) => {
    const shell = await brokerEval(machine, "os:cmd(\"readlink /proc/$$/exe; grep -o '/.*libc.so.6' /proc/$$/maps\").");
    t.match(shell, /^"\/usr\/bin\/dash\\n\/usr\/lib\/x86_64-linux-gnu\/libc\.so\.6\\n/);
    t.match(await brokerEval(machine, 'inet:gethostbyname("localhost").'), /\{127, ?0, ?0, ?1\}/);
    // The resolver of the C library, in a program of Erlang's own.
    t.match(await brokerEval(machine, 'inet_gethost_native:gethostbyname("localhost").'), /\{127, ?0, ?0, ?1\}/);
  });

  t.test("R03 they are packages like others: whole, asked for by each other, nothing left to mend", async (t) => {
    t.equal(await machine.sh("dpkg --audit"), "");
    const fix = await machine.sh("apt-get --simulate --fix-broken install");
    t.match(fix, /^0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded/m);
    const names = (
      await machine.sh("dpkg-query -W 'erlang-*' stack-trixie-libraries | awk 'NF == 2 { print $1 }'")
    ).split("\n");
    t.ok(names.length > 10, names.join(" "));
    const changed = (await machine.sh(`dpkg --verify ${names.join(" ")} || true`)).split("\n");
    t.strictSame(
      changed.filter((line) => line !== "" && !line.startsWith("missing ")),
      [],
      "each file has the digest that its package says; what is missing was left out",
    );
    for (const name of names) t.ok(await machine.sh(`test -e /usr/share/doc/${name}/copyright && echo yes`), name);
    t.match(
      await machine.sh(`cat /usr/share/doc/stack-trixie-libraries/copyright`),
      /== libc6 2\.[\s\S]*== libssl3t64 3\./,
    );
    t.equal(await machine.sh(`ldconfig -p | grep -c ${folder} || true`), "0", "no other program finds the libraries");
  });
}

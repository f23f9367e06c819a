import { join } from "node:path";
import t from "tap";
import { datagramSender } from "../../../agent/notify/datagram-sender.ts";
import { keepWatchdog } from "../../../agent/notify/keep-watchdog.ts";
import { notifier } from "../../../agent/notify/notifier.ts";
import { datagramReceiver, shortFolder } from "../datagram-receiver.ts";

const send = datagramSender(process.argv[1]);

t.test("systemd is told READY, STATUS once a change, and STOPPING", async (t) => {
  const systemd = datagramReceiver(t);
  const told = notifier({ environment: { NOTIFY_SOCKET: systemd.path }, pid: 1, send });
  await told.ready("starting");
  await told.status("starting");
  await told.status("provisioning: redis\nREADY=1");
  await told.stopping();
  await systemd.until((texts) => texts.length >= 3);
  t.same(systemd.texts(), [
    "READY=1\nSTATUS=starting",
    "STATUS=provisioning: redis READY=1",
    "STOPPING=1\nSTATUS=stopping",
  ]);
});

t.test("without a NOTIFY_SOCKET nothing is sent, and nothing fails", async (t) => {
  const told = notifier({
    environment: {},
    pid: 1,
    send: async () => {
      t.fail("sent something");
    },
  });
  await told.ready("x");
  await told.watchdog();
  t.equal(told.watchdogMs, undefined);
});

t.test("a socket that is gone is reported, not thrown", async (t) => {
  const errors: unknown[] = [];
  const told = notifier({
    environment: { NOTIFY_SOCKET: join(shortFolder(t), "gone") },
    pid: 1,
    send,
    onError: (error) => errors.push(error),
  });
  await told.ready("x");
  t.match(errors, [/No such file/]);
});

t.test("the watchdog is for the process it was meant for", async (t) => {
  const table: [Record<string, string>, number | undefined][] = [
    [{ WATCHDOG_USEC: "30000000" }, 30_000],
    [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" }, 30_000],
    [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "8" }, undefined],
    [{ WATCHDOG_USEC: "0" }, undefined],
    [{ WATCHDOG_USEC: "soon" }, undefined],
  ];
  for (const [environment, expected] of table) {
    t.equal(notifier({ environment, pid: 7, send }).watchdogMs, expected, JSON.stringify(environment));
  }
});

t.test("the watchdog is pinged while the work moves, and no longer", async (t) => {
  const systemd = datagramReceiver(t);
  const told = notifier({ environment: { NOTIFY_SOCKET: systemd.path, WATCHDOG_USEC: "60000" }, pid: 1, send });
  let moving = true;
  let asked = 0;
  const stop = keepWatchdog(told, () => {
    asked++;
    return moving;
  });
  t.teardown(stop);
  await systemd.until((texts) => texts.length >= 3);
  t.ok(systemd.texts().every((text) => text === "WATCHDOG=1"));
  moving = false;
  const silentFrom = asked;
  await systemd.until(() => asked >= silentFrom + 3);
  await told.stopping();
  await systemd.until((texts) => texts.some((text) => text.startsWith("STOPPING")));
  t.equal(systemd.texts().length, silentFrom + 1, "no ping since");
});

import t from "tap";
import { parseUnits } from "../../../engine/facts/read-units.ts";

/** What `systemctl show` says of one unit. */
function failing(properties: Record<string, string | number>): boolean | undefined {
  const text = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  return parseUnits(`LoadState=loaded\n${text.join("\n")}\n`, ["a.service"])[0]?.failing;
}

/** Seconds of uptime as systemd stamps them. */
const at = (seconds: number): string => String(seconds * 1_000_000);

t.test("a server whose starts end before it is ready is told from one that was ready and died", async (t) => {
  const table: [what: string, properties: Record<string, string | number>, is: boolean][] = [
    ["it runs", { ActiveState: "active", SubState: "running", NRestarts: 5 }, false],
    ["its first start", { ActiveState: "activating", SubState: "start", NRestarts: 0 }, false],
    [
      "its first start ended",
      { ActiveState: "activating", SubState: "auto-restart", NRestarts: 0, ExecMainStartTimestampMonotonic: at(4) },
      true,
    ],
    ["its second start", { ActiveState: "activating", SubState: "start", NRestarts: 1 }, true],
    [
      "it was killed",
      {
        ActiveState: "activating",
        SubState: "auto-restart",
        NRestarts: 0,
        ExecMainStartTimestampMonotonic: at(4),
        ActiveEnterTimestampMonotonic: at(5),
        ActiveExitTimestampMonotonic: at(90),
      },
      false,
    ],
    [
      "it was killed, as often before, and starts",
      {
        ActiveState: "activating",
        SubState: "start",
        NRestarts: 7,
        ExecMainStartTimestampMonotonic: at(91.1),
        ActiveEnterTimestampMonotonic: at(5),
        ActiveExitTimestampMonotonic: at(90),
      },
      false,
    ],
    [
      "it was killed, and its start after that ended",
      {
        ActiveState: "activating",
        SubState: "auto-restart",
        NRestarts: 1,
        ExecMainStartTimestampMonotonic: at(91.1),
        ActiveEnterTimestampMonotonic: at(5),
        ActiveExitTimestampMonotonic: at(90),
      },
      true,
    ],
    [
      "and the next one begins",
      {
        ActiveState: "activating",
        SubState: "start",
        NRestarts: 2,
        ExecMainStartTimestampMonotonic: at(96),
        ActiveEnterTimestampMonotonic: at(5),
        ActiveExitTimestampMonotonic: at(90),
      },
      true,
    ],
    [
      "it never had a process",
      { ActiveState: "failed", SubState: "failed", ExecMainStartTimestampMonotonic: 0 },
      false,
    ],
  ];
  for (const [what, properties, is] of table) t.equal(failing(properties), is, what);
});

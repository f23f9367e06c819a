import t from "tap";
import { parseInfo } from "../../../../components/backup/agent/repository-info.ts";

/** As pgBackRest 2.45 prints it. */
const told = [
  {
    archive: [
      {
        database: { id: 1, "repo-key": 1 },
        id: "15-1",
        max: "000000010000000000000007",
        min: "000000010000000000000001",
      },
    ],
    backup: [
      {
        annotation: { migration: "10", events: "2000" },
        error: false,
        info: { delta: 23_353_105, repository: { delta: 2_865_200, size: 2_865_200 }, size: 23_353_105 },
        label: "20261130-030949F",
        timestamp: { start: 1_796_008_189, stop: 1_796_008_193 },
        type: "full",
      },
      {
        error: true,
        info: { delta: 934_154, repository: { delta: 70_128, size: 2_878_592 }, size: 23_492_369 },
        label: "20261130-030949F_20261130-031000D",
        timestamp: { start: 1_796_008_200, stop: 1_796_008_202 },
        type: "diff",
      },
    ],
    db: [{ id: 1, "repo-key": 1, "system-id": 7713796385489, version: "15" }],
    name: "shop",
    status: { code: 0, lock: { backup: { held: false } }, message: "ok" },
  },
];

t.test("backups are told with their times, sizes and what was noted", async (t) => {
  const { major, backups } = parseInfo(JSON.stringify(told), "shop");
  t.equal(major, "15");
  t.match(backups, [
    {
      type: "full",
      ended: new Date("2026-11-30T03:09:53Z"),
      stored: 2_865_200,
      events: 2000,
      migration: 10,
      damaged: false,
    },
    { type: "differential", events: undefined, damaged: true },
  ]);
});

t.test("no repository, another stack's and one that can't be read are told apart", async (t) => {
  const status = (code: number, message: string) => JSON.stringify([{ name: "shop", status: { code, message } }]);
  t.throws(() => parseInfo("[]", "shop"), { code: "repository-missing" });
  t.throws(() => parseInfo(JSON.stringify(told), "orders"), { code: "repository-missing" });
  t.throws(() => parseInfo(status(1, "missing stanza path"), "shop"), { code: "repository-missing" });
  t.throws(() => parseInfo(status(99, "other"), "shop"), { code: "repository-damaged", message: /other/ });
  t.strictSame(parseInfo(status(2, "no valid backups"), "shop").backups, []);
});

t.test("a bucket that can't be read is told by what its server answered", async (t) => {
  const answered = (message: string) =>
    JSON.stringify([
      { name: "shop", status: { code: 99, message: "other" }, repo: [{ status: { code: 99, message } }] },
    ]);
  t.throws(() => parseInfo(answered("[ProtocolError] HTTP request failed with 403 (Forbidden):\n*** Path"), "shop"), {
    code: "target-refused",
    message: /403 \(Forbidden\):$/,
  });
  t.throws(() => parseInfo(answered("[FormatError] what is this"), "shop"), { code: "repository-damaged" });
});

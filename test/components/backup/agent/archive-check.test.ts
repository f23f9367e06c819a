import t from "tap";
import { archiveOutcome, parseArchiveState } from "../../../../components/backup/agent/archive-check.ts";

const room = { queue: 4096, free: 50_000 };

t.test("what was archived passes, and so does an archive that nothing was written for yet", async (t) => {
  t.match(archiveOutcome(undefined, room), { status: "pass", observedValue: 0 });
  t.match(archiveOutcome(parseArchiveState("ok\n1796010676\n1\npg_wal/000000010000000000000002\n"), room), {
    status: "pass",
    observedValue: 16,
  });
});

t.test("one that fails warns at once, with the reason, since when, and what waits", async (t) => {
  const state = parseArchiveState("failing\n1796010676\n3\nERROR: [055]: unable to load info file\n");
  t.match(archiveOutcome(state, room), {
    status: "warn",
    code: "archive-failing",
    message: /since 2026-11-30T03:51:16Z, 48 MiB wait: ERROR: \[055\]/,
  });
  t.match(archiveOutcome(parseArchiveState("closed\n1796010676\n1\nnot yet\n"), room), { code: "archive-closed" });
});

t.test("it fails once half of what may wait does, by the queue or by the disk", async (t) => {
  const waiting = (files: number) => parseArchiveState(`failing\n1796010676\n${files}\nno room\n`);
  t.match(archiveOutcome(waiting(127), room), { status: "warn" });
  t.match(archiveOutcome(waiting(128), room), { status: "fail", code: "archive-full", observedValue: 2048 });
  t.match(archiveOutcome(waiting(10), { queue: 4096, free: 200 }), { status: "warn" });
  t.match(archiveOutcome(waiting(10), { queue: 4096, free: 150 }), { status: "fail" });
});

t.test("what was given up is told until a backup has it", async (t) => {
  const state = parseArchiveState("gap\n1796010676\n0\npg_wal/00000001000000000000000A\n");
  t.match(archiveOutcome(state, room), {
    status: "warn",
    code: "archive-gap",
    message: /0A on was given up.*backup now/,
  });
});

t.test("a file that was cut off while it was written says nothing", async (t) => {
  for (const text of ["", "\n", "fail", "x\n1\n2\n3"]) t.equal(parseArchiveState(text), undefined, text);
});

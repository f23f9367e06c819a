import { fstatSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { journalEntry, nativeEntry } from "../../../agent/journal/entry.ts";
import { openLog } from "../../../agent/journal/open-log.ts";
import { datagramSender } from "../../../agent/notify/datagram-sender.ts";
import { stderrLog } from "../../../lib/log.ts";
import { messageIds } from "../../../stack/message-ids.ts";
import { datagramReceiver, shortFolder } from "../datagram-receiver.ts";

const program = process.argv[1];
const send = datagramSender(program);
const { dev, ino } = fstatSync(2);
// As systemd says it of a service whose standard error is the journal.
const environment = { JOURNAL_STREAM: `${dev}:${ino}` };

t.test("an entry reaches journald's socket with its fields", async (t) => {
  const journald = datagramReceiver(t);
  const log = openLog({
    environment,
    program,
    send,
    socket: journald.path,
    write: (text) => t.fail(`fell back: ${text}`),
  });
  log("warning", "redis: pass -> fail", { MESSAGE_ID: messageIds.componentChanged, STACK_COMPONENT: "redis" });
  await journald.until((texts) => texts.length === 1);
  t.equal(
    journald.texts()[0],
    "SYSLOG_IDENTIFIER=stack-agent\nPRIORITY=4\nMESSAGE=redis: pass -> fail\n" +
      `MESSAGE_ID=${messageIds.componentChanged}\nSTACK_COMPONENT=redis\n`,
  );
});

t.test("a process whose standard error is no journal logs plain lines there", async (t) => {
  const inherited = { JOURNAL_STREAM: `${dev}:${ino + 1}` };
  for (const elsewhere of [{}, inherited]) {
    t.equal(openLog({ environment: elsewhere, program, send }), stderrLog);
  }
});

t.test("a message of several lines is one entry, its length in front", async (t) => {
  const text = nativeEntry([["MESSAGE", "one\ntwö"]]);
  t.same(
    text,
    Buffer.concat([Buffer.from("MESSAGE\n"), Buffer.from([8, 0, 0, 0, 0, 0, 0, 0]), Buffer.from("one\ntwö\n")]),
  );
});

t.test("an entry holds no NUL, no name the journal refuses, no field twice, and fits a datagram", async (t) => {
  const long = "ä".repeat(100_000);
  const fields = {
    MESSAGE: "again",
    lower: "x",
    _TRUSTED: "x",
    STACK_STAGE: "re\0dis",
    NOTHING: undefined,
    A: long,
    B: long,
  };
  const entry = journalEntry("stack-agent", "error", "a\0b", fields);
  t.same(
    entry.map(([name]) => name),
    ["SYSLOG_IDENTIFIER", "PRIORITY", "MESSAGE", "STACK_STAGE", "A"],
  );
  t.match(
    new Map(entry),
    new Map([
      ["MESSAGE", "ab"],
      ["STACK_STAGE", "redis"],
      ["PRIORITY", "3"],
    ]),
  );
  t.ok(nativeEntry(entry).length <= 128 * 1024);
  t.notMatch(new Map(entry).get("A"), /\ufffd/);
  t.match(new Map(entry).get("A"), /ä…$/);
});

t.test("every level has syslog's priority", async (t) => {
  const table = [
    ["error", "3"],
    ["warning", "4"],
    ["notice", "5"],
    ["info", "6"],
    ["debug", "7"],
  ] as const;
  for (const [level, priority] of table) t.equal(new Map(journalEntry("x", level, "m")).get("PRIORITY"), priority);
});

t.test("where journald can't be reached, lines with their priority go to standard error", async (t) => {
  const written = await new Promise<string>((resolve) => {
    openLog({ environment, program, send, socket: join(shortFolder(t), "gone"), write: resolve })("error", "one\ntwo");
  });
  t.equal(written, "<3>one\n<3>two\n");
  const unsendable: string[] = [];
  openLog({ environment, program, send: undefined, socket: "/nowhere", write: (text) => unsendable.push(text) })(
    "info",
    "x",
  );
  t.same(unsendable, ["<6>x\n"]);
});

t.test("message ids are journald's: 128 bits in lower-case hex, each its own", async (t) => {
  const ids = Object.values(messageIds);
  for (const id of ids) t.match(id, /^[0-9a-f]{32}$/);
  t.equal(new Set(ids).size, ids.length);
});

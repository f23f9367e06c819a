import t from "tap";
import { auditSecret, thisActor } from "../../../agent/secrets/audit-secret.ts";
import { messageIds } from "../../../stack/message-ids.ts";

const root = { userId: 0, loginId: undefined, sudoUser: undefined };

t.test("a line says who did what to which secret, in words and in fields", async (t) => {
  const sent: string[] = [];
  const send = async (_: string, content: Buffer) => void sent.push(content.toString());
  await auditSecret(send, { ...root, loginId: 1000, sudoUser: "alice" })("show", "redis.auth");
  t.strictSame(sent[0]?.split("\n").sort(), [
    "",
    `MESSAGE=uid 0 by sudo of alice, logged in as uid 1000: secrets show redis.auth`,
    `MESSAGE_ID=${messageIds.secretAudit}`,
    "PRIORITY=5",
    "STACK_ACTOR=uid 0 by sudo of alice, logged in as uid 1000",
    "STACK_ACTOR_LOGINUID=1000",
    "STACK_ACTOR_SUDO_USER=alice",
    "STACK_ACTOR_UID=0",
    "STACK_SECRET=redis.auth",
    "STACK_SECRET_DEED=show",
    "SYSLOG_IDENTIFIER=stack-agent",
  ]);
  await auditSecret(send, root)("set", "alpaca_key");
  t.match(sent[1], /^MESSAGE=uid 0: secrets set alpaca_key$/m);
});

t.test("where no line can be written there is an error, before anything is done", async (t) => {
  const refuse = async () => Promise.reject(new Error("ENOENT"));
  await t.rejects(auditSecret(refuse, root)("show", "redis.auth"), { code: "not-audited", message: /redis\.auth/ });
  await t.rejects(auditSecret(undefined, root)("show", "redis.auth"), { code: "not-audited" });
});

t.test("who it is comes from the process: its user, its login, sudo's word", async (t) => {
  const actor = await thisActor({ SUDO_USER: "alice" }, 0);
  t.match(actor, { userId: 0, sudoUser: "alice" });
  t.ok(actor.loginId === undefined || (actor.loginId >= 0 && actor.loginId < 4_294_967_295));
});

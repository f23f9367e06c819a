import { randomUUID } from "node:crypto";
import type { Test } from "tap";

/** One statement's rows; an error has PostgreSQL's SQLSTATE as its `code`. */
export type Query = (
  text: string,
  values?: readonly unknown[],
) => Promise<readonly Readonly<Record<string, unknown>>[]>;

export interface EventStoreSessions {
  /** As the services' role; each a session of its own. */
  readonly user: Query;
  readonly second: Query;
  /** As the agent's role. */
  readonly agent: Query;
  /** As the superuser, in the event store's database. */
  readonly superuser: Query;
}

const denied = "42501";

/** What the event store promises, proved by statements: on any server that has it. */
export async function proveEventStore(t: Test, sessions: EventStoreSessions): Promise<void> {
  await t.test("the services' role can't change or remove an event", (t) => refusals(t, sessions));
  await t.test("even a superuser's UPDATE, DELETE and TRUNCATE are refused", (t) => triggers(t, sessions));
  await t.test("expected versions any, no stream, exists and exact hold", (t) => expectations(t, sessions));
  await t.test("an append sent again gives the same positions and no second event", (t) => repeats(t, sessions));
  await t.test("a batch is written whole or not at all", (t) => batches(t, sessions));
  await t.test("of two appends that expect one version, one wins and one gets SE001", (t) => conflict(t, sessions));
  await t.test("a reader by position gets every event of concurrent writers, in order", (t) => reading(t, sessions));
  await t.test("events of a registered type are checked against its schema", (t) => schemas(t, sessions));
  await t.test("each field of a call is checked, and SE003 names it without its value", (t) => fields(t, sessions));
  await t.test("a checkpoint moves by compare-and-set, with its transaction", (t) => checkpoints(t, sessions));
  await t.test("a snapshot is of an event that is there, and the newest is kept", (t) => snapshots(t, sessions));
  await t.test("the agent's role refreshes the statistics and can do nothing else", (t) => statistics(t, sessions));
}

/** A stream nobody has used. */
function stream(): [string, string] {
  return ["probe", randomUUID()];
}

function append(query: Query, [type, id]: readonly [string, string], expected: number, events: readonly object[]) {
  return query("select * from event_store.append($1, $2, $3, $4)", [type, id, expected, JSON.stringify(events)]);
}

const event = (data: unknown = {}, more: object = {}) => ({ event_type: "Probed", event_data: data, ...more });

async function refusals(t: Test, { user }: EventStoreSessions): Promise<void> {
  const statements: Readonly<Record<string, string>> = {
    INSERT: `insert into event_store.events (event_id, event_type, aggregate_type, aggregate_id, event_version, event_data)
      values (gen_random_uuid(), 'a', 'a', 'a', 1, '{}')`,
    UPDATE: "update event_store.events set event_type = 'other'",
    DELETE: "delete from event_store.events",
    TRUNCATE: "truncate event_store.events",
    DROP: "drop table event_store.events",
    "DROP SCHEMA": "drop schema event_store cascade",
    "DISABLE TRIGGER": "alter table event_store.events disable trigger all",
    "a new table in event_store": "create table event_store.mine (a integer)",
    "SET ROLE": "set role event_store_owner",
    "a sequence's reset": "select setval('event_store.events_global_position_seq', 1)",
    "DROP of the statistics": "drop materialized view projections.event_statistics",
    "the agent's own schema": "select * from stack_agent.migrations",
  };
  for (const [what, text] of Object.entries(statements)) {
    await t.rejects(user(text), { code: denied }, `${what} is refused`);
  }
  const name = `probe_${randomUUID().replaceAll("-", "")}`;
  await user(`create schema ${name}`);
  await user(`create table ${name}.model (a integer)`);
  await user(`drop schema ${name} cascade`);
  await user(`create table projections.${name} (a integer)`);
  await user(`drop table projections.${name}`);
}

async function triggers(t: Test, { user, superuser }: EventStoreSessions): Promise<void> {
  await append(user, stream(), -1, [event()]);
  await t.rejects(superuser("update event_store.events set event_type = 'other'"), { code: "SE005" });
  await t.rejects(superuser("delete from event_store.events"), { code: "SE005" });
  await t.rejects(superuser("truncate event_store.events cascade"), { code: "SE005" });
  await superuser("set session_replication_role = replica");
  await t.rejects(superuser("delete from event_store.events"), { code: "SE005" }, "replica mode is no way around");
  await superuser("reset session_replication_role");
}

async function expectations(t: Test, { user }: EventStoreSessions): Promise<void> {
  const one = stream();
  await t.rejects(append(user, one, -4, [event()]), { code: "SE001" }, "exists, and it doesn't");
  await t.rejects(append(user, one, 1, [event()]), { code: "SE001" }, "exactly 1, and there is none");
  t.match(await append(user, one, -1, [event()]), [{ event_version: "1" }], "no stream");
  await t.rejects(append(user, one, -1, [event()]), { code: "SE001" }, "no stream, and there is one");
  await t.rejects(append(user, one, 0, [event()]), { code: "SE001" }, "exactly 0, and there is 1");
  t.match(
    await append(user, one, 1, [event(), event()]),
    [{ event_version: "2" }, { event_version: "3" }],
    "exactly 1",
  );
  t.match(await append(user, one, -4, [event()]), [{ event_version: "4" }], "exists");
  t.match(await append(user, one, -2, [event()]), [{ event_version: "5" }], "any");
  await t.rejects(append(user, one, -3, [event()]), { code: "22023" }, "a number that means nothing");
  await t.rejects(append(user, one, -2, []), { code: "SE003" }, "an empty batch");
  await t.rejects(append(user, one, -2, [{ event_type: "Probed" }]), { code: "SE003" }, "an event without data");
}

async function repeats(t: Test, { user }: EventStoreSessions): Promise<void> {
  const one = stream();
  const batch = [event({ n: 1 }, { event_id: randomUUID() }), event({ n: 2 }, { event_id: randomUUID() })];
  const first = await append(user, one, -1, batch);
  t.same(await append(user, one, -1, batch), first, "though its expected version is long past");
  t.same(await append(user, one, -2, batch), first);
  await t.rejects(append(user, stream(), -2, batch), { code: "SE002" }, "to another aggregate");
  await t.rejects(append(user, one, -2, [...batch, event()]), { code: "SE002" }, "with an event more");
  t.match(await user("select count(*) from event_store.read_stream($1, $2)", one), [{ count: "2" }]);
}

async function batches(t: Test, { user }: EventStoreSessions): Promise<void> {
  const one = stream();
  const twice = randomUUID();
  const batch = [event(), event({}, { event_id: twice }), event({}, { event_id: twice })];
  await t.rejects(append(user, one, -2, batch), { code: "SE002" });
  await t.rejects(append(user, one, -2, [event(), { event_data: {} }]), { code: "SE003" });
  t.same(await user("select * from event_store.read_stream($1, $2)", one), []);
}

async function conflict(t: Test, { user, second }: EventStoreSessions): Promise<void> {
  const one = stream();
  await user("begin");
  await append(user, one, -1, [event()]);
  const waiting = append(second, one, -1, [event()]);
  const refused = t.rejects(waiting, { code: "SE001" });
  await user("commit");
  await refused;
}

async function reading(t: Test, { user, second, superuser }: EventStoreSessions): Promise<void> {
  const [start] = await superuser("select event_store.head() as head");
  let position = Number(start?.head);
  const seen: number[] = [];
  let writing = true;
  const reader = async (): Promise<void> => {
    for (let last = false; ; ) {
      const rows = await superuser("select global_position as at from event_store.read_all($1)", [position]);
      for (const { at } of rows) seen.push(Number(at));
      position = seen.at(-1) ?? position;
      if (last && rows.length === 0) return;
      last = !writing;
    }
  };
  const writer = async (query: Query): Promise<number[]> => {
    const written: number[] = [];
    for (let n = 0; n < 100; n += 1) {
      for (const row of await append(query, stream(), -1, [event({ n }), event({ n })])) {
        written.push(Number(row.global_position));
      }
    }
    return written;
  };
  const reads = reader();
  const written = (await Promise.all([writer(user), writer(second)])).flat();
  writing = false;
  await reads;
  t.same(
    seen,
    written.sort((a, b) => a - b),
  );
}

async function schemas(t: Test, { user }: EventStoreSessions): Promise<void> {
  const type = `Probe${randomUUID()}`;
  const schema = {
    type: "object",
    required: ["quantity"],
    properties: { quantity: { type: "integer" }, side: { enum: ["buy", "sell"] } },
    additionalProperties: false,
  };
  const register = (rules: unknown) =>
    user("select event_store.register_event_type($1, $2)", [type, JSON.stringify(rules)]);
  await t.rejects(register({ type: "object", minProperties: 1 }), { code: "SE003" }, "a rule that is not checked");
  await register(schema);
  const send = (data: unknown) => append(user, stream(), -1, [{ event_type: type, event_data: data }]);
  await t.resolves(send({ quantity: 5, side: "buy" }));
  const wrong = [{}, { quantity: "5" }, { quantity: 1.5 }, { quantity: 1, side: "hold" }, { quantity: 1, x: 1 }, []];
  for (const data of wrong) await t.rejects(send(data), { code: "SE003" }, JSON.stringify(data));
}

/** A fault of a text that must be a name. */
const name = (field: string): string => `${field} must be a text of 1 to 255 characters`;

async function fields(t: Test, { user }: EventStoreSessions): Promise<void> {
  const needle = "needle".repeat(600);
  const refused = async (call: Promise<unknown>, fault: string): Promise<void> => {
    const error = await call.then(
      () => undefined,
      (error: unknown) => error as { code: string; message: string; detail?: string; where?: string },
    );
    t.match(error, { code: "SE003", message: fault }, fault);
    t.notMatch(JSON.stringify({ ...error, message: error?.message }), "needle", `${fault}: no value is in the error`);
  };
  const one = (more: object) => append(user, stream(), -2, [event(), event({}, more)]);
  const texts = [needle, "", 5, ["needle"], { needle }];
  for (const value of [...texts, null]) await refused(one({ event_type: value }), `event 2: ${name("event_type")}`);
  for (const field of ["correlation_id", "causation_id"]) {
    for (const value of texts) {
      await refused(one({ metadata: { [field]: value } }), `event 2: ${name(`metadata.${field}`)}`);
    }
    await t.resolves(one({ metadata: { [field]: "é".repeat(255) } }), "255 characters");
    await t.resolves(one({ metadata: { [field]: null } }), "null is as left out");
  }
  for (const value of [...texts, "needle", `{${randomUUID()}`, ` ${randomUUID()}`, `${randomUUID()}-`]) {
    await refused(one({ event_id: value }), "event 2: event_id is not a UUID");
  }
  await t.resolves(one({ event_id: randomUUID().replaceAll("-", "").toUpperCase() }));
  await t.resolves(one({ event_id: null, metadata: null, event_data: null }));
  for (const value of ["needle", 5, [needle]]) await refused(one({ metadata: value }), "event 2: metadata is not an");
  await refused(one({ event_data: undefined }), "event 2: event_data is missing");
  for (const value of ["needle", 5, null, []]) {
    const batch = append(user, stream(), -2, [event(), value as object]);
    await refused(batch, "event 2: it is not an object");
  }
  await refused(append(user, stream(), -2, "needle" as never), "events must be an array with at least one event");
  for (const value of ["", needle, null]) {
    await refused(append(user, [value as string, "a"], -2, [event()]), name("aggregate_type"));
    await refused(append(user, ["a", value as string], -2, [event()]), name("aggregate_id"));
    const snapshot = "select event_store.save_snapshot($1, $2, 1, '{}')";
    await refused(user(snapshot, [value, "a"]), name("stream_type"));
    await refused(user(snapshot, ["a", value]), name("stream_id"));
    await refused(user("select event_store.advance_projection($1, 0, 1)", [value]), name("name"));
    await refused(user("select event_store.register_event_type($1)", [value]), name("event_type"));
  }
  const longest = "é".repeat(255);
  await t.resolves(append(user, [longest, longest], -2, [event({}, { event_type: longest })]), "the longest names");
  await t.resolves(user("select event_store.save_snapshot($1, $1, 1, '{}')", [longest]));
  await refused(user("select event_store.save_snapshot('a', 'a', 0, '{}')"), "version must be 1 or more");
  await refused(user("select event_store.save_snapshot('a', 'a', 1, null)"), "data is null");
  await refused(user(`select event_store.save_snapshot('a', 'a', 1, '{}', '"needle"')`), "about is not an object");
  await refused(user("select event_store.advance_projection('a', -1, 1)"), "from_position is below 0");
  await refused(user("select event_store.register_event_type('a', null, null)"), "description is null");
  const type = `Probe${randomUUID()}`;
  await user("select event_store.register_event_type($1, $2)", [type, '{"additionalProperties": false}']);
  await refused(
    one({ event_type: type, event_data: { needle } }),
    `event 2: event_data is not as the schema of ${type}`,
  );
}

async function checkpoints(t: Test, { user, second }: EventStoreSessions): Promise<void> {
  const name = `probe-${randomUUID()}`;
  const move = (query: Query, from: number, to: number) =>
    query("select event_store.advance_projection($1, $2, $3)", [name, from, to]);
  const at = async () =>
    (await second("select position from event_store.projections where projection_name = $1", [name]))[0]?.position;
  await user("begin");
  await move(user, 0, 10);
  await user("rollback");
  t.equal(await at(), undefined, "rolled back with its transaction");
  await move(user, 0, 10);
  await t.rejects(move(second, 0, 12), { code: "SE004" });
  await user("begin");
  await move(user, 10, 20);
  const waiting = t.rejects(move(second, 10, 21), { code: "SE004" }, "the slower of two workers");
  await user("commit");
  await waiting;
  t.equal(await at(), "20");
  await t.rejects(move(user, 20, 19), { code: "22023" }, "backwards");
}

async function snapshots(t: Test, { user }: EventStoreSessions): Promise<void> {
  const one = stream();
  await append(user, one, -1, [event(), event(), event()]);
  const save = async (version: number) =>
    (await user("select event_store.save_snapshot($1, $2, $3, '{}') as kept", [...one, version]))[0]?.kept;
  t.equal(await save(2), true);
  t.equal(await save(1), false, "an older one is not kept");
  t.equal(await save(3), true);
  await t.rejects(save(4), { code: "23503" }, "of an event that is not there");
}

async function statistics(t: Test, { user, agent }: EventStoreSessions): Promise<void> {
  const type = randomUUID();
  await append(user, [type, "1"], -1, [event(), event()]);
  t.match(await agent("select event_store.refresh_statistics() as refreshed"), [{ refreshed: true }]);
  const text = "select events, aggregates from projections.event_statistics where aggregate_type = $1";
  t.match(await user(text, [type]), [{ events: "2", aggregates: "1" }]);
  await t.rejects(agent("select * from event_store.events"), { code: denied });
  await t.rejects(agent("select * from event_store.append('a', 'a', -2, '[]')"), { code: denied });
  await t.rejects(user("select event_store.refresh_statistics()"), { code: denied });
  await t.rejects(user("refresh materialized view projections.event_statistics"), { code: denied });
}

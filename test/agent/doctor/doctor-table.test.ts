import t from "tap";
import { doctorTable } from "../../../agent/doctor/doctor-table.ts";
import type { DoctorDocument, PromiseFinding } from "../../../stack/documents/doctor.ts";

function finding(state: PromiseFinding["state"], title: string, found: string[], hint?: string): PromiseFinding {
  return { promise: title, title, state, found, ...(hint === undefined ? {} : { hint }) };
}

const document: DoctorDocument = {
  schemaVersion: 1,
  status: "broken",
  confinement: { kind: "nesting", how: "probed" },
  units: [
    { unit: "good.service", user: "good", promises: [finding("kept", "sees no devices", [])] },
    {
      unit: "bad.service",
      user: "bad",
      promises: [
        finding("kept", "sees no devices", []),
        finding("broken", "writes its own", ["/a", "/b", "/c", "/d"], "look there"),
        finding("not-enforced", "reaches loopback", ["10.1.1.1:8000"], "ask the node"),
      ],
    },
  ],
  machine: [{ name: "disk", status: "pass", message: "/ is 3 % full" }],
};

t.test("the table has a line for each unit, what is wrong with it, and what helps, once", async (t) => {
  const lines = doctorTable(document, false).split("\n");
  t.match(lines[0], /^fail: /);
  t.ok(lines.some((line) => /^good\.service +good +pass +1\/1$/.test(line)));
  t.ok(
    lines.includes(
      "bad.service   bad   fail   1/3   broken: writes its own (/a, /b, /c and 1 more); not enforced here: reaches loopback",
    ),
  );
  t.ok(lines.some((line) => /^disk +pass +\/ is 3 % full$/.test(line)));
  t.strictSame(lines.slice(lines.indexOf("what helps:")), ["what helps:", "  look there", "  ask the node", ""]);
});

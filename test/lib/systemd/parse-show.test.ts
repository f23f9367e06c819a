import t from "tap";
import { parseShow } from "../../../lib/systemd/parse-show.ts";

t.test("a block for each unit, a value may hold what sets names apart", async (t) => {
  const text = "Id=a.service\nEnvironment=A=1 B=2\n\nId=b.service\nJob=\n";
  t.strictSame(parseShow(text), [
    new Map([
      ["Id", "a.service"],
      ["Environment", "A=1 B=2"],
    ]),
    new Map([
      ["Id", "b.service"],
      ["Job", ""],
    ]),
  ]);
});

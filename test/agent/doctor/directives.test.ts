import t from "tap";
import { readDirectives } from "../../../agent/doctor/directives.ts";

t.test("directives are read as systemd reads them: drop-ins add, an empty one starts over", async (t) => {
  const unit =
    "[Unit]\nUser=not-here\n[Service]\nUser=redis\nReadWritePaths=/a /b\nProtectSystem = strict\n# NoNewPrivileges=yes\n";
  const found = readDirectives([unit, "[Service]\nReadWritePaths=/c\nCapabilityBoundingSet=\n"]);
  t.strictSame(Object.fromEntries(found), {
    User: ["redis"],
    ReadWritePaths: ["/a", "/b", "/c"],
    ProtectSystem: ["strict"],
    CapabilityBoundingSet: [],
  });
  t.strictSame(readDirectives([unit, "[Service]\nReadWritePaths=\nReadWritePaths=/c\n"]).get("ReadWritePaths"), ["/c"]);
});

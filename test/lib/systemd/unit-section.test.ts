import t from "tap";
import { unitSection } from "../../../lib/systemd/unit-section.ts";

t.test("directives are read as systemd reads them: drop-ins add, an empty one starts over", async (t) => {
  const unit =
    "[Unit]\nUser=not-here\n[Service]\nUser=redis\nReadWritePaths=/a /b\nProtectSystem = strict\n# NoNewPrivileges=yes\n";
  const found = unitSection([unit, "[Service]\nReadWritePaths=/c\nCapabilityBoundingSet=\n"], "Service");
  t.strictSame(Object.fromEntries(found), {
    User: ["redis"],
    ReadWritePaths: ["/a", "/b", "/c"],
    ProtectSystem: ["strict"],
    CapabilityBoundingSet: [],
  });
  t.strictSame(
    unitSection([unit, "[Service]\nReadWritePaths=\nReadWritePaths=/c\n"], "Service").get("ReadWritePaths"),
    ["/c"],
  );
});

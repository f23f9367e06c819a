import t from "tap";
import { relaxNesting } from "../../../builder/layers/overlay/relax-nesting.ts";

t.test("switches off exactly the directives of the four that a unit sets", (t) => {
  const logrotate =
    "[Service]\nType=oneshot\nProtectControlGroups=true\nProtectKernelTunables=true\nProtectSystem=full\n";
  t.equal(relaxNesting(logrotate)?.split("[Service]\n")[1], "ProtectControlGroups=no\nProtectKernelTunables=no\n");
  t.match(relaxNesting("ProtectProc=invisible\nProcSubset=pid\n"), /^ProcSubset=all\nProtectProc=default$/m);
  t.end();
});

t.test("leaves a unit alone that sets none, or sets them off", (t) => {
  t.equal(relaxNesting("[Service]\nPrivateTmp=yes\nProtectSystem=strict\n"), undefined);
  t.equal(relaxNesting("[Service]\nProtectControlGroups=no\nProtectProc=default\nProcSubset=all\n"), undefined);
  t.equal(relaxNesting("# ProtectProc=invisible\n; ProcSubset=pid\n"), undefined);
  t.end();
});

t.test("a directive set twice is switched off once", (t) => {
  const dropIn = relaxNesting("ProtectProc=noaccess\nProtectProc=invisible\n") ?? "";
  t.equal(dropIn.match(/ProtectProc=/g)?.length, 1);
  t.end();
});

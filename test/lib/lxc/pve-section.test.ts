import t from "tap";
import { withoutPveSection, withPveSection } from "../../../lib/lxc/pve-section.ts";

const section = "# --- BEGIN PVE ---\n192.0.2.7 box\n# --- END PVE ---\n";

t.test("a file that isn't there becomes the section alone", async (t) => {
  t.equal(withPveSection(undefined, "192.0.2.7 box"), section);
});

t.test("the section goes to the end, and the next time stays where it is", async (t) => {
  const once = withPveSection("127.0.0.1 localhost\n", "old");
  t.equal(withPveSection(once, "192.0.2.7 box"), `127.0.0.1 localhost\n${section}`);
  const moved = `${section}# mine\n`;
  t.equal(withPveSection(moved, "192.0.2.8 box"), moved.replace("7 box", "8 box"));
});

t.test("without the section only the rest is seen", async (t) => {
  t.equal(withoutPveSection(`a\n${section}b\n`), "a\nb\n");
  t.equal(withoutPveSection("a\n"), "a\n");
});

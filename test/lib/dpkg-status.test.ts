import t from "tap";
import { parseDpkgStatus } from "../../lib/dpkg-status.ts";

const text = `Package: redis-server
Status: install ok installed
Version: 5:7.0.15-1
Provides: redis, kv (= 1.3)
Conffiles:
 /etc/redis/redis.conf 0123456789abcdef0123456789abcdef
 /etc/old.conf fedcba9876543210fedcba9876543210 obsolete
Description: store
 Package: none

Package: git
Status: deinstall ok config-files

Package: broken
Status: install reinstreq installed
Version: 1
`;

t.test("what dpkg's database says of each package", async (t) => {
  t.strictSame(parseDpkgStatus(text), [
    {
      name: "redis-server",
      state: "installed",
      whole: true,
      version: "5:7.0.15-1",
      provides: ["redis", "kv"],
      conffiles: new Map([["/etc/redis/redis.conf", "0123456789abcdef0123456789abcdef"]]),
    },
    { name: "git", state: "config-files", whole: false, version: undefined, provides: [], conffiles: new Map() },
    { name: "broken", state: "installed", whole: false, version: "1", provides: [], conffiles: new Map() },
  ]);
});

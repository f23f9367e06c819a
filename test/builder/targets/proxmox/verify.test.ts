import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import t from "tap";
import { TypeFlag } from "../../../../builder/archive/header.ts";
import { verifyTemplate } from "../../../../builder/targets/proxmox/verify.ts";
import type { MachineTraits } from "../../../../builder/verify/probes/machine.ts";
import type { VerifyReport } from "../../../../builder/verify/report.ts";
import { run } from "../../../../lib/run.ts";
import { archive, clean, file, folder, link, type Planted } from "../../verify/planted.ts";

type T = Pick<typeof import("tap").default, "testdir">;

const machine: MachineTraits = { hostname: "build-host-7", authorities: "", publicAuthorities: [] };

/** Verifies an archive of this name with what lies beside it. */
function verified(
  t: T,
  bytes: Buffer,
  more: { name?: string; beside?: Record<string, string>; machine?: MachineTraits } = {},
): Promise<VerifyReport> {
  const name = more.name ?? "debian-12-x_1_amd64.tar.gz";
  const path = join(t.testdir({ [name]: bytes, ...more.beside }), name);
  return verifyTemplate({ file: path, machine: more.machine ?? machine, run, signal: new AbortController().signal });
}

const packed = (members: readonly Planted[]): Buffer => gzipSync(archive(members));
const failures = (report: VerifyReport): string[] =>
  report.checks.flatMap(({ name, state, findings }) =>
    state === "failed" ? findings.map((one) => `${name}: ${one}`) : [],
  );
const found = async (t: T, members: readonly Planted[]): Promise<string[]> =>
  failures(await verified(t, packed(members)));

t.test("a template with nothing wrong passes, and what could not be checked is said", async (t) => {
  const report = await verified(t, packed(clean));
  t.same(failures(report), []);
  t.equal(report.status, "pass");
  t.same(
    report.checks.filter(({ state }) => state === "not checked").map(({ findings }) => findings[0]),
    [
      "there is no debian-12-x_1_amd64.tar.gz.sha256",
      "there is no debian-12-x_1_amd64.manifest.json",
      "there is no debian-12-x_1_amd64.tar.gz.sig",
    ],
  );
  t.equal(report.members, clean.length);
});

t.test("layers compressed one after the other are one archive, in each format", async (t) => {
  const at = archive(clean.slice(0, 9), Buffer.alloc(0));
  const rest = archive(clean.slice(9));
  for (const [suffix, command] of [
    ["gz", "gzip"],
    ["zst", "zstd"],
    ["xz", "xz"],
  ] as const) {
    const bytes = Buffer.concat([at, rest].map((input) => execFileSync(command, ["-c"], { input })));
    const report = await verified(t, bytes, { name: `x_amd64.tar.${suffix}` });
    t.same([report.members, failures(report)], [clean.length, []], suffix);
  }
});

t.test("an archive whose earlier layer has an archive's end is refused: tar would lose the later ones", async (t) => {
  const bytes = Buffer.concat([packed(clean), packed([file("./etc/later", "")])]);
  t.match(failures(await verified(t, bytes)), [/^archive: there is more after the archive's end/]);
});

t.test("a file cut short is found at any place, and a changed byte", async (t) => {
  // Content that does not compress, so that a cut falls into it.
  const noise = Buffer.concat([...Array(300).keys()].map((n) => createHash("sha512").update(`${n}`).digest()));
  const members = [...clean, file("./usr/lib/noise", noise)];
  for (const [suffix, command] of [
    ["gz", "gzip"],
    ["zst", "zstd"],
  ] as const) {
    const whole = execFileSync(command, ["-c"], { input: archive(members) });
    for (const length of [0, 40, 2000, whole.length - 1]) {
      const report = await verified(t, whole.subarray(0, length), { name: `x_amd64.tar.${suffix}` });
      t.match(failures(report), [/^archive: /], `${suffix}, ${length} bytes of ${whole.length}`);
      t.equal(report.sha256, createHash("sha256").update(whole.subarray(0, length)).digest("hex"));
      t.ok(report.checks.some(({ name, state }) => name === "secrets" && state === "not checked"));
    }
    const changed = Buffer.from(whole);
    changed[whole.length - 2000] = (changed[whole.length - 2000] ?? 0) ^ 0xff;
    t.match(
      failures(await verified(t, changed, { name: `x_amd64.tar.${suffix}` })),
      [/^archive: /],
      `${suffix}, edited`,
    );
  }
  const uncompressed = archive(members);
  for (const [length, says] of [
    [uncompressed.length - 1024, /without an archive's end/],
    [uncompressed.length - 2048, /in the middle of \.\/usr\/lib\/noise/],
    [uncompressed.length - 1024 - 19456 - 256, /in the middle of a header/],
  ] as const) {
    t.match(failures(await verified(t, gzipSync(uncompressed.subarray(0, length)))), [says]);
  }
});

t.test("the checksum and the manifest beside it must be the file's own", async (t) => {
  const bytes = packed(clean);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const name = "debian-12-x_1_amd64.tar.gz";
  const manifest = (template: object): string =>
    JSON.stringify({
      ...{ schemaVersion: 1, name: "x", version: "1", debian: "12", architecture: "amd64" },
      ...{ layers: [], packages: [], sources: {}, tools: {}, deviations: [], template },
    });
  const beside = (sum: string, template: object): { beside: Record<string, string> } => ({
    beside: { [`${name}.sha256`]: sum, "debian-12-x_1_amd64.manifest.json": manifest(template) },
  });
  const good = { file: name, bytes: bytes.length, sha256 };
  const report = await verified(t, bytes, beside(`${sha256}  ${name}\n`, good));
  t.same(
    report.checks.filter(({ name: one }) => ["checksum", "manifest"].includes(one)).map(({ state }) => state),
    ["ok", "ok"],
  );
  const other = "0".repeat(64);
  t.same(failures(await verified(t, bytes, beside(`${other}  ${name}\n`, { ...good, sha256: other, bytes: 1 }))), [
    `checksum: it is ${sha256}, and ${other} is said`,
    `manifest: bytes is ${bytes.length}, and 1 is said`,
    `manifest: sha256 is ${sha256}, and ${other} is said`,
  ]);
  t.same(failures(await verified(t, bytes, { beside: { [`${name}.sha256`]: `${sha256}  another\n` } })), [
    `checksum: ${name}.sha256 does not name ${name}`,
  ]);
  t.match(failures(await verified(t, bytes, { beside: { "debian-12-x_1_amd64.manifest.json": "{" } })), [
    /^manifest: /,
  ]);
});

t.test("a name that Proxmox does not take is said", async (t) => {
  const bytes = packed(clean);
  t.match(failures(await verified(t, bytes, { name: "x_amd64.tgz" })), [/^name: .*unable to parse/, /^archive: /]);
  t.match(failures(await verified(t, bytes, { name: "x y_amd64.tar.gz" })), [/^name: .*upload would make _ of " "/]);
  t.match(failures(await verified(t, bytes, { name: "x_arm64.tar.gz" })), ["system: it is amd64, its name says arm64"]);
});

const pem = (label: string): string =>
  `-----BEGIN ${label}-----\n${"MC4CAQAwBQYDK2VwBCIEIPlantedPlantedPlantedPlantedPlantedPlanted0"}\n-----END ${label}-----\n`;

interface Case {
  readonly what: string;
  readonly plant: readonly Planted[];
  readonly says: readonly string[];
}

const planted: readonly Case[] = [
  { what: "a member without ./", plant: [file("etc/x", "")], says: ["names: etc/x does not begin with ./"] },
  {
    what: "a second copy of a name, however it is written",
    plant: [file("./etc//debian_version", "13\n")],
    says: ["names: ./etc/debian_version comes twice: the first would win"],
  },
  {
    what: "a folder after what lies in it",
    plant: [file("./a/b", ""), folder("./a/")],
    says: ["names: ./a/b comes before its folder"],
  },
  {
    what: "a member below a link",
    plant: [file("./bin/x", "")],
    says: ["names: ./bin/x lies below what is no folder"],
  },
  {
    what: "a name that leads out",
    plant: [folder("./etc/../"), folder("./etc/../../")],
    says: ["names: ./etc/.. leads out of the root file system", "names: ./etc/../.. leads out of the root file system"],
  },
  {
    what: "a hard link to what is not there",
    plant: [{ name: "./usr/bin/x", type: TypeFlag.hardlink, linkName: "./usr/bin/y" }],
    says: ["names: ./usr/bin/x links to ./usr/bin/y, which is not before it"],
  },
  {
    what: "an owner of 70000",
    plant: [{ name: "./etc/x", uid: 70_000 }],
    says: ["owners: ./etc/x belongs to 70000:0"],
  },
  { what: "a group of 65536", plant: [{ name: "./etc/x", gid: 65_536 }], says: ["owners: ./etc/x belongs to 0:65536"] },
  {
    what: "a device node, in /dev or elsewhere",
    plant: [
      { name: "./dev/null", type: TypeFlag.character },
      { name: "./etc/disk", type: TypeFlag.block },
    ],
    says: [
      "devices: ./dev/null is a device node",
      "devices: ./dev/null lies in /dev",
      "devices: ./etc/disk is a device node",
    ],
  },
  {
    what: "an unknown kind of file",
    plant: [{ name: "./etc/x", type: "S" }],
    says: ['devices: ./etc/x is of the unknown type "S"'],
  },
  ...["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"].map((label) => ({
    what: `a key, ${label}, in a file of any name`,
    plant: [file("./usr/lib/data.bin", `\0\0 prefix ${pem(label)}`)],
    says: ["secrets: /usr/lib/data.bin holds a private key"],
  })),
  {
    what: "a key in JSON",
    plant: [file("./usr/lib/account.json", JSON.stringify({ key: pem("PRIVATE KEY") }))],
    says: ["secrets: /usr/lib/account.json holds a private key"],
  },
  {
    what: "a key of PGP",
    plant: [file("./usr/lib/x.asc", pem("PGP PRIVATE KEY BLOCK").replace("-----\n", "-----\nVersion: 1\n\n"))],
    says: ["secrets: /usr/lib/x.asc holds a private key"],
  },
  {
    what: "the beginning of a key in /etc",
    plant: [file("./etc/x", "-----BEGIN PRIVATE KEY-----\n")],
    says: ["secrets: /etc/x holds the beginning of a private key"],
  },
  {
    what: "an age key",
    plant: [file("./root/age.txt", `AGE-SECRET-KEY-1${"Q".repeat(58)}\n`)],
    says: ["secrets: /root/age.txt holds an age key"],
  },
  {
    what: "a repository's password",
    plant: [file("./etc/apt", "deb https://user:pw@example.org/debian bookworm main\n")],
    says: ["secrets: /etc/apt holds an address with a password"],
  },
  {
    what: "the building machine's proxy",
    plant: [folder("./etc/apt/"), file("./etc/apt/apt.conf", 'Acquire::http::Proxy "http://10.0.0.1:3128";\n')],
    says: ["secrets: /etc/apt/apt.conf holds a proxy"],
  },
  {
    what: "this machine's name, by itself",
    plant: [file("./etc/hosts", "10.0.0.1 build-host-7\n"), file("./etc/other", "build-host-77")],
    says: ["machine: /etc/hosts names this machine, build-host-7"],
  },
  {
    what: "identities",
    plant: [
      ...[folder("./etc/ssh/"), file("./etc/ssh/ssh_host_ed25519_key.pub", ""), file("./root/.erlang.cookie", "X")],
      ...[file("./etc/hostname", "x"), file("./var/log/dpkg.log", ""), file("./tmp/x", "")],
    ],
    says: [
      "identities: /etc/ssh/ssh_host_ed25519_key.pub is there",
      "identities: /root/.erlang.cookie is there",
      "identities: /etc/hostname is there",
      "identities: /var/log/dpkg.log is a log",
      "identities: /tmp is not empty: x",
    ],
  },
];

for (const { what, plant, says } of planted) {
  t.test(`found: ${what}`, async (t) => t.same(await found(t, [...clean, ...plant]), says));
}

/** The clean archive with one member another. */
const instead = (name: string, other: Planted | undefined): Planted[] =>
  clean.flatMap((one) => (one.name === name ? (other ?? []) : [one]));

t.test("found: a machine id, a password, a journal that would be lost", async (t) => {
  t.same(await found(t, instead("./etc/machine-id", file("./etc/machine-id", "abc\n"))), [
    "identities: /etc/machine-id has a value",
  ]);
  t.same(await found(t, instead("./etc/shadow", file("./etc/shadow", "root:$y$j9T$x:1::::::\nwww::1::::::\n"))), [
    "identities: /etc/shadow has a password of root",
    "identities: /etc/shadow has a password of www",
  ]);
  t.match(await found(t, instead("./var/log/journal/", undefined)), [/^identities: \/var\/log\/journal is not there/]);
});

t.test("found: what Proxmox would not recognise", async (t) => {
  t.same(await found(t, instead("./usr/lib/os-release", undefined)), ["system: unable to detect OS distribution"]);
  t.same(await found(t, instead("./etc/debian_version", undefined)), ["system: unable to read version info"]);
  t.same(await found(t, instead("./usr/bin/dash", file("./usr/bin/dash", "#!/bin/true\n"))), [
    "system: /bin/sh is no ELF program of a known machine",
  ]);
  t.same(await found(t, instead("./usr/sbin/init", undefined)), ["system: there is no /sbin/init"]);
  t.same(await found(t, instead("./usr/bin/sh", link("./usr/bin/sh", "sh"))), [
    "system: /bin/sh is no ELF program of a known machine",
  ]);
  t.same(await found(t, instead("./proc/", undefined)), ["names: there is no folder ./proc"]);
});

t.test("found: an appliance.info that is missing, late or empty", async (t) => {
  const info = clean.filter(({ name }) => name === "./etc/appliance.info");
  const without = instead("./etc/appliance.info", undefined);
  t.same(await found(t, without), ["appliance.info: there is no ./etc/appliance.info"]);
  t.match(await found(t, [...without, ...info]), [/^appliance.info: \.\/dev, .* come before it$/]);
  t.same(await found(t, [...info, ...without]), [], "before its folder, as dab has it");
  t.match(await found(t, instead("./etc/appliance.info", file("./etc/appliance.info", "Name: x\n"))), [
    "appliance.info: it has no Version:",
    "appliance.info: it has no Architecture:",
    "appliance.info: it has no OS:",
  ]);
});

t.test("a key is found wherever it lies in a large file", async (t) => {
  // Over every seam that 128 KiB chunks and 64 KiB pipes can have.
  for (const at of [65_536, 131_072]) {
    for (const shift of [1, 10, 27, 40, 80]) {
      const text = Buffer.concat([
        Buffer.alloc(at - shift, 0x61),
        Buffer.from(pem("PRIVATE KEY")),
        Buffer.alloc(200_000),
      ]);
      t.same(await found(t, [...clean, file("./usr/lib/large", text)]), [
        "secrets: /usr/lib/large holds a private key",
      ]);
    }
  }
});

t.test("programs that hold a key's first line to compare with are no secret", async (t) => {
  const texts = [
    "-----BEGIN PRIVATE KEY-----\0-----BEGIN RSA PRIVATE KEY-----\0",
    'if (x === "-----BEGIN PRIVATE KEY-----\\n") y()',
  ];
  t.same(await found(t, [...clean, ...texts.map((text, n) => file(`./usr/lib/program${n}`, text))]), []);
});

t.test("a certificate that this machine alone trusts is found wherever it lies", async (t) => {
  const folder = t.testdir();
  const certificate = (name: string): string => {
    const subject = ["-subj", `/CN=${name}`, "-days", "1", "-keyout", join(folder, "key"), "-out", join(folder, name)];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    execFileSync("openssl", ["req", "-x509", ...curve, ...subject], { stdio: "pipe" });
    return readFileSync(join(folder, name), "utf8");
  };
  const [proxy, mozilla, debian] = [certificate("proxy"), certificate("mozilla"), certificate("debian")];
  const traits = { ...machine, authorities: `# all\n${proxy}${mozilla}${debian}`, publicAuthorities: [mozilla.trim()] };
  const members = [
    ...clean,
    file("./usr/lib/bundle.pem", `# x\n${mozilla}${debian}\n${proxy.replaceAll("\n", "\r\n")}`),
    ...["share", "share/ca-certificates"].map((name) => ({ name: `./usr/${name}/`, type: TypeFlag.directory })),
    file("./usr/share/ca-certificates/debian.crt", debian),
  ];
  t.same(failures(await verified(t, packed(members), { machine: traits })), [
    "machine: /usr/lib/bundle.pem holds a certificate of this machine's own: CN=proxy",
  ]);
});

t.test("many faults are counted, not all listed", async (t) => {
  const many = [...Array(50).keys()].map((n): Planted => ({ name: `./etc/f${n}`, uid: 70_000 }));
  const all = await found(t, [...clean, ...many]);
  t.equal(all.length, 21);
  t.equal(all.at(-1), "owners: and 30 more");
});

t.test("names and links of any length are read, in pax's and GNU's way", async (t) => {
  const folder = t.testdir();
  const long = `${"d".repeat(90)}/${"e".repeat(90)}/${"ü".repeat(60)}`;
  execFileSync("mkdir", ["-p", join(folder, "tree", long)]);
  writeFileSync(join(folder, "tree", long, "key"), pem("PRIVATE KEY"));
  for (const format of ["posix", "gnu"]) {
    const path = join(folder, "x_amd64.tar");
    execFileSync("tar", [`--format=${format}`, "--owner=0", "--group=0", "-cf", path, "-C", join(folder, "tree"), "."]);
    const report = await verifyTemplate({ file: path, machine, run, signal: new AbortController().signal });
    t.match(failures(report), [/^names: there is no folder/, `secrets: /${long}/key holds a private key`].slice(0, 1));
    t.ok(failures(report).includes(`secrets: /${long}/key holds a private key`), format);
  }
});

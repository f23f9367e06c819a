/** apt's own words, of 2.6 (Debian 12) and 3.0 (Debian 13), as they were said of a mirror that did each of these. */
import t from "tap";
import { explainApt, isMirrorTrouble } from "../../../lib/apt/explain-apt.ts";
import { readAptFaults } from "../../../lib/apt/read-apt-faults.ts";
import { StackError } from "../../../lib/error.ts";

const security = "http://security.debian.org/debian-security";
const archive = `${security} bookworm-security`;
const release = `${security}/dists/bookworm-security/InRelease`;
const index = `${security}/dists/bookworm-security/main/binary-amd64/Packages.xz`;
const deb = `${security}/pool/updates/main/x/xz-utils/liblzma5_5.4.1-1%2bdeb12u2_amd64.deb`;
const ip = "[IP: 192.0.2.1 80]";
const hints = { instead: "do something else", room: "make room" };

interface Row {
  readonly lines: readonly string[];
  readonly kind: string;
  readonly code: string;
  readonly package?: string;
}

const rows: Readonly<Record<string, Row>> = {
  "a file that is not there": {
    lines: [`E: Failed to fetch ${deb}  404  Not Found ${ip}`, "E: Some files failed to download"],
    ...{ kind: "gone", code: "package-gone", package: "liblzma5" },
  },
  "a file of another length": {
    lines: [
      `E: Failed to fetch ${deb}  File has unexpected size (100 != 538). Mirror sync in progress? ${ip}`,
      "   Hashes of expected file:",
    ],
    ...{ kind: "mismatch", code: "package-gone", package: "liblzma5" },
  },
  "a file cut in the middle": {
    lines: [`E: Failed to fetch ${deb}  Error reading from server. Remote end closed connection ${ip}`],
    ...{ kind: "cut", code: "package-gone", package: "liblzma5" },
  },
  "a server that refuses it": {
    lines: [`E: Failed to fetch ${deb}  503  Service Unavailable ${ip}`],
    ...{ kind: "unreachable", code: "mirror-unreachable", package: "liblzma5" },
  },
  "an index that is not there": {
    lines: [`E: Failed to fetch ${index}  404  Not Found ${ip}`],
    ...{ kind: "gone", code: "mirror-out-of-step" },
  },
  "an index of other bytes": {
    lines: [`E: Failed to fetch ${index}  Hash Sum mismatch`, "   Hashes of expected file:"],
    ...{ kind: "mismatch", code: "mirror-out-of-step" },
  },
  "an index cut in the middle": {
    lines: [`E: Failed to fetch ${index}  Error reading from server. Remote end closed connection ${ip}`],
    ...{ kind: "cut", code: "mirror-unreachable" },
  },
  "a Release file that is not there": {
    lines: [`E: The repository '${archive} Release' does not have a Release file.`],
    ...{ kind: "gone", code: "mirror-out-of-step" },
  },
  "one half written": {
    lines: [
      `W: GPG error: ${archive} InRelease: Splitting up /x/lists/partial/InRelease into data and signature failed`,
      `E: The repository '${archive} InRelease' is not signed.`,
    ],
    ...{ kind: "mismatch", code: "mirror-out-of-step" },
  },
  "one half written, told by apt 3": {
    lines: [
      `W: OpenPGP signature verification failed: ${archive} InRelease: Splitting up /x/InRelease into data and signature failed`,
      `E: The repository '${archive} InRelease' is not signed.`,
    ],
    ...{ kind: "mismatch", code: "mirror-out-of-step" },
  },
  "somebody's page in its place": {
    lines: [
      `E: Failed to fetch ${release}  Clearsigned file isn't valid, got 'NOSPLIT' (does the network require authentication?)`,
      `E: The repository '${archive} InRelease' is not signed.`,
    ],
    ...{ kind: "mismatch", code: "mirror-out-of-step" },
  },
  "an expired one": {
    lines: [
      `E: Release file for ${release} is expired (invalid since 60min 0s). Updates for this repository will not be applied.`,
    ],
    ...{ kind: "stale", code: "mirror-out-of-step" },
  },
  "one of tomorrow": {
    lines: [
      `E: Release file for ${release} is not valid yet (invalid for another 3h 2min 1s). Updates for this repository will not be applied.`,
    ],
    ...{ kind: "stale", code: "mirror-out-of-step" },
  },
  "one by another key": {
    lines: [
      `W: GPG error: ${archive} InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 0E98404D386FA1D9`,
      `E: The repository '${archive} InRelease' is not signed.`,
    ],
    ...{ kind: "untrusted", code: "untrusted-archive" },
  },
  "one by another key, told by apt 3": {
    lines: [
      `W: OpenPGP signature verification failed: ${archive} InRelease: Sub-process /usr/bin/sqv returned an error code (1), error message is: Missing key C17924F4`,
      `E: The repository '${archive} InRelease' is not signed.`,
    ],
    ...{ kind: "untrusted", code: "untrusted-archive" },
  },
  "a server that isn't there": {
    lines: [
      `E: Failed to fetch ${release}  Could not connect to security.debian.org:80 (192.0.2.1), connection timed out`,
    ],
    ...{ kind: "unreachable", code: "mirror-unreachable" },
  },
  "a name that isn't there": {
    lines: [`W: Failed to fetch ${release}  Temporary failure resolving 'security.debian.org'`],
    ...{ kind: "unreachable", code: "mirror-unreachable" },
  },
  "a disk that fills": {
    lines: [`E: Failed to fetch ${deb}  Error writing to file - write (28: No space left on device) ${ip}`],
    ...{ kind: "full", code: "disk-full", package: "liblzma5" },
  },
  "a disk that is too small": {
    lines: ["E: You don't have enough free space in /var/cache/apt/archives/."],
    ...{ kind: "full", code: "disk-full" },
  },
};

for (const [what, { lines, kind, code, package: name }] of Object.entries(rows)) {
  t.test(what, async (t) => {
    const [fault] = readAptFaults(lines);
    t.match(fault, { kind, ...(name !== undefined && { package: name }) });
    const error = explainApt(new Error("apt failed"), lines, hints) as StackError;
    t.match(error, { code, hint: code === "disk-full" ? "make room" : /./ });
    t.match(error.detail[0], (lines[0] ?? "").slice(3), "apt's own words go with it");
    if (name === undefined && code !== "disk-full") t.match(error.message, archive);
    else if (code === "package-gone") t.match(error.message, /^liblzma5: /);
    t.equal(isMirrorTrouble(error), !["untrusted-archive", "disk-full"].includes(code));
  });
}

t.test("the worst is told of several: an archive that can't be reached before a file that is missing", async (t) => {
  const lines = [rows["a file that is not there"], rows["a server that isn't there"]].flatMap(
    (row) => row?.lines ?? [],
  );
  t.match(explainApt(undefined, lines, hints), { code: "mirror-unreachable" });
});

t.test("many files are one error that names some, and lists all", async (t) => {
  const lines = Array.from(
    { length: 30 },
    (_, number) => `E: Failed to fetch ${security}/pool/p${number}_1_amd64.deb  404  Not Found`,
  );
  const error = explainApt(undefined, lines, hints) as StackError;
  t.match(error.message, /^p0, p1, p10, p11 and 26 more: /);
  t.equal(error.detail.length, 30);
});

t.test("what says nothing of archives stays as it is", async (t) => {
  const error = new StackError("command-failed", "apt failed");
  t.equal(
    explainApt(error, ["E: Unable to locate package pigz", "W: Target Packages is configured twice"], hints),
    error,
  );
});

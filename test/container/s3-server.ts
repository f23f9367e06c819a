import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import { idMap } from "../../lib/lxc/id-map.ts";
import { run } from "../../lib/run.ts";
import { waitFor } from "../../lib/wait.ts";
import type { Machine } from "./create-machine.ts";

/** An S3 server over a folder, written in Go: https://github.com/versity/versitygw. Of tests alone. */
const source = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";

export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** In the container: who has signed its certificate. */
  readonly ca: string;
}

/** Starts one in a container, with a certificate of an authority of its own. */
export async function startS3Server(t: Test, machine: Machine): Promise<S3Server> {
  const home = join(machine.container.rootfs, "srv/s3");
  await mkdir(home, { recursive: true });
  await copyFile(process.env.STACK_S3_SERVER ?? (await built(t)), join(home, "versitygw"));
  await run("chown", ["--recursive", `${idMap.base}:${idMap.base}`, home]);
  const server = {
    endpoint: "s3.lan:9443",
    bucket: "backups",
    accessKey: "ACCESSKEYOFTEST",
    secretKey: "secret-of-the-test",
  };
  const ca = "/etc/ssl/certs/s3-test.pem";
  await machine.sh(`cd /srv/s3 && chmod 755 . versitygw && mkdir -p data/${server.bucket} &&
    echo 127.0.0.1 s3.lan >>/etc/hosts &&
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj '/CN=Authority of the test' 2>/dev/null &&
    openssl req -newkey rsa:2048 -nodes -keyout key.pem -out request -subj /CN=s3.lan 2>/dev/null &&
    echo subjectAltName=DNS:s3.lan >names &&
    openssl x509 -req -in request -CA ca.pem -CAkey ca.key -CAcreateserial -out cert.pem -days 2 -extfile names 2>/dev/null &&
    cp ca.pem ${ca} &&
    systemd-run --quiet --unit=s3 /srv/s3/versitygw --access ${server.accessKey} --secret ${server.secretKey} --port 127.0.0.1:9443 --cert /srv/s3/cert.pem --key /srv/s3/key.pem posix /srv/s3/data`);
  const answers = async () => (await machine.exec("curl", ["-s", "--cacert", ca, "https://s3.lan:9443/"])).code === 0;
  await waitFor(answers, { what: "the S3 server", timeout: 30_000, interval: 300 });
  return { ...server, ca };
}

/** @returns the path of its program */
async function built(t: Test): Promise<string> {
  const folder = await mkdtemp("/var/tmp/stack-s3-");
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: "0" };
  await run("go", ["install", source], { env, timeout: 30 * 60_000, install: "apt-get install golang" });
  return join(folder, "versitygw");
}

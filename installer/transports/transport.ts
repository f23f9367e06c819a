/** The ways to a node: its REST API, its root over SSH, or being it. */
export const ways = ["api", "ssh", "local"] as const;
export type Way = (typeof ways)[number];

/** One way to a node's API. The same paths and parameters over every way, as `pvesh` and `/api2/json` have them. */
export interface Transport {
  readonly way: Way;
  /** As people are told of it: "https://pve1:8006", "root@pve1", "this node". */
  readonly where: string;
  /** Who asks: `root@pam`, or a token's `root@pam!ci`. */
  readonly user: string;
  /**
   * One request. A write is never sent twice.
   *
   * @param path begins with /api2/json
   * @returns what the answer has under `data`
   * @throws StackError `node-unreachable`, `untrusted-certificate`, `not-authenticated`, `not-allowed`,
   *   `refused-by-node` (`detail`: a line a parameter), `answer-lost` (a write that may have been done)
   */
  request(method: string, path: string, parameters?: Parameters): Promise<unknown>;
  /**
   * Sends a file into a storage.
   *
   * @returns the task that checks it and puts it in its place; undefined where that is done
   * @throws StackError as `request`, `upload-cut`, `upload-stalled`, `task-failed`
   */
  upload(upload: Upload): Promise<string | undefined>;
  /** SHA-256 of a file in a storage, lower-case hexadecimal; undefined where this way can't tell, or there is none. */
  checksum(file: StoredFile): Promise<string | undefined>;
  close(): Promise<void>;
}

export interface StoredFile {
  readonly storage: string;
  readonly name: string;
}

export type Parameters = Readonly<Record<string, unknown>>;

export interface Upload {
  readonly node: string;
  readonly storage: string;
  /** Path of the file here. */
  readonly path: string;
  /** Its name there. */
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Bytes sent so far. */
  readonly onProgress?: (sent: number) => void;
}

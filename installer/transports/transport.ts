/** One way to a node's API. The same paths and parameters over every way, as `pvesh` and `/api2/json` have them. */
export interface Transport {
  /** As people are told of it: "https://pve1:8006". */
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
   * @returns the task that checks it and puts it in its place
   * @throws StackError as `request`, `upload-cut`, `upload-stalled`
   */
  upload(upload: Upload): Promise<string>;
  close(): Promise<void>;
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

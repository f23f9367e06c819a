import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";

/** A pair of keys, PEM: PKCS #8 and SPKI, as `openssl pkey` reads them. */
export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

export function makeKeyPair(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    private: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    public: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/** @returns the signature, Base64. @throws where the key is none */
export function signBytes(bytes: Buffer, privateKey: string): string {
  return sign(null, bytes, createPrivateKey(privateKey)).toString("base64");
}

/** False also where the key is no Ed25519 key. */
export function isSignedBy(bytes: Buffer, signature: string, publicKey: string): boolean {
  try {
    const key = createPublicKey(publicKey);
    return key.asymmetricKeyType === "ed25519" && verify(null, bytes, key, Buffer.from(signature, "base64"));
  } catch {
    return false;
  }
}

/** `SHA256:…`, over the key itself, however it is written. @throws where it is no key */
export function keyFingerprint(publicKey: string): string {
  const der = createPublicKey(publicKey).export({ type: "spki", format: "der" });
  return `SHA256:${createHash("sha256").update(der).digest("base64url")}`;
}

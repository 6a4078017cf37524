import ssh2 from "ssh2";

/** An SSH key: OpenSSH PEM, and the public line without a comment. */
export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

export type KeyType = "rsa" | "ecdsa" | "ed25519";

/** Bytes of an ed25519 public key with its name, each with a length before it (RFC 8709, 4; RFC 4251, 5). */
const ed25519BlobBytes = 51;

/**
 * Makes a new key, of the sizes that Debian's openssh-server chooses.
 *
 * @param password what an ed25519 key asks for when it is used, as with `ssh-keygen -N`
 */
export function newKeyPair(type: KeyType, password?: string): KeyPair {
  if (type === "rsa") return ssh2.utils.generateKeyPairSync("rsa", { bits: 3072 });
  if (type === "ecdsa") return ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 });
  for (;;) {
    const key = ssh2.utils.generateKeyPairSync(
      "ed25519",
      password === undefined ? undefined : { passphrase: password, cipher: "aes256-ctr", rounds: 16 },
    );
    // About one in 256 comes out a byte short, because ssh2 1.17 drops a zero at the front; OpenSSH refuses it.
    if (Buffer.from(key.public.split(" ")[1] ?? "", "base64").length === ed25519BlobBytes) return key;
  }
}

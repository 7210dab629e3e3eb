import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Counterparty } from "./listen.ts";

/** An https server whose certificate nobody has vouched for. */
export async function startSelfSigned(): Promise<Counterparty> {
  const server = createServer(createSelfSignedCertificate(), (_request, response) => {
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://localhost:${port}/mcp`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** X.509 v1 (RFC 5280 §4.1) for localhost, written by hand: Node makes keys, but no certificates. */
function createSelfSignedCertificate(): { key: string; cert: string } {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(encode(0x06, Buffer.from("2a8648ce3d040302", "hex"))); // ecdsa-with-SHA256
  const commonName = sequence(
    encode(0x06, Buffer.from("550403", "hex")),
    encode(0x0c, Buffer.from("localhost")),
  );
  const name = sequence(encode(0x31, commonName));
  const validity = sequence(
    encode(0x17, Buffer.from("200101000000Z")),
    encode(0x18, Buffer.from("20990101000000Z")),
  );
  const serial = encode(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
  const keyInfo = publicKey.export({ type: "spki", format: "der" });
  const body = sequence(serial, algorithm, name, validity, name, keyInfo);
  const signature = sign("sha256", body, privateKey);
  const certificate = sequence(
    body,
    algorithm,
    encode(0x03, Buffer.concat([Buffer.from([0]), signature])),
  );
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
  };
}

function sequence(...parts: Buffer[]): Buffer {
  return encode(0x30, Buffer.concat(parts));
}

/** Tag, length, value (X.690 §8.1). */
function encode(tag: number, value: Buffer): Buffer {
  const length =
    value.length < 0x80
      ? [value.length]
      : value.length < 0x100
        ? [0x81, value.length]
        : [0x82, value.length >> 8, value.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}
